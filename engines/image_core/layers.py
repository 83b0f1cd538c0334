"""A composition's layers become a compositor tree at the size of the export: texts and drawings are drawn anew, only
pictures are resampled.

Main path: `build(composition, sources, canvas_of(composition, plan))`. Geometry first (where does the box
lie on the export's pixels), then pixels.
"""

import math
from typing import Any, NamedTuple

import msgspec

import compositor
from engines.colours import Colour, parse_colour
from engines.errors import RequestError
from engines.image_core import masking
from engines.image_core.composition import (
    Composition,
    GradientLayer,
    GroupLayer,
    Layer,
    LayerMask,
    RasterLayer,
    SolidLayer,
    TextLayer,
    VectorLayer,
)
from engines.image_core.fitting import Rect, box_size, place_in_box
from engines.image_core.sources import SourceSet
from engines.media_v2.exports import ExportPlan, RgbaPixels
from engines.typography_core import painting, typeset
from engines.typography_core.typeset import TextRequest, Typesetter

LAYER_PIXELS_MAX = 100_000_000
"""A drawing, before it is cut to the canvas: 0.4 GB of RGBA8. Pictures are resampled only where they show."""

_MARGIN_PX = 16
"""Kept around the visible part of a picture, so that resampling at its cut edge sees its neighbours."""

Node = compositor.Layer | compositor.Solid | compositor.Gradient | compositor.Group


class LayerTooLargeError(RequestError):
    """A layer would be drawn with more pixels than allowed at this export's size."""

    type = "layer-too-large"

    def __init__(self, name: str, width: float, height: float) -> None:
        super().__init__(
            f"layer {name!r} would be drawn {width:.0f} x {height:.0f} px; at most {LAYER_PIXELS_MAX} pixels",
            layer=name,
            width=width,
            height=height,
            limit=LAYER_PIXELS_MAX,
        )


class Canvas(NamedTuple):
    """The export's pixels, and how composition px map to them: scaled, then moved to the corner of `whole`."""

    width: int
    height: int
    scale_x: float
    scale_y: float
    """As `scale_x` but for less than one pixel over the canvas, unless the export is stretched."""
    whole: Rect
    """Where the whole composition lies, in px of the canvas; it leaves the canvas where the export is cropped."""
    stretched: bool

    @property
    def bounds(self) -> Rect:
        """The whole canvas."""
        return Rect(0.0, 0.0, self.width, self.height)

    @property
    def glyph_scale(self) -> tuple[float, float]:
        """Height of glyphs, and how much wider than that they are drawn: one unless the export is stretched."""
        if self.stretched:
            return self.scale_y, self.scale_x / self.scale_y
        return min(self.scale_x, self.scale_y), 1.0

    def placed(self, box: Rect) -> Rect:
        """Where a box in composition px lies on the canvas."""
        scaled = box.scaled(self.scale_x, self.scale_y)
        return scaled._replace(left=scaled.left + self.whole.left, top=scaled.top + self.whole.top)


def canvas_of(composition: Composition, plan: ExportPlan) -> Canvas:
    """What the export by `plan` shows of `composition`, and at which scale."""
    window = plan.visible
    across, down = plan.content_width / composition.width, plan.content_height / composition.height
    whole = Rect(-window.left, -window.top, plan.content_width, plan.content_height)
    return Canvas(window.width, window.height, across, down, whole, plan.fit == "stretch")


class Tree(NamedTuple):
    """What the compositor is handed, and the characters that no font could draw."""

    nodes: tuple[Node, ...]
    background: Colour | None
    missing: tuple[str, ...]


def build(composition: Composition, sources: SourceSet, canvas: Canvas, typesetter: Typesetter) -> Tree:
    """Return the tree of `composition` drawn on `canvas`. Raises errors of sources, fonts and drawings, and `LayerTooLargeError`."""
    builder = _Builder(canvas, sources, typesetter)
    nodes = builder.nodes(composition.layers, 0.0, 0.0)
    background = parse_colour(composition.background) if composition.background is not None else None
    return Tree(nodes, background, tuple(builder.missing))


