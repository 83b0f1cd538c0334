"""Do our profiles say what the standards say, and do colours come out as the textbooks have them, there and back?"""

import hashlib
import io

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from engines.image_core import colour, colour_kernels, decode, icc
from engines.image_core.encode import encode
from engines.image_core.presets import plan_plain
from engines.media_v2.presets import COLOR_PROFILES, ColorProfile

WIDER: tuple[ColorProfile, ...] = ("Display P3", "Adobe RGB (1998)")
FROM_LINEAR_SRGB = {
    # CSS Color 4, 17.2: sample code, lin_sRGB_to_XYZ and XYZ_to_lin_P3, multiplied.
    "Display P3": [[0.8224621, 0.1775380, 0.0], [0.0331941, 0.9668058, 0.0], [0.0170827, 0.0723974, 0.9105199]],
    # Lindbloom's matrices (sRGB to XYZ, XYZ to Adobe RGB (1998), both D65), multiplied.
    "Adobe RGB (1998)": [[0.7151256, 0.2848744, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0411619, 0.9588381]],
}
"""Textbook figures, rounded to 1e-7: good for 16 bits to well below a step."""


def expected(srgb: npt.NDArray[np.float64], space: ColorProfile) -> npt.NDArray[np.float64]:
    """(..., 3) of 0 to 1 in sRGB, in `space`: in float64, from textbook figures."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    light = np.clip(linear @ np.array(FROM_LINEAR_SRGB[space]).T, 0, 1)
    if space == "Adobe RGB (1998)":
        return light ** (256 / 563)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def expected_srgb(stored: npt.NDArray[np.float64], space: ColorProfile) -> npt.NDArray[np.float64]:
    """The inverse of `expected`; colours outside of sRGB are cut to it."""
    if space == "Adobe RGB (1998)":
        light = stored ** (563 / 256)
    else:
        light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    linear = np.clip(light @ np.linalg.inv(np.array(FROM_LINEAR_SRGB[space])).T, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def grid(steps: int, most: int) -> npt.NDArray[np.int64]:
    """Every mixture of `steps` values of red, green and blue, (steps, steps^2, 4), with an alpha that varies."""
    values = np.linspace(0, most, steps).round().astype(np.int64)
    red, green, blue = np.meshgrid(values, values, values, indexing="ij")
    return np.stack([red, green, blue, (red + blue) % (most + 1)], axis=-1).reshape(steps, -1, 4)


@pytest.mark.parametrize("space", WIDER)
def test_8_bit_colours_are_those_of_the_textbook(space: ColorProfile) -> None:
    """LittleCMS reads our profile as it was meant: within one step, for its tables have 8 bits and a half."""
    pixels = grid(18, 255).astype(np.uint8)
    made = colour.from_srgb(pixels, space)
    assert np.abs(made[..., :3] - expected(pixels[..., :3] / 255, space) * 255).max() <= 1
    assert np.array_equal(made[..., 3], pixels[..., 3])


@pytest.mark.parametrize("space", WIDER)
def test_16_bit_colours_are_those_of_the_textbook(space: ColorProfile) -> None:
    """Half a step of rounding, and a tenth for the figures of the textbook, which have seven digits."""
    pixels = np.concatenate([grid(18, 65535).reshape(-1, 4), grid(18, 900).reshape(-1, 4)])[None].astype(np.uint16)
    made = colour.from_srgb(pixels, space)
    assert made.dtype == np.uint16
    assert np.abs(made[..., :3] - expected(pixels[..., :3] / 65535, space) * 65535).max() <= 0.6
    assert np.array_equal(made[..., 3], pixels[..., 3])


@pytest.mark.parametrize("space", WIDER)
def test_both_depths_agree(space: ColorProfile) -> None:
    """Two ways of computing one thing: a 16-bit export is the 8-bit one, more finely."""
    pixels = grid(16, 255).astype(np.uint8)
    narrow = colour.from_srgb(pixels, space).astype(int)
    wide = colour.from_srgb(pixels.astype(np.uint16) * 257, space) / 257
    assert np.abs(narrow - wide).max() <= 1


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=50), st.sampled_from(WIDER))
def test_neutrals_stay_neutral_and_in_order(levels: list[int], space: ColorProfile) -> None:
    """A gray that turns green is the fault that people see first."""
    ordered = np.sort(np.array(levels, np.uint16))
    made = colour.from_srgb(np.repeat(ordered[None, :, None], 4, axis=2), space)
    assert (made[..., :3] == made[..., :1]).all()
    assert (np.diff(made[0, :, 0].astype(int)) >= 0).all()


@pytest.mark.parametrize("space", WIDER)
def test_black_and_white_stay_what_they_are(space: ColorProfile) -> None:
    for dtype, most in ((np.uint8, 255), (np.uint16, 65535)):
        ends = np.array([[[0, 0, 0, most], [most, most, most, most]]], dtype)
        assert np.array_equal(colour.from_srgb(ends, space), ends)


def test_light_on_a_bound_is_of_the_code_above() -> None:
    """And light out of range is white or black: every code through tables whose bounds are the codes' own light."""
    codes = np.arange(65536, dtype=np.uint16)
    light = codes.astype(np.int64) << 14
    bins = np.searchsorted(light[1:], np.arange(4097, dtype=np.int64) << 18, side="right")
    pixels = np.repeat(codes.reshape(256, 256, 1), 4, axis=2)
    for factor, expected in ((1, pixels), (2, np.minimum(pixels.astype(int) * 2, 65535)), (-1, pixels * 0)):
        out = np.zeros_like(pixels)
        matrix = np.eye(3, dtype=np.int64) * (factor << 28)
        kernel = colour_kernels.find("convert")
        kernel(colour_kernels.read_only(pixels), light, matrix, light[1:].copy(), bins, out)
        assert np.array_equal(out[..., :3], expected[..., :3])


