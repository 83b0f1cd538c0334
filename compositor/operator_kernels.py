"""How two lines of pixels are blended and composed by any operator: one kernel a mode, the operator's factors as data.

The lines are (4, n) float32 planes. For source-over the kernel does exactly the arithmetic of `blend_kernels`, so that
`blend` and `composite` agree to the bit.
"""

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.blend_kernels import ONE, Kernel, Mix, Planes, reciprocal
from compositor.modes import MODES, Scalar, Triple, at_most_one, not_negative


@inlinable
def _as_it_is(
    _mix: Mix, _br: Scalar, _bg: Scalar, _bb: Scalar, _ab: Scalar, sr: Scalar, sg: Scalar, sb: Scalar
) -> Triple:
    return sr, sg, sb


@inlinable
def _separable(mix: Mix, br: Scalar, bg: Scalar, bb: Scalar, ab: Scalar, sr: Scalar, sg: Scalar, sb: Scalar) -> Triple:
    u = ONE - ab
    return u * sr + ab * mix(br, sr), u * sg + ab * mix(bg, sg), u * sb + ab * mix(bb, sb)


@inlinable
def _joint(mix: Mix, br: Scalar, bg: Scalar, bb: Scalar, ab: Scalar, sr: Scalar, sg: Scalar, sb: Scalar) -> Triple:
    u = ONE - ab
    r, g, b = mix(br, bg, bb, sr, sg, sb)
    return u * sr + ab * r, u * sg + ab * g, u * sb + ab * b


def _blended(mode: str) -> Mix:
    if mode == "normal":
        return _as_it_is
    return _separable if MODES[mode].separable else _joint


def compose(mode: str, *, on_disk: bool) -> Kernel:
    """Return the kernel that blends a line of pixels with `mode` and composes it by any operator.

    `kernel(acc, held, source, factors)`: `acc` is the backdrop, premultiplied when `held` and else straight, and
    becomes the result, premultiplied, alpha cut at 1 and colours not yet cut to it; `source` is straight; `factors` are
    those of `operators.factors`. A straight backdrop enters the mode as it is, which is exact; a premultiplied one is
    divided by its alpha.
    """
    blended, mix = _blended(mode), MODES[mode].mix

    def compose_kernel(acc: Planes, held: bool, source: Planes, factors: npt.NDArray[np.float32]) -> None:
        reds, greens, blues, alphas = acc[0], acc[1], acc[2], acc[3]
        source_reds, source_greens, source_blues, source_alphas = source[0], source[1], source[2], source[3]
        fa, fa_slope, fb, fb_slope = factors[0], factors[1], factors[2], factors[3]
        ga, ga_slope, gb, gb_slope = factors[4], factors[5], factors[6], factors[7]
        darkens = factors[8]
        for j in range(alphas.size):
            ab, sa = alphas[j], source_alphas[j]
            q = reciprocal(ab)
            held_to_straight, to_premul = q if held else ONE, ONE if held else ab
            r, g, b = blended(
                mix,
                reds[j] * held_to_straight,
                greens[j] * held_to_straight,
                blues[j] * held_to_straight,
                ab,
                source_reds[j],
                source_greens[j],
                source_blues[j],
            )
            above, below = sa * (fa + fa_slope * ab), fb + fb_slope * sa
            excess = darkens * not_negative(sa + ab - ONE)
            reds[j] = not_negative(below * (reds[j] * to_premul) + above * r - excess)
            greens[j] = not_negative(below * (greens[j] * to_premul) + above * g - excess)
            blues[j] = not_negative(below * (blues[j] * to_premul) + above * b - excess)
            alphas[j] = at_most_one(sa * (ga + ga_slope * ab) + ab * (gb + gb_slope * sa))

    return compiled(compose_kernel, on_disk=on_disk)
