"""What do glyphs with colours of their own look like: emoji, and letters with layers?

COLR (versions 0 and 1) is painted by HarfBuzz, CBDT and sbix are pictures inside the font, scaled, SVG is drawn by whoever is handed in
(`svg_glyphs`); all land on one picture with the plain glyphs, which take the text's colour. Without a drawer, glyphs in SVG have no
colours (`shaping` reports their characters as missing). The main path is `paint`.
"""

import io
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.colours import Colour
from engines.typography_core import faces, raster, svg_glyphs
from engines.typography_core.errors import FontRefusedError, TextLimitError
from engines.typography_core.faces import ColourKind
from engines.typography_core.font_types import Font
from engines.typography_core.paint_boxes import Box, Survey, survey
from engines.typography_core.raster import View
from engines.typography_core.shaping import Glyph, PlacedRun
from engines.typography_core.svg_glyphs import DrawSvg

PICTURE_PIXELS_MAX = 100_000_000
"""Pixels, four bytes each, and as many again while they are put together."""

PAINT_WORK_MAX = 10_000_000_000
"""Pixels times painting steps: some ten seconds. A page of 1,000 emoji takes a hundredth of it."""

PAINT_STEPS_MAX = 5_000
"""Of one glyph: emoji have some dozens."""

STRIKE_SIDE_MAX = 2048
"""px: pictures inside fonts have 128 to 512."""

_TILE_PX = 2048
"""HarfBuzz's painter leaves out what lies beyond 4,096 px without a word, so that large glyphs are painted in tiles."""

_SLACK_PX = 1 / 1024
"""Less than a step of 8-bit coverage; sums of positions are further off than zero."""

_REDUCE_AT = 8
"""From how many strike pixels per output pixel on a strike is first made smaller by whole numbers."""


class Picture(NamedTuple):
    """`pixels` (rows, columns, 4) uint8, straight sRGB and alpha; the top-left pixel is (x, y), counted from the pixel of the
    box's corner at dx = dy = 0. C-contiguous, owned by the caller."""

    pixels: NDArray[np.uint8]
    x: int
    y: int


class _Box(NamedTuple):
    """Where a glyph lies, in output px, y downwards."""

    left: float
    top: float
    right: float
    bottom: float


class _Placed(NamedTuple):
    """A colour glyph where it goes: its origin in output px, y downwards."""

    run: PlacedRun
    glyph: Glyph
    kind: ColourKind
    steps: int
    x: float
    y: float
    box: _Box


def has_colour(runs: Sequence[PlacedRun], draw_svg: DrawSvg | None = None) -> bool:
    """Tell whether any glyph of `runs` has colours of its own that can be drawn, so that coverage alone does not show it."""
    return any(
        _is_drawn(faces.colour_kind(run.font.font, glyph.glyph_id), draw_svg)
        for run in runs
        if faces.has_colour(run.font.font)
        for glyph in run.glyphs
    )


def has_strikes(runs: Sequence[PlacedRun]) -> bool:
    """Tell whether any glyph of `runs` is a picture inside its font."""
    return any(
        faces.colour_kind(run.font.font, glyph.glyph_id) == "strike"
        for run in runs
        if faces.has_colour(run.font.font)
        for glyph in run.glyphs
    )


def paint(
    runs: Sequence[PlacedRun],
    colour: Colour,
    scale: float = 1.0,
    dx: float = 0.0,
    dy: float = 0.0,
    stretch: float = 1.0,
    *,
    draw_svg: DrawSvg | None = None,
) -> Picture:
    """Draw `runs` in `colour` with their colour glyphs above the plain ones; arguments as those of `raster.cover`. Glyphs in SVG are
    drawn by `draw_svg`, as plain ones without it.

    The same arguments give the same bytes. Raises what `raster.cover` raises, TextLimitError for too many pixels or painting
    steps, before any is made, and FontRefusedError for a damaged picture inside a font.
    """
    view = raster.check_view(scale, dx, dy, stretch)
    plain, coloured = _split(runs, view, draw_svg)
    _check_work(coloured)
    ink = raster.cover(plain, scale, dx, dy, stretch)
    left, top, right, bottom = _bounds(ink, coloured)
    canvas = np.zeros((bottom - top, right - left, 4), np.uint8)
    rows, columns = ink.array.shape
    if rows:
        _fill(canvas[ink.y - top :, ink.x - left :][:rows, :columns], ink.array, colour)
    for placed in coloured:
        for piece, x, y in _drawn(placed, colour, view, draw_svg):
            _over(canvas[y - top :, x - left :][: piece.shape[0], : piece.shape[1]], piece)
    return Picture(_straight(canvas), left, top)


def _is_drawn(kind: ColourKind | None, draw_svg: DrawSvg | None) -> bool:
    return kind in ("paint", "strike") or (kind == "svg" and draw_svg is not None)


