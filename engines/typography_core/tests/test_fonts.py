"""Tests of the font manifest: what a request for a family, weight and slant finds."""

import hashlib
import subprocess
import sys

import pytest

from engines.errors import FontFileMissingError
from engines.typography_core import font_packages, fonts
from engines.typography_core.errors import TextLimitError, TextValueError, UnknownFontError
from engines.typography_core.fonts import FontBook
from engines.typography_core.tests import forged_fonts as forged


def test_family_is_found_in_any_case() -> None:
    """Templates are written by people; the case of a family name carries no meaning in CSS either."""
    assert fonts.find("INTER").font == fonts.find("inter").font == fonts.find("Inter").font


def test_unknown_family_lists_the_known_ones() -> None:
    """The caller can mend the request from the error alone, and no host font slips in."""
    with pytest.raises(UnknownFontError) as caught:
        fonts.find("DejaVu Sans")
    assert caught.value.fields["known"] == fonts.families()
    assert "Inter" in fonts.families()
    assert "Inter" in str(caught.value)


def test_hash_is_that_of_the_file_drawn_from() -> None:
    """A render's identity names the font by this hash."""
    font = fonts.find("Inter", italic=True).font
    assert font.italic
    assert font.sha256 == hashlib.sha256(fonts.load(font.package, font.path)).hexdigest()
    assert (font.license, font.version) == ("OFL-1.1", "4.001")


@pytest.mark.parametrize(("asked", "drawn"), [(1, 100), (400, 400), (612.5, 612.5), (1000, 900)])
def test_weight_is_clamped_to_the_files_axis(asked: float, drawn: float) -> None:
    """CSS allows 1 to 1000; the file draws 100 to 900."""
    assert fonts.find("Inter", asked).weight == drawn


@pytest.mark.parametrize("weight", [0, 1000.5, -400, float("nan"), True, "bold"])
def test_weight_outside_css_is_refused(weight: object) -> None:
    """A weight that CSS does not know is a mistake, not a wish for the nearest."""
    with pytest.raises(TextValueError) as caught:
        fonts.find("Inter", weight)  # type: ignore[arg-type]  # that is the point
    assert caught.value.fields["field"] == "weight"


@pytest.mark.parametrize(("size", "opsz"), [(8, 14), (20, 20), (96, 32)])
def test_optical_size_follows_the_size(size: float, opsz: float) -> None:
    """Small text is drawn in its sturdier design without anyone asking."""
    assert fonts.find("Inter", 700).variations(size) == {"wght": 700.0, "opsz": opsz}


def test_missing_package_says_how_to_get_it() -> None:
    """A broken install is the machine's fault and mendable."""
    with pytest.raises(FontFileMissingError, match="pip install fontpkg-nowhere"):
        fonts.load("fontpkg_nowhere", "metadata.json")


def test_importing_the_manifest_loads_no_font_library() -> None:
    """Start-up time of commands that draw no text."""
    code = (
        "import sys, engines.typography_core.fonts as f, engines.typography_core.raster; f.families();"
        "assert not {'fontTools', 'uharfbuzz'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def _labels(cascade: tuple[fonts.FontInstance, ...]) -> list[str]:
    return [one.font.label for one in cascade]


def _need(*families: str) -> None:
    for family in families:
        if family not in fonts.families():
            pytest.skip(f"the font package of {family} is not installed")


def test_cascade_is_the_asked_families_then_the_declared_fallbacks() -> None:
    """Nobody must guess where a glyph came from: the order is data, the same everywhere."""
    _need("Amiri", "Noto Sans")
    found = _labels(fonts.cascade(("amiri", "INTER")))
    assert found[:3] == ["Amiri", "Inter", "Noto Sans"]
    assert len(found) == len(set(found))
    assert set(found[1:]) <= {family for order in font_packages.FALLBACKS.values() for family in order}


def test_fallbacks_for_a_script_come_before_the_others() -> None:
    """Noto Sans has Devanagari, too, but its sister is made for it."""
    _need("Noto Sans Devanagari", "Noto Sans")
    assert _labels(fonts.cascade("Inter", script="Deva"))[:3] == ["Inter", "Noto Sans Devanagari", "Noto Sans"]
    assert _labels(fonts.cascade("Inter", script="Qaaa")) == _labels(fonts.cascade("Inter"))


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("Arab", "السلام"), ("Hebr", "שָׁלוֹם"), ("Deva", "नमस्ते"), ("Thai", "ภาษาไทย"), ("Taml", "தமிழ்"),
        ("Telu", "తెలుగు"), ("Khmr", "ភាសាខ្មែរ"), ("Grek", "Ελλάδα"), ("Cyrl", "Привет"), ("Latn", "Ǎẵ"),
    ],
)  # fmt: skip
def test_every_declared_script_is_covered(script: str, text: str) -> None:
    """No tofu in the scripts that we say we have."""
    _need(*font_packages.FALLBACKS[script][:1])
    assert any(fonts.covers(one, text) for one in fonts.cascade("Inter", script=script))


