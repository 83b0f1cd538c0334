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
from PIL import Image

from engines.image_core import decode, icc
from engines.image_core.convert import Conversion, ConvertError, convert
from engines.image_core.encode import encode, pixel_sha256, place
from engines.image_core.presets import PRESETS, plan_export, plan_plain
from engines.image_core.sources import FolderReader
from engines.media_v2.errors import UnsupportedMediaError
from tests.fixtures import COMPOSITION, SVG, decoded, png

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
    p3 = icc._matrix_profile("Display P3", ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), icc._D65, icc._SRGB_CURVE)
    for mode, colour in (("RGB", (234, 51, 35)), ("RGBA", (234, 51, 35, 90))):
        buffer = io.BytesIO()
        Image.new(mode, (4, 4), colour).save(buffer, "PNG", icc_profile=p3)
        assert decode.picture_facts(buffer.getvalue(), "a.png").color_profile == "Display P3"
        pixel = decode.decode_picture(buffer.getvalue(), "a.png")[0, 0].astype(int)
        assert np.abs(pixel - (255, 0, 0, (*colour, 255)[3])).max() <= 2


def test_16_bit_gray_is_scaled_not_clipped() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.array([[0, 32768, 65535]], np.uint16)).save(buffer, "PNG")
    assert decode.decode_picture(buffer.getvalue(), "a.png")[0, :, 0].tolist() == [0, 128, 255]


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
from engines.image_core import backend, composition
from engines.image_core.encode import encode
from engines.image_core.presets import PRESETS, plan_export
from engines.image_core.sources import FolderReader, SourceSet
from engines.media_v2.keys import sha256_hex
document = composition.parse((Path(sys.argv[1]) / "card.json").read_bytes())
result = {}
for preset in ("web_small", "web_medium", "social_1080p", "print_300dpi"):
    plan = plan_export(PRESETS[preset], document.width, document.height).plan
    pixels = backend.draw(document, SourceSet(FolderReader(Path(sys.argv[1]))), plan, threads=int(sys.argv[2])).pixels
    result[preset] = sha256_hex(encode(plan, pixels, {}, "ab" * 16).content)
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
