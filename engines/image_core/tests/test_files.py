"""Pictures in and out: decoding, encoding, converting, and the same bytes from everywhere."""

import io
import json
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps, features

from engines.image_core import decode, icc
from engines.image_core import png as png_writer
from engines.image_core.convert import Conversion, ConvertError, convert
from engines.image_core.encode import encode, pixel_sha256, place
from engines.image_core.presets import PRESETS, plan_export, plan_plain
from engines.image_core.sources import FolderReader
from engines.media_v2.errors import UnsupportedMediaError
from tests.fixtures import COMPOSITION, SVG, decoded, png

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this build of Pillow has no AVIF")
LOSSLESS = ("PNG", "TIFF", "WEBP")
PICTURE = np.asarray(decoded(png(160, 90, alpha=True)))


def test_decoding_is_exact_and_straight() -> None:
    assert np.array_equal(decode.decode_picture(png(160, 90, alpha=True), "a.png"), PICTURE)


def test_exif_orientation_is_applied() -> None:
    """A phone's portrait photograph is upright, in facts and in pixels."""
    picture = Image.fromarray(PICTURE[..., :3])
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", exif=exif)
    facts = decode.picture_facts(buffer.getvalue(), "a.png")
    assert (facts.width, facts.height) == (90, 160)
    assert np.array_equal(decode.decode_picture(buffer.getvalue(), "a.png")[..., :3], np.rot90(PICTURE[..., :3], -1))


def test_other_profiles_are_converted_to_srgb() -> None:
    """The number that means pure sRGB red in Display P3 is pure red when it is drawn (W3C CSS Color 4 gives 0.917, 0.2, 0.139)."""
    p3 = icc.profile("Display P3")
    for mode, colour in (("RGB", (234, 51, 35)), ("RGBA", (234, 51, 35, 90))):
        buffer = io.BytesIO()
        Image.new(mode, (4, 4), colour).save(buffer, "PNG", icc_profile=p3)
        assert decode.picture_facts(buffer.getvalue(), "a.png").color_profile == "Display P3"
        pixel = decode.decode_picture(buffer.getvalue(), "a.png")[0, 0].astype(int)
        assert np.abs(pixel - (255, 0, 0, (*colour, 255)[3])).max() <= 2


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", pytest.param("AVIF", marks=needs_avif)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_comes_upright(format: str, orientation: int) -> None:
    """Each has its own way to say how it was held; TIFF and AVIF are partly turned by their decoders."""
    pixels = PICTURE[:40, :60, :3] // 2 + 60
    exif = Image.Exif()
    exif[0x0112] = orientation
    settings = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
    settings["AVIF"] = {"quality": 100, "subsampling": "4:4:4", "speed": 10}
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, exif=exif, **settings.get(format, {}))
    upright = ImageOps.exif_transpose(_tagged(pixels, orientation))
    picture = decode.read_picture(buffer.getvalue(), "a")
    assert (picture.facts.width, picture.facts.height) == upright.size
    assert picture.facts == decode.picture_facts(buffer.getvalue(), "a")
    assert np.abs(picture.pixels[..., :3].astype(int) - np.asarray(upright)).max() <= (0 if format in LOSSLESS else 6)


def _tagged(pixels: np.ndarray, orientation: int) -> Image.Image:
    image = Image.fromarray(pixels)
    image.getexif()[0x0112] = orientation
    return image


def _tiff(mode: str, **settings: object) -> bytes:
    """A picture of one mode, as a TIFF."""
    buffer = io.BytesIO()
    Image.fromarray(PICTURE[..., :3]).convert(mode).save(buffer, "TIFF", **settings)
    return buffer.getvalue()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_tiff_comes_in_every_kind_of_8_bits(mode: str, compression: str | None) -> None:
    """Scanners and print shops send all of these."""
    expected = np.asarray(Image.fromarray(PICTURE[..., :3]).convert(mode).convert("RGBA"))
    found = decode.decode_picture(_tiff(mode, compression=compression), "a.tif")
    # libtiff rounds YCbCr by itself.
    assert np.abs(found.astype(int) - expected).max() <= (1 if mode == "YCbCr" else 0)


