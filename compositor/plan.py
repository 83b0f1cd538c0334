"""What is to be done for each tile, as a plain list of stages: where every speed-up that needs no new kernel lives.

A tile is planned from its topmost opaque cover upwards; what lies below is never read. Stages name accumulators by
depth: 0 is the canvas, each group that needs one has the next. Pure: the same scene and tile give the same list.
"""

from bisect import insort
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from compositor.rect import Rect, squares, tiles
from compositor.scene import Branch, Flat, Item, Leaf, Pixels, Scene, Shifted, Source


class KernelId(NamedTuple):
    """Names a kernel: what it does, its blend mode or "", and whether it relies on an opaque backdrop."""

    stage: str
    mode: str = ""
    opaque: bool = False

    def __str__(self) -> str:
        """Spell the name for people: `blend-words multiply on opaque`."""
        return " ".join(part for part in (self.stage, self.mode, "on opaque" if self.opaque else "") if part)


class Clear(NamedTuple):
    """Make accumulator `depth` transparent in `region`, or fill it with the background's colour when `depth` is 0."""

    depth: int
    region: Rect


class Copy(NamedTuple):
    """Start the accumulator `depth` as a copy of the one above it; `tracked` clears the group's own alpha."""

    depth: int
    region: Rect
    tracked: bool


class Cover(NamedTuple):
    """Replace `region` of accumulator `depth` by an opaque source."""

    depth: int
    region: Rect
    source: Source
    kernel: KernelId | None


class BlendPixels(NamedTuple):
    """Blend RGBA8 pixels onto accumulator `depth`; `unite` adds their alpha to the group's own."""

    depth: int
    region: Rect
    source: Pixels
    opacity: np.float32
    kernel: KernelId
    unite: KernelId | None


class Paint(NamedTuple):
    """Paint a source into the scratch planes."""

    region: Rect
    source: Source
    kernel: KernelId | None


class BlendPlanes(NamedTuple):
    """Blend the scratch planes, or the accumulator below `depth` when `grouped`, onto accumulator `depth`."""

    depth: int
    region: Rect
    grouped: bool
    opacity: np.float32
    kernel: KernelId
    unite: KernelId | None


class Extract(NamedTuple):
    """Take the backdrop (`depth` - 1) out of accumulator `depth`."""

    depth: int
    region: Rect
    kernel: KernelId


Stage: TypeAlias = Clear | Copy | Cover | BlendPixels | Paint | BlendPlanes | Extract


class Tile(NamedTuple):
    """All that makes the pixels of `region`: stages in order, then the kernel that stores the canvas's accumulator."""

    region: Rect
    stages: tuple[Stage, ...]
    store: KernelId


def plan(scene: Scene, tile: int, *, square: bool = False) -> Iterator[Tile]:
    """Yield the tiles of a canvas, row by row, each with its stages; `tile` is the side of the square of equal area.

    Tiles are strips, which are read faster, or real squares on demand.
    """
    near = _Sweep(scene.items)
    cut = squares if square else tiles
    for region in cut(scene.canvas.width, scene.canvas.height, tile):
        stages: list[Stage] = []
        opaque = _scope(
            stages, near.items(region), 0, region, Clear(0, region), bool(scene.background[3] == 1), tracked=False
        )
        yield Tile(region, tuple(stages), KernelId("store", opaque=opaque))


