"""How the stages of one tile run: a worker owns the accumulators of its thread and hands them to kernels.

Accumulators are (4, rows, columns) float32, one for each depth of groups, made on first use. A tile's first pixel is
at their row and column 0. Nothing here decides anything; the plan has.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compositor import paint
from compositor.plan import BlendPixels, BlendPlanes, Clear, Copy, Cover, Extract, KernelId, Paint, Stage, Tile
from compositor.rect import Rect
from compositor.scene import Flat, Pixels, Sloped, Source

Kernels = dict[KernelId, Callable[..., None]]
Planes = npt.NDArray[np.float32]


class Hint(NamedTuple):
    """What a worker reads next: `words` from `row`, `column` on. Kernels ask the memory for it while they work."""

    words: npt.NDArray[np.uint32]
    row: int
    column: int


def _no_words() -> npt.NDArray[np.uint32]:
    words = np.zeros((0, 0), np.uint32)
    words.flags.writeable = False
    return words


NO_HINT = Hint(_no_words(), 0, 0)


def first_hint(tile: Tile) -> Hint:
    """Return what `tile` reads first."""
    return next((_hint(stage) for stage in tile.stages if _reads_words(stage)), NO_HINT)


def _reads_words(stage: Stage) -> bool:
    return isinstance(stage, BlendPixels) or (isinstance(stage, Cover) and isinstance(stage.source, Pixels))


def _hint(stage: Stage) -> Hint:
    assert isinstance(stage, BlendPixels | Cover), "only these read words"
    source = stage.source
    assert isinstance(source, Pixels), "only these are words"
    return Hint(source.words, stage.region.y0 - source.y, stage.region.x0 - source.x)


class Worker:
    """Runs tiles one after the other, writing their pixels into `words` (rows, columns) of the whole canvas."""

    def __init__(
        self, kernels: Kernels, background: Planes, words: npt.NDArray[np.uint32], rows: int, columns: int
    ) -> None:
        self._kernels = kernels
        self._background = background
        self._words = words
        self._shape = (4, rows, columns)
        self._accumulators: list[Planes] = []
        self._alphas: dict[int, Planes] = {}
        self._scratch: Planes | None = None

    def run(self, tile: Tile, after: Hint) -> None:
        """Run the stages of `tile` and store its pixels. `after` is what will be read when it is done."""
        origin = tile.region
        hints = [_hint(stage) for stage in tile.stages if _reads_words(stage)]
        upcoming = iter([*hints[1:], after])
        for stage in tile.stages:
            match stage:
                case BlendPixels():
                    self._blend_pixels(stage, origin, next(upcoming))
                case Paint():
                    self._paint(self._planes(), origin, stage.region, stage.source, stage.kernel)
                case BlendPlanes():
                    self._blend_planes(stage, origin)
                case Clear():
                    self._clear(stage, origin)
                case Cover():
                    self._cover(stage, origin, next(upcoming) if isinstance(stage.source, Pixels) else NO_HINT)
                case Copy():
                    self._copy(stage, origin)
                case Extract():
                    kernel, acc = self._kernels[stage.kernel], self._accumulator(stage.depth)
                    kernel(
                        acc, *_place(stage.region, origin), self._accumulator(stage.depth - 1), self._alpha(stage.depth)
                    )
        store = self._kernels[tile.store]
        store(self._accumulator(0), origin.height, origin.width, self._words, origin.y0, origin.x0)

    def _blend_pixels(self, stage: BlendPixels, origin: Rect, soon: Hint) -> None:
        source, region = stage.source, stage.region
        place, row, column = _place(region, origin), region.y0 - source.y, region.x0 - source.x
        if stage.unite is not None:
            alpha = self._alpha(stage.depth)
            self._kernels[stage.unite](alpha, *place, stage.opacity, source.words, row, column)
        kernel = self._kernels[stage.kernel]
        kernel(self._accumulator(stage.depth), *place, stage.opacity, source.words, row, column, *soon)

    def _blend_planes(self, stage: BlendPlanes, origin: Rect) -> None:
        source = self._accumulator(stage.depth + 1) if stage.grouped else self._planes()
        place = _place(stage.region, origin)
        if stage.unite is not None:
            self._kernels[stage.unite](self._alpha(stage.depth), *place, stage.opacity, source)
        self._kernels[stage.kernel](self._accumulator(stage.depth), *place, stage.opacity, source)

    def _clear(self, stage: Clear, origin: Rect) -> None:
        color = self._background[:, None, None] if stage.depth == 0 else np.float32(0)
        _part(self._accumulator(stage.depth), stage.region, origin)[...] = color

    def _cover(self, stage: Cover, origin: Rect, soon: Hint) -> None:
        acc, source, region = self._accumulator(stage.depth), stage.source, stage.region
        if not isinstance(source, Pixels):
            self._paint(acc, origin, region, source, stage.kernel)
            return
        assert stage.kernel is not None, "pixels are loaded by a kernel"
        row, column = region.y0 - source.y, region.x0 - source.x
        self._kernels[stage.kernel](acc, *_place(region, origin), source.words, row, column, *soon)

    def _copy(self, stage: Copy, origin: Rect) -> None:
        below = _part(self._accumulator(stage.depth - 1), stage.region, origin)
        _part(self._accumulator(stage.depth), stage.region, origin)[...] = below
        if stage.tracked:
            _part(self._alpha(stage.depth), stage.region, origin)[...] = 0

    def _paint(self, planes: Planes, origin: Rect, region: Rect, source: Source, kernel_id: KernelId | None) -> None:
        if isinstance(source, Flat):
            paint.fill(planes, origin, region, source)
            return
        assert kernel_id is not None, "painted by a kernel"
        assert not isinstance(source, Pixels), "blended as they are"
        kernel = self._kernels[kernel_id]
        if isinstance(source, Sloped):
            paint.slope(planes, origin, region, source, kernel)
        else:
            paint.shift(planes, origin, region, source, kernel)

    def _accumulator(self, depth: int) -> Planes:
        while len(self._accumulators) <= depth:
            self._accumulators.append(np.empty(self._shape, np.float32))
        return self._accumulators[depth]

    def _alpha(self, depth: int) -> Planes:
        """The own alpha, (rows, columns), of the tracked group at `depth`."""
        if depth not in self._alphas:
            self._alphas[depth] = np.empty(self._shape[1:], np.float32)
        return self._alphas[depth]

    def _planes(self) -> Planes:
        if self._scratch is None:
            self._scratch = np.empty(self._shape, np.float32)
        return self._scratch


def _place(region: Rect, origin: Rect) -> tuple[int, int, int, int]:
    """Row, column, height and width of `region` in the planes of the tile at `origin`."""
    return region.y0 - origin.y0, region.x0 - origin.x0, region.y1 - region.y0, region.x1 - region.x0


def _part(planes: Planes, region: Rect, origin: Rect) -> Planes:
    y, x, height, width = _place(region, origin)
    return planes[..., y : y + height, x : x + width]


def run(
    work: Sequence[Tile],
    kernels: Kernels,
    background: Planes,
    words: npt.NDArray[np.uint32],
    turns: Callable[[], int],
    stride: int,
) -> None:
    """Run the tiles of `work` whose numbers `turns` hands out, until there are no more; `stride` workers share them."""
    rows = max(tile.region.height for tile in work)
    columns = max(tile.region.width for tile in work)
    worker = Worker(kernels, background, words, rows, columns)
    while (index := turns()) < len(work):
        following = index + stride
        worker.run(work[index], first_hint(work[following]) if following < len(work) else NO_HINT)
