"""How a source that is not plain pixels fills planes: flat colours, gradients, and RGBA8 at fractions of a pixel.

Planes are (4, rows, columns) float32 premultiplied, whose first row and column lie on `origin` of the canvas.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from compositor.coverage import coverage
from compositor.gradient import DITHER
from compositor.rect import Rect
from compositor.sources import Flat, Shifted, Sloped

Planes = npt.NDArray[np.float32]
Kernel = Callable[..., None]


def fill(planes: Planes, origin: Rect, region: Rect, source: Flat) -> None:
    """Fill `region` with a flat colour, its edges with the coverage that they have."""
    target = planes[:, region.y0 - origin.y0 : region.y1 - origin.y0, region.x0 - origin.x0 : region.x1 - origin.x0]
    if source.box.core.contains(region):
        target[...] = source.color[:, None, None]
        return
    across = coverage(source.box.x0, source.box.x1, region.x0, region.x1)
    down = coverage(source.box.y0, source.box.y1, region.y0, region.y1)
    np.multiply(source.color[:, None, None], down[:, None] * across, out=target)


def slope(planes: Planes, origin: Rect, region: Rect, source: Sloped, kernel: Kernel) -> None:
    """Fill `region` with a gradient."""
    box, ramp = source.box, source.ramp
    kernel(
        planes,
        region.y0 - origin.y0,
        region.x0 - origin.x0,
        region.height,
        region.width,
        region.x0 + 0.5 - box.x0,
        region.y0 + 0.5 - box.y0,
        ramp.params,
        ramp.offsets,
        ramp.colors,
        coverage(box.x0, box.x1, region.x0, region.x1),
        coverage(box.y0, box.y1, region.y0, region.y1),
        ramp.dither,
        region.y0,
        region.x0,
        DITHER,
    )


def shift(planes: Planes, origin: Rect, region: Rect, source: Shifted, kernel: Kernel) -> None:
    """Fill `region` with a picture that lies between pixels."""
    kernel(
        planes,
        region.y0 - origin.y0,
        region.x0 - origin.x0,
        region.height,
        region.width,
        source.words,
        region.y0 - source.y,
        region.x0 - source.x,
        source.right,
        source.down,
        np.empty((2, 4, region.width + 1), np.float32),
    )
