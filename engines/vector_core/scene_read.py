"""Which scene does an SVG stand for? What scenes cannot hold is refused by name, or left out and listed.

The document passes the guard first. Styles are resolved, lengths are turned into user units, `<use>` becomes an instance,
nested viewports become groups with a clip, and what is not drawn (display: none, hidden, unused definitions) is dropped.
Text stays out unless the caller brings a way to outline it. Main path: `read_svg`.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, cast, get_args

import msgspec

from engines.vector_core import affine, scene_check, shapes, svg_geometry, svg_tree, svg_values
from engines.vector_core.affine import IDENTITY, Matrix
from engines.vector_core.curves import Box
from engines.vector_core.lengths import ViewBox, parse_view_box
from engines.vector_core.scene import (
    BlendMode,
    Cap,
    Clip,
    Geometry,
    Group,
    Instance,
    Join,
    Mask,
    Node,
    Rect,
    Scene,
    Shape,
    Stroke,
    Symbol,
    Text,
)
from engines.vector_core.scene_cuts import Cuts, use_offset
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.scene_paints import PaintServers, Served, parse_ink
from engines.vector_core.svg_document import (
    GEOMETRY_TAGS,
    RENDERED_TAGS,
    Context,
    Document,
    LeftOut,
    title_of,
    url_target,
)
from engines.vector_core.svg_tree import Element
from engines.vector_core.svg_values import Viewport

__all__ = ["LeftOut", "OutlineText", "ReadScene", "TextRun", "read_svg"]


class TextRun(NamedTuple):
    """A line of text to outline: baseline at (x, y), sizes in user units, CSS's words for the rest."""

    text: str
    x: float
    y: float
    family: str
    size: float
    weight: str
    style: str
    anchor: str


OutlineText = Callable[[TextRun], str]
"""Turns a line of text into path data in user units; comes from whoever has fonts."""


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


