"""Resizing: what the definitions say to a ten-thousandth, what Pillow does to a step, for every format and thread count."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import compositor
from compositor import CanvasSizeError, ChoiceError, FormatError, NotFiniteError, NumberError, RegionError, resize
from tests.compositor import resampling
from tests.compositor.pictures import noise
from tests.compositor.resampling import WEIGHING, encoded_of, floats, linear_of, premul

PILLOW = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}
SIZES = ((33, 21), (97, 83), (80, 7), (7, 90), (1, 1), (61, 60))

side = st.integers(1, 40)


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(WEIGHING), side, side, side, side, st.integers(1, 4), st.data())
def test_result_is_what_the_definition_says(
    name: str, rows: int, columns: int, width: int, height: int, channels: int, data: st.DataObject
) -> None:
    """Every filter, larger and smaller, of the whole picture or a part at fractions of pixels, to 1e-4 of white."""
    left, top = data.draw(st.floats(0, columns * 0.5)), data.draw(st.floats(0, rows * 0.5))
    right = data.draw(st.floats(left + 0.3, columns))
    bottom = data.draw(st.floats(top + 0.3, rows))
    pixels = floats(data.draw(st.integers(0, 99)), rows, columns, channels)
    result = resize(pixels, width, height, filter=name, box=(left, top, right, bottom))
    expected = resampling.resized(pixels.astype(np.float64), name, width, height, (left, top, right, bottom))
    assert result.shape == (height, width, channels)
    assert result.dtype == np.float32
    assert np.abs(premul(result) - expected).max() <= 1e-4


@pytest.mark.parametrize("name", PILLOW)
@pytest.mark.parametrize("size", SIZES)
def test_opaque_result_is_pillows(name: str, size: tuple[int, int]) -> None:
    """The definitions are the same. Pillow rounds to 8 bit between its two passes: half a step, and weights whose
    magnitudes add up to at most 1.7 make at most 1 of it. Contrast is low so that Pillow cuts nothing off in between.
    """
    pixels = np.random.default_rng(3).integers(70, 180, (61, 83, 3), dtype=np.uint8)
    for box in (None, (3.3, 4.7, 61.2, 50.1)):
        expected = np.asarray(Image.fromarray(pixels).resize(size, PILLOW[name], box=box))
        found = resize(pixels, *size, filter=name, box=box)
        # Pillow's nearest adds up its steps in float, so a centre on a pixel's edge may fall on either side.
        if name != "nearest" or box is not None:
            assert np.abs(found.astype(int) - expected).max() <= 1
        assert np.array_equal(resize(pixels[..., 0], *size, filter=name, box=box), found[..., 0])


@pytest.mark.parametrize("name", WEIGHING)
@pytest.mark.parametrize("size", SIZES)
def test_translucent_result_is_pillows(name: str, size: tuple[int, int]) -> None:
    """Colours are compared as they are seen. Pillow premultiplies, filters twice and divides in 8 bit, which takes it up
    to 2.1 steps away from the exact result; the last rounding alone makes half a step of ours.
    """
    pixels = np.random.default_rng(4).integers(70, 180, (61, 83, 4), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize(size, PILLOW[name])).astype(float)
    found = resize(pixels, *size, filter=name).astype(float)
    seen = np.abs(found[..., :3] - expected[..., :3]) * found[..., 3:] / 255
    assert np.abs(found[..., 3] - expected[..., 3]).max() <= 1
    assert seen.max() <= 2.6


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_formats_agree(dtype: str, channels: int) -> None:
    """The same picture in another format is the same result, within the rounding of the format."""
    pixels = noise(8, 20, 26)[..., :channels]
    if channels == 2:
        pixels = noise(8, 20, 26)[..., 2:]
    expected = resize((pixels / 255).astype(np.float32), 13, 31)
    one = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    scaled = (pixels / 255).astype(dtype) if one == 1 else pixels.astype(dtype) * np.array(one // 255, dtype)
    result = resize(scaled, 13, 31)
    assert result.dtype == scaled.dtype
    step = {"uint8": 0.51 / 255, "uint16": 0.52 / 65535, "float16": 2e-3, "float32": 1e-6}[dtype]
    weight = expected[..., -1:] if channels % 2 == 0 else 1
    found = result.astype(np.float64) / one
    assert (np.abs(found - expected)[..., :-1] * weight <= step).all()
    assert np.abs(found - expected)[..., -1].max() <= step


def test_premultiplied_pixels_stay_so() -> None:
    """The same picture, stored the other way, in and out."""
    straight = floats(11, 14, 17, 4)
    stored = premul(straight).astype(np.float32)
    result = resize(stored, 30, 9, premultiplied=True)
    assert np.abs(result - premul(resize(straight, 30, 9))).max() <= 1e-6
    bright = resize(stored, 30, 9, premultiplied=True, linear=True)
    assert np.abs(bright - premul(resize(straight, 30, 9, linear=True))).max() <= 1e-6


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_linear_light_is_what_is_weighed(channels: int) -> None:
    """Decode, weigh, encode, in float64; alpha is no light and has no curve."""
    decode, encode = np.vectorize(linear_of), np.vectorize(encoded_of)
    pixels = floats(12, 13, 16, channels)
    light = resampling.linear(pixels.astype(np.float64), decode)
    expected = resampling.resized(light, "bicubic", 9, 22, (0, 0, 16, 13))
    result = resize(pixels, 9, 22, filter="bicubic", linear=True)
    again = resampling.premultiplied(resampling.linear(result.astype(np.float64), decode))
    assert np.abs(again - expected).max() <= 1e-4
    assert encode(np.float64(0.5)) > 0.7


def test_checkerboard_is_half_the_light() -> None:
    """The known example: in linear light black and white make 188, not 128."""
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert (resize(board, 8, 8, filter="box", linear=True) == 188).all()
    assert (resize(board, 8, 8, filter="box") == 128).all()


@pytest.mark.parametrize("name", compositor.FILTER_NAMES)
@pytest.mark.parametrize("linear", [False, True])
def test_flat_picture_stays_flat(name: str, linear: bool) -> None:
    """No ripple and no drift, however large or small, at the edges too; not even over 30,000 added pixels."""
    flat = np.full((9, 30_000, 4), (200, 100, 3, 128), np.uint8)
    for width, height in ((1, 1), (3, 40), (300, 2)):
        assert (resize(flat, width, height, filter=name, linear=linear) == flat[0, 0]).all()
    white = np.ones((3, 30_000), np.float32)
    assert np.abs(resize(white, 1, 1, filter=name, linear=linear) - 1).max() <= 2e-5


@pytest.mark.parametrize("name", WEIGHING)
def test_hidden_colors_do_not_bleed(name: str) -> None:
    """White next to transparent red stays white: no halo."""
    pixels = np.full((12, 12, 4), (255, 0, 0, 0), np.uint8)
    pixels[3:8, 4:9] = 255
    for size in ((5, 5), (29, 31)):
        result = resize(pixels, *size, filter=name)
        assert (result[result[..., 3] > 0][:, :3] == 255).all()
        assert not result[result[..., 3] == 0].any()


@pytest.mark.parametrize("name", compositor.FILTER_NAMES)
def test_same_size_changes_nothing(name: str) -> None:
    """All filters interpolate: at every pixel's centre they are that pixel."""
    pixels = noise(2)
    pixels[..., 3] = np.maximum(pixels[..., 3], 1)
    assert np.array_equal(resize(pixels, pixels.shape[1], pixels.shape[0], filter=name), pixels)


