"""Is a point inside an outline, and which point surely is: winding numbers (SVG 2 §13.4.2).

Curves count as straight pieces, off by at most 1/4,096 of the outline's longer side. Pure arithmetic.
"""

import functools
import math

import numpy as np
from numpy.typing import NDArray

from engines.vector_core import curves
from engines.vector_core.curves import Point
from engines.vector_core.paths import CLOSE, Outline, Segment
from engines.vector_core.scene import FillRule

PIECE_SHARE = 1 / 4096
"""Of the outline's longer side: how far straight pieces may be off."""

TOUCH_SHARE = 1e-3
"""Of a contour's longer side: how far one inside it may reach over its box, by errors of rounding."""

EDGES_MAX = 100_000
"""Straight pieces of one outline of curves, beyond four for each: 20 MB. Outlines of very many curves are small ones."""

FLATTENED_KEPT = 32
"""Outlines kept in straight pieces: questions about one drawing come in numbers."""

Edge = tuple[Point, Point]


def inside(outline: Outline, rule: FillRule, x: float, y: float) -> bool:
    """Tell whether (x, y) is filled; open subpaths count as closed. Points on the outline may go either way."""
    box = curves.bounds(outline)
    if box is None or not (box.left <= x <= box.right and box.top <= y <= box.bottom):
        return False
    turns = sum(_crossing(edge, x, y) for edge in _edges(outline))
    return turns % 2 == 1 if rule == "evenodd" else turns != 0


def inner_point(contour: Outline) -> Point:
    """Return a point well inside a contour that does not cross itself: the middle of the widest inner stretch of a few
    level lines."""
    box = curves.bounds(contour)
    assert box is not None, "a contour has segments"
    best = (-1.0, (box.left, box.top))
    for part in (0.5, 0.37, 0.63, 0.21, 0.79):
        y = box.top + box.height * part
        xs = sorted(_at_level(edge, y) for edge in _edges(contour) if _crossing(edge, -math.inf, y))
        for left, right in zip(xs[::2], xs[1::2], strict=False):
            best = max(best, (right - left, ((left + right) / 2, y)))
    return best[1]


def orient(outline: Outline) -> Outline:
    """Return contours that do not cross, meant for the even-odd rule, turned so that both rules fill the same: outer ones
    clockwise on a screen, holes the other way.

    A contour that meets itself in one of its corners becomes several. Those without any area are dropped.
    """
    loops = [loop for contour in curves.subpaths(outline) for loop in _loops(contour)]
    sized = [(curves.signed_area(loop), loop) for loop in loops]
    largest = sorted((item for item in sized if item[0]), key=lambda item: -abs(item[0]))
    boxes = np.array([curves.bounds(loop) for _, loop in largest], np.float64).reshape(-1, 4)
    turned: list[Segment] = []
    for index, (area, loop) in enumerate(largest):
        candidates = np.flatnonzero(_around(boxes[index], boxes[:index]))
        at = inner_point(loop) if len(candidates) else (0.0, 0.0)
        depth = sum(inside(largest[other][1], "nonzero", *at) for other in candidates)
        turned += loop if (area > 0) == (depth % 2 == 0) else curves.reversed_contour(loop)
    return tuple(turned)


def _around(box: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which of `others` (left, top, right, bottom in each row) hold `box`, but for errors of rounding."""
    slack = TOUCH_SHARE * np.maximum(others[:, 2] - others[:, 0], others[:, 3] - others[:, 1])
    low = (box[:2] >= others[:, :2] - slack[:, None]).all(axis=1)
    high = (box[2:] <= others[:, 2:] + slack[:, None]).all(axis=1)
    return np.asarray(low & high)


def _loops(contour: Outline) -> list[Outline]:
    """Return a closed contour cut wherever it comes back to a corner that it has been at."""
    assert contour[0].verb == "M", "outlines begin with a move"
    loops: list[Outline] = []
    start = contour[0].numbers
    places: dict[tuple[float, ...], int] = {start: 0}
    trail: list[Segment] = []
    ends: list[tuple[float, ...]] = [start]
    for segment in contour[1:]:
        step = Segment("L", start) if segment.verb == "Z" else segment
        end = step.numbers[-2:]
        if step.verb == "L" and end == ends[-1]:
            continue
        trail.append(step)
        ends.append(end)
        if end in places:
            first = places[end]
            loops.append(_loop(end, trail[first:]))
            for place in ends[first + 1 : -1]:
                places.pop(place, None)
            del trail[first:], ends[first + 1 :]
        else:
            places[end] = len(trail)
    if trail:
        loops.append(_loop(start, trail))
    return loops


def _loop(start: tuple[float, ...], steps: list[Segment]) -> Outline:
    """Return a closed contour; a line back to the start is what closing draws anyway."""
    last = steps[-1]
    return (Segment("M", start), *(steps[:-1] if last.verb == "L" and last.numbers == start else steps), CLOSE)


@functools.lru_cache(maxsize=FLATTENED_KEPT)
def _edges(outline: Outline) -> tuple[Edge, ...]:
    box = curves.bounds(outline)
    side = max(box.width, box.height) if box else 0.0
    pieces_max = max(4, min(curves.PIECES_MAX, EDGES_MAX // max(len(outline), 1)))
    lines = curves.flatten(outline, (side or 1.0) * PIECE_SHARE, pieces_max)
    return tuple(
        edge
        for line in lines
        for edge in zip(line.points, line.points[1:] + line.points[:1], strict=True)
        if edge[0][1] != edge[1][1]
    )


def _crossing(edge: Edge, x: float, y: float) -> int:
    """Return +1 or -1 for an edge that crosses the ray from (x, y) to the right, downwards or upwards, else 0."""
    (_, y0), (_, y1) = edge
    if (y0 <= y) == (y1 <= y):
        return 0
    if x != -math.inf and _at_level(edge, y) <= x:
        return 0
    return 1 if y1 > y0 else -1


def _at_level(edge: Edge, y: float) -> float:
    (x0, y0), (x1, y1) = edge
    return x0 + (y - y0) / (y1 - y0) * (x1 - x0)
