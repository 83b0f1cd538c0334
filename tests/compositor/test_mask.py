"""A mask's weights: exact at both ends for every dtype, feathered as a gaussian says, and refused when malformed."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compositor import Mask, MaskError
from compositor.limits import FEATHER_PX_MAX, OFFSET_PX_MAX
from compositor.mask import mattes, weights
from compositor.rect import Rect

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)
FIELD = Rect(-9, -7, 40, 33)


def shown(*masks: Mask, region: Rect = FIELD) -> np.ndarray:
    """Weights over `region`, also where `mattes` has cut it or dropped a mask that hides nothing."""
    kept, bounds = mattes(masks, region)
    found = np.zeros((region.height, region.width), np.float32)
    if not bounds.empty:
        part = weights(kept, bounds) if kept else np.float32(1)
        rows = slice(bounds.y0 - region.y0, bounds.y1 - region.y0)
        found[rows, bounds.x0 - region.x0 : bounds.x1 - region.x0] = part
    return found


def test_every_dtype_means_the_same() -> None:
    """A quotient is rounded once, so 8 bit, 16 bit and float agree to the bit, and all is exactly 1."""
    byte = shown(Mask(RAMP, x=3, y=4))
    assert (shown(Mask(RAMP.astype(np.uint16) * 257, x=3, y=4)) == byte).all()
    assert (shown(Mask(RAMP.astype(np.float32) / np.float32(255), x=3, y=4)) == byte).all()
    assert byte.max() == 1
    assert byte[11, 12] == 0
    assert byte[11, 13] == np.float32(1 / 255)


@settings(max_examples=50, deadline=None)
@given(st.integers(-20, 30), st.integers(-20, 30), st.floats(0, 1), st.floats(0, 1), st.integers(0, 9))
def test_weight_is_the_formula(x: int, y: int, outside: float, density: float, seed: int) -> None:
    """1 - density * (1 - coverage), inside the box and outside it, wherever it lies."""
    coverage = np.random.default_rng(seed).integers(0, 256, (11, 13), dtype=np.uint8)
    full = np.full((FIELD.height, FIELD.width), outside)
    for row in range(11):
        for column in range(13):
            at_y, at_x = y + row - FIELD.y0, x + column - FIELD.x0
            if 0 <= at_y < FIELD.height and 0 <= at_x < FIELD.width:
                full[at_y, at_x] = coverage[row, column] / 255
    found = shown(Mask(coverage, x=x, y=y, outside=outside, density=density))
    assert np.abs(found - (1 - density * (1 - full))).max() < 1e-6


def test_several_masks_are_multiplied() -> None:
    """A raster mask and a vector mask both count."""
    one, two = Mask(RAMP, outside=1.0), Mask(RAMP.T, x=5, y=2, density=0.5)
    assert (shown(one, two) == shown(one) * shown(two)).all()


def test_masks_that_hide_nothing_are_dropped() -> None:
    """They cost nothing, and a layer with only such ones keeps its short way."""
    whole = np.full((60, 60), 255, np.uint8)
    for mask in (Mask(whole, x=-10, y=-10), Mask(whole, x=5, y=5, outside=1.0), Mask(RAMP, density=0)):
        assert mattes([mask], FIELD) == ((), FIELD)
    assert mattes([Mask(RAMP, x=3)], FIELD)[1] == Rect(3, 0, 19, 16)
    assert mattes([Mask(RAMP, x=100)], FIELD)[1].empty
    assert mattes([Mask(RAMP, x=100, outside=1.0)], FIELD) == ((), FIELD)
    assert mattes([Mask(np.zeros((0, 4), np.uint8))], FIELD)[1].empty


@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.5])
@pytest.mark.parametrize("outside", [0.0, 1.0])
def test_feather_is_a_gaussian(sigma: float, outside: float) -> None:
    """Against the definition, summed pixel by pixel in two dimensions over an unbounded plane."""
    coverage = np.random.default_rng(3).integers(0, 256, (5, 6), dtype=np.uint8)
    reach = math.ceil(7 * sigma)
    norm = sum(math.exp(-(k * k) / (2 * sigma * sigma)) for k in range(-reach, reach + 1)) ** 2
    exact = np.full((FIELD.height, FIELD.width), outside)
    for row in range(FIELD.height):
        for column in range(FIELD.width):
            for y in range(5):
                for x in range(6):
                    far = (row + FIELD.y0 - y - 2) ** 2 + (column + FIELD.x0 - x - 3) ** 2
                    part = math.exp(-far / (2 * sigma * sigma)) / norm
                    exact[row, column] += part * (coverage[y, x] / 255 - outside)
    found = shown(Mask(coverage, x=3, y=2, outside=outside, feather=sigma))
    assert np.abs(found - exact).max() < 5e-6


def test_feather_does_not_depend_on_what_is_looked_at() -> None:
    """Only what matters in the layer's bounds is blurred, and that must not show."""
    mask = Mask(RAMP, x=3, y=2, feather=2.5)
    part = Rect(4, -3, 20, 9)
    whole = shown(mask)[part.y0 - FIELD.y0 : part.y1 - FIELD.y0, part.x0 - FIELD.x0 : part.x1 - FIELD.x0]
    assert (shown(mask, region=part) == whole).all()


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Mask([[1]]), "Mask.coverage"),  # type: ignore[arg-type]
        (lambda: Mask(RAMP[None]), "Mask.coverage"),
        (lambda: Mask(RAMP.astype(np.int32)), "Mask.coverage"),  # type: ignore[arg-type]
        (lambda: Mask(np.full((2, 2), np.nan, np.float32)), "Mask.coverage"),
        (lambda: Mask(np.full((2, 2), 1.01, np.float32)), "Mask.coverage"),
        (lambda: Mask(RAMP, x=0.5), "Mask.x"),  # type: ignore[arg-type]
        (lambda: Mask(RAMP, y=int(OFFSET_PX_MAX) + 1), "Mask.y"),
        (lambda: Mask(RAMP, outside=1.5), "Mask.outside"),
        (lambda: Mask(RAMP, density=-0.1), "Mask.density"),
        (lambda: Mask(RAMP, density=True), "Mask.density"),
        (lambda: Mask(RAMP, feather=math.nan), "Mask.feather"),
        (lambda: Mask(RAMP, feather=FEATHER_PX_MAX * 2), "Mask.feather"),
    ],
)
def test_malformed_mask_is_refused(make: Callable[[], Mask], field: str) -> None:
    """When it is made, with the field's name."""
    with pytest.raises(MaskError) as caught:
        make()
    assert caught.value.field == field
    assert field in str(caught.value)