def _split(runs: Sequence[PlacedRun], view: View, draw_svg: DrawSvg | None) -> tuple[list[PlacedRun], list[_Placed]]:
    plain, coloured = [], []
    for run in runs:
        kinds = [faces.colour_kind(run.font.font, glyph.glyph_id) for glyph in run.glyphs]
        if not any(_is_drawn(kind, draw_svg) for kind in kinds):
            plain.append(run)
            continue
        shown = []
        for glyph, kind in zip(run.glyphs, kinds, strict=True):
            if kind is None or not _is_drawn(kind, draw_svg):
                shown.append(glyph)
            elif (placed := _place(run, glyph, kind, view, draw_svg)) is not None:
                coloured.append(placed)
        plain.append(run._replace(glyphs=tuple(shown)))
    return plain, coloured


def _place(run: PlacedRun, glyph: Glyph, kind: ColourKind, view: View, draw_svg: DrawSvg | None) -> _Placed | None:
    font = faces.font_at(run.font, run.size)
    found = _survey(run, glyph, kind, draw_svg)
    if found.box is None:
        return None
    unit = run.size / font.scale[0]
    across, down = unit * view.across, unit * view.down
    x = (run.x + glyph.x) * view.across + view.dx
    y = (run.baseline + glyph.y) * view.down + view.dy
    left, bottom, right, top = found.box
    box = _Box(x + left * across, y - top * down, x + right * across, y - bottom * down)
    return _Placed(run, glyph, kind, found.steps, x, y, box)


def _survey(run: PlacedRun, glyph: Glyph, kind: ColourKind, draw_svg: DrawSvg | None) -> Survey:
    if kind == "svg":
        assert draw_svg is not None
        return svg_glyphs.survey(run.font.font, glyph.glyph_id, draw_svg)
    variations = tuple(run.font.variations(run.size).items())
    if kind == "paint":
        return survey(run.font.font, variations, glyph.glyph_id)
    found = faces.font_of(run.font.font, variations).get_glyph_extents(glyph.glyph_id)
    if not found or not found.width or not found.height:
        return Survey(1, None)
    left, top = found.x_bearing, found.y_bearing
    return Survey(1, Box(left, top + found.height, left + found.width, top))


def _check_work(coloured: list[_Placed]) -> None:
    work = 0.0
    for placed in coloured:
        if placed.steps > PAINT_STEPS_MAX:
            raise TextLimitError("glyph", placed.steps, PAINT_STEPS_MAX, "painting steps")
        box = placed.box
        work += (box.right - box.left + 2) * (box.bottom - box.top + 2) * placed.steps
    if not work <= PAINT_WORK_MAX:
        raise TextLimitError("colour glyphs", work, PAINT_WORK_MAX, "pixels times painting steps")


def _bounds(ink: raster.Coverage, coloured: list[_Placed]) -> tuple[int, int, int, int]:
    """Return the pixels (left, top, right, bottom) that hold all of it. Raises TextLimitError."""
    boxes = [placed.box for placed in coloured]
    rows, columns = ink.array.shape
    if rows:
        boxes.append(_Box(ink.x, ink.y, ink.x + columns, ink.y + rows))
    if not boxes:
        return 0, 0, 0, 0
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
    pixels = (right - left + 2) * (bottom - top + 2)
    if not pixels <= PICTURE_PIXELS_MAX:
        raise TextLimitError("colour glyphs", pixels, PICTURE_PIXELS_MAX, "pixels")
    return _pixels(_Box(left, top, right, bottom))


def _pixels(box: _Box) -> tuple[int, int, int, int]:
    """Return the whole pixels (left, top, right, bottom) that hold `box`; what touches one by less than `_SLACK_PX` leaves it."""
    left, top = math.floor(box.left + _SLACK_PX), math.floor(box.top + _SLACK_PX)
    return left, top, math.ceil(box.right - _SLACK_PX), math.ceil(box.bottom - _SLACK_PX)


_Piece = tuple[NDArray[np.uint8], int, int]
"""Premultiplied pixels (rows, columns, 4), and where their top-left one goes."""


def _drawn(placed: _Placed, colour: Colour, view: View, draw_svg: DrawSvg | None) -> Iterator[_Piece]:
    """Yield the pixels of one glyph, cut at its box."""
    left, top, right, bottom = _pixels(placed.box)
    if right <= left or bottom <= top:
        return
    if placed.kind == "strike":
        yield _scaled_strike(placed), left, top
        return
    if placed.kind == "svg":
        assert draw_svg is not None
        font = placed.run.font.font
        unit = placed.run.size / faces.units(font) * faces.FIXED_PER_UNIT
        across, down = unit * view.across, unit * view.down
        size = (right - left, bottom - top)
        region = ((left - placed.x) / across, (top - placed.y) / down, size[0] / across, size[1] / down)
        yield svg_glyphs.draw(font, placed.glyph.glyph_id, region, size, colour, draw_svg), left, top
        return
    for y in range(top, bottom, _TILE_PX):
        for x in range(left, right, _TILE_PX):
            tile = _Box(x, y, min(x + _TILE_PX, right), min(y + _TILE_PX, bottom))
            yield _painted(placed, colour, view, tile), x, y


