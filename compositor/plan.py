"""What is to be done for each tile, as a plain list of stages: where every speed-up that needs no new kernel lives.

A tile is planned from its topmost opaque cover upwards; what lies below is never read. Stages name accumulators by
number: 0 is the canvas, each group that needs one has the next. A source with a finish (masks and the like, see
`finish`) is painted by itself, finished, and blended then; all others go the short way. Pure: the same scene and tile
give the same list.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from compositor.finish import NEUTRAL, NOTHING_DONE, Finish
from compositor.kernel_choice import blending_words, kernels_of, paint_kernel, store_kernel
from compositor.rect import Rect, squares, tiles
from compositor.scene import Branch, Clip, Item, Leaf, Scene
from compositor.sources import Pixels, Sloped, Source, hides
from compositor.stages import (
    BACKGROUND,
    NOTHING,
    SCRATCH,
    STACK_MAX,
    Attenuate,
    BlendPixels,
    BlendPlanes,
    Clear,
    Confine,
    Copy,
    Cover,
    Dissolve,
    Extract,
    Hold,
    Keep,
    KernelId,
    Linearise,
    Mix,
    Paint,
    Restore,
    Sift,
    Stage,
    Tile,
    UniteKnockout,
)
from compositor.sweep import Sweep

__all__ = [
    "BlendPixels",
    "BlendPlanes",
    "Clear",
    "Copy",
    "Cover",
    "Extract",
    "KernelId",
    "Paint",
    "Stage",
    "Tile",
    "kernels_of",
    "plan",
]

_WHOLE = np.float32(1)
_UNITE_WORDS = KernelId("unite-words")


class _Floor(NamedTuple):
    """What a knockout falls on: an accumulator, `NOTHING` or `BACKGROUND`, and whether that is opaque."""

    start: int
    opaque: bool


_NO_FLOOR = _Floor(NOTHING, False)


class _Scope(NamedTuple):
    """Where items are blended: accumulator `depth`, with the ones from `free` on unused.

    A tracked scope keeps the alpha of its own. Shallow knockouts fall on `floor`, deep ones on `deep`.
    """

    depth: int
    free: int
    tracked: bool
    floor: _Floor
    deep: _Floor


def plan(
    scene: Scene, tile: int, *, square: bool = False, dtype: str = "uint8", rows: int | None = None
) -> Iterator[Tile]:
    """Yield the tiles of a canvas, row by row, each with its stages; `tile` is the side of a square, see `rect.tiles`.

    Tiles are strips, which are read faster, or real squares on demand; with `rows` none of them crosses a multiple of
    so many rows. They are stored as `dtype`.
    """
    floor = _Floor(BACKGROUND, bool(scene.background[3] == 1)) if scene.background[3] else _NO_FLOOR
    canvas = _Scope(0, 1, False, floor, floor)
    near = Sweep(scene.items)
    for region in _regions(scene.canvas, tile, square, rows):
        stages: list[Stage] = []
        opaque = _fill(stages, near.items(region), canvas, region, Clear(0, region), floor.opaque)
        yield Tile(region, tuple(stages), store_kernel(dtype, scene.linear, opaque))


def _regions(canvas: Rect, tile: int, square: bool, rows: int | None) -> Iterator[Rect]:
    cut, height = squares if square else tiles, rows or canvas.height
    for top in range(0, canvas.height, height):
        for region in cut(canvas.width, min(height, canvas.height - top), tile):
            yield region if top == 0 else region._replace(y0=region.y0 + top, y1=region.y1 + top)


def _fill(stages: list[Stage], items: Sequence[Item], scope: _Scope, region: Rect, base: Stage, opaque: bool) -> bool:
    """Append the stages of one accumulator, `base` first; return whether all of `region` is opaque in the end.

    A tracked group needs the alpha of everything in it, so nothing in it is skipped as hidden.
    """
    start = -1 if scope.tracked else _topmost_cover(items, region)
    hides = start >= 0
    if not hides and scope.floor.start == NOTHING and items and _is_ground(items[0], region):
        start = 0
    if start < 0:
        stages.append(base)
    else:
        cover = items[start]
        assert isinstance(cover, Leaf), "only a leaf covers"
        stages.append(Cover(scope.depth, region, cover.source, paint_kernel(cover.source, opaque=hides)))
        _linearise(stages, scope.depth, region, cover.source)
    return _blend(stages, items[start + 1 :], scope, region, opaque or hides)


def _is_ground(item: Item, region: Rect) -> bool:
    """Whether blending `item` onto nothing leaves its own pixels and nothing else, whatever its mode."""
    whole = isinstance(item, Leaf) and item.finish is None and item.opacity == 1 and item.bounds.contains(region)
    return whole and isinstance(item.source, Pixels)  # type: ignore[union-attr]  # a leaf, as just seen


def _blend(stages: list[Stage], items: Sequence[Item], scope: _Scope, region: Rect, opaque: bool) -> bool:
    for item in items:
        part = region if item.bounds.contains(region) else item.bounds.meet(region)
        if part.empty:
            continue
        if isinstance(item, Leaf):
            _leaf(stages, item, scope, part, opaque)
        elif isinstance(item, Branch):
            _branch(stages, item, scope, part, opaque)
        else:
            _clip(stages, item, scope, part, opaque)
        opaque = opaque and not _opens(item, scope)
    return opaque


def _opens(item: Item, scope: _Scope) -> bool:
    """Whether something in `item` may knock a hole into what was opaque."""
    if item.finish is not None and item.finish.knockout != "none":
        return not (scope.floor if item.finish.knockout == "shallow" else scope.deep).opaque
    if isinstance(item, Branch) and not item.isolated:
        return any(_opens(child, scope) for child in item.children)
    return isinstance(item, Clip) and not item.grouped and any(_opens(member, scope) for member in item.members)


def _topmost_cover(items: Sequence[Item], region: Rect) -> int:
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        if isinstance(item, Leaf) and item.cover.contains(region) and hides(item.source, region):
            return index
    return -1


def _leaf(stages: list[Stage], leaf: Leaf, scope: _Scope, region: Rect, opaque: bool) -> None:
    if leaf.finish is not None:
        _paint(stages, region, leaf.source)
        _finish(stages, SCRATCH, leaf, leaf.finish, scope, region, opaque)
    elif isinstance(leaf.source, Pixels):
        _pile(stages, leaf, leaf.source, scope, region, opaque)
    else:
        _paint(stages, region, leaf.source)
        stages.append(_planes(scope, region, SCRATCH, leaf.opacity, leaf.mode, opaque))


def _pile(stages: list[Stage], leaf: Leaf, source: Pixels, scope: _Scope, region: Rect, opaque: bool) -> None:
    """Blend pixels together with those right below them, if only the pictures differ: a kernel that takes several goes
    through the accumulator once.
    """
    alike = scope.depth, region, blending_words(leaf.mode, opaque), _UNITE_WORDS if scope.tracked else None
    below = stages[-1]
    if isinstance(below, BlendPixels) and below[:4] == alike and len(below.stack) < STACK_MAX:
        stages[-1] = BlendPixels(*alike, (*below.stack, source), (*below.opacities, leaf.opacity))
    else:
        stages.append(BlendPixels(*alike, (source,), (leaf.opacity,)))


def _branch(stages: list[Stage], group: Branch, scope: _Scope, region: Rect, opaque: bool) -> None:
    """A normal group that is not isolated only needs its result mixed back; any other must lose its backdrop first."""
    inner, depth, finish = scope.free, scope.depth, group.finish
    if group.isolated:
        _fill(stages, group.children, _isolated(inner), region, Clear(inner, region), False)
    elif group.mode == "normal" and not scope.tracked and _only_masked(finish):
        open_scope = _Scope(inner, inner + 1, False, _Floor(depth, opaque), scope.deep)
        _fill(stages, group.children, open_scope, region, Copy(inner, region, False, depth), opaque)
        _mix_back(stages, group, scope, region)
        return
    else:
        _apart(stages, group, scope, region, opaque)
    if finish is None:
        stages.append(_planes(scope, region, inner, group.opacity, group.mode, opaque))
    else:
        _finish(stages, inner, group, finish, scope, region, opaque)


def _apart(stages: list[Stage], group: Branch, scope: _Scope, region: Rect, opaque: bool) -> None:
    """Blend a group's layers with what lies below, and take that out again."""
    inner, floor = scope.free, _Floor(scope.depth, opaque)
    tracked = _Scope(inner, inner + 1, True, floor, floor)
    _fill(stages, group.children, tracked, region, Copy(inner, region, True, scope.depth), opaque)
    stages.append(Extract(inner, region, KernelId("extract"), scope.depth))


