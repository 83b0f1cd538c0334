"""How pictures are blurred: `box_blur` by running sums, `gaussian_blur` by a table of weights or by way of a smaller
picture.

Both work on premultiplied values and encoded colours, as planes of the whole picture (16 bytes a pixel, and as much
again while a pass runs). Neither costs more for a wider blur. `gaussian_window` is the same gaussian for planes that
are at hand already, such as a mask's, and of any part of the result.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from compositor import filters, formats, resample, strips
from compositor.errors import ChoiceError
from compositor.filters import Edge, Filter, Floats, Table
from compositor.formats import Planes, Stored
from compositor.ranges import check_number
from compositor.rect import Rect

EDGES: tuple[str, ...] = ("transparent", "clamp")
"""What lies beyond a picture: nothing, or copies of its edge."""
RADIUS_PX_MAX = 32_768.0
"""Largest radius: the longest side of a canvas, past which a wider window sees nothing new."""
SIGMA_PX_MAX = 8_192.0
"""Largest standard deviation: four of them span the longest side of a canvas."""
DIRECT_SIGMA_PX_MAX = 8.0
"""Up to here a gaussian is weighed pixel by pixel, 73 of them at most. Wider ones take the way by a smaller picture."""
SIGMA_PX_MIN = 0.05
"""What smaller deviations are taken as: a neighbour weighs e^-200 then, which is 0 in float32."""
SHRINK_PER_SIGMA = 0.25
"""Side of a smaller picture's pixel in standard deviations. Shrinking and enlarging by cubic B-splines adds 2/3 of a
pixel's square to the variance, which the blur in between leaves out. What remains is the difference of an eightfold
box from its gaussian: an excess kurtosis of -8/120 * 0.25^4 = -2.6e-4, which moves no blurred edge by more than
6e-6; and what aliases, below 1e-5 (the spline's spectrum falls with the fourth power around each multiple of the
sampling rate, and the gaussian is 0 but near 0).
"""
TAIL_SIGMAS = 4.5
"""Where a gaussian is cut off: 7e-6 of its weight lies beyond."""
_SPLINE_VARIANCE = 1 / 3
_MARGIN = 4
"""Pixels by which the smaller picture is larger on each side: beyond the reach of both splines there is only edge."""


def box_blur(
    pixels: Stored,
    radius: float,
    *,
    edge: Literal["transparent", "clamp"] = "transparent",
    premultiplied: bool = False,
    threads: int | None = None,
) -> Stored:
    """Return `pixels` averaged over squares of side 2 * `radius` + 1 pixels, in the same shape, dtype and size.

    `pixels` is as that of `resize`. `radius` is 0 (which changes nothing) to `RADIUS_PX_MAX`; of a fractional one the
    pixels at the window's ends count in part. Beyond the picture there is nothing: without alpha that is 0, black; or,
    with "clamp", copies of its edge. Colours are weighed by alpha. Exact to 1e-6 before the rounding of the dtype; the
    cost does not depend on `radius`. `threads` changes no byte. Raises `FormatError`, `NotFiniteError`,
    `CanvasSizeError`, `NumberError`, `ChoiceError`.
    """
    stored, clamp, count = _checked(pixels, edge, premultiplied, threads)
    radius = check_number("radius", radius, 0, RADIUS_PX_MAX)
    if radius == 0:
        return pixels.copy()
    planes = _unpack(stored, count, premultiplied=premultiplied)
    planes = _turn(_box(_turn(_box(planes, radius, count, clamp=clamp)), radius, count, clamp=clamp))
    return _pack(planes, pixels, count, premultiplied=premultiplied)


def gaussian_blur(
    pixels: Stored,
    sigma: float,
    *,
    edge: Literal["transparent", "clamp"] = "transparent",
    premultiplied: bool = False,
    threads: int | None = None,
) -> Stored:
    """Return `pixels` blurred by a gaussian of standard deviation `sigma` pixels, in the same shape, dtype and size.

    As `box_blur`, with `sigma` from 0 (which changes nothing) to `SIGMA_PX_MAX`. The weights are the gaussian's values
    at whole pixels, scaled to add up to 1. Exact to 5e-5 before the rounding of the dtype; above
    `DIRECT_SIGMA_PX_MAX` the cost does not grow with `sigma`. Raises as `box_blur`.
    """
    stored, clamp, count = _checked(pixels, edge, premultiplied, threads)
    sigma = check_number("sigma", sigma, 0, SIGMA_PX_MAX)
    if sigma == 0:
        return pixels.copy()
    planes = _unpack(stored, count, premultiplied=premultiplied)
    height, width = planes.shape[1:]
    down, across = _tables(height, sigma, clamp=clamp), _tables(width, sigma, clamp=clamp)
    blurred = _pass(lambda part: cut(planes, part), down, across, Rect(0, 0, width, height), count)
    return _pack(blurred, pixels, count, premultiplied=premultiplied)


def cut(planes: Planes, part: Rect) -> Planes:
    """Return (c, rows, columns) of `planes`, C-contiguous; themselves where that is all of them."""
    return np.ascontiguousarray(planes[:, part.y0 : part.y1, part.x0 : part.x1])


def gaussian_reach(sigma: float) -> int:
    """Return how many pixels beyond a picture's edge its gaussian of `sigma`, above 0, is not yet 0."""
    return math.ceil(TAIL_SIGMAS * sigma)


