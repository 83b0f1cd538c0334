"""How a picture is drawn through an affine map: `transform`, exact at the edges, and prefiltered where it shrinks.

Two paths, one meaning: the mean of the source pixels around a target pixel's centre, weighted by the filter, times the
part of the target pixel that falls on the picture. Maps that only scale, mirror, turn by quarters and move take
`resample`'s separable path; all others gather pixel by pixel (`warp_kernels`).
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compositor import filters, formats, resample, strips
from compositor.affine import Affine, check_matrix, metric
from compositor.errors import MatrixError
from compositor.filters import Filter, Table, filter_named
from compositor.formats import Planes, Stored
from compositor.paint import coverage
from compositor.resample import Meaning
from compositor.tree import check_size

GATHERED_MAX = 100_000_000_000
"""Most weighted source pixels of one map that turns or shears, some ten minutes of one thread. The largest canvas takes
14 thousand million with lanczos3; past it are only maps that shrink in one direction and magnify in the other.
"""
_RGB = 3


class Window(NamedTuple):
    """The target pixels that can show anything: columns `left` to `right`, rows `top` to `bottom`, excluded."""

    left: int
    top: int
    right: int
    bottom: int


def transform(
    pixels: Stored,
    matrix: npt.ArrayLike,
    width: int,
    height: int,
    *,
    filter: str = "lanczos3",  # noqa: A002 - the word that every imaging library has for it
    linear: bool = False,
    premultiplied: bool = False,
    threads: int | None = None,
) -> Stored:
    """Return `pixels` drawn through `matrix` onto `width` x `height` target pixels, which the caller owns.

    `pixels` and the result are as those of `resize`, but that RGB becomes RGBA: outside the picture is transparent.
    Gray stays gray (a mask, say), and is 0 outside. `matrix` is ((a, b, c), (d, e, f)): the point (x, y) of the source
    falls on (a x + b y + c, d x + e y + f), where pixel (i, j) covers (j, i) to (j + 1, i + 1).

    A target pixel is the mean of source pixels around its centre, weighted by the filter along the two axes of the
    source, times the exact area that the picture covers of it. In directions in which the map shrinks, the filter is
    as much wider, so that every source pixel counts; weights are exact to 1e-6. Nearest takes the source pixel under
    the centre as it is, or nothing. A target pixel takes 36 source pixels with lanczos3, 16 with bicubic, 4 with
    bilinear, as many times more as the map shrinks, and of memory 16 bytes for each source pixel that shows; maps that
    neither turn nor shear take far less. Raises as `resize`, and `MatrixError`, which also refuses maps that take more
    than `GATHERED_MAX` source pixels in all.
    """
    stored = formats.check("pixels", pixels)
    affine = check_matrix("matrix", matrix)
    width, height = check_size((width, height))
    kind = filter_named("filter", filter)
    meaning = Meaning(formats.check_flag("premultiplied", premultiplied), formats.check_flag("linear", linear))
    count = strips.check_threads(threads)
    channels = stored.shape[2] + (stored.shape[2] == _RGB)
    window = _window(affine, stored.shape[1], stored.shape[0], width, height)
    upright = (affine.b == 0 and affine.d == 0) or (affine.a == 0 and affine.e == 0)
    if filter != "nearest" and not upright:
        _check_work(affine, kind, stored, window)
    target = np.zeros((height, width, channels), stored.dtype)
    if window.left < window.right and window.top < window.bottom:
        if filter == "nearest":
            _pick(stored, affine.inverse(), target, window, count)
        elif upright:
            _straight(stored, affine, target, window, kind, meaning, count)
        else:
            _turned(stored, affine, target, window, kind, meaning, count)
    return target[:, :, 0] if pixels.ndim == 2 else target


def _check_work(affine: Affine, kind: Filter, stored: Stored, window: Window) -> None:
    p, q, r, s = metric(affine)
    taps = min((2 * kind.support) ** 2 / (p * s - q * r), stored.shape[0] * stored.shape[1])
    gathered = taps * (window.right - window.left) * (window.bottom - window.top)
    if gathered > GATHERED_MAX:
        raise MatrixError("matrix", f"takes {gathered:.3g} source pixels in all, more than {GATHERED_MAX}")


def _window(affine: Affine, columns: int, rows: int, width: int, height: int) -> Window:
    left, top, right, bottom = affine.bounds(0, 0, columns, rows)
    return Window(
        _clamp(math.floor(left), width), _clamp(math.floor(top), height),
        _clamp(math.ceil(right), width), _clamp(math.ceil(bottom), height),
    )  # fmt: skip


def _clamp(place: int, size: int) -> int:
    return min(max(place, 0), size)


def _pick(stored: Stored, inverse: Affine, target: Stored, window: Window, threads: int) -> None:
    """Nearest: copy the source pixel under each target pixel's centre."""
    rows, columns, channels = stored.shape
    xs = np.arange(window.left, window.right) + 0.5

    def strip(top: int, bottom: int) -> None:
        ys = (np.arange(window.top + top, window.top + bottom) + 0.5)[:, None]
        u = np.floor(inverse.a * xs + inverse.b * ys + inverse.c)
        v = np.floor(inverse.d * xs + inverse.e * ys + inverse.f)
        inside = (u >= 0) & (u < columns) & (v >= 0) & (v < rows)
        part = target[window.top + top : window.top + bottom, window.left : window.right]
        part[inside, :channels] = stored[v[inside].astype(np.int64), u[inside].astype(np.int64)]
        if channels == _RGB:
            part[inside, _RGB] = formats.steps(stored.dtype)

    strips.run(strip, window.bottom - window.top, threads)


