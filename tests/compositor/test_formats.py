"""Storage formats: what is loaded and stored again is the same, and what is no picture is refused before any work."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compositor import (
    CanvasSizeError,
    ChoiceError,
    FormatError,
    Layer,
    NotFiniteError,
    array_kernels,
    composite,
    formats,
)
from tests.compositor.pictures import noise

WHOLE = ("uint8", "uint16")


def every_value(dtype: str, channels: int) -> np.ndarray[Any, Any]:
    """Each value of an integer dtype in each channel, at alpha 1."""
    count = np.iinfo(dtype).max + 1
    values = np.arange(count).reshape(-1, 256)
    pixels = np.stack([np.roll(values, 37 * channel) for channel in range(channels)], axis=2).astype(dtype)
    if channels % 2 == 0:
        pixels[..., -1] = count - 1
    return pixels


@pytest.mark.parametrize("dtype", WHOLE)
@pytest.mark.parametrize("channels", formats.CHANNELS)
@pytest.mark.parametrize("premultiplied", [False, True])
def test_every_integer_comes_back(dtype: str, channels: int, premultiplied: bool) -> None:
    """Loading and storing may not cost a single step of any value, or pictures would fade with every pass."""
    pixels = every_value(dtype, channels)
    stored = formats.store(
        formats.load(pixels, premultiplied=premultiplied), dtype, channels, premultiplied=premultiplied
    )
    assert stored.dtype == pixels.dtype
    assert np.array_equal(stored, pixels)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["uint8", "uint16", "float16"]), st.sampled_from([2, 4]), st.integers(0, 10**6))
def test_straight_colors_come_back_under_any_alpha(dtype: str, channels: int, seed: int) -> None:
    """Premultiplying in float32 keeps what 16 bit can tell, down to the smallest alpha."""
    rng = np.random.default_rng(seed)
    top = 1 if dtype == "float16" else np.iinfo(dtype).max
    pixels = (rng.random((9, 31, channels)) * top).astype(dtype)
    least = 2.0**-14 if dtype == "float16" else 1
    pixels[..., -1] = np.maximum(pixels[..., -1], np.array(least, dtype))
    pixels[0, :, -1] = least
    assert np.array_equal(formats.store(formats.load(pixels), dtype, channels), pixels)


@settings(max_examples=40, deadline=None)
@given(st.booleans(), st.integers(0, 10**6))
def test_floats_come_back_within_an_ulp(premultiplied: bool, seed: int) -> None:
    """Premultiplied float32 is what is worked in, so it is untouched; straight colours are multiplied and divided."""
    rng = np.random.default_rng(seed)
    pixels = rng.random((7, 20, 4)).astype(np.float32)
    if premultiplied:
        pixels[..., :3] *= pixels[..., 3:]
    stored = formats.store(formats.load(pixels, premultiplied=premultiplied), "float32", premultiplied=premultiplied)
    assert np.abs(stored - pixels).max() <= (0 if premultiplied else 1.2e-7)


@pytest.mark.parametrize("dtype", formats.DTYPES)
def test_planes_are_what_the_format_says(dtype: str) -> None:
    """Half-transparent orange, by hand: colours times alpha, gray in all three, alpha 1 where there is none."""
    one = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    half = 0.5 if dtype.startswith("float") else one // 2
    a = half / one
    pixels = np.array([[[one, half, 0, half]]], dtype)
    assert np.allclose(formats.load(pixels)[:, 0, 0], [a, a * a, 0, a], atol=1e-7)
    assert np.allclose(formats.load(pixels, premultiplied=True)[:, 0, 0], [a, a, 0, a], atol=1e-7)
    assert np.allclose(formats.load(pixels[..., :3])[:, 0, 0], [1, a, 0, 1], atol=1e-7)
    assert np.allclose(formats.load(pixels[..., 1])[:, 0, 0], [a, a, a, 1], atol=1e-7)
    assert np.allclose(formats.load(pixels[..., [1, 3]])[:, 0, 0], [a * a, a * a, a * a, a], atol=1e-7)


def test_every_half_is_read_as_the_number_that_it_is() -> None:
    """All bits of float16, subnormals included, against NumPy's own conversion; the kernel takes them apart itself."""
    halves = np.arange(65_536, dtype=np.uint16).view(np.float16)
    halves = np.where(np.isfinite(halves), halves, 0).astype(np.float16).reshape(256, 256)
    assert np.array_equal(formats.load(halves)[0], np.clip(halves.astype(np.float32), 0, 1))


