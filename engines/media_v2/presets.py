"""What is an export preset, what may a request change about it, and within which limits? Data and checks; no pixels.

The built-in presets are in image_core; a scope may define its own, which the ledger keeps with all their versions. A request's
overrides are clamped to the preset's limits, and the clamped value is what the meta of the export says.
"""

from typing import Annotated, Literal, NamedTuple, get_args

import msgspec
from msgspec import Meta

from engines.colours import ColourError, parse_colour
from engines.errors import RequestError

Format = Literal["png", "webp", "jpeg", "avif", "tiff"]
FORMATS: tuple[Format, ...] = get_args(Format)
EXTENSIONS: dict[Format, str] = {"png": "png", "webp": "webp", "jpeg": "jpg", "avif": "avif", "tiff": "tif"}
LOSSY_FORMATS: tuple[Format, ...] = ("webp", "jpeg", "avif")
"""Formats that have a quality. WebP and AVIF are always written lossy."""
DPI_FORMATS: tuple[Format, ...] = ("png", "jpeg", "tiff")
"""Formats with a field for the resolution."""

ColorProfile = Literal["sRGB", "Display P3", "Adobe RGB (1998)"]
COLOR_PROFILES: tuple[ColorProfile, ...] = get_args(ColorProfile)
ExportFit = Literal["contain", "cover", "stretch"]
BitDepth = Literal[8, 16]
SizeRule = Literal["scale_to_width", "box"]

SIDE_PX_MAX = 32_768
SIDE_LIMITS: dict[Format, int] = {"png": 32_768, "jpeg": 32_768, "webp": 16_383, "avif": 32_768, "tiff": 32_768}
"""Pixels a side: libwebp's own limit, else the canvas limit."""

PresetId = Annotated[str, Meta(pattern="^[a-z0-9][a-z0-9_]{0,62}$")]
Side = Annotated[int, Meta(ge=1, le=SIDE_PX_MAX)]
Quality = Annotated[int, Meta(ge=1, le=100)]
Dpi = Annotated[int, Meta(ge=1, le=2400)]
Unit = Annotated[float, Meta(ge=0, le=1)]
ColourText = Annotated[str, Meta(max_length=100)]


class PresetError(RequestError):
    """A preset's definition does not hold together; `field` says where."""

    type = "invalid-preset"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"preset: {field}: {reason}", field=field, reason=reason)


class OverrideError(RequestError):
    """A request's override is no value of its kind. Numbers out of range are no error: they are clamped."""

    type = "invalid-override"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"override {field}: {reason}", field=field, reason=reason)


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What overrides are clamped to: (least, most), both allowed. px, percent of quality, dots per inch."""

    width: tuple[Side, Side] = (1, SIDE_PX_MAX)
    height: tuple[Side, Side] = (1, SIDE_PX_MAX)
    quality: tuple[Quality, Quality] = (1, 100)
    dpi: tuple[Dpi, Dpi] = (1, 2400)


class Preset(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How something drawn becomes a file.

    `scale_to_width`: `width` px wide, height by proportion. `box`: `width` x `height` px exactly; the drawing goes into it by `fit`.
    """

    preset_id: PresetId
    version: Annotated[int, Meta(ge=1)] = 1
    """Counts the definitions of this id in one scope; part of every render_key."""
    format: Format
    """The default format."""
    formats: tuple[Format, ...] = ()
    """All formats that a request may choose; the default one where none are named."""
    size: SizeRule
    width: Side
    height: Side | None = None
    fit: ExportFit = "contain"
    """`contain` shows everything and pads, `cover` fills and crops around the focal point, `stretch` fills and distorts."""
    enlarge: bool = True
    """Whether photographs may be enlarged. Where not, a box shrinks with its sides' ratio until nothing in it is."""
    quality: Quality | None = None
    """For lossy formats, 85 where it is not said; others ignore it."""
    dpi: Dpi | None = None
    color_profile: ColorProfile = "sRGB"
    bit_depth: BitDepth = 8
    """Bits per channel; 16 for PNG only, which the others ignore."""
    background: ColourText | None = None
    """Opaque colour behind everything; None keeps transparency. JPEG without one is laid on white."""
    limits: Limits = Limits()


