"""Blurs: what the definitions say, from a tenth of a pixel to 500, at the edges too, in every format."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compositor import (
    CanvasSizeError,
    ChoiceError,
    FormatError,
    NotFiniteError,
    NumberError,
    box_blur,
    gaussian_blur,
)
from compositor.blur import gaussian_reach, gaussian_window
from compositor.rect import Rect
from tests.compositor import resampling
from tests.compositor.pictures import noise
from tests.compositor.resampling import floats, premul

SIGMAS = (0.01, 0.05, 0.1, 0.3, 0.7, 1, 2.5, 7.9, 8, 8.001, 9.3, 20, 64, 200, 500)
RADII = (0.25, 0.5, 1, 1.75, 3, 10.6, 31, 40.5, 200, 5000.5)
EDGES = ("transparent", "clamp")


def stripes(height: int, width: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Sharp edges, single pixels, and stripes of every period to 40: what moiré would show in."""
    pixels = np.zeros((height, width, 4), np.float32)
    pixels[..., 3] = 1
    pixels[: height // 2, : width // 2, 0] = 1
    places = np.arange(width)
    for row in range(height):
        pixels[row, :, 1] = places // (1 + row % 20) % 2
    pixels[height // 3, width // 3, 2] = 1
    pixels[:, width * 3 // 4 :, 3] = 0.25
    return pixels


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("edge", EDGES)
def test_gaussian_is_what_the_definition_says(sigma: float, edge: str) -> None:
    """Within 5e-5 of white of the plain sum over nine deviations, on both sides of the change of method."""
    for pixels in (stripes(70, 131), floats(3, 40, 60, 4)):
        expected = resampling.gaussian(pixels.astype(np.float64), sigma, edge)
        result = gaussian_blur(pixels, sigma, edge=edge)  # type: ignore[arg-type]
        assert np.abs(premul(result) - expected).max() <= 5e-5


@pytest.mark.parametrize("radius", RADII)
@pytest.mark.parametrize("edge", EDGES)
def test_box_is_what_the_definition_says(radius: float, edge: str) -> None:
    """Fractional ends and windows far wider than the picture included; to 1e-6 of white."""
    for pixels in (stripes(37, 53), floats(4, 1, 9, 4), floats(5, 8, 1, 2)):
        expected = resampling.box(pixels.astype(np.float64), radius, edge)
        result = box_blur(pixels, radius, edge=edge)  # type: ignore[arg-type]
        assert np.abs(premul(result) - expected).max() <= 1e-6


@settings(max_examples=40, deadline=None)
@given(st.floats(0.05, 60), st.integers(1, 24), st.integers(1, 24), st.sampled_from(EDGES), st.booleans())
def test_blurs_agree_with_the_definition_anywhere(size: float, height: int, width: int, edge: str, boxed: bool) -> None:
    """Any width of blur, on any small picture: single rows, single columns, single pixels."""
    pixels = floats(int(size * 10), height, width, 4)
    blur, exact = (box_blur, resampling.box) if boxed else (gaussian_blur, resampling.gaussian)
    result = blur(pixels, size, edge=edge)  # type: ignore[arg-type]
    assert np.abs(premul(result) - exact(pixels.astype(np.float64), size, edge)).max() <= 5e-5


@pytest.mark.parametrize("blur", [box_blur, gaussian_blur])
@pytest.mark.parametrize("size", [0.4, 3, 30])
def test_flat_picture_stays_flat_with_clamped_edges(blur: Any, size: float) -> None:
    """No drift, no rim."""
    flat = np.full((40, 50, 4), (200, 100, 3, 128), np.uint8)
    assert (blur(flat, size, edge="clamp") == flat[0, 0]).all()


@pytest.mark.parametrize("blur", [box_blur, gaussian_blur])
@pytest.mark.parametrize("size", [0.4, 3, 12])
def test_transparent_edges_fade_without_a_halo(blur: Any, size: float) -> None:
    """White stays white as it becomes thinner; transparent red around it shows nowhere."""
    pixels = np.full((60, 60, 4), (255, 0, 0, 0), np.uint8)
    pixels[20:40, 20:40] = 255
    result = blur(pixels, size)
    assert (result[result[..., 3] > 0][:, :3] == 255).all()
    rim = blur(np.full((9, 9, 4), 255, np.uint8), size)
    assert rim[0, 0, 3] < 255
    assert (rim[..., :3] == 255).all()


@pytest.mark.parametrize("blur", [box_blur, gaussian_blur])
def test_zero_changes_nothing(blur: Any) -> None:
    """Not even colours under alpha 0; and the copy is the caller's own."""
    pixels = noise(3)
    result = blur(pixels, 0)
    assert np.array_equal(result, pixels)
    assert not np.shares_memory(result, pixels)


@pytest.mark.parametrize("blur", [box_blur, gaussian_blur])
@pytest.mark.parametrize("size", [2.5, 17.0])
def test_blur_is_the_same_both_ways_and_mirrored(blur: Any, size: float) -> None:
    """Neither axis nor direction is special."""
    pixels = floats(6, 33, 46, 4)
    result = premul(blur(pixels, size))
    assert np.abs(premul(blur(pixels.transpose(1, 0, 2), size)).transpose(1, 0, 2) - result).max() <= 1e-5
    assert np.abs(premul(blur(pixels[::-1, ::-1], size))[::-1, ::-1] - result).max() <= 1e-5


@pytest.mark.parametrize("blur", [box_blur, gaussian_blur])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("channels", [0, 1, 2, 3, 4])
def test_formats_agree(blur: Any, dtype: str, channels: int) -> None:
    """Shape and dtype stay, values are those of float32 within the format's rounding; 0 stands for no third axis."""
    pixels = np.maximum(noise(8, 20, 26), 1)[..., : max(channels, 1)]
    pixels = pixels[..., 0] if channels == 0 else pixels
    one = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    scaled = (pixels / 255).astype(dtype) if one == 1 else pixels.astype(dtype) * np.array(one // 255, dtype)
    result, expected = blur(scaled, 1.5), blur((pixels / 255).astype(np.float32), 1.5)
    assert (result.dtype, result.shape) == (scaled.dtype, scaled.shape)
    step = {"uint8": 0.51 / 255, "uint16": 0.52 / 65535, "float16": 2e-3, "float32": 1e-6}[dtype]
    assert np.abs(result / np.float64(one) - expected).max() <= step


@pytest.mark.parametrize("blur", [box_blur, gaussian_blur])
def test_premultiplied_pixels_stay_so(blur: Any) -> None:
    """The same picture, stored the other way, in and out."""
    straight = floats(11, 14, 17, 4)
    result = blur(premul(straight).astype(np.float32), 2, premultiplied=True)
    assert np.abs(result - premul(blur(straight, 2))).max() <= 1e-6


@pytest.mark.parametrize("sigma", [0.8, 6.0, 9.5, 40.0])
def test_window_of_a_blur_is_the_blur(sigma: float) -> None:
    """Within the picture it has the very values; beyond it, those of a picture with that much room around it."""
    planes = np.ascontiguousarray(floats(12, 37, 53, 1).transpose(2, 0, 1))
    asked: list[Rect] = []

    def read(part: Rect) -> np.ndarray:
        asked.append(part)
        return np.ascontiguousarray(planes[:, part.y0 : part.y1, part.x0 : part.x1])

    inside = gaussian_window(read, 53, 37, sigma, Rect(0, 0, 53, 37))
    assert np.abs(inside[0] - gaussian_blur(planes[0], sigma)).max() <= 1e-7
    reach = gaussian_reach(sigma)
    whole = gaussian_window(read, 53, 37, sigma, Rect(-reach, -reach, 53 + reach, 37 + reach), threads=3)
    roomy = np.pad(planes, ((0, 0), (reach, reach), (reach, reach)))
    expected = resampling.gaussian(roomy.transpose(1, 2, 0).astype(np.float64), sigma, "transparent")
    assert np.abs(whole.transpose(1, 2, 0) - expected).max() <= 5e-5
    assert (whole[:, reach : reach + 37, reach : reach + 53] == inside).all()
    assert gaussian_window(read, 53, 37, sigma, Rect(50, 36, 51, 37)).shape == (1, 1, 1)
    assert len(asked) == 3
    small = asked[-1]
    assert small.x0 >= 50 - 2 * reach - 1
    assert small.y0 >= 36 - 2 * reach - 1


@pytest.mark.parametrize("blur", [box_blur, gaussian_blur])
def test_threads_and_views_do_not_show(blur: Any) -> None:
    """The same bytes for every count and every layout in memory."""
    pixels = noise(9, 130, 90)
    for size in (2.5, 20):
        expected = blur(pixels, size, threads=1)
        for threads in (2, 7, None):
            assert np.array_equal(blur(pixels, size, threads=threads), expected)
        assert np.array_equal(blur(np.asfortranarray(pixels), size), expected)


@pytest.mark.parametrize("blur", [box_blur, gaussian_blur])
def test_bad_arguments_are_refused(blur: Any) -> None:
    """Typed, before any work."""
    pixels = np.zeros((4, 4, 4), np.uint8)
    for size in (-1, float("nan"), float("inf"), 1e9, "3", None, True):
        with pytest.raises(NumberError):
            blur(pixels, size)
    for edge in ("wrap", None, 3):
        with pytest.raises(ChoiceError):
            blur(pixels, 1, edge=edge)
    with pytest.raises(ChoiceError):
        blur(pixels, 1, premultiplied="no")
    with pytest.raises(NumberError):
        blur(pixels, 1, threads=-1)
    with pytest.raises(FormatError):
        blur(pixels.astype(int), 1)
    with pytest.raises(CanvasSizeError):
        blur(pixels[:0], 1)
    with pytest.raises(NotFiniteError):
        blur(np.full((2, 2), np.inf, np.float16), 1)
