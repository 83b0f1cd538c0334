"""The export presets, as data: format, size rule, quality, resolution, profile and background of each.

A preset is a value; its parameters enter the render_key, so a changed preset makes new artifacts and never alters old ones.
"""

from typing import Literal

import msgspec

from engines.errors import RequestError
from engines.media_v2.exports import ExportPlan, Format

QUALITY_LIMITS = (1, 100)
"""What libjpeg and libwebp accept."""
SIDE_LIMITS: dict[Format, int] = {"png": 32_768, "jpeg": 32_768, "webp": 16_383}
"""Pixels a side: libwebp's own limit, else the canvas limit."""

SizeRule = Literal["scale_to_width", "pad_to_box"]


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """How a composition becomes a file.

    `scale_to_width`: at most `width` px wide, never enlarged, height by proportion. `pad_to_box`: the whole drawing, as large as fits
    (enlarged when smaller: text and vectors are drawn anew), centred in `width` x `height` on `background`.
    """

    preset_id: str
    format: Format
    """The default format."""
    formats: tuple[Format, ...]
    """All formats that a request may choose."""
    size: SizeRule
    width: int
    height: int | None = None
    fit: Literal["contain"] = "contain"
    quality: int | None = None
    """For lossy formats; PNG ignores it."""
    dpi: int | None = None
    color_profile: Literal["sRGB"] = "sRGB"
    background: tuple[int, int, int] | None = None
    """Opaque sRGB behind everything; None keeps transparency. JPEG needs one."""


WHITE = (255, 255, 255)

PRESETS: dict[str, Preset] = {
    preset.preset_id: preset
    for preset in (
        Preset(preset_id="web_small", format="webp", formats=("webp", "png"), size="scale_to_width", width=640, quality=75),
        Preset(preset_id="web_medium", format="webp", formats=("webp", "png"), size="scale_to_width", width=1280, quality=85),
        Preset(preset_id="social_1080p", format="png", formats=("png",), size="pad_to_box", width=1920, height=1080),
        Preset(
            preset_id="print_300dpi",
            format="jpeg",
            formats=("jpeg",),
            size="pad_to_box",
            width=3000,
            height=3000,
            quality=95,
            dpi=300,
            background=WHITE,
        ),
    )
}  # fmt: skip


class UnknownPresetError(RequestError):
    """No preset has this id; `known` lists those that have one."""

    type = "unknown-preset"

    def __init__(self, preset_id: str) -> None:
        known = tuple(PRESETS)
        super().__init__(f"unknown preset {preset_id!r}; known: {', '.join(known)}", preset_id=preset_id, known=known)


class UnsupportedFormatError(RequestError):
    """The preset does not offer this format."""

    type = "unsupported-format"

    def __init__(self, preset: Preset, wanted: str) -> None:
        text = f"preset {preset.preset_id} exports {' or '.join(preset.formats)}, not {wanted!r}"
        super().__init__(text, preset_id=preset.preset_id, format=wanted, known=preset.formats)


class ExportTooLargeError(RequestError):
    """The format cannot hold a picture of this size."""

    type = "export-too-large"

    def __init__(self, format: str, width: int, height: int, limit: int) -> None:
        super().__init__(
            f"{format} holds at most {limit} px a side; this export is {width} x {height}",
            format=format,
            width=width,
            height=height,
            limit=limit,
        )


def find_preset(preset_id: str) -> Preset:
    """Return the preset with this id. Raises `UnknownPresetError`, which lists the known ones."""
    found = PRESETS.get(preset_id)
    if found is None:
        raise UnknownPresetError(preset_id)
    return found


def plan_export(preset: Preset, width: float, height: float, format: str | None = None) -> ExportPlan:
    """Plan the export of a drawing of `width` x `height` units. Pure. Raises `UnsupportedFormatError`, `ExportTooLargeError`."""
    chosen = next((known for known in preset.formats if known == (format or preset.format)), None)
    if chosen is None:
        raise UnsupportedFormatError(preset, str(format))
    scale = preset.width / width
    if preset.size == "scale_to_width":
        scale = min(1.0, scale)
    elif preset.height is not None:
        scale = min(scale, preset.height / height)
    content = (_pixels(width * scale), _pixels(height * scale))
    padded = preset.size == "pad_to_box" and preset.height is not None
    file_width, file_height = (preset.width, preset.height or content[1]) if padded else content
    return _checked(
        ExportPlan(
            preset_id=preset.preset_id,
            format=chosen,
            width=file_width,
            height=file_height,
            content_width=content[0],
            content_height=content[1],
            left=(file_width - content[0]) // 2,
            top=(file_height - content[1]) // 2,
            scale=scale,
            background=preset.background,
            quality=None if chosen == "png" else preset.quality,
            dpi=preset.dpi,
            color_profile=preset.color_profile,
        )
    )


def plan_plain(width: float, height: float, format: Format = "png", quality: int | None = None) -> ExportPlan:
    """Plan an export without a preset: the drawing at scale 1, transparency kept where the format can, JPEG on white."""
    content = (_pixels(width), _pixels(height))
    return _checked(
        ExportPlan(
            preset_id=None,
            format=format,
            width=content[0],
            height=content[1],
            content_width=content[0],
            content_height=content[1],
            left=0,
            top=0,
            scale=1.0,
            background=WHITE if format == "jpeg" else None,
            quality=quality,
            dpi=None,
            color_profile="sRGB",
        )
    )


def _pixels(length: float) -> int:
    """The nearest whole number of pixels, at least one; halves go up."""
    return max(1, int(length + 0.5))


def _checked(plan: ExportPlan) -> ExportPlan:
    limit = SIDE_LIMITS[plan.format]
    if max(plan.width, plan.height) > limit:
        raise ExportTooLargeError(plan.format, plan.width, plan.height, limit)
    return plan
