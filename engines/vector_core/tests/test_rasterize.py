"""Tests of rasterizing: exact sizes and places with both engines, text in packaged fonts only, typed failures."""

import hashlib
import importlib.metadata
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from engines.errors import FontFileMissingError
from engines.vector_core import guard, rasterize, svg_fonts
from engines.vector_core.errors import (
    CairoMissingError,
    RasterValueError,
    SvgEngineError,
    SvgRefusedError,
)
from engines.vector_core.rasterize import Engine, Fit, RgbaPixels
from engines.vector_core.tests.hostile import LEGAL, svg

RED = svg('<rect width="20" height="10" fill="#ff0000" fill-opacity="0.5"/>', 'width="20" height="10"')
OVERFLOWING = svg('<rect x="-50" y="-50" width="200" height="200"/>', 'width="20" height="10"')
TEXT = svg('<text x="2" y="30" font-size="30" {}>Hello</text>', 'width="100" height="40"').decode()


def _has_cairo() -> bool:
    try:
        rasterize.engine_version("cairosvg")
    except CairoMissingError:
        return False
    return True


both_engines = pytest.mark.parametrize(
    "engine", ["resvg", pytest.param("cairosvg", marks=pytest.mark.skipif(not _has_cairo(), reason="needs libcairo"))]
)


def coverage(pixels: RgbaPixels) -> float:
    """Return the sum of alpha, in pixels."""
    return float(pixels[..., 3].sum()) / 255


@both_engines
@pytest.mark.parametrize("size", [(1, 1), (20, 10), (333, 7), (64, 500)])
def test_picture_has_exactly_the_asked_size_and_straight_colours(engine: Engine, size: tuple[int, int]) -> None:
    """`fill` stretches; half-transparent red stays red, as straight alpha wants it."""
    width, height = size
    pixels = rasterize.rasterize(RED, width, height, engine=engine)
    assert (pixels.shape, pixels.dtype) == ((height, width, 4), np.uint8)
    assert (np.abs(pixels.astype(int) - [255, 0, 0, 128]) <= [0, 0, 0, 1]).all()


@both_engines
@pytest.mark.parametrize("name", LEGAL)
def test_legal_documents_draw_something(engine: Engine, name: str) -> None:
    """What the guard lets through, an engine must draw."""
    if engine == "cairosvg" and name == "entity":
        with pytest.raises(SvgEngineError, match="EntitiesForbidden"):
            rasterize.rasterize(LEGAL[name], 20, 20, engine=engine)
    else:
        assert rasterize.rasterize(LEGAL[name], 20, 20, engine=engine)[..., 3].any()


@both_engines
def test_offset_moves_the_drawing_by_a_fraction_of_a_pixel(engine: Engine) -> None:
    """One more column and row take up what moved out; edges are covered in part."""
    pixels = rasterize.rasterize(
        svg('<rect width="4" height="4"/>', 'viewBox="0 0 4 4"'), 4, 4, dx=0.25, dy=0.5, engine=engine
    )
    assert pixels.shape == (5, 5, 4)
    # cairo counts rows in fifteenths of a pixel, resvg columns in sixteenths: within 1/15 of 255.
    alpha = pixels[..., 3].astype(float)
    assert alpha[2] == pytest.approx([191, 255, 255, 255, 64], abs=17)
    assert alpha[:, 2] == pytest.approx([128, 255, 255, 255, 128], abs=17)


@both_engines
@pytest.mark.parametrize(
    ("fit", "box", "ink"),
    [
        ("fill", (40, 40), (0, 0, 40, 40)),
        ("contain", (40, 40), (0, 10, 40, 30)),
        ("cover", (40, 40), (0, 0, 40, 40)),
        ("none", (40, 40), (10, 15, 30, 25)),
        ("none", (10, 4), (0, 0, 10, 4)),
    ],
)
@pytest.mark.parametrize("document", [RED, OVERFLOWING], ids=["within", "overflowing"])
def test_fit_places_the_document_in_its_box(
    engine: Engine, fit: Fit, box: tuple[int, int], ink: tuple[int, int, int, int], document: bytes
) -> None:
    """A document of 20 x 10 px; nothing shows outside it, even if it draws there."""
    alpha = rasterize.rasterize(document, *box, fit=fit, engine=engine)[..., 3]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    assert (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) == ink
    assert alpha.min(where=alpha > 0, initial=255) == alpha.max()


