"""The composition document, version 1: its model, its limits, and how faults in it are told.

Main path: `parse(bytes)` -> `Composition`, complete and within limits, or `CompositionError` with the JSON path of
the first fault. Nothing is
read, drawn or written here. Layers run bottom to top; a layer's x and y are the top-left corner of its box, in px, inside its group.
docs/guides/composition.md describes the format to people; docs/specs/composition.schema.json is generated from this model.
"""

import re
from collections.abc import Iterator
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from engines.colours import ColourError, parse_colour
from engines.errors import RequestError
from engines.typography_core import breaks, look, markup, on_path, rich_text, setting
from engines.typography_core.bidi import Direction
from engines.typography_core.errors import TypographyError
from engines.typography_core.markup import MARKUP_LENGTH_MAX
from engines.typography_core.superscripts import Position
from engines.typography_core.tabs import TABS_MAX, Tabs

VERSION = 1
DOCUMENT_BYTES_MAX = 8 * 1024 * 1024
"""A thousand layers with long texts and inline drawings fit; a larger document is a mistake or an attack."""
LAYERS_MAX = 1_000
"""All layers together, groups and what is inside them included."""
DEPTH_MAX = 32
"""Groups inside groups; a top layer has depth 1."""
SIDE_PX_MAX = 32_768
PIXELS_MAX = 400_000_000
"""Of the canvas: 1.6 GB of RGBA8."""
COORDINATE_PX_MAX = 1_000_000.0
"""Far outside any canvas; beyond it float32 loses whole pixels."""
STOPS_MAX = 256
FEATHER_PX_MAX = 1_000.0
"""Sigma of a mask's soft edge in composition px; the compositor blurs by as many of its own at most."""

Blend = Literal[
    "normal", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn",
    "hard-light", "soft-light", "difference", "exclusion", "hue", "saturation", "color", "luminosity",
]  # fmt: skip
Fit = Literal["fill", "contain", "cover", "none"]
Coordinate = Annotated[float, Meta(ge=-COORDINATE_PX_MAX, le=COORDINATE_PX_MAX)]
Side = Annotated[float, Meta(gt=0, le=SIDE_PX_MAX)]
Unit = Annotated[float, Meta(ge=0, le=1)]
Source = Annotated[str, Meta(min_length=1, max_length=1024)]
ColourText = Annotated[str, Meta(max_length=100)]
Feature = Annotated[str, Meta(pattern="^[ -~]{4}$")]
Features = Annotated[dict[Feature, Annotated[int, Meta(ge=0, le=65_535)]], Meta(max_length=64)]
Axes = Annotated[dict[Annotated[str, Meta(min_length=1, max_length=100)], float], Meta(max_length=64)]


class CompositionError(RequestError):
    """The document is not a valid composition; `path` says where (`$.layers[2].opacity`)."""

    type = "invalid-composition"

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", path=path, reason=reason)


class LayerMask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a layer or group shows: a drawing or picture as coverage, placed from the layer's own corner; outside it nothing shows."""

    src: Source | None = None
    svg: Annotated[str, Meta(min_length=1)] | None = None
    picture: Source | None = None
    x: Coordinate = 0.0
    y: Coordinate = 0.0
    width: Side | None = None
    height: Side | None = None
    fit: Fit = "fill"
    mode: Literal["alpha", "luminance"] = "alpha"
    invert: bool = False
    feather: Annotated[float, Meta(ge=0, le=FEATHER_PX_MAX)] = 0.0
    density: Unit = 1.0


class _Layer(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"
):
    name: Annotated[str, Meta(max_length=255)] | None = None
    x: Coordinate = 0.0
    y: Coordinate = 0.0
    opacity: Unit = 1.0
    blend: Blend = "normal"
    visible: bool = True
    mask: LayerMask | None = None
    clip: bool = False


class RasterLayer(_Layer, frozen=True, kw_only=True, tag="raster"):
    """A photograph or picture. One of width and height keeps the aspect ratio; neither keeps the picture's own size."""

    src: Source
    width: Side | None = None
    height: Side | None = None
    fit: Fit = "fill"


class VectorLayer(_Layer, frozen=True, kw_only=True, tag="vector"):
    """An SVG drawing, by reference or inline; drawn at the size of the export, never resampled."""

    src: Source | None = None
    svg: Annotated[str, Meta(min_length=1)] | None = None
    width: Side | None = None
    height: Side | None = None
    fit: Fit = "fill"
    engine: Literal["resvg", "cairosvg"] = "resvg"


