"""How a picture looks through an affine map in any part of a canvas: `prepare` once, then `draw` part by part.

What a target pixel becomes depends on its place and on nothing else, so that neither the parts nor their order show. It is
the mean of the source pixels around the place that the pixel's centre came from, weighted by the filter, times the part of
the pixel that falls on the picture. Maps that only scale, mirror, turn by quarters and move take two tables of weights, one
for each axis; all others gather pixel by pixel (`warp_kernels`). Source pixels come from a function, a box at a time.
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor import filters, resample
from compositor.affine import Affine, metric
from compositor.coverage import coverage
from compositor.errors import MatrixError
from compositor.filters import Filter, Table
from compositor.formats import Planes, has_alpha
from compositor.rect import Rect

Fetch: TypeAlias = Callable[[Rect], Planes]
"""Returns the pixels of a box inside the picture: (channels, rows, columns) float32, premultiplied, always as many."""

GATHERED_MAX = 100_000_000_000
"""Most weighted source pixels of one map that turns or shears, some ten minutes of one thread. The largest canvas takes
14 thousand million with lanczos3; past it are only maps that shrink in one direction and magnify in the other.
"""
STEPS = 1024
"""Steps of a filter's profile per unit: read off between two of them it is exact to 1e-6."""
SOURCE_PX_MAX = 1 << 20
"""Source pixels that are fetched for one part of the target, 16 MiB as planes; a single target pixel may take more."""
_WASTE_MAX = 4
"""How many times as many source pixels as fall on a part of the target may be fetched for it: a turned strip lies across
its box, and squares lie better.
"""
_WASTE_FREE_PX = 4096
"""Source pixels that are not worth another cut."""
_RGB = 3


class Axis(NamedTuple):
    """One axis of a map that keeps axes: the weights and coverage of the target pixels from `low` on."""

    table: Table
    covered: npt.NDArray[np.float32]
    low: int
    size: int
    mirrored: bool

    def part(self, first: int, last: int) -> Table:
        """Return the weights of target pixels `first` to `last`, excluded."""
        return self.table.targets(first - self.low, last - self.low)

    def origin(self, first: int, last: int) -> tuple[int, int]:
        """Return which pixels of the picture places `first` to `last` of the table are."""
        return (self.size - last, self.size - first) if self.mirrored else (first, last)


class Drawing(NamedTuple):
    """A map made ready: of a picture of `width` x `height` pixels, which can show in `window` of the canvas.

    `axes` (across, down) are there when it keeps axes, `swapped` when it exchanges them, and `profile` when it does
    neither: the filter's values at multiples of 1 / STEPS.
    """

    affine: Affine
    filter: str
    width: int
    height: int
    window: Rect
    swapped: bool
    axes: tuple[Axis, Axis] | None
    profile: npt.NDArray[np.float64] | None


def prepare(field: str, affine: Affine, name: str, width: int, height: int, canvas: Rect) -> Drawing:
    """Return how a picture is drawn onto `canvas` with the filter `name`; raise `MatrixError`, which names `field`, for
    maps that take more than `GATHERED_MAX` source pixels in all.
    """
    left, top, right, bottom = affine.bounds(0, 0, width, height)
    window = Rect(math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom)).meet(canvas)
    bare = Drawing(affine, name, width, height, window, False, None, None)
    if name == "nearest" or window.empty:
        return bare
    kind, swapped = filters.FILTERS[name], affine.a == 0 and affine.e == 0
    if swapped:
        across = _axis(kind, affine.b, affine.c, height, window.x0, window.x1)
        down = _axis(kind, affine.d, affine.f, width, window.y0, window.y1)
        return bare._replace(swapped=True, axes=(across, down))
    if affine.b == 0 and affine.d == 0:
        across = _axis(kind, affine.a, affine.c, width, window.x0, window.x1)
        down = _axis(kind, affine.e, affine.f, height, window.y0, window.y1)
        return bare._replace(axes=(across, down))
    _check_work(field, bare, kind)
    return bare._replace(profile=_profile(kind))


