"""Tests of font files: every kind is opened, and hostile ones are refused before HarfBuzz sees them."""

import io
import struct
import sys
from collections.abc import Callable

import pytest
from fontTools.fontBuilder import FontBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.typography_core import faces, font_files, font_packages, fonts, raster, sfnt, shaping
from engines.typography_core.errors import BrotliMissingError, FontRefusedError, TextLimitError, TypographyError
from engines.typography_core.shaping import PlacedRun
from engines.typography_core.tests import forged_fonts as forged

PLAIN = forged.plain_file()


@pytest.mark.parametrize("font", fonts.manifest(), ids=lambda font: font.label)
def test_every_packaged_font_passes(font: fonts.Font) -> None:
    """The checks are about hostile files, not about good ones."""
    assert font_files.open_file(font_packages.load(font.package, font.path)).faces == 1


@pytest.mark.parametrize("flavor", ["woff", "woff2"])
def test_web_fonts_become_the_font_inside(flavor: str) -> None:
    """Designers hand over what their web site uses."""
    opened = font_files.open_file(forged.packed(PLAIN, flavor))
    assert (opened.format, opened.faces) == (flavor, 1)
    assert sfnt.tables_at(opened.data, 0)[b"glyf"] == sfnt.tables_at(PLAIN, 0)[b"glyf"]


def test_a_collection_has_a_face_for_each_font() -> None:
    """CJK families come as TTC."""
    data = forged.collection(forged.plain_file("One"), forged.font_file({"B": forged.square()}, {66: "B"}, "Two"))
    assert font_files.open_file(data) == ("ttc", data, 2)
    one, two = (forged.instance_of(data, index=index) for index in (0, 1))
    assert [fonts.covers(one, "A"), fonts.covers(two, "A"), fonts.covers(two, "B")] == [True, False, True]


@pytest.mark.parametrize("content", [b"", b"\0\1\0\0", b"GIF89a", b"<svg/>", b"wOFF", b"wOF2", b"ttcf" + b"\xff" * 8])
def test_what_is_no_font_is_refused(content: bytes) -> None:
    """The first thing anybody uploads by mistake."""
    with pytest.raises(FontRefusedError):
        font_files.open_file(content)


@pytest.mark.parametrize("flavor", ["", "woff", "woff2"])
def test_every_truncation_is_refused(flavor: str) -> None:
    """A download that broke off must not be registered."""
    whole = forged.packed(PLAIN, flavor) if flavor else PLAIN
    for size in range(0, len(whole) - 4, 7):
        with pytest.raises(FontRefusedError):
            font_files.open_file(whole[:size])


def _endless(count: int, deep: int) -> bytes:
    """A glyph of `count` glyphs of `count` glyphs and so on, `deep` levels, all over the same square."""
    glyphs = {"g0": forged.square()}
    for level in range(1, deep + 1):
        glyphs[f"g{level}"] = forged.composite(*[f"g{level - 1}"] * count)
    return forged.font_file(glyphs, {65: f"g{deep}"})


def _with_u16(tag: bytes, offset: int, value: int) -> Callable[[], bytes]:
    def damage() -> bytes:
        table = bytearray(sfnt.tables_at(PLAIN, 0)[tag])
        struct.pack_into(">H", table, offset, value)
        return forged.with_table(PLAIN, tag, bytes(table))

    return damage


def _groups(*groups: tuple[int, int, int]) -> bytes:
    body = b"".join(struct.pack(">III", *group) for group in groups)
    sub = struct.pack(">HHIII", 12, 0, 16 + len(body), 0, len(groups)) + body
    return struct.pack(">HHHHI", 0, 1, 3, 10, 12) + sub


