"""How encoded sRGB becomes linear light and back: the two curves of IEC 61966-2-1, as plain functions.

Powers are taken by Newton's method in float64, from `+ - * /` and square roots alone: the library's `pow` differs by
an ulp between machines, and pixels must not. Kernels inline these functions; in the interpreter they take scalars.
"""

from typing import TypeAlias

import numpy as np

Scalar: TypeAlias = np.float32

_ENCODED_KNEE = 0.04045
_LINEAR_KNEE = 0.0031308
_SLOPE = 12.92
_OFFSET = 0.055
_GAIN = 1.055


def fifth_root(t: float) -> float:
    """Return t ** (1/5) for `t` from 0.05 to 1, to 1e-15; float64."""
    # The cubic is within 5.2 % there, and every step of Newton squares the error and doubles it.
    r = 0.51907679 + t * (1.24098748 + t * (-1.36565855 + t * 0.61416147))
    r = (4.0 * r + t / (r * r * r * r)) / 5.0
    r = (4.0 * r + t / (r * r * r * r)) / 5.0
    r = (4.0 * r + t / (r * r * r * r)) / 5.0
    return (4.0 * r + t / (r * r * r * r)) / 5.0


def cube_root(q: float) -> float:
    """Return q ** (1/3) for `q` from 0.23 to 1, to 1e-15; float64. Below it is some finite number."""
    # The cubic is within 0.41 % there.
    c = 0.39255451 + q * (1.14156817 + q * (-0.82185917 + q * 0.28910283))
    c = (2.0 * c + q / (c * c)) / 3.0
    c = (2.0 * c + q / (c * c)) / 3.0
    return (2.0 * c + q / (c * c)) / 3.0


def to_linear(value: Scalar) -> Scalar:
    """Return the linear light of an encoded component, both float32 from 0 to 1; 0 and 1 stay exactly."""
    s = np.float64(value)
    low = s / _SLOPE
    t = (s + _OFFSET) / _GAIN
    r = fifth_root(t)
    return np.float32(low if s <= _ENCODED_KNEE else t * t * (r * r))


def to_encoded(value: Scalar) -> Scalar:
    """Return the encoded component of linear light, both float32 from 0 to 1; 0 and 1 stay exactly.

    `to_encoded(to_linear(x))` is within 1e-6 of x, hence exact for every step of 8 and of 16 bit.
    """
    v = np.float64(value)
    c = cube_root(np.sqrt(np.sqrt(v)))
    high = _GAIN * (c * c * (c * c) * c) - _OFFSET
    return np.float32(v * _SLOPE if v <= _LINEAR_KNEE else high)


HELPERS = (fifth_root, cube_root)
"""What the curves call; a compiler must know these too."""
