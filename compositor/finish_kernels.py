"""The kernels that only finished sources need: pixels into premultiplied planes, and blending with a fill of its own.

Regions are in rows and columns of the planes.
"""

from typing import Any

from compositor._jit import compiled, inlinable
from compositor.blend_kernels import ONE, PER_255, ZERO, Kernel, Mix, Planes, Words, alpha, blue, green, reciprocal, red
from compositor.finish import NEUTRAL
from compositor.modes import MODES, Scalar


def unpack(*, on_disk: bool) -> Kernel:
    """Return the kernel that paints RGBA8 pixels into premultiplied planes.

    `kernel(planes, y, x, height, width, words, row, column)`: `words[row, column]` falls on the region's first pixel.
    """

    def unpack_kernel(
        planes: Planes, y: int, x: int, height: int, width: int, words: Words, row: int, column: int
    ) -> None:
        for i in range(height):
            reds, greens = planes[0, y + i, x : x + width], planes[1, y + i, x : x + width]
            blues, alphas = planes[2, y + i, x : x + width], planes[3, y + i, x : x + width]
            source = words[row + i, column : column + width]
            for j in range(width):
                word = source[j]
                a = alpha(word, PER_255)
                reds[j], greens[j], blues[j], alphas[j] = red(word) * a, green(word) * a, blue(word) * a, a

    return compiled(unpack_kernel, on_disk=on_disk)


@inlinable
def _towards(mix: Mix, neutral: Scalar, cb: Scalar, cs: Scalar, fill: Scalar) -> Any:
    return mix(cb, neutral + fill * (cs - neutral))


@inlinable
def _contrast(_mix: Mix, _neutral: Scalar, cb: Scalar, cs: Scalar, fill: Scalar) -> Any:
    # Hard mix is the limit of a contrast curve that fill makes gentle: slope 1 / (1 - fill), through the point where
    # backdrop and source add up to 1. At a fill of 0 it is the backdrop. `fill` is below 1 here.
    steep = (cb - fill * (ONE - cs)) / (ONE - fill)
    low = steep if steep > ZERO else ZERO
    return low if low < ONE else ONE


def blend_filled(mode: str, *, on_disk: bool) -> Kernel:
    """Return the kernel that blends premultiplied planes in one of the modes of `finish.NEUTRAL` at a fill below 1.

    `kernel(acc, y, x, height, width, opacity, fill, source)`. Where there is backdrop, fill moves the source's colour
    towards what changes nothing; where there is none it is one more opacity:

        co = (1 - sa) * cb + sa * ((1 - ab) * fill * cs + ab * B(cb / ab, cs at fill))
        ao = ab + sa * fill * (1 - ab)
    """
    mix, neutral, faded = MODES[mode].mix, NEUTRAL[mode], _contrast if mode == "hard-mix" else _towards

    def blend_filled_kernel(
        acc: Planes, y: int, x: int, height: int, width: int, opacity: Scalar, fill: Scalar, source: Planes
    ) -> None:
        for i in range(y, y + height):
            alphas, source_alphas = acc[3, i, x:], source[3, i, x:]
            for plane in range(3):
                colors, sources = acc[plane, i, x:], source[plane, i, x:]
                for j in range(width):
                    sa, ab = source_alphas[j] * opacity, alphas[j]
                    cs = sources[j] * reciprocal(source_alphas[j])
                    mixed = faded(mix, neutral, colors[j] * reciprocal(ab), cs, fill)
                    colors[j] = (ONE - sa) * colors[j] + sa * ((ONE - ab) * fill * cs + ab * mixed)
            for j in range(width):
                alphas[j] = alphas[j] + source_alphas[j] * opacity * fill * (ONE - alphas[j])

    return compiled(blend_filled_kernel, on_disk=on_disk)
