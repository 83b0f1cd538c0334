"""Which kernels do a plan's stages and sources need? Names only: nothing is compiled here."""

import functools
from collections.abc import Iterator

from compositor.sources import Flat, Mapped, Pixels, Placed, Shifted, Source, Tiled
from compositor.stages import BlendPixels, BlendPlanes, Cover, Extract, KernelId, Linearise, Paint, Tile


def kernels_of(tile: Tile) -> Iterator[KernelId]:
    """Yield the kernels that a tile runs, with repetitions."""
    for stage in tile.stages:
        if (
            isinstance(stage, BlendPixels | BlendPlanes | Cover | Paint | Extract | Linearise)
            and stage.kernel is not None
        ):
            yield stage.kernel
        if isinstance(stage, Cover | Paint):
            yield from reading_kernels(stage.source)
        if isinstance(stage, BlendPixels | BlendPlanes) and stage.unite is not None:
            yield stage.unite
    yield tile.store


@functools.cache
def blending_words(mode: str, opaque: bool) -> KernelId:
    """The kernel that blends a stack of RGBA8 pictures."""
    return KernelId("blend-words", mode, opaque)


def store_kernel(dtype: str, linear: bool, opaque: bool) -> KernelId:
    """RGBA8 has a kernel of its own, to which an opaque picture is worth knowing; halves are stored as float32 first."""
    if dtype == "uint8" and not linear:
        return KernelId("store", opaque=opaque)
    return KernelId("store-linear" if linear else "store-encoded", "float32" if dtype == "float16" else dtype)


def reading_kernels(source: Source) -> Iterator[KernelId]:
    """The kernels that pictures of any format need; what a region source is stored as shows only when it is read."""
    if not isinstance(source, Placed | Mapped | Tiled):
        return
    dtype = source.picture.dtype
    if dtype is not None:
        yield KernelId("read-linear" if source.linear else "read", dtype)
    if isinstance(source, Mapped):
        if source.drawing.axes is not None:
            yield from (KernelId("gather-rows"), KernelId("gather-columns"))
        elif source.drawing.profile is not None:
            yield KernelId("warp")
    elif source.right or source.down:
        yield KernelId("shift-planes")


def paint_kernel(source: Source, *, opaque: bool) -> KernelId | None:
    """The kernel that a painting stage calls; a flat colour needs none, and pictures of any format look up their own."""
    if isinstance(source, Pixels):
        return KernelId("load") if opaque else KernelId("unpack")
    if isinstance(source, Flat | Placed | Mapped | Tiled):
        return None
    if isinstance(source, Shifted):
        return KernelId("shift")
    return KernelId(source.ramp.kind)
