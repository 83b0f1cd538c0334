"""Tests of outlines: they are the glyphs that are drawn, where they are drawn, and can be written down."""

import numpy as np
import pytest
from fontTools.pens.areaPen import AreaPen
from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path

from engines.typography_core import flatten, fonts, ink, outlines, raster
from engines.typography_core.errors import TextLimitError
from engines.typography_core.layout import arrange
from engines.typography_core.outlines import contours_of, letters, to_svg_path
from engines.typography_core.shaping import PlacedRun

INTER = fonts.find("Inter")


def drawn(runs: tuple[PlacedRun, ...]) -> np.ndarray:
    """Return the coverage of the outlines of `runs` on a canvas of 400 by 120."""
    return on_canvas(ink.cover_edges(flatten.edges(flatten.polygons(contours_of(letters(runs))))))


def on_canvas(covered: raster.Coverage) -> np.ndarray:
    canvas = np.zeros((120, 400))
    rows, columns = covered.array.shape
    canvas[covered.y : covered.y + rows, covered.x : covered.x + columns] = covered.array
    return canvas


@pytest.mark.parametrize(
    ("family", "text"), [("Inter", "Hag & Êx"), ("Noto Sans Arabic", "الخط"), ("Roboto Flex", "R@8")]
)
@pytest.mark.parametrize("size", [11, 64])
def test_they_cover_what_is_drawn_without_them(family: str, text: str, size: float) -> None:
    """A stroke, a cut underline and a file with outlines all show the letters that a plain text shows, to half a pixel's edge: HarfBuzz
    covers them with an error of 1.5/255 on edges by itself, and puts them at 1/64 px."""
    runs = arrange(text, fonts.find(family), size).runs
    off = np.abs(drawn(runs) - on_canvas(raster.cover(runs)))
    edge = (drawn(runs) > 0) & (drawn(runs) < 255)
    assert off[edge].mean() < 4
    assert drawn(runs).sum() == pytest.approx(on_canvas(raster.cover(runs)).sum(), rel=0.006)


def test_places_are_not_rounded() -> None:
    """Export at 4x must not show glyphs on the pixels of 1x."""
    run = arrange("A", INTER, 20).runs[0]
    moved = run._replace(x=run.x + 0.123, baseline=run.baseline - 0.456)
    shift = contours_of(letters([moved])).points - contours_of(letters([run])).points
    assert np.allclose(shift, (0.123, -0.456), atol=1e-12)


def test_axes_reach_the_outlines() -> None:
    areas = []
    for weight in (200, 800):
        pen = AreaPen()
        parse_path(to_svg_path(contours_of(letters(arrange("n", fonts.find("Inter", weight), 64).runs))), pen)
        areas.append(abs(pen.value))
    assert areas[0] * 2 < areas[1]


def test_path_data_reads_back_as_the_same_contours() -> None:
    """What goes into SVG and PDF must be the outline, point for point, to 1/10,000 px."""
    contours = contours_of(letters(arrange("Rg%", INTER, 33).runs))
    pen = RecordingPen()
    parse_path(to_svg_path(contours), pen)
    words = {"moveTo": 0, "lineTo": 1, "qCurveTo": 2, "curveTo": 3, "closePath": 4}
    # A line to where its contour began is told by the reader's closing alone, and by ours as both.
    points = [place for _, places in pen.value for place in places]
    assert [words[name] for name, _ in pen.value if name != "lineTo"] == [
        verb for verb in contours.verbs.tolist() if verb != outlines.LINE
    ]
    assert len(points) == len(contours.points)
    assert np.abs(np.array(points) - contours.points).max() <= 0.5e-4 + 1e-9


def test_numbers_are_short_and_never_minus_zero() -> None:
    contours = outlines.Contours(np.array([0, 1, 4], np.uint8), np.array([[-0.00001, 100.0], [1 / 3, 1e5]]))
    assert to_svg_path(contours) == "M0 100L0.3333 100000Z"


def test_too_many_segments_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlines, "SEGMENTS_MAX", 100)
    with pytest.raises(TextLimitError) as caught:
        contours_of(letters(arrange("o" * 50, INTER, 20).runs))
    assert caught.value.fields["unit"] == "segments"


def test_text_without_ink_has_no_contours() -> None:
    assert to_svg_path(contours_of(letters(arrange("  ", INTER, 20).runs))) == ""
    assert contours_of([]).box == (0.0, 0.0, 0.0, 0.0)
