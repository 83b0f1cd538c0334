"""Where does a stroke reach, without its outline: the box around what a pen covers along lines and curves (SVG 2 §13.5).

A stroke is the union of what lies across its path: straight pieces as wide as the pen at each point, joins and caps. The box
is that of the ends of these pieces where a segment begins, ends or turns round, of the corners of joins and of caps. That is
exact as long as curves bend less than the pen; where they may not, and for dashes, there is no answer here and the caller
takes the outline. Pure arithmetic on floats. Main path: `box`.
"""

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from engines.vector_core import curves
from engines.vector_core.affine import Matrix
from engines.vector_core.curves import Box, Point
from engines.vector_core.paths import Outline
from engines.vector_core.scene import Stroke

SPLITS_MAX = 4
"""How often a cubic is cut in two to see that it bends less than the pen: sixteen pieces."""

SMOOTH = 1e-12
"""Sine of the turn at a join that is none."""


class _Piece(NamedTuple):
    """A segment with a length: its points, and the unit vectors in which it leaves and arrives."""

    points: tuple[Point, ...]
    leaves: Point
    arrives: Point


class _Subpath(NamedTuple):
    pieces: tuple[_Piece, ...]
    closed: bool


def box(outline: Outline, stroke: Stroke, matrix: Matrix) -> Box | None:
    """Return the box around a centred stroke, mapped by `matrix`; None where only the outline of the stroke tells."""
    if stroke.dash or stroke.width <= 0:
        return None
    half = stroke.width / 2
    reach = _Reach(matrix, half)
    for subpath in _subpaths(outline):
        if not subpath.pieces or any(not _bends_less(piece.points, 1 / half) for piece in subpath.pieces):
            return None
        for piece in subpath.pieces:
            reach.along(piece)
        pairs = list(zip(subpath.pieces, subpath.pieces[1:], strict=False))
        if subpath.closed:
            pairs.append((subpath.pieces[-1], subpath.pieces[0]))
        else:
            first, last = subpath.pieces[0], subpath.pieces[-1]
            reach.cap(first.points[0], (-first.leaves[0], -first.leaves[1]), stroke)
            reach.cap(last.points[-1], last.arrives, stroke)
        for one, two in pairs:
            reach.join(two.points[0], one.arrives, two.leaves, stroke)
    return reach.found()


class _Reach:
    """The smallest box so far, for a pen of `half` its width, in the coordinates that `matrix` maps to."""

    def __init__(self, matrix: Matrix, half: float) -> None:
        self._half = half
        self._axes = ((matrix.a, matrix.c, matrix.e), (matrix.b, matrix.d, matrix.f))
        self._lengths = tuple(math.hypot(across, down) for across, down, _ in self._axes)
        self._low = [math.inf, math.inf]
        self._high = [-math.inf, -math.inf]

    def found(self) -> Box | None:
        if self._low[0] > self._high[0]:
            return None
        return Box(self._low[0], self._low[1], self._high[0], self._high[1])

    def _add(self, x: float, y: float) -> None:
        for axis, (across, down, offset) in enumerate(self._axes):
            value = across * x + down * y + offset
            if value < self._low[axis]:
                self._low[axis] = value
            if value > self._high[axis]:
                self._high[axis] = value

    def along(self, piece: _Piece) -> None:
        """Add both sides of a segment."""
        half = self._half
        for (x, y), (along_x, along_y) in ((piece.points[0], piece.leaves), (piece.points[-1], piece.arrives)):
            self._add(x - along_y * half, y + along_x * half)
            self._add(x + along_y * half, y - along_x * half)
        if len(piece.points) == 2:
            return
        for axis, (across, down, offset) in enumerate(self._axes):
            # Where the curve turns round along an axis, the piece across it lies along that axis.
            values = [across * x + down * y + offset for x, y in piece.points]
            for value in curves.turning_values(values):
                self._low[axis] = min(self._low[axis], value - self._lengths[axis] * half)
                self._high[axis] = max(self._high[axis], value + self._lengths[axis] * half)

    def cap(self, at: Point, out: Point, stroke: Stroke) -> None:
        """Add the cap at an end of an open subpath, which goes on in the direction `out`."""
        half = self._half
        if stroke.cap == "square":
            x, y = at[0] + out[0] * half, at[1] + out[1] * half
            self._add(x - out[1] * half, y + out[0] * half)
            self._add(x + out[1] * half, y - out[0] * half)
        elif stroke.cap == "round":
            for x, y in self._directions():
                if x * out[0] + y * out[1] >= 0:
                    self._add(at[0] + x * half, at[1] + y * half)

    def join(self, at: Point, into: Point, out: Point, stroke: Stroke) -> None:
        """Add what fills the outer side of a corner."""
        half = self._half
        sine = into[0] * out[1] - into[1] * out[0]
        cosine = into[0] * out[0] + into[1] * out[1]
        if stroke.join == "bevel" or (abs(sine) <= SMOOTH and cosine > 0):
            return
        side = -1.0 if sine > 0 else 1.0
        one, two = (-side * into[1], side * into[0]), (-side * out[1], side * out[0])
        if stroke.join == "miter":
            middle = (one[0] + two[0], one[1] + two[1])
            square = middle[0] ** 2 + middle[1] ** 2
            # SVG 2 §13.5.5: the miter's length by the stroke's width is 2 / |middle|.
            if square * stroke.miter_limit**2 >= 4:
                self._add(at[0] + middle[0] * 2 * half / square, at[1] + middle[1] * 2 * half / square)
            return
        for x, y in self._directions():
            if abs(sine) <= SMOOTH:
                within = x * into[0] + y * into[1] >= 0
            else:
                # Between both normals, on the side of the turn.
                within = (one[0] * y - one[1] * x) * sine >= 0 and (x * two[1] - y * two[0]) * sine >= 0
            if within:
                self._add(at[0] + x * half, at[1] + y * half)

    def _directions(self) -> Iterator[Point]:
        """Yield the unit vectors that lead farthest along the axes, both ways."""
        for (across, down, _), size in zip(self._axes, self._lengths, strict=True):
            if size > 0:
                yield across / size, down / size
                yield -across / size, -down / size


