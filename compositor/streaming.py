"""How a picture is made that does not fit into memory: strip by strip, from the top down.

The scene and the plan are `composite`'s, and so are the bytes; only one strip is held at a time. What layers hold is the
caller's to bound: region sources hold nothing.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from compositor import execute
from compositor.execute import TILE_SIDE_PX, Settings
from compositor.limits import CANVAS_SIDE_PX_MAX
from compositor.plan import Tile
from compositor.scene import Scene
from compositor.tree import Color, Node

STRIP_PIXELS = 4_194_304
"""About how many pixels a strip has unless the caller says how many rows: 16 MB of RGBA8, 64 MB of float32, and enough
tiles for threads to share.
"""
_STRIP_ROWS_MIN = 16
"""Fewest rows of a strip unless the caller says so: those of a tile that does not span the canvas."""


def render_strips(
    layers: Sequence[Node],
    *,
    size: tuple[int, int],
    background: Color | None = None,
    dtype: npt.DTypeLike = "uint8",
    space: Literal["encoded", "linear"] = "encoded",
    threads: int | None = None,
    tile: int = TILE_SIDE_PX,
    rows: int | None = None,
) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Composite `layers` strip by strip: yield (y, strip) from the top down, until the canvas is full.

    `strip` is (rows, width, 4) of `dtype`, straight, the rows of the canvas from `y` on, and the caller's own; the last
    one may be lower. Together they are the very bytes that `composite` returns for the same arguments, whatever `rows`
    is; None is about `STRIP_PIXELS` pixels. Sides are up to `CANVAS_SIDE_PX_MAX`, in any product. Beyond the layers
    themselves, memory is that of one strip and of what `composite` takes beyond its result. Raises `CompositorError`
    when it is called, before any work; what a region source raises comes up with the strip that it was read for.
    """
    settings = Settings.of(size, threads, tile, dtype=dtype, space=space, pixels_max=CANVAS_SIDE_PX_MAX**2)
    if rows is None:
        rows = max(_STRIP_ROWS_MIN, STRIP_PIXELS // settings.width)
    height = min(execute.check_whole("rows", rows, 1, CANVAS_SIDE_PX_MAX), settings.height)
    picture = execute.build_scene(layers, settings.width, settings.height, background, linear=settings.linear)
    return _strips(picture, settings, height)


def _strips(picture: Scene, settings: Settings, height: int) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    def number(part: Tile) -> int:
        return part.region.y0 // height

    for index, work in itertools.groupby(settings.plan(picture, rows=height), number):
        top = index * height
        strip = np.empty((min(height, settings.height - top), settings.width, 4), settings.dtype)
        execute.run_tiles(work, picture, strip, settings.threads, top=top)
        yield top, strip
