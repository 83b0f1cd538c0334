"""How do files become pixels? PNG, JPEG, WebP, AVIF and TIFF as straight sRGB, upright, within limits. The one file that opens pictures.

EXIF orientation is applied, and colours with an embedded profile are converted to sRGB (LittleCMS, relative colorimetric), so that
what is composed looks as the picture looked alone. Of pictures with several pages or frames the first is taken.
"""

import io
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError, features

from engines.image_core.pillow_files import AvifMissingError
from engines.media_v2.errors import UnsupportedMediaError
from engines.media_v2.exports import RgbaPixels
from engines.media_v2.presets import Format

SOURCE_BYTES_MAX = 256 * 1024 * 1024
SOURCE_PIXELS_MAX = 89_478_485
"""Pillow's own limit against decompression bombs: a quarter GiB of RGB."""
_FORMATS: dict[str, Format] = {
    "PNG": "png",
    "JPEG": "jpeg",
    "MPO": "jpeg",
    "WEBP": "webp",
    "AVIF": "avif",
    "TIFF": "tiff",
}
_MODES = {
    "1": "L",
    "L": "L",
    "LA": "LA",
    "La": "LA",
    "P": "RGB",
    "PA": "RGBA",
    "RGB": "RGB",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "RGBA": "RGBA",
    "RGBa": "RGBA",
    "CMYK": "CMYK",
}
"""Kinds of pixels that Pillow reads, and as which of five they are handled; those of 16 bits (`I...`) are gray. No floats, no Lab."""


_DAMAGE = (OSError, SyntaxError, ValueError, struct.error, RuntimeError)
"""What Pillow raises for files that are not what they claim to be; the last one is its AVIF decoder's."""


class PictureFacts(NamedTuple):
    """What a picture is, upright; known without decoding all of it."""

    width: int
    height: int
    format: Format
    color_profile: str
    alpha: bool


class Picture(NamedTuple):
    """A picture that was decoded, and what it is."""

    facts: PictureFacts
    pixels: RgbaPixels
    """(height, width, 4) uint8 straight sRGB, upright."""


def picture_facts(content: bytes, name: str) -> PictureFacts:
    """Read what `content` is. `name` appears in errors. Raises `UnsupportedMediaError` for other formats, broken
    files and too many pixels, `AvifMissingError`."""
    with _opened(content, name) as image:
        return _facts(image, name)


def picture_size(content: bytes, name: str) -> tuple[int, int]:
    """Return width and height as they are stored, from the header alone: nothing is decoded, so damage behind it is not seen.

    Raises as `picture_facts` does, which may have to read to the end of the file.
    """
    with _opened(content, name) as image:
        return image.width, image.height


def decode_picture(content: bytes, name: str) -> RgbaPixels:
    """Return (height, width, 4) uint8 straight sRGB, upright. Raises `UnsupportedMediaError`, `AvifMissingError`."""
    return read_picture(content, name).pixels


def read_picture(content: bytes, name: str) -> Picture:
    """Decode `content` once, for its facts and its pixels. Raises as `decode_picture` does.

    Of 16 bits a channel gray is rounded to 8; of colours Pillow hands over the upper byte, which is less than 1/255 off.
    """
    with _opened(content, name) as image:
        facts = _facts(image, name)
        try:
            upright = ImageOps.exif_transpose(image)
            return Picture(facts, np.asarray(_to_srgb(_handled(upright)).convert("RGBA")))
        except (*_DAMAGE, MemoryError) as error:
            raise UnsupportedMediaError(name, f"damaged picture: {error}") from error


def _facts(image: Image.Image, name: str) -> PictureFacts:
    try:
        exif = image.getexif()  # may have to read to the end of the file
    except _DAMAGE as error:
        raise UnsupportedMediaError(name, f"damaged picture: {error}") from error
    # Orientations 5 to 8 swap the sides; of a TIFF Pillow says the upright ones from the start.
    turned = image.format != "TIFF" and exif.get(0x0112) in (5, 6, 7, 8)
    width, height = (image.height, image.width) if turned else (image.width, image.height)
    alpha = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    return PictureFacts(width, height, _FORMATS[str(image.format)], _profile_name(image), alpha)


def _opened(content: bytes, name: str) -> Image.Image:
    if len(content) > SOURCE_BYTES_MAX:
        raise UnsupportedMediaError(name, f"{len(content)} bytes; at most {SOURCE_BYTES_MAX}")
    if content[4:12] in (b"ftypavif", b"ftypavis") and not features.check("avif"):
        raise AvifMissingError
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP", "AVIF", "TIFF"))
    except UnidentifiedImageError:
        raise UnsupportedMediaError(name, "neither PNG nor JPEG, WebP, AVIF or TIFF") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # the second where warnings are errors
        raise UnsupportedMediaError(name, f"more than {SOURCE_PIXELS_MAX} pixels") from None
    except _DAMAGE as error:
        raise UnsupportedMediaError(name, f"damaged picture: {error}") from error
    if image.width * image.height > SOURCE_PIXELS_MAX:
        reason = f"{image.width} x {image.height} is {image.width * image.height} pixels; at most {SOURCE_PIXELS_MAX}"
        raise UnsupportedMediaError(name, reason)
    if image.mode not in _MODES and not image.mode.startswith("I"):
        raise UnsupportedMediaError(
            name, f"pixels of kind {image.mode}; gray, RGB and CMYK of 8 or 16 bits can be used"
        )
    return image


def _handled(image: Image.Image) -> Image.Image:
    """The picture as gray, gray with alpha, RGB, RGBA or CMYK of 8 bits; a palette and a transparent colour are resolved."""
    if image.mode.startswith("I"):
        return _to_8_bit(image)
    wanted = _MODES[image.mode]
    if "transparency" in image.info:
        wanted = {"L": "LA", "RGB": "RGBA"}.get(wanted, wanted)
    return image if image.mode == wanted else image.convert(wanted)


def _to_8_bit(image: Image.Image) -> Image.Image:
    """16-bit gray as 8-bit gray, rounded; Pillow would clip it."""
    wide = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
    narrow = Image.fromarray(((wide * 255 + 32767) // 65535).astype(np.uint8))
    narrow.info = dict(image.info)
    return narrow


def _to_srgb(image: Image.Image) -> Image.Image:
    """Convert through the embedded profile when there is one that is not sRGB already; a profile that cannot be read
    is ignored as browsers do."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    alpha = image.getchannel("A") if "A" in image.getbands() else None
    bare = image.convert("RGB") if image.mode == "RGBA" else image.convert("L") if image.mode == "LA" else image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image
        converted = ImageCms.profileToProfile(
            bare,
            source,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return image
    assert converted is not None
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def _profile_name(image: Image.Image) -> str:
    profile = image.info.get("icc_profile")
    if not profile:
        return "sRGB"
    try:
        return ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile))).strip()[:100] or "unnamed"
    except (ImageCms.PyCMSError, OSError):
        return "unreadable"


def read_file(path: Path) -> bytes:
    """Return the bytes of a file that a person named. Raises `UnsupportedMediaError` for one that cannot be read or is too large."""
    try:
        if path.stat().st_size > SOURCE_BYTES_MAX:
            raise UnsupportedMediaError(str(path), f"more than {SOURCE_BYTES_MAX} bytes")
        return path.read_bytes()
    except OSError as error:
        raise UnsupportedMediaError(str(path), error.strerror or "cannot be read") from error
