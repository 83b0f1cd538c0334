"""Directions of angles and turns of ways: what the mathematics says to a few ulp, and exactly where pixels could tell."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compositor.turns import arc, direction, turn

AXES = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
lengths = st.floats(-1e8, 1e8).map(lambda value: 0.0 if abs(value) < 1e-8 else value)


@given(lengths, lengths)
@example(1.0, 0.41421356237309503)
@example(1.0, -1e-8)
def test_turn_is_the_arc_tangent(along: float, across: float) -> None:
    """To 3e-16 of a turn: far less than the distance of any two pixels' centres."""
    exact = math.atan2(across, along) / (2 * math.pi)
    assert abs(turn(along, across) - (exact + 1 if exact < 0 else exact)) <= 3e-16


@pytest.mark.parametrize("length", [1.0, 0.5, 3.0, 1e-3, 12345.678])
def test_turn_has_no_error_at_eighths(length: float) -> None:
    """Hard stops at whole eighths fall between pixels, never on one side in one quadrant and on the other in the next."""
    for eighths, (along, across) in enumerate(AXES):
        assert turn(along * length, across * length) == eighths / 8
    assert turn(0.0, 0.0) == 0
    assert turn(length, -0.0) == 0
    assert turn(-length, -0.0) == 0.5


@given(lengths, lengths)
def test_mirrored_ways_have_mirrored_turns(along: float, across: float) -> None:
    """To an ulp: no quadrant has a formula of its own."""
    here = turn(along, across)
    if across != 0:
        assert turn(along, -across) == pytest.approx(1 - here, abs=2e-16)
    if along != 0:
        assert turn(-along, across) == pytest.approx((0.5 if across >= 0 else 1.5) - here, abs=2e-16)


def test_turn_grows_all_the_way_round() -> None:
    """Without a step back or a jump at the seams of the reductions, in steps of a thousandth of a degree."""
    angles = np.arange(0, 360_000) / 180_000 * np.pi
    found = np.array([turn(along, across) for along, across in zip(np.cos(angles), np.sin(angles), strict=True)])
    assert np.abs(np.diff(found) - 1 / 360_000).max() <= 1e-15


@given(st.floats(-1e6, 1e6))
def test_direction_is_sine_and_cosine(angle: float) -> None:
    """Also after many turns, where reducing the angle in radians would lose digits."""
    right, up = direction(angle)
    exact = math.radians(math.fmod(angle, 360))
    assert right == pytest.approx(math.sin(exact), abs=1e-15)
    assert up == pytest.approx(math.cos(exact), abs=1e-15)


def test_direction_is_exact_at_eighths() -> None:
    """A line to a corner of a square box has its ends in the corners."""
    assert [direction(quarter * 90.0) for quarter in range(-4, 5)] == [(0, 1), (1, 0), (0, -1), (-1, 0)] * 2 + [(0, 1)]
    for angle in (45.0, 135.0, 225.0, 315.0, -45.0):
        right, up = direction(angle)
        assert abs(right) == abs(up) == pytest.approx(math.sqrt(0.5), abs=2e-16)


@given(st.floats(0, 0.2))
@example(0.1989)
@example(0.2)
def test_arc_is_the_arc_tangent(tangent: float) -> None:
    """In the only range that it is asked for."""
    assert arc(tangent) == pytest.approx(math.atan(tangent), rel=3e-16, abs=0)
