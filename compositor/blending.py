"""How two arrays are blended with each other: `blend` checks them, and takes them through one kernel block by block.

It is for two pictures of one size, of any accepted dtype, and for operators other than source-over; whole trees of
layers are `execute.composite`'s. Runs on the caller's thread; the kernel releases the GIL.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from compositor import formats
from compositor.errors import ArrayError, BlendModeError, OperatorError, SizeMismatchError
from compositor.execute import composite
from compositor.finish_planes import noise
from compositor.formats import Planes, Stored
from compositor.limits import CANVAS_PIXELS_MAX, CANVAS_SIDE_PX_MAX
from compositor.modes import BLEND_MODES, DISSOLVE
from compositor.operators import OPERATORS, factors
from compositor.plan import KernelId
from compositor.ranges import check_number
from compositor.rect import Rect
from compositor.tree import Layer

BLOCK_PIXELS = 32_768
"""Pixels taken through the kernel at a time: their planes, 1 MiB for both pictures, stay in the second-level cache."""


def blend(
    backdrop: Stored,
    source: Stored,
    mode: str = "normal",
    operator: str = "source-over",
    opacity: float = 1.0,
    mask: Stored | None = None,
    out: Stored | None = None,
    *,
    premultiplied: bool = False,
) -> npt.NDArray[Any]:
    """Blend `source` onto `backdrop` with `mode`, compose them by `operator`, and return (height, width, 4) in the
    backdrop's dtype.

    Both are (height, width, 4), or 3 without alpha, 2 for gray and alpha, 1 or (height, width) for gray; uint8,
    uint16, float16 or float32, each its own; any strides. Floats are 0 to 1, and what lies outside is cut. `mode` is
    one of `BLEND_MODES`, `operator` one of `OPERATORS`; the source is blended first and composed then (W3C Compositing
    Level 1, section 5). The source's alpha is multiplied by `opacity`, 0 to 1, and by `mask`, (height, width) of any
    of the dtypes. With `premultiplied` both arrays and the result have premultiplied colour, and colour that exceeds
    its alpha is cut to it; else all are straight. Where the result's alpha is 0, so are its colours. "dissolve" looks
    up its noise (seed 0) at the pixel's place in the arrays.

    `out`, of the result's shape and dtype, is filled and returned; it may share memory with any input. Without it the
    result is the caller's own. Integers are rounded to the nearest step, halves up. For uint8, source-over gives what
    `composite` gives, bit for bit. Float colour of a straight backdrop enters the mode unrounded. Raises
    `CompositorError` before any work. Takes 2 MiB beyond the result, and as much as the result again when `out`
    overlaps an input.
    """
    weight = _check(backdrop, source, mode, operator, opacity)
    height, width = size = backdrop.shape[:2]
    if mask is not None:
        _check_mask(mask, size)
    if out is not None:
        _check_result(out, size, backdrop.dtype)
    inputs = [array for array in (backdrop, source, mask) if array is not None]
    apart = out is not None and not any(np.may_share_memory(out, array) for array in inputs)
    if _composes_as_layers(backdrop, source) and operator == "source-over" and mask is None and not premultiplied:
        layers = (Layer(backdrop), Layer(source, blend=mode, opacity=float(weight)))
        result, apart = composite(layers, size=(width, height), threads=1), False
    else:
        result = out if out is not None and apart else np.empty((height, width, 4), backdrop.dtype)
        _run(backdrop, source, mask, result, mode, factors(operator), weight, premultiplied)
    if out is None or apart:
        return result
    out[...] = result
    return out


def _check(backdrop: object, source: object, mode: object, operator: object, opacity: object) -> np.float32:
    """Raise `CompositorError` for what cannot be blended; return the opacity."""
    if not isinstance(mode, str) or mode not in BLEND_MODES:
        raise BlendModeError(mode, BLEND_MODES)
    if not isinstance(operator, str) or operator not in OPERATORS:
        raise OperatorError(operator, OPERATORS)
    weight = np.float32(check_number("opacity", opacity, 0, 1))
    below, above = formats.shaped("backdrop", backdrop), formats.shaped("source", source)
    formats.check_finite("backdrop", below)
    formats.check_finite("source", above)
    _check_size("source", above, below.shape[:2])
    return weight


def _check_mask(mask: object, size: tuple[int, int]) -> None:
    if not isinstance(mask, np.ndarray) or mask.ndim != 2 or not formats.is_known(mask.dtype):
        dtypes = "uint8, uint16, float16 or float32"
        raise ArrayError("mask", formats.told(mask), f"a NumPy array of shape (height, width) and dtype {dtypes}")
    _check_size("mask", mask, size)
    formats.check_finite("mask", mask)


def _check_result(out: object, size: tuple[int, int], dtype: np.dtype[Any]) -> None:
    shape = (*size, 4)
    if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != dtype or not out.flags.writeable:
        state = ", read-only" if isinstance(out, np.ndarray) and not out.flags.writeable else ""
        needed = f"a writable NumPy array of shape {shape} and dtype {dtype}"
        raise ArrayError("out", formats.told(out) + state, needed)


def _check_size(field: str, pixels: Stored, size: tuple[int, ...]) -> None:
    if pixels.shape[:2] != size:
        raise SizeMismatchError(field, (pixels.shape[0], pixels.shape[1]), size)


def _composes_as_layers(backdrop: Stored, source: Stored) -> bool:
    """Whether both are pictures that `composite` takes: same bytes, an eighth of the time, since its kernels read and
    write 8-bit pixels themselves.
    """
    height, width = backdrop.shape[:2]
    fits = min(height, width) > 0 and max(height, width) <= CANVAS_SIDE_PX_MAX and height * width <= CANVAS_PIXELS_MAX
    return fits and all(array.dtype == np.uint8 and array.shape[2:] == (4,) for array in (backdrop, source))


def _run(
    backdrop: Stored,
    source: Stored,
    mask: Stored | None,
    result: Stored,
    mode: str,
    numbers: npt.NDArray[np.float32],
    opacity: np.float32,
    premultiplied: bool,
) -> None:
    from compositor import kernels  # here, because importing numba takes 0.4 s and most commands need none

    kernel = kernels.find(KernelId("compose", "normal" if mode == DISSOLVE else mode))
    # An 8-bit backdrop is premultiplied first, as a tile holds it, so that results equal those of `composite`. Finer
    # ones enter the mode straight: the detour would cost them their last bits where a mode is steep.
    held = premultiplied or backdrop.dtype == np.uint8
    below, above = formats.shaped("backdrop", backdrop), formats.shaped("source", source)
    for part in _blocks(result.shape[0], result.shape[1]):
        acc = _backdrop(below[part], held, premultiplied)
        planes = formats.straight(above[part], opacity, premultiplied=premultiplied)
        if mask is not None:
            planes[3] *= formats.unpack(mask[part][:, :, None])[0]
        if mode == DISSOLVE:
            rows, columns = part
            planes[3] = planes[3] > noise(Rect(columns.start, rows.start, columns.stop, rows.stop), 0)
        kernel(acc.reshape(4, -1), held, planes.reshape(4, -1), numbers)
        formats.pack(acc, result[part], premultiplied=premultiplied)


def _backdrop(pixels: Stored, held: bool, premultiplied: bool) -> Planes:
    if not held:
        return formats.straight(pixels, np.float32(1), premultiplied=False)
    planes = np.empty((4, *pixels.shape[:2]), np.float32)
    formats.read(pixels, planes, premultiplied=premultiplied)
    return planes


def _blocks(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Cut a picture into blocks of at most `BLOCK_PIXELS`: whole rows, or parts of a row that is longer."""
    columns = max(1, min(width, BLOCK_PIXELS))
    rows = max(1, BLOCK_PIXELS // columns)
    for y in range(0, height, rows):
        for x in range(0, width, columns):
            yield slice(y, min(y + rows, height)), slice(x, min(x + columns, width))
