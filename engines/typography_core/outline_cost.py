"""How many edges does an outline become at a size, and how much work are they?

HarfBuzz's rasterizer takes 2^20 edges and leaves out the rest without a word: a text of 27,000 letters at 16 px has as many. So
`raster` asks here how many glyphs it may draw at a time. Says an upper bound; the outline is walked, not drawn.
"""

import functools
import math
from typing import NamedTuple

from engines.typography_core import faces
from engines.typography_core.font_types import Font

_EDGES_PER_ROOT = 4.0
"""Edges of a curve are at most 2 + this times the root of its bend in px. Measured on letters of Inter and Noto Sans Arabic, from 8 to
1,000 px, by how many of them make the rasterizer leave some out: 1 + 2.9 times the root at most."""


class Cost(NamedTuple):
    """What an outline takes, in HarfBuzz's units (see `faces.FIXED_PER_UNIT`)."""

    segments: int
    roots: float
    """Sum over all curves of the root of how far the middle of their control points bends off."""
    rise: float
    """Sum over all segments of how far they go up or down."""

    left: float
    low: float
    right: float
    high: float
    """What its control points lie between, y upwards."""

    def edges(self, unit: float) -> float:
        """Return the most edges that the outline becomes where a unit is `unit` px."""
        return 2 * self.segments + _EDGES_PER_ROOT * math.sqrt(unit) * self.roots


class Unit(NamedTuple):
    """Output px per unit of the font, across and up."""

    x: float
    y: float


class Outline(NamedTuple):
    """A glyph's outline in output px, its origin at (0, 0), y upwards: what its control points lie between, the most edges that it
    becomes, and how far these go up and down in sum."""

    left: float
    low: float
    right: float
    high: float
    edges: float
    rise: float


class Outlines:
    """The outlines of one font at axis values and at one scale, measured as they are asked for. `finer` is how many times as many rows
    as pixels are drawn."""

    __slots__ = ("_finer", "_known", "file", "font", "unit", "variations")

    def __init__(self, file: Font, variations: tuple[tuple[str, float], ...], unit: Unit, finer: int) -> None:
        self.file, self.variations, self.unit = file, variations, unit
        self.font = faces.font_of(file, variations)
        self._finer = finer
        self._known: dict[int, Outline | None] = {}

    def of(self, glyph_id: int) -> Outline | None:
        """Return the outline of a glyph, None where it has none."""
        try:
            return self._known[glyph_id]
        except KeyError:
            found = self._known[glyph_id] = self._measured(cost_of(self.file, self.variations, glyph_id))
            return found

    def _measured(self, cost: Cost) -> Outline | None:
        if not cost.segments:
            return None
        x, y = self.unit
        edges = cost.edges(max(x, y * self._finer))
        return Outline(cost.left * x, cost.low * y, cost.right * x, cost.high * y, edges, cost.rise * y * self._finer)


@functools.lru_cache(maxsize=256)  # an entry grows to 50 kB with a thousand glyphs
def outlines(file: Font, variations: tuple[tuple[str, float], ...], unit: Unit, finer: int) -> Outlines:
    """Return the process's outlines of a font at axis values and a scale."""
    return Outlines(file, variations, unit, finer)


@functools.lru_cache(maxsize=16_384)  # about 200 bytes each
def cost_of(font: Font, variations: tuple[tuple[str, float], ...], glyph_id: int) -> Cost:
    """Walk the outline of a glyph of `font` at these axis values. Costs about a microsecond a segment, once."""
    import uharfbuzz as hb

    walk = _Walk()
    listening = hb.DrawFuncs()
    listening.set_move_to_func(walk.move_to)
    listening.set_line_to_func(walk.line_to)
    listening.set_quadratic_to_func(walk.quadratic_to)
    listening.set_cubic_to_func(walk.cubic_to)
    faces.font_of(font, variations).draw_glyph(glyph_id, listening)
    across, up = walk.across or {0.0}, walk.up or {0.0}
    return Cost(walk.segments, walk.roots, walk.rise, min(across), min(up), max(across), max(up))


class _Walk:
    """Adds up an outline while HarfBuzz tells it."""

    def __init__(self) -> None:
        self.segments, self.roots, self.rise = 0, 0.0, 0.0
        self.across: set[float] = set()
        self.up: set[float] = set()
        self._x, self._y = 0.0, 0.0

    def move_to(self, x: float, y: float, _: object) -> None:
        self.segments += 1  # the edge that closes the contour
        self._reach(x, y)
        self._x, self._y = x, y

    def line_to(self, x: float, y: float, _: object) -> None:
        self._to(x, y, y)

    def quadratic_to(self, cx: float, cy: float, x: float, y: float, _: object) -> None:
        self.roots += math.sqrt(_bend(self._x, self._y, cx, cy, x, y))
        self._reach(cx, cy)
        self._to(x, y, cy)

    def cubic_to(self, ax: float, ay: float, bx: float, by: float, x: float, y: float, _: object) -> None:
        bend = max(_bend(self._x, self._y, ax, ay, bx, by), _bend(ax, ay, bx, by, x, y))
        self.roots += math.sqrt(3 * bend)  # its second derivative is up to three times a quadratic's
        self._reach(ax, ay)
        self._reach(bx, by)
        self.rise += abs(ay - by)
        self._to(x, y, ay)

    def _reach(self, x: float, y: float) -> None:
        self.across.add(x)
        self.up.add(y)

    def _to(self, x: float, y: float, by_way_of: float) -> None:
        self.segments += 1
        self._reach(x, y)
        self.rise += abs(by_way_of - self._y) + abs(y - by_way_of)
        self._x, self._y = x, y


def _bend(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> float:
    """Return how far the middle point lies from where it would make a straight line, times two."""
    return math.hypot(ax - 2 * bx + cx, ay - 2 * by + cy)