class _Sweep:
    """Which items reach into a tile, for tiles that come from the top down: a picture of many small layers would otherwise be
    planned in layers times tiles.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._all = items
        self._waiting = sorted(range(len(items)), key=lambda number: items[number].bounds.y0, reverse=True)
        self._rows = (0, 0)
        self._near: list[int] = []

    def items(self, region: Rect) -> list[Item]:
        """Return the items that share a row with `region`, from the bottom up."""
        if (region.y0, region.y1) != self._rows:
            assert region.y0 >= self._rows[0], "tiles come from the top down"
            self._rows = (region.y0, region.y1)
            self._near = [number for number in self._near if self._all[number].bounds.y1 > region.y0]
            while self._waiting and self._all[self._waiting[-1]].bounds.y0 < region.y1:
                insort(self._near, self._waiting.pop())
        return [self._all[number] for number in self._near]


def kernels_of(tile: Tile) -> Iterator[KernelId]:
    """Yield the kernels that a tile runs, with repetitions."""
    for stage in tile.stages:
        if not isinstance(stage, Clear | Copy) and stage.kernel is not None:
            yield stage.kernel
        if isinstance(stage, BlendPixels | BlendPlanes) and stage.unite is not None:
            yield stage.unite
    yield tile.store


def _scope(
    stages: list[Stage],
    items: Sequence[Item],
    depth: int,
    region: Rect,
    base: Stage,
    opaque: bool,
    *,
    tracked: bool,
) -> bool:
    """Append the stages of one accumulator, `base` first; return whether all of `region` is opaque in the end.

    A tracked group needs the alpha of everything in it, so nothing in it is skipped as hidden.
    """
    start = -1 if tracked else _topmost_cover(items, region)
    if start < 0:
        stages.append(base)
    else:
        cover = items[start]
        assert isinstance(cover, Leaf), "only a leaf covers"
        opaque = True
        stages.append(Cover(depth, region, cover.source, _paint_kernel(cover.source, opaque=True)))
    for item in items[start + 1 :]:
        part = item.bounds.meet(region)
        if part.empty:
            continue
        if isinstance(item, Leaf):
            _leaf(stages, item, depth, part, opaque, tracked)
        else:
            _branch(stages, item, depth, part, opaque, tracked)
    return opaque


def _topmost_cover(items: Sequence[Item], region: Rect) -> int:
    for index in range(len(items) - 1, -1, -1):
        item = items[index]
        if isinstance(item, Leaf) and item.cover.contains(region):
            return index
    return -1


def _leaf(stages: list[Stage], leaf: Leaf, depth: int, region: Rect, opaque: bool, tracked: bool) -> None:
    if isinstance(leaf.source, Pixels):
        kernel, unite = KernelId("blend-words", leaf.mode, opaque), KernelId("unite-words") if tracked else None
        stages.append(BlendPixels(depth, region, leaf.source, leaf.opacity, kernel, unite))
        return
    stages.append(Paint(region, leaf.source, _paint_kernel(leaf.source, opaque=False)))
    stages.append(_planes(depth, region, False, leaf.opacity, leaf.mode, opaque, tracked))


def _branch(stages: list[Stage], group: Branch, depth: int, region: Rect, opaque: bool, tracked: bool) -> None:
    """A normal group that is not isolated only needs its result mixed back; any other must lose its backdrop first."""
    inner = depth + 1
    if group.isolated:
        _scope(stages, group.children, inner, region, Clear(inner, region), False, tracked=False)
        stages.append(_planes(depth, region, True, group.opacity, group.mode, opaque, tracked))
    elif group.mode == "normal" and not tracked:
        _scope(stages, group.children, inner, region, Copy(inner, region, False), opaque, tracked=False)
        stages.append(BlendPlanes(depth, region, True, group.opacity, KernelId("mix-back"), None))
    else:
        _scope(stages, group.children, inner, region, Copy(inner, region, True), opaque, tracked=True)
        stages.append(Extract(inner, region, KernelId("extract")))
        stages.append(_planes(depth, region, True, group.opacity, group.mode, opaque, tracked))


def _planes(
    depth: int, region: Rect, grouped: bool, opacity: np.float32, mode: str, opaque: bool, tracked: bool
) -> BlendPlanes:
    unite = KernelId("unite-planes") if tracked else None
    return BlendPlanes(depth, region, grouped, opacity, KernelId("blend-planes", mode, opaque), unite)


def _paint_kernel(source: Source, *, opaque: bool) -> KernelId | None:
    """The kernel that turns a source into planes; a flat colour needs none."""
    if isinstance(source, Pixels):
        assert opaque, "translucent pixels are blended as they are, never painted"
        return KernelId("load")
    if isinstance(source, Flat):
        return None
    if isinstance(source, Shifted):
        return KernelId("shift")
    return KernelId("radial" if source.ramp.radial else "linear")
