"""Which geometry does an element of an SVG draw, with all lengths in user units (SVG 2 §10 and §9)."""

from typing import NamedTuple

from engines.vector_core import paths, svg_values
from engines.vector_core.scene import Ellipse, Geometry, Line, Path, Polygon, Polyline, Rect, Text
from engines.vector_core.svg_tree import Element
from engines.vector_core.svg_values import Viewport


def geometry(element: Element, viewport: Viewport) -> Geometry | None:
    """Return what a shape element draws, or None for what SVG does not draw: no size, no data."""
    said = element.attributes
    at = _Lengths(said, viewport)
    match element.tag:
        case "rect":
            return _rect(at)
        case "circle":
            r = at.diagonal("r")
            return Ellipse(cx=at.across("cx"), cy=at.down("cy"), rx=r, ry=r) if r > 0 else None
        case "ellipse":
            rx, ry = _radii(at)
            return Ellipse(cx=at.across("cx"), cy=at.down("cy"), rx=rx, ry=ry) if rx > 0 and ry > 0 else None
        case "line":
            return Line(x1=at.across("x1"), y1=at.down("y1"), x2=at.across("x2"), y2=at.down("y2"))
        case "polyline" | "polygon":
            values = svg_values.numbers(said.get("points", ""))
            points = tuple(zip(values[::2], values[1::2], strict=False))
            if len(points) < 2:
                return None
            return Polyline(points) if element.tag == "polyline" else Polygon(points)
        case _:
            outline = paths.parse_path(said.get("d", ""), tolerant=True)
            if len(outline) < 2:
                return None
            data = paths.format_path(outline)
            return Text(data, said["aria-label"]) if said.get("aria-label") else Path(data)


class _Lengths(NamedTuple):
    """The attributes of an element as lengths, by the direction that their percentages are of."""

    said: dict[str, str]
    viewport: Viewport

    def across(self, name: str, default: float = 0.0) -> float:
        return self._found(name, self.viewport.width, default)

    def down(self, name: str, default: float = 0.0) -> float:
        return self._found(name, self.viewport.height, default)

    def diagonal(self, name: str, default: float = 0.0) -> float:
        return self._found(name, self.viewport.diagonal, default)

    def _found(self, name: str, whole: float, default: float) -> float:
        found = svg_values.length(self.said.get(name), whole, self.viewport.font_size)
        return default if found is None else found


def _rect(at: _Lengths) -> Rect | None:
    width, height = at.across("width"), at.down("height")
    if width <= 0 or height <= 0:
        return None
    rx, ry = _radii(at)
    if min(rx, ry) <= 0:
        rx = ry = 0.0
    x, y = at.across("x"), at.down("y")
    return Rect(x=x, y=y, width=width, height=height, rx=rx, ry=ry)


def _radii(at: _Lengths) -> tuple[float, float]:
    """Return both radii; one that is missing, auto or negative is the other (SVG 2 §7.4)."""
    rx, ry = at.across("rx", -1.0), at.down("ry", -1.0)
    rx, ry = (ry if rx < 0 else rx), (rx if ry < 0 else ry)
    return max(rx, 0.0), max(ry, 0.0)
