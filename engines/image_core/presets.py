"""Which presets are built in, and what becomes of a drawing's size under a preset? The table, and the plan of an export. Pure.

A preset is a value; its parameters and its version enter the render_key, so a changed preset makes new artifacts and never alters old ones.
"""

from typing import NamedTuple

from engines.colours import parse_colour
from engines.errors import RequestError
from engines.media_v2.exports import ExportPlan, Planned
from engines.media_v2.presets import (
    DPI_FORMATS,
    FORMATS,
    LOSSY_FORMATS,
    NO_OVERRIDES,
    SIDE_LIMITS,
    ColorProfile,
    ExportFit,
    Format,
    Limits,
    Overrides,
    Preset,
    check_preset,
    clamped,
)

QUALITY_DEFAULT = 85
"""Of a lossy format whose preset names none."""
_WHITE = "#ffffff"

PRESETS: dict[str, Preset] = {
    preset.preset_id: check_preset(preset)
    for preset in (
        Preset(
            preset_id="web_small",
            format="webp",
            formats=("webp", "png"),
            size="scale_to_width",
            width=640,
            enlarge=False,
            quality=75,
            limits=Limits(width=(16, 1280), height=(16, 4096), quality=(30, 95), dpi=(36, 600)),
        ),
        Preset(
            preset_id="web_medium",
            format="webp",
            formats=("webp", "png"),
            size="scale_to_width",
            width=1280,
            enlarge=False,
            quality=85,
            limits=Limits(width=(16, 2560), height=(16, 8192), quality=(30, 95), dpi=(36, 600)),
        ),
        Preset(
            preset_id="social_1080p",
            format="png",
            size="box",
            width=1920,
            height=1080,
            limits=Limits(width=(16, 3840), height=(16, 3840), quality=(30, 100), dpi=(36, 600)),
        ),
        Preset(
            preset_id="print_300dpi",
            format="jpeg",
            size="box",
            width=3000,
            height=3000,
            quality=95,
            dpi=300,
            background=_WHITE,
            limits=Limits(width=(64, 12_000), height=(64, 12_000), quality=(60, 100), dpi=(72, 1200)),
        ),
    )
}


class UnknownPresetError(RequestError):
    """No preset has this id; `known` lists those that have one."""

    type = "unknown-preset"

    def __init__(self, preset_id: str, known: tuple[str, ...] = tuple(PRESETS)) -> None:
        super().__init__(f"unknown preset {preset_id!r}; known: {', '.join(known)}", preset_id=preset_id, known=known)


class UnsupportedFormatError(RequestError):
    """The preset does not offer this format."""

    type = "unsupported-format"

    def __init__(self, preset: Preset, wanted: str) -> None:
        offers = f"preset {preset.preset_id} exports {' or '.join(preset.formats)}"
        text = f"{offers}, not {wanted!r}" if wanted in FORMATS else f"unknown format {wanted!r}; {offers}"
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
    """Return the built-in preset with this id. Raises `UnknownPresetError`, which lists them."""
    found = PRESETS.get(preset_id)
    if found is None:
        raise UnknownPresetError(preset_id)
    return found


def plan_export(preset: Preset, width: float, height: float, overrides: Overrides = NO_OVERRIDES) -> Planned:
    """Plan the export of a drawing of `width` x `height` units, with `overrides` clamped to the preset's limits.

    Pure. Raises `UnsupportedFormatError`, `ExportTooLargeError`, `OverrideError`.
    """
    kept = clamped(preset, overrides)
    wanted = kept.format or preset.format
    format = next((known for known in preset.formats if known == wanted), None)
    if format is None:
        raise UnsupportedFormatError(preset, wanted)
    fit = kept.fit or preset.fit
    size = _sized(preset, kept, fit, width, height)
    background = preset.background if kept.background is None else kept.background
    dpi = kept.dpi or preset.dpi
    plan = ExportPlan(
        preset_id=preset.preset_id,
        preset_version=preset.version,
        format=format,
        width=size.width,
        height=size.height,
        content_width=size.content_width,
        content_height=size.content_height,
        left=size.left,
        top=size.top,
        scale=size.scale,
        fit=fit,
        background=_rgb(background, format),
        quality=(kept.quality or preset.quality or QUALITY_DEFAULT) if format in LOSSY_FORMATS else None,
        dpi=dpi if format in DPI_FORMATS else None,
        color_profile=kept.color_profile or preset.color_profile,
        bit_depth=(kept.bit_depth or preset.bit_depth) if format == "png" else 8,
    )
    return Planned(_checked(plan), kept)