def _axes(count: int) -> bytes:
    axis = struct.pack(">4siiiHH", b"wght", 100 << 16, 400 << 16, 900 << 16, 0, 256)
    return struct.pack(">8H", 1, 0, 16, 2, count, 20, 0, 0) + axis * count


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "glyph made of itself": (lambda: forged.font_file({"A": forged.composite("A")}, {65: "A"}), "glyf"),
    "glyphs made of each other": (
        lambda: forged.font_file({"A": forged.composite("B"), "B": forged.composite("A")}, {65: "A"}),
        "glyf",
    ),
    "ten to the tenth squares": (lambda: _endless(10, 10), "glyf"),
    "nested without end": (lambda: _endless(1, 30), "glyf"),
    "65,535 points": (lambda: forged.font_file({"A": forged.zigzag(65_535)}, {65: "A"}), "glyf"),
    "units per em of nothing": (_with_u16(b"head", 18, 0), "head"),
    "more glyphs than places": (_with_u16(b"maxp", 4, 60_000), "loca"),
    "huge axes": (lambda: forged.with_table(PLAIN, b"fvar", _axes(65)), "fvar"),
    "axes that are not there": (lambda: forged.with_table(PLAIN, b"fvar", _axes(3)[:-30]), "fvar"),
    "map that names all of Unicode twice": (
        lambda: forged.with_table(PLAIN, b"cmap", _groups((0, 0x10FFFF, 0), (5, 0x10FFFF, 0))),
        "cmap",
    ),
    "map beyond its table": (lambda: forged.with_table(PLAIN, b"cmap", _groups((0, 9, 0))[:-4]), "cmap"),
    "varied composites": (lambda: forged.with_table(PLAIN, b"VARC", b"\0" * 32), "VARC"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_fonts_are_refused_by_name(name: str) -> None:
    """Each of these is legal to read and endless, or at least very long, to draw."""
    make, part = HOSTILE[name]
    with pytest.raises(FontRefusedError) as caught:
        font_files.open_file(make())
    assert caught.value.fields["part"] == part


def test_a_table_beyond_the_file_is_refused() -> None:
    """No reader may be led outside of the bytes that it was given."""
    data = bytearray(PLAIN)
    struct.pack_into(">I", data, 12 + 12, len(PLAIN))
    with pytest.raises(FontRefusedError, match="beyond the end"):
        font_files.open_file(bytes(data))


def test_variations_of_a_glyph_are_bounded() -> None:
    """4,095 variations of 40,000 points are 160 million deltas for one letter."""
    data = forged.font_file({"A": forged.zigzag(40_000)}, {65: "A"})
    glyph = struct.pack(">HH", 0x0FFF, 4)
    offsets = struct.pack(">4I", 0, 0, 4, 4)[:12]
    gvar = struct.pack(">HHHHIHHI", 1, 0, 1, 0, 32, 2, 1, 32) + offsets + glyph
    with pytest.raises(FontRefusedError, match="varied points"):
        font_files.open_file(forged.with_table(data, b"gvar", gvar))


def test_a_woff_that_unpacks_to_more_than_it_says_is_refused() -> None:
    """A bomb: small to send, large to hold. It is stopped at the size that the file itself names."""
    content = bytearray(forged.packed(forged.font_file({"A": forged.zigzag(5000)}, {65: "A"}), "woff"))
    for index in range(struct.unpack_from(">H", content, 12)[0]):
        place = 44 + 20 * index
        tag, _offset, size, whole = struct.unpack_from(">4sIII", content, place)
        if tag == b"glyf":
            assert size < whole
            struct.pack_into(">I", content, place + 12, size + 1)
    with pytest.raises(FontRefusedError, match="another size"):
        font_files.open_file(bytes(content))


def test_a_woff_that_claims_too_much_is_refused_before_it_is_unpacked() -> None:
    """Memory is not what a file asks for."""
    content = bytearray(forged.packed(PLAIN, "woff"))
    struct.pack_into(">I", content, 44 + 12, 0x7FFFFFFF)
    with pytest.raises(TextLimitError, match="unpacked"):
        font_files.open_file(bytes(content))


def test_a_woff2_bomb_is_stopped_at_the_size_that_its_directory_says() -> None:
    """Brotli packs a gigabyte of zeros into a kilobyte."""
    import brotli

    content = forged.packed(PLAIN, "woff2")
    place, _, _ = font_files._woff2_sizes(content, struct.unpack_from(">H", content, 12)[0])
    bomb = brotli.compress(b"\0" * 50_000_000)
    forgery = bytearray(content[:place] + bomb)
    struct.pack_into(">I", forgery, 20, len(bomb))
    with pytest.raises(FontRefusedError, match="another size"):
        font_files.open_file(bytes(forgery))


def test_without_brotli_woff2_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the machine that lacks something, not the file."""
    content = forged.packed(PLAIN, "woff2")
    monkeypatch.setitem(sys.modules, "brotli", None)
    with pytest.raises(BrotliMissingError, match="pip install brotli"):
        font_files.open_file(content)


def test_a_font_file_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is read."""
    monkeypatch.setattr(font_files, "FILE_BYTES_MAX", 100)
    with pytest.raises(TextLimitError, match="font file"):
        font_files.open_file(PLAIN)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_damage_is_refused_or_drawn_never_worse(data: st.DataObject) -> None:
    """Whatever a file holds: a typed error, or a picture within the limits."""
    content = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    font = forged.instance_of(bytes(content))
    try:
        faces.face(font.font)
        run = shaping.shape_run("A\u0301Bc", 0, 4, font, 20, script="Latn")
        raster.cover([PlacedRun(font, 20, 0, 20, run.glyphs)])
    except TypographyError:
        pass


def test_a_font_builder_without_outlines_is_refused() -> None:
    """Nothing in it could be drawn."""
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef"])
    builder.setupCharacterMap({})
    builder.setupHorizontalMetrics({".notdef": (500, 0)})
    builder.setupHorizontalHeader()
    builder.setupMaxp()
    builder.setupNameTable({"familyName": "None"})
    target = io.BytesIO()
    builder.save(target)
    with pytest.raises(FontRefusedError, match="no outlines"):
        font_files.open_file(target.getvalue())