class _Builder:
    """Walks the layers once, collecting characters without a glyph on the way."""

    def __init__(self, canvas: Canvas, sources: SourceSet, typesetter: Typesetter) -> None:
        self._canvas = canvas
        self._sources = sources
        self._typesetter = typesetter
        self.missing: dict[str, None] = {}

    def nodes(self, layers: tuple[Layer, ...], x: float, y: float) -> tuple[Node, ...]:
        """Layers of one group whose origin is at (x, y) in composition px; invisible ones cost nothing, not even decoding."""
        made: list[Node] = []
        base: Node | None = None
        has_base = False  # a layer that clips to nothing below it is drawn whole
        for layer in layers:
            if layer.clip and has_base and base is None:
                continue  # what it would show within does not show
            shows = layer.visible and layer.opacity > 0
            node = self._node(layer, x + layer.x, y + layer.y) if shows else None
            if not layer.clip:
                base, has_base = node, True
            if node is not None:
                made.append(self._confined(layer, node, x + layer.x, y + layer.y))
        return tuple(made)

    def _confined(self, layer: Layer, node: Node, x: float, y: float) -> Node:
        """The layer's node with its mask, and clipped to the layer below where it asks for that."""
        if layer.mask is None:
            return msgspec.structs.replace(node, clip=True) if layer.clip else node
        return msgspec.structs.replace(node, mask=self._mask(layer.mask, x, y), clip=layer.clip)

    def _mask(self, mask: LayerMask, x: float, y: float) -> compositor.Mask:
        """A mask whose layer starts at (x, y): drawn like a layer of its own."""
        scale = math.sqrt(self._canvas.scale_x * self._canvas.scale_y)
        reach = masking.reach_px(masking.feather_px(mask, scale))
        size: dict[str, Any] = {"width": mask.width, "height": mask.height, "fit": mask.fit, "name": "mask"}
        x, y = x + mask.x, y + mask.y
        if mask.picture is not None:
            drawn = self._picture(RasterLayer(src=mask.picture, **size), x, y, reach)
        else:
            drawn = self._drawing(VectorLayer(src=mask.src, svg=mask.svg, **size), x, y, reach)
        return masking.as_mask(drawn, mask, scale)

    def _node(self, layer: Layer, x: float, y: float) -> Node | None:
        match layer:
            case RasterLayer():
                return self._picture(layer, x, y)
            case VectorLayer():
                return self._drawing(layer, x, y)
            case TextLayer():
                return self._text(layer, x, y)
            case SolidLayer():
                color = parse_colour(layer.color)
                return compositor.Solid(color, *self._box(layer, x, y), blend=layer.blend, opacity=layer.opacity)
            case GradientLayer():
                return self._gradient(layer, x, y)
            case GroupLayer():
                children = self.nodes(layer.layers, x, y)
                return compositor.Group(children, blend=layer.blend, opacity=layer.opacity, isolated=layer.isolated)

    def _box(
        self, layer: SolidLayer | GradientLayer, x: float, y: float
    ) -> tuple[float, float, float | None, float | None]:
        """A layer's box in export px; where it has no size it reaches to the composition's edge."""
        canvas, whole = self._canvas, self._canvas.whole
        left, top, _, _ = canvas.placed(Rect(x, y, 0, 0))
        width = whole.right - left if layer.width is None else layer.width * canvas.scale_x
        height = whole.bottom - top if layer.height is None else layer.height * canvas.scale_y
        uncropped = whole == canvas.bounds  # then the compositor knows by itself where its canvas ends
        return (
            left,
            top,
            None if layer.width is None and (uncropped or width <= 0) else width,
            None if layer.height is None and (uncropped or height <= 0) else height,
        )

    def _gradient(self, layer: GradientLayer, x: float, y: float) -> Node:
        stops = tuple((offset, parse_colour(color)) for offset, color in layer.stops)
        box = self._box(layer, x, y)
        return compositor.Gradient(layer.kind, stops, layer.angle, *box, blend=layer.blend, opacity=layer.opacity)

    def _picture(self, layer: RasterLayer, x: float, y: float, reach: float = 0.0) -> compositor.Layer | None:
        picture = self._sources.picture(layer.src)
        natural = (float(picture.shape[1]), float(picture.shape[0]))
        where = self._placed(layer, natural, x, y, reach)
        if where is None:
            return None
        return self._layer(layer, _resample(picture, where), where.target.left, where.target.top)

    def _drawing(self, layer: VectorLayer, x: float, y: float, reach: float = 0.0) -> compositor.Layer | None:
        drawing = self._sources.drawing(layer.src, layer.svg)
        where = self._placed(layer, (drawing.facts.width_px, drawing.facts.height_px), x, y, reach)
        if where is None:
            return None
        whole = where.whole
        if whole.width * whole.height > LAYER_PIXELS_MAX:
            raise LayerTooLargeError(layer.name or layer.src or "vector", whole.width, whole.height)
        (left, dx), (top, dy) = split_offset(whole.left), split_offset(whole.top)
        drawn = self._sources.drawn(drawing, whole.width, whole.height, dx, dy, layer.engine)
        return self._layer(layer, *_cut(drawn, left, top, where.target))

    def _text(self, layer: TextLayer, x: float, y: float) -> Node | None:
        canvas = self._canvas
        corner = canvas.placed(Rect(x, y, 0, 0))
        (left, dx), (top, dy) = split_offset(corner.left), split_offset(corner.top)
        scale, stretch = canvas.glyph_scale
        request = text_request(layer)
        text = self._typesetter.set(request)
        self.missing.update(dict.fromkeys(text.missing))
        drawn = painting.paint(
            text, typeset.look_of(request), scale, dx, dy, stretch, draw_svg=self._typesetter.draw_svg
        )
        if drawn.pixels.size == 0:
            return None
        place = (left + drawn.x, top + drawn.y)
        return compositor.Layer(drawn.pixels, *place, blend=layer.blend, opacity=layer.opacity * drawn.opacity)

    def _placed(
        self, layer: RasterLayer | VectorLayer, natural: tuple[float, float], x: float, y: float, reach: float
    ) -> "_Placed | None":
        """Where the whole picture and its visible part lie on the export's pixels, or None when nothing of it shows within
        `reach` px of the canvas."""
        canvas = self._canvas
        box = Rect(x, y, *box_size(natural, layer.width, layer.height))
        whole = canvas.placed(place_in_box(natural, box, layer.fit))
        inside = whole.intersect(canvas.placed(box))
        if inside is None or inside.intersect(_around(canvas, reach)) is None:
            return None
        near = _around(canvas, _MARGIN_PX + reach)
        target = inside.intersect(near)
        assert target is not None
        return _Placed(whole, target)

    def _layer(self, layer: RasterLayer | VectorLayer, pixels: RgbaPixels, left: float, top: float) -> compositor.Layer:
        return compositor.Layer(pixels, left, top, blend=layer.blend, opacity=layer.opacity)


