"""What is a drawing made of, as values that a program builds, edits, compares and keeps as JSON.

A `Scene` is a tree: shapes, groups, instances of symbols and pictures. Everything that a node uses (gradients, patterns, clips,
masks) is part of the node itself, so that nothing can point into the void; only instances name a symbol. Nothing is
inherited: each shape says all that it looks like. Units are user units (px at scale 1), y points downwards, angles are
degrees clockwise, opacities 0 to 1. `scene_check` holds limits, `scene_write` and `scene_read` are the way to SVG and back.
"""

from typing import Literal

import msgspec

from engines.vector_core.affine import IDENTITY, Matrix
from engines.vector_core.lengths import ViewBox

FillRule = Literal["nonzero", "evenodd"]
Join = Literal["miter", "round", "bevel"]
Cap = Literal["butt", "round", "square"]
Position = Literal["center", "inside", "outside"]
Spread = Literal["pad", "reflect", "repeat"]
Units = Literal["objectBoundingBox", "userSpaceOnUse"]
"""Of what a gradient, pattern, clip or mask is measured: fractions of the shape's geometric box, or user units."""
MaskKind = Literal["luminance", "alpha"]
BlendMode = Literal[
    "normal",
    "multiply",
    "screen",
    "overlay",
    "darken",
    "lighten",
    "color-dodge",
    "color-burn",
    "hard-light",
    "soft-light",
    "difference",
    "exclusion",
    "hue",
    "saturation",
    "color",
    "luminosity",
]
"""`mix-blend-mode` of Compositing and Blending 1 §10."""

Rendering = Literal["auto", "optimizeQuality", "optimizeSpeed", "smooth", "high-quality", "crisp-edges", "pixelated"]
"""How a picture is enlarged: `image-rendering` of SVG 1.1 and CSS Images 3."""

Colour = str
"""Lower-case `#rrggbb`, sRGB; opacity stands beside it. `svg_colours.parse` reads all other spellings."""


class Stop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A colour of a gradient at `offset` (0 to 1)."""

    offset: float
    colour: Colour
    opacity: float = 1.0


class LinearGradient(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="linear", omit_defaults=True
):
    """Colours along the line from (x1, y1) to (x2, y2): SVG 2 §14.2.2. `transform` maps it into `units`."""

    stops: tuple[Stop, ...]
    x1: float = 0.0
    y1: float = 0.0
    x2: float = 1.0
    y2: float = 0.0
    units: Units = "objectBoundingBox"
    spread: Spread = "pad"
    transform: Matrix = IDENTITY


class RadialGradient(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="radial", omit_defaults=True
):
    """Colours from the circle (fx, fy, fr) to the circle (cx, cy, r): SVG 2 §14.2.3. The focus is the centre by default."""

    stops: tuple[Stop, ...]
    cx: float = 0.5
    cy: float = 0.5
    r: float = 0.5
    fx: float | None = None
    fy: float | None = None
    fr: float = 0.0
    units: Units = "objectBoundingBox"
    spread: Spread = "pad"
    transform: Matrix = IDENTITY


class Pattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="pattern", omit_defaults=True):
    """A tile (x, y, width, height in `units`) of `children`, drawn in `content_units`, repeated: SVG 2 §14.3."""

    children: "tuple[Node, ...]"
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    units: Units = "userSpaceOnUse"
    content_units: Units = "userSpaceOnUse"
    transform: Matrix = IDENTITY


Paint = Colour | LinearGradient | RadialGradient | Pattern


class Stroke(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A line of `width` along the outline: SVG 2 §13.5. `dash` alternates drawn and left out; an odd list counts twice.

    `inside` and `outside` keep the whole width on one side of the filled area; for shapes without one (lines) they mean
    the same as `center`.
    """

    paint: Paint
    width: float = 1.0
    opacity: float = 1.0
    join: Join = "miter"
    cap: Cap = "butt"
    miter_limit: float = 4.0
    dash: tuple[float, ...] = ()
    dash_offset: float = 0.0
    position: Position = "center"


class Rect(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="rect", omit_defaults=True):
    """A rectangle with corners of radii rx, ry, at most half its sides."""

    x: float = 0.0
    y: float = 0.0
    width: float
    height: float
    rx: float = 0.0
    ry: float = 0.0


class Ellipse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="ellipse", omit_defaults=True):
    """An ellipse; a circle where both radii are the same."""

    cx: float = 0.0
    cy: float = 0.0
    rx: float
    ry: float


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="line", omit_defaults=True):
    """One straight line; nothing to fill."""

    x1: float = 0.0
    y1: float = 0.0
    x2: float = 0.0
    y2: float = 0.0


class Polyline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="polyline"):
    """Straight lines through `points`, open."""

    points: tuple[tuple[float, float], ...]