class _Reader:
    """The state of one document: its elements, its styles, the definitions made so far and the ids given away."""

    def __init__(self, root: Element, lenient: bool, outline_text: OutlineText | None) -> None:
        self._outline_text = outline_text
        self._document = Document(root, lenient=lenient)
        self._cuts = Cuts(self._document, self._children)
        self._paints = PaintServers(self._document, self._definition_children)
        self._level = 0
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
            symbols=tuple(self._symbols.values()),
            view_box=view_box,
            title=title_of(self._document.root),
        )

    def _common(self, element: Element, context: Context) -> _Common:
        own = self._document.specified(element)
        if own.get("filter", "none") != "none":
            self._document.unsupported(element, "a filter")
        if own.get("transform-origin") and own.get("transform"):
            self._document.unsupported(element, "transform-origin")
        blend = own.get("mix-blend-mode", "normal")
        return _Common(
            id=self._document.claim(element.attributes.get("id", "")),
            title=title_of(element),
            transform=svg_values.transform(own.get("transform")),
            opacity=svg_values.fraction(own.get("opacity"), 1.0),
            blend=cast("BlendMode", blend) if blend in get_args(BlendMode) else "normal",
            clip=self._cuts.clip(element, own.get("clip-path", "none"), context),
            mask=self._cuts.mask(element, own.get("mask", "none"), context),
        )

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
            if child.tag in RENDERED_TAGS and not child.attributes.get("requiredExtensions"):
                common = self._common(element, context)
                node = self._node(child, self._document.inside(element, context))
                return Group(children=(node,) if node else (), **common._asdict())
        return None

    def _shape(self, element: Element, context: Context) -> Shape | None:
        inner = self._document.inside(element, context)
        geometry = svg_geometry.geometry(element, inner.viewport)
        if geometry is None:
            return None
        if inner.hidden:
            # Nothing to see, but part of the box that clips and masks of its group are measured by (SVG 2 §8.10).
            return Shape(geometry=geometry, fill=None, **self._common(element, context)._asdict())
        return self._looking(element, geometry, context, inner)

    def _looking(self, element: Element, geometry: Geometry, context: Context, inner: Context) -> Shape | None:
        look = inner.inherited
        box = shapes.box(geometry)
        fill = self._served(element, look.get("fill", "#000000"), inner, box)
        stroke = self._stroke(element, inner, box)
        order = look.get("paint-order", "normal")
        if fill and stroke and order.split()[0] not in ("normal", "fill"):
            self._document.unsupported(element, f"paint-order {order}")
        self._check_markers(element, look)
        if stroke and self._document.specified(element).get("vector-effect", "none") != "none":
            self._document.unsupported(element, "vector-effect")
        return Shape(
            geometry=geometry,
            fill=fill.paint if fill else None,
            fill_opacity=svg_values.fraction(look.get("fill-opacity"), 1.0) * fill.opacity if fill else 1.0,
            fill_rule="evenodd" if look.get("fill-rule") == "evenodd" else "nonzero",
            stroke=stroke,
            **self._common(element, context)._asdict(),
        )

    def _check_markers(self, element: Element, look: Mapping[str, str]) -> None:
        targets = (url_target(look.get(name, "none")) for name in ("marker-start", "marker-mid", "marker-end"))
        if any(target in self._document.elements for target in targets):
            self._document.unsupported(element, "markers")

    def _text(self, element: Element, context: Context) -> Shape | None:
        inner = self._document.inside(element, context)
        said, look = element.attributes, inner.inherited
        simple = not element.children and not any(name in said for name in ("dx", "dy", "rotate", "textLength"))
        if self._outline_text is None or not simple:
            self._document.unsupported(element, "text that nobody outlines" if simple else "text in pieces")
            return None
        words = " ".join(element.text.split())
        if not words or inner.hidden:
            return None
        size = inner.viewport.font_size
        run = TextRun(
            text=words,
            x=svg_values.length(said.get("x"), inner.viewport.width, size) or 0.0,
            y=svg_values.length(said.get("y"), inner.viewport.height, size) or 0.0,
            family=look.get("font-family", ""),
            size=size,
            weight=look.get("font-weight", "normal"),
            style=look.get("font-style", "normal"),
            anchor=look.get("text-anchor", "start"),
        )
        return self._looking(element, Text(self._outline_text(run), words), context, inner)

    # Paints

    def _served(self, element: Element, text: str, inner: Context, box: Box | None) -> Served | None:
        """Return what a fill or stroke property paints with; None for nothing. `box` is the shape's."""
        current = inner.inherited.get("color", "#000000")
        target = url_target(text)
        if target:
            paint = self._paints.find(target, inner.viewport, current) if self._paints.has(target) else None
            if paint is not None and not shapes.shows_nothing(paint, box):
                return Served(paint)
            fallback = text.partition(")")[2].strip()
            return self._served(element, fallback, inner, box) if fallback else None
        if text in ("none", ""):
            return None
        if text.startswith("context-"):
            self._document.unsupported(element, text)
            return None
        ink = parse_ink(text, current)
        return Served(ink.colour, ink.opacity)

    def _stroke(self, element: Element, inner: Context, box: Box | None) -> Stroke | None:
        look, viewport = inner.inherited, inner.viewport
        served = self._served(element, look.get("stroke", "none"), inner, box)
        width = svg_values.length(look.get("stroke-width"), viewport.diagonal, viewport.font_size)
        width = 1.0 if width is None else width
        limit = svg_values.numbers(look.get("stroke-miterlimit", "4")) or (4.0,)
        if served is None or width <= 0 or limit[0] < 1:
            return None
        join, cap = look.get("stroke-linejoin", "miter"), look.get("stroke-linecap", "butt")
        if join in ("miter-clip", "arcs"):
            self._document.unsupported(element, f"stroke-linejoin {join}")
        offset = svg_values.length(look.get("stroke-dashoffset"), viewport.diagonal, viewport.font_size)
        dash = self._dash(look.get("stroke-dasharray", "none"), viewport)
        return Stroke(
            paint=served.paint,
            width=width,
            opacity=svg_values.fraction(look.get("stroke-opacity"), 1.0) * served.opacity,
            join=cast("Join", join) if join in get_args(Join) else "miter",
            cap=cast("Cap", cap) if cap in get_args(Cap) else "butt",
            miter_limit=limit[0],
            dash=dash,
            dash_offset=(offset or 0.0) if dash else 0.0,
        )

    def _dash(self, text: str, viewport: Viewport) -> tuple[float, ...]:
        parts = text.replace(",", " ").split()
        if text == "none" or len(parts) > scene_check.DASHES_MAX:
            return ()
        found = [svg_values.length(part, viewport.diagonal, viewport.font_size) for part in parts]
        dash = tuple(length for length in found if length is not None and length >= 0)
        return dash if len(dash) == len(parts) and sum(dash) > 0 else ()

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
            self._symbols[key] = Symbol(id=symbol_id, children=children)
        return self._symbols[key]

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


_PLAIN = _Common("", "", IDENTITY, 1.0, "normal", None, None)
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
    ["image", "foreignObject", "animate", "animateMotion", "animateTransform", "set", "textPath", "tspan", "tref"]
)
