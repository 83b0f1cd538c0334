"""How the pixels of a layer are read, whether they are an array or come region by region: one interface for both.

A `Reader` hands over checked stored pixels; `planes` brings them into the form that tiles are made of. Nothing here knows
of layers or canvases: places are in pixels of the picture.
"""

import threading
import weakref
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from compositor import formats
from compositor.errors import SourceError
from compositor.formats import Planes, Stored
from compositor.limits import OFFSET_PX_MAX
from compositor.rect import Rect
from compositor.region_source import RegionSource

_SCAN_ROWS = 64
"""Rows looked at in one go for transparency: a picture that has some usually shows it in the first."""


class Still(NamedTuple):
    """An array as a picture: (height, width, channels), checked, of any strides."""

    pixels: Stored

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def dtype(self) -> str:
        """What its pixels are stored as."""
        return self.pixels.dtype.name

    def read(self, box: Rect) -> Stored:
        """Return a view of the pixels of a box inside it."""
        return self.pixels[box.y0 : box.y1, box.x0 : box.x1]

    def opaque(self, box: Rect) -> bool:
        """Whether all pixels of a box are opaque."""
        channels = self.pixels.shape[2]
        if not formats.has_alpha(channels):
            return True
        alphas = self.read(box)[:, :, channels - 1]
        full = formats.steps(alphas.dtype)
        tops = range(0, alphas.shape[0], _SCAN_ROWS)
        return all(bool((alphas[top : top + _SCAN_ROWS] >= full).all()) for top in tops)


class Regions(NamedTuple):
    """A region source as a picture, read by one thread at a time; `field` names it in errors."""

    source: RegionSource
    width: int
    height: int
    field: str
    turn: "_Turn"

    @property
    def dtype(self) -> None:
        """What its pixels are stored as is not known before they are read."""
        return

    def read(self, box: Rect) -> Stored:
        """Return the pixels of a box inside it; raise `SourceError` unless they are such a picture."""
        region = (box.x0, box.y0, box.width, box.height)
        with self.turn.lock:
            found: Any = self.source.read(*region)
        known = isinstance(found, np.ndarray) and formats.is_known(found.dtype)
        shape = np.shape(found) if known else ()
        if shape[:2] != (box.height, box.width) or not (len(shape) == 2 or shape[2:] in ((1,), (2,), (3,), (4,))):
            needed = f"({box.height}, {box.width}[, 1 to 4]) of {', '.join(formats.DTYPES)}"
            raise SourceError(self.field, f"gave {formats.told(found)}, needs {needed}", region)
        bad = formats.not_finite(found)
        if bad is not None:
            raise SourceError(self.field, f"gave {bad!r}, and every value must be a finite number", region)
        return formats.shaped(self.field, found)

    def opaque(self, _box: Rect) -> bool:
        """Not known without reading it."""
        return False


Reader: TypeAlias = Still | Regions


class _Turn:
    """Whose turn it is to read from a source; shared by all that read from it, in this and other pictures."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_TURNS: "weakref.WeakValueDictionary[int, _Turn]" = weakref.WeakValueDictionary()
"""By the id of the source, which a turn's readers keep alive: no other object can have it meanwhile."""
_TURNS_LOCK = threading.Lock()


def check(field: str, pixels: object) -> None:
    """Raise `FormatError` or `NotFiniteError` for an array that is no picture, `SourceError` for a source that is none."""
    if isinstance(pixels, np.ndarray) or not hasattr(pixels, "read"):
        formats.check_finite(field, formats.shaped(field, pixels))
        return
    for name in ("width", "height"):
        side = getattr(pixels, name, None)
        if not isinstance(side, int | np.integer) or isinstance(side, bool) or not 0 <= side <= OFFSET_PX_MAX:
            raise SourceError(field, f"{name} {side!r} is no whole number from 0 to {OFFSET_PX_MAX:g}")
    if not callable(pixels.read):
        raise SourceError(field, "read is no method")


def reader(field: str, pixels: Stored | RegionSource) -> Reader:
    """Return what reads checked pixels."""
    if isinstance(pixels, np.ndarray):
        return Still(formats.shaped(field, pixels))
    with _TURNS_LOCK:
        turn = _TURNS.get(id(pixels))
        if turn is None:
            turn = _TURNS[id(pixels)] = _Turn()
    return Regions(pixels, int(pixels.width), int(pixels.height), field, turn)


def size(pixels: Stored | RegionSource) -> tuple[int, int]:
    """Return (width, height) of checked pixels."""
    if isinstance(pixels, np.ndarray):
        return int(pixels.shape[1]), int(pixels.shape[0])
    return int(pixels.width), int(pixels.height)


def planes(picture: Reader, box: Rect, *, linear: bool) -> Planes:
    """Return a box of a picture as planes, (4, height, width) float32, premultiplied; transparent where it lies outside.

    With `linear` colours are in linear light.
    """
    inside = box.meet(Rect(0, 0, picture.width, picture.height))
    whole = inside == box
    found = (np.empty if whole else np.zeros)((4, box.height, box.width), np.float32)
    if not inside.empty:
        formats.read(picture.read(inside), found, inside.y0 - box.y0, inside.x0 - box.x0, linear=linear)
    return found
