"""How a picture is drawn through a map that turns or shears: each target pixel gathers the source pixels under it.

Places are float64 in pixels of the source, of which pixel (i, j) covers the square from (j, i) to (j + 1, i + 1).
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.blend_kernels import Kernel, Planes
from compositor.mapping import STEPS

COVERED_MIN = 2.0**-24
"""Less coverage than this shows in no format, and may be no more than rounding."""
TOTAL_MIN = 1 / 16
"""Where weights cancel to less than this part of their magnitudes, their mean means nothing: the nearest pixel is taken.
It happens in sharp corners of strongly sheared pictures only, where a filter's middle lies outside.
"""
CORNERS_MAX = 8
"""Most corners of a parallelogram cut by four lines."""

Floats = npt.NDArray[np.float64]


@inlinable
def _cut(before: Floats, count: int, after: Floats, axis: int, sign: float, limit: float) -> int:
    """Sutherland and Hodgman: keep what of a convex polygon, (2, count) corners, has sign * place <= limit."""
    kept = 0
    for k in range(count):
        m = k + 1 if k + 1 < count else 0
        here, there = sign * before[axis, k] - limit, sign * before[axis, m] - limit
        if here <= 0:
            after[0, kept], after[1, kept] = before[0, k], before[1, k]
            kept += 1
        if (here < 0 and there > 0) or (here > 0 and there < 0):
            part = here / (here - there)
            after[0, kept] = before[0, k] + part * (before[0, m] - before[0, k])
            after[1, kept] = before[1, k] + part * (before[1, m] - before[1, k])
            kept += 1
    return kept


@inlinable
def _coverage(u: float, v: float, inverse: Floats, width: int, height: int, corners: Floats) -> float:
    """How much of the target pixel whose centre lies at (u, v) falls on the picture: 0 to 1, exact."""
    half_u, half_v = (abs(inverse[0]) + abs(inverse[1])) / 2, (abs(inverse[3]) + abs(inverse[4])) / 2
    if u - half_u >= 0 and u + half_u <= width and v - half_v >= 0 and v + half_v <= height:
        return 1.0
    if u + half_u <= 0 or u - half_u >= width or v + half_v <= 0 or v - half_v >= height:
        return 0.0
    one, two = corners[0], corners[1]
    for k in range(4):
        across, down = (0.5 if k in (1, 2) else -0.5), (0.5 if k >= 2 else -0.5)
        one[0, k] = u + inverse[0] * across + inverse[1] * down
        one[1, k] = v + inverse[3] * across + inverse[4] * down
    count = _cut(one, 4, two, 0, -1.0, 0.0)
    count = _cut(two, count, one, 0, 1.0, 1.0 * width)
    count = _cut(one, count, two, 1, -1.0, 0.0)
    count = _cut(two, count, one, 1, 1.0, 1.0 * height)
    doubled = 0.0
    for k in range(count):
        m = k + 1 if k + 1 < count else 0
        doubled += (one[0, k] - u) * (one[1, m] - v) - (one[0, m] - u) * (one[1, k] - v)
    covered = abs(doubled) / (2 * abs(inverse[0] * inverse[4] - inverse[1] * inverse[3]))
    if covered < COVERED_MIN:
        return 0.0
    return covered if covered < 1.0 else 1.0


@inlinable
def _weight(profile: Floats, distance: float) -> float:
    place = abs(distance) * STEPS
    # Rounding may take a distance past the support by an ulp.
    step = min(math.floor(place), profile.size - 2)
    return profile[step] + (place - step) * (profile[step + 1] - profile[step])  # type: ignore[no-any-return]  # float64


@inlinable
def _gather(
    planes: Planes,
    row: int,
    column: int,
    width: int,
    height: int,
    u: float,
    v: float,
    metric: Floats,
    support: float,
    profile: Floats,
    sums: Floats,
) -> tuple[float, float]:
    """Add the weighted source pixels around (u, v) to `sums`; return what the weights and their magnitudes add up to."""
    total, gross = 0.0, 0.0
    p, q, r, s = metric[0], metric[1], metric[2], metric[3]
    size = p * s - q * r
    reach = support * (abs(r) + abs(p)) / size
    for i in range(max(0, math.ceil(v - reach - 0.5)), min(height - 1, math.floor(v + reach - 0.5)) + 1):
        dy = i + 0.5 - v
        low, high = -u, width - u
        for a, b in ((p, q), (r, s)):
            if a != 0:
                one, two = (-support - b * dy) / a, (support - b * dy) / a
                low, high = max(low, min(one, two)), min(high, max(one, two))
            elif abs(b * dy) > support:
                high = low - 2.0
        # Where nothing is left, `low` may be too large for an integer.
        first, last = (math.ceil(u + low - 0.5), math.floor(u + high - 0.5)) if low <= high else (0, -1)
        for j in range(max(0, first), min(width - 1, last) + 1):
            dx = j + 0.5 - u
            weight = _weight(profile, p * dx + q * dy) * _weight(profile, r * dx + s * dy)
            total += weight
            gross += abs(weight)
            for plane in range(planes.shape[0]):
                sums[plane] += weight * planes[plane, i - row, j - column]
    return total, gross


@inlinable
def _gather_upright(
    planes: Planes,
    row: int,
    column: int,
    width: int,
    height: int,
    u: float,
    v: float,
    metric: Floats,
    support: float,
    profile: Floats,
    sums: Floats,
    line: Floats,
) -> tuple[float, float]:
    """As `_gather`, for a metric without shear, whose weights are products: those of a row are the same in all rows."""
    across, down = support / metric[0], support / metric[3]
    first, last = max(0, math.ceil(u - across - 0.5)), min(width - 1, math.floor(u + across - 0.5))
    total_x, gross_x = 0.0, 0.0
    for j in range(first, last + 1):
        line[j - first] = _weight(profile, metric[0] * (j + 0.5 - u))
        total_x += line[j - first]
        gross_x += abs(line[j - first])
    total_y, gross_y = 0.0, 0.0
    for i in range(max(0, math.ceil(v - down - 0.5)), min(height - 1, math.floor(v + down - 0.5)) + 1):
        weight = _weight(profile, metric[3] * (i + 0.5 - v))
        total_y += weight
        gross_y += abs(weight)
        for plane in range(planes.shape[0]):
            source, collected = planes[plane, i - row], 0.0
            for j in range(first, last + 1):
                collected += line[j - first] * source[j - column]
            sums[plane] += weight * collected
    return total_x * total_y, gross_x * gross_y


@inlinable
def _mean(
    planes: Planes,
    row: int,
    column: int,
    width: int,
    height: int,
    u: float,
    v: float,
    metric: Floats,
    support: float,
    profile: Floats,
    sums: Floats,
    line: Floats,
) -> None:
    """Fill `sums` with the weighted mean of the source pixels around (u, v)."""
    sums[:] = 0.0
    if metric[1] == 0 and metric[2] == 0:
        total, gross = _gather_upright(planes, row, column, width, height, u, v, metric, support, profile, sums, line)
    else:
        total, gross = _gather(planes, row, column, width, height, u, v, metric, support, profile, sums)
    if total <= TOTAL_MIN * gross:
        i, j = min(math.floor(v), height - 1), min(math.floor(u), width - 1)
        for plane in range(planes.shape[0]):
            sums[plane] = planes[plane, i - row, j - column]
        total = 1.0
    for plane in range(planes.shape[0]):
        sums[plane] /= total


def warp(*, on_disk: bool) -> Kernel:
    """Return the kernel that draws rows of the target: `kernel(planes, row, column, width, height, inverse, metric,
    support, profile, top, left, out, corners, sums, line)`.

    `planes` (c, h, w) is the part from `row` and `column` on of a picture of `width` x `height`, premultiplied, that
    the rows ask for. `inverse` is (a, b, c, d, e, f) of u = a x + b y + c, v = d x + e y + f. `metric` (4,) turns a
    distance in the source into the filter's own, whose values at multiples of 1 / STEPS are `profile`. `out` is the
    target from row `top` and column `left` on, with as many planes or, for the coverage, one more. `corners`
    (2, 2, CORNERS_MAX), `sums` (c,) and `line` (w,) are scratch.
    """

    def warp_kernel(
        planes: Planes,
        row: int,
        column: int,
        width: int,
        height: int,
        inverse: Floats,
        metric: Floats,
        support: float,
        profile: Floats,
        top: int,
        left: int,
        out: Planes,
        corners: Floats,
        sums: Floats,
        line: Floats,
    ) -> None:
        count = planes.shape[0]
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                x, y = left + j + 0.5, top + i + 0.5
                u = inverse[0] * x + inverse[1] * y + inverse[2]
                v = inverse[3] * x + inverse[4] * y + inverse[5]
                covered = _coverage(u, v, inverse, width, height, corners)
                for plane in range(out.shape[0]):
                    out[plane, i, j] = np.float32(0)
                if covered > 0:
                    u, v = min(max(u, 0.0), 1.0 * width), min(max(v, 0.0), 1.0 * height)
                    _mean(planes, row, column, width, height, u, v, metric, support, profile, sums, line)
                    high = min(max(sums[count - 1], 0.0), 1.0) if count % 2 == 0 else 1.0
                    for plane in range(count):
                        out[plane, i, j] = np.float32(min(max(sums[plane], 0.0), high) * covered)
                    if out.shape[0] > count:
                        out[count, i, j] = np.float32(covered)

    return compiled(warp_kernel, on_disk=on_disk)


def nothing() -> tuple[Any, ...]:
    """Arguments of the types that `warp` takes, over a target without pixels."""
    planes, out = np.zeros((1, 1, 1), np.float32), np.zeros((1, 0, 1), np.float32)
    inverse, metric, profile = np.ones(6), np.ones(4), np.ones(2)
    scratch = np.zeros((2, 2, CORNERS_MAX)), np.zeros(1), np.zeros(1)
    return planes, 0, 0, 1, 1, inverse, metric, 1.0, profile, 0, 0, out, *scratch
