"""How stored pixels become planes and planes become stored pixels: `unpack` and `pack`, for every dtype.

Stored pixels are (rows, columns, channels): gray, gray and alpha, RGB, or RGBA, so that an even count has alpha, last.
Planes are (channels, rows, columns) float32 from 0 to 1, premultiplied. Each kernel compiles once per dtype.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.blend_kernels import ALPHA_MIN, ONE, ZERO, Kernel, Planes, Words, reciprocal
from compositor.modes import Scalar
from compositor.transfer import HELPERS, to_encoded, to_linear

Stored: TypeAlias = npt.NDArray[Any]
_HALF = np.float32(0.5)
_STEPS_8 = np.float32(255)

for _function in (*HELPERS, to_linear, to_encoded):
    inlinable(_function)


@inlinable
def within(value: Scalar, high: Scalar) -> Scalar:
    """`value`, cut to 0 to `high`."""
    low = value if value > ZERO else ZERO
    return low if low < high else high


@inlinable
def same(value: Scalar) -> Scalar:
    """The curve of pictures that stay encoded."""
    return value


def unpack(*, linear: bool, on_disk: bool) -> Kernel:
    """Return the kernel that reads stored pixels: `kernel(stored, per_step, premultiplied, planes)`.

    `per_step` is what one step of the dtype is worth. What lies outside 0 to 1, or above alpha where `premultiplied`,
    is cut off. With `linear`, colours become linear light before they are multiplied by alpha.
    """
    curve = to_linear if linear else same

    def unpack_kernel(stored: Stored, per_step: Scalar, premultiplied: bool, planes: Planes) -> None:
        channels = stored.shape[2]
        colors = channels - 1 + channels % 2
        for i in range(stored.shape[0]):
            alphas = planes[channels - 1, i]
            for j in range(stored.shape[1]):
                alphas[j] = within(np.float32(stored[i, j, channels - 1]) * per_step, ONE)
            for channel in range(colors):
                target = planes[channel, i]
                for j in range(stored.shape[1]):
                    value = np.float32(stored[i, j, channel]) * per_step
                    if colors == channels:
                        target[j] = curve(within(value, ONE))
                    elif not premultiplied:
                        target[j] = curve(within(value, ONE)) * alphas[j]
                    elif linear:
                        straight = within(value * reciprocal(alphas[j]), ONE)
                        target[j] = curve(straight) * alphas[j]
                    else:
                        target[j] = within(value, alphas[j])

    return compiled(unpack_kernel, on_disk=on_disk)


@inlinable
def whole_color(value: Scalar, a: Scalar, steps: Scalar, premultiplied: bool) -> Scalar:
    """A stored colour; straight ones by the formula of the compositor's own store, so that both round alike."""
    seen = a * steps + _HALF >= ONE  # as the stored alpha is rounded, which is not always `a * steps >= _HALF`
    factor = steps / (a if seen else ONE)
    stored = within(value, a) * (steps if premultiplied else factor)
    return stored if seen else ZERO


@inlinable
def float_color(value: Scalar, a: Scalar, _steps: Scalar, premultiplied: bool) -> Scalar:
    """A division, which keeps white exactly white; a product with the reciprocal would not."""
    seen = a > ALPHA_MIN
    held = within(value, a)
    stored = held if premultiplied else held / (a if seen else ONE)
    return stored if seen else ZERO


@inlinable
def linear_color(value: Scalar, a: Scalar, steps: Scalar, premultiplied: bool) -> Scalar:
    """A stored colour that was blended in linear light."""
    seen = a > ALPHA_MIN if steps == ONE else a * steps + _HALF >= ONE
    encoded = to_encoded(within(value, a) / (a if seen else ONE))
    stored = encoded * (a * steps if premultiplied else steps)
    return stored if seen else ZERO


def pack(*, linear: bool, whole: bool, on_disk: bool) -> Kernel:
    """Return the kernel that writes stored pixels: `kernel(planes, steps, premultiplied, stored)`.

    `steps` is what 1 is stored as. With `whole` values are rounded to the nearest step, halves up; else they are kept
    as float32. Values are cut off as in `unpack`. Where alpha is stored as 0, so are the colours.
    """
    curve = to_encoded if linear else same
    color = linear_color if linear else (whole_color if whole else float_color)

    def pack_kernel(planes: Planes, steps: Scalar, premultiplied: bool, stored: Stored) -> None:
        channels = stored.shape[2]
        colors = channels - 1 + channels % 2
        for i in range(stored.shape[0]):
            alphas = planes[channels - 1, i]
            for channel in range(channels):
                source = planes[channel, i]
                for j in range(stored.shape[1]):
                    value = source[j]
                    if colors == channels:
                        value = curve(within(value, ONE)) * steps
                    elif channel == colors:
                        value = within(value, ONE) * steps
                    else:
                        value = color(value, within(alphas[j], ONE), steps, premultiplied)
                    if whole:
                        stored[i, j, channel] = np.int32(value + _HALF)
                    else:
                        stored[i, j, channel] = value

    return compiled(pack_kernel, on_disk=on_disk)


def pack_words(*, linear: bool, on_disk: bool) -> Kernel:
    """Return the kernel that writes straight or premultiplied RGBA8 as `pack` does, a whole pixel at a time.

    `kernel(planes, premultiplied, words)`: `words` (rows, columns) are little-endian, red in the lowest byte. Four
    stores a pixel keep a loop from being vectorised, and this is the format that nearly all pictures leave in: a
    third of the time, for the same bytes.
    """
    color = linear_color if linear else whole_color

    def pack_words_kernel(planes: Planes, premultiplied: bool, words: Words) -> None:
        for i in range(words.shape[0]):
            reds, greens, blues, alphas = planes[0, i], planes[1, i], planes[2, i], planes[3, i]
            target = words[i]
            for j in range(words.shape[1]):
                a = within(alphas[j], ONE)
                r = np.int32(color(reds[j], a, _STEPS_8, premultiplied) + _HALF)
                g = np.int32(color(greens[j], a, _STEPS_8, premultiplied) + _HALF)
                b = np.int32(color(blues[j], a, _STEPS_8, premultiplied) + _HALF)
                high = np.uint32(np.int32(a * _STEPS_8 + _HALF)) << np.uint32(24)
                target[j] = np.uint32(r | (g << np.int32(8)) | (b << np.int32(16))) | high

    return compiled(pack_words_kernel, on_disk=on_disk)