def test_a_package_that_is_not_installed_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family that another machine has must not silently become another one here."""
    monkeypatch.setattr(font_packages, "absent", lambda: {"fontpkg_gone": "Gone Sans"})
    with pytest.raises(FontFileMissingError, match="pip install fontpkg-gone"):
        fonts.cascade("Gone Sans")


@pytest.mark.parametrize(("asked", "drawn"), [(400, 400), (500, 400), (501, 700), (600, 700), (1, 400), (1000, 700)])
def test_a_family_of_static_files_answers_with_the_nearest_weight(asked: float, drawn: float) -> None:
    """CSS Fonts 4 §5.2: from 400 to 500 lighter ones first, above 500 bolder ones, below 400 lighter ones, then the other side."""
    _need("Amiri")
    found = fonts.find("Amiri", asked, italic=True)
    assert (found.weight, found.font.weight, found.font.italic) == (drawn, drawn, True)


def test_a_slant_axis_stands_in_for_a_missing_italic() -> None:
    """Roboto Flex has no italic file; upright text for an italic request is a wrong picture."""
    _need("Roboto Flex")
    assert fonts.find("Roboto Flex", italic=True).variations(20)["slnt"] == -10
    assert "slnt" not in fonts.find("Roboto Flex").variations(20)


@pytest.mark.parametrize(
    ("name", "tag"),
    [("wdth", "wdth"), ("width", "wdth"), ("GRAD", "GRAD"), ("grade", "GRAD"), ("optical-size", "opsz")],
)
def test_axes_are_named_by_tag_by_css_or_by_the_font(name: str, tag: str) -> None:
    """Designers know names, files know tags."""
    _need("Roboto Flex")
    assert fonts.find("Roboto Flex", axes={name: 30}).variations(72)[tag] == 30


def test_axis_values_are_clamped_to_the_file() -> None:
    """As CSS does; NaN and words are mistakes."""
    _need("Roboto Flex")
    assert fonts.find("Roboto Flex", axes={"width": 1e9}).variations(20)["wdth"] == 151
    assert fonts.find("Roboto Flex", 400, axes={"weight": 800}).variations(20)["wght"] == 800
    for value in (float("nan"), float("inf"), "wide", True):
        with pytest.raises(TextValueError):
            fonts.find("Roboto Flex", axes={"width": value})  # type: ignore[dict-item]  # that is the point


def test_an_unknown_axis_is_refused_and_one_of_css_ignored() -> None:
    """A misspelt axis would change nothing without a word; a width for a font without widths is how CSS falls back."""
    with pytest.raises(TextValueError, match="opsz, wght"):
        fonts.find("Inter", axes={"wdht": 80})
    assert fonts.find("Inter", axes={"width": 80}) == fonts.find("Inter")


def test_wishes_are_counted() -> None:
    """Every family of a list is opened."""
    with pytest.raises(TextLimitError):
        fonts.cascade(("Inter",) * 33)
    with pytest.raises(TextValueError):
        fonts.cascade(())


def test_own_fonts_come_before_fallbacks_and_hide_their_namesakes() -> None:
    """A tenant's Inter is the Inter of its texts, and its emoji are found before anybody else's."""
    brand, inter = (forged.instance_of(forged.plain_file(name), name).font for name in ("Brand", "Inter"))
    book = FontBook((brand, inter), fonts.packaged().packaged)
    assert book.cascade("Noto Sans" if "Noto Sans" in fonts.families() else "Inter")[1].font.family in (
        "Brand",
        "Inter",
    )
    assert _labels(book.cascade("Inter"))[:2] == ["Inter", "Brand"]
    assert book.find("Inter").font.sha256 == inter.sha256
    assert all(one.font.sha256 != fonts.find("Inter").font.sha256 for one in book.cascade("Inter"))


def test_a_book_can_be_held_to_the_files_of_an_old_picture() -> None:
    """A font that was added since must not change what an audit makes again."""
    brand = forged.instance_of(forged.plain_file("Inter"), "Inter").font
    book = FontBook((brand,), fonts.packaged().packaged)
    old = book.only([fonts.find("Inter").font.sha256])
    assert old.cascade("Inter") == (fonts.find("Inter"),)


def test_hashes_name_every_file_once() -> None:
    """Two weights of a static family are two files; two weights of a variable one are the same."""
    _need("Amiri")
    used = [fonts.find("Amiri"), fonts.find("Amiri", 700), fonts.find("Inter", 300), fonts.find("Inter", 800)]
    assert list(fonts.hashes(used)) == ["font:Amiri", "font:Amiri 700", "font:Inter"]
    namesakes = [forged.instance_of(forged.plain_file(name), "Same") for name in ("One", "Two")]
    assert len(fonts.hashes(namesakes)) == 2
