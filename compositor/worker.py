"""How the stages of one tile run: a worker owns the accumulators of its thread and hands them to kernels.

Accumulators are (4, rows, columns) float32, one for each depth of groups, made on first use, and so are the alphas kept
beside them. A tile's first pixel is at their row and column 0. Nothing here decides anything; the plan has.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compositor import finish_planes, formats, mask, paint, paint_pictures
from compositor.rect import Rect
from compositor.sources import Flat, Mapped, Pixels, Placed, Sloped, Source, Tiled
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
    Finishing,
    Hold,
    Keep,
    KernelId,
    Linearise,
    Mix,
    Paint,
    Restore,
    Sift,
    Tile,
    UniteKnockout,
)

Kernels = Mapping[KernelId, Callable[..., None]]
Planes = npt.NDArray[np.float32]


_HELD = -4
"""Names the planes that hold an accumulator's colours while it is blended onto; beside the names of `stages`."""


class Target(NamedTuple):
    """Where tiles are stored: (rows, width, 4), C-contiguous, the rows of the canvas from `top` on."""

    pixels: npt.NDArray[Any]
    top: int


def _no_words() -> npt.NDArray[np.uint32]:
    words = np.zeros((0, 0), np.uint32)
    words.flags.writeable = False
    return words


_NO_WORDS = _no_words()