def _mix_back(stages: list[Stage], group: Branch, scope: _Scope, region: Rect) -> None:
    finish, inner, depth = group.finish or NOTHING_DONE, scope.free, scope.depth
    if finish.held:
        stages.append(Hold(depth, region))
    if finish.mattes:
        stages.append(Mix(depth, region, inner, group.opacity, finish.mattes, None))
    else:
        stages.append(BlendPlanes(depth, region, inner, group.opacity, KernelId("mix-back"), None))
    if finish.held:
        stages.append(Restore(depth, region, finish.held))


def _isolated(depth: int) -> _Scope:
    return _Scope(depth, depth + 1, False, _NO_FLOOR, _NO_FLOOR)


def _only_masked(finish: Finish | None) -> bool:
    return finish is None or (finish.seed is None and not finish.tones and finish.knockout == "none")


def _clip(stages: list[Stage], clip: Clip, scope: _Scope, region: Rect, opaque: bool) -> None:
    """The base is drawn by itself. Its members are blended with its bare colours, before it gets its alpha back; or
    one after the other with what lies below, each confined to that alpha.
    """
    inner = scope.free
    if isinstance(clip.base, Branch) and not clip.base.isolated:
        _apart(stages, clip.base, scope, region, opaque)
    else:
        _fill(stages, (clip.base,), _isolated(inner), region, Clear(inner, region), False)
    if clip.grouped:
        stages.append(Keep(inner, region, True))
        _members(stages, clip.members, inner, region)
        stages.append(Confine(inner, region, inner, _WHOLE))
    if clip.finish is None:
        stages.append(_planes(scope, region, inner, clip.opacity, clip.mode, opaque))
    else:
        _finish(stages, inner, clip, clip.finish, scope, region, opaque)
    if not clip.grouped:
        if clip.finish is None or clip.finish.knockout == "none":  # a knockout has kept the alpha already
            stages.append(Keep(inner, region, False))
        _singly(stages, clip, scope._replace(free=inner + 1), region, opaque and not _opens_alone(clip, scope))


