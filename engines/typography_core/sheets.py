"""How do fills, strokes, lines and colour glyphs come together in one picture?

Each is a sheet that knows its pixels; sheets are laid over each other in bands of rows, premultiplied in float32, and stored once, as
straight 8-bit colours. A glyph's fill and its stroke are one sheet, so that no background shines through between them. The main path is
`laid`.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engines.typography_core.errors import TextLimitError
from engines.typography_core.paints import Paint
from engines.typography_core.raster import Coverage

PICTURE_PIXELS_MAX = 100_000_000
"""Pixels of the picture, four bytes each, beside a byte for each coverage."""

_BAND_PIXELS = 1_000_000
"""Pixels that are laid at a time: 16 MB, and some times as much in between."""

Floats = NDArray[np.float32]


class Window(NamedTuple):
    """Whole pixels: from (left, top) up to (right, bottom), excluded."""

    left: int
    top: int
    right: int
    bottom: int


class Sheet(Protocol):
    """A part of a picture."""

    @property
    def window(self) -> Window:
        """The pixels that it may touch."""
        ...

    def premultiplied(self, window: Window) -> Floats:
        """Return the pixels of `window`, which lies within its own, (rows, columns, 4), premultiplied, 0 to 1."""
        ...


class Inked(NamedTuple):
    """Coverage in one paint."""

    ink: Coverage
    paint: Paint

    @property
    def window(self) -> Window:
        return _window(self.ink)

    def premultiplied(self, window: Window) -> Floats:
        return _part(self.ink, window)[..., None] * _colours(self.paint, window)


class Outlined(NamedTuple):
    """Glyphs with a stroke. `stroke` is all of it, on both sides of the outlines, `both` what it and the fill cover together."""

    fill: Coverage
    stroke: Coverage
    both: Coverage
    position: Literal["outside", "center", "inside"]
    over: bool
    paint: Paint
    stroke_paint: Paint

    @property
    def window(self) -> Window:
        return _window(self.both)

    def premultiplied(self, window: Window) -> Floats:
        """What only the fill covers, what only the stroke does, and what both do, are areas beside each other: they are added."""
        fill, both = _part(self.fill, window), _part(self.both, window)
        shared = np.clip(_part(self.stroke, window) + fill - both, 0, fill)
        outer = np.maximum(both - fill, 0)
        if self.position == "outside":
            shared = np.zeros_like(shared)
        elif self.position == "inside":
            outer = np.zeros_like(outer)
        below, above = _colours(self.paint, window), _colours(self.stroke_paint, window)
        mixed = above + below * (1 - above[..., 3:]) if self.over else below + above * (1 - below[..., 3:])
        made: Floats = (fill - shared)[..., None] * below + outer[..., None] * above + shared[..., None] * mixed
        return made


class Pictured(NamedTuple):
    """Pixels (rows, columns, 4) uint8, straight, the first at (x, y)."""

    pixels: NDArray[np.uint8]
    x: int
    y: int

    @property
    def window(self) -> Window:
        rows, columns, _ = self.pixels.shape
        return Window(self.x, self.y, self.x + columns, self.y + rows)

    def premultiplied(self, window: Window) -> Floats:
        rows = slice(window.top - self.y, window.bottom - self.y)
        made = self.pixels[rows, window.left - self.x : window.right - self.x].astype(np.float32) / np.float32(255)
        made[..., :3] *= made[..., 3:]
        return made


class Laid(NamedTuple):
    """`pixels` (rows, columns, 4) uint8, straight sRGB and alpha, the first at (x, y); (0, 0, 4) without ink."""

    pixels: NDArray[np.uint8]
    x: int
    y: int


def laid(sheets: Sequence[Sheet]) -> Laid:
    """Return `sheets` laid over each other, the first at the bottom. Raises TextLimitError past `PICTURE_PIXELS_MAX`."""
    windows = [sheet.window for sheet in sheets]
    used = [window for window in windows if window.right > window.left and window.bottom > window.top]
    if not used:
        return Laid(np.zeros((0, 0, 4), np.uint8), 0, 0)
    left, top = min(one.left for one in used), min(one.top for one in used)
    right, bottom = max(one.right for one in used), max(one.bottom for one in used)
    if (right - left) * (bottom - top) > PICTURE_PIXELS_MAX:
        raise TextLimitError("picture", (right - left) * (bottom - top), PICTURE_PIXELS_MAX, "pixels")
    pixels = np.empty((bottom - top, right - left, 4), np.uint8)
    step = max(1, _BAND_PIXELS // (right - left))
    for row in range(top, bottom, step):
        band = Window(left, row, right, min(row + step, bottom))
        canvas = np.zeros((band.bottom - band.top, right - left, 4), np.float32)
        for sheet in sheets:
            _lay(canvas, band, sheet)
        pixels[row - top : band.bottom - top] = _stored(canvas)
    return Laid(pixels, left, top)


def _lay(canvas: Floats, band: Window, sheet: Sheet) -> None:
    own = sheet.window
    shared = Window(
        max(own.left, band.left), max(own.top, band.top), min(own.right, band.right), min(own.bottom, band.bottom)
    )
    if shared.right <= shared.left or shared.bottom <= shared.top:
        return
    rows = slice(shared.top - band.top, shared.bottom - band.top)
    target = canvas[rows, shared.left - band.left : shared.right - band.left]
    piece = sheet.premultiplied(shared)
    target *= 1 - piece[..., 3:]
    target += piece


def _stored(canvas: Floats) -> NDArray[np.uint8]:
    """Return premultiplied floats as straight 8-bit values, rounded to nearest; colourless where there is no alpha."""
    alpha = canvas[..., 3:]
    straight = np.divide(canvas, alpha, out=np.zeros_like(canvas), where=alpha > 0)
    straight[..., 3:] = alpha
    straight[np.floor(alpha[..., 0] * 255 + np.float32(0.5)) == 0] = 0
    return (np.clip(straight, 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)


def _window(ink: Coverage) -> Window:
    rows, columns = ink.array.shape
    return Window(ink.x, ink.y, ink.x + columns, ink.y + rows)


def _part(ink: Coverage, window: Window) -> Floats:
    """Return the coverage of `window`, 0 to 1, and 0 where `ink` does not reach."""
    made = np.zeros((window.bottom - window.top, window.right - window.left), np.float32)
    own = _window(ink)
    left, right = max(own.left, window.left), min(own.right, window.right)
    top, bottom = max(own.top, window.top), min(own.bottom, window.bottom)
    if left < right and top < bottom:
        source = ink.array[top - ink.y : bottom - ink.y, left - ink.x : right - ink.x]
        made[top - window.top : bottom - window.top, left - window.left : right - window.left] = source / np.float32(
            255
        )
    return made


def _colours(paint: Paint, window: Window) -> Floats:
    return paint.premultiplied(window.left, window.top, window.right - window.left, window.bottom - window.top)