def _around(canvas: Canvas, margin: float) -> Rect:
    return Rect(-margin, -margin, canvas.width + 2 * margin, canvas.height + 2 * margin)


def text_request(layer: TextLayer) -> TextRequest:
    """The text of `layer`, as typography_core is asked for it: the fields of a request are a layer's, by the same names."""
    return TextRequest(**{name: getattr(layer, name) for name in TextRequest.__struct_fields__})


def said(layers: tuple[Layer, ...]) -> str:
    """What the visible texts among `layers` say, bottom to top, each on lines of its own."""
    texts = []
    for layer in layers:
        if layer.visible and layer.opacity > 0:
            match layer:
                case GroupLayer():
                    texts.append(said(layer.layers))
                case TextLayer():
                    texts.append(typeset.plain_text(text_request(layer)))
                case _:
                    pass
    return "\n".join(text for text in texts if text)


class _Placed(NamedTuple):
    whole: Rect
    """Where the whole picture would lie, in export px."""
    target: Rect
    """The part of it that its box and the canvas (with a margin) let through."""


def split_offset(offset: float) -> tuple[int, float]:
    """Whole pixels and the fraction, 0 <= fraction < 1, of an offset; a hair below a whole number is that number.

    >>> split_offset(-1e-17)
    (0, 0.0)
    """
    whole = math.floor(offset)
    fraction = offset - whole
    return (whole + 1, 0.0) if fraction >= 1 else (whole, fraction)


def round_size(length: float) -> int:
    """Whole pixels of a drawn length: the nearest number, at least one."""
    return max(1, int(length + 0.5))


def _resample(picture: RgbaPixels, where: _Placed) -> RgbaPixels:
    """Scale the visible part of `picture` to whole pixels: Lanczos-3, premultiplied, weighted by area when it shrinks."""
    height, width, _ = picture.shape
    whole, target = where
    size = (round_size(target.width), round_size(target.height))
    across, down = width / whole.width, height / whole.height
    box = (
        max(0.0, (target.left - whole.left) * across),
        max(0.0, (target.top - whole.top) * down),
        min(float(width), (target.right - whole.left) * across),
        min(float(height), (target.bottom - whole.top) * down),
    )
    if size == (width, height) and box == (0.0, 0.0, float(width), float(height)):
        return picture
    return compositor.resize(picture, *size, box=box)


def _cut(drawn: RgbaPixels, left: int, top: int, target: Rect) -> tuple[RgbaPixels, float, float]:
    """Cut a drawing that starts at (left, top) to the pixels that `target` touches; its last and first columns are cut to whole pixels."""
    x0, y0 = max(0, math.floor(target.left) - left), max(0, math.floor(target.top) - top)
    x1, y1 = math.ceil(target.right) - left, math.ceil(target.bottom) - top
    return drawn[y0:y1, x0:x1], float(left + x0), float(top + y0)
