"""Pixels become files: PNG, WebP and JPEG with pinned parameters, sRGB profile embedded, dpi where the format holds it.

The one file that knows Pillow's encoders. The same pixels and plan give the same bytes in every thread and process.
"""

import hashlib
import io
import struct
import zlib
from typing import Any

import numpy as np
import PIL
from PIL import Image, features

from engines.image_core.icc import srgb_profile
from engines.media_v2.exports import Export, ExportPixels, ExportPlan, RgbaPixels
from engines.media_v2.presets import Format

_WEBP_METHOD = 4
"""libwebp's effort; 6 costs twice the time for 2 % of the bytes."""
_PNG_LEVEL = 3
"""With run-length coding (Z_RLE) after row filters the level hardly matters; it is pinned because it is part of the bytes."""
_CODECS: dict[Format, tuple[tuple[str, str], ...]] = {
    "avif": (("libavif", "avif"),),
    "tiff": (("libtiff", "libtiff"),),
    "png": (("zlib", "zlib"), ("zlib-ng", "zlib_ng")),
    "webp": (("libwebp", "webp"),),
    "jpeg": (("libjpeg", "jpg"), ("libjpeg-turbo", "libjpeg_turbo")),
}


def place(pixels: RgbaPixels, plan: ExportPlan) -> RgbaPixels:
    """Lay a drawing (content_height, content_width, 4) uint8 straight into the file's canvas: padded, and flattened
    where there is a background.

    Returns (height, width, 4) uint8 straight; the same array when there is nothing to do.
    """
    window = plan.visible
    assert pixels.shape == (window.height, window.width, 4), "drawn at another size than planned"
    if (plan.width, plan.height) == (window.width, window.height) and plan.background is None:
        return pixels
    canvas = np.zeros((plan.height, plan.width, 4), np.uint8)
    if plan.background is not None:
        canvas[...] = (*plan.background, 255)
        pixels = _flatten(pixels, plan.background)
    top, left = max(0, plan.top), max(0, plan.left)
    canvas[top : top + window.height, left : left + window.width] = pixels
    return canvas


def _flatten(pixels: RgbaPixels, background: tuple[int, int, int]) -> RgbaPixels:
    """Composite over an opaque colour in integers, rounded to nearest: exact, so no float mode or thread can change it."""
    alpha = pixels[..., 3:].astype(np.uint32)
    under = np.array(background, np.uint32)
    flat = np.full_like(pixels, 255)
    flat[..., :3] = (pixels[..., :3] * alpha + under * (255 - alpha) + 127) // 255
    return flat


def pixel_sha256(pixels: RgbaPixels) -> str:
    """Hash of canonical pixels (hex): SHA-256 over `impasto-pixels-1`, NUL, u32 width, u32 height (big-endian), then
    RGBA8 straight, row by row from the top."""
    height, width, _ = pixels.shape
    digest = hashlib.sha256(b"impasto-pixels-1\0" + struct.pack(">II", width, height))
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def codec_versions(format: Format) -> dict[str, str]:
    """Names and versions of the libraries that read and write `format`, LittleCMS included, which converts colours on the way in.

    Those that Pillow does not report are left out.
    """
    found = {name: features.version(feature) for name, feature in _CODECS[format]}
    found["littlecms"] = features.version("littlecms2")
    return {"pillow": PIL.__version__} | {name: version for name, version in found.items() if version}


def encode(plan: ExportPlan, pixels: ExportPixels, producers: dict[str, str], artifact_id: str = "") -> Export:  # noqa: ARG001
    """Place `pixels` by `plan` and encode them. Raises nothing of its own: sizes were checked when the plan was made."""
    canvas = place(pixels, plan)  # type: ignore[arg-type]
    # An image that nobody else holds: Pillow keeps encoder settings on the image, so a shared one mixes the settings of threads.
    has_alpha = bool((canvas[..., 3] != 255).any())
    image = Image.fromarray(canvas if has_alpha else np.ascontiguousarray(canvas[..., :3]))
    buffer = io.BytesIO()
    image.save(buffer, plan.format.upper(), icc_profile=srgb_profile(), **_settings(plan))
    content = buffer.getvalue()
    return Export(
        content,
        {
            "width": plan.width,
            "height": plan.height,
            "format": plan.format,
            "color_profile": plan.color_profile,
            "quality": plan.quality,
            "dpi": plan.dpi,
            "alpha": has_alpha,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "pixel_sha256": pixel_sha256(canvas),
            "producers": producers,
            "bit_depth": plan.bit_depth,
            "fit": plan.fit,
        },
    )


def _settings(plan: ExportPlan) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if plan.dpi is not None:
        settings["dpi"] = (plan.dpi, plan.dpi)
    match plan.format:
        case "png":
            settings |= {"compress_level": _PNG_LEVEL, "compress_type": zlib.Z_RLE}
        case "webp":
            lossless = plan.quality is None
            settings |= {"method": _WEBP_METHOD, "lossless": lossless, "quality": 75 if lossless else plan.quality}
            settings.pop("dpi", None)  # WebP has no field for it
        case "jpeg":
            # 4:4:4, because red text on a dark ground falls apart when colour is halved.
            settings |= {"quality": plan.quality or 95, "subsampling": 0, "optimize": False, "progressive": False}
    return settings
