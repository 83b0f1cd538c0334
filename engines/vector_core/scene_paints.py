"""Which paints do the gradients and patterns of an SVG stand for, once their chains of `href` are followed.

Serves `scene_read`, which hands in the document's elements and a way to read what a pattern holds.
"""

from collections.abc import Callable
from typing import NamedTuple, cast, get_args

from engines.colours import ColourError
from engines.vector_core import svg_colours, svg_values
from engines.vector_core.affine import Matrix
from engines.vector_core.lengths import parse_view_box
from engines.vector_core.scene import (
    Group,
    LinearGradient,
    Node,
    Paint,
    Pattern,
    RadialGradient,
    Spread,
    Stop,
    Units,
)
from engines.vector_core.svg_colours import Ink
from engines.vector_core.svg_document import Document
from engines.vector_core.svg_tree import Element
from engines.vector_core.svg_values import Viewport

CHAIN_MAX = 64
"""Gradients that take from one another by href: editors chain two."""

_OWN_OF_CHAIN = frozenset(("id", "href", "class", "style"))


class Served(NamedTuple):
    """A paint, and the opacity that its colour spells (1 for gradients and patterns)."""

    paint: Paint
    opacity: float = 1.0


class PaintServers:
    """The gradients and patterns of one document, each read once. `read_children` gives the nodes inside a pattern."""

    def __init__(self, document: Document, read_children: Callable[[Element], tuple[Node, ...]]) -> None:
        self._document = document
        self._read_children = read_children
        self._made: dict[tuple[str, str], Paint | None] = {}

    def find(self, name: str, viewport: Viewport, colour: str) -> Paint | None:
        """Return the paint of id `name`; None for one that SVG does not draw. `colour` is what currentColor means."""
        key = (name, colour)
        if key not in self._made:
            self._made[key] = None  # While it is read, for a pattern that paints itself with itself.
            self._made[key] = self._make(self._document.elements[name], viewport, colour)
        return self._made[key]

    def has(self, name: str) -> bool:
        """Tell whether `name` is the id of a gradient or pattern."""
        element = self._document.elements.get(name)
        return element is not None and element.tag in ("linearGradient", "radialGradient", "pattern")

    def _make(self, element: Element, viewport: Viewport, colour: str) -> Paint | None:
        chain = self._chain(element)
        if "transform-origin" in self._document.specified(element):
            self._document.unsupported(element, "transform-origin")
        attributes: dict[str, str] = {}
        for link in reversed(chain):
            said = {k: v for k, v in link.attributes.items() if k not in _OWN_OF_CHAIN}
            attributes |= said if link.tag == element.tag or link is element else _shared(said)
        if element.tag == "pattern":
            return self._pattern(element, chain, attributes, viewport)
        holder = next((link for link in chain if any(child.tag == "stop" for child in link.children)), None)
        stops = self._stops(holder, colour) if holder else ()
        return _gradient(element.tag, attributes, stops, viewport) if stops else None

    def _chain(self, element: Element) -> list[Element]:
        chain = [element]
        kinds = ("pattern",) if element.tag == "pattern" else ("linearGradient", "radialGradient")
        while len(chain) < CHAIN_MAX:
            target = self._document.referred(chain[-1])
            if target is None or target in chain or target.tag not in kinds:
                break
            chain.append(target)
        return chain

    def _stops(self, holder: Element, colour: str) -> tuple[Stop, ...]:
        stops: list[Stop] = []
        for child in holder.children:
            if child.tag == "stop":
                said = self._document.specified(child)
                ink = parse_ink(said.get("stop-color", "#000000"), said.get("color", colour))
                opacity = svg_values.fraction(said.get("stop-opacity"), 1.0) * ink.opacity
                offset = svg_values.fraction(child.attributes.get("offset"), 0.0)
                # SVG 2 §14.2.4: an offset below the one before counts as the same.
                stops.append(Stop(max(offset, stops[-1].offset) if stops else offset, ink.colour, opacity))
        return tuple(stops)

    def _pattern(
        self, element: Element, chain: list[Element], attributes: dict[str, str], viewport: Viewport
    ) -> Pattern | None:
        units = _units(attributes.get("patternUnits"), "objectBoundingBox")
        content_units = _units(attributes.get("patternContentUnits"), "userSpaceOnUse")
        sized = {name: measure(attributes.get(name), name, units, viewport, 0.0) for name in _TILE}
        holder = next((link for link in chain if link.children), None)
        if holder is None or sized["width"] <= 0 or sized["height"] <= 0:
            return None
        children = self._read_children(holder)
        if box := parse_view_box(attributes.get("viewBox")):
            if units == "objectBoundingBox":
                self._document.unsupported(element, "a viewBox in a pattern measured in objectBoundingBox")
            align = attributes.get("preserveAspectRatio")
            inner = svg_values.viewport_map(box, sized["width"], sized["height"], align)
            children, content_units = (Group(children=children, transform=inner),), "userSpaceOnUse"
        transform = svg_values.transform(attributes.get("patternTransform"))
        return Pattern(children=children, units=units, content_units=content_units, transform=transform, **sized)


