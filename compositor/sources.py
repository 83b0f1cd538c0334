"""What a layer paints: its picture, colour or gradient as a source, with every question that needs no pixel answered.

Arrays of RGBA8 at whole pixels, blended as they are encoded, are what nearly all layers are; they have kernels of their own
(`Pixels`), and so have those at fractions of a pixel (`Shifted`). All other pictures are painted into planes first: `Placed`
without a map, `Mapped` through one, `Tiled` over a box.
"""

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor import mapping, readers
from compositor.affine import Affine
from compositor.gradient import Ramp, ramp
from compositor.mapping import Drawing
from compositor.readers import Reader
from compositor.rect import NOWHERE, Box, Rect
from compositor.transfer import to_linear
from compositor.tree import Gradient, Layer, Pattern, Rgba, Solid, rgba

_OPAQUE = 0xFF000000
_SAMPLES = 8
"""Rows, and columns, of the sample that is looked at for transparency."""
_SCAN_ROWS = 16
"""Rows looked at in one go when all of them are."""
_RGBA = 4


class Pixels(NamedTuple):
    """RGBA8 words (rows, columns), read-only and C-contiguous, with `words[0, 0]` on canvas pixel (`x`, `y`)."""

    words: npt.NDArray[np.uint32]
    x: int
    y: int


class Shifted(NamedTuple):
    """Words as in `Pixels`, moved on from there by `right` and `down`, fractions of a pixel below 1."""

    words: npt.NDArray[np.uint32]
    x: int
    y: int
    right: np.float32
    down: np.float32


class Flat(NamedTuple):
    """One premultiplied colour in a box."""

    color: npt.NDArray[np.float32]
    box: Box


class Sloped(NamedTuple):
    """A gradient in a box; with `linear` it is brought to linear light after it is painted."""

    ramp: Ramp
    box: Box
    linear: bool = False


class Placed(NamedTuple):
    """A picture of any format, moved right and down by fractions of a pixel as in `Shifted`, or by none."""

    picture: Reader
    x: int
    y: int
    right: np.float32
    down: np.float32
    linear: bool


class Mapped(NamedTuple):
    """A picture of any format drawn through an affine map."""

    picture: Reader
    drawing: Drawing
    linear: bool


class Tiled(NamedTuple):
    """A picture repeated over a box: one of its first pixels falls on (`x`, `y`), or fractions to the right and below."""

    picture: Reader
    box: Box
    x: int
    y: int
    right: np.float32
    down: np.float32
    linear: bool


Source: TypeAlias = Pixels | Shifted | Flat | Sloped | Placed | Mapped | Tiled
Picture: TypeAlias = Layer | Solid | Gradient | Pattern
"""Nodes that paint something by themselves."""


def source(node: Picture, canvas: Rect, *, linear: bool) -> Source | None:
    """Return what a node paints, or None where that is nothing.

    `canvas` is what nodes without a size reach to the far edge of. With `linear` colours become linear light. Raises
    `MatrixError`.
    """
    if isinstance(node, Layer):
        return _picture(node, canvas, linear)
    box = _box(node, canvas)
    if box.x1 <= box.x0 or box.y1 <= box.y0:
        return None
    if isinstance(node, Solid):
        return Flat(premultiplied(rgba("Solid.color", node.color), linear=linear), box)
    if isinstance(node, Gradient):
        return Sloped(ramp(node, box.x1 - box.x0, box.y1 - box.y0), box, linear)
    return _pattern(node, box, linear)


def bounds(source: Source) -> Rect:
    """Return where a source can show."""
    if isinstance(source, Flat | Sloped | Tiled):
        return source.box.hull
    if isinstance(source, Mapped):
        return source.drawing.window
    if isinstance(source, Placed):
        rows, columns = source.picture.height + bool(source.down), source.picture.width + bool(source.right)
    else:
        rows, columns = source.words.shape
    if isinstance(source, Shifted):
        rows, columns = rows + bool(source.down), columns + bool(source.right)
    return Rect(source.x, source.y, source.x + columns, source.y + rows)


def core(source: Source, bounds: Rect) -> Rect:
    """Return where within `bounds` a source may be opaque: all or nothing, but for the edges of boxes.

    Pictures that a filter goes over have soft edges and count as not opaque. Of RGBA8 only a sample is looked at;
    `hides` looks at all that a tile shows.
    """
    if isinstance(source, Flat):
        return source.box.core.meet(bounds) if source.color[3] == 1 else NOWHERE
    if isinstance(source, Sloped):
        return source.box.core.meet(bounds) if source.ramp.opaque else NOWHERE
    if isinstance(source, Tiled):
        whole = Rect(0, 0, source.picture.width, source.picture.height)
        return source.box.core.meet(bounds) if source.picture.opaque(whole) else NOWHERE
    if isinstance(source, Pixels):
        return bounds if _seems_opaque(source, bounds) else NOWHERE
    if isinstance(source, Placed) and not (source.right or source.down):
        shown = Rect(bounds.x0 - source.x, bounds.y0 - source.y, bounds.x1 - source.x, bounds.y1 - source.y)
        return bounds if source.picture.opaque(shown) else NOWHERE
    return NOWHERE


