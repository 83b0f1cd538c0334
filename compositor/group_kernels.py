"""What groups that are not isolated need besides blending: W3C Compositing Level 1, section 5; ISO 32000-1, 11.4.8.

Their accumulator starts as a copy of the backdrop. Regions are in rows and columns of the accumulators.
"""

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.blend_kernels import ONE, PER_255, ZERO, Kernel, Planes, Words, alpha
from compositor.modes import Scalar


def mix_back(*, on_disk: bool) -> Kernel:
    """Return the kernel that ends a group of blend mode normal: the backdrop goes `opacity` of the way to the group's
    result.

    `kernel(acc, y, x, height, width, opacity, source)`, which is what composing C = Cn + (Cn - C0) * (a0 / ag - a0)
    with normal comes to: the group's own alpha cancels out.
    """

    def mix_back_kernel(acc: Planes, y: int, x: int, height: int, width: int, opacity: Scalar, source: Planes) -> None:
        for plane in range(4):
            for i in range(y, y + height):
                below, above = acc[plane, i, x:], source[plane, i, x:]
                for j in range(width):
                    below[j] = below[j] + opacity * (above[j] - below[j])

    return compiled(mix_back_kernel, on_disk=on_disk)


@inlinable
def _within(value: Scalar, high: Scalar) -> Scalar:
    low = value if value > ZERO else ZERO
    return low if low < high else high


def extract(*, on_disk: bool) -> Kernel:
    """Return the kernel that takes the backdrop out of a group's accumulator, in place.

    `kernel(acc, y, x, height, width, backdrop, shape)`: premultiplied, ISO 32000-1's C is cn - (1 - ag) * c0 with ag
    from `shape`. Exactly it lies from 0 to ag; rounding may take it out by a step, and modes rely on nothing being
    negative.
    """

    def extract_kernel(acc: Planes, y: int, x: int, height: int, width: int, backdrop: Planes, shape: Planes) -> None:
        for plane in range(3):
            for i in range(y, y + height):
                result, start, group_alpha = acc[plane, i, x:], backdrop[plane, i, x:], shape[i, x:]
                for j in range(width):
                    ag = group_alpha[j]
                    result[j] = _within(result[j] - (ONE - ag) * start[j], ag)
        for i in range(y, y + height):
            acc[3, i, x : x + width] = shape[i, x : x + width]

    return compiled(extract_kernel, on_disk=on_disk)


def unite_words(*, on_disk: bool) -> Kernel:
    """Return the kernel that adds the alpha of RGBA8 pixels to a group's own alpha: `ag + sa * (1 - ag)`.

    `kernel(shape, y, x, height, width, opacity, words, row, column)`.
    """

    def unite_words_kernel(
        shape: npt.NDArray[np.float32],
        y: int,
        x: int,
        height: int,
        width: int,
        opacity: Scalar,
        words: Words,
        row: int,
        column: int,
    ) -> None:
        per_step = opacity * PER_255
        for i in range(height):
            group_alpha, source = shape[y + i, x : x + width], words[row + i, column : column + width]
            for j in range(width):
                group_alpha[j] = group_alpha[j] + alpha(source[j], per_step) * (ONE - group_alpha[j])

    return compiled(unite_words_kernel, on_disk=on_disk)


def unite_planes(*, on_disk: bool) -> Kernel:
    """Return the kernel that adds the alpha of premultiplied planes to a group's own alpha.

    `kernel(shape, y, x, height, width, opacity, source)`.
    """

    def unite_planes_kernel(
        shape: npt.NDArray[np.float32], y: int, x: int, height: int, width: int, opacity: Scalar, source: Planes
    ) -> None:
        for i in range(y, y + height):
            group_alpha, alphas = shape[i, x:], source[3, i, x:]
            for j in range(width):
                group_alpha[j] = group_alpha[j] + alphas[j] * opacity * (ONE - group_alpha[j])

    return compiled(unite_planes_kernel, on_disk=on_disk)