class TextLayer(_Layer, frozen=True, kw_only=True, tag="text"):
    """Text; lines break where Unicode lets them when there is a width, and at newlines always."""

    text: Annotated[str, Meta(max_length=100_000)] | None = None
    font: Annotated[str, Meta(min_length=1, max_length=255)]
    size: Annotated[float, Meta(gt=0, le=10_000)]
    color: ColourText
    weight: Annotated[float, Meta(ge=1, le=1000)] = 400.0
    italic: bool = False
    width: Side | None = None
    height: Side | None = None
    align: setting.Align = "left"
    line_height: Annotated[float, Meta(gt=0, le=100)] = 1.2
    direction: Direction = "auto"
    language: Annotated[str, Meta(pattern=f"^{breaks.LANGUAGE_PATTERN}$", max_length=100)] = breaks.LANGUAGE
    line_break: breaks.LineBreak = "auto"
    hyphenate: bool = False
    features: Features = {}
    axes: Axes = {}
    tracking: Annotated[float, Meta(ge=setting.TRACKING_MIN, le=setting.TRACKING_MAX)] = 0.0
    max_lines: Annotated[int, Meta(ge=1, le=setting.LINES_MAX)] | None = None
    ellipsis: Annotated[str, Meta(max_length=setting.ELLIPSIS_LENGTH_MAX)] = setting.ELLIPSIS
    fit: setting.Fit = "none"
    wrap: setting.Wrap = "greedy"
    indent: Coordinate = 0.0
    stroke: look.Stroke | None = None
    gradient: look.TextGradient | None = None
    decoration: look.Decorations = ()
    path: on_path.TextPath | None = None
    word_spacing: Annotated[float, Meta(ge=setting.TRACKING_MIN, le=setting.TRACKING_MAX)] = 0.0
    vertical_align: setting.VerticalAlign = "top"
    tabs: Annotated[Tabs, Meta(max_length=TABS_MAX)] = ()
    runs: rich_text.Runs = ()
    markup: Annotated[str, Meta(max_length=MARKUP_LENGTH_MAX)] | None = None


class SolidLayer(_Layer, frozen=True, kw_only=True, tag="solid"):
    """One colour; without a size it covers the canvas from its corner on."""

    color: ColourText
    width: Side | None = None
    height: Side | None = None


class GradientLayer(_Layer, frozen=True, kw_only=True, tag="gradient"):
    """A gradient: linear, radial or angle (conic) as in CSS, reflected or diamond as in Photoshop; an angle of 90 is to the right."""

    kind: Literal["linear", "radial", "angle", "reflected", "diamond"]
    stops: Annotated[tuple[tuple[Unit, ColourText], ...], Meta(min_length=2, max_length=STOPS_MAX)]
    angle: Annotated[float, Meta(ge=-36_000, le=36_000)] = 180.0
    width: Side | None = None
    height: Side | None = None


class GroupLayer(_Layer, frozen=True, kw_only=True, tag="group"):
    """Layers that are composed with each other first (isolated) or with what is below (not isolated), then as one."""

    layers: tuple["Layer", ...]
    isolated: bool = True


Layer = RasterLayer | VectorLayer | TextLayer | SolidLayer | GradientLayer | GroupLayer