@pytest.mark.parametrize("mode", ["F", "LAB"])
def test_pixels_that_are_no_8_or_16_bits_are_refused(mode: str) -> None:
    """Floats have no white that we could know; better no picture than a wrong one."""
    image = Image.fromarray(PICTURE[..., :3])
    if mode == "LAB":
        image = ImageCms.profileToProfile(
            image, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, "TIFF")
    for read in (decode.picture_facts, decode.decode_picture):
        with pytest.raises(UnsupportedMediaError, match=f"kind {mode}"):
            read(buffer.getvalue(), "a.tif")


@needs_avif
def test_avif_keeps_alpha() -> None:
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, "AVIF", quality=100, subsampling="4:4:4", speed=10)
    picture = decode.read_picture(buffer.getvalue(), "a.avif")
    assert (picture.facts.format, picture.facts.alpha) == ("avif", True)
    assert np.abs(picture.pixels[..., 3].astype(int) - PICTURE[..., 3]).max() <= 2


def test_a_palette_with_a_profile_is_converted() -> None:
    """Its colours are what the profile is about; a transparent one stays so."""
    image = Image.new("P", (4, 1))
    image.putpalette([234, 51, 35, 0, 0, 0])
    image.putpixel((3, 0), 1)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", icc_profile=icc.profile("Display P3"), transparency=1)
    pixels = decode.decode_picture(buffer.getvalue(), "a.png").astype(int)
    assert np.abs(pixels[0, 0] - (255, 0, 0, 255)).max() <= 2
    assert pixels[0, :, 3].tolist() == [255, 255, 255, 0]


def test_gray_with_a_gray_profile_is_converted() -> None:
    """Half of Adobe's curve is darker than half of sRGB's: (128/255)^2.2 of light is 127.6 in sRGB."""
    dark, light = 20, 128
    exact = {value: _srgb_code((value / 255) ** (563 / 256)) for value in (dark, light)}
    for mode, value in (("L", dark), ("L", light), ("LA", (light, 90))):
        buffer = io.BytesIO()
        Image.new(mode, (3, 3), value).save(buffer, "PNG", icc_profile=icc.gray_profile("Adobe RGB (1998)"))
        pixel = decode.decode_picture(buffer.getvalue(), "a.png")[0, 0].astype(float)
        gray, alpha = value if isinstance(value, tuple) else (value, 255)
        assert np.abs(pixel[:3] - exact[gray]).max() <= 1
        assert pixel[3] == alpha


def _srgb_code(light: float) -> float:
    return 255 * (light * 12.92 if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)


def test_cmyk_without_a_profile_is_read_plainly() -> None:
    """Nothing says what the inks were: paper is white, full black is black, cyan has no red."""
    inks = (
        np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [255, 0, 0, 0], [0, 255, 255, 0]]], np.uint8).repeat(8, 0).repeat(8, 1)
    )
    for format, slack in (("JPEG", 8), ("TIFF", 0)):
        buffer = io.BytesIO()
        Image.frombytes("CMYK", (32, 8), inks.tobytes()).save(buffer, format, quality=100)
        found = decode.decode_picture(buffer.getvalue(), "a").astype(int)[4, 4::8]
        expected = [[255, 255, 255, 255], [0, 0, 0, 255], [0, 255, 255, 255], [255, 0, 0, 255]]
        assert np.abs(found - expected).max() <= slack


def test_a_profile_of_another_kind_of_colours_is_ignored() -> None:
    """As browsers do; the picture is still one."""
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (9, 99, 200)).save(buffer, "PNG", icc_profile=icc.gray_profile("Adobe RGB (1998)"))
    assert decode.decode_picture(buffer.getvalue(), "a.png")[0, 0].tolist() == [9, 99, 200, 255]


def test_a_picture_is_decoded_once_for_facts_and_pixels() -> None:
    picture = decode.read_picture(png(160, 90, alpha=True), "a.png")
    assert picture.facts == decode.picture_facts(png(160, 90, alpha=True), "a.png")
    assert np.array_equal(picture.pixels, PICTURE)


def test_16_bit_gray_is_scaled_not_clipped() -> None:
    """Also where it has a profile, and in a TIFF."""
    for format in ("PNG", "TIFF"):
        buffer = io.BytesIO()
        Image.fromarray(np.array([[0, 32768, 65535]], np.uint16)).save(buffer, format)
        assert decode.decode_picture(buffer.getvalue(), "a")[0, :, 0].tolist() == [0, 128, 255]


