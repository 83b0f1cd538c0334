"""Files become pixels: PNG, JPEG and WebP as straight sRGB, upright, within limits. The one file that opens pictures.

EXIF orientation is applied, and colours with an embedded profile are converted to sRGB (LittleCMS, relative colorimetric), so that
what is composed looks as the picture looked alone.
"""

import io
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from engines.media_v2.errors import UnsupportedMediaError
from engines.media_v2.exports import RgbaPixels
from engines.media_v2.presets import Format

SOURCE_BYTES_MAX = 256 * 1024 * 1024
SOURCE_PIXELS_MAX = 89_478_485
"""Pillow's own limit against decompression bombs: a quarter GiB of RGB."""
_FORMATS: dict[str, Format] = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "WEBP": "webp"}


class PictureFacts(NamedTuple):
    """What a picture is, upright; known without decoding all of it."""

    width: int
    height: int
    format: Format
    color_profile: str
    alpha: bool


def picture_facts(content: bytes, name: str) -> PictureFacts:
    """Read what `content` is. `name` appears in errors. Raises `UnsupportedMediaError` for other formats, broken
    files and too many pixels."""
    with _opened(content, name) as image:
        turned = image.getexif().get(0x0112, 1) >= 5  # orientations 5 to 8 swap the sides
        width, height = (image.height, image.width) if turned else (image.width, image.height)
        alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
        return PictureFacts(width, height, _FORMATS[str(image.format)], _profile_name(image), alpha)


def decode_picture(content: bytes, name: str) -> RgbaPixels:
    """Return (height, width, 4) uint8 straight sRGB, upright. Raises `UnsupportedMediaError`."""
    with _opened(content, name) as image:
        try:
            upright = ImageOps.exif_transpose(image)
            return np.asarray(_to_8_bit(_to_srgb(upright)).convert("RGBA"))
        except (OSError, SyntaxError, ValueError, struct.error, MemoryError) as error:
            raise UnsupportedMediaError(name, f"damaged picture: {error}") from error


def _opened(content: bytes, name: str) -> Image.Image:
    if len(content) > SOURCE_BYTES_MAX:
        raise UnsupportedMediaError(name, f"{len(content)} bytes; at most {SOURCE_BYTES_MAX}")
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP"))
    except UnidentifiedImageError:
        raise UnsupportedMediaError(name, "neither PNG nor JPEG nor WebP") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # the second where warnings are errors
        raise UnsupportedMediaError(name, f"more than {SOURCE_PIXELS_MAX} pixels") from None
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise UnsupportedMediaError(name, f"damaged picture: {error}") from error
    if image.width * image.height > SOURCE_PIXELS_MAX:
        reason = f"{image.width} x {image.height} is {image.width * image.height} pixels; at most {SOURCE_PIXELS_MAX}"
        raise UnsupportedMediaError(name, reason)
    return image


def _to_8_bit(image: Image.Image) -> Image.Image:
    """16-bit gray as 8-bit gray, rounded; Pillow would clip it. Everything else is 8 bit a channel already."""
    if not image.mode.startswith("I"):
        return image
    wide = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
    return Image.fromarray(((wide * 255 + 32767) // 65535).astype(np.uint8))


def _to_srgb(image: Image.Image) -> Image.Image:
    """Convert through the embedded profile when there is one that is not sRGB already; a profile that cannot be read
    is ignored as browsers do."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "L", "LA", "CMYK"):
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