class Overrides(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one request changes about a preset; None keeps the preset's own."""

    format: Annotated[str, Meta(max_length=32)] | None = None
    width: int | None = None
    height: int | None = None
    """With a height, `scale_to_width` becomes a box."""
    fit: ExportFit | None = None
    focal: tuple[Unit, Unit] | None = None
    """The point that `cover` keeps in view, as parts of width and height; the middle where it is not said."""
    quality: int | None = None
    dpi: int | None = None
    color_profile: ColorProfile | None = None
    bit_depth: BitDepth | None = None
    background: ColourText | None = None
    """A colour, or `transparent`."""


NO_OVERRIDES = Overrides()


class Range(NamedTuple):
    """A closed range of whole numbers."""

    least: int
    most: int

    def clamp(self, value: int) -> int:
        """Return the number of the range nearest to `value`."""
        return min(max(value, self.least), self.most)


def check_preset(definition: object) -> Preset:
    """Return a preset from a mapping (or the Struct), complete and consistent, its colour spelt plainly. Raises `PresetError`."""
    try:
        preset = msgspec.convert(msgspec.to_builtins(definition), Preset)
    except msgspec.ValidationError as error:
        raise PresetError(*_place_of(error)) from error
    if (preset.size == "box") != (preset.height is not None):
        raise PresetError("height", "a box has one, scale_to_width has none")
    for name in ("width", "height", "quality", "dpi"):
        least, most = getattr(preset.limits, name)
        value = getattr(preset, name)
        if least > most:
            raise PresetError(f"limits.{name}", f"{least} is more than {most}")
        if value is not None and not least <= value <= most:
            raise PresetError(name, f"{value} is outside the preset's own limits, {least} to {most}")
    formats = tuple(dict.fromkeys((preset.format, *preset.formats)))
    if preset.bit_depth == 16 and "png" not in formats:
        raise PresetError("bit_depth", "16 bits a channel are for PNG")
    background = None if preset.background is None else _opaque(preset.background, PresetError)
    return msgspec.structs.replace(preset, formats=formats, background=background)


def check_overrides(overrides: object) -> Overrides:
    """Return overrides from a mapping (or the Struct), or None. Raises `OverrideError`."""
    if overrides is None:
        return NO_OVERRIDES
    try:
        return msgspec.convert(msgspec.to_builtins(overrides), Overrides)
    except msgspec.ValidationError as error:
        raise OverrideError(*_place_of(error)) from error


def clamped(preset: Preset, overrides: Overrides) -> Overrides:
    """Return `overrides` with every number within the limits of `preset`, and the colour spelt plainly. Raises `OverrideError`."""
    found: dict[str, object] = {}
    for name in ("width", "height", "quality", "dpi"):
        value = getattr(overrides, name)
        if value is not None:
            found[name] = Range(*getattr(preset.limits, name)).clamp(value)
    if overrides.background is not None:
        found["background"] = _opaque(overrides.background, OverrideError) or "transparent"
    return msgspec.structs.replace(overrides, **found)


def _opaque(text: str, error_type: type[PresetError] | type[OverrideError]) -> str | None:
    """`#rrggbb` of an opaque colour, None for `transparent`."""
    try:
        colour = parse_colour(text)
    except ColourError as error:
        raise error_type("background", str(error)) from error
    if colour.alpha == 0:
        return None
    if colour.alpha < 1:
        raise error_type("background", f"{text!r} is translucent; an opaque colour or transparent is needed")
    return "#{:02x}{:02x}{:02x}".format(*(int(part * 255 + 0.5) for part in colour[:3]))


def _place_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """Split msgspec's message into the field and the reason."""
    reason, _, place = str(error).partition(" - at `$.")
    return (place.rstrip("`") or "definition", reason) if place else ("definition", str(error))