def parse_ink(text: str, current: str) -> Ink:
    """Return a colour with `currentColor` meaning `current`; black for what is no colour, as engines have it."""
    try:
        return svg_colours.parse(current if text.lower() == "currentcolor" else text)
    except ColourError:
        return Ink("#000000", 1.0)


def measure(text: str | None, name: str, units: Units, viewport: Viewport, default: float) -> float:
    """Return an attribute of a paint, clip or mask: a fraction of the box or a length of the viewport, by `units`."""
    across = name in ("x", "x1", "x2", "cx", "fx", "width")
    down = name in ("y", "y1", "y2", "cy", "fy", "height")
    whole = viewport.width if across else viewport.height if down else viewport.diagonal
    if units == "objectBoundingBox":
        whole = 1.0
    value = svg_values.length(text, whole, viewport.font_size)
    return default * whole if value is None else value


_TILE = ("x", "y", "width", "height")


def _shared(said: dict[str, str]) -> dict[str, str]:
    """Return what a linear and a radial gradient can take from each other: not the places of either."""
    return {k: v for k, v in said.items() if k in ("gradientUnits", "gradientTransform", "spreadMethod")}


def _units(text: str | None, default: Units) -> Units:
    return cast("Units", text) if text in get_args(Units) else default


def _gradient(
    tag: str, attributes: dict[str, str], stops: tuple[Stop, ...], viewport: Viewport
) -> LinearGradient | RadialGradient | None:
    units = _units(attributes.get("gradientUnits"), "objectBoundingBox")
    spread = attributes.get("spreadMethod", "pad")
    shared_spread = cast("Spread", spread) if spread in get_args(Spread) else "pad"
    transform: Matrix = svg_values.transform(attributes.get("gradientTransform"))

    def at(name: str, default: float) -> float:
        return measure(attributes.get(name), name, units, viewport, default)

    if tag == "linearGradient":
        return LinearGradient(
            stops=stops,
            x1=at("x1", 0.0),
            y1=at("y1", 0.0),
            x2=at("x2", 1.0),
            y2=at("y2", 0.0),
            units=units,
            spread=shared_spread,
            transform=transform,
        )
    if at("r", 0.5) < 0:
        attributes = {name: value for name, value in attributes.items() if name != "r"}
    return RadialGradient(
        stops=stops,
        cx=at("cx", 0.5),
        cy=at("cy", 0.5),
        r=at("r", 0.5),
        fx=at("fx", 0.0) if "fx" in attributes else None,
        fy=at("fy", 0.0) if "fy" in attributes else None,
        fr=max(0.0, at("fr", 0.0)),
        units=units,
        spread=shared_spread,
        transform=transform,
    )
