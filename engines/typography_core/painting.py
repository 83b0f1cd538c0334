"""What do lines that are set look like: which pixels, in which colours?

Plain texts take their one colour, through `raster`; glyphs with colours of their own keep them, through `colour_glyphs`. All else is put
together of sheets (see `sheets`): lines under and over the glyphs, their fills and strokes, lines through them. Lines come from `layout`;
what is done with the pixels is the caller's concern. The main path is `paint`.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.colours import parse_colour
from engines.typography_core import (
    colour_glyphs,
    decorations,
    flatten,
    ink,
    merged,
    outlines,
    paints,
    raster,
    sheets,
    strokes,
)
from engines.typography_core.layout import TextLayout
from engines.typography_core.look import Look
from engines.typography_core.outlines import Contours, Letter
from engines.typography_core.paints import Area, Paint
from engines.typography_core.raster import View
from engines.typography_core.shaping import PlacedRun
from engines.typography_core.sheets import Inked, Outlined, Pictured, Sheet
from engines.typography_core.svg_glyphs import DrawSvg


class DrawnText(NamedTuple):
    """`pixels` (rows, columns, 4) uint8, straight sRGB and alpha, to be multiplied with `opacity`; the top-left pixel is (x, y) from the
    corner of the text's box, in output px. No ink is an array of shape (0, 0, 4)."""

    pixels: NDArray[np.uint8]
    x: int
    y: int
    opacity: float


def paint(
    text: TextLayout,
    look: Look,
    scale: float = 1.0,
    dx: float = 0.0,
    dy: float = 0.0,
    stretch: float = 1.0,
    *,
    draw_svg: DrawSvg | None = None,
) -> DrawnText:
    """Draw `text` as `look` says at `scale` output px per px, its corner at (dx, dy) in output px, `stretch` times as wide as high;
    runs with a look of their own as that says.

    Strokes, lines and outlines are drawn at this scale, and stretched with it. From the bottom up: underlines and overlines; the
    glyphs, those with colours of their own last; lines through them. The same arguments give the same bytes. Raises what `raster.cover`,
    `ink.cover_edges`, `merged.merged` and `colour_glyphs.paint` raise.
    """
    looks = {run.look or look for run in text.runs}
    if text.letters is None and len(looks) <= 1 and all(one.plain for one in looks):
        return _plain(text, next(iter(looks), look), (scale, dx, dy, stretch), draw_svg)
    view = raster.check_view(scale, dx, dy, stretch)
    drawn = sheets.laid(list(_sheets(text, look, view, draw_svg)))
    return DrawnText(drawn.pixels, drawn.x, drawn.y, 1.0)


def ink_box(text: TextLayout, look: Look, *, draw_svg: DrawSvg | None = None) -> tuple[int, int, int, int]:
    """Return the pixels (left, top, right, bottom) at scale 1 that show anything, counted from the corner of the text's box."""
    drawn = paint(text, look, draw_svg=draw_svg)
    rows, columns, _ = drawn.pixels.shape
    return drawn.x, drawn.y, drawn.x + columns, drawn.y + rows


def _plain(
    text: TextLayout, look: Look, view: tuple[float, float, float, float], draw_svg: DrawSvg | None
) -> DrawnText:
    colour = look.colour
    if colour_glyphs.has_colour(text.runs, draw_svg):
        picture = colour_glyphs.paint(text.runs, colour, *view, draw_svg=draw_svg)
        return DrawnText(picture.pixels, picture.x, picture.y, 1.0)
    covered = raster.cover(text.runs, *view)
    pixels = np.empty((*covered.array.shape, 4), np.uint8)
    pixels[..., :3] = [int(part * 255 + 0.5) for part in colour[:3]]
    pixels[..., 3] = covered.array
    return DrawnText(pixels, covered.x, covered.y, colour.alpha)


class _Part(NamedTuple):
    """What of a text has one look: runs, or letters along a path."""

    look: Look
    runs: list[PlacedRun]
    letters: list[Letter] | None


def _sheets(text: TextLayout, look: Look, view: View, draw_svg: DrawSvg | None) -> Iterator[Sheet]:
    area = _area(text, view)
    lines = [] if text.letters is not None else decorations.bars(text, look)
    drawn = [(one, _lined(one, area, view)) for one in lines]
    yield from (sheet for one, sheet in drawn if one.decoration.line != "line-through")
    for part in _parts(text, look):
        yield from _glyphs(part, area, view, draw_svg)
    yield from (sheet for one, sheet in drawn if one.decoration.line == "line-through")


