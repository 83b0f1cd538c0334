"""Which scene does an SVG stand for? What scenes cannot hold is refused by name, or left out and listed.

The document passes the guard first. Styles are resolved, lengths are turned into user units, `<use>` becomes an instance,
nested viewports become groups with a clip, and what is not drawn (display: none, hidden, unused definitions) is dropped.
Text stays out unless the caller brings a way to outline it. Main path: `read_svg`.
"""

from collections.abc import Iterator
from typing import NamedTuple, cast, get_args

import msgspec

from engines.vector_core import (
    affine,
    filter_markup,
    scene_check,
    shapes,
    svg_filters,
    svg_geometry,
    svg_images,
    svg_markers,
    svg_text,
    svg_tree,
    svg_values,
)
from engines.vector_core.affine import IDENTITY, Matrix
from engines.vector_core.curves import Box
from engines.vector_core.lengths import ViewBox, parse_view_box
from engines.vector_core.scene import (
    BlendMode,
    Clip,
    Filter,
    Geometry,
    Group,
    Image,
    Instance,
    Mask,
    Node,
    Polygon,
    Rect,
    Scene,
    Shape,
    Symbol,
    Text,
)
from engines.vector_core.scene_cuts import Cuts, use_offset
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.scene_looks import Looks, paint_order
from engines.vector_core.scene_paints import PaintServers
from engines.vector_core.svg_document import (
    GEOMETRY_TAGS,
    RENDERED_TAGS,
    Context,
    Document,
    LeftOut,
    title_of,
    url_target,
)
from engines.vector_core.svg_text import Outlined, OutlineText, TextRun
from engines.vector_core.svg_tree import Element
from engines.vector_core.svg_values import Viewport

__all__ = ["LeftOut", "OutlineText", "Outlined", "ReadScene", "TextRun", "read_svg"]


class ReadScene(NamedTuple):
    """A scene, and what of the document is not in it (only with `lenient`)."""

    scene: Scene
    left_out: tuple[LeftOut, ...]


def read_svg(svg: bytes, *, lenient: bool = False, outline_text: OutlineText | None = None) -> ReadScene:
    """Return the scene of an SVG document. `scene_write.write_svg` is the way back, to the same pixels.

    Raises SvgRefusedError by the guard, SceneUnsupportedError for the first thing that scenes cannot hold (with
    `lenient` it is left out), SceneValueError for values out of range.
    """
    root, facts = svg_tree.parse(svg)
    reader = _Reader(root, lenient, outline_text)
    scene = reader.scene(facts.width_px, facts.height_px, facts.view_box)
    scene_check.check(scene)
    return ReadScene(scene, reader.left_out)


class _Common(NamedTuple):
    """What all nodes have, as keywords."""

    id: str
    title: str
    transform: Matrix
    opacity: float
    blend: BlendMode
    clip: Clip | None
    mask: Mask | None
    effect: Filter | None