def hides(source: Source, region: Rect) -> bool:
    """Whether a source is opaque in `region`, which lies in its `core`.

    RGBA8 is read tile by tile, so that it is in cache when the tile is drawn.
    """
    if not isinstance(source, Pixels):
        return True
    shown = _shown(source, region)
    return all(_all_opaque(shown[row : row + _SCAN_ROWS]) for row in range(0, len(shown), _SCAN_ROWS))


def corner(node: Picture) -> tuple[int, int]:
    """Return the far corner of a node, rounded up; a node without a size has one pixel."""
    if not isinstance(node, Layer):
        return math.ceil(node.x + (node.width or 1)), math.ceil(node.y + (node.height or 1))
    width, height = readers.size(node.pixels)
    _, _, right, bottom = _affine(node).bounds(0, 0, width, height)
    return math.ceil(right), math.ceil(bottom)


def premultiplied(color: Rgba, *, linear: bool = False) -> npt.NDArray[np.float32]:
    """Return a straight encoded colour as (4,) float32, premultiplied, in linear light where that is asked for."""
    *straight, a = color
    if linear:
        straight = [float(to_linear(np.float32(part))) for part in straight]
    return np.array((*(part * a for part in straight), a), np.float32)


def _picture(layer: Layer, canvas: Rect, linear: bool) -> Source | None:
    width, height = readers.size(layer.pixels)
    if width == 0 or height == 0:
        return None
    affine = _affine(layer)
    (x, right), (y, down) = _split(affine.c), _split(affine.f)
    moved = (affine.a, affine.b, affine.d, affine.e) == (1, 0, 0, 1)
    if not moved or ((right or down) and layer.filter != "bilinear"):
        drawing = mapping.prepare("Layer.matrix", affine, layer.filter, width, height, canvas)
        return Mapped(readers.reader("Layer.pixels", layer.pixels), drawing, linear)
    words = None if linear else _words(layer.pixels)
    if words is None:
        return Placed(readers.reader("Layer.pixels", layer.pixels), x, y, right, down, linear)
    return Shifted(words, x, y, right, down) if right or down else Pixels(words, x, y)


def _affine(layer: Layer) -> Affine:
    """The map of a layer, moved on by its x and y."""
    if layer.matrix is None:
        return Affine(1.0, 0.0, float(layer.x), 0.0, 1.0, float(layer.y))
    (a, b, c), (d, e, f) = layer.matrix
    return Affine(a, b, c + layer.x, d, e, f + layer.y)


def _words(pixels: object) -> npt.NDArray[np.uint32] | None:
    """View an array of RGBA8 as one word a pixel; None for every other picture.

    The view is read-only whatever the array is: kernels are compiled for one type.
    """
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.shape[2:] != (_RGBA,):
        return None
    words = np.ascontiguousarray(pixels).view("<u4")[:, :, 0]
    words = words if words.flags.aligned and words.flags.c_contiguous else words.copy()
    words.flags.writeable = False
    return words


def _split(offset: float) -> tuple[int, np.float32]:
    """Return the whole pixels and the fraction, 0 <= fraction < 1 in float32, of an offset."""
    whole = math.floor(offset)
    fraction = np.float32(offset - whole)
    return (whole + 1, np.float32(0)) if fraction == 1 else (whole, fraction)


def _box(node: Solid | Gradient | Pattern, canvas: Rect) -> Box:
    x, y = float(node.x), float(node.y)
    right = canvas.x1 if node.width is None else x + node.width
    bottom = canvas.y1 if node.height is None else y + node.height
    return Box(x, y, right, bottom)


def _pattern(node: Pattern, box: Box, linear: bool) -> Tiled | None:
    width, height = readers.size(node.pixels)
    if width == 0 or height == 0:
        return None
    (x, right), (y, down) = _split(box.x0 + node.phase_x), _split(box.y0 + node.phase_y)
    return Tiled(readers.reader("Pattern.pixels", node.pixels), box, x, y, right, down, linear)


def _seems_opaque(source: Pixels, bounds: Rect) -> bool:
    """Whether some pixels all over `bounds` are opaque: most pictures that are not show it at once."""
    shown = _shown(source, bounds)
    rows, columns = shown.shape
    return _all_opaque(shown[:: -(-rows // _SAMPLES), :: -(-columns // _SAMPLES)])


def _shown(source: Pixels, region: Rect) -> npt.NDArray[np.uint32]:
    return source.words[region.y0 - source.y : region.y1 - source.y, region.x0 - source.x : region.x1 - source.x]


def _all_opaque(words: npt.NDArray[np.uint32]) -> bool:
    return int(np.bitwise_and.reduce(words, axis=None)) >= _OPAQUE
