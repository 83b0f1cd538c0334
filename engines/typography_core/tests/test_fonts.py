"""Tests of the font manifest: what a request for a family, weight and slant finds."""

import hashlib
import subprocess
import sys

import pytest

from engines.errors import FontFileMissingError
from engines.typography_core import fonts
from engines.typography_core.errors import TextValueError, UnknownFontError


def test_family_is_found_in_any_case() -> None:
    """Templates are written by people; the case of a family name carries no meaning in CSS either."""
    assert fonts.find("INTER").font == fonts.find("inter").font == fonts.find("Inter").font


def test_unknown_family_lists_the_known_ones() -> None:
    """The caller can mend the request from the error alone, and no host font slips in."""
    with pytest.raises(UnknownFontError) as caught:
        fonts.find("DejaVu Sans")
    assert caught.value.fields["known"] == fonts.families() == ("Inter",)
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
