"""How are 16-bit pixels put through a matrix between two curves? The compiled loop of colour.py, in whole numbers."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled
from compositor.kernel_shelf import Shelf
from engines.image_core.png_kernels import read_only

__all__ = ["find", "read_only"]

_MATRIX_BITS = 28
_BIN_BITS = 18
"""Of light below a bin's start: 30 bits of light in 4,096 bins."""

Table = npt.NDArray[np.int64]


class _ColourKernel(NamedTuple):
    name: str


def find(name: str) -> Any:
    """Return the kernel `convert`, ready to run; see `compositor.kernel_shelf.Shelf.find`."""
    return _SHELF.find(_ColourKernel(name))


def _convert(*, on_disk: bool) -> Any:
    """Return the kernel that converts pixels.

    `kernel(pixels, light, matrix, bounds, bins, out)`: `pixels` and `out` are (h, w, 4) uint16 straight, the tables those of
    `colour.Tables`. Light out of range becomes the nearest code. Alpha is copied.
    """

    def convert(
        pixels: npt.NDArray[np.uint16],
        light: Table,
        matrix: Table,
        bounds: Table,
        bins: Table,
        out: npt.NDArray[np.uint16],
    ) -> None:
        half = 1 << (_MATRIX_BITS - 1)
        for y in range(pixels.shape[0]):
            for x in range(pixels.shape[1]):
                red, green, blue = light[pixels[y, x, 0]], light[pixels[y, x, 1]], light[pixels[y, x, 2]]
                for k in range(3):
                    mixed = matrix[k, 0] * red + matrix[k, 1] * green + matrix[k, 2] * blue + half
                    found = max(mixed >> _MATRIX_BITS, 0)
                    place = min(found >> _BIN_BITS, bins.size - 2)
                    low, high = bins[place], bins[place + 1]
                    while low < high:
                        middle = (low + high) >> 1
                        if bounds[middle] <= found:
                            low = middle + 1
                        else:
                            high = middle
                    out[y, x, k] = low
                out[y, x, 3] = pixels[y, x, 3]

    return compiled(convert, on_disk=on_disk)


def _make(_wanted: _ColourKernel, *, on_disk: bool) -> Any:
    return _convert(on_disk=on_disk)


def _nothing(_wanted: _ColourKernel) -> tuple[Any, ...]:
    nothing, table = np.zeros((0, 1, 4), np.uint16), np.zeros(1, np.int64)
    return read_only(nothing), table, np.zeros((3, 3), np.int64), table, np.zeros(2, np.int64), nothing


_SHELF = Shelf[_ColourKernel](_make, _nothing)