def test_16_bit_gray_with_a_profile_is_converted() -> None:
    """The profile must not be lost on the way to 8 bits."""
    buffer = io.BytesIO()
    gray = Image.fromarray(np.full((3, 3), 20 * 257, np.uint16))
    gray.save(buffer, "PNG", icc_profile=icc.gray_profile("Adobe RGB (1998)"))
    found = decode.decode_picture(buffer.getvalue(), "a.png")[0, 0, 0]
    assert abs(found - _srgb_code((20 / 255) ** (563 / 256))) <= 1
    assert found < 19


def test_16_bit_colours_are_less_than_a_step_off() -> None:
    """Pillow hands over the upper byte; what we export in 16 bits may be a layer of the next composition."""
    pixels = (PICTURE.astype(np.uint16) * 257) ^ 0x0055
    content = png_writer.write_png(pixels, png_writer.PngFacts(icc.profile("sRGB"), icc.gray_profile("sRGB")))
    found = decode.decode_picture(content, "a.png")
    assert np.abs(found - pixels / 257).max() < 1


def _huge_png() -> bytes:
    """A valid header that claims 60,000 x 60,000 px."""
    whole = bytearray(png(4, 4))
    whole[16:24] = struct.pack(">II", 60_000, 60_000)
    import zlib

    whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
    return bytes(whole)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "neither"),
        (b"GIF89a", "neither"),
        (b"hello", "neither"),
        (png()[:60], "damaged"),
        (png()[:-40], "damaged"),
        (_huge_png(), "pixels"),
    ],
)
def test_what_is_no_picture_is_a_typed_error(content: bytes, reason: str) -> None:
    with pytest.raises(UnsupportedMediaError, match=reason):
        decode.decode_picture(content, "upload")


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it can read nevertheless
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", pytest.param("AVIF", marks=needs_avif)])
def test_damage_is_a_typed_error_or_a_picture(format: str) -> None:
    """Whatever was changed on the way here: an upload must not become a fault of ours."""
    random = np.random.default_rng(5)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    settings = {"TIFF": {"compression": "tiff_lzw"}, "AVIF": {"speed": 10}}.get(format, {})
    profile = icc.profile("Display P3")
    Image.fromarray(PICTURE[:30, :40, :3]).save(buffer, format, exif=exif, icc_profile=profile, **settings)
    refused = 0
    for _ in range(300):
        content = bytearray(buffer.getvalue())
        for at in random.integers(0, random.choice([40, 300, len(content)]), random.integers(1, 5)):
            content[at % len(content)] = random.integers(0, 256)
        try:
            decode.read_picture(bytes(content[: random.integers(len(content) // 2, 2 * len(content))]), "upload")
        except UnsupportedMediaError:
            refused += 1
    assert 0 < refused < 300


@pytest.mark.parametrize("preset_id", PRESETS)
def test_encoding_is_the_same_in_every_thread(preset_id: str) -> None:
    """Four presets from one picture at once: Pillow mixes the settings of threads that share an image."""
    plan = plan_export(PRESETS[preset_id], 160, 90).plan
    pixels = np.asarray(Image.fromarray(PICTURE).resize((plan.content_width, plan.content_height)))
    alone = encode(plan, pixels, {}).content
    others = [plan_plain(plan.content_width, plan.content_height, "jpeg", quality) for quality in (5, 50)]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: encode(plan if n % 2 else others[n // 2 % 2], pixels, {}).content, range(12)))
    assert set(made[1::2]) == {alone}


def test_lossless_exports_hold_the_very_pixels() -> None:
    export = encode(plan_plain(160, 90), PICTURE, {})
    assert np.array_equal(np.asarray(decoded(export.content)), PICTURE)
    assert export.meta["pixel_sha256"] == pixel_sha256(PICTURE)


def test_pixel_hashes_tell_shape_and_content_apart() -> None:
    assert pixel_sha256(PICTURE) != pixel_sha256(PICTURE.reshape(160, 90, 4))
    assert pixel_sha256(PICTURE) != pixel_sha256(255 - PICTURE)
    assert pixel_sha256(PICTURE) == pixel_sha256(np.asfortranarray(PICTURE))


ONE_PROCESS = """
import json, sys
from pathlib import Path
from PIL import features
from engines.image_core import backend, composition
from engines.image_core.encode import encode
from engines.image_core.presets import PRESETS, plan_export
from engines.image_core.sources import FolderReader, SourceSet
from engines.media_v2.keys import sha256_hex
from engines.media_v2.presets import COLOR_PROFILES, FORMATS, check_preset
document = composition.parse((Path(sys.argv[1]) / "card.json").read_bytes())
threads, result = int(sys.argv[2]), {}

def export(name, preset):
    plan = plan_export(preset, document.width, document.height).plan
    pixels = backend.draw(document, SourceSet(FolderReader(Path(sys.argv[1]))), plan, threads=threads).pixels
    result[name] = sha256_hex(encode(plan, pixels, {}, "ab" * 16, threads=threads).content)

for name in ("web_small", "web_medium", "social_1080p", "print_300dpi"):
    export(name, PRESETS[name])
for format in FORMATS:
    for profile in COLOR_PROFILES:
        for depth in (8, 16) if format == "png" else (8,):
            box = {"size": "box", "width": 300, "height": 200, "quality": 80, "dpi": 72, "bit_depth": depth}
            if format != "avif" or features.check("avif"):
                definition = {"preset_id": "a", "format": format, "color_profile": profile} | box
                export(f"{format} {profile} {depth}", check_preset(definition))
print(json.dumps(result))
"""


@pytest.mark.slow
def test_two_processes_and_any_thread_count_give_the_same_bytes(folder: Path) -> None:
    """Neither hash seeds, nor the process, nor the number of threads, nor the locale reach a byte of any export."""
    results = []
    for seed, threads, locale in (("0", "1", "C"), ("1", "2", "C.UTF-8"), ("2", "7", "tr_TR.UTF-8")):
        environment = {"PYTHONHASHSEED": seed, "LC_ALL": locale, "LANG": locale, "TZ": "Asia/Kathmandu"}
        import os

        done = subprocess.run(
            [sys.executable, "-c", ONE_PROCESS, str(folder), threads],
            check=True,
            capture_output=True,
            env=os.environ | environment,
        )
        results.append(json.loads(done.stdout))
    assert results[0] == results[1] == results[2]
    assert len(set(results[0].values())) == len(results[0]) >= 19


@pytest.mark.parametrize(
    ("request_", "size"),
    [
        (Conversion("a", "png"), (40, 30)),
        (Conversion("a", "png", width=300), (300, 225)),
        (Conversion("a", "webp", height=60), (80, 60)),
        (Conversion("a", "jpeg", width=50, height=50), (50, 50)),
    ],
)
def test_svg_converts_to_the_asked_size(request_: Conversion, size: tuple[int, int], folder: Path) -> None:
    image = decoded(convert(SVG, request_, FolderReader(folder)))
    assert (image.format, image.size) == (request_.format.upper(), size)


def test_transparency_is_kept_or_laid_on_a_colour(folder: Path) -> None:
    reader = FolderReader(folder)
    assert decoded(convert(SVG, Conversion("a", "png"), reader)).getpixel((0, 0)) == (0, 0, 0, 0)
    assert decoded(convert(SVG, Conversion("a", "png", background="#0f0"), reader)).convert("RGBA").getpixel(
        (0, 0)
    ) == (0, 255, 0, 255)
    red, green, blue = decoded(convert(SVG, Conversion("a", "jpeg"), reader)).getpixel((0, 0))
    assert min(red, green, blue) >= 253


def test_pictures_and_compositions_convert_too(folder: Path) -> None:
    reader = FolderReader(folder)
    assert decoded(convert(png(48, 36), Conversion("a", "webp", width=24), reader)).size == (24, 18)
    card = json.dumps(COMPOSITION).encode()
    assert decoded(convert(card, Conversion("a", "png", width=192), reader)).size == (192, 128)


@pytest.mark.parametrize(
    "request_",
    [Conversion("a", "png", width=0), Conversion("a", "png", height=-3), Conversion("a", "png", width=32_769)],
)
def test_sizes_out_of_limits_are_refused(request_: Conversion, folder: Path) -> None:
    with pytest.raises(ConvertError):
        convert(SVG, request_, FolderReader(folder))


def test_flattening_rounds_to_nearest() -> None:
    """Every colour at every alpha over white, against the exact fraction."""
    values = np.arange(256)
    pixels = np.zeros((256, 256, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = values[:, None, None], values[None, :]
    flat = place(pixels, plan_plain(256, 256, "jpeg", 95))
    exact = (values[:, None] * values[None, :] + 255 * (255 - values[None, :])) / 255
    assert np.abs(flat[..., 0] - exact).max() <= 0.5
    assert (flat[..., 3] == 255).all()
