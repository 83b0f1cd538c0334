"""Which picture is right? A float64 oracle of the sixteen W3C modes, and how far a contender is from it.

W3C Compositing and Blending Level 1, sections 5, 9 and 10, on arrays of (pixels, 3), written apart from the compositor's
own formulas. Only some rows are computed: enough to tell one formula from another.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bench.cases import Case, Contender, Pixels

Exact = npt.NDArray[np.float64]

OURS_STEPS_MAX = 1.0
"""Of 255, at the worst pixel: we round once, at the end."""

PEER_STEPS_MAX = 16.0
"""Peers round to 8 bit after each of the layers, which took the right ones up to 10 steps off; the nearest wrong formula
was 35 off. A result further off than this is another formula.
"""

PEER_PERCENTILE = 95.0
"""Of pixels, for peers: dodge and burn are so steep at their ends that 8 bit between layers moves some pixels far."""

CHECKED_ROWS = 24
"""How many rows are compared, evenly spread."""

BLACK_MAX = 1e-6
"""Dodge jumps at black and burn at white: a component this near is one that rounding, in earlier layers, took off it.
"""


def oracle(case: Case, mode: str) -> Exact:
    """Return the checked rows, (rows, columns, 4), premultiplied, in steps of 1/255 but not rounded."""
    color, alpha = _straight(case.backdrop)
    for pixels in case.layers:
        cs, sa = _straight(pixels)
        mixed = (1 - alpha) * cs + alpha * MIX[mode](color, cs)
        total = alpha + sa * (1 - alpha)  # exactly 1 where alpha is, which sa + alpha - sa * alpha is not
        color = (sa * mixed + (1 - sa) * alpha * color) / np.where(total > 0, total, 1)
        alpha = total
    return np.concatenate([color * alpha, alpha], axis=-1) * 255


def steps_off(contender: Contender, picture: Pixels, exact: Exact, percentile: float = 100.0) -> float:
    """Return how many steps `picture`, which `contender` made, is from `exact`: at the worst pixel, or at the pixel that
    `percentile` of all pixels do not exceed.
    """
    result = _checked(picture)[..., contender.channels].astype(np.float64)
    if not contender.premultiplied:
        result[..., :3] *= exact[..., 3:] / 255
    return float(np.percentile(np.abs(result - exact).max(axis=-1), percentile))


def _checked(pixels: Pixels) -> Pixels:
    step = max(1, pixels.shape[0] // CHECKED_ROWS)
    return pixels[step // 2 :: step]


def _straight(pixels: Pixels) -> tuple[Exact, Exact]:
    rows = _checked(pixels) / 255.0
    return rows[..., :3], rows[..., 3:]


def _divided(top: Exact, bottom: Exact) -> Exact:
    return np.divide(top, bottom, out=np.full_like(top, np.inf), where=bottom > 0)


def _soft_light(cb: Exact, cs: Exact) -> Exact:
    d = np.where(cb <= 0.25, ((16 * cb - 12) * cb + 4) * cb, np.sqrt(cb))
    return np.where(cs <= 0.5, cb - (1 - 2 * cs) * cb * (1 - cb), cb + (2 * cs - 1) * (d - cb))


def _hard_light(cb: Exact, cs: Exact) -> Exact:
    return np.where(cs <= 0.5, 2 * cb * cs, 1 - 2 * (1 - cb) * (1 - cs))


def _lum(c: Exact) -> Exact:
    light: Exact = c @ np.array([0.3, 0.59, 0.11])
    return light[..., None]


def _sat(c: Exact) -> Exact:
    reach: Exact = c.max(axis=-1, keepdims=True) - c.min(axis=-1, keepdims=True)
    return reach


def _set_lum(c: Exact, light: Exact) -> Exact:
    c = c + light - _lum(c)
    low, high = c.min(axis=-1, keepdims=True), c.max(axis=-1, keepdims=True)
    c = np.where(low < 0, light + (c - light) * light / np.where(low < 0, light - low, 1), c)
    return np.where(high > 1, light + (c - light) * (1 - light) / np.where(high > 1, high - light, 1), c)


def _set_sat(c: Exact, s: Exact) -> Exact:
    reach = _sat(c)
    return np.where(reach > 0, (c - c.min(axis=-1, keepdims=True)) * s / np.where(reach > 0, reach, 1), 0)


MIX: dict[str, Callable[[Exact, Exact], Exact]] = {
    "normal": lambda _cb, cs: cs,
    "multiply": lambda cb, cs: cb * cs,
    "screen": lambda cb, cs: cb + cs - cb * cs,
    "overlay": lambda cb, cs: _hard_light(cs, cb),
    "darken": np.minimum,
    "lighten": np.maximum,
    "color-dodge": lambda cb, cs: np.where(cb < BLACK_MAX, 0, np.minimum(1, _divided(cb, 1 - cs))),
    "color-burn": lambda cb, cs: np.where(1 - cb < BLACK_MAX, 1, 1 - np.minimum(1, _divided(1 - cb, cs))),
    "hard-light": _hard_light,
    "soft-light": _soft_light,
    "difference": lambda cb, cs: np.abs(cb - cs),
    "exclusion": lambda cb, cs: cb + cs - 2 * cb * cs,
    "hue": lambda cb, cs: _set_lum(_set_sat(cs, _sat(cb)), _lum(cb)),
    "saturation": lambda cb, cs: _set_lum(_set_sat(cb, _sat(cs)), _lum(cb)),
    "color": lambda cb, cs: _set_lum(cs, _lum(cb)),
    "luminosity": lambda cb, cs: _set_lum(cb, _lum(cs)),
}
