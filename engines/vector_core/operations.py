"""Which shapes do shapes make together: union, intersection, difference, exclusion, divide, stroke to path, offset.

Works on what `fill` would cover: geometry, fill rule and transform of each shape; clips, masks and paints of all but the
first play no part. A result lies in the coordinates of the first shape and looks as it does, so that strokes and
gradients stay what they were. The arithmetic is `path_kernel`'s.
"""

import math
from collections.abc import Sequence

import msgspec

from engines.vector_core import affine, curves, filter_markup, path_kernel, shapes, winding
from engines.vector_core.affine import Matrix
from engines.vector_core.curves import Box
from engines.vector_core.path_check import Operation
from engines.vector_core.path_kernel import Pen
from engines.vector_core.paths import COORDINATE_MAX, Outline, format_path
from engines.vector_core.scene import FillRule, Group, Join, Path, Shape, Stroke
from engines.vector_core.scene_errors import PathOperationError, SceneValueError

OPERANDS_MAX = 256
"""Shapes in one boolean: each adds to what the next has to be compared with."""

DIVIDED_MAX = 24
"""Shapes that divide one another: each may cut every face that the others made in two."""

FACES_MAX = 2_000
"""Faces of one division."""

SLIVER_SHARE = 1e-7
"""Of the whole drawing's box: a face smaller than that is an error of rounding, not a shape."""


def union(first: Shape, *others: Shape) -> Shape:
    """Return what any of the shapes covers. Raises SceneValueError, PathDataError and PathOperationError, as all here."""
    return _folded("union", (first, *others))


def intersection(first: Shape, *others: Shape) -> Shape:
    """Return what all of the shapes cover."""
    return _folded("intersection", (first, *others))


def difference(first: Shape, *others: Shape) -> Shape:
    """Return what the first shape covers and none of the others."""
    return _folded("difference", (first, *others))


def exclusion(first: Shape, *others: Shape) -> Shape:
    """Return what an odd number of the shapes cover."""
    outlines = _in_frame_of_first((first, *others))
    result, rule = outlines[0], first.fill_rule
    for outline, other in zip(outlines[1:], others, strict=True):
        # Not Skia's XOR: contours that touch in a point confuse its repair of winding. These two parts are disjoint.
        left = path_kernel.combine("difference", result, rule, outline, other.fill_rule)
        right = path_kernel.combine("difference", outline, other.fill_rule, result, rule)
        result, rule = left + right, "nonzero"
    return _made(first, result if others else path_kernel.simplify(result, rule))


def divide(first: Shape, *others: Shape) -> tuple[Shape, ...]:
    """Return every connected face that the shapes cut out of each other, looking as the topmost (last) shape over it.

    The faces do not overlap and together cover the union. Those of the first shape's own look come first.
    """
    operands = (first, *others)
    if len(operands) > DIVIDED_MAX:
        raise SceneValueError("operands", "divide", len(operands), DIVIDED_MAX)
    outlines = _in_frame_of_first(operands)
    faces: list[tuple[Outline, int]] = []
    for index, (outline, shape) in enumerate(zip(outlines, operands, strict=True)):
        rest = path_kernel.simplify(outline, shape.fill_rule)
        cut: list[tuple[Outline, int]] = []
        for face, owner in faces:
            cut.append((path_kernel.combine("difference", face, "nonzero", rest, "nonzero"), owner))
            cut.append((path_kernel.combine("intersection", face, "nonzero", rest, "nonzero"), index))
        for face, _ in faces:
            rest = path_kernel.combine("difference", rest, "nonzero", face, "nonzero")
        faces = _connected([*cut, (rest, index)], _sliver(outlines))
        if len(faces) > FACES_MAX:
            raise SceneValueError("faces", "divide", len(faces), FACES_MAX)
    frame = first.transform
    return tuple(
        _made(_moved_look(operands[owner], frame), face) for face, owner in sorted(faces, key=lambda item: item[1])
    )