class _Sized(NamedTuple):
    """Whole pixels of the file and of the drawing, the drawing's corner in the file, and pixels per unit of the drawing."""

    width: int
    height: int
    content_width: int
    content_height: int
    left: int
    top: int
    scale: float


def _sized(preset: Preset, overrides: Overrides, fit: ExportFit, width: float, height: float) -> _Sized:
    box_width = overrides.width or preset.width
    box_height = overrides.height or preset.height
    if box_height is None:
        scale = box_width / width if preset.enlarge else min(1.0, box_width / width)
        content = (_pixels(width * scale), _pixels(height * scale))
        return _Sized(*content, *content, 0, 0, scale)
    across, down = box_width / width, box_height / height
    if fit != "stretch":
        across = down = min(across, down) if fit == "contain" else max(across, down)
    shrink = 1.0 if preset.enlarge else max(1.0, across, down)
    file = (_pixels(box_width / shrink), _pixels(box_height / shrink))
    content = (_pixels(width * across / shrink), _pixels(height * down / shrink))
    if fit == "stretch":
        content = file
    elif fit == "cover":
        content = (max(content[0], file[0]), max(content[1], file[1]))
    left, top = ((file[0] - content[0]) // 2, (file[1] - content[1]) // 2)
    if fit == "cover":
        focal = overrides.focal or (0.5, 0.5)
        left, top = (_focused(file[i], content[i], focal[i]) for i in (0, 1))
    return _Sized(*file, *content, left, top, min(across, down) / shrink)


def _focused(side: int, content: int, focal: float) -> int:
    """Where the drawing starts so that its focal point comes as near to the middle of the side as the drawing allows."""
    return min(0, max(side - content, _rounded(side / 2 - focal * content)))


def plan_plain(
    width: float,
    height: float,
    format: Format = "png",
    quality: int | None = None,
    *,
    color_profile: ColorProfile = "sRGB",
) -> ExportPlan:
    """Plan an export without a preset: the drawing at scale 1, transparency kept where the format can, JPEG on white."""
    content = (_pixels(width), _pixels(height))
    return _checked(
        ExportPlan(
            preset_id=None,
            preset_version=None,
            format=format,
            width=content[0],
            height=content[1],
            content_width=content[0],
            content_height=content[1],
            left=0,
            top=0,
            scale=1.0,
            fit="contain",
            background=_rgb(None, format),
            quality=(quality or QUALITY_DEFAULT) if format in LOSSY_FORMATS else None,
            dpi=None,
            color_profile=color_profile,
            bit_depth=8,
        )
    )


def _rgb(background: str | None, format: Format) -> tuple[int, int, int] | None:
    """The colour behind the drawing as bytes; JPEG cannot do without one."""
    if background in (None, "transparent"):
        if format != "jpeg":
            return None
        background = _WHITE
    assert background is not None
    red, green, blue, _ = (int(part * 255 + 0.5) for part in parse_colour(background))
    return red, green, blue


def _pixels(length: float) -> int:
    """The nearest whole number of pixels, at least one; halves go up."""
    return max(1, int(length + 0.5))


def _rounded(place: float) -> int:
    """The nearest whole number; halves go up, below zero too."""
    return int((place + 0.5) // 1)


def _checked(plan: ExportPlan) -> ExportPlan:
    limit = SIDE_LIMITS[plan.format]
    if max(plan.width, plan.height, plan.content_width, plan.content_height) > limit:
        raise ExportTooLargeError(plan.format, plan.width, plan.height, limit)
    return plan