def pieces(drawing: Drawing, region: Rect) -> Iterator[Rect]:
    """Cut the part of `region` that can show anything so that little memory is needed for each piece."""
    waiting = [region.meet(drawing.window)]
    while waiting:
        part = waiting.pop()
        if part.empty:
            continue
        if (part.width == 1 and part.height == 1) or _is_small(drawing, part):
            yield part
        elif part.width >= part.height:
            middle = (part.x0 + part.x1) // 2
            waiting += [part._replace(x0=middle), part._replace(x1=middle)]
        else:
            middle = (part.y0 + part.y1) // 2
            waiting += [part._replace(y0=middle), part._replace(y1=middle)]


def draw(drawing: Drawing, fetch: Fetch, part: Rect) -> Planes:
    """Return the planes of `part` of the canvas, inside the drawing's window: as many as `fetch` gives, and one more, alpha,
    where that gives three.
    """
    if drawing.axes is not None:
        return _upright(drawing, *drawing.axes, fetch, part)
    return _picked(drawing, fetch, part) if drawing.profile is None else _turned(drawing, drawing.profile, fetch, part)


def _check_work(field: str, drawing: Drawing, kind: Filter) -> None:
    p, q, r, s = metric(drawing.affine)
    taps = min((2 * kind.support) ** 2 / (p * s - q * r), drawing.width * drawing.height)
    gathered = taps * drawing.window.width * drawing.window.height
    if gathered > GATHERED_MAX:
        raise MatrixError(field, f"takes {gathered:.3g} source pixels in all, more than {GATHERED_MAX}")


def _axis(kind: Filter, scale: float, offset: float, size: int, low: int, high: int) -> Axis:
    """The weights of target pixels `low` to `high`, on the mirrored picture where the scale is below 0, and how much of
    each is covered.
    """
    mirrored = scale < 0
    if mirrored:
        scale, offset = -scale, offset + scale * size
    centers = np.clip((np.arange(low, high) + 0.5 - offset) / scale, 0, size)
    table = filters.table(kind, centers, max(1 / scale, 1.0), size, "renormalise")
    return Axis(table, coverage(offset, offset + scale * size, low, high), low, size, mirrored)


def _is_small(drawing: Drawing, part: Rect) -> bool:
    if drawing.axes is not None:
        left, right, first, last = _asked(drawing.axes, part)
        return (right - left) * min(last - first, resample.BLOCK_ROWS) <= SOURCE_PX_MAX
    box = _under(drawing, part)
    taken, needed = box.width * box.height, part.width * part.height / abs(drawing.affine.determinant)
    return taken <= SOURCE_PX_MAX and taken <= _WASTE_MAX * needed + _WASTE_FREE_PX


def _asked(axes: tuple[Axis, Axis], part: Rect) -> tuple[int, int, int, int]:
    """Which places of the two tables a part of the canvas asks for."""
    across, down = axes[0].part(part.x0, part.x1), axes[1].part(part.y0, part.y1)
    return *across.span(0, part.width), *down.span(0, part.height)


def _upright(drawing: Drawing, x: Axis, y: Axis, fetch: Fetch, part: Rect) -> Planes:
    across, down = x.part(part.x0, part.x1), y.part(part.y0, part.y1)
    left, right, first, last = _asked((x, y), part)
    acc: Planes | None = None
    for start in range(first - first % resample.BLOCK_ROWS, last, resample.BLOCK_ROWS):
        low, high = max(first, start), min(last, start + resample.BLOCK_ROWS)
        planes = _oriented(drawing, x, y, fetch, (left, right), (low, high))
        if acc is None:
            acc = np.zeros((len(planes), part.height, right - left), np.float32)
        resample.gather_rows(planes, low, down, 0, acc)
    assert acc is not None, "every target pixel asks for at least one of the source"
    covered = y.covered[part.y0 - y.low : part.y1 - y.low, None] * x.covered[part.x0 - x.low : part.x1 - x.low]
    return _cover(resample.gather_columns(acc, left, across), covered)


def _oriented(
    drawing: Drawing, x: Axis, y: Axis, fetch: Fetch, columns: tuple[int, int], rows: tuple[int, int]
) -> Planes:
    """The pixels at places of the two tables, turned and mirrored as these see them."""
    (x0, x1), (y0, y1) = x.origin(*columns), y.origin(*rows)
    planes = fetch(Rect(y0, x0, y1, x1)).transpose(0, 2, 1) if drawing.swapped else fetch(Rect(x0, y0, x1, y1))
    return np.ascontiguousarray(planes[:, :: -1 if y.mirrored else 1, :: -1 if x.mirrored else 1])


