"""How a gradient fills planes: the place of each pixel's centre on the gradient line, and the colour there.

Planes are (4, rows, columns) float32, premultiplied; regions are in their rows and columns. A place is a plain
function of the way (u, v) from the box's corner, right and down in pixels, and of the `params` p of a `gradient.Ramp`,
all float64.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.blend_kernels import ONE, ZERO, Kernel, Planes
from compositor.gradient import Params
from compositor.modes import Scalar
from compositor.turns import HELPERS, turn

_DITHER_MASK = 15
"""Takes a place on the canvas to one in the dither pattern of 16 by 16."""

for _function in (*HELPERS, turn):
    inlinable(_function)


@inlinable
def _linear(u: float, v: float, p: Params) -> float:
    return u * p[0] + v * p[1] + p[2]


@inlinable
def _radial(u: float, v: float, p: Params) -> float:
    across, down = (u - p[0]) * p[2], (v - p[1]) * p[3]
    return np.sqrt(across * across + down * down)  # type: ignore[no-any-return]  # a float64 in both worlds


@inlinable
def _angle(u: float, v: float, p: Params) -> float:
    right, down = u - p[0], v - p[1]
    return turn(right * p[2] - down * p[3], right * p[3] + down * p[2])


@inlinable
def _reflected(u: float, v: float, p: Params) -> float:
    return abs((u - p[0]) * p[2] - (v - p[1]) * p[3])


@inlinable
def _diamond(u: float, v: float, p: Params) -> float:
    right, down = u - p[0], v - p[1]
    return abs(right * p[2] - down * p[3]) + abs(right * p[3] + down * p[2])


PLACES: dict[str, Callable[[float, float, Params], float]] = {
    "linear": _linear,
    "radial": _radial,
    "angle": _angle,
    "reflected": _reflected,
    "diamond": _diamond,
}
"""The place of a point, by the gradient's kind."""


@inlinable
def _nudged(value: Scalar, offset: Scalar) -> Scalar:
    """A component or alpha moved by a dither offset, within 0 to 1."""
    moved = value + offset
    return max(ZERO, min(ONE, moved))


def paint_gradient(kind: str, *, on_disk: bool) -> Kernel:
    """Return the kernel that evaluates a `gradient.Ramp` of this kind at every pixel's centre.

    `kernel(planes, y, x, height, width, u, v, params, offsets, colors, covered_x, covered_y, dithered, row, column,
    pattern)`: (u, v) is the centre of the region's first pixel from the box's corner, (row, column) that pixel on the
    canvas; coverage is per column and row, float32; `pattern` is `gradient.DITHER`. Place is float64, colour float32.
    Dither moves straight colour and alpha by one offset; an alpha of 0 or 1 stays, for it says what hides and what
    does not show.
    """
    place = PLACES[kind]

    def gradient_kernel(
        planes: Planes,
        y: int,
        x: int,
        height: int,
        width: int,
        u: float,
        v: float,
        params: Params,
        offsets: npt.NDArray[np.float64],
        colors: npt.NDArray[np.float32],
        covered_x: npt.NDArray[np.float32],
        covered_y: npt.NDArray[np.float32],
        dithered: bool,
        row: int,
        column: int,
        pattern: Planes,
    ) -> None:
        last, k = offsets.size - 1, 0
        for i in range(height):
            for j in range(width):
                t = place(u + j, v + i, params)
                covered = covered_x[j] * covered_y[i]
                # k stops lie at or before t. Looked for from where the pixel before was: it is seldom far.
                while k <= last and offsets[k] <= t:
                    k += 1
                while k > 0 and offsets[k - 1] > t:
                    k -= 1
                low, high = max(k - 1, 0), min(k, last)
                part = np.float32((t - offsets[low]) / (offsets[high] - offsets[low])) if 0 < k <= last else ZERO
                for plane in range(4):
                    step = colors[high, plane] - colors[low, plane]
                    planes[plane, y + i, x + j] = (colors[low, plane] + part * step) * covered
                alpha = colors[low, 3] + part * (colors[high, 3] - colors[low, 3])
                if dithered and alpha > ZERO:
                    offset = pattern[(row + i) & _DITHER_MASK, (column + j) & _DITHER_MASK]
                    shown = _nudged(alpha, offset) if alpha < ONE else alpha
                    for plane in range(3):
                        color = colors[low, plane] + part * (colors[high, plane] - colors[low, plane])
                        planes[plane, y + i, x + j] = _nudged(color / alpha, offset) * shown * covered
                    planes[3, y + i, x + j] = shown * covered

    return compiled(gradient_kernel, on_disk=on_disk)
