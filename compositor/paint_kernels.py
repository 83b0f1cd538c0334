"""How pixels enter planes and leave them: load, shift by a fraction, store.

Planes are (4, rows, columns) float32, premultiplied; regions are in their rows and columns.
"""

import numpy as np

from compositor._jit import compiled, inlinable
from compositor.blend_kernels import ONE, PER_255, ZERO, Kernel, Planes, Words, alpha, blue, fetch, green, red
from compositor.modes import Scalar

_SCALE = np.float32(255)
_HALF = np.float32(0.5)
_FULL = np.uint32(0xFF000000)


def load(*, on_disk: bool) -> Kernel:
    """Return the kernel that copies opaque RGBA8 pixels into planes.

    `kernel(acc, y, x, height, width, words, row, column)`: `words[row, column]` falls on the region's first pixel.
    """

    def load_kernel(
        acc: Planes,
        y: int,
        x: int,
        height: int,
        width: int,
        words: Words,
        row: int,
        column: int,
    ) -> None:
        for i in range(height):
            fetch(words, row + i + 1, column, width)
            reds, greens = acc[0, y + i, x : x + width], acc[1, y + i, x : x + width]
            blues = acc[2, y + i, x : x + width]
            source = words[row + i, column : column + width]
            for j in range(width):
                reds[j], greens[j], blues[j] = red(source[j]), green(source[j]), blue(source[j])
            acc[3, y + i, x : x + width] = ONE

    return compiled(load_kernel, on_disk=on_disk)


@inlinable
def _unpack_padded(words: Words, row: int, column: int, line: Planes) -> None:
    """Fill `line` (4, n) with premultiplied pixels from `words[row, column]` on; outside the array there is nothing."""
    line[:] = ZERO
    if 0 <= row < words.shape[0]:
        start, stop = max(0, -column), min(line.shape[1], words.shape[1] - column)
        source = words[row]
        for j in range(start, stop):
            word = source[column + j]
            a = alpha(word, PER_255)
            line[0, j], line[1, j], line[2, j], line[3, j] = red(word) * a, green(word) * a, blue(word) * a, a


def shift(*, on_disk: bool) -> Kernel:
    """Return the kernel that paints RGBA8 pixels moved right and down by fractions of a pixel, bilinearly.

    `kernel(planes, y, x, height, width, words, row, column, right, down, lines)`: without the fractions `words[row,
    column]` would fall on the region's first pixel; `lines` is scratch, (2, 4, width + 1) or more.
    """

    def shift_kernel(
        planes: Planes,
        y: int,
        x: int,
        height: int,
        width: int,
        words: Words,
        row: int,
        column: int,
        right: Scalar,
        down: Scalar,
        lines: Planes,
    ) -> None:
        _unpack_padded(words, row - 1, column - 1, lines[1, :, : width + 1])
        for i in range(height):
            _unpack_padded(words, row + i, column - 1, lines[i % 2, :, : width + 1])
            for plane in range(4):
                target = planes[plane, y + i, x : x + width]
                above, here = lines[(i + 1) % 2, plane], lines[i % 2, plane]
                for j in range(width):
                    upper = above[j + 1] + right * (above[j] - above[j + 1])
                    lower = here[j + 1] + right * (here[j] - here[j + 1])
                    target[j] = lower + down * (upper - lower)

    return compiled(shift_kernel, on_disk=on_disk)


@inlinable
def _byte(value: Scalar, scale: Scalar) -> np.int32:
    """The nearest 8-bit step, halves up; the cap takes what rounding lifted above 1."""
    scaled = value * scale
    return np.int32((scaled if scaled < _SCALE else _SCALE) + _HALF)


def store(*, opaque: bool, on_disk: bool) -> Kernel:
    """Return the kernel that writes planes as straight RGBA8; where alpha becomes 0, so do red, green and blue.

    `kernel(acc, height, width, words, row, column)`: the first rows and columns of `acc` go to `words[row, column]`
    and on.
    """

    def store_kernel(acc: Planes, height: int, width: int, words: Words, row: int, column: int) -> None:
        for i in range(height):
            reds, greens, blues, alphas = acc[0, i], acc[1, i], acc[2, i], acc[3, i]
            target = words[row + i, column : column + width]
            for j in range(width):
                high = np.int32(255) if opaque else _byte(alphas[j], _SCALE)
                scale = _SCALE if opaque else (_SCALE / alphas[j] if high > 0 else ZERO)
                r, g, b = _byte(reds[j], scale), _byte(greens[j], scale), _byte(blues[j], scale)
                target[j] = np.uint32(r | (g << np.int32(8)) | (b << np.int32(16))) | (np.uint32(high) << np.uint32(24))

    return compiled(store_kernel, on_disk=on_disk)