class Polygon(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="polygon"):
    """Straight lines through `points` and back to the first."""

    points: tuple[tuple[float, float], ...]


class Path(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="path"):
    """SVG path data, as `paths.parse_path` reads it."""

    data: str


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="text"):
    """A text as the outlines of its glyphs (path data from whoever sets text), and what it says, for those who listen."""

    data: str
    text: str


Geometry = Rect | Ellipse | Line | Polyline | Polygon | Path | Text


class Clip(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Shows only what lies inside any of `shapes`, of which geometry, fill rule, transform and clip count: CSS Masking 1 §6.

    `clip` cuts the clip itself. Without shapes nothing shows.
    """

    shapes: "tuple[Shape, ...]"
    units: Units = "userSpaceOnUse"
    transform: Matrix = IDENTITY
    clip: "Clip | None" = None


class Mask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Shows as much as `children` are bright (or opaque), within the region x, y, width, height: CSS Masking 1 §7."""

    children: "tuple[Node, ...]"
    x: float = -0.1
    y: float = -0.1
    width: float = 1.2
    height: float = 1.2
    units: Units = "objectBoundingBox"
    content_units: Units = "userSpaceOnUse"
    kind: MaskKind = "luminance"
    mask: "Mask | None" = None


class Filter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What SVG's filters do to a node, kept as they are spelled: each step a `<filter>` as `filter_markup` spells it, or a
    function of CSS such as `blur(2px)`. Boxes, hits and palettes take no notice of it."""

    steps: tuple[str, ...]


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="shape", omit_defaults=True):
    """One geometry, filled and stroked; by default black without a stroke, as in SVG. `stroke_first` puts the fill on top.

    `transform` maps the shape with its paints, clip and mask into its parent. Effect, clip, mask, opacity and blend mode
    apply in this order, to fill and stroke together.
    """

    geometry: Geometry
    fill: Paint | None = "#000000"
    fill_opacity: float = 1.0
    fill_rule: FillRule = "nonzero"
    stroke: Stroke | None = None
    stroke_first: bool = False
    id: str = ""
    title: str = ""
    transform: Matrix = IDENTITY
    opacity: float = 1.0
    blend: BlendMode = "normal"
    clip: Clip | None = None
    mask: Mask | None = None
    effect: Filter | None = None


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="group", omit_defaults=True):
    """Nodes drawn in order, then clipped, masked, faded and blended as one. `isolated` keeps blend modes inside."""

    children: "tuple[Node, ...]"
    id: str = ""
    title: str = ""
    transform: Matrix = IDENTITY
    opacity: float = 1.0
    blend: BlendMode = "normal"
    isolated: bool = False
    clip: Clip | None = None
    mask: Mask | None = None
    effect: Filter | None = None


class Instance(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="instance", omit_defaults=True
):
    """What the symbol of id `symbol` holds, drawn here once more."""

    symbol: str
    id: str = ""
    title: str = ""
    transform: Matrix = IDENTITY
    opacity: float = 1.0
    blend: BlendMode = "normal"
    clip: Clip | None = None
    mask: Mask | None = None
    effect: Filter | None = None


class Image(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="image", omit_defaults=True):
    """A picture in the rectangle x, y, width, height, placed in it as `aspect` (SVG's preserveAspectRatio) says.

    `href` is a data: URI of PNG, JPEG, GIF, WebP or SVG in base64, as `embedded.encode` spells it. Palettes leave it alone.
    """

    href: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    aspect: str = "xMidYMid"
    rendering: Rendering = "auto"
    id: str = ""
    title: str = ""
    transform: Matrix = IDENTITY
    opacity: float = 1.0
    blend: BlendMode = "normal"
    clip: Clip | None = None
    mask: Mask | None = None
    effect: Filter | None = None


Node = Shape | Group | Instance | Image


class Symbol(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Nodes under a name, drawn only by instances. It may hold instances of other symbols, never of itself."""

    id: str
    children: tuple[Node, ...]


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A drawing of `width` x `height` px that shows `view_box`, by default (0, 0, width, height), centred and whole."""

    width: float
    height: float
    children: tuple[Node, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    view_box: ViewBox | None = None
    title: str = ""


_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(Scene)


def encode_scene(scene: Scene) -> bytes:
    """Return a scene as JSON; the same scene gives the same bytes. `scene_check.decode_scene` is its inverse.

    Raises msgspec.ValidationError and TypeError for fields of the wrong type.
    """
    # Read once, so that numbers given as integers are spelled as the same numbers given as floats.
    return _ENCODER.encode(_DECODER.decode(_ENCODER.encode(scene)))


def decode_unchecked(data: bytes) -> Scene:
    """Return the scene that JSON spells, its values unchecked. Raises msgspec.ValidationError and DecodeError."""
    return _DECODER.decode(data)