def _parts(text: TextLayout, look: Look) -> list[_Part]:
    """Return what has one look, in the order in which looks appear."""
    found: dict[Look, _Part] = {}
    if text.letters is not None:
        for letter in text.letters:
            part = found.setdefault(letter.look or look, _Part(letter.look or look, [], []))
            assert part.letters is not None
            part.letters.append(letter)
    else:
        for run in text.runs:
            found.setdefault(run.look or look, _Part(run.look or look, [], None)).runs.append(run)
    return list(found.values())


def _area(text: TextLayout, view: View) -> Area:
    """Return where gradients lie: the text's box, or what holds the letters along a path."""
    left, top, right, bottom = 0.0, 0.0, text.width, text.height
    if text.letters is not None:
        left, top, right, bottom = outlines.contours_of(text.letters).box
    return Area(
        left * view.across + view.dx,
        top * view.down + view.dy,
        (right - left) * view.across,
        (bottom - top) * view.down,
    )


def _paint(look: Look, area: Area) -> Paint:
    return paints.flat(look.colour) if look.gradient is None else paints.sloped(look.gradient, area)


def _lined(one: decorations.Decorated, area: Area, view: View) -> Sheet:
    own = one.decoration.color
    paint = _paint(one.look, area) if own is None else paints.flat(parse_colour(own))
    return Inked(ink.cover_edges(decorations.edges_of(one.bars, view)), paint)


def _glyphs(part: _Part, area: Area, view: View, draw_svg: DrawSvg | None) -> Iterator[Sheet]:
    plain, coloured = _split(part.runs, draw_svg)
    letters = outlines.letters(plain) if part.letters is None else part.letters
    fill = _paint(part.look, area)
    if part.look.stroke is not None:
        yield _outlined(letters, part.look, fill, view)
    elif part.letters is None:
        yield Inked(raster.cover(plain, view.down, view.dx, view.dy, view.across / view.down), fill)
    else:
        shape = flatten.polygons(outlines.contours_of(letters), flatten.TOLERANCE_PX / max(view.across, view.down))
        yield Inked(ink.cover_edges(_viewed(flatten.edges(shape), view)), fill)
    if coloured:
        stretch = view.across / view.down
        colour = part.look.colour
        picture = colour_glyphs.paint(coloured, colour, view.down, view.dx, view.dy, stretch, draw_svg=draw_svg)
        yield Pictured(picture.pixels, picture.x, picture.y)


def _split(runs: Sequence[PlacedRun], draw_svg: DrawSvg | None) -> tuple[list[PlacedRun], list[PlacedRun]]:
    """Return the glyphs without and with colours of their own."""
    plain, coloured = [], []
    for run in runs:
        if not colour_glyphs.has_colour([run], draw_svg):
            plain.append(run)
            continue
        own = [colour_glyphs.has_colour([run._replace(glyphs=(glyph,))], draw_svg) for glyph in run.glyphs]
        shown = zip(run.glyphs, own, strict=True)
        coloured.append(run._replace(glyphs=tuple(glyph for glyph, has in shown if has)))
        shown = zip(run.glyphs, own, strict=True)
        plain.append(run._replace(glyphs=tuple(glyph for glyph, has in shown if not has)))
    return plain, coloured


def _outlined(letters: Sequence[Letter], look: Look, fill: Paint, view: View) -> Sheet:
    stroke = look.stroke
    assert stroke is not None
    whole = _merged(letters)
    tolerance = flatten.TOLERANCE_PX / max(view.across, view.down)
    shape = flatten.polygons(whole, tolerance)
    width = stroke.width * (1 if stroke.position == "center" else 2)
    wide = _viewed(strokes.widened(shape, width, stroke.join, stroke.miter_limit, tolerance), view)
    inner = _viewed(flatten.edges(shape), view)
    # First what is the most work: if any of it is too much, nothing is drawn.
    both = ink.cover_edges(np.concatenate([inner, wide]))
    return Outlined(
        fill=ink.cover_edges(inner),
        stroke=ink.cover_edges(wide),
        both=both,
        position=stroke.position,
        over=stroke.order == "over",
        paint=fill,
        stroke_paint=paints.flat(parse_colour(stroke.color)),
    )


def _merged(letters: Sequence[Letter]) -> Contours:
    """Return the letters without overlaps: size by size, since most texts have one only."""
    sizes = dict.fromkeys(letter.size for letter in letters)
    every = (merged.merged(outlines.each([one for one in letters if one.size == size]), size) for size in sizes)
    return outlines.joined(every)


def _viewed(edges: NDArray[np.float64], view: View) -> NDArray[np.float64]:
    """Return edges in px of the text's box as edges in output px."""
    across = np.array([view.across, view.down, view.across, view.down])
    found: NDArray[np.float64] = edges * across + np.array([view.dx, view.dy, view.dx, view.dy])
    return found
