"""Gradients mean what CSS Images and Photoshop say, at every pixel's centre; midpoints and dither do what they say."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compositor
from compositor import Gradient, Group, KernelId, Layer, StopsError, TreeError, kernels, paint
from compositor.gradient import DITHER, fix_up, ramp
from compositor.rect import Box, Rect
from compositor.sources import Sloped
from compositor.tree import GRADIENT_KINDS
from tests.compositor.pictures import worst_step

RED, BLUE, CLEAR = (1, 0, 0, 1), (0, 0, 1, 1), (0, 1, 0, 0)


def expected(gradient: Gradient, width: float, height: float, columns: int, rows: int) -> np.ndarray:
    """Straight colours 0 to 255 by the prose of CSS Images 3, 3.1 and 3.2, CSS Images 4, 3.3, and of `gradient`."""
    out = np.zeros((rows, columns, 4))
    offsets = fix_up(gradient.stops)
    for y in range(rows):
        for x in range(columns):
            place = place_of(gradient, x + 0.5 - width / 2, y + 0.5 - height / 2, width, height)
            out[y, x] = color_at(place, offsets, [stop[1] for stop in gradient.stops])
    return out * 255


def place_of(gradient: Gradient, right: float, down: float, width: float, height: float) -> float:
    """The place of a point given by its way from the centre, with distances along the gradient line in pixels."""
    turn = math.radians(gradient.angle)
    half = (abs(width * math.sin(turn)) + abs(height * math.cos(turn))) / 2
    along = right * math.sin(turn) - down * math.cos(turn)
    across = right * math.cos(turn) + down * math.sin(turn)
    return {
        "linear": (along + half) / (2 * half),
        "radial": math.sqrt((right / (width / 2)) ** 2 + (down / (height / 2)) ** 2) / math.sqrt(2),
        "angle": (math.atan2(right, -down) - turn) / (2 * math.pi) % 1,
        "reflected": abs(along) / half,
        "diamond": (abs(along) + abs(across)) / half,
    }[gradient.kind]


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
@given(st.sampled_from(GRADIENT_KINDS), stops, st.floats(-720, 720))
def test_any_gradient_is_the_specifications(kind: str, stops: list, angle: float) -> None:
    """Angles, hard stops, stops out of order and outside 0 to 1."""
    gradient = Gradient(kind, stops, angle=angle)  # type: ignore[arg-type]  # drawn from the kinds
    result = compositor.composite([gradient], size=(13, 9))
    exact = expected(gradient, 13, 9, 13, 9)
    # A pixel centre within rounding of a hard stop or of an angle's seam may fall on either side; such pixels are few
    # and are left out.
    near = np.abs(result.astype(float) - exact).max(axis=2) > 1
    if len(set(fix_up(stops))) < len(stops) or kind == "angle":
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


@pytest.mark.parametrize("kind", GRADIENT_KINDS)
@pytest.mark.parametrize("angle", [0, 33, 45, 90, 180])
def test_centre_has_the_symmetry_of_its_kind(kind: str, angle: float) -> None:
    """To the byte: reflected and diamond look the same upside down, and a diamond a quarter turn on in a square box.

    Turned with its box, an angle or a linear gradient is the same picture turned.
    """
    ramp = Gradient(kind, ((0, RED), (0.3, CLEAR), (1, BLUE)), angle=angle)  # type: ignore[arg-type]  # one of the kinds
    picture = compositor.composite([ramp], size=(41, 41))
    turned = compositor.composite([Gradient(kind, ramp.stops, angle=angle + 90)], size=(41, 41))  # type: ignore[arg-type]
    if kind in {"reflected", "diamond", "radial"}:
        assert (picture == picture[::-1, ::-1]).all()
    if kind in {"diamond", "radial"}:
        assert (picture == np.rot90(picture)).all()
    # A place that is a sum is rounded another way when turned, which may show as a step where a byte is halfway.
    assert np.abs(np.rot90(picture, -1).astype(int) - turned).max() <= 1


def test_angle_starts_exactly_on_its_line() -> None:
    """Clockwise from the top: the column above the centre is the first stop, just left of it is the last."""
    quarters = ((0, RED), (0.25, RED), (0.25, BLUE), (0.5, BLUE), (0.5, CLEAR), (0.75, CLEAR), (0.75, (1, 1, 0)))
    picture = compositor.composite([Gradient("angle", (*quarters, (1, (1, 1, 0))), angle=0)], size=(9, 9))
    assert (picture[:5, 4] == (255, 0, 0, 255)).all()
    assert (picture[4, 5:] == (0, 0, 255, 255)).all()
    assert (picture[5:, 4] == 0).all()
    assert (picture[4, :4] == (255, 255, 0, 255)).all()
    assert (picture[:4, 3] == (255, 255, 0, 255)).all()


def test_angle_without_a_jump_in_colour_has_no_seam() -> None:
    """The same colour first and last: neighbours across the seam differ no more than elsewhere."""
    ramp = Gradient("angle", ((0, RED), (0.5, BLUE), (1, RED)), angle=30)
    picture = compositor.composite([ramp], size=(200, 200)).astype(int)
    ring = np.hypot(*np.mgrid[-99.5:100, -99.5:100]) > 60
    for axis in (0, 1):
        jumps = np.abs(np.diff(picture, axis=axis)).max(axis=2)
        assert jumps[ring[1:] if axis == 0 else ring[:, 1:]].max() <= math.ceil(255 / math.pi / 60)


def test_reflected_is_linear_from_the_centre_on() -> None:
    """Both halves are the linear gradient of twice the stops."""
    size = (40, 30)
    reflected = compositor.composite([Gradient("reflected", ((0, RED), (1, BLUE)), angle=60)], size=size)
    linear = compositor.composite([Gradient("linear", ((0, BLUE), (0.5, RED), (1, BLUE)), angle=60)], size=size)
    assert np.abs(reflected.astype(int) - linear).max() <= 1


@pytest.mark.parametrize("middle", [0.2, 0.5, 0.9])
def test_midpoint_is_where_the_mean_colour_lies(middle: float) -> None:
    """Two straight pieces through it, premultiplied; in the middle it is no midpoint at all."""
    ends = (0.2, (1, 0, 0, 1)), (0.8, (0, 0, 1, 0.5))
    mean = (0.2 + 0.6 * middle, (2 / 3, 0, 1 / 3, 0.75))
    found = compositor.composite([Gradient("linear", ((*ends[0], middle), (*ends[1], 0.1)), angle=90)], size=(999, 1))
    spelled = compositor.composite([Gradient("linear", (ends[0], mean, ends[1]), angle=90)], size=(999, 1))
    plain = compositor.composite([Gradient("linear", ends, angle=90)], size=(999, 1))
    assert worst_step(found, spelled) <= 1
    assert (found == plain).all() == (middle == 0.5)


def test_midpoints_of_hard_and_placed_stops() -> None:
    """A midpoint between stops at one place changes nothing, and offsets of None are placed before midpoints are."""
    hard = ((0, RED), (0.5, RED, 0.3), (0.5, BLUE), (1, BLUE))
    sharp = compositor.composite([Gradient("linear", hard, angle=90)], size=(64, 1))
    assert (np.unique(sharp.reshape(-1, 4), axis=0) == ((0, 0, 255, 255), (255, 0, 0, 255))).all()
    placed = Gradient("linear", ((None, RED, 0.1), (None, BLUE), (None, RED)), angle=90)
    given = Gradient("linear", ((0, RED, 0.1), (0.5, BLUE), (1, RED)), angle=90)
    assert (compositor.composite([placed], size=(64, 1)) == compositor.composite([given], size=(64, 1))).all()


@pytest.mark.parametrize("midpoint", [0, 1, -0.5, 1.5, math.nan, math.inf, True, "0.5", None])
def test_bad_midpoint_is_refused(midpoint: object) -> None:
    """By the index of its stop."""
    with pytest.raises(StopsError, match=r"Gradient\.stops\[1\] midpoint"):
        Gradient("linear", ((0, RED), (0.5, BLUE, midpoint), (1, RED)))  # type: ignore[arg-type]  # wrong on purpose


def test_bad_stop_and_kind_and_dither_are_refused() -> None:
    """By name and index."""
    for wrong in ((0.5,), (0.5, RED, 0.5, 0.5), ()):
        with pytest.raises(StopsError, match=r"Gradient\.stops\[1\]: needs pairs"):
            Gradient("linear", ((0, RED), wrong, (1, RED)))  # type: ignore[arg-type]
    for kind in ("conic", None, 3, ["linear"], np.array(["linear", "radial"])):
        with pytest.raises(StopsError, match=r"Gradient\.kind"):
            Gradient(kind, ((0, RED), (1, BLUE)))  # type: ignore[arg-type]
    for dither in (1, None, "yes"):
        with pytest.raises(TreeError, match=r"Gradient\.dither"):
            Gradient("linear", ((0, RED), (1, BLUE)), dither=dither)  # type: ignore[arg-type]


def test_stops_cannot_be_changed_afterwards() -> None:
    """Values are frozen: the list that was given, and the lists in it, are copied."""
    given = [[0, RED], [1, BLUE]]
    ramp = Gradient("linear", given, angle=90)  # type: ignore[arg-type]  # lists are taken, too
    before = compositor.composite([ramp], size=(9, 1))
    given[1][0] = 0.2
    given.append([2, RED])
    assert (compositor.composite([ramp], size=(9, 1)) == before).all()


def dithered(**options: object) -> tuple[np.ndarray, np.ndarray]:
    """A slow ramp with and without dither, over 32 rows."""
    stops = ((0, (0.2, 0.5, 0.9, 0.4)), (1, (0.23, 0.48, 0.9, 0.46)))
    made = [Gradient("linear", stops, angle=90, dither=dither, **options) for dither in (True, False)]  # type: ignore[arg-type]
    first, second = (compositor.composite([ramp], size=(512, 32)) for ramp in made)
    return first, second


def test_pattern_of_dither_is_even() -> None:
    """Each of 256 steps once, within half a step of 8 bit, of mean 0."""
    steps = np.sort(DITHER.ravel().astype(float) * 255)
    assert steps == pytest.approx((np.arange(256) + 0.5) / 256 - 0.5, abs=1e-7)
    # Every aligned square of two by two, four by four and so on has nearly the same mean.
    for side in (2, 4, 8):
        means = DITHER.reshape(16 // side, side, 16 // side, side).mean(axis=(1, 3)) * 255
        assert np.abs(means).max() <= 0.5 / side**2


def test_dither_keeps_the_mean_and_moves_by_less_than_a_step() -> None:
    """Alpha and straight colours over 16 by 16 pixels are the ramp's own, closer than 8 bit can say."""
    found, plain = dithered()
    assert np.abs(found.astype(int) - plain).max() <= 1
    assert (found != plain).any()
    columns = (np.arange(512) + 0.5) / 512
    alpha = 0.4 + 0.06 * columns
    red = (0.2 * 0.4 * (1 - columns) + 0.23 * 0.46 * columns) / alpha
    for plane, exact in ((3, alpha), (0, red)):
        means = found[..., plane].reshape(2, 16, 32, 16).mean(axis=(1, 3))
        blocks = exact.reshape(32, 16).mean(axis=1) * 255
        # A sixteenth of a step: the ramp itself rises by up to half a step within a block.
        assert np.abs(means - blocks).max() <= 1 / 16
        flat = plain[..., plane].reshape(2, 16, 32, 16).mean(axis=(1, 3))
        assert np.abs(flat - blocks).max() > 0.2