def test_cover_is_cut_by_its_box_at_a_fraction_of_a_pixel() -> None:
    """The box's own edge is drawn smooth when it cuts through the drawing."""
    alpha = rasterize.rasterize(OVERFLOWING, 10, 10, fit="cover", dx=0.25)[5, :, 3].astype(float)
    assert alpha == pytest.approx([191, *[255] * 9, 64], abs=1)


def test_box_may_have_any_fraction_of_a_pixel() -> None:
    """A layer scaled to an export rarely ends on a whole pixel."""
    assert rasterize.rasterize(RED, 10.4, 5.2, dx=0.5).shape == (6, 11, 4)
    assert coverage(rasterize.rasterize(RED, 10.5, 5)) == pytest.approx(10.5 * 5 / 2, abs=0.5)


def test_fractional_document_size_is_not_rounded() -> None:
    """A document 10.5 px wide whose right half is black: the edge lies in the middle of the picture."""
    half = svg('<rect x="5.25" width="5.25" height="10"/>', 'width="10.5" height="10"')
    alpha = rasterize.rasterize(half, 1050, 10)[5, :, 3]
    assert int(np.flatnonzero(alpha)[0]) == 525


@pytest.mark.parametrize("family", ["", "Inter", "Arial, sans-serif", "serif", "'No Such Font'"])
def test_text_is_drawn_in_a_packaged_font_whatever_it_asks_for(family: str) -> None:
    """resvg leaves text out in silence where it finds no font, and no host's font may be found."""
    attribute = f'font-family="{family}"' if family else ""
    named = rasterize.rasterize(TEXT.format('font-family="Inter"').encode(), 100, 40)
    assert np.array_equal(rasterize.rasterize(TEXT.format(attribute).encode(), 100, 40), named)
    assert coverage(named) > 100


def test_weights_of_the_packaged_font_are_drawn() -> None:
    """Also where the family is only stood in for."""
    regular = coverage(rasterize.rasterize(TEXT.format('font-family="Arial"').encode(), 100, 40))
    bold = coverage(rasterize.rasterize(TEXT.format('font-family="Arial" font-weight="700"').encode(), 100, 40))
    assert bold > 1.2 * regular


def test_callers_fonts_replace_the_packaged_ones() -> None:
    """A generic family may be any family of the files given."""
    upright, italic = svg_fonts.packaged().files
    own = svg_fonts.FontSet((svg_fonts.rename(italic, "House"), upright), (("monospace", "House"),))
    pictures = [
        rasterize.rasterize(TEXT.format(f'font-family="{family}"').encode(), 100, 40, fonts=own)
        for family in ("House", "monospace", "Inter")
    ]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


def test_font_files_without_the_named_family_are_refused() -> None:
    """Rather than drawn in something else, or in nothing."""
    for wrong in (
        svg_fonts.FontSet(svg_fonts.packaged().files, (("serif", "Garamond"),)),
        svg_fonts.FontSet((b"no font",)),
    ):
        with pytest.raises(RasterValueError):
            rasterize.rasterize(TEXT.format("").encode(), 10, 10, fonts=wrong)


def test_a_missing_font_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken install is the machine's fault and mendable."""
    monkeypatch.setattr(svg_fonts, "PACKAGE", "fontpkg_nowhere")
    with pytest.raises(FontFileMissingError, match="pip install fontpkg-nowhere"):
        svg_fonts.packaged.__wrapped__()


@pytest.mark.skipif(not _has_cairo(), reason="needs libcairo")
def test_cairosvg_refuses_text_rather_than_using_the_hosts_fonts() -> None:
    """Pixels would follow the machine."""
    with pytest.raises(SvgEngineError, match="fonts of the host"):
        rasterize.rasterize(TEXT.format("").encode(), 100, 40, engine="cairosvg")


@pytest.mark.skipif(not _has_cairo(), reason="needs libcairo")
def test_cairosvg_failing_is_a_typed_error() -> None:
    """CairoSVG raises whatever Python does."""
    with pytest.raises(SvgEngineError) as caught:
        rasterize.rasterize(svg('<rect width="9" height="9" fill-opacity="50%"/>'), 20, 20, engine="cairosvg")
    assert caught.value.fields["engine"] == "cairosvg"


