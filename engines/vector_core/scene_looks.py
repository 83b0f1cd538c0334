"""How do shapes of an SVG look: fill, stroke, dashes and the order in which they are painted (SVG 2 §13)?

Serves `scene_read`, which hands in the document and its gradients and patterns. Main path: `Looks.shape`.
"""

from typing import cast, get_args

from engines.vector_core import scene_check, shapes, svg_values
from engines.vector_core.curves import Box
from engines.vector_core.scene import Cap, Geometry, Join, Shape, Stroke
from engines.vector_core.scene_paints import PaintServers, Served, parse_ink
from engines.vector_core.svg_document import Context, Document, url_target
from engines.vector_core.svg_tree import Element
from engines.vector_core.svg_values import Viewport


class Looks:
    """The looks that elements of one document have."""

    def __init__(self, document: Document, paints: PaintServers) -> None:
        self._document = document
        self._paints = paints

    def shape(self, element: Element, geometry: Geometry, inner: Context, box: Box | None) -> Shape:
        """Return a geometry as `inner` has it look, not yet placed, cut or faded; `box` is that of which paints are fractions."""
        look = inner.inherited
        fill = self._served(element, look.get("fill", "#000000"), inner, box)
        stroke = self._stroke(element, inner, box)
        order = paint_order(inner)
        if stroke and self._document.specified(element).get("vector-effect", "none") != "none":
            self._document.unsupported(element, "vector-effect")
        return Shape(
            geometry=geometry,
            fill=fill.paint if fill else None,
            fill_opacity=svg_values.fraction(look.get("fill-opacity"), 1.0) * fill.opacity if fill else 1.0,
            fill_rule="evenodd" if look.get("fill-rule") == "evenodd" else "nonzero",
            stroke=stroke,
            stroke_first=bool(fill and stroke) and order.index("stroke") < order.index("fill"),
        )

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
        if text in inner.inherited and text.startswith("context-"):
            return self._served(element, inner.inherited[text], inner, box)
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


def paint_order(inner: Context) -> list[str]:
    """Return fill, stroke and markers in the order in which they are painted (SVG 2 §13.8); a malformed order is the usual one."""
    words = inner.inherited.get("paint-order", "normal").split()
    usual = ["fill", "stroke", "markers"]
    if len(set(words)) < len(words) or not set(words) <= set(usual):
        return usual
    return [*words, *(word for word in usual if word not in words)]
