"""In which of PNG's kinds of pixels does a picture fit exactly? The smallest one, decided from nothing but the pixels."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engines.media_v2.exports import ExportPixels

GRAY, RGB, PALETTE, GRAY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
"""Colour types, PNG 11.2.1."""
_PIXELS_PER_COLOUR_MIN = 16
"""Of a palette: below that its entries (up to 4 bytes each, and two chunks) may cost more than they save."""


class Form(NamedTuple):
    """Pixels as a PNG stores them, before filters."""

    color_type: int
    bit_depth: int
    pixels: npt.NDArray[np.uint8]
    """(h, w, c), the bytes that a pixel has in memory."""
    picks: tuple[int, ...]
    """Which of those the file takes, in its order."""
    palette: bytes = b""
    """Content of PLTE: three bytes a colour."""
    transparency: bytes = b""
    """Content of tRNS: alphas of the palette's first colours; the others are opaque."""


def form_of(pixels: ExportPixels) -> Form:
    """Return the form of `pixels`, (h, w, 4) uint8 or uint16 straight RGBA.

    Without alpha where all is opaque, gray where red, green and blue are equal, a palette for at most 256 colours; every stored value
    is kept, those of invisible pixels too.
    """
    if pixels.dtype == np.uint16:
        return _wide(np.ascontiguousarray(pixels, "<u2"))
    return _narrow(np.ascontiguousarray(pixels, np.uint8))


def _wide(pixels: npt.NDArray[np.uint16]) -> Form:
    """16 bits, whose bytes PNG has the other way round."""
    opaque = bool((pixels[..., 3] == 0xFFFF).all())
    gray = bool((pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all())
    color_type = _color_type(opaque=opaque, gray=gray)
    picks = tuple(byte for channel in _CHANNELS[color_type] for byte in (2 * channel + 1, 2 * channel))
    return Form(color_type, 16, pixels.view(np.uint8), picks)


def _narrow(pixels: npt.NDArray[np.uint8]) -> Form:
    from engines.image_core import png_kernels

    height, width, _ = pixels.shape
    words = png_kernels.read_only(pixels.view("<u4").reshape(height, width))
    colours = np.zeros(png_kernels.COLOURS_MAX, np.uint32)
    opaque, gray, count = png_kernels.find("survey")(words, colours, png_kernels.new_slots())
    opaque_gray = opaque and gray  # as small as places in a palette, and with filters
    if count <= png_kernels.COLOURS_MAX and not opaque_gray and width * height >= _PIXELS_PER_COLOUR_MIN * count:
        return _with_palette(words, colours[:count])
    color_type = _color_type(opaque=opaque, gray=gray)
    return Form(color_type, 8, pixels, _CHANNELS[color_type])


_CHANNELS = {GRAY: (0,), RGB: (0, 1, 2), GRAY_ALPHA: (0, 3), RGB_ALPHA: (0, 1, 2, 3)}


def _color_type(*, opaque: bool, gray: bool) -> int:
    return (GRAY if gray else RGB) if opaque else (GRAY_ALPHA if gray else RGB_ALPHA)


def _with_palette(words: npt.NDArray[np.uint32], found: npt.NDArray[np.uint32]) -> Form:
    """The palette is sorted by alpha, so that tRNS ends with the last translucent colour, then by colour, so that it does not depend on
    where a colour is met first."""
    from engines.image_core import png_kernels

    colours = np.sort(found)
    places = np.empty((*words.shape, 1), np.uint8)
    png_kernels.find("index")(words, colours, png_kernels.new_slots(), places[..., 0])
    entries = colours.astype("<u4").view(np.uint8).reshape(-1, 4)
    translucent = int((entries[:, 3] != 255).sum())
    return Form(PALETTE, 8, places, (0,), entries[:, :3].tobytes(), entries[:translucent, 3].tobytes())
