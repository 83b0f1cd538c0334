"""Tests of fonts by folder: only these are used, and generic families are chosen from what the files say of themselves."""

import importlib.resources
import io
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from engines.typography_core.errors import FontRefusedError
from engines.typography_core.font_files import open_file
from engines.typography_core.tests.forged_fonts import packed, plain_file
from engines.vector_core import font_folders, rasterize, svg_fonts, svg_generic_fonts
from engines.vector_core.errors import FontFolderError, RasterValueError
from engines.vector_core.tests.hostile import svg


@pytest.fixture(scope="module")
def plain() -> bytes:
    """Inter's upright file."""
    package = importlib.resources.files(svg_fonts.PACKAGE)
    return (package / svg_fonts.PACKAGED_FILES["Inter"]).read_bytes()


def told(
    data: bytes, name: str, *, panose: tuple[int, int, int] = (0, 0, 0), family_class: int = 0, fixed: int = 0
) -> bytes:
    """Return the same font under another name and with other facts about itself."""
    font = TTFont(io.BytesIO(svg_fonts.rename(data, name)))
    table = font["OS/2"]
    table.panose.bFamilyType, table.panose.bSerifStyle, table.panose.bProportion = panose
    table.sFamilyClass = family_class << 8
    font["post"].isFixedPitch = fixed
    out = io.BytesIO()
    font.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "facts", "generic"),
    [
        ("A", {"panose": (2, 11, 0)}, "sans-serif"),
        ("A", {"panose": (2, 5, 0)}, "serif"),
        ("A", {"panose": (2, 11, 9)}, "monospace"),
        ("A", {"fixed": 1}, "monospace"),
        ("A", {"panose": (3, 0, 0)}, "cursive"),
        ("A", {"panose": (4, 0, 0)}, "fantasy"),
        ("A", {"family_class": 1}, "serif"),
        ("A", {"family_class": 8}, "sans-serif"),
        ("A", {"family_class": 10}, "cursive"),
        ("House Serif", {}, "serif"),
        ("House Sans Serif", {}, "sans-serif"),
        ("House Sans Mono", {}, "monospace"),
        ("House Display", {}, "fantasy"),
        ("Serif", {"panose": (2, 11, 0)}, "sans-serif"),
    ],
)
def test_a_file_tells_what_it_stands_for(plain: bytes, name: str, facts: dict[str, object], generic: str) -> None:
    """PANOSE first, then the class, then words of the name: the first is made for this question."""
    chosen = svg_generic_fonts.choose([told(plain, name, **facts)])  # type: ignore[arg-type]
    assert dict(chosen.generic) == {generic: name, "serif": name}
    assert chosen.default == name


def test_the_family_with_most_files_is_chosen_whatever_the_order(plain: bytes) -> None:
    """A family of many weights is the house's; one of two of equal size is taken by its name."""
    one, two = told(plain, "B Sans"), told(plain, "A Sans")
    many = [told(plain, "Z Sans"), told(plain, "Z Sans", family_class=8)]
    assert svg_generic_fonts.choose([one, two]).default == "A Sans"
    assert svg_generic_fonts.choose([two, one]).default == "A Sans"
    assert svg_generic_fonts.choose([one, *many, two]).default == "Z Sans"


def test_folders_are_read_to_their_depth_in_order(plain: bytes, tmp_path: Path) -> None:
    """The same fonts in the same order on every file system; what is no font by its ending is passed over."""
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "b" / "deep" / "x.OTF").write_bytes(told(plain, "X Sans"))
    (tmp_path / "b" / "a.ttf").write_bytes(told(plain, "Y Serif"))
    (tmp_path / "b" / "licence.txt").write_bytes(b"free")
    fonts = font_folders.load([tmp_path / "b"])
    assert [svg_fonts.family_names(data)[0] for data in fonts.files] == ["Y Serif", "X Sans"]
    assert dict(fonts.generic) == {"sans-serif": "X Sans", "serif": "Y Serif"}
    text = svg('<text y="16" font-family="monospace">Hello</text>')
    assert rasterize.rasterize(text, 20, 20, fonts=fonts).any()


@pytest.mark.parametrize(
    ("name", "content"), [("a.txt", b""), ("a.ttf", b"no font"), ("a.ttf", b"\0\1\0\0" + b"\xff" * 99)]
)
def test_folders_without_fonts_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """Rather than text left out without a word."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises((FontFolderError, RasterValueError)):
        font_folders.load([tmp_path])
    with pytest.raises(FontFolderError):
        font_folders.load([tmp_path / "absent"])


def test_generic_families_can_be_said(plain: bytes) -> None:
    """Where the guess is wrong; names that are not generic, and families that nobody has, are told."""
    fonts = svg_generic_fonts.choose([told(plain, "A Sans"), told(plain, "B Serif")])
    said = svg_fonts.with_generic(fonts, {"fantasy": "B Serif"})
    text = [svg(f'<text y="16" font-family="{name}">He</text>') for name in ("fantasy", "B Serif")]
    assert np.array_equal(*(rasterize.rasterize(one, 20, 20, fonts=said) for one in text))
    for wrong in ({"gothic": "A Sans"}, {"cursive": "C"}):
        with pytest.raises(RasterValueError):
            svg_fonts.with_generic(fonts, wrong)


@pytest.mark.parametrize("flavor", ["woff", "woff2"])
def test_packed_files_count_where_somebody_unpacks_them(plain: bytes, tmp_path: Path, flavor: str) -> None:
    """What the web hands out; text in them is drawn as in the files that they were made from."""
    data = told(plain, "House", panose=(2, 11, 0))
    (tmp_path / f"house.{flavor.upper()}").write_bytes(packed(data, flavor))
    with pytest.raises(FontFolderError):
        font_folders.load([tmp_path])
    loaded = font_folders.load([tmp_path], lambda content: open_file(content).data)
    assert loaded.default == "House"
    text = svg('<text y="16" font-family="House">He</text>')
    drawn = rasterize.rasterize(text, 20, 20, fonts=loaded)
    assert np.array_equal(drawn, rasterize.rasterize(text, 20, 20, fonts=svg_generic_fonts.choose([data])))
    assert drawn.any()


def test_a_packed_file_that_is_none_is_refused_with_its_reason(tmp_path: Path) -> None:
    """By the error of whoever unpacks; nothing is drawn in other fonts instead."""
    (tmp_path / "house.woff2").write_bytes(b"wOF2" + bytes(60))
    with pytest.raises(FontRefusedError):
        font_folders.load([tmp_path], lambda content: open_file(content).data)


def test_a_font_without_a_postscript_name_is_drawn_with() -> None:
    """fontdb leaves such files out and says nothing: the text was drawn in another font."""
    data = plain_file("Brand")
    fonts = svg_fonts.FontSet((data, *svg_fonts.packaged().files), default="Inter")
    drawn = rasterize.rasterize(svg('<text y="16" font-family="Brand">A</text>'), 20, 20, fonts=fonts)
    assert (drawn[10:16, :6, 3] == 255).all()