class Worker:
    """Runs tiles one after the other, writing their pixels into a target."""

    def __init__(self, kernels: Kernels, background: Planes, target: Target) -> None:
        self._kernels = kernels
        self._background = background
        self._target = target
        self._words = _words(target.pixels)
        self._make_room(0, 0)

    def run(self, tile: Tile) -> None:
        """Run the stages of `tile` and store its pixels."""
        origin = tile.region
        _, rows, columns = self._shape
        if origin.height > rows or origin.width > columns:
            self._make_room(max(rows, origin.height), max(columns, origin.width))
        for stage in tile.stages:
            match stage:
                case BlendPixels():
                    self._blend_pixels(stage, origin)
                case Paint():
                    self._paint(self._planes(SCRATCH), origin, stage.region, stage.source, stage.kernel)
                case BlendPlanes():
                    self._blend_planes(stage, origin)
                case Clear():
                    self._clear(stage, origin)
                case Cover():
                    self._cover(stage, origin)
                case Copy():
                    self._copy(stage, origin)
                case Linearise():
                    self._kernels[stage.kernel](self._planes(stage.planes), *_place(stage.region, origin))
                case Extract():
                    self._extract(stage, origin)
                case _:
                    self._finish(stage, origin)
        self._store(tile)

    def _make_room(self, rows: int, columns: int) -> None:
        """Forget all planes, which are made anew, in this size, when they are asked for."""
        self._shape = (4, rows, columns)
        self._accumulators: list[Planes] = []
        self._alphas: dict[int, Planes] = {}
        self._scratch: dict[int, Planes] = {}

    def _store(self, tile: Tile) -> None:
        region, (pixels, top) = tile.region, self._target
        kernel, acc, row = self._kernels[tile.store], self._accumulator(0), region.y0 - top
        if tile.store.stage == "store":
            kernel(acc, region.height, region.width, self._words, row, region.x0)
            return
        rows = pixels[row : row + region.height]
        at, steps = region.x0, np.float32(formats.steps(pixels.dtype))
        if pixels.dtype == np.float16:
            rows, at = np.empty((region.height, region.width, 4), np.float32), 0
        kernel(acc, region.height, region.width, steps, False, rows.reshape(len(rows), -1), 0, at)
        if pixels.dtype == np.float16:
            pixels[row : row + region.height, region.x0 : region.x1] = rows

    def _blend_pixels(self, stage: BlendPixels, origin: Rect) -> None:
        place, region = _place(stage.region, origin), stage.region
        places = [(region.y0 - source.y, region.x0 - source.x) for source in stage.stack]
        if stage.unite is not None:
            alpha, unite = self._alpha(stage.depth), self._kernels[stage.unite]
            for source, opacity, at in zip(stage.stack, stage.opacities, places, strict=True):
                unite(alpha, *place, opacity, source.words, *at)
        stack = (*(source.words for source in stage.stack), *(_NO_WORDS,) * (STACK_MAX - len(stage.stack)))
        opacities = np.array(stage.opacities, np.float32)
        self._kernels[stage.kernel](
            self._accumulator(stage.depth), *place, opacities, stack, np.array(places, np.int64)
        )

    def _blend_planes(self, stage: BlendPlanes, origin: Rect) -> None:
        source, place = self._planes(stage.source), _place(stage.region, origin)
        if stage.unite is not None:
            opacity = stage.opacity if stage.fill is None else stage.opacity * stage.fill
            self._kernels[stage.unite](self._alpha(stage.depth), *place, opacity, source)
        fill = () if stage.fill is None else (stage.fill,)
        self._kernels[stage.kernel](self._accumulator(stage.depth), *place, stage.opacity, *fill, source)

    def _extract(self, stage: Extract, origin: Rect) -> None:
        acc, place = self._accumulator(stage.depth), _place(stage.region, origin)
        self._kernels[stage.kernel](acc, *place, self._accumulator(stage.below), self._alpha(stage.depth))

    def _finish(self, stage: Finishing, origin: Rect) -> None:
        region = stage.region
        match stage:
            case Attenuate():
                finish_planes.attenuate(self._part(stage.planes, region, origin), mask.weights(stage.mattes, region))
            case Confine():
                weights = self._kept(stage.kept, region, origin) * stage.opacity
                finish_planes.attenuate(self._part(stage.planes, region, origin), weights)
            case Sift():
                planes, under = self._part(stage.planes, region, origin), self._part(stage.under, region, origin)
                finish_planes.sift(planes, under, stage.tones)
            case Dissolve():
                finish_planes.dissolve(self._part(stage.planes, region, origin), stage.opacity, region, stage.seed)
            case Keep():
                planes, kept = self._part(stage.planes, region, origin), self._kept(stage.planes, region, origin)
                if stage.detached:
                    finish_planes.detach(planes, kept)
                else:
                    kept[...] = planes[3]
            case Mix():
                below, above = self._part(stage.depth, region, origin), self._part(stage.source, region, origin)
                finish_planes.mix(below, above, self._mix_weights(stage, origin))
            case UniteKnockout():
                shape, kept = self._kept(stage.depth, region, origin), self._kept(stage.kept, region, origin)
                finish_planes.unite_knockout(shape, kept * stage.opacity, stage.fill)
            case Hold():
                self._part(_HELD, region, origin)[...] = self._part(stage.depth, region, origin)
            case Restore():
                planes, before = self._part(stage.depth, region, origin), self._part(_HELD, region, origin)
                finish_planes.restore(planes, before, stage.held)

    def _mix_weights(self, stage: Mix, origin: Rect) -> Planes:
        if stage.kept is None:
            return mask.weights(stage.mattes, stage.region) * stage.opacity
        return self._kept(stage.kept, stage.region, origin) * stage.opacity

    def _clear(self, stage: Clear, origin: Rect) -> None:
        color = self._background[:, None, None] if stage.depth == 0 else np.float32(0)
        _part(self._accumulator(stage.depth), stage.region, origin)[...] = color

    def _cover(self, stage: Cover, origin: Rect) -> None:
        acc, source, region = self._accumulator(stage.depth), stage.source, stage.region
        if not isinstance(source, Pixels):
            self._paint(acc, origin, region, source, stage.kernel)
            return
        assert stage.kernel is not None, "pixels are loaded by a kernel"
        row, column = region.y0 - source.y, region.x0 - source.x
        self._kernels[stage.kernel](acc, *_place(region, origin), source.words, row, column)

    def _copy(self, stage: Copy, origin: Rect) -> None:
        target = self._part(stage.depth, stage.region, origin)
        if stage.below == NOTHING:
            target[...] = np.float32(0)
        elif stage.below == BACKGROUND:
            target[...] = self._background[:, None, None]
        else:
            target[...] = self._part(stage.below, stage.region, origin)
        if stage.tracked:
            self._kept(stage.depth, stage.region, origin)[...] = 0

    def _paint(self, planes: Planes, origin: Rect, region: Rect, source: Source, kernel_id: KernelId | None) -> None:
        if isinstance(source, Flat):
            paint.fill(planes, origin, region, source)
            return
        if isinstance(source, Placed | Mapped | Tiled):
            _paint_picture(planes, origin, region, source)
            return
        assert kernel_id is not None, "painted by a kernel"
        kernel = self._kernels[kernel_id]
        if isinstance(source, Pixels):
            kernel(planes, *_place(region, origin), source.words, region.y0 - source.y, region.x0 - source.x)
        elif isinstance(source, Sloped):
            paint.slope(planes, origin, region, source, kernel)
        else:
            paint.shift(planes, origin, region, source, kernel)

    def _accumulator(self, depth: int) -> Planes:
        while len(self._accumulators) <= depth:
            self._accumulators.append(np.empty(self._shape, np.float32))
        return self._accumulators[depth]

    def _alpha(self, index: int) -> Planes:
        """The own alpha, (rows, columns), of the tracked group at `index`, or what was kept of the planes `index`."""
        if index not in self._alphas:
            self._alphas[index] = np.empty(self._shape[1:], np.float32)
        return self._alphas[index]

    def _planes(self, index: int) -> Planes:
        if index >= 0:
            return self._accumulator(index)
        if index not in self._scratch:
            self._scratch[index] = np.empty(self._shape, np.float32)
        return self._scratch[index]

    def _part(self, index: int, region: Rect, origin: Rect) -> Planes:
        return _part(self._planes(index), region, origin)

    def _kept(self, index: int, region: Rect, origin: Rect) -> Planes:
        return _part(self._alpha(index), region, origin)


def _words(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """RGBA8 as one word a pixel; nothing of other formats, which are not stored as words."""
    return pixels.view(np.uint32)[:, :, 0] if pixels.dtype == np.uint8 else np.zeros((0, 0), np.uint32)


def _paint_picture(planes: Planes, origin: Rect, region: Rect, source: Placed | Mapped | Tiled) -> None:
    if isinstance(source, Placed):
        paint_pictures.place(planes, origin, region, source)
    elif isinstance(source, Mapped):
        paint_pictures.draw(planes, origin, region, source)
    else:
        paint_pictures.tile(planes, origin, region, source)


def _place(region: Rect, origin: Rect) -> tuple[int, int, int, int]:
    """Row, column, height and width of `region` in the planes of the tile at `origin`."""
    return region.y0 - origin.y0, region.x0 - origin.x0, region.y1 - region.y0, region.x1 - region.x0


def _part(planes: Planes, region: Rect, origin: Rect) -> Planes:
    y, x, height, width = _place(region, origin)
    return planes[..., y : y + height, x : x + width]
