"""How are outlines drawn finer than the rasterizer draws by itself, and more of them than it takes at once?

HarfBuzz's RasterDraw covers straight edges exactly, but flattens curves to about a quarter of a pixel, and counts overlapping
contours twice within one: 4/255 off on average at round letters, 60/255 at worst. So it draws `FINE` times as many rows, and each
`FINE` of them are averaged. It takes 2^20 edges and leaves out the rest without a word, so that glyphs are drawn in batches; and
tall pictures in bands, so that memory stays small. Pure; where glyphs go is `raster`'s concern. The main path is `sweep`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.typography_core.errors import TextLimitError
from engines.typography_core.outline_cost import Outlines

FINE = 4
"""Rows that the rasterizer draws for each row of pixels. Four make the mean error 1 to 2/255 at twice the time of one; as many
columns as well would halve it again and take ten times as long."""

EDGES_MAX = 1_048_576
"""Edges of one glyph: what HarfBuzz's rasterizer takes; it leaves out all that follow, in the middle of a contour."""

BATCH_EDGES_MAX = EDGES_MAX
"""Edges drawn at a time, by the upper bound of `outline_cost`."""

TEXT_EDGES_MAX = 100_000_000
"""Edges of a text. A book chapter at 16 px has a seventh of them."""

OUTLINE_WORK_MAX = 2_000_000_000
"""Edges, and the fine rows that each crosses: some twenty seconds. A book chapter at 16 px has a fiftieth of them."""

BAND_BYTES = 64 * 1024 * 1024
"""Fine pixels that are drawn at a time, one byte each."""


class PlacedGlyph(NamedTuple):
    """A glyph's origin in output px, y upwards as the rasterizer counts."""

    glyph_id: int
    x: float
    y: float


class PlacedGlyphs(NamedTuple):
    """The glyphs of one run that have an outline, in output px."""

    outlines: Outlines
    glyphs: list[PlacedGlyph]


class Bounds(NamedTuple):
    """Whole output pixels that hold all outlines; y upwards, `bottom` is the lowest row."""

    left: int
    bottom: int
    width: int
    height: int


def check_work(edges_most: float, edges: float, work: float) -> None:
    """Raise TextLimitError for a glyph (of `edges_most`) that the rasterizer would cut, and for outlines that take too long."""
    if not edges_most <= EDGES_MAX:
        raise TextLimitError("glyph", edges_most, EDGES_MAX, "edges")
    if not edges <= TEXT_EDGES_MAX:
        raise TextLimitError("outlines", edges, TEXT_EDGES_MAX, "edges")
    if not edges + work <= OUTLINE_WORK_MAX:
        raise TextLimitError("outlines", edges + work, OUTLINE_WORK_MAX, "edges times rows")


def sweep(runs: list[PlacedGlyphs], bounds: Bounds) -> NDArray[np.uint8]:
    """Return the coverage of `bounds`, (height, width), top row first. Outlines that overlap count once (nonzero winding); between
    batches the more covering one does."""
    bands = list(_bands(bounds))
    canvas = np.zeros((bounds.height, bounds.width), np.uint8)
    for band in bands:
        top = bounds.bottom + bounds.height - band.bottom - band.height
        target = canvas[top : top + band.height]
        for batch in _batches(_touching(runs, band) if len(bands) > 1 else runs):
            np.maximum(target, _draw(batch, band), out=target)
    return canvas


def _bands(bounds: Bounds) -> Iterator[Bounds]:
    rows = max(1, BAND_BYTES // (bounds.width * FINE))
    for bottom in range(bounds.bottom, bounds.bottom + bounds.height, rows):
        yield bounds._replace(bottom=bottom, height=min(rows, bounds.bottom + bounds.height - bottom))


def _touching(runs: list[PlacedGlyphs], band: Bounds) -> list[PlacedGlyphs]:
    """Leave out glyphs that lie above or below `band`, with a pixel to spare."""
    low, high = band.bottom - 1, band.bottom + band.height + 1

    def touches(run: PlacedGlyphs, glyph: PlacedGlyph) -> bool:
        found = run.outlines.of(glyph.glyph_id)
        return found is not None and glyph.y + found.low <= high and glyph.y + found.high >= low

    return [run._replace(glyphs=[glyph for glyph in run.glyphs if touches(run, glyph)]) for run in runs]


def _batches(runs: list[PlacedGlyphs]) -> Iterator[list[PlacedGlyphs]]:
    """Share glyphs out so that the edges of no batch exceed `BATCH_EDGES_MAX`."""
    batch: list[PlacedGlyphs] = []
    edges = 0.0
    for run in runs:
        glyphs: list[PlacedGlyph] = []
        for glyph in run.glyphs:
            found = run.outlines.of(glyph.glyph_id)
            more = 0.0 if found is None else found.edges
            if edges + more > BATCH_EDGES_MAX and (batch or glyphs):
                yield [*batch, run._replace(glyphs=glyphs)]
                batch, glyphs, edges = [], [], 0.0
            glyphs.append(glyph)
            edges += more
        batch.append(run._replace(glyphs=glyphs))
    if batch:
        yield batch


def _draw(runs: list[PlacedGlyphs], band: Bounds) -> NDArray[np.uint8]:
    import uharfbuzz as hb

    draw = hb.RasterDraw()
    draw.extents = hb.RasterExtents(
        x_origin=band.left, y_origin=band.bottom * FINE, width=band.width, height=band.height * FINE, stride=0
    )
    for run in runs:
        font, (x, y) = run.outlines.font, run.outlines.unit
        for glyph in run.glyphs:
            draw.transform = (x, 0.0, 0.0, y * FINE, glyph.x, glyph.y * FINE)
            draw.draw_glyph(font, glyph.glyph_id)
    image = draw.render()
    extents = image.extents
    assert (extents.width, extents.height) == (band.width, band.height * FINE), "the rasterizer cut the text"
    fine = np.frombuffer(image.buffer, np.uint8).reshape(extents.height, extents.stride)[:, : extents.width]
    return _averaged(fine)[::-1]


def _averaged(fine: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the mean of each `FINE` rows, rounded to nearest."""
    total = fine[0::FINE].astype(np.uint16)
    for row in range(1, FINE):
        total += fine[row::FINE]
    return ((total + FINE // 2) // FINE).astype(np.uint8)
