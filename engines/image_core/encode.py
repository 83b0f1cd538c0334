"""How do drawn pixels become a file? Placed, flattened, converted to the plan's profile, hashed, encoded.

Main path: `encode`. PNG is written by png.py, the others by Pillow (pillow_files.py). The same pixels, plan and artifact id give the same
bytes in every thread and process.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import PIL
from PIL import features

from engines.image_core import colour, icc, pillow_files, png, xmp
from engines.media_v2.exports import Export, ExportPixels, ExportPlan, RgbaPixels
from engines.media_v2.presets import Format

_PIXEL_TAGS: dict[str, bytes] = {"uint8": b"impasto-pixels-1\0", "uint16": b"impasto-pixels-16-1\0"}
_CODECS: dict[Format, tuple[tuple[str, str], ...]] = {
    "png": (),
    "webp": (("libwebp", "webp"),),
    "jpeg": (("libjpeg", "jpg"), ("libjpeg-turbo", "libjpeg_turbo")),
    "avif": (("libavif", "avif"),),
    "tiff": (("libtiff", "libtiff"),),
}


def encode(
    plan: ExportPlan,
    pixels: ExportPixels,
    producers: dict[str, str],
    artifact_id: str = "",
    *,
    threads: int | None = None,
) -> Export:
    """Make a file of `pixels`, which are `plan.visible` of a drawing: (h, w, 4) straight sRGB, uint8 or, for 16 bits, uint16.

    `artifact_id` goes into the file's XMP, unless it is empty; `threads` limits those of PNG and never changes a byte. The meta lacks what
    only the caller knows (preset, overrides, fonts). Raises `AvifMissingError`, nothing else: sizes were checked when the plan was made.
    """
    canvas = colour.from_srgb(place(pixels, plan), plan.color_profile)
    has_alpha = plan.background is None and not is_opaque(canvas)
    profile, packet = icc.profile(plan.color_profile), xmp.packet(artifact_id)

    def file() -> bytes:
        if plan.format == "png":
            facts = png.PngFacts(profile, icc.gray_profile(plan.color_profile), plan.dpi, packet)
            return png.write_png(canvas, facts, threads=threads)
        writing = pillow_files.Writing(plan.format, plan.quality, plan.dpi, profile, packet)
        return pillow_files.write(cast("RgbaPixels", canvas), writing, alpha=has_alpha)

    content, digest = _beside(file, lambda: pixel_sha256(canvas), threads)
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
            "pixel_sha256": digest,
            "producers": producers,
            "bit_depth": plan.bit_depth,
            "fit": plan.fit,
        },
    )


def kernel_loaders(plan: ExportPlan) -> list[Callable[[], object]]:
    """Return a call for each compiled kernel that encoding by `plan` needs; each compiles for a second or two the first time on a machine.

    For telling how far that is; `encode` finds them by itself.
    """
    from engines.image_core import colour_kernels, png_kernels

    wide = plan.bit_depth == 16
    names = ("filter",) if wide else ("survey", "index", "filter")
    found: list[Callable[[], object]] = []
    if plan.format == "png":
        found = [partial(png_kernels.find, name) for name in names]
    if wide and plan.color_profile != "sRGB":
        found.append(partial(colour_kernels.find, "convert"))
    return found


def _beside(main: Callable[[], bytes], other: Callable[[], str], threads: int | None) -> tuple[bytes, str]:
    """Both results; the second comes from a thread of its own where more than one is allowed."""
    if threads == 1:
        return main(), other()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(other)
        return main(), waiting.result()


def place(pixels: ExportPixels, plan: ExportPlan) -> ExportPixels:
    """Lay `plan.visible` of a drawing, (h, w, 4) straight, into the file's canvas: padded, and flattened where there is a background.

    Returns (height, width, 4) straight of the same depth; the same array when there is nothing to do.
    """
    visible = plan.visible
    assert pixels.shape == (visible.height, visible.width, 4), "drawn at another size than planned"
    assert pixels.dtype == (np.uint16 if plan.bit_depth == 16 else np.uint8), "drawn at another depth than planned"
    if plan.background is not None:
        pixels = _flatten(pixels, plan.background)
    if (plan.width, plan.height) == (visible.width, visible.height):
        return pixels
    left, top = max(plan.left, 0), max(plan.top, 0)
    right, bottom = left + visible.width, top + visible.height
    canvas = np.zeros((plan.height, plan.width, 4), pixels.dtype)
    if plan.background is not None:
        step = np.iinfo(pixels.dtype).max // 255
        paper = np.array([part * step for part in (*plan.background, 255)], pixels.dtype)
        for part in (canvas[:top], canvas[bottom:], canvas[top:bottom, :left], canvas[top:bottom, right:]):
            _words(part)[...] = _words(paper)
    _words(canvas)[top:bottom, left:right] = _words(pixels)
    return canvas


def _flatten(pixels: ExportPixels, background: tuple[int, int, int]) -> ExportPixels:
    """Composite over an opaque colour in integers, rounded to nearest: exact, so no float mode or thread can change it."""
    one = int(np.iinfo(pixels.dtype).max)
    if is_opaque(pixels):
        return pixels
    wide: Any = np.uint32 if one == 255 else np.uint64
    under = np.array([part * (one // 255) for part in background], wide)
    alpha = pixels[..., 3:].astype(wide)
    flat = np.full_like(pixels, one)
    flat[..., :3] = (pixels[..., :3] * alpha + under * (one - alpha) + one // 2) // one
    return flat


def is_opaque(pixels: ExportPixels) -> bool:
    """Whether every pixel of (h, w, 4) uint8 or uint16 has the greatest alpha. Alpha is the upper part of a pixel's word."""
    words = _words(np.ascontiguousarray(pixels))
    return bool(words.min() >= np.iinfo(words.dtype).max - (np.iinfo(words.dtype).max >> pixels.dtype.itemsize * 8))


def _words(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same memory with one number, little-endian, for each pixel: copied and compared faster than four."""
    return pixels.view("<u4" if pixels.dtype.itemsize == 1 else "<u8")[..., 0]


def pixel_sha256(pixels: ExportPixels) -> str:
    """Hash of canonical pixels (hex), (h, w, 4) uint8 or uint16 straight RGBA: SHA-256 over a tag (`impasto-pixels-1`, or
    `impasto-pixels-16-1` for 16 bits) and NUL, u32 width, u32 height, then the pixels row by row from the top, all big-endian.
    """
    height, width, _ = pixels.shape
    digest = hashlib.sha256(_PIXEL_TAGS[pixels.dtype.name] + struct.pack(">II", width, height))
    digest.update(np.ascontiguousarray(pixels, pixels.dtype.newbyteorder(">")).data)
    return digest.hexdigest()


def codec_versions(format: Format) -> dict[str, str]:
    """Names and versions of the code that reads and writes `format`, LittleCMS included, which converts colours on the way in and out.

    Those that Pillow does not report are left out.
    """
    found = {name: features.version(feature) for name, feature in _CODECS[format]}
    found["littlecms"] = features.version("littlecms2")
    own = {"impasto-png": png.PNG_VERSION, "zlib": zlib.ZLIB_RUNTIME_VERSION} if format == "png" else {}
    return {"pillow": PIL.__version__} | {name: version for name, version in found.items() if version} | own
