"""What a tree with masks, clipping, knockouts and the like should be, in float64, one pixel at a time.

Written from ISO 32000-1, 11.4.6 (shape apart from opacity) and 11.4.8 (groups, backdrop removal) in their straight
form, on top of `oracle.mix`. Photoshop's layer is an object whose shape is alpha times masks times opacity, and whose
opacity is fill. Nothing is shared with the package but the values of the tree.
"""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import structs

from compositor import BlendIf, Group, Layer, Mask, Node
from tests.compositor.oracle import Rgb, compose, mix, texel

NEUTRAL = {"color-burn": 1.0, "linear-burn": 1.0, "color-dodge": 0.0, "linear-dodge": 0.0, "vivid-light": 0.5,
           "linear-light": 0.5, "difference": 0.0}  # fmt: skip
BLACK: Rgb = (0.0, 0.0, 0.0)


class State(NamedTuple):
    """What has been composed so far: colour and alpha with the backdrop in it, and the group's own alpha."""

    color: Rgb
    alpha: float
    own: float


class Start(NamedTuple):
    color: Rgb
    alpha: float


def weight(masks: object, x: int, y: int) -> float:
    total = 1.0
    for one in masks:  # type: ignore[attr-defined]
        assert isinstance(one, Mask)
        row, column = y - one.y, x - one.x
        value = one.outside
        if 0 <= row < one.coverage.shape[0] and 0 <= column < one.coverage.shape[1]:
            full = {"uint8": 255, "uint16": 65535, "float32": 1}[str(one.coverage.dtype)]
            value = float(one.coverage[row, column]) / full
        total *= 1 - one.density * (1 - value)
    return total


def slider(handles: Sequence[float], value: float) -> float:
    a, b, c, d = handles
    value = min(1.0, max(0.0, value))
    rise = (1.0 if value >= a else 0.0) if a == b else min(1.0, max(0.0, (value - a) / (b - a)))
    fall = (1.0 if value <= d else 0.0) if c == d else min(1.0, max(0.0, (d - value) / (d - c)))
    return rise * fall


def sifted(blend_if: BlendIf, this: Rgb, under: Rgb) -> float:
    total = 1.0
    for ranges, color in ((blend_if.this, this), (blend_if.under, under)):
        gray = 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]
        for handles, value in zip((ranges.gray, ranges.red, ranges.green, ranges.blue), (gray, *color), strict=True):
            total *= slider(handles, value)
    return total


def filled(mode: str, cb: Rgb, ab: float, cs: Rgb, shape: float, fill: float) -> tuple[Rgb, float]:
    """Compose an object of `shape` at `fill`; in Photoshop's special modes fill moves the source towards neutral."""
    if mode not in NEUTRAL:
        return compose(mode, cb, ab, cs, shape * fill)
    alpha = ab + shape * fill * (1 - ab)
    if alpha == 0:
        return BLACK, 0.0
    neutral = NEUTRAL[mode]
    faded = mix(mode, cb, tuple(neutral + fill * (c - neutral) for c in cs))  # type: ignore[arg-type]
    r, g, b = (
        ((1 - shape) * ab * below + shape * ((1 - ab) * fill * source + ab * mixed)) / alpha
        for below, source, mixed in zip(cb, cs, faded, strict=True)
    )
    return (r, g, b), alpha


def put(state: State, node: Node, cs: Rgb, shape: float, floor: Start) -> State:
    """Composite one object onto `state`; a knockout onto `floor`, going there as far as its shape says."""
    if node.advanced is not None:
        shape *= sifted(node.advanced.blend_if, cs, state.color)
    if node.knockout == "none":
        color, alpha = filled(node.blend, state.color, state.alpha, cs, shape, node.fill)
        own = state.own + shape * node.fill * (1 - state.own)
        return State(held(node, state.color, color), alpha, own)
    color, above = filled(node.blend, floor.color, floor.alpha, cs, 1.0, node.fill)
    color, alpha = between(state, color, above, shape)
    return State(held(node, state.color, color), alpha, (1 - shape) * state.own + shape * node.fill)


def between(state: State, color: Rgb, alpha: float, share: float) -> tuple[Rgb, float]:
    """Go `share` of the way from `state` to a colour and alpha."""
    total = (1 - share) * state.alpha + share * alpha
    if total == 0:
        return BLACK, 0.0
    r, g, b = (
        ((1 - share) * state.alpha * x + share * alpha * y) / total for x, y in zip(state.color, color, strict=True)
    )
    return (r, g, b), total


