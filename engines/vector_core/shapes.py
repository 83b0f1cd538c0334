"""Which outline does a geometry of a scene have, and which paints and strokes go with it.

Turns rectangles, ellipses and the rest into path segments (SVG 2 §10), and paints measured in fractions of one shape into
the same paints in user units, so that other shapes can wear them. Pure values.
"""

import functools

import msgspec

from engines.vector_core import affine, curves
from engines.vector_core.affine import Matrix
from engines.vector_core.curves import Box
from engines.vector_core.paths import CLOSE, Outline, Segment, parse_path
from engines.vector_core.scene import (
    Clip,
    Ellipse,
    Geometry,
    Group,
    Line,
    LinearGradient,
    Mask,
    Paint,
    Path,
    Pattern,
    Polygon,
    Polyline,
    RadialGradient,
    Rect,
    Text,
)

PARSED_OUTLINES_KEPT = 256
PARSED_CHARS_MAX = 16_384
"""Outlines of path data kept, and the longest data: a drawing asks several questions of each of its paths. 100 MB at most."""


def outline(geometry: Geometry) -> Outline:
    """Return the outline of a geometry; empty where SVG draws nothing. Raises PathDataError."""
    match geometry:
        case Path(data) | Text(data):
            return _parsed(data) if len(data) <= PARSED_CHARS_MAX else parse_path(data)
        case Rect():
            return _rect(geometry)
        case Ellipse():
            return _ellipse(geometry)
        case Line():
            return (Segment("M", (geometry.x1, geometry.y1)), Segment("L", (geometry.x2, geometry.y2)))
        case Polyline(points):
            return _lines(points)
        case Polygon(points):
            return (*_lines(points), CLOSE) if points else ()


def box(geometry: Geometry) -> Box | None:
    """Return the geometric box (`objectBoundingBox` of SVG 2 §8.10): fill only, without stroke."""
    return curves.bounds(outline(geometry))


def fillable(geometry: Geometry) -> bool:
    """Tell whether a geometry encloses an area at all."""
    return not isinstance(geometry, Line)


def shows_nothing(paint: Paint, box: Box | None) -> bool:
    """Tell whether a paint is measured by a box that has no area, so that it paints nothing (SVG 2 §14.2)."""
    return not isinstance(paint, str) and paint.units == "objectBoundingBox" and (box is None or _is_flat(box))


def in_user_space(paint: Paint, box: Box | None) -> Paint:
    """Return a paint that looks the same on any shape as `paint` does on one with the geometric box `box`.

    Only fractions of the box change, into user units. A box without area shows no such paint (SVG 2 §14.2): it stays.
    """
    if isinstance(paint, str) or box is None or _is_flat(box):
        return paint
    if isinstance(paint, LinearGradient | RadialGradient):
        if paint.units == "userSpaceOnUse":
            return paint
        transform = affine.chain(frame_of(box), paint.transform)
        return msgspec.structs.replace(paint, units="userSpaceOnUse", transform=transform)
    changed = paint
    if paint.units == "objectBoundingBox":
        changed = msgspec.structs.replace(changed, **_region(paint, box), units="userSpaceOnUse")
    if paint.content_units == "objectBoundingBox":
        inner = (Group(children=paint.children, transform=affine.scale(box.width, box.height)),)
        changed = msgspec.structs.replace(changed, children=inner, content_units="userSpaceOnUse")
    return changed


def clip_in_user_space(clip: Clip | None, box: Box | None) -> Clip | None:
    """Return a clip that cuts any node as `clip` cuts one with the geometric box `box`."""
    if clip is None or box is None:
        return clip
    inner = clip_in_user_space(clip.clip, box)
    if clip.units == "userSpaceOnUse":
        return clip if inner == clip.clip else msgspec.structs.replace(clip, clip=inner)
    # A clip's own transform comes after the box, a gradient's before it (SVG 2 §14.2, CSS Masking 1 §6.1).
    transform = affine.chain(clip.transform, frame_of(box))
    return msgspec.structs.replace(clip, units="userSpaceOnUse", transform=transform, clip=inner)