def stroke_to_path(shape: Shape) -> Shape:
    """Return the area that the shape's stroke covers as a filled shape that looks like the stroke, dashes and all.

    Its geometric box differs from the shape's, so gradients measured in fractions of it are turned into user units.
    Raises SceneValueError for a shape without a stroke.
    """
    stroke = shape.stroke
    if stroke is None:
        raise SceneValueError("stroke", "shape.stroke", None, "a stroke")
    outline = shapes.outline(shape.geometry)
    area = stroked_area(outline, shape.fill_rule, stroke, fillable=shapes.fillable(shape.geometry))
    box = curves.bounds(outline)
    return msgspec.structs.replace(
        shape,
        geometry=Path(format_path(area)),
        fill=None if shapes.shows_nothing(stroke.paint, box) else shapes.in_user_space(stroke.paint, box),
        fill_opacity=stroke.opacity,
        fill_rule="nonzero",
        stroke=None,
        stroke_first=False,
        clip=shapes.clip_in_user_space(shape.clip, box),
        mask=shapes.mask_in_user_space(shape.mask, box),
        effect=filter_markup.in_user_space(shape.effect, box),
    )


def expand(shape: Shape) -> Group | Shape:
    """Return the shape without a stroke: fill and stroke as two shapes of a group, or the shape where there is none.

    A stroke that covers nothing (inside a flat shape) is left out of the group.
    """
    if shape.stroke is None:
        return shape
    plain = {"id": "", "title": "", "transform": affine.IDENTITY, "opacity": 1.0, "blend": "normal"}
    bare = msgspec.structs.replace(shape, **plain, clip=None, mask=None, effect=None)
    inked = stroke_to_path(bare)
    box = shapes.box(shape.geometry)
    parts = [msgspec.structs.replace(bare, stroke=None, stroke_first=False)] if shape.fill is not None else []
    if shapes.outline(inked.geometry):
        parts.insert(0 if shape.stroke_first else len(parts), inked)
    return Group(
        children=tuple(parts),
        id=shape.id,
        title=shape.title,
        transform=shape.transform,
        opacity=shape.opacity,
        blend=shape.blend,
        clip=shapes.clip_in_user_space(shape.clip, box),
        mask=shapes.mask_in_user_space(shape.mask, box),
        effect=filter_markup.in_user_space(shape.effect, box),
    )


def offset(shape: Shape, distance: float, join: Join = "miter", miter_limit: float = 4.0) -> Shape:
    """Return the shape grown by `distance` (user units of its own coordinates) on every side, shrunk where negative.

    Shrinking by more than half its thickness leaves nothing.
    """
    if not abs(distance) <= COORDINATE_MAX or not 1 <= miter_limit <= COORDINATE_MAX:
        raise SceneValueError("offset", "offset", (distance, miter_limit), "finite numbers, miter limit 1 or more")
    outline = path_kernel.simplify(shapes.outline(shape.geometry), shape.fill_rule)
    if not distance:
        return _made(shape, outline)
    band = path_kernel.stroke(outline, Pen(2 * abs(distance), join=join, miter_limit=miter_limit))
    operation: Operation = "union" if distance > 0 else "difference"
    return _made(shape, path_kernel.combine(operation, outline, "nonzero", band, "nonzero"))


def simplify(shape: Shape) -> Shape:
    """Return the shape with contours that neither cross nor overlap, filled by the nonzero rule as before by its own."""
    return _made(shape, path_kernel.simplify(shapes.outline(shape.geometry), shape.fill_rule))


def flatten(shape: Shape, tolerance: float = 0.1) -> Shape:
    """Return the shape in straight lines, at most `tolerance` user units (of its own coordinates) off."""
    if not 0 < tolerance <= COORDINATE_MAX:
        raise SceneValueError("tolerance", "flatten", tolerance, "more than 0 user units")
    lines = curves.flatten(shapes.outline(shape.geometry), tolerance)
    return msgspec.structs.replace(shape, geometry=Path(format_path(curves.from_polylines(lines))))


def area(shape: Shape) -> float:
    """Return the filled area in square units of the shape's parent."""
    outline = path_kernel.simplify(shapes.outline(shape.geometry), shape.fill_rule)
    return abs(curves.signed_area(outline) * affine.determinant(shape.transform))