class Composition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A canvas and its layers, bottom to top. No background means transparent."""

    version: Literal[1]
    width: Annotated[int, Meta(ge=1, le=SIDE_PX_MAX)]
    height: Annotated[int, Meta(ge=1, le=SIDE_PX_MAX)]
    layers: tuple[Layer, ...]
    background: ColourText | None = None
    name: Annotated[str, Meta(max_length=255)] | None = None


def parse(document: bytes) -> Composition:
    """Read a composition from JSON (UTF-8). Raises `CompositionError` before anything else happens.

    The inverse is `encode`: `parse(encode(c)) == c`.
    """
    if len(document) > DOCUMENT_BYTES_MAX:
        raise CompositionError("$", f"{len(document)} bytes; at most {DOCUMENT_BYTES_MAX}")
    try:
        composition = msgspec.json.decode(document, type=Composition)
    except RecursionError:
        raise CompositionError("$", f"groups nest deeper than {DEPTH_MAX}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _explained(error) from error
    check(composition)
    return composition


def from_builtins(document: object) -> Composition:
    """Read a composition from dicts and lists. Raises `CompositionError`."""
    try:
        return parse(msgspec.json.encode(document))
    except (TypeError, RecursionError, msgspec.EncodeError) as error:
        raise CompositionError("$", f"not made of JSON values: {error}") from error


def encode(composition: Composition) -> bytes:
    """Return the canonical JSON of `composition`: sorted keys, defaults left out, so that equal documents are equal bytes."""
    return msgspec.json.encode(composition, order="sorted")


def walk(layers: tuple[Layer, ...], path: str = "$.layers", depth: int = 1) -> Iterator[tuple[str, int, Layer]]:
    """Yield every layer as (JSON path, depth, layer), groups before what is inside them."""
    for index, layer in enumerate(layers):
        place = f"{path}[{index}]"
        yield place, depth, layer
        if isinstance(layer, GroupLayer) and depth <= DEPTH_MAX:
            yield from walk(layer.layers, f"{place}.layers", depth + 1)


def check(composition: Composition) -> None:
    """Check what types cannot say: pixels, layer count, depth, colours, sources. Raises `CompositionError`."""
    pixels = composition.width * composition.height
    if pixels > PIXELS_MAX:
        raise CompositionError(
            "$", f"{composition.width} x {composition.height} is {pixels} pixels; at most {PIXELS_MAX}"
        )
    if composition.background is not None:
        _check_colour("$.background", composition.background)
    for count, (path, depth, layer) in enumerate(walk(composition.layers), start=1):
        if depth > DEPTH_MAX and isinstance(layer, GroupLayer):
            raise CompositionError(path, f"groups nest deeper than {DEPTH_MAX}")
        if count > LAYERS_MAX:
            raise CompositionError(path, f"more than {LAYERS_MAX} layers")
        _check_layer(path, layer)


def _check_layer(path: str, layer: Layer) -> None:
    if (mask := layer.mask) is not None and sum(one is not None for one in (mask.src, mask.svg, mask.picture)) != 1:
        raise CompositionError(f"{path}.mask", "a mask has one of `src`, `svg` and `picture`")
    match layer:
        case VectorLayer(src=src, svg=svg):
            if (src is None) == (svg is None):
                raise CompositionError(path, "a vector layer has either `src` or `svg`")
        case TextLayer():
            _check_text(path, layer)
        case SolidLayer(color=color):
            _check_colour(f"{path}.color", color)
        case GradientLayer(stops=stops):
            for index, (_, color) in enumerate(stops):
                _check_colour(f"{path}.stops[{index}][1]", color)
        case _:
            pass


def _check_text(path: str, layer: TextLayer) -> None:
    shown = look.Look(color=layer.color, stroke=layer.stroke, gradient=layer.gradient, decoration=layer.decoration)
    for key, colour in look.colours(shown):
        _check_colour(f"{path}.{key}", colour)
    for key in ("text", "ellipsis", "markup"):
        if any("\ud800" <= char <= "\udfff" for char in getattr(layer, key) or ""):
            raise CompositionError(f"{path}.{key}", "unpaired surrogate")
    if breaks.HARD_BREAK.search(layer.ellipsis):
        raise CompositionError(f"{path}.ellipsis", "a line break")
    if (lacking := setting.fit_lacks(layer.fit, layer.width, layer.height, layer.max_lines)) is not None:
        raise CompositionError(f"{path}.fit", f"{layer.fit} needs {lacking}")
    if layer.path is not None:
        try:
            on_path.check(layer.path, layer.width, layer.fit, bool(layer.decoration))
        except TypographyError as error:
            raise CompositionError(f"{path}.path", str(error)) from error
    if layer.vertical_align != "top" and layer.height is None:
        raise CompositionError(f"{path}.vertical_align", f"{layer.vertical_align} needs a height")
    _check_rich_text(path, layer)


def _check_rich_text(path: str, layer: TextLayer) -> None:
    given = [key for key in ("runs", "markup") if getattr(layer, key) not in ((), None)]
    if layer.text:
        given.append("text")
    if not given and layer.text is None:
        raise CompositionError(path, "a text layer has `text`, `runs` or `markup`")
    if len(given) > 1:
        raise CompositionError(f"{path}.{given[0]}", f"a text layer has `{given[0]}` or `{given[1]}`, not both")
    for index, run in enumerate(layer.runs):
        place = f"{path}.runs[{index}]"
        if any("\ud800" <= char <= "\udfff" for char in run.text):
            raise CompositionError(f"{place}.text", "unpaired surrogate")
        for key, colour in rich_text.colours(run):
            _check_colour(f"{place}.{key}", colour)
    if layer.markup:
        try:
            markup.parse(layer.markup, layer.size)
        except RequestError as error:
            raise CompositionError(f"{path}.markup", str(error)) from error


def _check_colour(path: str, text: str) -> None:
    try:
        parse_colour(text)
    except ColourError as error:
        raise CompositionError(path, str(error)) from error


_CHOICES = {
    "blend": get_args(Blend),
    "mode": ("alpha", "luminance"),
    "fit": (*get_args(Fit), *(f"{word} (texts)" for word in get_args(setting.Fit) if word != "none")),
    "align": (*get_args(setting.Align), "decimal (tabs)"),
    "direction": get_args(Direction),
    "line_break": get_args(breaks.LineBreak),
    "wrap": get_args(setting.Wrap),
    "vertical_align": get_args(setting.VerticalAlign),
    "position": (*get_args(Position), *(f"{word} (strokes)" for word in ("outside", "center", "inside"))),
    "engine": ("resvg", "cairosvg"),
}
"""Key -> the words that it takes, for those keys whose words are many."""

_PLACE = re.compile(r"^(?P<reason>.*) - at `(?:key` in `)?(?P<path>\$.*)`$", re.DOTALL)


def _explained(error: Exception) -> CompositionError:
    """Split msgspec's message into path and reason, and name the choices where it only says that a value is not one of them."""
    found = _PLACE.match(str(error))
    path, reason = (found["path"], found["reason"]) if found else ("$", str(error))
    choices = _CHOICES.get(path.rpartition(".")[2])
    if choices is not None and "enum" in reason:
        reason += f"; known: {', '.join(choices)}"
    if path.endswith(".type"):
        reason += "; known: raster, vector, text, solid, gradient, group"
    return CompositionError(path, reason)
