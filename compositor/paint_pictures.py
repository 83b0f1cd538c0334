"""How pictures of any format fill planes: at a place, through a map, or repeated over a box.

Planes are (4, rows, columns) float32 premultiplied, whose first row and column lie on `origin` of the canvas.
"""

import numpy as np
import numpy.typing as npt

from compositor import formats, mapping, readers
from compositor.coverage import coverage
from compositor.formats import Planes
from compositor.readers import Reader
from compositor.rect import Rect
from compositor.sources import Mapped, Placed, Tiled


def place(planes: Planes, origin: Rect, region: Rect, source: Placed) -> None:
    """Fill `region` with a picture at its place, or moved on by fractions of a pixel."""
    box = _moved(region, -source.x, -source.y)
    if source.right or source.down:
        padded = readers.planes(source.picture, Rect(box.x0 - 1, box.y0 - 1, box.x1, box.y1), linear=source.linear)
        _shift(planes, origin, region, padded, source.right, source.down)
    else:
        at = region.y0 - origin.y0, region.x0 - origin.x0
        formats.read(source.picture.read(box), planes, *at, linear=source.linear)


def draw(planes: Planes, origin: Rect, region: Rect, source: Mapped) -> None:
    """Fill `region`, which lies inside the drawing's window, with a picture drawn through a map."""

    def fetch(box: Rect) -> Planes:
        return readers.planes(source.picture, box, linear=source.linear)

    for part in mapping.pieces(source.drawing, region):
        y, x = part.y0 - origin.y0, part.x0 - origin.x0
        planes[:, y : y + part.height, x : x + part.width] = mapping.draw(source.drawing, fetch, part)


def tile(planes: Planes, origin: Rect, region: Rect, source: Tiled) -> None:
    """Fill `region` with a picture that repeats, the edges of its box with the coverage that they have."""
    box = _moved(region, -source.x, -source.y)
    y, x = region.y0 - origin.y0, region.x0 - origin.x0
    target = planes[:, y : y + region.height, x : x + region.width]
    if source.right or source.down:
        padded = _repeated(source.picture, Rect(box.x0 - 1, box.y0 - 1, box.x1, box.y1), source.linear)
        _shift(planes, origin, region, padded, source.right, source.down)
    else:
        target[...] = _repeated(source.picture, box, source.linear)
    if not source.box.core.contains(region):
        across = coverage(source.box.x0, source.box.x1, region.x0, region.x1)
        target *= coverage(source.box.y0, source.box.y1, region.y0, region.y1)[:, None] * across


def _shift(planes: Planes, origin: Rect, region: Rect, padded: Planes, right: np.float32, down: np.float32) -> None:
    from compositor import array_kernels  # imports numba, which only drawing needs

    at = region.y0 - origin.y0, region.x0 - origin.x0
    array_kernels.find("shift-planes")(planes, *at, region.height, region.width, padded, right, down)


def _repeated(picture: Reader, box: Rect, linear: bool) -> Planes:
    """A box of the plane that a picture fills when it repeats; each of its pixels is read once at most."""
    columns, across = _wrapped(box.x0, box.x1, picture.width)
    rows, down = _wrapped(box.y0, box.y1, picture.height)
    parts = [
        np.concatenate(
            [readers.planes(picture, Rect(left, top, right, bottom), linear=linear) for left, right in columns], axis=2
        )
        for top, bottom in rows
    ]
    once = np.concatenate(parts, axis=1)
    return once[:, down[:, None], across]


def _wrapped(low: int, high: int, size: int) -> tuple[list[tuple[int, int]], npt.NDArray[np.intp]]:
    """Which stretches of an axis the places `low` to `high` ask for, and where in these, one after the other, each is."""
    places = np.arange(low, high) % size
    if high - low >= size:
        return [(0, size)], places
    first, last = low % size, (high - 1) % size
    if first <= last:
        return [(first, last + 1)], places - first
    return [(first, size), (0, last + 1)], np.arange(high - low)


def _moved(region: Rect, x: int, y: int) -> Rect:
    return Rect(region.x0 + x, region.y0 + y, region.x1 + x, region.y1 + y)