def held(node: Node, before: Rgb, after: Rgb) -> Rgb:
    """Keep the channels that `node` may not change."""
    channels = "rgb" if node.advanced is None else node.advanced.channels
    r, g, b = (after[k] if name in channels else before[k] for k, name in enumerate("rgb"))
    return r, g, b


def is_open(node: Group, tracked: bool) -> bool:
    """Whether a group is a plain pass-through: what lies below goes part of the way to what the group makes of it."""
    plain = node.advanced is None or node.advanced.blend_if == BlendIf()
    return not node.isolated and not tracked and node.blend == "normal" and node.knockout == "none" and plain


def pass_through(state: State, node: Group, deep: Start, x: int, y: int) -> State:
    done = group(node.layers, Start(state.color, state.alpha), x, y, deep=deep)
    share = weight(node.mask, x, y) * node.opacity * node.fill
    color, alpha = between(state, done.color, done.alpha, share)
    return State(held(node, state.color, color), alpha, 0.0)


def source(node: Node, state: State, x: int, y: int, *, isolated: bool = False) -> tuple[Rgb, float]:
    if not isinstance(node, Group):
        assert isinstance(node, Layer)
        return texel(node, x, y)
    walled = isolated or node.isolated or node.knockout != "none"
    start = Start(BLACK, 0.0) if walled else Start(state.color, state.alpha)
    done = group(node.layers, start, x, y, tracked=not walled)
    own = done.alpha if walled else done.own  # a pass-through in a walled group does not keep count
    if own == 0:
        return BLACK, 0.0
    r, g, b = (
        min(1.0, max(0.0, cn + (cn - c) * (start.alpha / own - start.alpha)))
        for cn, c in zip(done.color, start.color, strict=True)
    )
    return (r, g, b), own


def drawn(node: Node) -> bool:
    return node.visible and node.opacity > 0 and (node.advanced is None or node.advanced.channels != "")


def seen(node: Node) -> bool:
    return drawn(node) and (node.fill > 0 or node.knockout != "none")


def group(
    nodes: Sequence[Node], start: Start, x: int, y: int, *, tracked: bool = False, deep: Start | None = None
) -> State:
    """Composite `nodes` from `start`, on which shallow knockouts fall; deep ones fall on `deep`."""
    state, deep = State(start.color, start.alpha, 0.0), deep or start
    for base, *members in runs(nodes):
        members = [node for node in members if seen(node)]
        together = base.advanced is None or base.advanced.clipped_as_group
        if not drawn(base) or (not seen(base) and (together or not members)):
            continue
        if isinstance(base, Group) and is_open(base, tracked) and not members:
            state = pass_through(state, base, deep, x, y)
            continue
        cs, sa = source(base, state, x, y)
        if together and sa > 0:
            cs = group([structs.replace(node, clip=False) for node in members], Start(cs, 1.0), x, y).color
        shape, before = sa * weight(base.mask, x, y) * base.opacity, state
        state = put(state, base, cs, shape, deep if base.knockout == "deep" else start)
        if not together:
            if base.advanced is not None:
                shape *= sifted(base.advanced.blend_if, cs, before.color)
            for node in members:
                color, alpha = source(node, state, x, y, isolated=True)
                part = alpha * node.opacity * weight(node.mask, x, y) * shape
                state = put(state, node, color, part, deep if node.knockout == "deep" else start)
    return state


def runs(nodes: Sequence[Node]) -> list[list[Node]]:
    """Each layer that is not clipped, with those above it that are."""
    found: list[list[Node]] = []
    for node in nodes:
        if node.clip and found:
            found[-1].append(node)
        else:
            found.append([node])
    return found


def picture(
    nodes: Sequence[Node], width: int, height: int, background: Sequence[float] = (0, 0, 0, 0)
) -> list[list[tuple[float, float, float, float]]]:
    """The straight picture in steps of 8 bit, not rounded: rows of (r, g, b, a), 0 to 255."""
    start = Start((background[0], background[1], background[2]), background[3])
    rows = []
    for y in range(height):
        states = [group(nodes, start, x, y) for x in range(width)]
        rows.append([(*(255 * c for c in state.color), 255 * state.alpha) for state in states])
    return rows  # type: ignore[return-value]
