"""How much of each pixel does a text cover?

Where the ink of plain glyphs lies, and what a picture holds of it; `sweeps` draws it. The layout stays at scale 1; the outlines are
drawn at the export's scale, so that text is as crisp on a print sheet as on a card. Knows nothing of colour, canvases or
layers. The main path is `cover`.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.typography_core import faces, stamps
from engines.typography_core.errors import TextLimitError, TextValueError
from engines.typography_core.layout import TextLayout
from engines.typography_core.outline_cost import Unit, outlines
from engines.typography_core.shaping import PlacedRun
from engines.typography_core.stamps import (
    BOTTOM,
    EDGES,
    EDGES_MOST,
    LEFT,
    PIXELS,
    RIGHT,
    TOP,
    WORK,
    Atlas,
    Canvas,
    Survey,
    View,
)
from engines.typography_core.sweeps import FINE, Bounds, check_work

__all__ = ["COVERAGE_PIXELS_MAX", "DRAWN_PIXELS_MAX", "Coverage", "View", "check_view", "cover", "coverage"]

COVERAGE_PIXELS_MAX = 400_000_000
"""Pixels, one byte each: as many as the largest canvas has."""

DRAWN_PIXELS_MAX = 5 * COVERAGE_PIXELS_MAX
"""Pixels of all letters and joined words: some ten seconds. Only lines on top of each other have more than the picture has."""

_PAD_PX = 1
"""Drawn around the outlines' bounds and trimmed again, so that rounding in the bounds never cuts an edge pixel."""

FAR_OFFSET_PX = 2.0**30
"""px: offsets beyond would take away the fractions of places. No canvas is as wide."""


class Coverage(NamedTuple):
    """`array` (rows, columns) uint8, 255 where ink covers the whole pixel, trimmed to what is inked; its top-left pixel
    is (x, y), counted from the pixel of the box's corner at dx = dy = 0. C-contiguous, owned by the caller."""

    array: NDArray[np.uint8]
    x: int
    y: int


def coverage(text: TextLayout, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0, stretch: float = 1.0) -> Coverage:
    """Draw the whole of `text`; see `cover`."""
    runs = [PlacedRun(text.font, text.size, line.x, line.baseline, line.glyphs) for line in text.lines]
    return cover(runs, scale, dx, dy, stretch)


def cover(
    runs: Sequence[PlacedRun], scale: float = 1.0, dx: float = 0.0, dy: float = 0.0, stretch: float = 1.0
) -> Coverage:
    """Draw the outlines of `runs` at `scale` (output px per layout px), the corner of their box at (dx, dy) in output px.

    `stretch` is how many times as wide as high everything is drawn: outlines are distorted, not pixels.

    Overlapping outlines count once (nonzero winding). The same arguments give the same bytes in any thread, process and
    on any thread count. Text without ink gives an array of shape (0, 0). Raises TextValueError for a scale that is not
    above 0, a stretch likewise, or an offset that is not finite, TextLimitError past `COVERAGE_PIXELS_MAX`, before any pixel is made.
    """
    view = check_view(scale, dx, dy, stretch)
    far_x, far_y = _far(view.dx), _far(view.dy)
    view = view._replace(dx=view.dx - far_x, dy=view.dy - far_y)
    surveyed = [_surveyed(run, view) for run in runs]
    inked = [(atlas, survey) for atlas, survey in surveyed if survey.inked]
    if not inked:
        return Coverage(np.zeros((0, 0), np.uint8), 0, 0)
    canvas = Canvas.of(_bounds([survey.sums.tolist() for _, survey in inked]))
    for atlas, survey in inked:
        atlas.draw(survey, canvas)
    return _cut(canvas, far_x, far_y)


def check_view(scale: float, dx: float, dy: float, stretch: float) -> View:
    """Return the view that these numbers mean. Raises TextValueError."""
    for name, value in (("scale", scale), ("stretch", stretch)):
        if not (value > 0 and math.isfinite(value)):
            raise TextValueError(name, value, "a number above 0")
    if not (math.isfinite(dx) and math.isfinite(dy)):
        raise TextValueError("dx, dy", (dx, dy), "two finite numbers")
    return View(scale * stretch, scale, dx, dy)


def _far(offset: float) -> int:
    """Return the whole px of an offset so large that pixels would be lost in it, else 0: the text is drawn without, and put there."""
    return math.floor(offset) if abs(offset) > FAR_OFFSET_PX else 0


def _surveyed(run: PlacedRun, view: View) -> tuple[Atlas, Survey]:
    unit_px = run.size / faces.units(run.font.font)
    unit = Unit(unit_px * view.across, unit_px * view.down)
    atlas = stamps.atlas_of(outlines(run.font.font, faces.design(run.font, run.size), unit, FINE))
    return atlas, atlas.survey(run.glyphs, view, run.x, run.baseline)


def _bounds(sums: list[list[float]]) -> Bounds:
    """Return the pixels that the outlines of runs may touch, by their sums. Raises TextLimitError, also for outlines that take too long.

    RasterDraw would find them itself, but then silently cuts at 4,096 px a side.
    """
    each = list(zip(*sums, strict=True))
    left, bottom, right, top = min(each[LEFT]), min(each[BOTTOM]), max(each[RIGHT]), max(each[TOP])
    pixels = (right - left + 2 * _PAD_PX + 1) * (top - bottom + 2 * _PAD_PX + 1)
    if not pixels <= COVERAGE_PIXELS_MAX:
        raise TextLimitError("coverage", pixels, COVERAGE_PIXELS_MAX, "pixels")
    check_work(max(each[EDGES_MOST]), sum(each[EDGES]), sum(each[WORK]))
    if not (drawn := sum(each[PIXELS])) <= DRAWN_PIXELS_MAX:
        raise TextLimitError("outlines", drawn, DRAWN_PIXELS_MAX, "pixels")
    x, y = math.floor(left) - _PAD_PX, math.floor(bottom) - _PAD_PX
    return Bounds(x, y, math.ceil(right) + _PAD_PX - x, math.ceil(top) + _PAD_PX - y)


def _cut(canvas: Canvas, far_x: int, far_y: int) -> Coverage:
    """Cut away empty rows and columns at the edges, and copy, so that the rest of the picture is let go."""
    left, top, right, bottom = canvas.ink.tolist()
    if left >= right:
        return Coverage(np.zeros((0, 0), np.uint8), 0, 0)
    ink = np.ascontiguousarray(canvas.pixels[top:bottom, left:right])
    return Coverage(ink, canvas.left + left + far_x, top - canvas.top + far_y)
