"""How planes are finished before and after they are blended, in NumPy: one short function for each stage of a finish.

Planes are (4, height, width) float32 premultiplied, weights and alphas (height, width) float32, all of one region.
Every step is one IEEE operation on float32, so that the bits are the same on every machine.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from compositor.finish import Tones
from compositor.rect import Rect

Planes = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float32]

_ONE = np.float32(1)
_ZERO = np.float32(0)
_ALPHA_MIN = np.float32(2**-24)
"""Below this alpha a colour has no weight in any output, and its quotient would lose its meaning: it counts as none."""
_LUM = (np.float32(0.3), np.float32(0.59), np.float32(0.11))
"""Luminosity weights of W3C section 10.2."""
_NOISE_BITS = 24
"""Bits of dissolve's noise: as many as a float32 holds exactly."""


def attenuate(planes: Planes, weights: Weights) -> None:
    """Multiply colour and alpha by `weights`."""
    planes *= weights


def detach(planes: Planes, alphas: Weights) -> None:
    """Move the alpha of `planes` to `alphas` and leave straight colour with alpha 1; no colour where there is none."""
    alphas[...] = planes[3]
    planes[:3] *= _reciprocal(alphas)
    planes[3] = _ONE


def mix(below: Planes, above: Planes, weights: Weights) -> None:
    """Let `below` go `weights` of the way to `above`."""
    below += weights * (above - below)


def unite_knockout(shape: Weights, weights: Weights, fill: np.float32) -> None:
    """Let a group's own alpha go `weights` of the way to `fill`: what was there is knocked out."""
    shape += weights * (fill - shape)


def restore(planes: Planes, before: Planes, held: Sequence[int]) -> None:
    """Give the planes `held` the straight colour of `before` at the new alpha."""
    change = np.where(before[3] == planes[3], _ONE, planes[3] * _reciprocal(before[3]))
    for plane in held:
        np.multiply(before[plane], change, out=planes[plane])


def sift(planes: Planes, backdrop: Planes, sliders: Sequence[Tones]) -> None:
    """Multiply `planes` by what the sliders leave of each pixel, judged by its straight colour or the backdrop's."""
    weights = np.ones(planes.shape[1:], np.float32)
    for slider in sliders:
        weights *= _share(_tone(backdrop if slider.under else planes, slider.component), slider)
    planes *= weights


def dissolve(planes: Planes, opacity: np.float32, region: Rect, seed: int) -> None:
    """Make each pixel opaque or nothing, opaque as often as its alpha says.

    A pixel is opaque when alpha times `opacity` exceeds the noise at its place on the canvas, so that 1 is always
    opaque and 0 never.
    """
    shown = planes[3] * opacity > noise(region, seed)
    planes[:3] *= _reciprocal(planes[3])
    planes[3] = _ONE
    planes *= shown


def noise(region: Rect, seed: int) -> Weights:
    """Return uniform noise from 0 to below 1 that depends on nothing but the pixel's place and `seed`.

    Two rounds of the 32-bit finalizer of MurmurHash3 over column and row.
    """
    columns = np.arange(region.x0, region.x1, dtype=np.int64).astype(np.uint32)
    rows = np.arange(region.y0, region.y1, dtype=np.int64).astype(np.uint32)
    across = _scrambled(columns ^ np.uint32(seed))
    both = _scrambled(across[None, :] + rows[:, None] * np.uint32(0x9E3779B1))
    return (both >> np.uint32(32 - _NOISE_BITS)).astype(np.float32) * np.float32(2.0**-_NOISE_BITS)


def _scrambled(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    words = (words ^ (words >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    words = (words ^ (words >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return words ^ (words >> np.uint32(16))


def _reciprocal(alphas: Weights) -> Weights:
    seen = alphas > _ALPHA_MIN
    return np.where(seen, _ONE / np.where(seen, alphas, _ONE), _ZERO)


def _tone(planes: Planes, component: int) -> Weights:
    """The straight gray value or component of each pixel."""
    quotient = _reciprocal(planes[3])
    if component > 0:
        tone: Weights = planes[component - 1] * quotient
    else:
        tone = (planes[0] * _LUM[0] + planes[1] * _LUM[1] + planes[2] * _LUM[2]) * quotient
    return tone


def _share(tone: Weights, slider: Tones) -> Weights:
    """What a slider leaves: 0 below the first handle and above the last, 1 between the middle ones, straight ramps."""
    a, b, c, d = slider.handles
    rise = (tone >= a).astype(np.float32) if a == b else np.clip((tone - a) / (b - a), _ZERO, _ONE)
    # The quotient of two rounded numbers may lie an ulp above 1, where a handle at 1 must not hide it.
    capped = np.minimum(tone, _ONE)
    fall = (capped <= d).astype(np.float32) if c == d else np.clip((d - capped) / (d - c), _ZERO, _ONE)
    both: Weights = rise * fall
    return both
