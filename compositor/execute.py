"""How a picture is made: `composite` checks the tree, plans its tiles and runs the stages on threads.

The main path is `composite` -> `scene.build` -> `plan.plan` -> `Worker.run`. Kernels release the GIL. No result
depends on `threads` or `tile`. Importing this imports no numba; looking up the first kernel does, in `_find`, and so
does a scene with a feathered mask.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from compositor import formats, plan, scene, strips
from compositor.canvas import check_size
from compositor.errors import ChoiceError, NumberError
from compositor.limits import CANVAS_PIXELS_MAX, CANVAS_SIDE_PX_MAX, TILE_SIDE_PX_MAX, TILE_SIDE_PX_MIN
from compositor.plan import KernelId, Tile
from compositor.rect import STRIP_SQUARES
from compositor.tree import Color, Node, check_depth, check_nodes
from compositor.worker import Target, Worker

SPACES = ("encoded", "linear")
"""In which values pictures are blended."""
TILE_SIDE_PX = 256
"""Default tile: the four planes of two take 2 MiB, most of which stays in the second-level cache of current cores."""


def composite(
    layers: Sequence[Node],
    *,
    size: tuple[int, int],
    background: Color | None = None,
    dtype: npt.DTypeLike = "uint8",
    space: Literal["encoded", "linear"] = "encoded",
    threads: int | None = None,
    tile: int = TILE_SIDE_PX,
) -> npt.NDArray[Any]:
    """Composite `layers`, listed from the bottom up, and return (height, width, 4) of `dtype`, straight alpha, which the
    caller owns.

    `size` is (width, height). `background` is (r, g, b) or (r, g, b, a), straight, 0 to 1, encoded sRGB; None is
    transparent. `dtype` is uint8, uint16, float16 or float32; integers are rounded to the nearest step, halves up, and
    floats are 0 to 1. Where alpha is 0, so are red, green and blue. Between layers nothing is rounded.

    In the `space` "encoded" the values of encoded sRGB are blended, as most programs do. In "linear" the background and
    all that layers paint is the same, but brought to linear light before it is blended, and the result is encoded
    again; pictures that lie between pixels or are mapped are weighed in linear light, too, and blend-if looks at it.

    `threads` of None is one for each CPU; a thread works on `tile`² * 2 pixels at a time. Neither changes a byte. Raises
    `CompositorError` before any work, and what a region source raises when it is read. Beyond the result it takes
    `tile`² * 32 bytes for each thread and level of groups, and for pictures other than RGBA8 at whole pixels some 20 MB
    for each thread.
    """
    settings = Settings.of(size, threads, tile, dtype=dtype, space=space)
    picture = build_scene(layers, settings.width, settings.height, background, linear=settings.linear)
    pixels = settings.canvas()
    run_tiles(settings.plan(picture), picture, pixels, settings.threads)
    return pixels


class Settings(NamedTuple):
    """How a picture is made, checked: canvas in pixels, format, whether in linear light, threads, side of a tile.

    There are never more threads than tiles.
    """

    width: int
    height: int
    dtype: str
    linear: bool
    threads: int
    tile: int

    @classmethod
    def of(
        cls,
        size: tuple[int, int],
        threads: int | None,
        tile: int,
        *,
        dtype: npt.DTypeLike = "uint8",
        space: str = "encoded",
        pixels_max: int = CANVAS_PIXELS_MAX,
    ) -> Self:
        """Check what a caller asked for; raise `NumberError`, `ChoiceError`, `CanvasSizeError`."""
        tile = check_whole("tile", tile, TILE_SIDE_PX_MIN, TILE_SIDE_PX_MAX)
        width, height = check_size(size, pixels_max=pixels_max)
        stored = formats.dtype_named("dtype", dtype).name
        pieces = -(-width * height // (STRIP_SQUARES * tile * tile))
        return cls(width, height, stored, _is_linear(space), min(strips.check_threads(threads), pieces), tile)

    def canvas(self) -> npt.NDArray[Any]:
        """Return an array for the whole canvas."""
        return np.empty((self.height, self.width, 4), self.dtype)

    def plan(self, picture: scene.Scene, *, square: bool = False, rows: int | None = None) -> Iterator[Tile]:
        """Yield the tiles of a picture; see `plan.plan`."""
        return plan.plan(picture, self.tile, square=square, dtype=self.dtype, rows=rows)


class _Kernels(dict[KernelId, Callable[..., None]]):
    """The kernels of a picture, each made ready when the first tile asks for it."""

    def __missing__(self, kernel_id: KernelId) -> Callable[..., None]:
        kernel = self[kernel_id] = _find(kernel_id)
        return kernel


def run_tiles(
    work: Iterable[Tile], picture: scene.Scene, pixels: npt.NDArray[Any], threads: int, *, top: int = 0
) -> None:
    """Draw the tiles of `work` into `pixels`, (rows, width, 4), the rows of the canvas from `top` on; the rest is left.

    Tiles are planned as threads ask for them, while other threads are at work.
    """
    kernels, target = _Kernels(), Target(pixels, top)
    strips.share(work, lambda: Worker(kernels, picture.background, target).run, threads)


def required_kernels(
    layers: Sequence[Node],
    background: Color | None = None,
    *,
    size: tuple[int, int] | None = None,
    dtype: npt.DTypeLike = "uint8",
    space: Literal["encoded", "linear"] = "encoded",
) -> tuple[KernelId, ...]:
    """Return the kernels that `composite` runs for this tree at the default tile, each once, in the order of first use.

    Without `size` the canvas is the smallest from (0, 0) that shows all layers of known size. What region sources are
    stored as is not known before they are read: the kernel that reads them is left out. Raises `CompositorError`.
    """
    nodes = check_nodes("layers", layers)
    check_depth(nodes)
    settings = Settings.of(_extent(nodes) if size is None else size, 1, TILE_SIDE_PX, dtype=dtype, space=space)
    return _distinct(
        list(settings.plan(build_scene(nodes, settings.width, settings.height, background, linear=settings.linear)))
    )


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


def build_scene(
    layers: Sequence[Node], width: int, height: int, background: Color | None, *, linear: bool = False
) -> scene.Scene:
    """Check a tree and make its scene. Raises `TreeError`, `ColorError`, `MatrixError`."""
    nodes = check_nodes("layers", layers)
    check_depth(nodes)
    assert sys.byteorder == "little", "pixels are read as little-endian words"
    return scene.build(nodes, width, height, background, linear=linear)


def check_whole(field: str, value: int, low: int, high: int) -> int:
    """Return `value`; raise `NumberError` unless it is a whole number from `low` to `high`."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not low <= value <= high:
        raise NumberError(field, value, low, high)
    return int(value)


def _is_linear(space: str) -> bool:
    if space not in SPACES:
        raise ChoiceError("space", space, SPACES)
    return space == "linear"


def _distinct(work: Sequence[Tile]) -> tuple[KernelId, ...]:
    return tuple(dict.fromkeys(kernel_id for tile in work for kernel_id in plan.kernels_of(tile)))


def _extent(nodes: Sequence[Node]) -> tuple[int, int]:
    """The far corner of everything whose size is known, cut to what a canvas may be."""
    right, bottom = scene.reach(nodes)
    width = min(max(1, right), CANVAS_SIDE_PX_MAX)
    return width, min(max(1, bottom), CANVAS_SIDE_PX_MAX, CANVAS_PIXELS_MAX // width)