def test_srgb_is_left_alone() -> None:
    """The same array: no copy, no rounding."""
    pixels = np.zeros((2, 2, 4), np.uint8)
    assert colour.from_srgb(pixels, "sRGB") is pixels


def test_tables_are_the_same_everywhere() -> None:
    """They are made with powers; were a machine to round one in another way, 16-bit exports would differ there, and here is told why."""
    digests = {space: hashlib.sha256() for space in WIDER}
    for space, digest in digests.items():
        for table in colour.tables(space):
            digest.update(table.astype("<i8").tobytes())
    assert {space: digest.hexdigest()[:16] for space, digest in digests.items()} == {
        "Display P3": "49f6700e312c3d1b",
        "Adobe RGB (1998)": "ad470e93d8293f60",
    }


@pytest.mark.parametrize(
    ("space", "size", "sha256"),
    [
        ("sRGB", 480, "6f2e7fc54bb7f4a0"),
        ("Display P3", 492, "57f9000e08c7bdfc"),
        ("Adobe RGB (1998)", 488, "daf9db40963f8156"),
    ],
)
def test_profiles_are_the_same_bytes_everywhere(space: ColorProfile, size: int, sha256: str) -> None:
    """They are part of every export's bytes."""
    profile = icc.profile(space)
    assert (len(profile), hashlib.sha256(profile).hexdigest()[:16]) == (size, sha256)
    assert int.from_bytes(profile[:4]) == size
    assert profile[36:40] == b"acsp"


@pytest.mark.parametrize("space", COLOR_PROFILES)
def test_littlecms_finds_the_primaries_of_the_standards(space: ColorProfile) -> None:
    """Chromaticities as IEC 61966-2-1, SMPTE EG 432-1 and Adobe RGB (1998) give them, with the adaptation to D50 undone."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc.profile(space)))
    assert ImageCms.getProfileDescription(profile).strip() == space
    green = {"sRGB": (0.30, 0.60), "Display P3": (0.265, 0.690), "Adobe RGB (1998)": (0.21, 0.71)}[space]
    red = (0.680, 0.320) if space == "Display P3" else (0.64, 0.33)
    to_d65 = np.linalg.inv(np.array(profile.profile.chromatic_adaptation[0]))
    columns = (profile.profile.red_colorant, profile.profile.green_colorant, profile.profile.blue_colorant)
    for colorant, xy in zip(columns, (red, green, (0.15, 0.06)), strict=True):
        assert colorant is not None
        xyz = to_d65 @ np.array(colorant[0])
        assert (xyz[:2] / xyz.sum()).tolist() == pytest.approx(xy, abs=2e-4)


@pytest.mark.parametrize("space", COLOR_PROFILES)
def test_gray_profiles_say_the_same_of_grays(space: ColorProfile) -> None:
    """A gray file and the same picture in colour must look alike."""
    ramp = np.arange(256, dtype=np.uint8)[None]
    target = ImageCms.createProfile("sRGB")
    looks = []
    for mode, profile in (("L", icc.gray_profile(space)), ("RGB", icc.profile(space))):
        image = Image.fromarray(ramp).convert(mode)
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(image, source, target, ImageCms.Intent.RELATIVE_COLORIMETRIC, "RGB")
        assert made is not None
        looks.append(np.asarray(made).astype(int))
    assert np.abs(looks[0] - looks[1]).max() <= 1


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("space", WIDER)
def test_an_export_is_read_back_as_the_textbook_says(space: ColorProfile, format: str) -> None:
    """What the file holds means the same on the way in as on the way out: within one step of the exact figure and LittleCMS's own."""
    pixels = grid(12, 255).astype(np.uint8)
    plan = plan_plain(pixels.shape[1], pixels.shape[0], format, color_profile=space)  # type: ignore[arg-type] # from the list above
    content = encode(plan, pixels, {}).content
    stored = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))
    assert decode.picture_facts(content, "a").color_profile == space
    back = decode.decode_picture(content, "a")
    assert np.array_equal(back[..., 3], pixels[..., 3])
    assert np.abs(back[..., :3] - expected_srgb(stored[..., :3] / 255, space) * 255).max() <= 2
