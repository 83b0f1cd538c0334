"""The sRGB curves: right to float32, exact at both ends, inverse to each other, and free of the library's powers."""

import numpy as np

from compositor.transfer import to_encoded, to_linear
from tests.compositor.resampling import encoded_of, linear_of


def places() -> list[np.float32]:
    """Every step of 8 bit, many of 16 bit, and the surroundings of the knees."""
    steps = {k / 255 for k in range(256)} | {k / 65535 for k in range(0, 65536, 97)}
    knees = {knee + step * 1e-7 for knee in (0.04045, 0.0031308) for step in range(-5, 6)}
    return [np.float32(value) for value in sorted(steps | knees)]


def test_curves_are_those_of_the_standard() -> None:
    """Within an ulp of float32 of the powers that the standard names."""
    for value in places():
        assert abs(to_linear(value) - linear_of(float(value))) <= 6e-8
        # Both sides of the knee differ by 2e-8 in the standard itself.
        assert abs(to_encoded(value) - encoded_of(float(value))) <= 9e-8


def test_black_and_white_stay_exactly() -> None:
    """A white picture must not come back as 254."""
    for value in (np.float32(0), np.float32(1)):
        assert to_linear(value) == value
        assert to_encoded(value) == value
        assert to_linear(value).dtype == np.float32


def test_curves_undo_each_other() -> None:
    """Linear light and back is the same 16-bit step."""
    for value in places():
        assert abs(to_encoded(to_linear(value)) - value) <= 1e-6


def test_curves_rise() -> None:
    """A gradient stays one, across the knee too."""
    for curve in (to_linear, to_encoded):
        values = [float(curve(value)) for value in places()]
        assert values == sorted(values)
