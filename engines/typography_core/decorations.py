"""Where do the lines under, over and through a text run, and where do they step aside for ink?

Lines belong to lines of text: one goes through from the first to the last of neighbouring runs that ask for the same, on the line's own
baseline, whatever the runs' fonts and shifts, and not under the spaces that hang out at its end. Places and thickness are those of
the text's first font (CSS Text Decoration 4 §2.3 to §2.10). Pixels are whole from top to bottom: thickness and height are rounded, so that
lines are crisp. The main path is `bars` -> `edges_of`.
"""

import math
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.typography_core import faces, flatten, outlines
from engines.typography_core.errors import TextLimitError
from engines.typography_core.layout import Line, TextLayout
from engines.typography_core.line_metrics import LineMetrics, line_metrics
from engines.typography_core.look import Decoration, Look
from engines.typography_core.outline_cost import cost_of
from engines.typography_core.raster import View
from engines.typography_core.shaping import PlacedRun

PIECES_MAX = 200_000
"""Dots and dashes of a text: a thousand lines of two hundred."""

_LOOKS = 9
"""Heights of a line's band at which ink is looked for, both edges included."""

_DASH, _DASH_GAP = 3.0, 2.0
"""Times the thickness."""


class Bar(NamedTuple):
    """A piece of a line in px of the text's box: from `left` to `right`, `top` its upper edge."""

    left: float
    right: float
    top: float
    thickness: float
    style: Literal["solid", "double", "dotted", "dashed"]


class Decorated(NamedTuple):
    """A decoration of `look`, and the bars that it is made of."""

    look: Look
    decoration: Decoration
    bars: list[Bar]


def bars(text: TextLayout, look: Look) -> list[Decorated]:
    """Return all lines of `text`, whose runs look like `look` where they have no look of their own, in the order in which they are
    drawn."""
    found: dict[tuple[Look, int], list[Bar]] = {}
    for line in text.lines:
        for own, runs in _spans(line, look):
            if not own.decoration:
                continue
            font = text.font if runs[0].look is None else runs[0].font
            metrics = line_metrics(font, max(run.size for run in runs))
            for index, decoration in enumerate(own.decoration):
                found.setdefault((own, index), []).extend(_bars(line, runs, decoration, metrics))
    return [Decorated(own, own.decoration[index], made) for (own, index), made in found.items()]


def edges_of(made: list[Bar], view: View) -> NDArray[np.float64]:
    """Return the edges (n, 4) of `made` in output px, all turning the same way. Raises TextLimitError past `PIECES_MAX`."""
    boxes: list[tuple[float, float, float, float]] = []
    dots: list[tuple[float, float, float]] = []
    for bar in made:
        thick = max(1, round(bar.thickness * view.down))
        top = round(bar.top * view.down + view.dy)
        left, right = bar.left * view.across + view.dx, bar.right * view.across + view.dx
        if bar.style in ("dotted", "dashed"):
            long, gap = (1.0, 1.0) if bar.style == "dotted" else (_DASH, _DASH_GAP)
            if len(boxes) + len(dots) + (right - left) / thick > PIECES_MAX:
                raise TextLimitError("decoration", (right - left) / thick, PIECES_MAX, "dots and dashes")
            for start, end in _dashes(left, right, long * thick, gap * thick):
                if bar.style == "dotted" and thick > 2:
                    dots.append((start, float(top), float(thick)))
                else:
                    boxes.append((start, top, end, top + thick))
            continue
        boxes.append((left, top, right, top + thick))
        if bar.style == "double":
            boxes.append((left, top + 2 * thick, right, top + 3 * thick))
    return np.concatenate([_boxes(boxes), _discs(dots)])


def _spans(line: Line, look: Look) -> Iterator[tuple[Look, list[PlacedRun]]]:
    """Yield runs of `line` beside each other that look the same, from left to right."""
    for own, runs in groupby(line.runs, key=lambda run: run.look or look):
        yield own, list(runs)


def _bars(line: Line, runs: list[PlacedRun], decoration: Decoration, metrics: LineMetrics) -> list[Bar]:
    left = runs[0].x
    right = min(runs[-1].x + sum(glyph.advance for glyph in runs[-1].glyphs), line.x + line.width)
    if right <= left:
        return []
    top, thickness = _placed(decoration, metrics)
    bar = Bar(left, right, line.baseline + top + decoration.offset, thickness, decoration.style)
    if decoration.line == "line-through" or not decoration.skip_ink:
        return [bar]
    return list(_beside(bar, _inked(line, runs, bar)))


def _placed(decoration: Decoration, metrics: LineMetrics) -> tuple[float, float]:
    """Return the upper edge of a line from the baseline, and its thickness. Two lines take three thicknesses."""
    height = 3.0 if decoration.style == "double" else 1.0
    if decoration.line == "underline":
        return metrics.underline, decoration.thickness or metrics.underline_thickness
    if decoration.line == "overline":
        thickness = decoration.thickness or metrics.underline_thickness
        return metrics.overline, thickness
    thickness = decoration.thickness or metrics.strike_thickness
    return metrics.strike + metrics.strike_thickness / 2 - height * thickness / 2, thickness


