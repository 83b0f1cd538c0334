"""Where is each node of a scene: boxes of geometry, and of what is painted (SVG 2 §8.10).

The geometric box knows fills only; the visual one adds strokes and takes away what clips cut. Masks, opacity and paints
play no part; of a picture its whole rectangle counts. Boxes are exact, in the coordinates asked for.
"""

from collections.abc import Mapping

import msgspec

from engines.vector_core import affine, curves, operations, shapes, stroke_bounds
from engines.vector_core.affine import IDENTITY, Matrix
from engines.vector_core.curves import Box, union_boxes
from engines.vector_core.paths import Outline
from engines.vector_core.scene import Clip, Group, Image, Instance, Node, Rect, Scene, Shape

Symbols = Mapping[str, tuple[Node, ...]]
"""What instances draw, by the symbol's id."""


def geometric_box(node: Node, scene: Scene | None = None, matrix: Matrix = IDENTITY) -> Box | None:
    """Return the box around the outlines of a node and all in it, in its parent's coordinates mapped by `matrix`.

    None for what has none. `scene` holds the symbols of instances; an unknown one counts as empty.
    """
    return _Boxes(_symbols(scene), visual=False).node(node, matrix)


def visual_box(node: Node, scene: Scene | None = None, matrix: Matrix = IDENTITY) -> Box | None:
    """Return the box around what a node paints: fills and strokes, within its clips. As `geometric_box` otherwise.

    Shapes without fill and stroke paint nothing. Raises what `operations.stroked_area` does.
    """
    return _Boxes(_symbols(scene), visual=True).node(node, matrix)


def scene_box(scene: Scene) -> Box | None:
    """Return the visual box of a whole scene in its user units; None for an empty one."""
    boxes = _Boxes(_symbols(scene), visual=True)
    return union_boxes(*(boxes.node(child, IDENTITY) for child in scene.children))


def painted_outlines(shape: Shape) -> tuple[Outline, ...]:
    """Return the outlines that a shape fills by its own rule and strokes (nonzero), in its own coordinates."""
    outline = shapes.outline(shape.geometry)
    found = []
    if shape.fill is not None and shapes.fillable(shape.geometry):
        found.append(outline)
    if shape.stroke is not None:
        fillable = shapes.fillable(shape.geometry)
        found.append(operations.stroked_area(outline, shape.fill_rule, shape.stroke, fillable=fillable))
    return tuple(found)


def intersect_boxes(one: Box | None, two: Box | None) -> Box | None:
    """Return what both boxes share; None for nothing."""
    if one is None or two is None:
        return None
    box = Box(max(one.left, two.left), max(one.top, two.top), min(one.right, two.right), min(one.bottom, two.bottom))
    return box if box.width >= 0 and box.height >= 0 else None


def own_box(node: Node, symbols: Symbols) -> Box | None:
    """Return the geometric box of a node in its own coordinates: that of `objectBoundingBox`."""
    return _Boxes(symbols, visual=False).node(msgspec.structs.replace(node, transform=IDENTITY), IDENTITY)


def _symbols(scene: Scene | None) -> Symbols:
    return {symbol.id: symbol.children for symbol in scene.symbols} if scene else {}


class _Boxes:
    """One question over a tree: which kind of box, and where the symbols are."""

    def __init__(self, symbols: Symbols, *, visual: bool) -> None:
        self._symbols = symbols
        self._visual = visual
        self._open: set[str] = set()

    def node(self, node: Node, matrix: Matrix) -> Box | None:
        """Return the box of a node in the coordinates that `matrix` maps its parent's to."""
        inner = affine.chain(matrix, node.transform)
        match node:
            case Shape():
                box = self._shape(node, inner)
            case Group():
                box = union_boxes(*(self.node(child, inner) for child in node.children))
            case Instance():
                box = self._instance(node.symbol, inner)
            case Image():
                area = shapes.outline(Rect(x=node.x, y=node.y, width=node.width, height=node.height))
                box = curves.bounds(curves.transformed(area, inner))
        if box is None or not self._visual or node.clip is None:
            return box
        return intersect_boxes(box, self._clip(node.clip, node, inner))

    def _shape(self, shape: Shape, matrix: Matrix) -> Box | None:
        if not self._visual:
            return curves.bounds(curves.transformed(shapes.outline(shape.geometry), matrix))
        outline = shapes.outline(shape.geometry)
        if shape.stroke is not None and (shape.stroke.position == "center" or not shapes.fillable(shape.geometry)):
            # The stroke goes around the fill on all sides; most strokes tell their box without their outline.
            box = stroke_bounds.box(outline, shape.stroke, matrix)
            if box is not None:
                return box
        outlines = (curves.transformed(outline, matrix) for outline in painted_outlines(shape))
        return union_boxes(*(curves.bounds(outline) for outline in outlines))

    def _instance(self, name: str, matrix: Matrix) -> Box | None:
        if name not in self._symbols or name in self._open:
            return None
        self._open.add(name)
        box = union_boxes(*(self.node(child, matrix) for child in self._symbols[name]))
        self._open.discard(name)
        return box

    def _clip(self, clip: Clip, node: Node, matrix: Matrix) -> Box | None:
        """Return the box of what a clip leaves, for a node whose own coordinates `matrix` maps."""
        if clip.units == "objectBoundingBox":
            clip = shapes.clip_in_user_space(clip, own_box(node, self._symbols)) or clip
        placed = affine.chain(matrix, clip.transform)
        found = union_boxes(
            *(
                curves.bounds(curves.transformed(shapes.outline(shape.geometry), affine.chain(placed, shape.transform)))
                for shape in clip.shapes
            )
        )
        return intersect_boxes(found, self._clip(clip.clip, node, matrix)) if clip.clip else found
