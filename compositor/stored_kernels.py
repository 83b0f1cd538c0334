"""How pictures of any format enter the four planes that tiles are made of, and leave them: read, shift, linearise, store.

Stored pictures come as lines, (rows, columns * channels): gray, gray and alpha, RGB or RGBA, one after the other. Planes
are (4, rows, columns) float32: red, green, blue, alpha, 0 to 1. What is known when a loop compiles is a literal in its
parent, so that vector units can load and store whole pixels.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.blend_kernels import ALPHA_MIN, ONE, ZERO, Kernel, Planes, reciprocal
from compositor.format_kernels import float_color, linear_color, same, whole_color, within
from compositor.modes import Scalar
from compositor.transfer import to_linear

Lines: TypeAlias = npt.NDArray[Any]
Line: TypeAlias = npt.NDArray[np.float32]
Curve: TypeAlias = Callable[[Scalar], Scalar]
_HALF = np.float32(0.5)
_BIAS = np.float32(2.0**112)


@inlinable
def _held(curve: Curve, value: Scalar, a: Scalar, premultiplied: bool) -> Scalar:
    """A colour as tiles hold it, premultiplied."""
    return within(value, a) if premultiplied else curve(value) * a


@inlinable
def _held_linear(curve: Curve, value: Scalar, a: Scalar, premultiplied: bool) -> Scalar:
    straight = within(value * reciprocal(a), ONE) if premultiplied else value
    return curve(straight) * a


@inlinable
def _straight(_curve: Curve, value: Scalar, a: Scalar, premultiplied: bool) -> Scalar:
    """A colour as modes take it."""
    return within(value, a) * reciprocal(a) if premultiplied else value


@inlinable
def _number(stored: Scalar) -> Scalar:
    return np.float32(stored)


@inlinable
def _half_number(bits: np.uint16) -> Scalar:
    """The number that 16 bits are as a float16, but that those below 0 are 0: exponent and fraction, moved to where a
    float32 has them, lack 112 of the exponent's bias. The compiler knows no float16.
    """
    moved = np.uint32((np.uint32(bits) & np.uint32(0x7FFF)) << np.uint32(13))
    magnitude = moved.view(np.float32) * _BIAS
    return magnitude if bits < np.uint16(0x8000) else ZERO


@inlinable
def _read_line(
    color: Callable[..., Scalar],
    curve: Curve,
    number: Callable[..., Scalar],
    line: Lines,
    channels: int,
    green: int,
    blue: int,
    has_alpha: bool,
    steps: Scalar,
    per_step: Scalar,
    alpha_per_step: Scalar,
    premultiplied: bool,
    reds: Line,
    greens: Line,
    blues: Line,
    alphas: Line,
) -> None:
    for j in range(alphas.size):
        at = j * channels
        raw = within(number(line[at + channels - 1]), steps) if has_alpha else steps
        own = raw * per_step
        reds[j] = color(curve, within(number(line[at]), steps) * per_step, own, premultiplied)
        greens[j] = color(curve, within(number(line[at + green]), steps) * per_step, own, premultiplied)
        blues[j] = color(curve, within(number(line[at + blue]), steps) * per_step, own, premultiplied)
        alphas[j] = raw * alpha_per_step


@inlinable
def _read_layout(
    color: Callable[..., Scalar],
    curve: Curve,
    number: Callable[..., Scalar],
    line: Lines,
    channels: int,
    steps: Scalar,
    per_step: Scalar,
    alpha_per_step: Scalar,
    premultiplied: bool,
    r: Line,
    g: Line,
    b: Line,
    a: Line,
) -> None:
    """Read a line of any layout: each has a loop of its own, in which the places of its channels are literals."""
    if channels == 4:
        _read_line(
            color, curve, number, line, 4, 1, 2, True, steps, per_step, alpha_per_step, premultiplied, r, g, b, a
        )
    elif channels == 3:
        _read_line(
            color, curve, number, line, 3, 1, 2, False, steps, per_step, alpha_per_step, premultiplied, r, g, b, a
        )
    elif channels == 2:
        _read_line(
            color, curve, number, line, 2, 0, 0, True, steps, per_step, alpha_per_step, premultiplied, r, g, b, a
        )
    else:
        _read_line(
            color, curve, number, line, 1, 0, 0, False, steps, per_step, alpha_per_step, premultiplied, r, g, b, a
        )


def read(*, linear: bool, straight: bool, half: bool, on_disk: bool) -> Kernel:
    """Return the kernel that reads stored pixels of any layout into planes.

    `kernel(lines, channels, steps, per_step, alpha_per_step, premultiplied, planes, y, x)`: `steps` is what 1 is stored
    as, `per_step` what one step is worth, `alpha_per_step` the same times an opacity; the first pixel goes to row `y`
    and column `x` of `planes`. What lies outside 0 to 1, or above alpha where `premultiplied`, is cut off; alpha is 1
    where there is none. With `half`, `lines` are the bits of float16 as uint16. Planes are premultiplied, with `linear`
    in linear light; or `straight`, and never linear then.
    """
    curve = to_linear if linear else same
    number = _half_number if half else _number
    color = _straight if straight else (_held_linear if linear else _held)

    def read_kernel(
        lines: Lines,
        channels: int,
        steps: Scalar,
        per_step: Scalar,
        alpha_per_step: Scalar,
        premultiplied: bool,
        planes: Planes,
        y: int,
        x: int,
    ) -> None:
        width = lines.shape[1] // channels
        for i in range(lines.shape[0]):
            line = lines[i]
            r, g = planes[0, y + i, x : x + width], planes[1, y + i, x : x + width]
            b, a = planes[2, y + i, x : x + width], planes[3, y + i, x : x + width]
            _read_layout(
                color, curve, number, line, channels, steps, per_step, alpha_per_step, premultiplied, r, g, b, a
            )

    return compiled(read_kernel, on_disk=on_disk)


def shift_planes(*, on_disk: bool) -> Kernel:
    """Return the kernel that moves planes right and down by fractions of a pixel, bilinearly, as `paint_kernels.shift`.

    `kernel(planes, y, x, height, width, source, right, down)`: `source` (4, height + 1, width + 1) has one row and one
    column more, above and to the left of the region that is filled.
    """

    def shift_planes_kernel(
        planes: Planes, y: int, x: int, height: int, width: int, source: Planes, right: Scalar, down: Scalar
    ) -> None:
        for plane in range(4):
            for i in range(height):
                target = planes[plane, y + i, x : x + width]
                above, here = source[plane, i], source[plane, i + 1]
                for j in range(width):
                    upper = above[j + 1] + right * (above[j] - above[j + 1])
                    lower = here[j + 1] + right * (here[j] - here[j + 1])
                    target[j] = lower + down * (upper - lower)

    return compiled(shift_planes_kernel, on_disk=on_disk)


def linearise(*, on_disk: bool) -> Kernel:
    """Return the kernel that brings premultiplied planes from encoded values to linear light, in place.

    `kernel(planes, y, x, height, width)`.
    """

    def linearise_kernel(planes: Planes, y: int, x: int, height: int, width: int) -> None:
        for i in range(y, y + height):
            alphas = planes[3, i, x : x + width]
            for plane in range(3):
                colors = planes[plane, i, x : x + width]
                for j in range(width):
                    a = alphas[j]
                    straight = within(colors[j] / (a if a > ALPHA_MIN else ONE), ONE)
                    colors[j] = to_linear(straight) * a

    return compiled(linearise_kernel, on_disk=on_disk)


def store(*, linear: bool, whole: bool, on_disk: bool) -> Kernel:
    """Return the kernel that writes planes as RGBA, a whole pixel at a time, by the formulas of `format_kernels.pack`.

    `kernel(acc, height, width, steps, premultiplied, lines, row, column)`: the first rows and columns of `acc` go to row `row` and
    pixel `column` of `lines`, and on. With `whole` values are rounded to the nearest step, halves up.
    """
    color = linear_color if linear else (whole_color if whole else float_color)

    def store_kernel(
        acc: Planes, height: int, width: int, steps: Scalar, premultiplied: bool, lines: Lines, row: int, column: int
    ) -> None:
        half = _HALF if whole else np.float32(0)
        for i in range(height):
            reds, greens, blues, alphas = acc[0, i], acc[1, i], acc[2, i], acc[3, i]
            target = lines[row + i, 4 * column : 4 * (column + width)]
            for j in range(width):
                a = within(alphas[j], ONE)
                r, g = color(reds[j], a, steps, premultiplied) + half, color(greens[j], a, steps, premultiplied) + half
                b, high = color(blues[j], a, steps, premultiplied) + half, a * steps + half
                if whole:
                    target[4 * j], target[4 * j + 1] = np.int32(r), np.int32(g)
                    target[4 * j + 2], target[4 * j + 3] = np.int32(b), np.int32(high)
                else:
                    target[4 * j], target[4 * j + 1], target[4 * j + 2], target[4 * j + 3] = r, g, b, high

    return compiled(store_kernel, on_disk=on_disk)