def _inked(line: Line, runs: list[PlacedRun], bar: Bar) -> list[tuple[float, float]]:
    """Return from where to where ink stands in the way of `bar`, px, sorted. Wide characters (UAX #11) stand on their underlines."""
    low, high = bar.top, bar.top + bar.thickness * (3 if bar.style == "double" else 1)
    crossing = [_reaching(line, run, low, high) for run in runs]
    edges = flatten.edges(flatten.polygons(outlines.contours_of(outlines.letters(crossing))))
    upper, lower = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
    edges = edges[(lower >= low) & (upper <= high)]
    found: list[tuple[float, float]] = []
    for step in range(_LOOKS):
        found += _crossed(edges, low + (high - low) * step / (_LOOKS - 1))
    # What curves into the band between two of these heights is seen by its edges.
    sloped = edges[edges[:, 1] != edges[:, 3]]
    x0, y0, x1, y1 = sloped.T
    ends = [x0 + (np.clip(y, low, high) - y0) * (x1 - x0) / (y1 - y0) for y in (y0, y1)]
    found += zip(np.minimum(*ends).tolist(), np.maximum(*ends).tolist(), strict=True)
    return sorted(found)


def _reaching(line: Line, run: PlacedRun, low: float, high: float) -> PlacedRun:
    """Return what of `run` reaches to between `low` and `high`, wide characters left out: mostly a few descenders."""
    design, unit = tuple(run.font.variations(run.size).items()), run.size / faces.units(run.font.font)
    kept = []
    for glyph in run.glyphs:
        cost, origin = cost_of(run.font.font, design, glyph.glyph_id), run.baseline + glyph.y
        if origin - cost.low * unit >= low and origin - cost.high * unit <= high and not _wide(line, glyph.cluster):
            kept.append(glyph)
    return run._replace(glyphs=tuple(kept))


def _wide(line: Line, cluster: int) -> bool:
    at = cluster - line.start
    return 0 <= at < len(line.text) and unicodedata.east_asian_width(line.text[at]) in "WF"


def _crossed(edges: NDArray[np.float64], y: float) -> list[tuple[float, float]]:
    """Return from where to where the line at `y` lies inside (nonzero winding)."""
    x0, y0, x1, y1 = edges[((edges[:, 1] <= y) & (edges[:, 3] > y)) | ((edges[:, 3] <= y) & (edges[:, 1] > y))].T
    if not len(x0):
        return []
    places = x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    order = np.argsort(places, kind="stable")
    winding = np.cumsum(np.where(y1 > y0, 1, -1)[order])
    places = places[order]
    opens = np.flatnonzero((winding != 0) & (np.append(0, winding[:-1]) == 0))
    closes = np.flatnonzero((winding == 0) & (np.append(0, winding[:-1]) != 0))
    return list(zip(places[opens].tolist(), places[closes].tolist(), strict=True))


def _beside(bar: Bar, ink: list[tuple[float, float]]) -> Iterator[Bar]:
    """Yield what is left of `bar` beside `ink`, with a gap as wide as the bar is thick; pieces that are shorter than that are left out."""
    gap, at = bar.thickness, bar.left
    for start, end in ink:
        free = min(start - gap, bar.right)
        if free - at >= bar.thickness:
            yield bar._replace(left=at, right=free)
        at = max(at, end + gap)
        if at >= bar.right:
            return
    if bar.right - at >= bar.thickness or at == bar.left:
        yield bar._replace(left=at)


def _dashes(left: float, right: float, long: float, gap: float) -> Iterator[tuple[float, float]]:
    """Yield dashes of about these lengths that begin and end with the line: gaps are stretched until they fit."""
    count = max(1, math.floor((right - left + gap) / (long + gap) + 0.5))
    if count == 1:
        yield left, right if right - left < long else left + long
        return
    pitch = (right - left - long) / (count - 1)
    for index in range(count):
        yield left + index * pitch, left + index * pitch + long


def _boxes(boxes: list[tuple[float, float, float, float]]) -> NDArray[np.float64]:
    if not boxes:
        return np.zeros((0, 4))
    left, top, right, bottom = np.array(boxes, np.float64).T
    corners = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
    return np.concatenate([corners, np.roll(corners, -1, axis=1)], axis=2).reshape(-1, 4)


def _discs(dots: list[tuple[float, float, float]]) -> NDArray[np.float64]:
    """Return discs (left, top, diameter) as polygons."""
    if not dots:
        return np.zeros((0, 4))
    left, top, size = np.array(dots, np.float64).T
    radius = size[:, None, None] / 2
    centres = np.stack([left + size / 2, top + size / 2], axis=1)
    corners = centres[:, None, :] + radius * _CIRCLE
    return np.concatenate([corners, np.roll(corners, -1, axis=1)], axis=2).reshape(-1, 4)


def _circle() -> NDArray[np.float64]:
    """Return 64 points of the unit circle, made of square roots: a library's sine may differ in its last bit from machine to machine."""
    cosine = 0.0
    for _ in range(4):
        cosine = math.sqrt((1 + cosine) / 2)
    sine, points = math.sqrt(1 - cosine * cosine), [(1.0, 0.0)]
    for _ in range(63):
        x, y = points[-1]
        points.append((x * cosine - y * sine, x * sine + y * cosine))
    return np.array(points)


_CIRCLE = _circle()
