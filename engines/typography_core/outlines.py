"""Which lines and curves bound the ink of a text?

Glyphs where they go, as paths in px of the text's box: for strokes, for lines that step aside for ink, for text on a path, and for
files that
hold outlines. Plain glyphs are drawn by `raster` without them. Values only, no pixels; colours of colour fonts are no outlines. The main
path is `letters` -> `contours_of`.
"""

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.typography_core import faces
from engines.typography_core.errors import TextLimitError
from engines.typography_core.font_types import Font, FontInstance
from engines.typography_core.look import Look
from engines.typography_core.outline_cost import cost_of
from engines.typography_core.shaping import PlacedRun

MOVE, LINE, QUAD, CUBIC, CLOSE = range(5)
"""The verbs of a path; each takes as many points as `POINTS` says, the last of which is where it arrives."""

POINTS = np.array([1, 1, 2, 3, 0], np.int64)

SEGMENTS_MAX = 2_000_000
"""Lines and curves of a text: 60,000 letters of thirty each, 100 MB. Glyphs are counted before they are read."""

_DECIMALS = 4
"""Of coordinates in SVG: a ten-thousandth of a px is nowhere seen, and floats would show noise behind it."""


class Contours(NamedTuple):
    """Closed contours: `verbs` (n,) uint8 and `points` (m, 2) float64, px, y downwards. Nonzero winding is inside. Never written."""

    verbs: NDArray[np.uint8]
    points: NDArray[np.float64]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of what the control points lie between; zeros without any."""
        if not len(self.points):
            return 0.0, 0.0, 0.0, 0.0
        (left, top), (right, bottom) = self.points.min(axis=0).tolist(), self.points.max(axis=0).tolist()
        return left, top, right, bottom


class Letter(NamedTuple):
    """A glyph and where its origin goes, in px of the text's box, y downwards; (`cos`, `sin`) is the direction of its
    baseline, `look` its own, as in a `PlacedRun`."""

    font: FontInstance
    size: float
    glyph_id: int
    x: float
    y: float
    cos: float = 1.0
    sin: float = 0.0
    look: Look | None = None


EMPTY = Contours(np.zeros(0, np.uint8), np.zeros((0, 2)))


def letters(runs: Iterable[PlacedRun]) -> list[Letter]:
    """Return the glyphs of `runs` in their order, at HarfBuzz's own places, not rounded."""
    return [
        Letter(run.font, run.size, glyph.glyph_id, run.x + glyph.x, run.baseline + glyph.y, look=run.look)
        for run in runs
        for glyph in run.glyphs
    ]


def contours_of(placed: Sequence[Letter]) -> Contours:
    """Return the outlines of all letters as one. Overlapping ones stay as they are. Raises TextLimitError past `SEGMENTS_MAX`."""
    return joined(each(placed))


def each(placed: Sequence[Letter]) -> Iterator[Contours]:
    """Yield the outline of each letter, an empty one where there is none. Raises TextLimitError before the first."""
    designs: dict[tuple[int, float], tuple[tuple[str, float], ...]] = {}
    for letter in placed:
        key = (id(letter.font), letter.size)
        if key not in designs:
            designs[key] = tuple(letter.font.variations(letter.size).items())
    total = 0
    for letter in placed:
        total += cost_of(letter.font.font, designs[id(letter.font), letter.size], letter.glyph_id).segments
        if total > SEGMENTS_MAX:
            raise TextLimitError("outlines", total, SEGMENTS_MAX, "segments")
    return (_outline(letter, designs[id(letter.font), letter.size]) for letter in placed)


def joined(parts: Iterable[Contours]) -> Contours:
    """Return all contours of `parts` as one value, in order."""
    every = [part for part in parts if len(part.verbs)]
    if not every:
        return EMPTY
    return Contours(np.concatenate([part.verbs for part in every]), np.concatenate([part.points for part in every]))


def to_svg_path(contours: Contours) -> str:
    """Return the path data (SVG 2 §9.3) of `contours`: M, L, Q, C and Z, absolute, to 1/10,000 px.

    >>> to_svg_path(Contours(np.array([0, 1, 2, 4], np.uint8), np.array([[0, 0], [1.5, 0], [2, 0], [2, 1.25]])))
    'M0 0L1.5 0Q2 0 2 1.25Z'
    """
    rounded = (np.round(contours.points, _DECIMALS) + 0.0).tolist()
    words, at = [], 0
    for verb in contours.verbs.tolist():
        count = int(POINTS[verb])
        numbers = " ".join(_number(part) for point in rounded[at : at + count] for part in point)
        words.append("MLQCZ"[verb] + numbers)
        at += count
    return "".join(words)


def _number(value: float) -> str:
    return f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")


def _outline(letter: Letter, design: tuple[tuple[str, float], ...]) -> Contours:
    glyph = _glyph(letter.font.font, design, letter.glyph_id)
    if not len(glyph.verbs):
        return EMPTY
    unit = letter.size / faces.units(letter.font.font)
    across, up = glyph.points[:, 0] * unit, glyph.points[:, 1] * unit
    points = np.empty_like(glyph.points)
    # Upwards is minus the y of the box: the glyph's (across, up) is turned with its baseline.
    points[:, 0] = letter.x + across * letter.cos + up * letter.sin
    points[:, 1] = letter.y + across * letter.sin - up * letter.cos
    return Contours(glyph.verbs, points)


@functools.lru_cache(maxsize=4096)  # about 2 kB each
def _glyph(font: Font, design: tuple[tuple[str, float], ...], glyph_id: int) -> Contours:
    """Return the outline of a glyph in HarfBuzz's units (see `faces.FIXED_PER_UNIT`), y upwards."""
    import uharfbuzz as hb

    pen = _Pen()
    listening = hb.DrawFuncs()
    listening.set_move_to_func(pen.move_to)
    listening.set_line_to_func(pen.line_to)
    listening.set_quadratic_to_func(pen.quadratic_to)
    listening.set_cubic_to_func(pen.cubic_to)
    listening.set_close_path_func(pen.close)
    faces.font_of(font, design).draw_glyph(glyph_id, listening)
    verbs, points = np.array(pen.verbs, np.uint8), np.array(pen.numbers, np.float64).reshape(-1, 2)
    verbs.setflags(write=False)
    points.setflags(write=False)
    return Contours(verbs, points)


class _Pen:
    """Writes down an outline while HarfBuzz tells it."""

    def __init__(self) -> None:
        self.verbs: list[int] = []
        self.numbers: list[float] = []

    def move_to(self, x: float, y: float, _: object) -> None:
        self._add(MOVE, x, y)

    def line_to(self, x: float, y: float, _: object) -> None:
        self._add(LINE, x, y)

    def quadratic_to(self, cx: float, cy: float, x: float, y: float, _: object) -> None:
        self._add(QUAD, cx, cy, x, y)

    def cubic_to(self, ax: float, ay: float, bx: float, by: float, x: float, y: float, _: object) -> None:
        self._add(CUBIC, ax, ay, bx, by, x, y)

    def close(self, _: object) -> None:
        self.verbs.append(CLOSE)

    def _add(self, verb: int, *numbers: float) -> None:
        assert all(map(math.isfinite, numbers)), "HarfBuzz tells whole numbers"
        self.verbs.append(verb)
        self.numbers += numbers
