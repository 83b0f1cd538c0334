"""How large may a canvas be? The one check of sizes that pictures and canvases go through."""

import numpy as np

from compositor.errors import CanvasSizeError
from compositor.limits import CANVAS_PIXELS_MAX, CANVAS_SIDE_PX_MAX


def check_size(size: tuple[int, int], *, pixels_max: int = CANVAS_PIXELS_MAX) -> tuple[int, int]:
    """Return (width, height) of a canvas; raise `CanvasSizeError` past `CANVAS_SIDE_PX_MAX` or `pixels_max`."""
    try:
        width, height = size
    except (TypeError, ValueError):
        raise CanvasSizeError(size, None, CANVAS_SIDE_PX_MAX, pixels_max) from None
    sides = (width, height)
    whole = all(isinstance(side, int | np.integer) and not isinstance(side, bool) for side in sides)
    if not whole or min(sides) < 1 or max(sides) > CANVAS_SIDE_PX_MAX or int(width) * int(height) > pixels_max:
        raise CanvasSizeError(width, height, CANVAS_SIDE_PX_MAX, pixels_max)
    return int(width), int(height)