def test_dithered_ramp_has_no_bands() -> None:
    """From 100 to 108 in 4,096 columns a band is 512 wide; dithered, the mean rises all the way."""
    stops = ((0, (100 / 255,) * 3), (1, (108 / 255,) * 3))
    found = compositor.composite([Gradient("linear", stops, angle=90, dither=True)], size=(4096, 16))[..., 0]
    means = found.reshape(16, 64, 64).mean(axis=(0, 2))
    assert (np.diff(means) > 0).all()


@pytest.mark.parametrize("kind", GRADIENT_KINDS)
def test_dither_leaves_what_8_bit_hold(kind: str) -> None:
    """Flat parts in colours and alphas of whole steps, opaque or not, and what is wholly transparent."""
    for color in ((1, 0, 0, 1), (200 / 255, 7 / 255, 1 / 255, 1), (3 / 255, 254 / 255, 0, 9 / 255), (0.3, 1, 0, 0)):
        plain, found = (Gradient(kind, ((0, color), (1, color)), dither=dither) for dither in (False, True))  # type: ignore[arg-type]
        for background in (None, (0.2, 0.4, 0.6)):
            if background is None or color[3] in {0, 1}:
                expected = compositor.composite([plain], size=(33, 20), background=background)
                assert (compositor.composite([found], size=(33, 20), background=background) == expected).all()