def test_nearest_copies_pixels_bit_by_bit() -> None:
    """Indices and codes are stored as colours at times: nothing is weighed, nothing under alpha 0 is lost."""
    pixels = noise(6, 5, 7)
    assert np.array_equal(resize(pixels, 21, 10, filter="nearest"), pixels.repeat(3, 1).repeat(2, 0))
    assert np.array_equal(resize(pixels, 3, 1, filter="nearest", box=(2, 1, 5, 2)), pixels[1:2, 2:5])


def test_threads_and_strips_do_not_show() -> None:
    """The same bytes for every count, over more strips than one and sums cut at more than one block."""
    pixels = noise(9, 700, 90)
    for size in ((40, 130), (200, 9)):
        expected = resize(pixels, *size, threads=1)
        for threads in (2, 3, 7, None):
            assert np.array_equal(resize(pixels, *size, threads=threads), expected)
    # The same rows in strips that begin elsewhere.
    exact = pixels.astype(np.float32) / 255
    tall = resize(exact, 40, 70, threads=2)
    part = resize(exact, 40, 50, box=(0, 100, 90, 600), threads=1)
    assert np.array_equal(tall[10:60], part)


def test_any_view_is_accepted_and_none_is_changed() -> None:
    """Views are read as what they show; the result is the caller's own."""
    pixels = noise(1, 30, 20)
    before = pixels.copy()
    for view in (pixels[::-1, ::2], pixels.transpose(1, 0, 2), pixels[3:9, 4:17], pixels[..., [2, 1, 0, 3]]):
        expected = resize(np.array(view, order="C"), 11, 17)
        assert np.array_equal(resize(view, 11, 17), expected)
    result = resize(pixels, 20, 30, filter="nearest")
    result[...] = 0
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"pixels": np.zeros((4, 4, 4), np.float64)}, FormatError),
        ({"pixels": np.zeros((0, 4, 4), np.uint8)}, CanvasSizeError),
        ({"pixels": np.full((2, 2), np.nan, np.float32)}, NotFiniteError),
        ({"width": 0}, CanvasSizeError),
        ({"height": -3}, CanvasSizeError),
        ({"width": 2.5}, CanvasSizeError),
        ({"width": 32_768, "height": 32_768}, CanvasSizeError),
        ({"filter": "lanczos"}, ChoiceError),
        ({"filter": None}, ChoiceError),
        ({"box": (0, 0, 5, 4)}, NumberError),
        ({"box": (0, 0, 4)}, RegionError),
        ({"box": 3}, RegionError),
        ({"box": (2, 0, 2, 4)}, RegionError),
        ({"box": (3, 0, 1, 4)}, RegionError),
        ({"box": (0, 0, float("nan"), 4)}, NumberError),
        ({"box": (0, 0, "4", 4)}, NumberError),
        ({"linear": 1}, ChoiceError),
        ({"premultiplied": None}, ChoiceError),
        ({"threads": 0}, NumberError),
        ({"threads": 1.5}, NumberError),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], error: type[Exception]) -> None:
    """Typed, before any work."""
    good: dict[str, Any] = {"pixels": np.zeros((4, 4, 4), np.uint8), "width": 3, "height": 3}
    with pytest.raises(error):
        resize(**(good | arguments))


def test_box_must_lie_within_its_own_side() -> None:
    """The longer side is no excuse on the shorter one."""
    for shape, box in (((4, 6), (0, 0, 6, 5)), ((6, 4), (0, 0, 5, 4))):
        with pytest.raises(RegionError):
            resize(np.zeros(shape, np.uint8), 3, 3, box=box)