def _cover(planes: Planes, covered: Planes) -> Planes:
    """Cut off what a filter overshot, then multiply by coverage; RGB gains it as its alpha."""
    channels = len(planes)
    high = np.clip(planes[-1], 0, 1) if has_alpha(channels) else np.float32(1)
    planes = np.clip(planes, np.float32(0), high) * covered
    return np.concatenate([planes, covered[None]]) if channels == _RGB else planes


def _turned(drawing: Drawing, profile: npt.NDArray[np.float64], fetch: Fetch, part: Rect) -> Planes:
    from compositor import array_kernels, warp_kernels  # these import numba, which only drawing needs

    box = _under(drawing, part)
    planes = fetch(box)
    out = np.empty((len(planes) + (len(planes) == _RGB), part.height, part.width), np.float32)
    back, measured = np.array(drawing.affine.inverse(), np.float64), np.array(metric(drawing.affine), np.float64)
    support = filters.FILTERS[drawing.filter].support
    scratch = np.empty((2, 2, warp_kernels.CORNERS_MAX)), np.empty(len(planes)), np.empty(planes.shape[2])
    array_kernels.find("warp")(
        planes, box.y0, box.x0, drawing.width, drawing.height, back, measured, support, profile, part.y0, part.x0, out,
        *scratch,
    )  # fmt: skip
    return out


def _under(drawing: Drawing, part: Rect) -> Rect:
    """The source pixels that a part of the canvas can ask for; one at least, since places beyond an edge are taken to it."""
    p, q, r, s = metric(drawing.affine)
    size, support = p * s - q * r, filters.FILTERS[drawing.filter].support
    wide, high = support * (abs(s) + abs(q)) / size + 1, support * (abs(r) + abs(p)) / size + 1
    left, top, right, bottom = drawing.affine.inverse().bounds(*part)
    x0 = _clamp(math.floor(left - wide), drawing.width - 1)
    y0 = _clamp(math.floor(top - high), drawing.height - 1)
    x1 = max(x0 + 1, _clamp(math.ceil(right + wide), drawing.width))
    y1 = max(y0 + 1, _clamp(math.ceil(bottom + high), drawing.height))
    return Rect(x0, y0, x1, y1)


def _clamp(place: int, size: int) -> int:
    return min(max(place, 0), size)


def _profile(kind: Filter) -> npt.NDArray[np.float64]:
    """The filter's values from 0 to its support, and one more."""
    places = np.arange(int(kind.support * STEPS) + 2) / STEPS
    if kind is filters.FILTERS["box"]:
        return np.ones(len(places))  # its support alone is its shape
    return kind.weigh(places)


class Picked(NamedTuple):
    """Nearest: which target pixels of a part show the picture, and the rows and columns of the source pixels there."""

    inside: npt.NDArray[np.bool_]
    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]


def pick(drawing: Drawing, part: Rect) -> Picked:
    """Return the source pixels under the centres of a part of the canvas."""
    inverse = drawing.affine.inverse()
    xs, ys = np.arange(part.x0, part.x1) + 0.5, (np.arange(part.y0, part.y1) + 0.5)[:, None]
    u = np.floor(inverse.a * xs + inverse.b * ys + inverse.c)
    v = np.floor(inverse.d * xs + inverse.e * ys + inverse.f)
    inside = (u >= 0) & (u < drawing.width) & (v >= 0) & (v < drawing.height)
    return Picked(inside, v[inside].astype(np.int64), u[inside].astype(np.int64))


def _picked(drawing: Drawing, fetch: Fetch, part: Rect) -> Planes:
    inside, rows, columns = pick(drawing, part)
    box = _under(drawing, part)
    if rows.size:  # rounding may have taken a place to a neighbour of the box
        box = box.join(Rect(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1))
    planes = fetch(box)
    out = np.zeros((len(planes) + (len(planes) == _RGB), part.height, part.width), np.float32)
    out[: len(planes), inside] = planes[:, rows - box.y0, columns - box.x0]
    if len(planes) == _RGB:
        out[_RGB] = inside
    return out
