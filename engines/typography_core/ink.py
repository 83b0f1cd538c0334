"""How much of each pixel do free paths cover: strokes, lines, letters that are turned?

HarfBuzz draws glyphs and nothing else; here any edges are covered, with nonzero winding, by a loop of our own (`ink_kernels`). Rows are
made
one after the other, so that a large picture takes no more memory than itself. What is too large or too much work is refused before. The
main path is `cover_edges`.
"""

import math

import numpy as np
from numpy.typing import NDArray

from engines.typography_core.errors import TextLimitError
from engines.typography_core.raster import COVERAGE_PIXELS_MAX, Coverage

EDGES_MAX = 5_000_000
"""Edges of one picture: 160 MB, and twice as much again while they are sorted."""

CROSSINGS_MAX = 60_000_000
"""Pixels that edges cross, and three for each edge: some six seconds, twenty where edges cross each other all the time. A headline of 40
letters at 64 px, with a stroke, has 200,000."""

NO_INK = Coverage(np.zeros((0, 0), np.uint8), 0, 0)


def cover_edges(edges: NDArray[np.float64]) -> Coverage:
    """Return the coverage of closed polygons, given as their edges (x0, y0, x1, y1) in output px, (n, 4), y downwards.

    Exact where nothing overlaps; where outlines cross within a pixel, the mean of sixteen lines. Raises TextLimitError past
    `COVERAGE_PIXELS_MAX`, `EDGES_MAX` and `CROSSINGS_MAX`, before any pixel is made.
    """
    if len(edges) > EDGES_MAX:
        raise TextLimitError("outlines", len(edges), EDGES_MAX, "edges")
    if not len(edges):
        return NO_INK
    left, top, width, height = _bounds(edges)
    crossings = float(np.abs(edges[:, 2:] - edges[:, :2]).sum()) + 3 * len(edges)
    if not crossings <= CROSSINGS_MAX:
        raise TextLimitError("outlines", crossings, CROSSINGS_MAX, "edges times pixels crossed")
    from engines.typography_core import ink_kernels

    out = np.zeros((height, width), np.uint8)
    ink_kernels.find("cover")(*_ready(edges, left, top), out)
    return Coverage(out, left, top)


def _bounds(edges: NDArray[np.float64]) -> tuple[int, int, int, int]:
    """Return the whole pixels that the edges lie within: left, top, width, height. Raises TextLimitError."""
    low, high = edges.min(axis=0).tolist(), edges.max(axis=0).tolist()
    left, top, right, bottom = min(low[0], low[2]), min(low[1], low[3]), max(high[0], high[2]), max(high[1], high[3])
    pixels = (right - left + 2) * (bottom - top + 2)
    if not pixels <= COVERAGE_PIXELS_MAX:
        raise TextLimitError("coverage", pixels, COVERAGE_PIXELS_MAX, "pixels")
    x, y = math.floor(left), math.floor(top)
    return x, y, max(1, math.ceil(right) - x), max(1, math.ceil(bottom) - y)


def _ready(edges: NDArray[np.float64], left: int, top: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return edges and signs as the kernel takes them: downwards, from the picture's corner on, the highest first."""
    sloped = edges[edges[:, 1] != edges[:, 3]]
    down = sloped[:, 3] > sloped[:, 1]
    turned = np.where(down[:, None], sloped, sloped[:, [2, 3, 0, 1]])
    turned -= np.array([left, top, left, top], np.float64)
    order = np.argsort(turned[:, 1], kind="stable")
    return np.ascontiguousarray(turned[order]), np.where(down, 1, -1)[order].astype(np.int64)
