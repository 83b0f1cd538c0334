"""Where do nodes go when they are lined up or spread out: six alignments, and equal gaps or steps.

Nodes are moved by a translation before their own transform; order and everything else stay. Boxes are those of
`bounds`: visual ones, unless asked for geometry. Nodes without a box stay where they are.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from engines.vector_core import affine, bounds
from engines.vector_core.curves import Box, union_boxes
from engines.vector_core.scene import Node, Scene
from engines.vector_core.scene_errors import SceneValueError

Edge = Literal["left", "center", "right", "top", "middle", "bottom"]
Axis = Literal["horizontal", "vertical"]
By = Literal["gaps", "centers"]

ARRANGED_MAX = 10_000
"""Nodes in one call: more are no layout."""

_SHARES: dict[Edge, tuple[int, float]] = {
    "left": (0, 0.0),
    "center": (0, 0.5),
    "right": (0, 1.0),
    "top": (1, 0.0),
    "middle": (1, 0.5),
    "bottom": (1, 1.0),
}
"""Axis (0 across, 1 down), and how far along a box the line lies."""


def align(
    nodes: Sequence[Node], edge: Edge, *, to: Box | None = None, geometric: bool = False, scene: Scene | None = None
) -> tuple[Node, ...]:
    """Return the nodes moved so that `edge` of each lies on that of `to`, by default of the box around them all.

    All nodes share one parent; `to` is in its coordinates. `scene` holds the symbols of instances. Raises SceneValueError.
    """
    if edge not in _SHARES:
        raise SceneValueError("edge", "edge", edge, ", ".join(_SHARES))
    boxes = _boxes(nodes, geometric, scene)
    whole = to or union_boxes(*boxes)
    axis, share = _SHARES[edge]
    moved = []
    for node, box in zip(nodes, boxes, strict=True):
        if box is None or whole is None:
            moved.append(node)
        else:
            moved.append(_moved(node, axis, _along(whole, axis, share) - _along(box, axis, share)))
    return tuple(moved)


def distribute(
    nodes: Sequence[Node],
    axis: Axis,
    *,
    by: By = "gaps",
    gap: float | None = None,
    within: Box | None = None,
    geometric: bool = False,
    scene: Scene | None = None,
) -> tuple[Node, ...]:
    """Return the nodes spread along an axis, in the order in which they lie, with equal gaps or equal steps of centres.

    The outermost stay, or go to the ends of `within`. With `gap` (user units, gaps only) the first stays (or goes to the
    start of `within`) and the others follow at that distance. Raises SceneValueError.
    """
    if axis not in ("horizontal", "vertical"):
        raise SceneValueError("axis", "axis", axis, "horizontal, vertical")
    if by not in ("gaps", "centers") or (gap is not None and by != "gaps"):
        raise SceneValueError("by", "by", by, "gaps, or centers without a gap")
    side = 0 if axis == "horizontal" else 1
    boxes = _boxes(nodes, geometric, scene)
    placed = sorted(
        ((box, index) for index, box in enumerate(boxes) if box is not None),
        key=lambda item: (_along(item[0], side, 0.5), item[1]),
    )
    starts = _starts([box for box, _ in placed], side, by, gap, within)
    moved = list(nodes)
    for (box, index), start in zip(placed, starts, strict=True):
        moved[index] = _moved(nodes[index], side, start - _along(box, side, 0.0))
    return tuple(moved)


def _starts(boxes: list[Box], side: int, by: By, gap: float | None, within: Box | None) -> list[float]:
    """Return where each box of a sorted row begins."""
    if not boxes:
        return []
    sizes = [_along(box, side, 1.0) - _along(box, side, 0.0) for box in boxes]
    first = _along(within or boxes[0], side, 0.0)
    last = _along(within or boxes[-1], side, 1.0)
    steps = max(len(boxes) - 1, 1)
    if by == "centers":
        low, high = first + sizes[0] / 2, last - sizes[-1] / 2
        return [low + (high - low) * index / steps - size / 2 for index, size in enumerate(sizes)]
    between = (last - first - sum(sizes)) / steps if gap is None else gap
    starts = [first]
    for size in sizes[:-1]:
        starts.append(starts[-1] + size + between)
    return starts


def _boxes(nodes: Sequence[Node], geometric: bool, scene: Scene | None) -> list[Box | None]:
    if len(nodes) > ARRANGED_MAX:
        raise SceneValueError("nodes", "nodes", len(nodes), ARRANGED_MAX)
    measure = bounds.geometric_box if geometric else bounds.visual_box
    return [measure(node, scene) for node in nodes]


def _along(box: Box, axis: int, share: float) -> float:
    low, high = (box.left, box.right) if axis == 0 else (box.top, box.bottom)
    return low + (high - low) * share


def _moved(node: Node, axis: int, distance: float) -> Node:
    if not distance:
        return node
    step = affine.translate(distance, 0.0) if axis == 0 else affine.translate(0.0, distance)
    return msgspec.structs.replace(node, transform=affine.chain(step, node.transform))
