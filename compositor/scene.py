"""What of a tree can show on this canvas: layers as things to paint, with every question that needs no pixel answered.

Invisible, transparent and far-off layers are gone, colours and gradients are made ready, and groups whose isolation
cannot change the result are dissolved into their layers. Pure: it looks at pixels only to learn whether all of them
are opaque. What a layer paints is `sources`' to say.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias, Union

import msgspec
import numpy as np
import numpy.typing as npt

from compositor import sources
from compositor.finish import Finish, Look, hidden, look
from compositor.rect import NOWHERE, Rect
from compositor.sources import Picture, Source
from compositor.tree import Color, Group, Node, rgba


class Canvas(NamedTuple):
    """What is painted on: its pixels, and whether colours are blended in linear light."""

    area: Rect
    linear: bool


class Leaf(NamedTuple):
    """A source to blend. `bounds` is where it can show; in `cover` it hides what is below it if `sources.hides` says so.

    A `finish` of None, here and below, leaves only mode and opacity to attend to.
    """

    source: Source
    mode: str
    opacity: np.float32
    bounds: Rect
    cover: Rect
    finish: Finish | None = None


class Branch(NamedTuple):
    """A group that must be composited on its own."""

    children: tuple["Item", ...]
    mode: str
    opacity: np.float32
    isolated: bool
    bounds: Rect
    finish: Finish | None = None


class Clip(NamedTuple):
    """A base and what is clipped to its alpha. Mode, opacity and finish are the base's; `base` itself has none.

    A base that is a group and not isolated blends its layers with what lies below, which is taken out again.

    When `grouped` they are those of base and members together, otherwise of the base alone.
    """

    base: "Item"
    members: tuple["Item", ...]
    mode: str
    opacity: np.float32
    grouped: bool
    bounds: Rect
    finish: Finish | None = None


Item: TypeAlias = Union[Leaf, Branch, Clip]  # noqa: UP007 - a forward reference cannot be joined with `|`


class Scene(NamedTuple):
    """A canvas from (0, 0), the premultiplied colour under everything, and the items on it from the bottom up."""

    canvas: Rect
    background: npt.NDArray[np.float32]
    items: tuple[Item, ...]
    linear: bool
    """Whether the background is, and all sources become, linear light."""


def build(layers: Sequence[Node], width: int, height: int, background: Color | None, *, linear: bool = False) -> Scene:
    """Return the scene of checked `layers`, to be blended in linear light or as they are encoded.

    Raises `ColorError` for the background, `MatrixError`. Copies no pixels that are C-contiguous.
    """
    canvas = Canvas(Rect(0, 0, width, height), linear)
    below = (0.0, 0.0, 0.0, 0.0) if background is None else rgba("background", background)
    return Scene(canvas.area, sources.premultiplied(below, linear=linear), tuple(_items(layers, canvas)), linear)


def reach(nodes: Sequence[Node]) -> tuple[int, int]:
    """Return the largest x and y, rounded up, that a layer of known size comes to; 0 where there is none."""
    right = bottom = 0
    for node in nodes:
        x, y = reach(node.layers) if isinstance(node, Group) else sources.corner(node)
        right, bottom = max(right, x), max(bottom, y)
    return right, bottom


def _items(nodes: Sequence[Node], canvas: Canvas) -> list[Item]:
    found: list[Item] = []
    for base, clipped in _runs(nodes):
        found += _clip(base, clipped, canvas) if clipped else _item(base, canvas)
    return found


def _runs(nodes: Sequence[Node]) -> list[tuple[Node, list[Node]]]:
    """Pair each layer that is not clipped with those above it that are; the lowest layer never is."""
    runs: list[tuple[Node, list[Node]]] = []
    for node in nodes:
        if node.clip and runs:
            runs[-1][1].append(node)
        else:
            runs.append((node, []))
    return runs


def _item(node: Node, canvas: Canvas) -> Sequence[Item]:
    if hidden(node):
        return ()
    if isinstance(node, Group):
        return _group(node, canvas)
    leaf = _leaf(node, canvas)
    return () if leaf is None else (leaf,)


def _group(group: Group, canvas: Canvas) -> Sequence[Item]:
    """Return a group as items: itself or, where that cannot change the result, its layers.

    Layers of blend mode normal give the same result isolated or not. So a group of those is dissolved when it is
    whole and normal, and otherwise isolated, the cheaper of the two. A whole normal group that is not isolated
    dissolves unless something in it looks for the group's start.
    """
    children = tuple(_items(group.layers, canvas))
    seen = look(group, _around(children))
    if not children or seen is None:
        return ()
    uncut = seen.bounds == _around(children)
    whole = uncut and seen.mode == "normal" and seen.opacity == 1 and seen.finish is None
    plain = all(_is_plain(child) for child in children)
    started = any(child.finish is not None and child.finish.knockout == "shallow" for child in children)
    if whole and (plain or (not group.isolated and not started)):
        return children
    return (_branch(group, children, seen, plain),)


def _branch(group: Group, children: tuple[Item, ...], seen: Look, plain: bool) -> Branch:
    """A group that knocks out is isolated: it cannot both fall on what lies below it and do away with that."""
    isolated = group.isolated or plain or group.knockout != "none"
    return Branch(children, seen.mode, seen.opacity, isolated, seen.bounds, seen.finish)


def _around(items: Sequence[Item]) -> Rect:
    bounds = NOWHERE
    for item in items:
        bounds = bounds.join(item.bounds)
    return bounds


def _is_plain(item: Item) -> bool:
    """Whether it comes out the same on any backdrop."""
    finish = item.finish
    if item.mode != "normal" or (finish and (finish.knockout != "none" or finish.held or finish.tones)):
        return False
    if isinstance(item, Branch):
        return item.isolated
    return isinstance(item, Leaf) or item.grouped


def _clip(node: Node, clipped: Sequence[Node], canvas: Canvas) -> Sequence[Item]:
    """Return a layer and those clipped to it as one item, or the layer alone where none of them shows."""
    grouped = node.advanced is None or node.advanced.clipped_as_group
    members = _items([_unclipped(member) for member in clipped], canvas) if grouped else _apart(clipped, canvas)
    if not members:
        return _item(node, canvas)
    base = _bare(node, canvas)
    seen = None if base is None or (grouped and hidden(node)) else look(node, base.bounds, apart=not grouped)
    if base is None or seen is None:
        return ()
    return (Clip(base, tuple(members), seen.mode, seen.opacity, grouped, seen.bounds, seen.finish),)


def _unclipped(node: Node) -> Node:
    return msgspec.structs.replace(node, clip=False)


def _apart(clipped: Sequence[Node], canvas: Canvas) -> list[Item]:
    """Return clipped layers that are blended each by itself: one item each, for each is confined by itself."""
    found: list[Item] = []
    for node in clipped:
        if not isinstance(node, Group):
            leaf = _leaf(node, canvas)
            found += [] if leaf is None else [leaf]
            continue
        children = tuple(_items(node.layers, canvas))
        seen = look(node, _around(children))
        if children and seen is not None:
            found.append(_branch(node, children, seen, plain=True))
    return found


def _bare(node: Node, canvas: Canvas) -> Item | None:
    """Return what a layer or group is made of, as an item whose mode, opacity and finish do nothing."""
    if not isinstance(node, Group):
        source = sources.source(node, canvas.area, linear=canvas.linear)
        bounds = NOWHERE if source is None else sources.bounds(source).meet(canvas.area)
        return None if source is None or bounds.empty else Leaf(source, "normal", np.float32(1), bounds, NOWHERE)
    children = tuple(_items(node.layers, canvas))
    isolated = node.isolated or node.knockout != "none" or all(_is_plain(child) for child in children)
    return Branch(children, "normal", np.float32(1), isolated, _around(children)) if children else None


def _leaf(node: Picture, canvas: Canvas) -> Leaf | None:
    source = sources.source(node, canvas.area, linear=canvas.linear)
    seen = None if source is None else look(node, sources.bounds(source).meet(canvas.area))
    if source is None or seen is None:
        return None
    covers = seen.mode == "normal" and seen.opacity == 1 and seen.finish is None
    cover = sources.core(source, seen.bounds) if covers else NOWHERE
    return Leaf(source, seen.mode, seen.opacity, seen.bounds, cover, seen.finish)
