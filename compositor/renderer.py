"""A picture that is drawn again and again while little of it changes: `Renderer` keeps it and draws only what differs.

Main path: `Renderer.render`. The plan of a tile says all that its pixels depend on, so a tile whose plan equals the one it was
last drawn by is left alone. Arrays are compared by where they lie in memory, and region sources by being the same object, not by
content: comparing contents would read all the pixels that it is meant not to read.
"""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from compositor import execute
from compositor.execute import TILE_SIDE_PX, Settings
from compositor.plan import Stage, Tile
from compositor.readers import Regions
from compositor.rect import Rect
from compositor.scene import Scene
from compositor.sources import Mapped, Source
from compositor.stages import Attenuate, BlendPixels, Mix
from compositor.tree import Color, Node

Key = tuple[Any, ...]
SOURCES = get_args(Source)

_SMALL = 64
"""Elements of an array that is compared by content: colours and the stops of gradients, not pictures."""


class Renderer:
    """Draws trees onto one canvas, keeping the tiles that did not change since the last one.

    Pixels of a layer must not be written between two renders: hand over a new array, or call `forget`. One thread at a time.
    `tiles_drawn` tells how many tiles the last render drew, of `tiles`.
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        background: Color | None = None,
        dtype: npt.DTypeLike = "uint8",
        space: Literal["encoded", "linear"] = "encoded",
        threads: int | None = None,
        tile: int = TILE_SIDE_PX,
    ) -> None:
        """Take the same arguments as `composite`, with the same meaning and errors; keeps one picture of `size`."""
        self._settings = Settings.of(size, threads, tile, dtype=dtype, space=space)
        self._background = background
        self._pixels = self._settings.canvas()
        self._pixels[...] = 0
        self._keys: dict[Rect, Key] = {}
        self._drawn_from: Scene | None = None
        self.tiles = 0
        self.tiles_drawn = 0

    def render(self, layers: Sequence[Node]) -> npt.NDArray[Any]:
        """Return the picture of `layers`, (height, width, 4) straight of the dtype asked for: the very bytes that `composite` returns.

        A read-only view of what the renderer keeps: the next render changes it. Raises `CompositorError` before any work, and
        leaves the picture as it was.
        """
        settings = self._settings
        picture = execute.build_scene(layers, settings.width, settings.height, self._background, linear=settings.linear)
        work = list(settings.plan(picture, square=True))
        spell = _Keys()
        keys = {tile.region: spell.of(tile) for tile in work}
        changed = [tile for tile in work if self._keys.get(tile.region) != keys[tile.region]]
        self._keys = {}  # should drawing fail half-way, nothing is believed
        execute.run_tiles(changed, picture, self._pixels, settings.threads)
        self._keys = keys
        # Keys name arrays by address: as long as the arrays live, no other can have it.
        self._drawn_from = picture
        self.tiles, self.tiles_drawn = len(work), len(changed)
        view = self._pixels.view()
        view.flags.writeable = False
        return view

    def forget(self) -> None:
        """Draw everything anew next time."""
        self._keys = {}


class _Keys:
    """Spells plans so that they can be compared: small arrays by content, pictures by place. For the plans of one scene."""

    def __init__(self) -> None:
        self._sources: dict[int, Key] = {}

    def of(self, tile: Tile) -> Key:
        """Return what the pixels of `tile` depend on."""
        return tile.store, tuple(self._stage(stage) for stage in tile.stages)

    def _stage(self, stage: Stage) -> Key:
        # Sources are tuples, too, and but for masks the only parts of a stage that hold arrays; many tiles share one.
        if isinstance(stage, Attenuate | Mix):
            return type(stage).__name__, *(_spelled(part) for part in stage)
        if isinstance(stage, BlendPixels):
            return type(stage).__name__, *stage[:-2], *map(self._source, stage.stack), stage.opacities
        return type(stage).__name__, *(self._source(part) if isinstance(part, SOURCES) else part for part in stage)

    def _source(self, source: Source) -> Key:
        found = self._sources.get(id(source))
        if found is None:
            found = self._sources[id(source)] = _spelled(source)
        return found


def _spelled(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.size <= _SMALL:
            return value.dtype.str, value.shape, value.tobytes()
        return value.dtype.str, value.shape, value.strides, value.__array_interface__["data"][0]
    if isinstance(value, Regions):
        return "Regions", id(value.source), value.width, value.height
    if isinstance(value, Mapped):  # what is made ready of a map follows from these
        return "Mapped", _spelled(value.picture), value.drawing.affine, value.drawing.filter, value.linear
    if isinstance(value, tuple):
        return type(value).__name__, *map(_spelled, value)
    return value
