"""What do lines that are set look like: which pixels, in which colours?

Plain glyphs take the text's colour, through `raster`; glyphs with colours of their own keep them, through `colour_glyphs`. Lines come
from `layout`; what is done with the pixels is the caller's concern. The main path is `paint`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.typography_core import colour_glyphs, raster
from engines.typography_core.layout import TextLayout
from engines.typography_core.look import Look


class DrawnText(NamedTuple):
    """`pixels` (rows, columns, 4) uint8, straight sRGB and alpha, to be multiplied with `opacity`; the top-left pixel is (x, y) from the
    corner of the text's box, in output px. No ink is an array of shape (0, 0, 4)."""

    pixels: NDArray[np.uint8]
    x: int
    y: int
    opacity: float


def paint(
    text: TextLayout, look: Look, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0, stretch: float = 1.0
) -> DrawnText:
    """Draw `text` as `look` says at `scale` output px per px, its corner at (dx, dy) in output px, `stretch` times as wide as high.

    The same arguments give the same bytes. Raises what `raster.cover` and `colour_glyphs.paint` raise.
    """
    colour = look.colour
    if colour_glyphs.has_colour(text.runs):
        picture = colour_glyphs.paint(text.runs, colour, scale, dx, dy, stretch)
        return DrawnText(picture.pixels, picture.x, picture.y, 1.0)
    ink = raster.cover(text.runs, scale, dx, dy, stretch)
    pixels = np.empty((*ink.array.shape, 4), np.uint8)
    pixels[..., :3] = [int(part * 255 + 0.5) for part in colour[:3]]
    pixels[..., 3] = ink.array
    return DrawnText(pixels, ink.x, ink.y, colour.alpha)


def ink_box(text: TextLayout, look: Look) -> tuple[int, int, int, int]:
    """Return the pixels (left, top, right, bottom) at scale 1 that show anything, counted from the corner of the text's box."""
    drawn = paint(text, look)
    rows, columns, _ = drawn.pixels.shape
    return drawn.x, drawn.y, drawn.x + columns, drawn.y + rows
