"""Edges between pixels: fractional boxes and pictures at fractions of a pixel get the coverage that they have."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compositor
from compositor import KernelId, Layer, Solid
from tests.compositor.pictures import noise, opaque, worst_step

side = st.floats(0, 9).map(lambda value: round(value, 3))


@settings(max_examples=80, deadline=None)
@given(side, side, side, side)
def test_solid_covers_exactly_its_area(x: float, y: float, width: float, height: float) -> None:
    """The alpha of each pixel is the area of the box in it; boxes thinner than a pixel included."""
    result = compositor.composite([Solid((1, 0.5, 0), x=x, y=y, width=width, height=height)], size=(19, 19))
    across = [max(0.0, min(p + 1, x + width) - max(p, x)) for p in range(19)]
    down = [max(0.0, min(p + 1, y + height) - max(p, y)) for p in range(19)]
    assert np.abs(result[..., 3] - 255 * np.outer(down, across)).max() <= 0.5 + 1e-3
    seen = result[result[..., 3] > 0]
    assert (seen[:, 0] == 255).all()
    assert (np.abs(seen[:, 1].astype(float) - 127.5) <= 0.5 + 1e-3).all()


def test_solid_without_size_reaches_the_far_edges() -> None:
    """None is the rest of the canvas, from wherever the box starts."""
    result = compositor.composite([Solid((0, 0, 1), x=3, y=-2)], size=(8, 5))
    assert (result[:, 3:] == (0, 0, 255, 255)).all()
    assert not result[:, :3].any()


def shifted(pixels: np.ndarray, x: float, y: float, width: int, height: int) -> np.ndarray:
    """Straight exact picture of `pixels` at (x, y) by the definition: area of each source pixel in each target pixel."""
    alpha = pixels[..., 3:] / 255
    source = np.concatenate([pixels[..., :3] / 255 * alpha, alpha], axis=2)
    total = np.zeros((height, width, 4))
    for row in range(pixels.shape[0]):
        for column in range(pixels.shape[1]):
            for target_y in range(height):
                for target_x in range(width):
                    wide = max(0.0, min(target_x + 1, x + column + 1) - max(target_x, x + column))
                    high = max(0.0, min(target_y + 1, y + row + 1) - max(target_y, y + row))
                    total[target_y, target_x] += source[row, column] * wide * high
    straight = np.where(total[..., 3:] > 0, total[..., :3] / np.maximum(total[..., 3:], 1e-9), 0)
    return np.concatenate([straight, total[..., 3:]], axis=2) * 255


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 5), st.floats(-3, 4), st.integers(0, 50))
def test_picture_between_pixels_is_spread_by_area(x: float, y: float, seed: int) -> None:
    """Bilinear on premultiplied values: hidden colours of transparent pixels do not bleed, and edges do not darken."""
    pixels = noise(seed, 3, 4)
    result = compositor.composite([Layer(pixels, x=x, y=y)], size=(8, 6))
    assert worst_step(result, shifted(pixels, x, y, 8, 6)) <= 1


@pytest.mark.parametrize(("x", "y"), [(0.5, 0), (0, 0.25), (-0.75, -0.5)])
def test_opaque_picture_between_pixels_has_soft_edges_only(x: float, y: float) -> None:
    """White stays white inside and at the edge: a halo would show as gray."""
    white = np.full((6, 7, 4), 255, np.uint8)
    result = compositor.composite([Layer(white, x=x, y=y)], size=(8, 7))
    assert (result[result[..., 3] > 0][:, :3] == 255).all()
    assert (result[1:5, 1:6, 3] == 255).all()


def test_tiny_fraction_is_a_whole_pixel() -> None:
    """An offset of 2.9999999999 is 3: a fraction that float32 rounds to 1 must not read beyond the picture."""
    pixels = opaque(3)
    expected = compositor.composite([Layer(pixels, x=3, y=1)], size=(40, 30))
    near = Layer(pixels, x=3 - 1e-10, y=1)
    assert KernelId("shift") not in compositor.required_kernels([near])
    assert (compositor.composite([Layer(pixels, x=3 - 1e-10, y=1 - 1e-10)], size=(40, 30)) == expected).all()
    assert (compositor.composite([Layer(pixels, x=3 + 1e-50, y=1)], size=(40, 30)) == expected).all()