def _straight(
    stored: Stored, affine: Affine, target: Stored, window: Window, kind: Filter, meaning: Meaning, threads: int
) -> None:
    """Maps along the axes, by two tables of weights."""
    if affine.a == 0:
        stored = stored.transpose(1, 0, 2)
        affine = Affine(affine.b, 0.0, affine.c, 0.0, affine.d, affine.f)
    stored, across, over_x = _axis(stored, 1, affine.a, affine.c, window.left, window.right, kind)
    stored, down, over_y = _axis(stored, 0, affine.e, affine.f, window.top, window.bottom, kind)

    def cover(planes: Planes, top: int) -> Planes:
        return _cover(planes, over_y[top : top + planes.shape[1], None] * over_x)

    drawn = np.empty((window.bottom - window.top, window.right - window.left, target.shape[2]), target.dtype)
    resample.draw(stored, down, across, drawn, meaning, threads, cover)
    target[window.top : window.bottom, window.left : window.right] = drawn


def _axis(
    stored: Stored, axis: int, scale: float, offset: float, low: int, high: int, kind: Filter
) -> tuple[Stored, Table, npt.NDArray[np.float32]]:
    """The picture, mirrored where the scale is below 0, the weights of target pixels `low` to `high`, and how much of
    each is covered.
    """
    size = stored.shape[axis]
    if scale < 0:
        stored = np.flip(stored, axis)
        scale, offset = -scale, offset + scale * size
    centers = np.clip((np.arange(low, high) + 0.5 - offset) / scale, 0, size)
    table = filters.table(kind, centers, max(1 / scale, 1.0), size, "renormalise")
    return stored, table, coverage(offset, offset + scale * size, low, high)


def _cover(planes: Planes, covered: Planes) -> Planes:
    """Cut off what a filter overshot, then multiply by coverage; RGB gains it as its alpha."""
    channels = len(planes)
    high = np.clip(planes[-1], 0, 1) if formats.has_alpha(channels) else np.float32(1)
    planes = np.clip(planes, np.float32(0), high) * covered
    return np.concatenate([planes, covered[None]]) if channels == _RGB else planes


def _turned(
    stored: Stored, affine: Affine, target: Stored, window: Window, kind: Filter, meaning: Meaning, threads: int
) -> None:
    """Every other map, pixel by pixel."""
    from compositor import array_kernels, warp_kernels  # these import numba, which only drawing needs

    inverse, measure = affine.inverse(), metric(affine)
    planes, row, column = _shown(stored, inverse, measure, window, kind.support, meaning, threads)
    kernel, profile = array_kernels.find("warp"), _profile(kind, warp_kernels.STEPS)
    rows, columns, _ = stored.shape
    back, measured = np.array(inverse, np.float64), np.array(measure, np.float64)

    def strip(top: int, bottom: int) -> None:
        top, bottom = window.top + top, window.top + bottom
        out = np.empty((target.shape[2], bottom - top, window.right - window.left), np.float32)
        scratch = np.empty((2, 2, warp_kernels.CORNERS_MAX)), np.empty(len(planes)), np.empty(planes.shape[2])
        kernel(
            planes, row, column, columns, rows, back, measured, kind.support, profile, top, window.left, out, *scratch
        )
        drawn = np.empty((bottom - top, window.right - window.left, target.shape[2]), target.dtype)
        formats.pack(out, drawn, premultiplied=meaning.premultiplied, linear=meaning.linear)
        target[top:bottom, window.left : window.right] = drawn

    strips.run(strip, window.bottom - window.top, threads, rows=8)


def _shown(
    stored: Stored,
    inverse: Affine,
    measure: tuple[float, float, float, float],
    window: Window,
    support: float,
    meaning: Meaning,
    threads: int,
) -> tuple[Planes, int, int]:
    """The planes of the part of the source that the window's pixels can ask for, with its first row and column."""
    p, q, r, s = measure
    size = p * s - q * r
    wide, high = support * (abs(s) + abs(q)) / size + 1, support * (abs(r) + abs(p)) / size + 1
    left, top, right, bottom = inverse.bounds(*window)
    rows, columns, channels = stored.shape
    # One pixel at least: places beyond an edge are taken to the edge.
    first_row, first_column = _clamp(math.floor(top - high), rows - 1), _clamp(math.floor(left - wide), columns - 1)
    last_row, last_column = (
        max(first_row + 1, _clamp(math.ceil(bottom + high), rows)),
        max(first_column + 1, _clamp(math.ceil(right + wide), columns)),
    )
    part = stored[first_row:last_row, first_column:last_column]
    planes = np.empty((channels, *part.shape[:2]), np.float32)

    def strip(top: int, bottom: int) -> None:
        planes[:, top:bottom] = formats.unpack(
            part[top:bottom], premultiplied=meaning.premultiplied, linear=meaning.linear
        )

    strips.run(strip, len(part), threads)
    return planes, first_row, first_column


def _profile(kind: Filter, steps: int) -> npt.NDArray[np.float64]:
    """The filter's values from 0 to its support, and one more."""
    places = np.arange(int(kind.support * steps) + 2) / steps
    if kind is filters.FILTERS["box"]:
        return np.ones(len(places))  # its support alone is its shape
    return kind.weigh(places)
