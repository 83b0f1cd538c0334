"""How much of each pixel does a text cover?

The only file that makes glyphs into pixels. The layout stays at scale 1; the outlines are drawn at the export's scale,
so that text is as crisp on a print sheet as on a card. Knows nothing of colour, canvases or layers. The main path is
`coverage`.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.typography_core import shaping
from engines.typography_core.errors import TextLimitError, TextValueError
from engines.typography_core.layout import TextLayout

COVERAGE_PIXELS_MAX = 400_000_000
"""Pixels, one byte each: as many as the largest canvas has."""

_PAD_PX = 1
"""Drawn around the outlines' bounds and trimmed again, so that rounding in the bounds never cuts an edge pixel."""


class Coverage(NamedTuple):
    """`array` (rows, columns) uint8, 255 where ink covers the whole pixel, trimmed to what is inked; its top-left pixel
    is (x, y), counted from the pixel of the box's corner at dx = dy = 0. C-contiguous, owned by the caller."""

    array: NDArray[np.uint8]
    x: int
    y: int


class _PlacedGlyph(NamedTuple):
    """A glyph's origin in output px, y upwards as the rasterizer counts."""

    glyph_id: int
    x: float
    y: float


def coverage(
    layout: TextLayout, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0, stretch: float = 1.0
) -> Coverage:
    """Draw the whole of `layout` at `scale` (output px per layout px), its box's corner at (dx, dy) in output px.

    `stretch` is how many times as wide as high everything is drawn: outlines are distorted, not pixels.

    Overlapping outlines count once (nonzero winding). The same arguments give the same bytes in any thread, process and
    on any thread count. Text without ink gives an array of shape (0, 0). Raises TextValueError for a scale that is not
    above 0, a stretch likewise, or an offset that is not finite, TextLimitError past `COVERAGE_PIXELS_MAX`, before any pixel is made.
    """
    for name, value in (("scale", scale), ("stretch", stretch)):
        if not (value > 0 and math.isfinite(value)):
            raise TextValueError(name, value, "a number above 0")
    if not (math.isfinite(dx) and math.isfinite(dy)):
        raise TextValueError("dx, dy", (dx, dy), "two finite numbers")
    font = shaping.font_at(layout.font, layout.size)
    unit = _Unit(layout.size * scale * stretch / font.scale[0], layout.size * scale / font.scale[0])
    glyphs = [
        _PlacedGlyph(
            glyph.glyph_id, (line.x + glyph.x) * scale * stretch + dx, -((line.baseline + glyph.y) * scale + dy)
        )
        for line in layout.lines
        for glyph in line.glyphs
    ]
    bounds = _bounds(font, glyphs, unit)
    if bounds is None:
        return Coverage(np.zeros((0, 0), np.uint8), 0, 0)
    return _draw(font, glyphs, unit, bounds)


class _Unit(NamedTuple):
    """Output px per unit of the font, across and up."""

    x: float
    y: float


class _Bounds(NamedTuple):
    """Whole output pixels that hold all outlines; y upwards, `bottom` is the lowest row."""

    left: int
    bottom: int
    width: int
    height: int


def _bounds(font: Any, glyphs: list[_PlacedGlyph], unit: _Unit) -> _Bounds | None:
    """Return the pixels that the outlines may touch, or None without ink. Raises TextLimitError.

    RasterDraw would find them itself, but then silently cuts at 4,096 px a side.
    """
    boxes = {glyph_id: font.get_glyph_extents(glyph_id) for glyph_id in {glyph.glyph_id for glyph in glyphs}}
    drawable = {glyph_id: box for glyph_id, box in boxes.items() if box and box.width}
    inked = [(glyph, drawable[glyph.glyph_id]) for glyph in glyphs if glyph.glyph_id in drawable]
    if not inked:
        return None
    left = min(glyph.x + box.x_bearing * unit.x for glyph, box in inked)
    right = max(glyph.x + (box.x_bearing + box.width) * unit.x for glyph, box in inked)
    top = max(glyph.y + box.y_bearing * unit.y for glyph, box in inked)
    bottom = min(glyph.y + (box.y_bearing + box.height) * unit.y for glyph, box in inked)
    pixels = (right - left + 2 * _PAD_PX + 1) * (top - bottom + 2 * _PAD_PX + 1)
    if not pixels <= COVERAGE_PIXELS_MAX:
        raise TextLimitError("coverage", pixels, COVERAGE_PIXELS_MAX, "pixels")
    x, y = math.floor(left) - _PAD_PX, math.floor(bottom) - _PAD_PX
    return _Bounds(x, y, math.ceil(right) + _PAD_PX - x, math.ceil(top) + _PAD_PX - y)


def _draw(font: Any, glyphs: list[_PlacedGlyph], unit: _Unit, bounds: _Bounds) -> Coverage:
    import uharfbuzz as hb

    draw = hb.RasterDraw()
    draw.extents = hb.RasterExtents(
        x_origin=bounds.left, y_origin=bounds.bottom, width=bounds.width, height=bounds.height, stride=0
    )
    for glyph in glyphs:
        draw.transform = (unit.x, 0.0, 0.0, unit.y, glyph.x, glyph.y)
        draw.draw_glyph(font, glyph.glyph_id)
    image = draw.render()
    extents = image.extents
    assert (extents.width, extents.height) == (bounds.width, bounds.height), "the rasterizer cut the text"
    rows = np.frombuffer(image.buffer, np.uint8).reshape(extents.height, extents.stride)[::-1, : extents.width]
    return _trim(rows, bounds.left, -(bounds.bottom + bounds.height))


def _trim(rows: NDArray[np.uint8], x: int, y: int) -> Coverage:
    """Cut away empty rows and columns at the edges, and copy, because the rows still belong to the rasterizer."""
    inked_rows = np.flatnonzero(rows.any(axis=1))
    if not len(inked_rows):
        return Coverage(np.zeros((0, 0), np.uint8), 0, 0)
    inked_columns = np.flatnonzero(rows.any(axis=0))
    top, left = int(inked_rows[0]), int(inked_columns[0])
    ink = rows[top : inked_rows[-1] + 1, left : inked_columns[-1] + 1]
    return Coverage(np.ascontiguousarray(ink), x + left, y + top)
