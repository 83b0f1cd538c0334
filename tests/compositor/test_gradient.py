"""Gradients mean what CSS Images Level 3 says, at every pixel's centre."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compositor
from compositor import Gradient, Layer
from compositor.gradient import fix_up
from tests.compositor.pictures import worst_step

RED, BLUE, CLEAR = (1, 0, 0, 1), (0, 0, 1, 1), (0, 1, 0, 0)


def expected(gradient: Gradient, width: float, height: float, columns: int, rows: int) -> np.ndarray:
    """Straight colours 0 to 255 by the prose of sections 3.1 and 3.2, with distances along the gradient line in
    pixels.
    """
    out = np.zeros((rows, columns, 4))
    offsets, turn = fix_up(gradient.stops), math.radians(gradient.angle)
    line = abs(width * math.sin(turn)) + abs(height * math.cos(turn))
    for y in range(rows):
        for x in range(columns):
            across, down = x + 0.5 - width / 2, y + 0.5 - height / 2
            if gradient.kind == "linear":
                place = (across * math.sin(turn) - down * math.cos(turn) + line / 2) / line
            else:
                place = math.sqrt((across / (width / 2)) ** 2 + (down / (height / 2)) ** 2) / math.sqrt(2)
            out[y, x] = color_at(place, offsets, [color for _, color in gradient.stops])
    return out * 255


def color_at(place: float, offsets: list[float], colors: list) -> np.ndarray:
    """Section 3.4: interpolate premultiplied between the stops around `place`."""
    straight = [np.array((*color, 1.0)[:4], float) for color in colors]
    premultiplied = [np.array([*(c[:3] * c[3]), c[3]]) for c in straight]
    above = [index for index, offset in enumerate(offsets) if offset > place]
    if not above:
        mixed = premultiplied[-1]
    elif above[0] == 0:
        mixed = premultiplied[0]
    else:
        low, high = above[0] - 1, above[0]
        part = (place - offsets[low]) / (offsets[high] - offsets[low])
        mixed = premultiplied[low] * (1 - part) + premultiplied[high] * part
    return np.array([*(mixed[:3] / mixed[3]), mixed[3]]) if mixed[3] else np.zeros(4)


stops = st.lists(
    st.tuples(st.none() | st.floats(-0.5, 1.5), st.sampled_from([RED, BLUE, CLEAR, (1, 1, 1, 0.5), (0, 0.5, 1)])),
    min_size=2,
    max_size=5,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["linear", "radial"]), stops, st.floats(-720, 720))
def test_any_gradient_is_the_specifications(kind: str, stops: list, angle: float) -> None:
    """Angles, hard stops, stops out of order and outside 0 to 1."""
    gradient = Gradient(kind, stops, angle=angle)  # type: ignore[arg-type]  # drawn from the two kinds
    result = compositor.composite([gradient], size=(13, 9))
    exact = expected(gradient, 13, 9, 13, 9)
    # A pixel centre within rounding of a hard stop may fall on either side; such pixels are few and are left out.
    near = np.abs(result.astype(float) - exact).max(axis=2) > 1
    if len(set(fix_up(stops))) < len(stops):
        assert near.sum() <= 9
    else:
        assert worst_step(result, exact) <= 1


@pytest.mark.parametrize("angle", [0, 90, 180, 270, -90, 450])
def test_quarter_turns_point_to_the_sides(angle: int) -> None:
    """0deg is to the top and 90deg to the right: the first stop lies opposite, and the other axis is constant."""
    gradient = Gradient("linear", ((0, RED), (1, BLUE)), angle=angle)
    result = compositor.composite([gradient], size=(20, 20))
    start = {0: result[-1], 90: result[:, 0], 180: result[0], 270: result[:, -1]}[angle % 360]
    end = {0: result[0], 90: result[:, -1], 180: result[-1], 270: result[:, 0]}[angle % 360]
    assert (start == start[0]).all()
    assert start[0, 0] == pytest.approx(255 * 39 / 40, abs=1)
    assert end[0, 2] == pytest.approx(255 * 39 / 40, abs=1)


def test_transparent_stop_lends_no_colour() -> None:
    """Premultiplied interpolation: red to transparent green stays red all the way (section 3.4.2)."""
    result = compositor.composite([Gradient("linear", ((0, RED), (1, CLEAR)), angle=90)], size=(64, 1))
    assert (result[0, :, 1] == 0).all()
    assert (result[0, :-1, 0] == 255).all()
    assert (np.diff(result[0, :, 3].astype(int)) < 0).all()


def test_fix_up_follows_the_specification() -> None:
    """The worked examples of section 3.4.3."""
    assert fix_up([(None, RED), (None, BLUE)]) == [0, 1]
    assert fix_up([(None, RED), (0.4, RED), (None, RED), (None, RED)]) == [0, 0.4, pytest.approx(0.7), 1]
    assert fix_up([(0.8, RED), (0, BLUE), (1, RED)]) == [0.8, 0.8, 1]
    assert fix_up([(0, RED), (None, RED), (-0.5, RED), (1, RED)]) == [0, 0, 0, 1]


def test_faint_gradient_over_layers_has_no_bands() -> None:
    """Evaluated in float: ten per cent of a gradient from black to white, amplified tenfold by adding up, has all its
    steps.
    """
    ramp = Gradient("linear", ((0, (0, 0, 0)), (1, (1, 1, 1))), angle=90, opacity=0.05, blend="screen")
    result = compositor.composite([ramp] * 20, size=(2048, 1), background=(0, 0, 0))
    values = np.unique(result[0, :, 0])
    assert len(values) == int(values.max()) - int(values.min()) + 1


def test_box_places_and_cuts_the_gradient() -> None:
    """The gradient line belongs to the box, wherever the box is; outside it there is nothing; half a pixel is half
    covered.
    """
    gradient = Gradient("linear", ((0, RED), (1, BLUE)), angle=90, x=2.5, y=1, width=10, height=3)
    result = compositor.composite([gradient], size=(16, 6))
    assert not result[0].any()
    assert not result[4:].any()
    assert not result[:, :2].any()
    assert result[1, 2, 3] == 128
    assert result[1, 12, 3] == 128
    assert (result[1:4, 3:12, 3] == 255).all()
    assert result[1, 7, 0] == pytest.approx(127.5, abs=1)


def test_opaque_gradient_hides_what_is_below() -> None:
    """The plan starts at it: the result is the same as of the gradient alone."""
    gradient = Gradient("radial", ((0, RED), (1, BLUE)))
    noisy = Layer(np.full((9, 13, 4), 200, np.uint8))
    alone = compositor.composite([gradient], size=(13, 9))
    assert (compositor.composite([noisy, gradient], size=(13, 9)) == alone).all()
    assert (alone[..., 3] == 255).all()
