"""Which node of a scene is under a point: the topmost that paints there, with its ancestors.

Fills count by their rule, strokes by the area that they cover, clips cut; masks, opacity and blend modes do not matter, nor
do the gaps of patterns. Pictures are hit anywhere in their rectangles. Coordinates are the scene's user units.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

from engines.vector_core import affine, bounds, shapes, winding
from engines.vector_core.affine import IDENTITY, Matrix
from engines.vector_core.scene import Clip, Group, Image, Instance, Node, Scene, Shape
from engines.vector_core.scene_errors import SceneValueError


class Hit(NamedTuple):
    """`node` is the shape or picture; `path` leads to it from the scene: indices of children, through instances into symbols.

    `ids` are those of the shape and its ancestors that have one, innermost first.
    """

    node: Shape | Image
    path: tuple[int, ...]
    ids: tuple[str, ...]


def hit_test(scene: Scene, x: float, y: float) -> Hit | None:
    """Return the topmost shape that paints at (x, y), or None. Raises SceneValueError for a point that is none.

    Looks at shapes from the top down until one is hit; each costs what its outline does.
    """
    return next(iter_hits(scene, x, y), None)


def iter_hits(scene: Scene, x: float, y: float) -> Iterator[Hit]:
    """Yield every shape that paints at (x, y), from the top down."""
    if not (math.isfinite(x) and math.isfinite(y)):
        raise SceneValueError("point", "x, y", (x, y), "finite numbers")
    symbols = {symbol.id: symbol.children for symbol in scene.symbols}
    yield from _below(symbols, scene.children, (x, y), IDENTITY, (), ())


def _below(
    symbols: dict[str, tuple[Node, ...]],
    children: tuple[Node, ...],
    at: tuple[float, float],
    matrix: Matrix,
    path: tuple[int, ...],
    ids: tuple[str, ...],
) -> Iterator[Hit]:
    for index in range(len(children) - 1, -1, -1):
        node = children[index]
        inner = affine.chain(matrix, node.transform)
        back = affine.invert(inner)
        if back is None:
            continue
        point = affine.apply(back, *at)
        here, names = (*path, index), ((node.id, *ids) if node.id else ids)
        if node.clip and not _clip_shows(node.clip, node, symbols, point):
            continue
        match node:
            case Shape():
                if _paints(node, point):
                    yield Hit(node, here, names)
            case Image(x=x, y=y, width=width, height=height):
                if x <= point[0] <= x + width and y <= point[1] <= y + height:
                    yield Hit(node, here, names)
            case Group():
                yield from _below(symbols, node.children, at, inner, here, names)
            case Instance():
                # A symbol inside itself is refused by `scene_check`; taking it out here ends any walk all the same.
                others = {key: value for key, value in symbols.items() if key != node.symbol}
                yield from _below(others, symbols.get(node.symbol, ()), at, inner, here, names)


def _paints(shape: Shape, point: tuple[float, float]) -> bool:
    outline = shapes.outline(shape.geometry)
    if shape.fill is not None and shapes.fillable(shape.geometry) and winding.inside(outline, shape.fill_rule, *point):
        return True
    if shape.stroke is None:
        return False
    stroked = bounds.painted_outlines(shape)[-1]
    return winding.inside(stroked, "nonzero", *point)


def _clip_shows(clip: Clip, node: Node, symbols: dict[str, tuple[Node, ...]], point: tuple[float, float]) -> bool:
    if _uses_box(clip):
        clip = shapes.clip_in_user_space(clip, bounds.own_box(node, symbols)) or clip
    back = affine.invert(clip.transform)
    if back is None or (clip.clip and not _clip_shows(clip.clip, node, symbols, point)):
        return False
    at = affine.apply(back, *point)
    return any(_covers(shape, at) for shape in clip.shapes)


def _uses_box(clip: Clip) -> bool:
    return clip.units == "objectBoundingBox" or (clip.clip is not None and _uses_box(clip.clip))


def _covers(shape: Shape, at: tuple[float, float]) -> bool:
    back = affine.invert(shape.transform)
    if back is None:
        return False
    outline = shapes.outline(shape.geometry)
    point = affine.apply(back, *at)
    return winding.inside(outline, shape.fill_rule, *point) and (
        shape.clip is None or _clip_shows(shape.clip, shape, {}, point)
    )