def _subpaths(outline: Outline) -> Iterator[_Subpath]:
    """Yield each subpath that is drawn; one without any piece has no length."""
    for contour in curves.subpaths(curves.as_curves(outline)):
        pieces: list[_Piece] = []
        at = start = (contour[0].numbers[0], contour[0].numbers[1])
        closed = False
        for verb, numbers in contour[1:]:
            if verb == "Z":
                closed = True
                points: tuple[Point, ...] = (at, start)
            else:
                points = (at, *((numbers[i], numbers[i + 1]) for i in range(0, len(numbers), 2)))
            at = points[-1]
            leaves = _direction(points[0], points[1:])
            if leaves is not None:
                back = _direction(points[-1], points[-2::-1])
                assert back is not None, "a curve that leaves a point arrives at one"
                pieces.append(_Piece(points, leaves, (-back[0], -back[1])))
        if len(contour) > 1:
            yield _Subpath(tuple(pieces), closed)


def _direction(start: Point, others: tuple[Point, ...]) -> Point | None:
    for x, y in others:
        across, down = x - start[0], y - start[1]
        size = math.hypot(across, down)
        if size > 0:
            return across / size, down / size
    return None


def _bends_less(points: tuple[Point, ...], limit: float, splits: int = SPLITS_MAX) -> bool:
    """Tell whether a segment surely bends less than `limit` (1 / radius) everywhere."""
    if len(points) == 2:
        return True
    steps = [(q[0] - p[0], q[1] - p[1]) for p, q in itertools.pairwise(points)]
    degree = len(steps)
    turns = [(q[0] - p[0], q[1] - p[1]) for p, q in itertools.pairwise(steps)]
    slowest = degree * _nearest(steps)
    if degree == 2:
        bend = 4 * abs(steps[0][0] * steps[1][1] - steps[0][1] * steps[1][0])
    else:
        # |p' x p''| is at most the product of the largest of both.
        bend = 3 * max(math.hypot(*step) for step in steps) * 6 * max(math.hypot(*turn) for turn in turns)
    if slowest > 0 and bend < limit * slowest**3:
        return True
    return splits > 0 and degree == 3 and all(_bends_less(part, limit, splits - 1) for part in _halves(points))


def _nearest(steps: list[Point]) -> float:
    """Return how near to 0 the hull of two or three vectors comes; 0 where it holds 0."""
    if len(steps) == 3:
        turns = [p[0] * q[1] - p[1] * q[0] for p, q in zip(steps, steps[1:] + steps[:1], strict=True)]
        if min(turns) > 0 or max(turns) < 0:
            return 0.0
    return min(_to_line(p, q) for p, q in zip(steps, steps[1:] + steps[:1], strict=True))


def _to_line(p: Point, q: Point) -> float:
    """Return the distance of (0, 0) from the line between two points."""
    across, down = q[0] - p[0], q[1] - p[1]
    square = across * across + down * down
    share = 0.0 if square == 0 else min(1.0, max(0.0, -(p[0] * across + p[1] * down) / square))
    return math.hypot(p[0] + across * share, p[1] + down * share)


def _halves(points: tuple[Point, ...]) -> tuple[tuple[Point, ...], tuple[Point, ...]]:
    """Return a curve cut at its middle (de Casteljau)."""
    rows = [list(points)]
    while len(rows[-1]) > 1:
        rows.append([((p[0] + q[0]) / 2, (p[1] + q[1]) / 2) for p, q in zip(rows[-1], rows[-1][1:], strict=False)])
    return tuple(row[0] for row in rows), tuple(row[-1] for row in reversed(rows))
