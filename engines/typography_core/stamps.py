"""Which glyphs of a run can be drawn once and used again, and what do they look like?

Letters come back at few different parts of a pixel. Glyphs whose boxes overlap (a letter and its accent, a kerned pair, a joined
word) are one stamp, so that their outlines count once; between stamps nothing overlaps, so that adding them up is exact. Places
are rounded to 1/64 px, whether or not a stamp was drawn before: the same text is the same bytes. Pure, but for what is kept. The
main path is `share` -> `stamp`.
"""

import functools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.typography_core.outline_cost import Outlines
from engines.typography_core.sweeps import Bounds, PlacedGlyph, PlacedGlyphs, sweep

STEPS_PER_PX = 64
"""Places of a glyph within a pixel, across and down: half of one changes an edge pixel by 2/255 at most."""

STAMP_PIXELS_MAX = 8192
"""Pixels of a stamp: letters of about 100 px. Larger ones seldom come back, and take longer to fill than to find."""

STAMPS_MAX = 8192
"""Stamps that are kept: 20 MB of letters at 64 px, 67 MB at most."""


class Stamp(NamedTuple):
    """`coverage` (rows, columns) uint8, top row first, whose lower left pixel is (`left`, `bottom`), y upwards. Never written."""

    coverage: NDArray[np.uint8]
    left: int
    bottom: int


class Group(NamedTuple):
    """Glyphs of a run that touch each other."""

    glyphs: list[PlacedGlyph]
    pixels: float
    """How many its box holds, with one to spare on each side."""

    @property
    def small(self) -> bool:
        """Whether it is a stamp that may come back."""
        return self.pixels <= STAMP_PIXELS_MAX


def share(run: PlacedGlyphs) -> Iterator[Group]:
    """Yield the glyphs of a run in groups whose boxes do not overlap from left to right, from left to right."""
    of = run.outlines.of
    boxes = [(glyph.x + box.left, glyph, box) for glyph in run.glyphs if (box := of(glyph.glyph_id)) is not None]
    boxes.sort()
    members: list[PlacedGlyph] = []
    first = right = low = high = 0.0
    for left, glyph, box in boxes:
        if members and left >= right:
            yield Group(members, (right - first + 2) * (high - low + 2))
            members = []
        if members:
            members.append(glyph)
            right = max(right, glyph.x + box.right)
            low, high = min(low, glyph.y + box.low), max(high, glyph.y + box.high)
        else:
            members = [glyph]
            first, right, low, high = left, glyph.x + box.right, glyph.y + box.low, glyph.y + box.high
    if members:
        yield Group(members, (right - first + 2) * (high - low + 2))


def stamp(run: PlacedGlyphs, group: Group) -> Stamp:
    """Return the coverage of a group: a small one at places in steps of 1/64 px, drawn now or before; a large one where it is."""
    if not group.small:
        return _swept(run.outlines, group.glyphs)
    steps = [(one.glyph_id, round(one.x * STEPS_PER_PX), round(one.y * STEPS_PER_PX)) for one in group.glyphs]
    x, y = steps[0][1] // STEPS_PER_PX, steps[0][2] // STEPS_PER_PX
    parts = tuple([(glyph_id, dx - x * STEPS_PER_PX, dy - y * STEPS_PER_PX) for glyph_id, dx, dy in steps])
    coverage, left, bottom = _kept(run.outlines, parts)
    return Stamp(coverage, left + x, bottom + y)


def forget() -> None:
    """Drop all stamps that are kept, for measurements."""
    _kept.cache_clear()


@functools.lru_cache(maxsize=STAMPS_MAX)
def _kept(outlines: Outlines, parts: tuple[tuple[int, int, int], ...]) -> Stamp:
    """Draw a group; `parts` are glyph, and place in steps. `outlines` are the process's own, and equal to themselves only."""
    found = _swept(outlines, [PlacedGlyph(glyph_id, x / STEPS_PER_PX, y / STEPS_PER_PX) for glyph_id, x, y in parts])
    found.coverage.setflags(write=False)
    return found


def _swept(outlines: Outlines, glyphs: list[PlacedGlyph]) -> Stamp:
    boxes = [(glyph, box) for glyph in glyphs if (box := outlines.of(glyph.glyph_id)) is not None]
    left = math.floor(min([one.x + box.left for one, box in boxes]))
    bottom = math.floor(min([one.y + box.low for one, box in boxes]))
    right = math.ceil(max([one.x + box.right for one, box in boxes]))
    top = math.ceil(max([one.y + box.high for one, box in boxes]))
    bounds = Bounds(left, bottom, max(1, right - left), max(1, top - bottom))
    return Stamp(sweep([PlacedGlyphs(outlines, glyphs)], bounds), left, bottom)
