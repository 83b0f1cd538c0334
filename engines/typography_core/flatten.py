"""How do curves become straight edges, finely enough that nobody sees them?

Every curve is cut at even steps of its parameter, as many as keep each chord within a tolerance of it: a curve whose second derivative is
at most B leaves a chord over a step h by at most B h² / 8. Square roots and products only, so that the same curves give the same edges
on every machine. Pure. The main path is `polygons`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.typography_core.errors import TextLimitError
from engines.typography_core.outlines import CLOSE, CUBIC, LINE, MOVE, POINTS, QUAD, Contours

TOLERANCE_PX = 1 / 64
"""How far an edge may lie from its curve: 4/255 of a pixel's coverage at most, and 1/255 on average at edges
of letters. Half of it takes half as much time again."""

VERTICES_MAX = 8_000_000
"""Corners of all polygons, 16 bytes each and some hundred more while they are drawn."""


class Polygons(NamedTuple):
    """Closed polygons: `points` (n, 2) float64; `starts` (k + 1,) where each begins, and n; `smooth` (n,) says that a corner is only there
    because a curve was cut."""

    points: NDArray[np.float64]
    starts: NDArray[np.int64]
    smooth: NDArray[np.bool_]


def polygons(contours: Contours, tolerance: float = TOLERANCE_PX) -> Polygons:
    """Return `contours` as polygons that leave them by `tolerance` at most. Raises TextLimitError past `VERTICES_MAX`, before any is
    made."""
    drawn = contours.verbs != CLOSE
    verbs, points = contours.verbs[drawn], contours.points
    if not len(verbs):
        return Polygons(np.zeros((0, 2)), np.zeros(1, np.int64), np.zeros(0, np.bool_))
    ends = np.cumsum(POINTS[verbs]) - 1
    pieces = _pieces(verbs, points, ends, tolerance)
    total = float(pieces.sum())
    if not total <= VERTICES_MAX:
        raise TextLimitError("outlines", total, VERTICES_MAX, "corners")
    count = pieces.astype(np.int64)
    segment = np.repeat(np.arange(len(verbs)), count)
    first = np.cumsum(count) - count
    step = np.arange(len(segment)) - first[segment] + 1
    made = _points_at(verbs[segment], points, ends[segment], step / count[segment])
    starts = np.append(first[verbs == MOVE], len(segment))
    return Polygons(made, starts, step != count[segment])


def edges(shape: Polygons) -> NDArray[np.float64]:
    """Return the edges (x0, y0, x1, y1) of all polygons, each closed, (n, 4)."""
    return np.concatenate([shape.points, shape.points[following(shape)]], axis=1)


def following(shape: Polygons) -> NDArray[np.int64]:
    """Return the index of the corner after each one, around its polygon."""
    after = np.arange(1, len(shape.points) + 1)
    used = shape.starts[1:] > shape.starts[:-1]
    after[shape.starts[1:][used] - 1] = shape.starts[:-1][used]
    return after


def _pieces(
    verbs: NDArray[np.uint8], points: NDArray[np.float64], ends: NDArray[np.int64], tolerance: float
) -> NDArray[np.float64]:
    """Return into how many pieces each segment is cut."""
    bend = np.zeros(len(verbs))
    quads, cubics = verbs == QUAD, verbs == CUBIC
    a, b, c = (points[ends[quads] - back] for back in (2, 1, 0))
    bend[quads] = 2 * _length(a - 2 * b + c)
    a, b, c, d = (points[ends[cubics] - back] for back in (3, 2, 1, 0))
    bend[cubics] = 6 * np.maximum(_length(a - 2 * b + c), _length(b - 2 * c + d))
    return np.maximum(1.0, np.ceil(np.sqrt(bend / (8 * tolerance))))


def _length(way: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.sqrt(way[:, 0] * way[:, 0] + way[:, 1] * way[:, 1])
    return found


def _points_at(
    verbs: NDArray[np.uint8], points: NDArray[np.float64], ends: NDArray[np.int64], part: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return where each segment is at `part` of its way, 0 to 1."""
    made = np.empty((len(verbs), 2))
    straight = (verbs == MOVE) | (verbs == LINE)
    made[straight] = points[ends[straight]]
    quads, cubics = verbs == QUAD, verbs == CUBIC
    t = part[quads, None]
    a, b, c = (points[ends[quads] - back] for back in (2, 1, 0))
    made[quads] = a * ((1 - t) * (1 - t)) + b * (2 * t * (1 - t)) + c * (t * t)
    t = part[cubics, None]
    a, b, c, d = (points[ends[cubics] - back] for back in (3, 2, 1, 0))
    s = 1 - t
    made[cubics] = a * (s * s * s) + b * (3 * s * s * t) + c * (3 * s * t * t) + d * (t * t * t)
    return made