def _painted(placed: _Placed, colour: Colour, view: View, tile: _Box) -> NDArray[np.uint8]:
    """Paint what of a COLR glyph lies in `tile`, whose sides are whole numbers."""
    import uharfbuzz as hb

    font = faces.font_at(placed.run.font, placed.run.size)
    unit = placed.run.size / font.scale[0]
    width, height = int(tile.right - tile.left), int(tile.bottom - tile.top)
    painter = hb.RasterPaint()
    painter.transform = (unit * view.across, 0.0, 0.0, unit * view.down, placed.x, -placed.y)
    painter.foreground = hb.Color(*(int(part * 255 + 0.5) for part in colour))
    painter.extents = hb.RasterExtents(
        x_origin=int(tile.left), y_origin=-int(tile.bottom), width=width, height=height, stride=0
    )
    painter.paint_glyph(font, placed.glyph.glyph_id)
    image = painter.render()
    if image is None:
        raise TextLimitError("colour glyphs", width * height, 0, "pixels that the painter has memory for")
    extents = image.extents
    assert (extents.width, extents.height) == (width, height), "the painter cut the glyph"
    rows = np.frombuffer(image.buffer, np.uint8).reshape(height, extents.stride // 4, 4)[::-1, :width]
    return np.ascontiguousarray(rows[..., [2, 1, 0, 3]])


def _scaled_strike(placed: _Placed) -> NDArray[np.uint8]:
    """Draw a picture inside a font at the place and size that the font gives it, to parts of a pixel."""
    from PIL import Image

    strike = _premultiplied(placed.run.font.font, placed.glyph.glyph_id)
    box = placed.box
    left, top, right, bottom = _pixels(box)
    size = (right - left, bottom - top)
    across, down = strike.width / (box.right - box.left), strike.height / (box.bottom - box.top)
    if max(across, down) > _REDUCE_AT:
        factor = (max(1, int(across / _REDUCE_AT * 2)), max(1, int(down / _REDUCE_AT * 2)))
        strike = strike.reduce((min(factor[0], strike.width), min(factor[1], strike.height)))
        across, down = strike.width / (box.right - box.left), strike.height / (box.bottom - box.top)
    # The picture lies between pixels: a border of nothing lets the resampler look beyond its edges.
    pad_x, pad_y = math.ceil(across) * 3, math.ceil(down) * 3
    padded = Image.new("RGBa", (strike.width + 2 * pad_x, strike.height + 2 * pad_y))
    padded.paste(strike, (pad_x, pad_y))
    x0, y0 = pad_x - (box.left - left) * across, pad_y - (box.top - top) * down
    region = (x0, y0, x0 + size[0] * across, y0 + size[1] * down)
    return np.asarray(padded.resize(size, Image.Resampling.BICUBIC, box=region), np.uint8)


def _premultiplied(font: Font, glyph_id: int) -> Any:
    """Return the picture of a glyph as a Pillow image. Raises FontRefusedError, TextLimitError."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(faces.strike(font, glyph_id)), formats=["PNG"])
        if max(image.size) > STRIKE_SIDE_MAX:
            raise TextLimitError(f"picture of glyph {glyph_id}", max(image.size), STRIKE_SIDE_MAX, "px")
        return image.convert("RGBA").convert("RGBa")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FontRefusedError("CBDT or sbix", f"the picture of glyph {glyph_id} is damaged: {error}") from error


def _fill(target: NDArray[np.uint8], coverage: NDArray[np.uint8], colour: Colour) -> None:
    """Write premultiplied `colour` where there is ink; `target` is empty before."""
    alpha = coverage.astype(np.float32) * np.float32(colour.alpha)
    straight = (*colour[:3], 1.0)
    for channel, part in enumerate(straight):
        target[..., channel] = np.floor(alpha * np.float32(part) + np.float32(0.5))


def _over(target: NDArray[np.uint8], piece: NDArray[np.uint8]) -> None:
    """Compose premultiplied `piece` over `target`, in whole numbers, rounded to nearest."""
    alpha = piece[..., 3]
    if not alpha.any():
        return
    below = target.astype(np.uint16) * (255 - alpha[..., None].astype(np.uint16))
    target[...] = np.minimum(piece + (below + 127) // 255, 255).astype(np.uint8)
    np.minimum(target[..., :3], target[..., 3:], out=target[..., :3])


def _straight(canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Divide colours by alpha, in place, rounded to nearest."""
    alpha = canvas[..., 3]
    soft = (alpha > 0) & (alpha < 255)
    part = canvas[soft].astype(np.uint32)
    part[:, :3] = np.minimum((part[:, :3] * 255 + part[:, 3:] // 2) // part[:, 3:], 255)
    canvas[soft] = part.astype(np.uint8)
    return canvas
