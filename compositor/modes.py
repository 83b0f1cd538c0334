"""What each blend mode computes: one plain function B(cb, cs) a mode, in one table.

The first sixteen formulas are those of W3C Compositing and Blending Level 1, section 10 (the same as ISO 32000-1,
11.3.5). The other ten are Photoshop's, as its documentation describes them, with what its own merged images show at the
edges; on the modes that both have, the two agree. The functions run as they stand in the interpreter, on
`numpy.float32` scalars, and are compiled into kernels unchanged; both give the same bits, so every constant is a
float32, and only `+ - * /`, comparisons and square root occur.

Contract of a mode: components come straight (not premultiplied), nominally 0 to 1, but `cb` may exceed 1 by a few ulp
because it is the quotient of two rounded numbers. The result is never below 0 and never NaN; it may exceed 1 by a few
ulp.

Written for vector units: both sides of a choice are computed first and are then chosen between, and a divisor is
replaced by 1 where its quotient is not wanted. A branch around arithmetic makes a kernel ten times slower.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

Scalar: TypeAlias = np.float32
Triple: TypeAlias = tuple[Scalar, Scalar, Scalar]

_ZERO = np.float32(0)
_QUARTER = np.float32(0.25)
_HALF = np.float32(0.5)
_ONE = np.float32(1)
_TWO = np.float32(2)
_FOUR = np.float32(4)
_TWELVE = np.float32(12)
_SIXTEEN = np.float32(16)

_SLACK = np.float32(2**-20)
"""What is nearer than this counts as equal where a mode jumps: more than rounding moves a component, which is
premultiplied and divided again, and far below a step of 16 bit (2**-16).
"""
_REACH_MIN = np.float32(2**-100)
"""A saturation below this counts as none; its reciprocal would overflow."""

# Luminosity weights of W3C section 10.2, kept at its two digits on purpose.
_LUM_RED = np.float32(0.3)
_LUM_GREEN = np.float32(0.59)
_LUM_BLUE = np.float32(0.11)


class Mode(NamedTuple):
    """A blend mode.

    `mix` is B(cb, cs) on one component, or on six (backdrop r, g, b, source r, g, b) when not separable.
    """

    name: str
    mix: Callable[..., object]
    separable: bool


def _normal(cb: Scalar, cs: Scalar) -> Scalar:  # noqa: ARG001 - a mode takes both, and this one ignores the backdrop
    return cs


def _multiply(cb: Scalar, cs: Scalar) -> Scalar:
    return cb * cs


def _screen(cb: Scalar, cs: Scalar) -> Scalar:
    return cb + cs - cb * cs


def _overlay(cb: Scalar, cs: Scalar) -> Scalar:
    twice = _TWO * cb
    dark, light = twice * cs, _ONE - (_TWO - twice) * (_ONE - cs)
    return dark if cb <= _HALF else light


def _darken(cb: Scalar, cs: Scalar) -> Scalar:
    return cb if cb < cs else cs


def _lighten(cb: Scalar, cs: Scalar) -> Scalar:
    return cb if cb > cs else cs


def _color_dodge(cb: Scalar, cs: Scalar) -> Scalar:
    # cb >= 1 - cs says "the quotient is 1 or more" and includes cs = 1, so that nothing is ever divided by zero.
    room = _ONE - cs
    part = cb / (room if cb < room else _ONE)
    lit = part if cb < room else _ONE
    return lit if cb > _ZERO else _ZERO


def _color_burn(cb: Scalar, cs: Scalar) -> Scalar:
    # White on translucent ground is premultiplied and divided again, and may come back one ulp short of 1; burning it
    # with black must still give white. So where the burn ends, what is darker by a millionth counts as white, too.
    dark = not_negative(_ONE - cb)
    part = _ONE - dark / (cs if dark < cs else _ONE)
    end = _ZERO if dark > _SLACK else _ONE
    return part if dark < cs else end


def _hard_light(cb: Scalar, cs: Scalar) -> Scalar:
    twice = _TWO * cs
    dark, light = cb * twice, _ONE - (_ONE - cb) * (_TWO - twice)
    return dark if cs <= _HALF else light


def _soft_light(cb: Scalar, cs: Scalar) -> Scalar:
    curve = ((_SIXTEEN * cb - _TWELVE) * cb + _FOUR) * cb
    root = np.sqrt(cb)
    lifted = (curve if cb <= _QUARTER else root) - cb
    lowered = cb * (_ONE - cb)
    return cb + (_TWO * cs - _ONE) * (lowered if cs <= _HALF else lifted)


def _difference(cb: Scalar, cs: Scalar) -> Scalar:
    more, less = cb - cs, cs - cb
    return more if more > less else less


def _exclusion(cb: Scalar, cs: Scalar) -> Scalar:
    mixed = cb + cs - _TWO * cb * cs
    return mixed if mixed > _ZERO else _ZERO


def _linear_burn(cb: Scalar, cs: Scalar) -> Scalar:
    return not_negative(cb + cs - _ONE)


def _linear_dodge(cb: Scalar, cs: Scalar) -> Scalar:
    return at_most_one(cb + cs)


def _vivid_light(cb: Scalar, cs: Scalar) -> Scalar:
    # Burn with 2 cs, or dodge with 2 cs - 1, without the cases that the two have for a white or black backdrop: in
    # Photoshop's merged images a black source gives black, and a white one white, on any backdrop.
    dark, grip = not_negative(_ONE - cb), _TWO * cs
    burnt = _ONE - dark / (grip if dark < grip else _ONE)
    burnt = burnt if dark < grip else _ZERO
    room = _TWO * (_ONE - cs)
    lit = cb / (room if cb < room else _ONE)
    lit = lit if cb < room else _ONE
    return burnt if cs <= _HALF else lit


def _linear_light(cb: Scalar, cs: Scalar) -> Scalar:
    return at_most_one(not_negative(cb + (_TWO * cs - _ONE)))


def _pin_light(cb: Scalar, cs: Scalar) -> Scalar:
    twice = _TWO * cs
    over = twice - _ONE
    dark, light = cb if cb < twice else twice, cb if cb > over else over
    return dark if cs <= _HALF else light


def _hard_mix(cb: Scalar, cs: Scalar) -> Scalar:
    # White where cb + cs exceeds 1. On the line itself, where every pair of complementary 8-bit values lies, Photoshop
    # gives white only where the backdrop is the lighter of the two.
    edge = -_SLACK if cb > cs else _SLACK
    return _ONE if cb + cs - _ONE > edge else _ZERO


def _subtract(cb: Scalar, cs: Scalar) -> Scalar:
    return not_negative(cb - cs)


def _divide(cb: Scalar, cs: Scalar) -> Scalar:
    # cb >= cs says "the quotient is 1 or more" and includes cs = 0; black divided by anything stays black.
    part = cb / (cs if cb < cs else _ONE)
    lit = part if cb < cs else _ONE
    return lit if cb > _ZERO else _ZERO


def luminosity_of(r: Scalar, g: Scalar, b: Scalar) -> Scalar:
    """Return Lum(C) of W3C section 10.2."""
    return _LUM_RED * r + _LUM_GREEN * g + _LUM_BLUE * b


def least(r: Scalar, g: Scalar, b: Scalar) -> Scalar:
    """Return the smallest component."""
    low = r if r < g else g
    return low if low < b else b


def greatest(r: Scalar, g: Scalar, b: Scalar) -> Scalar:
    """Return the largest component."""
    high = r if r > g else g
    return high if high > b else b


def not_negative(value: Scalar) -> Scalar:
    """Return `value`, or 0 when rounding made it negative."""
    return value if value > _ZERO else _ZERO


def at_most_one(value: Scalar) -> Scalar:
    """Return `value`, or 1 when it is more."""
    return value if value < _ONE else _ONE


def with_luminosity(r: Scalar, g: Scalar, b: Scalar, wanted: Scalar) -> Triple:
    """Return SetLum(C, l) with ClipColor of W3C section 10.2, for components whose range is at most 1.

    A range of at most 1 means that a colour leaves the gamut at one end only, so one factor serves both ends.
    `wanted` is capped at 1 because an ulp above it would turn the factor's divisor into zero.
    """
    lum = wanted if wanted < _ONE else _ONE
    shift = lum - luminosity_of(r, g, b)
    r, g, b = r + shift, g + shift, b + shift
    low, high = least(r, g, b), greatest(r, g, b)
    down, up = _ONE - lum, high - lum
    room = down if high > _ONE else _ONE
    reach = up if high > _ONE else _ONE
    fall = lum - low
    factor = (lum if low < _ZERO else room) / (fall if low < _ZERO else reach)
    r, g, b = lum + (r - lum) * factor, lum + (g - lum) * factor, lum + (b - lum) * factor
    return not_negative(r), not_negative(g), not_negative(b)


def with_saturation(r: Scalar, g: Scalar, b: Scalar, wanted: Scalar) -> Triple:
    """Return SetSat(C, s) of W3C section 10.2; scaling all three components maps the least to 0 and the greatest to
    s.
    """
    low, high = least(r, g, b), greatest(r, g, b)
    reach = high - low
    factor = wanted / (reach if reach > _REACH_MIN else _ONE)
    return (r - low) * factor, (g - low) * factor, (b - low) * factor


def saturation_of(r: Scalar, g: Scalar, b: Scalar) -> Scalar:
    """Return Sat(C) of W3C section 10.2."""
    return greatest(r, g, b) - least(r, g, b)


def _hue(br: Scalar, bg: Scalar, bb: Scalar, sr: Scalar, sg: Scalar, sb: Scalar) -> Triple:
    r, g, b = with_saturation(sr, sg, sb, saturation_of(br, bg, bb))
    return with_luminosity(r, g, b, luminosity_of(br, bg, bb))


def _saturation(br: Scalar, bg: Scalar, bb: Scalar, sr: Scalar, sg: Scalar, sb: Scalar) -> Triple:
    r, g, b = with_saturation(br, bg, bb, saturation_of(sr, sg, sb))
    return with_luminosity(r, g, b, luminosity_of(br, bg, bb))


def _color(br: Scalar, bg: Scalar, bb: Scalar, sr: Scalar, sg: Scalar, sb: Scalar) -> Triple:
    return with_luminosity(sr, sg, sb, luminosity_of(br, bg, bb))


def _luminosity(br: Scalar, bg: Scalar, bb: Scalar, sr: Scalar, sg: Scalar, sb: Scalar) -> Triple:
    return with_luminosity(br, bg, bb, luminosity_of(sr, sg, sb))


def _darker_color(br: Scalar, bg: Scalar, bb: Scalar, sr: Scalar, sg: Scalar, sb: Scalar) -> Triple:
    # Whole colours are compared, by luminosity; colours of equal luminosity leave the backdrop.
    darker = luminosity_of(sr, sg, sb) < luminosity_of(br, bg, bb) - _SLACK
    return sr if darker else br, sg if darker else bg, sb if darker else bb


def _lighter_color(br: Scalar, bg: Scalar, bb: Scalar, sr: Scalar, sg: Scalar, sb: Scalar) -> Triple:
    lighter = luminosity_of(sr, sg, sb) > luminosity_of(br, bg, bb) + _SLACK
    return sr if lighter else br, sg if lighter else bg, sb if lighter else bb


HELPERS: tuple[Callable[..., object], ...] = (
    luminosity_of,
    least,
    greatest,
    not_negative,
    at_most_one,
    with_luminosity,
    with_saturation,
    saturation_of,
)
"""What the modes call; a compiler must know these too."""

_W3C = (
    Mode("normal", _normal, separable=True),
    Mode("multiply", _multiply, separable=True),
    Mode("screen", _screen, separable=True),
    Mode("overlay", _overlay, separable=True),
    Mode("darken", _darken, separable=True),
    Mode("lighten", _lighten, separable=True),
    Mode("color-dodge", _color_dodge, separable=True),
    Mode("color-burn", _color_burn, separable=True),
    Mode("hard-light", _hard_light, separable=True),
    Mode("soft-light", _soft_light, separable=True),
    Mode("difference", _difference, separable=True),
    Mode("exclusion", _exclusion, separable=True),
    Mode("hue", _hue, separable=False),
    Mode("saturation", _saturation, separable=False),
    Mode("color", _color, separable=False),
    Mode("luminosity", _luminosity, separable=False),
)
_PHOTOSHOP = (
    Mode("linear-burn", _linear_burn, separable=True),
    Mode("linear-dodge", _linear_dodge, separable=True),
    Mode("vivid-light", _vivid_light, separable=True),
    Mode("linear-light", _linear_light, separable=True),
    Mode("pin-light", _pin_light, separable=True),
    Mode("hard-mix", _hard_mix, separable=True),
    Mode("subtract", _subtract, separable=True),
    Mode("divide", _divide, separable=True),
    Mode("darker-color", _darker_color, separable=False),
    Mode("lighter-color", _lighter_color, separable=False),
)

MODES: dict[str, Mode] = {mode.name: mode for mode in (*_W3C, *_PHOTOSHOP)}
"""Every mode by its name: the W3C's in the order of its specification, then Photoshop's."""

W3C_BLEND_MODES: tuple[str, ...] = tuple(mode.name for mode in _W3C)
"""Names of the sixteen modes of W3C Compositing and Blending Level 1."""

MIXING_MODES: tuple[str, ...] = tuple(MODES)
"""Names of the modes that have a formula: `W3C_BLEND_MODES`, then those that only Photoshop has."""

DISSOLVE = "dissolve"
"""A blend mode that chooses pixels instead of mixing them, and so has no formula."""

BLEND_MODES: tuple[str, ...] = (*MIXING_MODES, DISSOLVE)
"""Names of all modes that a layer may have: `MIXING_MODES` and `DISSOLVE`."""
