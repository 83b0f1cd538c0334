"""How a picture is made: `composite` checks the tree, plans its tiles and runs the stages on threads.

The main path is `composite` -> `scene.build` -> `plan.plan` -> `worker.run`. Kernels release the GIL. No result
depends on `threads` or `tile`. numba is imported when the first kernel is looked up, in `_find`, and nowhere else.
"""

import itertools
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from compositor import plan, scene, strips, worker
from compositor.errors import NumberError
from compositor.limits import CANVAS_PIXELS_MAX, CANVAS_SIDE_PX_MAX, TILE_SIDE_PX_MAX, TILE_SIDE_PX_MIN
from compositor.plan import KernelId, Tile
from compositor.tree import Color, Node, check_depth, check_nodes, check_size
from compositor.worker import Kernels

TILE_SIDE_PX = 256
"""Default tile: its four planes take 1 MiB, which stays in the second-level cache of current cores."""


def composite(
    layers: Sequence[Node],
    *,
    size: tuple[int, int],
    background: Color | None = None,
    threads: int | None = None,
    tile: int = TILE_SIDE_PX,
) -> npt.NDArray[np.uint8]:
    """Composite `layers`, listed from the bottom up, and return (height, width, 4) uint8, straight alpha, which the
    caller owns.

    `size` is (width, height). `background` is (r, g, b) or (r, g, b, a), straight, 0 to 1, encoded sRGB; None is
    transparent. Where alpha is 0, so are red, green and blue. `threads` of None is one for each CPU; `tile` is the
    side in pixels of the square whose area a thread works on at a time. Neither changes a byte. Between layers
    nothing is rounded to 8 bit. Raises `CompositorError` before any work. Beyond the result it takes `tile`² * 16
    bytes for each thread and level of groups.
    """
    settings = Settings.of(size, threads, tile)
    picture = build_scene(layers, settings.width, settings.height, background)
    pixels = np.empty((settings.height, settings.width, 4), np.uint8)
    run_tiles(list(plan.plan(picture, settings.tile)), picture, pixels, settings.threads)
    return pixels


class Settings(NamedTuple):
    """How a picture is made, checked: canvas in pixels, number of threads, side of a tile."""

    width: int
    height: int
    threads: int
    tile: int

    @classmethod
    def of(cls, size: tuple[int, int], threads: int | None, tile: int) -> Self:
        """Check what a caller asked for; raise `NumberError`, `CanvasSizeError`."""
        tile = _whole("tile", tile, TILE_SIDE_PX_MIN, TILE_SIDE_PX_MAX)
        return cls(*check_size(size), strips.check_threads(threads), tile)


def run_tiles(work: Sequence[Tile], picture: scene.Scene, pixels: npt.NDArray[np.uint8], threads: int) -> None:
    """Draw the tiles of `work` into `pixels` (height, width, 4) of the whole canvas; the rest of it is left as it is."""
    if work:
        kernels = {kernel_id: _find(kernel_id) for kernel_id in _distinct(work)}
        _run(work, kernels, picture.background, pixels.view(np.uint32)[:, :, 0], min(threads, len(work)))


def required_kernels(
    layers: Sequence[Node], background: Color | None = None, *, size: tuple[int, int] | None = None
) -> tuple[KernelId, ...]:
    """Return the kernels that `composite` runs for this tree at the default tile, each once, in the order of first use.

    Without `size` the canvas is the smallest from (0, 0) that shows all layers of known size. Raises `CompositorError`.
    """
    nodes = check_nodes("layers", layers)
    check_depth(nodes)
    width, height = check_size(size) if size is not None else _extent(nodes)
    return _distinct(list(plan.plan(build_scene(nodes, width, height, background), TILE_SIDE_PX)))


def compile_kernels(ids: Sequence[KernelId], on_done: Callable[[KernelId], None] | None = None) -> None:
    """Make kernels ready, from the disk cache where they are in it, calling `on_done` after each.

    About 0.5 s each when not.
    """
    for kernel_id in ids:
        _find(kernel_id)
        if on_done is not None:
            on_done(kernel_id)


def _find(kernel_id: KernelId) -> Callable[..., None]:
    from compositor import kernels  # here and nowhere else: importing numba takes 0.4 s, and most commands need none

    return kernels.find(kernel_id)


def build_scene(layers: Sequence[Node], width: int, height: int, background: Color | None) -> scene.Scene:
    """Check a tree and make its scene. Raises `TreeError`, `ColorError`."""
    nodes = check_nodes("layers", layers)
    check_depth(nodes)
    assert sys.byteorder == "little", "pixels are read as little-endian words"
    return scene.build(nodes, width, height, background)


def _distinct(work: Sequence[Tile]) -> tuple[KernelId, ...]:
    return tuple(dict.fromkeys(kernel_id for tile in work for kernel_id in plan.kernels_of(tile)))


def _whole(field: str, value: int, low: int, high: int) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not low <= value <= high:
        raise NumberError(field, value, low, high)
    return int(value)


def _extent(nodes: Sequence[Node]) -> tuple[int, int]:
    """The far corner of everything whose size is known, cut to what a canvas may be."""
    right, bottom = scene.reach(nodes)
    width = min(max(1, right), CANVAS_SIDE_PX_MAX)
    return width, min(max(1, bottom), CANVAS_SIDE_PX_MAX, CANVAS_PIXELS_MAX // width)


def _run(
    work: Sequence[Tile],
    kernels: Kernels,
    background: npt.NDArray[np.float32],
    words: npt.NDArray[np.uint32],
    threads: int,
) -> None:
    numbers = itertools.count()

    def drain() -> None:
        # Taking the next number is one bytecode of C code, so no two threads get the same one.
        worker.run(work, kernels, background, words, numbers.__next__)

    if threads == 1:
        drain()
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="compositor") as pool:
        for task in [pool.submit(drain) for _ in range(threads)]:
            task.result()