def mask_in_user_space(mask: Mask | None, box: Box | None) -> Mask | None:
    """Return a mask that covers any node as `mask` covers one with the geometric box `box`.

    What is measured by a box without area shows nothing, as resvg has it.
    """
    if mask is None or box is None:
        return mask
    if _is_flat(box) and "objectBoundingBox" in (mask.units, mask.content_units):
        return Mask(children=(), width=1.0, height=1.0, units="userSpaceOnUse")
    changed = msgspec.structs.replace(mask, mask=mask_in_user_space(mask.mask, box))
    if mask.units == "objectBoundingBox":
        changed = msgspec.structs.replace(changed, **_region(mask, box), units="userSpaceOnUse")
    if mask.content_units == "objectBoundingBox":
        inner = (Group(children=mask.children, transform=frame_of(box)),)
        changed = msgspec.structs.replace(changed, children=inner, content_units="userSpaceOnUse")
    return changed


def frame_of(box: Box) -> Matrix:
    """Return the map from fractions of `box` to user units."""
    return Matrix(box.width, 0.0, 0.0, box.height, box.left, box.top)


def _is_flat(box: Box) -> bool:
    return not box.width or not box.height


def _region(sized: Pattern | Mask, box: Box) -> dict[str, float]:
    return {
        "x": box.left + sized.x * box.width,
        "y": box.top + sized.y * box.height,
        "width": sized.width * box.width,
        "height": sized.height * box.height,
    }


def transform_paint(paint: Paint, matrix: Matrix) -> Paint:
    """Return a paint in user units as it looks once its shape is mapped by `matrix`."""
    if isinstance(paint, str):
        return paint
    return msgspec.structs.replace(paint, transform=affine.chain(matrix, paint.transform))


@functools.lru_cache(maxsize=PARSED_OUTLINES_KEPT)
def _parsed(data: str) -> Outline:
    return parse_path(data)


def _lines(points: tuple[tuple[float, float], ...]) -> Outline:
    return tuple(Segment("L" if index else "M", (x, y)) for index, (x, y) in enumerate(points))


def _rect(rect: Rect) -> Outline:
    """Follow SVG 2 §10.2: from the left end of the upper edge, clockwise on a screen."""
    if rect.width <= 0 or rect.height <= 0:
        return ()
    x, y, right, bottom = rect.x, rect.y, rect.x + rect.width, rect.y + rect.height
    rx, ry = min(rect.rx, rect.width / 2), min(rect.ry, rect.height / 2)
    if rx <= 0 or ry <= 0:
        return (*_lines(((x, y), (right, y), (right, bottom), (x, bottom))), CLOSE)

    def corner(to_x: float, to_y: float) -> Segment:
        return Segment("A", (rx, ry, 0.0, 0.0, 1.0, to_x, to_y))

    return (
        Segment("M", (x + rx, y)),
        Segment("L", (right - rx, y)),
        corner(right, y + ry),
        Segment("L", (right, bottom - ry)),
        corner(right - rx, bottom),
        Segment("L", (x + rx, bottom)),
        corner(x, bottom - ry),
        Segment("L", (x, y + ry)),
        corner(x + rx, y),
        CLOSE,
    )


def _ellipse(ellipse: Ellipse) -> Outline:
    """Follow SVG 2 §10.4: from three o'clock, clockwise on a screen, in quarters."""
    cx, cy, rx, ry = ellipse.cx, ellipse.cy, ellipse.rx, ellipse.ry
    if rx <= 0 or ry <= 0:
        return ()
    quarters = ((cx, cy + ry), (cx - rx, cy), (cx, cy - ry), (cx + rx, cy))
    arcs = (Segment("A", (rx, ry, 0.0, 0.0, 1.0, *end)) for end in quarters)
    return (Segment("M", (cx + rx, cy)), *arcs, CLOSE)