class _Reader:
    """The state of one document: its elements, its styles, the definitions made so far and the ids given away."""

    def __init__(self, root: Element, lenient: bool, outline_text: OutlineText | None) -> None:
        self._outline_text = outline_text
        self._document = Document(root, lenient=lenient)
        self._cuts = Cuts(self._document, self._children)
        self._paints = PaintServers(self._document, self._definition_children)
        self._looks = Looks(self._document, self._paints)
        self._level = 0
        self._open_markers: list[Element] = []
        self._made_symbols: list[Symbol] = []
        self._symbols: dict[tuple[str, tuple[tuple[str, str], ...]], Symbol] = {}

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """Return what was left out so far."""
        return tuple(self._document.left_out)

    def scene(self, width: float, height: float, view_box: ViewBox | None) -> Scene:
        """Return the whole document as a scene."""
        document, root = self._document, self._document.root
        inner = view_box or ViewBox(0.0, 0.0, width, height)
        document.top = Context({}, Viewport(inner.width, inner.height))
        if document.specified(root).get("background-color", "transparent") not in ("transparent", "none"):
            document.unsupported(root, "background-color")
        children = self._children(root, document.inside(root, document.top)) if document.drawn(root) else ()
        if view_box:
            asked = svg_values.viewport_map(view_box, width, height, root.attributes.get("preserveAspectRatio"))
            if asked != svg_values.viewport_map(view_box, width, height, None):
                children, view_box = (Group(children=children, transform=asked),), None
        common = self._common(root, document.top)._replace(id="", title="")
        if common != _PLAIN:
            children = (Group(children=children, **common._asdict()),)
        return Scene(
            width=width,
            height=height,
            children=children,
            symbols=tuple(self._made_symbols),
            view_box=view_box,
            title=title_of(self._document.root),
        )

    def _common(self, element: Element, context: Context) -> _Common:
        own = self._document.specified(element)
        blend = own.get("mix-blend-mode", "normal")
        return _Common(
            id=self._document.claim(element.attributes.get("id", "")),
            title=title_of(element),
            transform=self._document.transform(element),
            opacity=svg_values.fraction(own.get("opacity"), 1.0),
            blend=cast("BlendMode", blend) if blend in get_args(BlendMode) else "normal",
            clip=self._cuts.clip(element, own.get("clip-path", "none"), context),
            mask=self._cuts.mask(element, own.get("mask", "none"), context),
            effect=self._effect(element, own.get("filter", "none"), context),
        )

    def _effect(self, element: Element, text: str, context: Context) -> Filter | None:
        if text == "none":
            return None
        return svg_filters.read_effect(self._document, element, text, self._document.inside(element, context))

    # Elements

    def _children(self, element: Element, context: Context) -> tuple[Node, ...]:
        nodes = (self._node(child, context) for child in element.children)
        return tuple(node for node in nodes if node is not None)

    def _node(self, element: Element, context: Context) -> Node | None:
        """Read one element, counting levels: through references they are more than the document's own."""
        if self._level == scene_check.SCENE_DEPTH_MAX + 1:
            raise SceneValueError(
                "depth", f"<{element.tag}> at {element.place}", self._level, scene_check.SCENE_DEPTH_MAX
            )
        self._level += 1
        node = self._made(element, context)
        self._level -= 1
        return node

    def _made(self, element: Element, context: Context) -> Node | None:
        tag = element.tag
        if tag in _SILENT or not self._document.drawn(element):
            return None
        if tag in GEOMETRY_TAGS:
            return self._shape(element, context)
        if tag in ("g", "a"):
            return self._group(element, context)
        if tag == "use":
            return self._use(element, context)
        if tag == "svg":
            return self._nested(element, context)
        if tag == "switch":
            return self._switch(element, context)
        if tag == "text":
            return self._text(element, context)
        if tag == "image":
            return self._image(element, context)
        if tag in _UNHELD:
            self._document.unsupported(element, f"<{tag}>")
        return None

    def _group(self, element: Element, context: Context) -> Group:
        common = self._common(element, context)
        isolated = self._document.specified(element).get("isolation") == "isolate"
        children = self._children(element, self._document.inside(element, context))
        return Group(children=children, isolated=isolated, **common._asdict())

    def _switch(self, element: Element, context: Context) -> Group | None:
        """Draw the first child that any reader can draw (SVG 2 §5.10); Illustrator's own data comes before it."""
        for child in element.children:
            if child.tag in RENDERED_TAGS and self._document.meets_conditions(child):
                common = self._common(element, context)
                node = self._node(child, self._document.inside(element, context))
                return Group(children=(node,) if node else (), **common._asdict())
        return None

    def _shape(self, element: Element, context: Context) -> Shape | Group | None:
        inner = self._document.inside(element, context)
        geometry = svg_geometry.geometry(element, inner.viewport)
        if geometry is None:
            return None
        if inner.hidden:
            # Nothing to see, but part of the box that clips and masks of its group are measured by (SVG 2 §8.10).
            return Shape(geometry=geometry, fill=None, **self._common(element, context)._asdict())
        box = shapes.box(geometry)
        looking = self._looks.shape(element, geometry, inner, box)
        shape = msgspec.structs.replace(looking, **self._common(element, context)._asdict())
        marks = self._markers(element, geometry, inner)
        return self._marked(shape, marks, paint_order(inner), box) if marks else shape

    def _marked(self, shape: Shape, marks: tuple[Node, ...], order: list[str], box: Box | None) -> Group:
        """Return a shape with its markers, cut, faded and blended as one, by its own box."""
        plain = msgspec.structs.replace(shape, **_PLAIN._asdict())
        parts: dict[str, tuple[Node, ...]] = {"fill": (), "stroke": (), "markers": marks}
        if order.index("markers") == 1 and shape.fill is not None and shape.stroke is not None:
            parts["fill"] = (msgspec.structs.replace(plain, stroke=None, stroke_first=False),)
            parts["stroke"] = (msgspec.structs.replace(plain, fill=None, stroke_first=False),)
        else:
            parts["fill"] = (plain,)
        return Group(
            children=tuple(node for part in order for node in parts[part]),
            id=shape.id,
            title=shape.title,
            transform=shape.transform,
            opacity=shape.opacity,
            blend=shape.blend,
            clip=shapes.clip_in_user_space(shape.clip, box),
            mask=shapes.mask_in_user_space(shape.mask, box),
            effect=filter_markup.in_user_space(shape.effect, box),
        )

    def _markers(self, element: Element, geometry: Geometry, inner: Context) -> tuple[Node, ...]:
        """Return what the markers of a shape draw, each where it belongs."""
        look = inner.inherited
        names = {role: url_target(look.get(role, "none")) for role in get_args(svg_markers.Role)}
        markers = {role: self._document.elements.get(name) for role, name in names.items()}
        if not any(marker is not None and marker.tag == "marker" for marker in markers.values()):
            return ()
        found = svg_markers.vertices(shapes.outline(geometry))
        if len(found) > svg_markers.VERTICES_MAX:
            self._document.unsupported(element, f"more than {svg_markers.VERTICES_MAX} markers")
        width = svg_values.length(look.get("stroke-width", "1"), inner.viewport.diagonal, inner.viewport.font_size)
        nodes = []
        for vertex in found:
            marker = markers[vertex.role]
            if marker is not None and marker.tag == "marker" and marker not in self._open_markers:
                around = self._document.around(marker)
                placed = svg_markers.placement(marker, vertex, 1.0 if width is None else width, around.viewport)
                if placed is not None and (node := self._mark(marker, placed, around, inner)) is not None:
                    nodes.append(node)
        return tuple(nodes)

    def _mark(
        self, marker: Element, placed: tuple[Matrix, Box], around: Context, shown: Context
    ) -> Group | Instance | None:
        """Return what a marker draws at one place: an instance of a symbol, as all of its kind are the same."""
        inner = self._document.inside(marker, around)
        matrix, part = placed
        inner = inner._replace(inherited={**inner.inherited, **_context_paints(shown)})
        key = (marker.attributes["id"], tuple(sorted(inner.inherited.items())))
        if key not in self._symbols:
            self._open_markers.append(marker)
            children = self._children(marker, inner)
            self._open_markers.pop()
            if self._document.specified(marker).get("overflow", "hidden") not in ("visible", "auto"):
                shape = Shape(geometry=Rect(x=part.left, y=part.top, width=part.width, height=part.height))
                children = (Group(children=children, clip=Clip(shapes=(shape,))),) if children else ()
            self._keep(key, Symbol(id=self._document.free_id("marker"), children=children))
        symbol = self._symbols[key]
        return Instance(symbol=symbol.id, transform=matrix) if symbol.children else None

    def _text(self, element: Element, context: Context) -> Node | None:
        if self._outline_text is None:
            self._document.unsupported(element, "text that nobody outlines")
            return None
        pieces = svg_text.set_text(self._document, element, context, self._outline_text)
        box = svg_text.box_of(pieces)
        common = self._common(element, context)
        # The scene's shapes have boxes of their own, smaller ones: what is a fraction of the text's box is told in user units.
        common = common._replace(
            clip=shapes.clip_in_user_space(common.clip, box),
            mask=shapes.mask_in_user_space(common.mask, box),
            effect=filter_markup.in_user_space(common.effect, box),
        )
        found = [shape for piece in pieces for shape in self._piece(element, piece, box)]
        if len(found) == 1:
            return msgspec.structs.replace(found[0], **common._asdict())
        return Group(children=tuple(found), **common._asdict()) if found else None

    def _piece(self, element: Element, piece: svg_text.Piece, box: Box | None) -> Iterator[Shape]:
        """Yield the shapes of a piece of text: lines under and over it, its letters, lines through it."""

        def shape(geometry: Geometry, inner: Context) -> Shape:
            made = self._looks.shape(element, geometry, inner, box)
            stroke = made.stroke and msgspec.structs.replace(
                made.stroke, paint=shapes.in_user_space(made.stroke.paint, box)
            )
            fill = made.fill if made.fill is None else shapes.in_user_space(made.fill, box)
            return msgspec.structs.replace(made, fill=fill, stroke=stroke)

        for word, by, corners in piece.lines:
            if word != "line-through" and not piece.context.hidden:
                yield shape(Polygon(corners), by)
        if piece.data and not piece.context.hidden:
            yield shape(Text(piece.data, piece.text.strip() or piece.text), piece.context)
        for word, by, corners in piece.lines:
            if word == "line-through" and not piece.context.hidden:
                yield shape(Polygon(corners), by)

    def _image(self, element: Element, context: Context) -> Image | None:
        inner = self._document.inside(element, context)
        found = svg_images.picture(element, inner)
        if found is None or inner.hidden:
            return None
        return Image(**found._asdict(), **self._common(element, context)._asdict())

    # Paints

    def _definition_children(self, holder: Element) -> tuple[Node, ...]:
        return self._children(holder, self._document.inside(holder, self._document.around(holder)))

    # Instances and viewports

    def _use(self, element: Element, context: Context) -> Node | None:
        target = self._document.referred(element)
        if target is None or target.tag not in RENDERED_TAGS | {"symbol"}:
            return None
        inner = self._document.inside(element, context)
        common = self._common(element, context)
        common = common._replace(transform=affine.chain(common.transform, use_offset(element, context)))
        if target.tag in ("symbol", "svg"):
            size = {key: value for key, value in element.attributes.items() if key in ("width", "height")}
            around = Group(
                children=(self._viewport_group(target, inner, size),), **self._common(target, inner)._asdict()
            )
            if target.tag == "svg":
                moved = affine.chain(around.transform, use_offset(target, inner))
                around = msgspec.structs.replace(around, transform=moved)
            return Group(children=(around,), **common._asdict())
        inner = inner._replace(inherited={**inner.inherited, **_context_paints(inner)})
        symbol = self._symbol(target.attributes["id"], target, inner)
        return Instance(symbol=symbol.id, **common._asdict()) if symbol else None

    def _symbol(self, name: str, target: Element, inner: Context) -> Symbol | None:
        key = (name, tuple(sorted(inner.inherited.items())))
        if key not in self._symbols:
            # Only what is not drawn by itself may give its id to the symbol.
            hidden = self._document.hidden_from_view(target)
            symbol_id = (self._document.claim(name) if hidden else "") or self._document.free_id("symbol")
            plain = target.tag == "g" and hidden and not set(target.attributes) - {"id"} and not title_of(target)
            node = None if plain else self._node(target, inner)
            children = self._children(target, inner) if plain else (node,) if node else ()
            self._keep(key, Symbol(id=symbol_id, children=children))
        return self._symbols[key]

    def _keep(self, key: tuple[str, tuple[tuple[str, str], ...]], symbol: Symbol) -> None:
        """Keep a symbol: also beside another of the same key, which was made inside a marker that stands within itself."""
        self._symbols[key] = symbol
        self._made_symbols.append(symbol)

    def _nested(self, element: Element, context: Context) -> Node:
        moved = use_offset(element, context)
        group = self._viewport_group(element, context, {})
        common = self._common(element, context)
        return Group(children=(group,), **common._replace(transform=affine.chain(common.transform, moved))._asdict())

    def _viewport_group(self, element: Element, context: Context, size: dict[str, str]) -> Group:
        """Return what a nested svg or a symbol draws into its viewport, whose corner is the origin."""
        said = element.attributes | size
        inner, viewport = self._document.inside(element, context), context.viewport
        width = svg_values.length(said.get("width", "100%"), viewport.width, viewport.font_size)
        height = svg_values.length(said.get("height", "100%"), viewport.height, viewport.font_size)
        width, height = width or 0.0, height or 0.0
        if width <= 0 or height <= 0:
            return Group(children=())
        box = parse_view_box(said.get("viewBox"))
        into = svg_values.viewport_map(box, width, height, said.get("preserveAspectRatio")) if box else IDENTITY
        size_inside = (box.width, box.height) if box else (width, height)
        inner = inner._replace(viewport=Viewport(*size_inside, inner.viewport.font_size))
        clip = None
        if self._document.specified(element).get("overflow", "hidden") not in ("visible", "auto"):
            back = affine.invert(into)
            corners = [affine.apply(back or IDENTITY, *corner) for corner in ((0.0, 0.0), (width, height))]
            (x, y), (right, bottom) = corners
            clip = Clip(shapes=(Shape(geometry=Rect(x=x, y=y, width=right - x, height=bottom - y)),))
        return Group(children=self._children(element, inner), transform=into, clip=clip)


def _context_paints(shown: Context) -> dict[str, str]:
    """Return what `context-fill` and `context-stroke` mean below a shape or an instance that looks so: colours only."""
    found = {}
    for name, default in (("fill", "#000000"), ("stroke", "none")):
        paint = shown.inherited.get(name, default)
        if not url_target(paint) and not paint.startswith("context-"):
            found[f"context-{name}"] = shown.inherited.get("color", "#000000") if paint == "currentColor" else paint
    return found


_PLAIN = _Common("", "", IDENTITY, 1.0, "normal", None, None, None)
_SILENT = frozenset(
    [
        "defs",
        "clipPath",
        "mask",
        "pattern",
        "linearGradient",
        "radialGradient",
        "symbol",
        "marker",
        "filter",
        "style",
        "title",
        "desc",
        "metadata",
        "view",
    ]
)
"""Elements that draw nothing where they stand."""
_UNHELD = frozenset(
    ["foreignObject", "animate", "animateMotion", "animateTransform", "set", "textPath", "tspan", "tref"]
)
