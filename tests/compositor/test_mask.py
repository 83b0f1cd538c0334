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


def feathered(mask: Mask, region: Rect) -> np.ndarray:
    """The definition in float64 on an unbounded plane, nine sigmas wide: one axis after the other, no cut, no table."""
    sigma, (rows, columns) = mask.feather, mask.coverage.shape
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[str(mask.coverage.dtype)]
    reach = math.ceil(9 * sigma)
    norm = sum(math.exp(-((k / sigma) ** 2) / 2) for k in range(-reach, reach + 1))

    def along(targets: np.ndarray, sources: np.ndarray) -> np.ndarray:
        return np.exp(-(((targets[:, None] - sources[None, :]) / sigma) ** 2) / 2) / norm

    down = along(np.arange(region.y0, region.y1), mask.y + np.arange(rows))
    across = along(np.arange(region.x0, region.x1), mask.x + np.arange(columns))
    exact: np.ndarray = mask.outside + down @ (mask.coverage / full - mask.outside) @ across.T
    return exact


@pytest.mark.parametrize("sigma", [1e-9, 0.01, 0.3, 1.0, 4.5, 8.0, 8.01, 20.0, 120.0, FEATHER_PX_MAX])
@pytest.mark.parametrize("outside", [0.0, 0.3, 1.0])
def test_feather_is_a_gaussian(sigma: float, outside: float) -> None:
    """To 5e-5, as `gaussian_blur` is, at the edges and far outside, on both sides of the change of method."""
    coverage = np.random.default_rng(3).integers(0, 256, (5, 6), dtype=np.uint8)
    half = (np.indices((70, 90)).sum(axis=0) > 80).astype(np.float32)
    for mask in (
        Mask(coverage, x=3, y=2, outside=outside, feather=sigma),
        Mask(half, x=-30, y=-31, outside=outside, feather=sigma),
    ):
        far = math.ceil(5 * sigma)
        for region in (FIELD, Rect(-far - 9, -20, -far + 30, 20), Rect(30, 60 + far // 2, 60, 75 + far // 2)):
            assert np.abs(shown(mask, region=region) - feathered(mask, region)).max() <= 5e-5


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([0.4, 2.5, 7.9, 9.0, 33.3]),
    st.tuples(*[st.integers(-30, 60)] * 4),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.integers(1, 40),
)
def test_feather_does_not_depend_on_what_is_looked_at(
    sigma: float, sides: tuple[int, int, int, int], outside: float, rows: int
) -> None:
    """Only what matters in the layer's bounds is blurred, and that must not show in a single bit."""
    coverage = np.random.default_rng(rows).integers(0, 256, (rows, 47), dtype=np.uint8)
    mask = Mask(coverage, x=3, y=2, outside=outside, feather=sigma)
    field = Rect(-30, -30, 61, 61)
    x, y = sorted(sides[:2]), sorted(sides[2:])
    part = Rect(x[0], y[0], x[1] + 1, y[1] + 1)
    whole = shown(mask, region=field)[part.y0 + 30 : part.y1 + 30, part.x0 + 30 : part.x1 + 30]
    assert (shown(mask, region=part) == whole).all()


@pytest.mark.parametrize("sigma", [2.0, 30.0])
def test_feather_moves_with_its_mask(sigma: float) -> None:
    """The smaller picture that a wide blur goes by is laid on the mask, not on the canvas."""
    coverage = np.random.default_rng(5).integers(0, 256, (23, 31), dtype=np.uint8)
    still = shown(Mask(coverage, x=2, y=3, feather=sigma, outside=0.25))
    moved = shown(
        Mask(coverage, x=2 - 5, y=3 + 11, feather=sigma, outside=0.25),
        region=Rect(FIELD.x0 - 5, FIELD.y0 + 11, FIELD.x1 - 5, FIELD.y1 + 11),
    )
    assert (still == moved).all()


def test_feather_of_nothing_is_nothing() -> None:
    """A mask without pixels, one that is the same inside and outside, and one too far away to be seen."""
    for outside, expected in ((0.0, 0.0), (1.0, 1.0)):
        assert (shown(Mask(np.zeros((0, 4), np.uint8), outside=outside, feather=3)) == expected).all()
        assert (shown(Mask(RAMP, x=5000, outside=outside, feather=3)) == expected).all()
    assert (shown(Mask(np.full((9, 9), 255, np.uint8), outside=1.0, feather=12)) == 1).all()


def test_masks_of_any_layout_mean_the_same() -> None:
    """Turned, mirrored, spread out, read-only and unaligned; with a feather and without."""
    coverage = np.random.default_rng(6).integers(0, 2**16, (14, 18)).astype(np.uint16)
    spread = np.zeros((28, 54), np.uint16)
    spread[::2, ::3] = coverage
    unaligned = np.frombuffer(b"\0" + coverage.tobytes(), np.uint8)[1:].view(np.uint16).reshape(14, 18)
    flipped = np.ascontiguousarray(coverage[::-1, ::-1])[::-1, ::-1]
    assert not unaligned.flags.aligned
    for sigma in (0, 1.5, 20):
        expected = shown(Mask(coverage, feather=sigma))
        for view in (spread[::2, ::3], unaligned, flipped, np.asfortranarray(coverage)):
            assert (shown(Mask(view, feather=sigma)) == expected).all()


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Mask([[1]]), "Mask.coverage"),  # type: ignore[arg-type]
        (lambda: Mask(RAMP[None]), "Mask.coverage"),
        (lambda: Mask(RAMP.astype(np.int32)), "Mask.coverage"),  # type: ignore[arg-type]
        (lambda: Mask(np.full((2, 2), np.nan, np.float32)), "Mask.coverage"),
        (lambda: Mask(np.full((2, 2), 1.01, np.float32)), "Mask.coverage"),
        (lambda: Mask(np.full((2, 2), -np.inf, np.float32)), "Mask.coverage"),
        (lambda: Mask(np.full((2, 2), 0.5, ">f4")), "Mask.coverage"),
        (lambda: Mask(np.broadcast_to(RAMP[:1, :1], (2**16, 2**15))), "Mask.coverage"),
        (lambda: Mask(np.broadcast_to(np.float32(0.5), (2**31, 1))), "Mask.coverage"),
        (lambda: Mask(RAMP, x=0.5), "Mask.x"),  # type: ignore[arg-type]
        (lambda: Mask(RAMP, y=int(OFFSET_PX_MAX) + 1), "Mask.y"),
        (lambda: Mask(RAMP, x=10**400), "Mask.x"),
        (lambda: Mask(RAMP, x=None), "Mask.x"),  # type: ignore[arg-type]
        (lambda: Mask(RAMP, outside=10**400), "Mask.outside"),
        (lambda: Mask(RAMP, feather="1"), "Mask.feather"),  # type: ignore[arg-type]
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