def test_resvgs_panic_is_a_typed_error(capfd: pytest.CaptureFixture[str]) -> None:
    """A panic derives from BaseException and would pass through every `except Exception`."""
    with pytest.raises(SvgEngineError) as caught:
        rasterize.rasterize(b'<svg xmlns="http://elsewhere.invalid/"/>', 20, 20)
    assert caught.value.fields["engine"] == "resvg"
    assert "panicked" in capfd.readouterr().err


def test_cairosvg_without_libcairo_says_how_to_get_it() -> None:
    """CairoSVG is installed everywhere, libcairo is not; resvg must go on working."""
    code = (
        "import ctypes.util, sys\n"
        "import cffi\n"
        "def none(*a, **k): raise OSError('cannot load library libcairo.so.2')\n"
        "cffi.FFI.dlopen = none; ctypes.util.find_library = lambda name: None\n"
        "from engines.vector_core import rasterize\n"
        "from engines.vector_core.errors import CairoMissingError\n"
        'svg = b\'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\'\n'
        "rasterize.rasterize(svg, 9, 9)\n"
        "for ask in (lambda: rasterize.rasterize(svg, 9, 9, engine='cairosvg'),"
        " lambda: rasterize.engine_version('cairosvg')):\n"
        "    try: ask()\n"
        "    except CairoMissingError as e: print('apt-get install libcairo2' in str(e), 'brew install cairo' in str(e))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.split() == ["True"] * 4


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"width": 0}, "width"),
        ({"height": float("nan")}, "height"),
        ({"width": 40_000}, "width, height"),
        ({"width": 20_000, "height": 20_000}, "width, height"),
        ({"scale": -1.0}, "scale"),
        ({"dx": 1.0}, "dx"),
        ({"dy": float("inf")}, "dy"),
        ({"fit": "squeeze"}, "fit"),
        ({"engine": "inkscape"}, "engine"),
    ],
)
def test_a_value_outside_its_range_is_named(change: dict[str, object], field: str) -> None:
    """Before the document is even looked at."""
    with pytest.raises(RasterValueError) as caught:
        rasterize.rasterize(b"", **({"width": 9, "height": 9} | change))  # type: ignore[arg-type]  # that is the point
    assert caught.value.fields["field"] == field


def test_engine_versions_name_what_pixels_depend_on() -> None:
    """They enter the identity of every render."""
    assert rasterize.engine_version("resvg") == importlib.metadata.version("resvg")
    if _has_cairo():
        assert "cairo 1." in rasterize.engine_version("cairosvg")
    assert set(rasterize.font_hashes()) == {"font:Inter", "font:Inter italic"}


def test_same_bytes_in_threads_and_in_another_process() -> None:
    """What an audit remakes must be what was made; resvg's options must not cross threads."""
    document = TEXT.format('font-weight="600"').encode()

    def digest(_: int = 0) -> str:
        return hashlib.sha256(rasterize.rasterize(document, 150, 60, dx=0.3).tobytes()).hexdigest()

    here = digest()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(digest, range(16))) == {here}
    code = (
        "import hashlib, sys; from engines.vector_core import rasterize;"
        "print(hashlib.sha256(rasterize.rasterize(sys.stdin.buffer.read(), 150, 60, dx=0.3).tobytes()).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], input=document, check=True, timeout=60, capture_output=True)
    assert done.stdout.decode().strip() == here


CORPUS = Path(os.environ.get("IMPASTO_CORPORA", Path(__file__).parents[4] / "shared" / "corpora")) / "svg" / "tests"


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS.is_dir(), reason="the SVG corpus is not here")
def test_the_corpus_is_drawn_or_refused_with_a_reason() -> None:
    """Files that nobody here wrote: the guard lets nearly all through, and nothing but typed errors comes out.

    18 of 849 refer to other files; a guard that refused a twentieth would be too strict.
    """
    files = sorted(CORPUS.rglob("*.svg"))
    refused = failed = 0
    for path in files:
        try:
            facts = guard.check(path.read_bytes())
            size = (round(facts.width_px) or 1, round(facts.height_px) or 1)
            rasterize.rasterize(path.read_bytes(), *size)
        except SvgRefusedError:
            refused += 1
        except SvgEngineError:
            failed += 1
    assert refused < 0.05 * len(files)
    assert failed < 0.01 * len(files)
