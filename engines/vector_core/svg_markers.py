"""Where along an outline does SVG put markers, which way do they point, and how is what they hold mapped there (SVG 2 §13.7)?

Numbers only; what a marker holds is read by `scene_read`. Main path: `vertices`, then `placement` for each.
"""

import math
from typing import Literal, NamedTuple

from engines.vector_core import affine, curves, svg_values
from engines.vector_core.affine import Matrix
from engines.vector_core.curves import Box, Point
from engines.vector_core.lengths import parse_view_box
from engines.vector_core.paths import Outline, Segment
from engines.vector_core.svg_tree import Element
from engines.vector_core.svg_values import Viewport

Role = Literal["marker-start", "marker-mid", "marker-end"]

VERTICES_MAX = 10_000
"""Markers of one shape: a curve of a whole year has 8,760 hours."""

_ORIENT = (("deg", 1.0), ("grad", 0.9), ("rad", 180 / math.pi), ("turn", 360.0), ("", 1.0))


class Vertex(NamedTuple):
    """A point of an outline that may have a marker, and the direction there, degrees clockwise on a screen."""

    role: Role
    x: float
    y: float
    degrees: float


class _Step(NamedTuple):
    """One segment as its ends and the directions in which it leaves and arrives; None for one without a length."""

    end: Point
    leaves: Point | None
    arrives: Point | None
    begins: bool = False
    closes: bool = False


def vertices(outline: Outline) -> tuple[Vertex, ...]:
    """Return the vertices of an outline, the first and the last of all its subpaths by their own roles."""
    steps = _steps(outline)
    found = []
    for index, step in enumerate(steps):
        into, out = _around(steps, index)
        roles: Role = "marker-mid" if 0 < index < len(steps) - 1 else "marker-end" if index else "marker-start"
        found.append(Vertex(roles, *step.end, _between(into, out)))
    if len(found) == 1:
        found.append(found[0]._replace(role="marker-end"))
    return tuple(found)


def placement(marker: Element, vertex: Vertex, stroke_width: float, viewport: Viewport) -> tuple[Matrix, Box] | None:
    """Return the map of a marker's content to the shape's user units at `vertex`, and the part of it that shows.

    `viewport` is that around the marker. None for a marker without a size, or measured by a stroke without a width.
    """
    said = marker.attributes
    width = _or(svg_values.length(said.get("markerWidth"), viewport.width, viewport.font_size), 3.0)
    height = _or(svg_values.length(said.get("markerHeight"), viewport.height, viewport.font_size), 3.0)
    unit = 1.0 if said.get("markerUnits") == "userSpaceOnUse" else stroke_width
    if width <= 0 or height <= 0 or unit <= 0:
        return None
    box = parse_view_box(said.get("viewBox"))
    into = svg_values.viewport_map(box, width, height, said.get("preserveAspectRatio")) if box else affine.IDENTITY
    inner = (box.width, box.height) if box else (viewport.width, viewport.height)
    corner = (box.x, box.y) if box else (0.0, 0.0)
    ref_x = _reference(said.get("refX"), corner[0], inner[0], viewport)
    ref_y = _reference(said.get("refY"), corner[1], inner[1], viewport)
    at_x, at_y = affine.apply(into, ref_x, ref_y)
    matrix = affine.chain(
        affine.translate(vertex.x, vertex.y),
        affine.rotate(_turn(said.get("orient", "0"), vertex)),
        affine.scale(unit),
        affine.translate(-at_x, -at_y),
        into,
    )
    back = affine.invert(into) or affine.IDENTITY
    left, top = affine.apply(back, 0.0, 0.0)
    right, bottom = affine.apply(back, width, height)
    return matrix, Box(left, top, right, bottom)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _reference(text: str | None, corner: float, size: float, viewport: Viewport) -> float:
    words = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}
    if text in words:
        return corner + words[text] * size
    return _or(svg_values.length(text, size, viewport.font_size), 0.0)


def _turn(orient: str, vertex: Vertex) -> float:
    plain = orient.strip()
    if plain in ("auto", "auto-start-reverse"):
        turned = plain != "auto" and vertex.role == "marker-start"
        return vertex.degrees + (180.0 if turned else 0.0)
    for unit, degrees in _ORIENT:
        if plain.endswith(unit):
            found = svg_values.numbers(plain.removesuffix(unit))
            return found[0] * degrees if len(found) == 1 else 0.0
    return 0.0


def _steps(outline: Outline) -> list[_Step]:
    steps: list[_Step] = []
    at = start = (0.0, 0.0)
    for index, segment in enumerate(outline):
        if segment.verb == "M":
            end = (segment.numbers[0], segment.numbers[1])
            # After a closepath the next subpath may begin where this one did, without a vertex of its own (SVG 2 §9.3.4).
            if not (index and outline[index - 1].verb == "Z" and end == start):
                steps.append(_Step(end, None, None, begins=True))
            at = start = end
        elif segment.verb == "Z":
            way = _way(at, start)
            steps.append(_Step(start, way, way, closes=True))
            at = start
        else:
            steps.append(_step(at, segment))
            at = steps[-1].end
        if len(steps) > VERTICES_MAX:
            break
    return steps


def _step(at: Point, segment: Segment) -> _Step:
    pieces = curves.as_curves((Segment("M", at), segment))[1:]
    points = [at] + [(n[i], n[i + 1]) for _, n in pieces for i in range(0, len(n), 2)]
    ways = [_way(at, point) for point in points[1:]]
    leaves = next((way for way in ways if way), None)
    end = (segment.numbers[-2], segment.numbers[-1])
    back = [_way(point, end) for point in reversed(points[:-1])]
    return _Step(end, leaves, next((way for way in back if way), None))


def _way(one: Point, two: Point) -> Point | None:
    x, y = two[0] - one[0], two[1] - one[1]
    size = math.hypot(x, y)
    return (x / size, y / size) if size > 0 else None


def _around(steps: list[_Step], index: int) -> tuple[Point | None, Point | None]:
    """Return the directions into and out of a vertex; a closed subpath goes on where it began."""
    step = steps[index]
    into, out = step.arrives, None
    if step.begins:
        close = next((i for i in range(index + 1, len(steps)) if steps[i].begins or steps[i].closes), None)
        into = steps[close].arrives if close is not None and steps[close].closes else None
    if step.closes:
        first = next((i for i in range(index, -1, -1) if steps[i].begins), 0)
        out = steps[first + 1].leaves if first + 1 < len(steps) else None
    elif index + 1 < len(steps) and not steps[index + 1].begins:
        out = steps[index + 1].leaves
    return into, out


def _between(into: Point | None, out: Point | None) -> float:
    """Return the direction halfway between two, in degrees: the way that a marker looks with `orient="auto"`."""
    ways = [way for way in (into, out) if way is not None]
    if not ways:
        return 0.0
    x, y = sum(way[0] for way in ways), sum(way[1] for way in ways)
    if math.hypot(x, y) < 1e-9:
        x, y = -ways[0][1], ways[0][0]  # There and back: across, as engines have it.
    # Rounded, for the last bits differ between machines' libraries.
    return round(math.degrees(math.atan2(y, x)), 9)