def test_store_drops_alpha_and_color_as_documented() -> None:
    """RGB of half-transparent red: straight, or over black; gray is the luminosity."""
    planes = np.array([0.5, 0, 0, 0.5], np.float32).reshape(4, 1, 1)
    assert formats.store(planes, channels=3)[0, 0].tolist() == [255, 0, 0]
    assert formats.store(planes, channels=3, premultiplied=True)[0, 0].tolist() == [128, 0, 0]
    assert formats.store(planes, channels=2)[0, 0].tolist() == [77, 128]
    assert formats.store(planes, channels=1)[0, 0].tolist() == [77]
    assert formats.store(planes, "float32")[0, 0].tolist() == [1, 0, 0, 0.5]
    assert formats.store(np.zeros_like(planes), channels=3)[0, 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", formats.DTYPES)
@pytest.mark.parametrize("premultiplied", [False, True])
def test_nothing_is_stored_under_alpha_zero(dtype: str, premultiplied: bool) -> None:
    """As `composite` does: an alpha that rounds to 0 takes its colour along."""
    alpha = 1e-8
    planes = np.array([alpha, alpha, alpha, alpha], np.float32).reshape(4, 1, 1)
    assert not formats.store(planes, dtype, premultiplied=premultiplied)[..., :3].any()


def test_values_out_of_range_are_cut_off() -> None:
    """Overshoot of float pictures: no colour above white, none above its alpha, none below black."""
    pixels = np.array([[[2, -1, 0.5, 1.5]]], np.float32)
    assert formats.load(pixels)[:, 0, 0].tolist() == [1, 0, 0.5, 1]
    assert formats.load(np.array([[[0.75, 0.25, 0, 0.5]]], np.float32), premultiplied=True)[0, 0, 0] == 0.5
    planes = np.array([3, -3, 0.5, 0.5], np.float32).reshape(4, 1, 1)
    assert formats.store(planes)[0, 0].tolist() == [255, 0, 255, 128]
    assert formats.store(planes, "float32")[0, 0].tolist() == [1, 0, 1, 0.5]


@pytest.mark.parametrize("premultiplied", [False, True])
@pytest.mark.parametrize("linear", [False, True])
def test_whole_pixels_are_packed_as_single_components_are(premultiplied: bool, linear: bool) -> None:
    """The fast way out of RGBA8 gives the bytes of the general one, for overshoot and faint alpha too."""
    planes = np.random.default_rng(2).normal(0.4, 0.4, (4, 200, 300)).astype(np.float32)
    planes[3, :40] *= np.float32(0.01)
    planes[3, 40:80] = 1
    fast, general = np.empty((200, 300, 4), np.uint8), np.empty((200, 300, 4), np.uint8)
    formats.pack(planes, fast, premultiplied=premultiplied, linear=linear)
    array_kernels.find("pack", "uint8", linear=linear)(planes, np.float32(255), premultiplied, general)
    assert np.array_equal(fast, general)


def test_planes_are_stored_as_composite_stores_them() -> None:
    """One rounding in the house: a picture that only passes through leaves by either door with the same bytes."""
    pixels = noise(4, 90, 70)
    layered = composite([Layer(pixels)], size=(70, 90))
    assert np.array_equal(formats.store(formats.load(pixels)), layered)


@pytest.mark.parametrize("dtype", formats.DTYPES)
def test_any_view_is_accepted(dtype: str) -> None:
    """Mirrored, transposed, cut, spaced out and read-only views are read as what they show."""
    rng = np.random.default_rng(5)
    pixels = (rng.random((12, 10, 4)) * (1 if dtype.startswith("float") else 255)).astype(dtype)
    frozen = pixels.copy()
    frozen.flags.writeable = False
    for view in (
        pixels[::-1],
        pixels.transpose(1, 0, 2),
        pixels[2:7, 3:9],
        pixels[::2, ::3],
        pixels[..., ::-1],
        frozen,
    ):
        assert np.array_equal(formats.load(view), formats.load(np.array(view, order="C")))


@pytest.mark.parametrize(
    "pixels",
    [
        "not an array",
        None,
        np.zeros((4, 4, 4), np.int32),
        np.zeros((4, 4, 4), np.float64),
        np.zeros((4, 4, 4), bool),
        np.zeros((4, 4, 4), ">u2"),
        np.zeros((4, 4, 4), object),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros((4, 4, 0), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((1, 4, 4, 4), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(pixels: Any) -> None:
    """By an error that says what it is."""
    with pytest.raises(FormatError):
        formats.load(pixels)


def test_sizes_are_those_of_a_canvas() -> None:
    """Neither nothing nor more than a canvas; a broadcast view of 2**31 pixels takes no memory to refuse."""
    for shape in ((0, 4, 4), (4, 0, 4), (40_000, 1, 4)):
        with pytest.raises(CanvasSizeError):
            formats.load(np.zeros(shape, np.uint8))
    with pytest.raises(CanvasSizeError):
        formats.load(np.broadcast_to(np.zeros((1, 1, 4), np.uint8), (32_768, 65_536, 4)))
    with pytest.raises(CanvasSizeError):
        formats.store(np.zeros((4, 0, 3), np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_what_is_not_finite_is_refused(bad: float, dtype: str) -> None:
    """A NaN would spread over everything that is composed on it."""
    pixels = np.ones((3, 3, 4), dtype)
    pixels[2, 1, 3] = bad
    with pytest.raises(NotFiniteError):
        formats.load(pixels)
    with pytest.raises(NotFiniteError):
        formats.store(np.full((4, 2, 2), bad, np.float32))


def test_store_refuses_what_it_cannot_write() -> None:
    """Each argument by itself, named."""
    planes = np.zeros((4, 2, 2), np.float32)
    for wrong in (planes[:3], planes.astype(np.float64), planes[0], "planes"):
        with pytest.raises(FormatError, match="planes"):
            formats.store(wrong)  # type: ignore[arg-type]
    for dtype in ("int8", "float64", "nonsense", object()):
        with pytest.raises(ChoiceError, match="dtype"):
            formats.store(planes, dtype)  # type: ignore[arg-type]
    for channels in (0, 5, True, "4"):
        with pytest.raises(ChoiceError, match="channels"):
            formats.store(planes, channels=channels)  # type: ignore[arg-type]
    assert formats.store(planes[:, ::-1, ::-1]).shape == (2, 2, 4)
