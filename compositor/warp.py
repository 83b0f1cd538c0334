"""How a picture is drawn through an affine map: `transform`, exact at the edges, and prefiltered where it shrinks.

What a pixel becomes is `mapping`'s to say; here the target is cut into parts for threads, and each is packed.
"""

import numpy as np
import numpy.typing as npt

from compositor import formats, mapping, strips
from compositor.affine import check_matrix
from compositor.canvas import check_size
from compositor.filters import filter_named
from compositor.formats import Planes, Stored
from compositor.mapping import Drawing
from compositor.rect import Rect
from compositor.resample import Meaning

PART_ROWS = 64
"""Rows of a part of the target: enough for parts of a turned map to be about square."""
_RGB = 3


def transform(
    pixels: Stored,
    matrix: npt.ArrayLike,
    width: int,
    height: int,
    *,
    filter: str = "lanczos3",  # noqa: A002 - the word that every imaging library has for it
    linear: bool = False,
    premultiplied: bool = False,
    threads: int | None = None,
) -> Stored:
    """Return `pixels` drawn through `matrix` onto `width` x `height` target pixels, which the caller owns.

    `pixels` and the result are as those of `resize`, but that RGB becomes RGBA: outside the picture is transparent.
    Gray stays gray (a mask, say), and is 0 outside. `matrix` is ((a, b, c), (d, e, f)): the point (x, y) of the source
    falls on (a x + b y + c, d x + e y + f), where pixel (i, j) covers (j, i) to (j + 1, i + 1).

    A target pixel is the mean of source pixels around its centre, weighted by the filter along the two axes of the
    source, times the exact area that the picture covers of it. In directions in which the map shrinks, the filter is
    as much wider, so that every source pixel counts; weights are exact to 1e-6. Nearest takes the source pixel under
    the centre as it is, or nothing. A target pixel takes 36 source pixels with lanczos3, 16 with bicubic, 4 with
    bilinear, as many times more as the map shrinks; maps that neither turn nor shear take far less. Raises as `resize`,
    and `MatrixError`, which also refuses maps that take more than `mapping.GATHERED_MAX` source pixels in all.
    """
    stored = formats.check("pixels", pixels)
    affine = check_matrix("matrix", matrix)
    width, height = check_size((width, height))
    filter_named("filter", filter)
    meaning = Meaning(formats.check_flag("premultiplied", premultiplied), formats.check_flag("linear", linear))
    count = strips.check_threads(threads)
    rows, columns, channels = stored.shape
    drawing = mapping.prepare("matrix", affine, filter, columns, rows, Rect(0, 0, width, height))
    target = np.zeros((height, width, channels + (channels == _RGB)), stored.dtype)

    def strip(top: int, bottom: int) -> None:
        window = drawing.window
        _fill(target, stored, drawing, Rect(window.x0, window.y0 + top, window.x1, window.y0 + bottom), meaning)

    if not drawing.window.empty:
        strips.run(strip, drawing.window.height, count, PART_ROWS)
    return target[:, :, 0] if pixels.ndim == 2 else target


def _fill(target: Stored, stored: Stored, drawing: Drawing, region: Rect, meaning: Meaning) -> None:
    premultiplied, linear = meaning

    def fetch(box: Rect) -> Planes:
        part = stored[box.y0 : box.y1, box.x0 : box.x1]
        return formats.unpack(part, premultiplied=premultiplied, linear=linear)

    for part in mapping.pieces(drawing, region):
        filled = target[part.y0 : part.y1, part.x0 : part.x1]
        if drawing.filter == "nearest":
            _pick(filled, stored, drawing, part)
        else:
            formats.pack(mapping.draw(drawing, fetch, part), filled, premultiplied=premultiplied, linear=linear)


def _pick(filled: Stored, stored: Stored, drawing: Drawing, part: Rect) -> None:
    """Nearest: copy the source pixel under each target pixel's centre, as it is."""
    inside, rows, columns = mapping.pick(drawing, part)
    filled[inside, : stored.shape[2]] = stored[rows, columns]
    if stored.shape[2] == _RGB:
        filled[inside, _RGB] = formats.steps(stored.dtype)
