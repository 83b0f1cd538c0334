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
from engines.typography_core.sweeps import FINE, Bounds, PlacedGlyph, PlacedGlyphs, check_work

COVERAGE_PIXELS_MAX = 400_000_000
"""Pixels, one byte each: as many as the largest canvas has."""

DRAWN_PIXELS_MAX = 5 * COVERAGE_PIXELS_MAX
"""Pixels of all letters and joined words: some ten seconds. Only lines on top of each other have more than the picture has."""

_PAD_PX = 1
"""Drawn around the outlines' bounds and trimmed again, so that rounding in the bounds never cuts an edge pixel."""


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
    placed = _placed(runs, check_view(scale, dx, dy, stretch))
    boxes = [box for run in placed if (box := _ink_box(run)) is not None]
    if not boxes:
        return Coverage(np.zeros((0, 0), np.uint8), 0, 0)
    bounds = _bounds(boxes)
    check_work(placed)
    return _trim(_drawn(placed, bounds), bounds.left, -(bounds.bottom + bounds.height))


def _drawn(placed: list[PlacedGlyphs], bounds: Bounds) -> NDArray[np.uint8]:
    """Draw group by group, and add them up: within a run no group overlaps another, and pixels that they share are added."""
    shared = [(run, list(stamps.share(run))) for run in placed]
    pixels = sum(group.pixels for _, groups in shared for group in groups)
    if not pixels <= DRAWN_PIXELS_MAX:
        raise TextLimitError("outlines", pixels, DRAWN_PIXELS_MAX, "pixels")
    canvas = np.zeros((bounds.height, bounds.width), np.uint8)
    top = bounds.bottom + bounds.height
    for run, groups in shared:
        empty_from = bounds.left if len(placed) == 1 else math.inf
        for group in groups:
            coverage, left, bottom = stamps.stamp(run, group)
            rows, columns = coverage.shape
            y, x = top - bottom - rows, left - bounds.left
            target = canvas[y : y + rows, x : x + columns]
            if left >= empty_from:
                target[...] = coverage
            else:
                target += np.minimum(coverage, ~target)
            empty_from = max(empty_from, left + columns)
    return canvas


class View(NamedTuple):
    """How a text's box becomes output px: across and down, then moved by (dx, dy)."""

    across: float
    down: float
    dx: float
    dy: float


def check_view(scale: float, dx: float, dy: float, stretch: float) -> View:
    """Return the view that these numbers mean. Raises TextValueError."""
    for name, value in (("scale", scale), ("stretch", stretch)):
        if not (value > 0 and math.isfinite(value)):
            raise TextValueError(name, value, "a number above 0")
    if not (math.isfinite(dx) and math.isfinite(dy)):
        raise TextValueError("dx, dy", (dx, dy), "two finite numbers")
    return View(scale * stretch, scale, dx, dy)


def _placed(runs: Sequence[PlacedRun], view: View) -> list[PlacedGlyphs]:
    placed = []
    for run in runs:
        unit_px = run.size / faces.units(run.font.font)
        unit = Unit(unit_px * view.across, unit_px * view.down)
        found = outlines(run.font.font, tuple(run.font.variations(run.size).items()), unit, FINE)
        glyphs = [
            PlacedGlyph(
                glyph.glyph_id,
                (run.x + glyph.x) * view.across + view.dx,
                -((run.baseline + glyph.y) * view.down + view.dy),
            )
            for glyph in run.glyphs
            if found.of(glyph.glyph_id) is not None
        ]
        placed.append(PlacedGlyphs(found, glyphs))
    return placed


class _Box(NamedTuple):
    """Where outlines lie, in output px, y upwards."""

    left: float
    bottom: float
    right: float
    top: float


def _ink_box(placed: PlacedGlyphs) -> _Box | None:
    """Return what holds the outlines of a run, or None without ink."""
    inked = [(glyph, box) for glyph in placed.glyphs if (box := placed.outlines.of(glyph.glyph_id)) is not None]
    if not inked:
        return None
    return _Box(
        min([glyph.x + box.left for glyph, box in inked]),
        min([glyph.y + box.low for glyph, box in inked]),
        max([glyph.x + box.right for glyph, box in inked]),
        max([glyph.y + box.high for glyph, box in inked]),
    )


def _bounds(boxes: list[_Box]) -> Bounds:
    """Return the pixels that the outlines may touch. Raises TextLimitError.

    RasterDraw would find them itself, but then silently cuts at 4,096 px a side.
    """
    left, bottom = min(box.left for box in boxes), min(box.bottom for box in boxes)
    right, top = max(box.right for box in boxes), max(box.top for box in boxes)
    pixels = (right - left + 2 * _PAD_PX + 1) * (top - bottom + 2 * _PAD_PX + 1)
    if not pixels <= COVERAGE_PIXELS_MAX:
        raise TextLimitError("coverage", pixels, COVERAGE_PIXELS_MAX, "pixels")
    x, y = math.floor(left) - _PAD_PX, math.floor(bottom) - _PAD_PX
    return Bounds(x, y, math.ceil(right) + _PAD_PX - x, math.ceil(top) + _PAD_PX - y)


def _trim(rows: NDArray[np.uint8], x: int, y: int) -> Coverage:
    """Cut away empty rows and columns at the edges, and copy, so that the rest of the picture is let go."""
    inked_rows = np.flatnonzero(rows.any(axis=1))
    if not len(inked_rows):
        return Coverage(np.zeros((0, 0), np.uint8), 0, 0)
    inked_columns = np.flatnonzero(rows.any(axis=0))
    top, left = int(inked_rows[0]), int(inked_columns[0])
    ink = rows[top : inked_rows[-1] + 1, left : inked_columns[-1] + 1]
    return Coverage(np.ascontiguousarray(ink), x + left, y + top)