def gaussian_window(
    read: Callable[[Rect], Planes], width: int, height: int, sigma: float, window: Rect, *, threads: int = 1
) -> Planes:
    """Return what `gaussian_blur` makes of a picture that lies on an endless plane of zeros, in `window` of that plane.

    The picture is `width` x `height` pixels from (0, 0); `read(part)` returns a part of it that is not empty, (c, rows,
    columns) float32, C-contiguous; it is called once, with all that matters. `window` is not empty and reaches
    `gaussian_reach` beyond the picture at most. Returns (c, rows, columns). A pixel has the same bits in any window.
    """
    beyond = gaussian_reach(sigma)
    assert Rect(-beyond, -beyond, width + beyond, height + beyond).contains(window), "there is nothing farther out"
    down, across = (_tables(size, sigma, clamp=False, beyond=beyond) for size in (height, width))
    shifted = Rect(window.x0 + beyond, window.y0 + beyond, window.x1 + beyond, window.y1 + beyond)
    return _pass(read, down, across, shifted, threads)


def _tables(size: int, sigma: float, *, clamp: bool, beyond: int = 0) -> list[Table]:
    """What is to be weighed along an axis, one table after the other, for targets from `beyond` pixels before it on."""
    edge: Edge = "clamp" if clamp else "zero"
    sigma = max(sigma, SIGMA_PX_MIN)
    targets = _centers(size + 2 * beyond) - beyond
    if sigma <= DIRECT_SIGMA_PX_MAX:
        return [filters.table(_gaussian(sigma), targets, 1.0, size, edge)]
    step = sigma * SHRINK_PER_SIGMA
    more = math.ceil(beyond / step)
    count = math.ceil(size / step) + 2 * _MARGIN
    places = (_centers(count) - _MARGIN) * step
    spline = Filter(filters.b_spline, 2.0)
    inner = math.sqrt((sigma / step) ** 2 - 2 * _SPLINE_VARIANCE)
    return [
        filters.table(spline, places, step, size, edge),
        filters.table(_gaussian(inner), _centers(count + 2 * more) - more, 1.0, count, edge),
        filters.table(spline, targets / step + _MARGIN + more, 1.0, count + 2 * more, edge),
    ]


def _centers(count: int) -> Floats:
    return np.arange(count, dtype=np.float64) + 0.5


def _gaussian(sigma: float) -> Filter:
    return Filter(lambda x: filters.gauss(x / sigma), gaussian_reach(sigma) + 0.5)


class _Step(NamedTuple):
    """Two tables, one for each axis, and which of their targets are wanted."""

    down: Table
    across: Table
    wanted: Rect

    @property
    def sources(self) -> Rect:
        """What must be there to weigh."""
        top, bottom = self.down.span(self.wanted.y0, self.wanted.y1)
        left, right = self.across.span(self.wanted.x0, self.wanted.x1)
        return Rect(left, top, right, bottom)


def _pass(read: Callable[[Rect], Planes], down: list[Table], across: list[Table], wanted: Rect, threads: int) -> Planes:
    """Return the targets `wanted` of the last tables. The ways to and from a smaller picture come first and last."""
    steps: list[_Step] = []
    for rows, columns in zip(reversed(down), reversed(across), strict=True):
        steps.append(_Step(rows, columns, wanted))
        wanted = steps[-1].sources
    planes = read(wanted)
    for step in reversed(steps):
        planes = _weigh(planes, step, threads)
    return planes


def _weigh(planes: Planes, step: _Step, threads: int) -> Planes:
    """Return (c, rows, columns) of the targets that are wanted; `planes` are the step's sources."""
    wanted, sources = step.wanted, step.sources
    out = np.empty((len(planes), wanted.height, wanted.width), np.float32)
    across = step.across.targets(wanted.x0, wanted.x1)

    def strip(top: int, bottom: int) -> None:
        acc = np.zeros((len(planes), bottom - top, sources.width), np.float32)
        resample.gather_rows(planes, sources.y0, step.down, wanted.y0 + top, acc)
        out[:, top:bottom] = resample.gather_columns(acc, sources.x0, across)

    strips.run(strip, wanted.height, threads)
    return out


def _box(planes: Planes, radius: float, threads: int, *, clamp: bool) -> Planes:
    """Average along columns. Plane by plane on threads, since a running sum cannot be cut without adding anew."""
    from compositor import array_kernels  # imports numba, which only drawing needs

    kernel, reach = array_kernels.find("box-rows"), int(radius)
    out = np.empty_like(planes)

    def plane(first: int, last: int) -> None:
        sums = np.empty(planes.shape[2], np.float64)
        kernel(planes[first:last], reach, radius - reach, clamp, out[first:last], sums)

    strips.run(plane, len(planes), threads, rows=1)
    return out


def _turn(planes: Planes) -> Planes:
    return np.ascontiguousarray(planes.transpose(0, 2, 1))


def _checked(pixels: Stored, edge: str, premultiplied: bool, threads: int | None) -> tuple[Stored, bool, int]:
    stored = formats.check("pixels", pixels)
    if not isinstance(edge, str) or edge not in EDGES:
        raise ChoiceError("edge", edge, EDGES)
    formats.check_flag("premultiplied", premultiplied)
    return stored, edge == "clamp", strips.check_threads(threads)


def _unpack(stored: Stored, threads: int, *, premultiplied: bool) -> Planes:
    height, width, channels = stored.shape
    planes = np.empty((channels, height, width), np.float32)

    def strip(top: int, bottom: int) -> None:
        planes[:, top:bottom] = formats.unpack(stored[top:bottom], premultiplied=premultiplied)

    strips.run(strip, height, threads)
    return planes


def _pack(planes: Planes, pixels: Stored, threads: int, *, premultiplied: bool) -> Stored:
    channels, height, width = planes.shape
    target = np.empty((height, width, channels), pixels.dtype)

    def strip(top: int, bottom: int) -> None:
        rows = np.ascontiguousarray(planes[:, top:bottom])
        formats.pack(rows, target[top:bottom], premultiplied=premultiplied)

    strips.run(strip, height, threads)
    return target[:, :, 0] if pixels.ndim == 2 else target
