"""What of a tree can show on this canvas: layers as things to paint, with every question that needs no pixel answered.

Invisible, transparent and far-off layers are gone, colours and gradients are made ready, and groups whose isolation
cannot change the result are dissolved into their layers. Pure: it looks at pixels only to learn whether all of them
are opaque.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias, Union

import msgspec
import numpy as np
import numpy.typing as npt

from compositor.finish import Finish, Look, hidden, look
from compositor.gradient import Ramp, ramp
from compositor.rect import NOWHERE, Box, Rect
from compositor.tree import Color, Gradient, Group, Layer, Node, Rgba, Solid, rgba

_OPAQUE = 0xFF000000
_SCAN_ROWS = 64
"""Rows looked at in one go for transparency: a layer that has some usually shows it in the first."""


class Pixels(NamedTuple):
    """RGBA8 words (rows, columns), read-only and C-contiguous, with `words[0, 0]` on canvas pixel (`x`, `y`)."""

    words: npt.NDArray[np.uint32]
    x: int
    y: int


class Shifted(NamedTuple):
    """Words as in `Pixels`, moved on from there by `right` and `down`, fractions of a pixel below 1."""

    words: npt.NDArray[np.uint32]
    x: int
    y: int
    right: np.float32
    down: np.float32


class Flat(NamedTuple):
    """One premultiplied colour in a box."""

    color: npt.NDArray[np.float32]
    box: Box


class Sloped(NamedTuple):
    """A gradient in a box."""

    ramp: Ramp
    box: Box


Source: TypeAlias = Pixels | Shifted | Flat | Sloped


class Leaf(NamedTuple):
    """A source to blend. `bounds` is where it can show; in `cover` it hides whatever is below it.

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


def build(layers: Sequence[Node], width: int, height: int, background: Color | None) -> Scene:
    """Return the scene of checked `layers`.

    Raises `ColorError` for the background. Copies no pixels that are C-contiguous.
    """
    canvas = Rect(0, 0, width, height)
    below = (0.0, 0.0, 0.0, 0.0) if background is None else rgba("background", background)
    return Scene(canvas, premultiplied(below), tuple(_items(layers, canvas)))


def reach(nodes: Sequence[Node]) -> tuple[int, int]:
    """Return the largest x and y, rounded up, that a layer of known size comes to; 0 where there is none."""
    right = bottom = 0
    for node in nodes:
        if isinstance(node, Group):
            x, y = reach(node.layers)
        elif isinstance(node, Layer):
            x, y = math.ceil(node.x + node.pixels.shape[1]), math.ceil(node.y + node.pixels.shape[0])
        else:
            x, y = math.ceil(node.x + (node.width or 1)), math.ceil(node.y + (node.height or 1))
        right, bottom = max(right, x), max(bottom, y)
    return right, bottom


def premultiplied(color: Rgba) -> npt.NDArray[np.float32]:
    """Return a straight colour as (4,) float32, premultiplied."""
    r, g, b, a = color
    return np.array((r * a, g * a, b * a, a), np.float32)


def _items(nodes: Sequence[Node], canvas: Rect) -> list[Item]:
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


def _item(node: Node, canvas: Rect) -> Sequence[Item]:
    if hidden(node):
        return ()
    if isinstance(node, Group):
        return _group(node, canvas)
    leaf = _leaf(node, canvas)
    return () if leaf is None else (leaf,)


def _group(group: Group, canvas: Rect) -> Sequence[Item]:
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


def _clip(node: Node, clipped: Sequence[Node], canvas: Rect) -> Sequence[Item]:
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


def _apart(clipped: Sequence[Node], canvas: Rect) -> list[Item]:
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


def _bare(node: Node, canvas: Rect) -> Item | None:
    """Return what a layer or group is made of, as an item whose mode, opacity and finish do nothing."""
    if not isinstance(node, Group):
        source = _source(node, canvas)
        bounds = NOWHERE if source is None else _bounds(source).meet(canvas)
        return None if source is None or bounds.empty else Leaf(source, "normal", np.float32(1), bounds, NOWHERE)
    children = tuple(_items(node.layers, canvas))
    isolated = node.isolated or node.knockout != "none" or all(_is_plain(child) for child in children)
    return Branch(children, "normal", np.float32(1), isolated, _around(children)) if children else None


def _leaf(node: Layer | Solid | Gradient, canvas: Rect) -> Leaf | None:
    source = _source(node, canvas)
    seen = None if source is None else look(node, _bounds(source).meet(canvas))
    if source is None or seen is None:
        return None
    bounds = seen.bounds
    covers = seen.mode == "normal" and seen.opacity == 1 and seen.finish is None and _is_opaque(source, bounds)
    cover = NOWHERE
    if covers:
        cover = bounds if isinstance(source, Pixels | Shifted) else source.box.core.meet(bounds)
    return Leaf(source, seen.mode, seen.opacity, bounds, cover, seen.finish)


def _source(node: Layer | Solid | Gradient, canvas: Rect) -> Source | None:
    return _picture(node) if isinstance(node, Layer) else _area(node, canvas)


def _picture(layer: Layer) -> Pixels | Shifted | None:
    if layer.pixels.size == 0:
        return None
    words = _words(layer.pixels)
    x, right = _split(layer.x)
    y, down = _split(layer.y)
    return Shifted(words, x, y, right, down) if right or down else Pixels(words, x, y)


def _words(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """View RGBA8 as one word a pixel.

    The view is read-only whatever the array is: kernels are compiled for one type.
    """
    words = np.ascontiguousarray(pixels).view("<u4")[:, :, 0]
    words = words if words.flags.aligned and words.flags.c_contiguous else words.copy()
    words.flags.writeable = False
    return words


def _split(offset: float) -> tuple[int, np.float32]:
    """Return the whole pixels and the fraction, 0 <= fraction < 1 in float32, of an offset."""
    whole = math.floor(offset)
    fraction = np.float32(offset - whole)
    return (whole + 1, np.float32(0)) if fraction == 1 else (whole, fraction)


def _area(node: Solid | Gradient, canvas: Rect) -> Flat | Sloped | None:
    x, y = float(node.x), float(node.y)
    right = canvas.x1 if node.width is None else x + node.width
    bottom = canvas.y1 if node.height is None else y + node.height
    if right <= x or bottom <= y:
        return None
    box = Box(x, y, right, bottom)
    if isinstance(node, Solid):
        return Flat(premultiplied(rgba("Solid.color", node.color)), box)
    return Sloped(ramp(node, right - x, bottom - y), box)


def _bounds(source: Source) -> Rect:
    if isinstance(source, Flat | Sloped):
        return source.box.hull
    rows, columns = source.words.shape
    if isinstance(source, Shifted):
        rows, columns = rows + bool(source.down), columns + bool(source.right)
    return Rect(source.x, source.y, source.x + columns, source.y + rows)


def _is_opaque(source: Source, bounds: Rect) -> bool:
    """Whether all that shows of `source` is opaque; a shifted picture has soft edges and counts as not."""
    if isinstance(source, Flat):
        return bool(source.color[3] == 1)
    if isinstance(source, Sloped):
        return source.ramp.opaque
    if isinstance(source, Shifted):
        return False
    shown = source.words[bounds.y0 - source.y : bounds.y1 - source.y, bounds.x0 - source.x : bounds.x1 - source.x]
    for start in range(0, shown.shape[0], _SCAN_ROWS):
        common = np.bitwise_and.reduce(shown[start : start + _SCAN_ROWS], axis=None)
        if int(common) < _OPAQUE:
            return False
    return True
