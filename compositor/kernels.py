"""Which kernel a stage runs, and when it compiles: on first use, once a process, from the disk cache if it is there.

`find` is the main path. Importing this module imports numba (0.4 s), so only `execute` imports it, inside its
functions.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from compositor import (
    array_kernels,
    blend_kernels,
    finish_kernels,
    gradient_kernels,
    group_kernels,
    operator_kernels,
    paint_kernels,
    stored_kernels,
)
from compositor.blend_kernels import Kernel
from compositor.gradient import DITHER
from compositor.kernel_shelf import Shelf
from compositor.plan import KernelId
from compositor.stages import STACK_MAX

_ARRAY_KERNELS: dict[str, tuple[str, bool]] = {
    "read": ("read", False),
    "read-linear": ("read", True),
    "store-encoded": ("store", False),
    "store-linear": ("store", True),
    "shift-planes": ("shift-planes", False),
    "gather-rows": ("gather-rows", False),
    "gather-columns": ("gather-columns", False),
    "warp": ("warp", False),
}
"""Kernels that operations on arrays run, too: their names in `array_kernels`, and whether they work in linear light."""


def find(kernel_id: KernelId) -> Kernel:
    """Return the kernel of `kernel_id`, ready to run; see `Shelf.find`."""
    if kernel_id.stage in _ARRAY_KERNELS:
        name, linear = _ARRAY_KERNELS[kernel_id.stage]
        return array_kernels.find(name, kernel_id.mode, linear=linear)
    return _SHELF.find(kernel_id)


def loaded() -> dict[KernelId, Kernel]:
    """Return the kernels that this process has made ready so far."""
    return _SHELF.loaded()


def _make(kernel_id: KernelId, *, on_disk: bool) -> Kernel:
    stage, mode, opaque = kernel_id
    if stage in gradient_kernels.PLACES:
        return gradient_kernels.paint_gradient(stage, on_disk=on_disk)
    makers: dict[str, Callable[[], Kernel]] = {
        "blend-words": lambda: blend_kernels.blend_words(mode, opaque=opaque, on_disk=on_disk),
        "blend-planes": lambda: blend_kernels.blend_planes(mode, opaque=opaque, on_disk=on_disk),
        "compose": lambda: operator_kernels.compose(mode, on_disk=on_disk),
        "blend-filled": lambda: finish_kernels.blend_filled(mode, on_disk=on_disk),
        "unpack": lambda: finish_kernels.unpack(on_disk=on_disk),
        "mix-back": lambda: group_kernels.mix_back(on_disk=on_disk),
        "extract": lambda: group_kernels.extract(on_disk=on_disk),
        "unite-words": lambda: group_kernels.unite_words(on_disk=on_disk),
        "unite-planes": lambda: group_kernels.unite_planes(on_disk=on_disk),
        "load": lambda: paint_kernels.load(on_disk=on_disk),
        "shift": lambda: paint_kernels.shift(on_disk=on_disk),
        "linearise": lambda: stored_kernels.linearise(on_disk=on_disk),
        "store": lambda: paint_kernels.store(opaque=opaque, on_disk=on_disk),
    }
    return makers[stage]()


def _nothing(kernel_id: KernelId) -> tuple[Any, ...]:
    """Arguments of the types that a stage passes, over a region without pixels."""
    planes = np.zeros((4, 1, 1), np.float32)
    words = np.zeros((1, 1), np.uint32)
    target = np.zeros((1, 1), np.uint32)
    words.flags.writeable = False
    region, opacity, line = (0, 0, 0, 0), np.float32(1), planes[0, 0]
    gradient = (
        0.0,
        0.0,
        (0.0, 0.0, 0.0, 0.0),
        np.zeros(1),
        np.zeros((1, 4), np.float32),
        line,
        line,
        False,
        0,
        0,
        DITHER,
    )
    examples: dict[str, tuple[Any, ...]] = {
        **dict.fromkeys(gradient_kernels.PLACES, (planes, *region, *gradient)),
        "blend-words": (planes, *region, line, (words,) * STACK_MAX, np.zeros((0, 2), np.int64)),
        "blend-planes": (planes, *region, opacity, planes),
        "compose": (np.zeros((4, 0), np.float32), True, np.zeros((4, 0), np.float32), np.zeros(9, np.float32)),
        "blend-filled": (planes, *region, opacity, opacity, planes),
        "unpack": (planes, *region, words, 0, 0),
        "mix-back": (planes, *region, opacity, planes),
        "extract": (planes, *region, planes, planes[0]),
        "unite-words": (planes[0], *region, opacity, words, 0, 0),
        "unite-planes": (planes[0], *region, opacity, planes),
        "load": (planes, *region, words, 0, 0),
        "shift": (planes, *region, words, 0, 0, opacity, opacity, np.zeros((2, 4, 1), np.float32)),
        "linearise": (planes, *region),
        "store": (planes, 0, 0, target, 0, 0),
    }
    return examples[kernel_id.stage]


_SHELF = Shelf[KernelId](_make, _nothing)