def stroked_area(outline: Outline, rule: FillRule, stroke: Stroke, *, fillable: bool = True) -> Outline:
    """Return the area that a stroke covers along `outline`, for the nonzero rule.

    `inside` and `outside` draw twice the width and keep one half; of what has no inside, both halves of the width.
    """
    aside = stroke.position != "center" and fillable
    pen = Pen(
        stroke.width * (2 if aside else 1), stroke.cap, stroke.join, stroke.miter_limit, stroke.dash, stroke.dash_offset
    )
    band = path_kernel.stroke(outline, pen)
    if not aside:
        return band
    operation: Operation = "intersection" if stroke.position == "inside" else "difference"
    return path_kernel.combine(operation, band, "nonzero", outline, rule)


def _folded(operation: Operation, operands: tuple[Shape, ...]) -> Shape:
    outlines = _in_frame_of_first(operands)
    result, rule = outlines[0], operands[0].fill_rule
    if len(operands) == 1:
        result = path_kernel.simplify(result, rule)
    for outline, other in zip(outlines[1:], operands[1:], strict=True):
        result, rule = path_kernel.combine(operation, result, rule, outline, other.fill_rule), "nonzero"
    return _made(operands[0], result)


def _in_frame_of_first(operands: Sequence[Shape]) -> list[Outline]:
    if len(operands) > OPERANDS_MAX:
        raise SceneValueError("operands", "shapes", len(operands), OPERANDS_MAX)
    back = affine.invert(operands[0].transform)
    if back is None:
        raise SceneValueError("transform", "shapes[0].transform", tuple(operands[0].transform), "an invertible map")
    placed = []
    for index, shape in enumerate(operands):
        outline = shapes.outline(shape.geometry)
        placed.append(curves.transformed(outline, affine.chain(back, shape.transform)) if index else outline)
    return placed


def _made(look: Shape, outline: Outline) -> Shape:
    return msgspec.structs.replace(look, geometry=Path(format_path(outline)), fill_rule="nonzero")


def _moved_look(shape: Shape, frame: Matrix) -> Shape:
    """Return `shape` for a geometry in the coordinates `frame`: its paints stay where they were on the page."""
    back = affine.invert(frame)
    assert back is not None, "checked by whoever mapped the outlines"
    change = affine.chain(back, shape.transform)
    box = shapes.box(shape.geometry)
    fill = None if shape.fill is None else shapes.transform_paint(shapes.in_user_space(shape.fill, box), change)
    stroke = shape.stroke and msgspec.structs.replace(
        shape.stroke,
        paint=shapes.transform_paint(shapes.in_user_space(shape.stroke.paint, box), change),
        width=shape.stroke.width * affine.stretch(change),
    )
    return msgspec.structs.replace(shape, id="", fill=fill, stroke=stroke, transform=frame)


def _sliver(outlines: Sequence[Outline]) -> float:
    box = curves.union_boxes(*(curves.bounds(outline) for outline in outlines)) or Box(0, 0, 0, 0)
    return max(box.width, box.height) ** 2 * SLIVER_SHARE


def _connected(faces: list[tuple[Outline, int]], sliver: float) -> list[tuple[Outline, int]]:
    """Return the faces cut into connected ones, holes with the contour around them, without slivers."""
    found = []
    for face, owner in faces:
        parts = [(part, abs(curves.signed_area(part))) for part in _parts(face)]
        lost = sum(size for _, size in parts) - abs(curves.signed_area(face))
        if abs(lost) > sliver:
            raise PathOperationError("divide", "a hole lies in no face")
        found += [(part, owner) for part, size in parts if size > sliver]
    return found


def _parts(face: Outline) -> list[Outline]:
    contours = [(contour, curves.signed_area(contour)) for contour in curves.subpaths(face)]
    if not contours:
        return []
    # Outer contours all turn one way, holes the other; the largest contour is an outer one.
    way = math.copysign(1.0, max((area for _, area in contours), key=abs))
    outer = sorted(((c, abs(a)) for c, a in contours if a * way > 0), key=lambda item: item[1])
    parts = [contour for contour, _ in outer]
    for hole, hole_area in ((c, a) for c, a in contours if a * way < 0):
        at = winding.inner_point(hole)
        around = next(
            (i for i, (c, a) in enumerate(outer) if a > abs(hole_area) and winding.inside(c, "nonzero", *at)), None
        )
        if around is not None:
            parts[around] = parts[around] + hole
    return parts
