"""How do pixels become WebP, JPEG, AVIF and TIFF? Through Pillow, with every setting that reaches the bytes pinned. PNG is png.py's.

The one file that knows Pillow's encoders. Each save has an image of its own: Pillow keeps an encoder's settings on the image, so that two
threads that save the same one mix them up.
"""

import io
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, TiffImagePlugin, features

from engines.errors import EnvironmentFault
from engines.media_v2.exports import RgbaPixels
from engines.media_v2.presets import Format

_WEBP_METHOD = 4
"""libwebp's effort; 6 costs twice the time for 2 % of the bytes."""
_AVIF_SPEED = 6
"""libaom's: 4 takes five times as long for 7 % of the bytes, 8 a third for 27 % more."""
_TIFF_XMP = 700
"""Tag of the XMP packet, ISO 16684-3:2021."""
_TIFF_PREDICTOR = 317
_HORIZONTAL = 2
"""Differences along rows before LZW, TIFF 6.0 section 14: a third of the bytes of a photograph."""


class AvifMissingError(EnvironmentFault):
    """This build of Pillow has no AVIF codec."""

    type = "avif-missing"

    def __init__(self) -> None:
        super().__init__(
            "this build of Pillow cannot read or write AVIF: install a wheel of Pillow 11.3 or newer from PyPI"
        )


class Writing(NamedTuple):
    """What is to be written, and what the file says beside its pixels."""

    format: Format
    quality: int | None
    dpi: int | None
    profile: bytes
    xmp: bytes


def write(pixels: RgbaPixels, writing: Writing, *, alpha: bool) -> bytes:
    """Return `pixels`, (h, w, 4) uint8 straight, as a file of `writing.format`, with an alpha channel where `alpha` says so.

    Raises `AvifMissingError`.
    """
    if writing.format == "avif" and not features.check("avif"):
        raise AvifMissingError
    buffer = io.BytesIO()
    _image(pixels, writing.format, alpha=alpha).save(buffer, writing.format.upper(), **_settings(writing))
    return buffer.getvalue()


def _image(pixels: RgbaPixels, format: Format, *, alpha: bool) -> Image.Image:
    """The pixels as an image of nobody else's; opaque ones as they are, their fourth byte ignored, where the encoder can."""
    height, width, _ = pixels.shape
    pixels = np.ascontiguousarray(pixels)
    if alpha:
        return Image.frombuffer("RGBA", (width, height), pixels, "raw", "RGBA", 0, 1)
    opaque = Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1)
    return opaque if format in ("jpeg", "webp") else opaque.convert("RGB")


def _settings(writing: Writing) -> dict[str, Any]:
    """Arguments of Pillow's `save`."""
    named: dict[str, Any] = {"icc_profile": writing.profile}
    if writing.xmp and writing.format != "tiff":
        named["xmp"] = writing.xmp
    match writing.format:
        case "webp":
            named |= {"method": _WEBP_METHOD, "lossless": False, "quality": writing.quality, "exact": False}
        case "jpeg":
            # 4:4:4, because red text on a dark ground falls apart when colour is halved.
            named |= {"quality": writing.quality, "subsampling": 0, "optimize": False, "progressive": False}
        case "avif":
            # One thread, because libaom's bytes depend on how many there are; 4:4:4 as for JPEG.
            named |= {"quality": writing.quality, "speed": _AVIF_SPEED, "codec": "aom", "max_threads": 1}
            named |= {"subsampling": "4:4:4", "range": "full", "autotiling": False}
        case "tiff":
            tags = TiffImagePlugin.ImageFileDirectory_v2()
            tags[_TIFF_PREDICTOR] = _HORIZONTAL
            if writing.xmp:  # Pillow ignores `xmp` here
                tags[_TIFF_XMP] = writing.xmp
                tags.tagtype[_TIFF_XMP] = 1
            named |= {"compression": "tiff_lzw", "tiffinfo": tags}
    if writing.dpi is not None and writing.format in ("jpeg", "tiff"):
        named["dpi"] = (writing.dpi, writing.dpi)
    return named
