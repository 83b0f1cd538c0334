"""How do polygons become coverage, and outlines become strokes? The compiled loops of `ink` and `strokes`.

float64 throughout, sums in a fixed order: the same edges give the same bytes on every machine. Importing this module imports numba:
callers import it inside the functions that draw.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from compositor._jit import compiled, inlinable
from compositor.kernel_shelf import Shelf

SCANLINES = 16
"""Of a row of pixels: where outlines overlap, coverage is the mean of so many lines, each exact from left to right."""

_TRUST = 1 / SCANLINES
"""As far as both ways of counting differ where nothing overlaps: one edge is off by half a line at most, two by one."""

_MOVES_PER_EDGE = 16
"""Crossings change order seldom from line to line; where they do more often than that, sorting anew is quicker."""

ROUND, BEVEL, MITER = range(3)
"""Joins of a stroke."""

_HALVINGS_MAX = 10
"""An arc of a quarter turn has 1,024 pieces at most: finer than 1/100 px at a radius of 10,000 px."""

Floats1 = NDArray[np.float64]
Floats2 = NDArray[np.float64]


class _InkKernel(NamedTuple):
    name: str


def find(name: str) -> Any:
    """Return the kernel `cover` or `stroke`, ready to run; see `compositor.kernel_shelf.Shelf.find`."""
    return _SHELF.find(_InkKernel(name))


@inlinable
def _add_area(area: Floats1, xa: float, xb: float, high: float) -> None:
    """Add what an edge from `xa` to `xb` that goes down by `high` (up, if negative) within one row covers to the right of it, as
    differences from column to column."""
    left, right = min(xa, xb), max(xa, xb)
    first = int(left)
    if right <= first + 1:
        part = high * (0.5 * (left + right) - first)
        area[first] += high - part
        area[first + 1] += part
        return
    slope = high / (right - left)
    # What lies right of the edge, summed over the columns up to and with this one, minus the same up to the one before.
    before, at, covered = 0.0, left, 0.0
    column = first
    while at < right:
        end = min(float(column + 1), right)
        share = slope * (end - at)
        now = covered + share * (column + 1 - 0.5 * (at + end))
        area[column] += now - before
        before, covered = now, covered + share
        at = end
        column += 1
    area[column] += high - before


@inlinable
def _add_span(spans: Floats1, left: float, right: float) -> None:
    """Add the coverage of a line from `left` to `right`, as differences from column to column."""
    first, last = int(left), int(right)
    spans[first] += 1 - (left - first)
    spans[first + 1] += left - first
    spans[last] -= 1 - (right - last)
    spans[last + 1] -= right - last


@inlinable
def _sort(order: NDArray[np.int64], places: Floats1, count: int) -> None:
    """Sort the first `count` of `order` and `places` by place: by insertion while little is out of order, else anew."""
    moves, limit = 0, _MOVES_PER_EDGE * count + 64
    for i in range(1, count):
        place, edge = places[i], order[i]
        j = i
        while j > 0 and places[j - 1] > place:
            places[j], order[j] = places[j - 1], order[j - 1]
            j -= 1
        places[j], order[j] = place, edge
        moves += i - j
        if moves > limit:
            break
    if moves > limit:
        found = np.argsort(places[:count], kind="mergesort")
        sorted_places, sorted_order = places[:count][found], order[:count][found]
        places[:count], order[:count] = sorted_places, sorted_order


def _cover(*, on_disk: bool) -> Any:
    """Return the kernel that covers pixels.

    `kernel(edges, signs, out)`: `edges` (n, 4) are x0, y0, x1, y1 with y0 < y1, sorted by y0, within the picture from left to right;
    `signs` (n,) is 1 for an edge that went down and -1 for one that went up; `out` (h, w) uint8 gets 255 where winding is not zero.

    Two counts are made of each pixel. The sum of signed areas is exact to the last bit, but wrong where outlines overlap within a pixel;
    sixteen lines, cut at their crossings, are right everywhere, but know heights to a sixteenth only. Where both agree as well as they
    can, the first is taken, else the second.
    """

    def cover(edges: Floats2, signs: NDArray[np.int64], out: NDArray[np.uint8]) -> None:
        height, width = out.shape
        area, spans = np.zeros(width + 3), np.zeros(width + 3)
        order, places = np.zeros(len(edges), np.int64), np.zeros(len(edges))
        count, coming = 0, 0
        for row in range(height):
            area[:] = 0.0
            spans[:] = 0.0
            while coming < len(edges) and edges[coming, 1] < row + 1:
                order[count] = coming
                count += 1
                coming += 1
            kept = 0
            for i in range(count):
                edge = order[i]
                if edges[edge, 3] > row:
                    order[kept] = edge
                    kept += 1
            count = kept
            if count == 0:
                continue
            for i in range(count):
                x0, y0, x1, y1 = edges[order[i], 0], edges[order[i], 1], edges[order[i], 2], edges[order[i], 3]
                top, bottom = max(y0, float(row)), min(y1, row + 1.0)
                if bottom <= top:
                    continue
                slope = (x1 - x0) / (y1 - y0)
                low, high = min(x0, x1), max(x0, x1)
                # Rounding may carry a place beyond both ends of its edge, and then beyond the picture.
                xa = min(max(x0 + (top - y0) * slope, low), high)
                xb = min(max(x0 + (bottom - y0) * slope, low), high)
                _add_area(area, xa, xb, (bottom - top) * signs[order[i]])
            for line in range(SCANLINES):
                y = row + (line + 0.5) / SCANLINES
                for i in range(count):
                    x0, y0, x1, y1 = edges[order[i], 0], edges[order[i], 1], edges[order[i], 2], edges[order[i], 3]
                    at = min(max(y, y0), y1)
                    places[i] = min(max(x0 + (at - y0) * ((x1 - x0) / (y1 - y0)), min(x0, x1)), max(x0, x1))
                _sort(order, places, count)
                winding, start = 0, 0.0
                for i in range(count):
                    if edges[order[i], 1] <= y < edges[order[i], 3]:
                        outside = winding == 0
                        winding += signs[order[i]]
                        if outside:
                            start = places[i]
                        elif winding == 0:
                            _add_span(spans, start, places[i])
            exact, counted = 0.0, 0.0
            for x in range(width):
                exact += area[x]
                counted += spans[x]
                whole, lines = min(abs(exact), 1.0), counted / SCANLINES
                chosen = whole if abs(whole - lines) <= _TRUST else min(max(lines, 0.0), 1.0)
                out[row, x] = np.uint8(chosen * 255 + 0.5)

    return compiled(cover, on_disk=on_disk)


@inlinable
def _put(out: Floats2, at: int, fill: bool, x0: float, y0: float, x1: float, y1: float) -> int:
    if fill:
        out[at, 0], out[at, 1], out[at, 2], out[at, 3] = x0, y0, x1, y1
    return at + 1


@inlinable
def _arc(
    out: Floats2,
    at: int,
    fill: bool,
    cx: float,
    cy: float,
    ax: float,
    ay: float,
    bx: float,
    by: float,
    radius: float,
    tolerance: float,
) -> int:
    """Put the arc around (cx, cy) from direction a to b (unit vectors at most a right angle apart, b clockwise of a as y points down)."""
    cosine = min(1.0, ax * bx + ay * by)
    halvings = 0
    while halvings < _HALVINGS_MAX and radius * (1 - np.sqrt(max(0.0, 0.5 * (1 + cosine)))) > tolerance:
        cosine = np.sqrt(max(0.0, 0.5 * (1 + cosine)))
        halvings += 1
    sine = np.sqrt(max(0.0, 1 - cosine * cosine))
    x, y = ax, ay
    for _ in range((1 << halvings) - 1):
        nx, ny = x * cosine - y * sine, x * sine + y * cosine
        at = _put(out, at, fill, cx + radius * x, cy + radius * y, cx + radius * nx, cy + radius * ny)
        x, y = nx, ny
    return _put(out, at, fill, cx + radius * x, cy + radius * y, cx + radius * bx, cy + radius * by)


@inlinable
def _join(
    out: Floats2, at: int, fill: bool, cx: float, cy: float, ax: float, ay: float, bx: float, by: float,
    ox: float, oy: float, radius: float, join: int, miter_limit: float, tolerance: float,
) -> int:  # fmt: skip
    """Put the outer side of a corner at (cx, cy), from direction a to b, whose middle is the unit vector o."""
    half = ax * ox + ay * oy
    ax0, ay0, bx0, by0 = cx + radius * ax, cy + radius * ay, cx + radius * bx, cy + radius * by
    if join == MITER and half * miter_limit >= 1:
        tx, ty = cx + ox * (radius / half), cy + oy * (radius / half)
        at = _put(out, at, fill, ax0, ay0, tx, ty)
        return _put(out, at, fill, tx, ty, bx0, by0)
    if join == ROUND:
        at = _arc(out, at, fill, cx, cy, ax, ay, ox, oy, radius, tolerance)
        return _arc(out, at, fill, cx, cy, ox, oy, bx, by, radius, tolerance)
    return _put(out, at, fill, ax0, ay0, bx0, by0)


def _stroke(*, on_disk: bool) -> Any:
    """Return the kernel that widens edges.

    `kernel(points, starts, smooth, radius, join, miter_limit, tolerance, out) -> count`: polygons as in `flatten.Polygons`, without
    edges of no length; `out` (n, 4) gets the edges of one polygon for each edge of theirs, with the corner at its end, all turning the
    same way, so that they overlap as nonzero winding wants them to. `out` of no rows only counts. Smooth corners are round.
    """

    def stroke(
        points: Floats2, starts: NDArray[np.int64], smooth: NDArray[np.bool_], radius: float, join: int, miter_limit: float,
        tolerance: float, out: Floats2,
    ) -> int:  # fmt: skip
        at, fill = 0, len(out) > 0
        for polygon in range(len(starts) - 1):
            first, end = starts[polygon], starts[polygon + 1]
            for i in range(first, end):
                j = i + 1 if i + 1 < end else first
                k = j + 1 if j + 1 < end else first
                px, py, qx, qy = points[i, 0], points[i, 1], points[j, 0], points[j, 1]
                dx, dy = qx - px, qy - py
                ex, ey = points[k, 0] - qx, points[k, 1] - qy
                long, far = np.sqrt(dx * dx + dy * dy), np.sqrt(ex * ex + ey * ey)
                if long == 0.0 or far == 0.0:
                    continue
                dx, dy, ex, ey = dx / long, dy / long, ex / far, ey / far
                # The middle of the outer side: away from both edges where the corner is sharp, between their normals where it is not.
                turn, same = dx * ey - dy * ex, dx * ex + dy * ey
                side = 1.0 if turn >= 0 else -1.0
                ox, oy = (dx - ex, dy - ey) if same < 0 else (side * (dy + ey), -side * (dx + ex))
                length = np.sqrt(ox * ox + oy * oy)
                ox, oy = ox / length, oy / length
                kind = ROUND if smooth[j] else join
                rx, ry, sx, sy = radius * dy, -radius * dx, radius * ey, -radius * ex
                at = _put(out, at, fill, px + rx, py + ry, qx + rx, qy + ry)
                if turn >= 0:
                    at = _join(out, at, fill, qx, qy, dy, -dx, ey, -ex, ox, oy, radius, kind, miter_limit, tolerance)
                    at = _put(out, at, fill, qx + sx, qy + sy, qx, qy)
                    at = _put(out, at, fill, qx, qy, qx - rx, qy - ry)
                else:
                    at = _put(out, at, fill, qx + rx, qy + ry, qx, qy)
                    at = _put(out, at, fill, qx, qy, qx - sx, qy - sy)
                    at = _join(out, at, fill, qx, qy, -ey, ex, -dy, dx, ox, oy, radius, kind, miter_limit, tolerance)
                at = _put(out, at, fill, qx - rx, qy - ry, px - rx, py - ry)
                at = _put(out, at, fill, px - rx, py - ry, px + rx, py + ry)
        return at

    return compiled(stroke, on_disk=on_disk)


def _make(wanted: _InkKernel, *, on_disk: bool) -> Any:
    return {"cover": _cover, "stroke": _stroke}[wanted.name](on_disk=on_disk)


def _nothing(wanted: _InkKernel) -> tuple[Any, ...]:
    four = np.zeros((0, 4))
    if wanted.name == "cover":
        return four, np.zeros(0, np.int64), np.zeros((0, 0), np.uint8)
    return np.zeros((0, 2)), np.zeros(1, np.int64), np.zeros(0, np.bool_), 1.0, ROUND, 4.0, 1.0, four


_SHELF = Shelf[_InkKernel](_make, _nothing)