def _members(stages: list[Stage], members: Sequence[Item], inner: int, region: Rect) -> None:
    """Blend members with bare colours, which knockouts among them fall on."""
    if any(_opens(member, _isolated(inner)) for member in members):
        stages.append(Copy(inner + 1, region, False, inner))
        floor = _Floor(inner + 1, True)
        _blend(stages, members, _Scope(inner, inner + 2, False, floor, floor), region, True)
    else:
        _blend(stages, members, _isolated(inner), region, True)


def _opens_alone(clip: Clip, scope: _Scope) -> bool:
    return _opens(clip._replace(members=()), scope)


def _singly(stages: list[Stage], clip: Clip, scope: _Scope, region: Rect, opaque: bool) -> None:
    for member in clip.members:
        part = member.bounds.meet(region)
        if part.empty:
            continue
        confine = Confine(SCRATCH, part, scope.free - 1, clip.opacity)
        finish = member.finish or NOTHING_DONE
        if isinstance(member, Leaf):
            _paint(stages, part, member.source)
            _finish(stages, SCRATCH, member, finish, scope, part, opaque, confine)
        else:
            assert isinstance(member, Branch), "clipped layers are not bases"
            _fill(stages, member.children, _isolated(scope.free), part, Clear(scope.free, part), False)
            _finish(stages, scope.free, member, finish, scope, part, opaque, confine._replace(planes=scope.free))
        opaque = opaque and not _opens(member, scope)


def _finish(
    stages: list[Stage],
    planes: int,
    item: Item,
    finish: Finish,
    scope: _Scope,
    region: Rect,
    opaque: bool,
    confine: Confine | None = None,
) -> None:
    """Append what is done to painted `planes`, and their blending."""
    opacity = item.opacity
    if finish.mattes:
        stages.append(Attenuate(planes, region, finish.mattes))
    if confine is not None:
        stages.append(confine)
    if finish.tones:
        stages.append(Sift(planes, region, finish.tones, scope.depth))
    if finish.seed is not None:
        stages.append(Dissolve(planes, region, opacity, finish.seed))
        opacity = _WHOLE
    if finish.held:
        stages.append(Hold(scope.depth, region))
    if finish.knockout == "none":
        stages.append(_planes(scope, region, planes, opacity, item.mode, opaque, finish.fill))
    else:
        floor = scope.floor if finish.knockout == "shallow" else scope.deep
        _knock_out(stages, planes, item.mode, opacity, finish.fill, scope, floor, region)
    if finish.held:
        stages.append(Restore(scope.depth, region, finish.held))


def _knock_out(
    stages: list[Stage],
    planes: int,
    mode: str,
    opacity: np.float32,
    fill: np.float32,
    scope: _Scope,
    floor: _Floor,
    region: Rect,
) -> None:
    """Blend bare colours with the floor at `fill`, and let what is there go to that as far as the shape says."""
    aside = max(scope.free, planes + 1)
    stages.append(Keep(planes, region, True))
    stages.append(Copy(aside, region, False, floor.start))
    stages.append(_planes(_isolated(aside), region, planes, _WHOLE, mode, floor.opaque, fill))
    stages.append(Mix(scope.depth, region, aside, opacity, (), planes))
    if scope.tracked:
        stages.append(UniteKnockout(scope.depth, region, planes, opacity, fill))


def _planes(
    scope: _Scope, region: Rect, source: int, opacity: np.float32, mode: str, opaque: bool, fill: np.float32 = _WHOLE
) -> BlendPlanes:
    unite = KernelId("unite-planes") if scope.tracked else None
    if mode in NEUTRAL and fill != 1:
        return BlendPlanes(scope.depth, region, source, opacity, KernelId("blend-filled", mode), unite, fill)
    kernel = KernelId("blend-planes", mode, opaque)
    return BlendPlanes(scope.depth, region, source, np.float32(opacity * fill), kernel, unite)


def _paint(stages: list[Stage], region: Rect, source: Source) -> None:
    stages.append(Paint(region, source, paint_kernel(source, opaque=False)))
    _linearise(stages, SCRATCH, region, source)


def _linearise(stages: list[Stage], planes: int, region: Rect, source: Source) -> None:
    if isinstance(source, Sloped) and source.linear:
        stages.append(Linearise(planes, region, KernelId("linearise")))