@pytest.mark.parametrize("kind", GRADIENT_KINDS)
def test_dithered_planes_stay_colours(kind: str) -> None:
    """Near black, white and transparent an offset must not lead out of 0 to 1, where later modes take square roots."""
    faint = ((0, (0, 1, 0.001, 0.001)), (0.5, (1, 0, 0.999, 0.999)), (1, (0, 1, 0, 1)))
    area = Rect(3, 5, 43, 38)
    sloped = Sloped(ramp(Gradient(kind, faint, dither=True), 40, 33), Box(3.25, 5, 43, 38))  # type: ignore[arg-type]
    planes = np.empty((4, 33, 40), np.float32)
    paint.slope(planes, area, area, sloped, kernels.find(KernelId(kind)))
    assert planes.min() >= 0
    assert (planes[:3] <= planes[3]).all()
    assert planes[3].max() <= 1


def test_dither_does_not_know_tiles_or_boxes() -> None:
    """The pattern lies on the canvas: tiles, threads and the place of a box in it cut the same picture."""
    ramp = Gradient("diamond", ((0, (0.2, 0.3, 0.4)), (1, (0.3, 0.3, 0.5, 0.5))), angle=20, dither=True)
    whole = compositor.composite([ramp], size=(150, 90), threads=1)
    for tile, threads in ((16, 2), (37, 7), (256, 2)):
        assert (compositor.composite([ramp], size=(150, 90), tile=tile, threads=threads) == whole).all()
    boxed = Gradient("linear", ((0, (0.2,) * 3), (1, (0.2,) * 3)), x=3.5, y=2.25, width=40.5, height=30, dither=True)
    canvas = Gradient("linear", boxed.stops, dither=True)
    found, full = (compositor.composite([one], size=(60, 40), background=(0, 0, 0)) for one in (boxed, canvas))
    assert (found[3:32, 4:44] == full[3:32, 4:44]).all()
    grouped = compositor.composite([Group([canvas], blend="screen")], size=(60, 40), background=(0, 0, 0))
    assert np.abs(grouped.astype(int) - full).max() <= 1


def test_opaque_dithered_gradient_still_hides_what_is_below() -> None:
    """Alpha 1 is not dithered: the plan skips what it covers."""
    ramp = Gradient("angle", ((0, RED), (1, BLUE)), dither=True)
    alone = compositor.composite([ramp], size=(33, 20))
    assert (alone[..., 3] == 255).all()
    assert (compositor.composite([Layer(np.full((20, 33, 4), 99, np.uint8)), ramp], size=(33, 20)) == alone).all()
