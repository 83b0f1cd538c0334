"""How a source is blended onto a tile's accumulator: one factory for each kind of source.

An accumulator is (4, rows, columns) float32: red, green, blue premultiplied, then alpha. With `k = 1 - sa` every mode
is

    co = k * cb + sa * ((1 - ab) * cs + ab * B(cb / ab, cs))         W3C Compositing Level 1, section 5 and 10
    ao = ab + sa * (1 - ab)

which for an opaque backdrop (ab = 1) is bit for bit `k * cb + sa * B(cb, cs)` and ao = 1. So a tile whose backdrop is
known to be opaque leaves the alpha plane alone and saves the division, and nobody can tell from the pixels.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable, prefetch
from compositor.modes import HELPERS, MODES, Scalar, Triple

Kernel: TypeAlias = Callable[..., None]
Words: TypeAlias = npt.NDArray[np.uint32]
"""RGBA8 pixels as one little-endian word each: red in the lowest byte, alpha in the highest."""
Planes: TypeAlias = npt.NDArray[np.float32]
Mix: TypeAlias = Callable[..., Any]

ZERO = np.float32(0)
ONE = np.float32(1)
PER_255 = np.float32(1 / 255)
"""One step of 8 bit. 255 * PER_255 rounds to exactly 1 in float32."""
ALPHA_MIN = np.float32(2**-24)
"""Below this alpha a colour has no weight in any output, and its quotient would lose its meaning: it counts as none."""
LINE_WORDS = 16
"""Pixels in a cache line of 64 bytes."""
RUN_WORDS = 512
"""Pixels that go through all layers of a stack before the next ones: their accumulator takes 8 KiB and stays in the
first-level cache. Runs of 1,024 take a third longer, since hints for that many fill the core's queue of loads.
"""

for _function in (*HELPERS, *(mode.mix for mode in MODES.values())):
    inlinable(_function)


@inlinable
def red(word: np.uint32) -> Scalar:
    """Red of a pixel, 0 to 1."""
    return np.float32(np.int32(word & np.uint32(255))) * PER_255


@inlinable
def green(word: np.uint32) -> Scalar:
    """Green of a pixel, 0 to 1."""
    return np.float32(np.int32((word >> np.uint32(8)) & np.uint32(255))) * PER_255


@inlinable
def blue(word: np.uint32) -> Scalar:
    """Blue of a pixel, 0 to 1."""
    return np.float32(np.int32((word >> np.uint32(16)) & np.uint32(255))) * PER_255


@inlinable
def alpha(word: np.uint32, per_step: Scalar) -> Scalar:
    """Alpha of a pixel, times opacity: `per_step` is opacity / 255."""
    return np.float32(np.int32(word >> np.uint32(24))) * per_step


@inlinable
def reciprocal(value: Scalar) -> Scalar:
    """1 / `value`, or 0 for an alpha too small to divide by."""
    quotient = ONE / (value if value > ALPHA_MIN else ONE)
    return quotient if value > ALPHA_MIN else ZERO


@inlinable
def fetch(words: Words, row: int, column: int, count: int) -> None:
    """Hint that `count` words from (`row`, `column`) will be read soon; rows outside the array are ignored.

    Kernels ask for the next row while they work on one. Eight layers are eight streams of memory, more than a core
    follows by itself: without hints a stack takes more than twice as long.
    """
    if 0 <= row < words.shape[0]:
        for step in range(0, count, LINE_WORDS):
            prefetch(words, row, column + step)


@inlinable
def _over(
    _mix: Mix, br: Scalar, bg: Scalar, bb: Scalar, _ab: Scalar, sr: Scalar, sg: Scalar, sb: Scalar, sa: Scalar
) -> Triple:
    k = ONE - sa
    return k * br + sa * sr, k * bg + sa * sg, k * bb + sa * sb


@inlinable
def _separable_on_opaque(
    mix: Mix, br: Scalar, bg: Scalar, bb: Scalar, _ab: Scalar, sr: Scalar, sg: Scalar, sb: Scalar, sa: Scalar
) -> Triple:
    k = ONE - sa
    return k * br + sa * mix(br, sr), k * bg + sa * mix(bg, sg), k * bb + sa * mix(bb, sb)


@inlinable
def _separable(
    mix: Mix, br: Scalar, bg: Scalar, bb: Scalar, ab: Scalar, sr: Scalar, sg: Scalar, sb: Scalar, sa: Scalar
) -> Triple:
    k, u, q = ONE - sa, ONE - ab, reciprocal(ab)
    r = k * br + sa * (u * sr + ab * mix(br * q, sr))
    g = k * bg + sa * (u * sg + ab * mix(bg * q, sg))
    b = k * bb + sa * (u * sb + ab * mix(bb * q, sb))
    return r, g, b


@inlinable
def _joint_on_opaque(
    mix: Mix, br: Scalar, bg: Scalar, bb: Scalar, _ab: Scalar, sr: Scalar, sg: Scalar, sb: Scalar, sa: Scalar
) -> Triple:
    k = ONE - sa
    r, g, b = mix(br, bg, bb, sr, sg, sb)
    return k * br + sa * r, k * bg + sa * g, k * bb + sa * b


@inlinable
def _joint(
    mix: Mix, br: Scalar, bg: Scalar, bb: Scalar, ab: Scalar, sr: Scalar, sg: Scalar, sb: Scalar, sa: Scalar
) -> Triple:
    k, u, q = ONE - sa, ONE - ab, reciprocal(ab)
    r, g, b = mix(br * q, bg * q, bb * q, sr, sg, sb)
    return k * br + sa * (u * sr + ab * r), k * bg + sa * (u * sg + ab * g), k * bb + sa * (u * sb + ab * b)


def _formula(mode: str, opaque: bool) -> Mix:
    if mode == "normal":
        return _over
    if MODES[mode].separable:
        return _separable_on_opaque if opaque else _separable
    return _joint_on_opaque if opaque else _joint


def blend_words(mode: str, *, opaque: bool, on_disk: bool) -> Kernel:
    """Return the kernel that blends a stack of straight RGBA8 pictures onto an accumulator, the first one first.

    `kernel(acc, y, x, height, width, opacities, stack, places)`: the region of `acc` is given in its own rows and
    columns. There are as many pictures as `opacities` (n,); `stack` always has `STACK_MAX`, and of picture k the pixel
    at row `places[k, 0]` and column `places[k, 1]` falls on the region's first.
    """
    formula, mix = _formula(mode, opaque), MODES[mode].mix

    def blend_words_kernel(
        acc: Planes,
        y: int,
        x: int,
        height: int,
        width: int,
        opacities: Planes,
        stack: tuple[Words, ...],
        places: npt.NDArray[np.int64],
    ) -> None:
        for i in range(height):
            for start in range(0, width, RUN_WORDS):
                count, at = min(RUN_WORDS, width - start), x + start
                reds, greens = acc[0, y + i, at : at + count], acc[1, y + i, at : at + count]
                blues, alphas = acc[2, y + i, at : at + count], acc[3, y + i, at : at + count]
                for k in range(opacities.size):
                    words, row, column = stack[k], places[k, 0] + i, places[k, 1] + start
                    fetch(words, row + 1, column, count)
                    source, per_step = words[row, column : column + count], opacities[k] * PER_255
                    for j in range(count):
                        word = source[j]
                        sa = alpha(word, per_step)
                        ab = ONE if opaque else alphas[j]
                        reds[j], greens[j], blues[j] = formula(
                            mix, reds[j], greens[j], blues[j], ab, red(word), green(word), blue(word), sa
                        )
                        if not opaque:
                            alphas[j] = ab + sa * (ONE - ab)

    return compiled(blend_words_kernel, on_disk=on_disk)


def blend_planes(mode: str, *, opaque: bool, on_disk: bool) -> Kernel:
    """Return the kernel that blends premultiplied planes onto an accumulator of the same shape, region on equal region.

    `kernel(acc, y, x, height, width, opacity, source)`. The source is divided by its alpha, since modes take straight
    colour.
    """
    formula, mix = _formula(mode, opaque), MODES[mode].mix

    def blend_planes_kernel(
        acc: Planes, y: int, x: int, height: int, width: int, opacity: Scalar, source: Planes
    ) -> None:
        for i in range(y, y + height):
            reds, greens, blues, alphas = acc[0, i, x:], acc[1, i, x:], acc[2, i, x:], acc[3, i, x:]
            sources = source[0, i, x:], source[1, i, x:], source[2, i, x:], source[3, i, x:]
            for j in range(width):
                q = reciprocal(sources[3][j])
                sr, sg, sb = sources[0][j] * q, sources[1][j] * q, sources[2][j] * q
                sa = sources[3][j] * opacity
                ab = ONE if opaque else alphas[j]
                reds[j], greens[j], blues[j] = formula(mix, reds[j], greens[j], blues[j], ab, sr, sg, sb, sa)
                if not opaque:
                    alphas[j] = ab + sa * (ONE - ab)

    return compiled(blend_planes_kernel, on_disk=on_disk)
