"""Which kernel an operation on arrays runs, and when it compiles: on first use, once a process, from the disk cache.

The counterpart of `kernels` for what needs no plan: formats, resampling, blurs. Importing this module imports numba,
so callers import it inside the functions that draw.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compositor import blur_kernels, format_kernels, resample_kernels, stored_kernels, warp_kernels
from compositor.blend_kernels import Kernel
from compositor.kernel_shelf import Shelf


class ArrayKernel(NamedTuple):
    """One kernel: its name, the dtype of stored pixels where it touches them, and whether it works in linear light."""

    name: str
    dtype: str = ""
    linear: bool = False


def find(name: str, dtype: "np.dtype[Any] | str" = "", *, linear: bool = False) -> Kernel:
    """Return the kernel of this name, ready to run; see `Shelf.find`."""
    return _SHELF.find(ArrayKernel(name, str(dtype), linear))


def loaded() -> dict[ArrayKernel, Kernel]:
    """Return the kernels that this process has made ready so far."""
    return _SHELF.loaded()


def _make(wanted: ArrayKernel, *, on_disk: bool) -> Kernel:
    match wanted.name:
        case "read" | "read-straight":
            straight, half = wanted.name != "read", wanted.dtype == "float16"
            return stored_kernels.read(linear=wanted.linear, straight=straight, half=half, on_disk=on_disk)
        case "store":
            whole = wanted.dtype != "float32"
            return stored_kernels.store(linear=wanted.linear, whole=whole, on_disk=on_disk)
        case "shift-planes":
            return stored_kernels.shift_planes(on_disk=on_disk)
        case "unpack":
            return format_kernels.unpack(linear=wanted.linear, on_disk=on_disk)
        case "pack":
            whole = wanted.dtype != "float32"
            return format_kernels.pack(linear=wanted.linear, whole=whole, on_disk=on_disk)
        case "pack-words":
            return format_kernels.pack_words(linear=wanted.linear, on_disk=on_disk)
        case "gather-rows":
            return resample_kernels.gather_rows(on_disk=on_disk)
        case "gather-columns":
            return resample_kernels.gather_columns(on_disk=on_disk)
        case "box-rows":
            return blur_kernels.box_rows(on_disk=on_disk)
        case "warp":
            return warp_kernels.warp(on_disk=on_disk)
    raise AssertionError(f"{wanted.name} is no kernel")


def _nothing(wanted: ArrayKernel) -> tuple[Any, ...]:
    """Arguments of the types that callers pass, over pictures without pixels."""
    planes, line = np.zeros((1, 0, 1), np.float32), np.zeros(1, np.float32)
    table = np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros((1, 1), np.float32)
    bits = "uint16" if wanted.dtype == "float16" else wanted.dtype or "uint8"
    stored = np.zeros((0, 1, 1), bits)
    one = np.float32(1)
    lanes = np.zeros((1, resample_kernels.LANES), np.float32), np.zeros((2, resample_kernels.LANES), np.float32)
    lines, four = read_only(np.zeros((0, 4), bits)), np.zeros((4, 0, 1), np.float32)
    examples: dict[str, tuple[Any, ...]] = {
        "read": (lines, 4, one, one, one, False, four, 0, 0),
        "read-straight": (lines, 4, one, one, one, False, four, 0, 0),
        "store": (four, 0, 0, one, False, np.zeros((0, 4), bits), 0, 0),
        "shift-planes": (four, 0, 0, 0, 0, four, one, one),
        "unpack": (read_only(stored), one, False, planes),
        "pack": (planes, one, False, stored),
        "pack-words": (np.zeros((4, 0, 1), np.float32), False, np.zeros((0, 1), np.uint32)),
        "gather-rows": (planes, 0, *table, 0, planes, line),
        "gather-columns": (planes, 0, *table, planes, *lanes),
        "box-rows": (np.zeros((0, 1, 1), np.float32), 0, 0.0, False, planes, np.zeros(1)),
        "warp": warp_kernels.nothing(),
    }
    return examples[wanted.name]


def read_only(stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return a view that cannot be written, the only kind that `unpack` is compiled for."""
    view = stored.view()
    view.flags.writeable = False
    return view


_SHELF = Shelf[ArrayKernel](_make, _nothing)
