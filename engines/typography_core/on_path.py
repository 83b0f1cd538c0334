"""Where does each glyph go when a text runs along a path?

A line that is set goes onto the path by SVG 2 §11.8.3: each cluster with the middle of its advance at its place along the path's
length, turned as
the path runs there; what would stand beyond an end is left out, and told. Visual order is kept, so that mixed directions read as on a
straight line. The main path is `parsed` -> `bent`.
"""

import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from engines.typography_core import colour_glyphs, flatten
from engines.typography_core.errors import TextLimitError, TextValueError
from engines.typography_core.layout import Line, TextLayout
from engines.typography_core.outlines import CLOSE, CUBIC, LINE, MOVE, QUAD, Contours, Letter
from engines.typography_core.setting import Fit
from engines.typography_core.shaping import Glyph, PlacedRun

PATH_LENGTH_MAX = 50_000
"""Characters of path data: a thousand curves; text follows a few."""

COORDINATE_PX_MAX = 1_000_000.0
"""As far as a text's box reaches."""

OFFSET_PERCENT_MAX = 1_000.0
"""Of the path's length: further is nowhere on it, ten times round at most."""

_STEPS_PER_PX = 4096
"""Coordinates are rounded to these: arcs are made of sines, whose last bits differ from machine to machine."""

_TOLERANCE_PX = 1 / 256
"""Between the path and the chords that its length is summed up of."""

_DATA = re.compile(
    r"\s*+[Mm](?>[MmLlHhVvCcSsQqTtAaZz\s,]|[+-]?(?>\d++(?:\.\d*+)?|\.\d++)(?>[eE][+-]?\d++)?)*+", re.ASCII
)
"""Commands and numbers and nothing else: fontTools passes over what is neither. Never goes back, so that its time is that of the length."""


class TextPath(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A path (SVG path data `d`, in px of the text's box) and where a text stands on it: its start at the path's, its middle at the
    path's middle, or its end at the path's end, then moved along it by `offset` px and by `offset_percent` of its length. On the
    `right` side, the text runs along the other side, from the path's end to its start."""

    d: Annotated[str, Meta(min_length=1, max_length=PATH_LENGTH_MAX)]
    offset: Annotated[float, Meta(ge=-COORDINATE_PX_MAX, le=COORDINATE_PX_MAX)] = 0.0
    offset_percent: Annotated[float, Meta(ge=-OFFSET_PERCENT_MAX, le=OFFSET_PERCENT_MAX)] = 0.0
    align: Literal["start", "center", "end"] = "start"
    side: Literal["left", "right"] = "left"


class Track(NamedTuple):
    """A path as chords: `points` (n, 2) and `ways` (n, 2), unit vectors, are where each begins and leads; `ends` and `leaves` the same
    of where it ends; `along` (n + 1,) is the length of the path up to each. `closed` says that it is one loop."""

    points: NDArray[np.float64]
    ways: NDArray[np.float64]
    ends: NDArray[np.float64]
    leaves: NDArray[np.float64]
    along: NDArray[np.float64]
    closed: bool

    @property
    def length(self) -> float:
        """px."""
        return float(self.along[-1])

    def at(self, place: float) -> tuple[float, float, float, float]:
        """Return the point at `place` px along the path, within it, and the direction there: x, y, cos, sin."""
        index = int(np.searchsorted(self.along, place, side="right")) - 1
        index = min(max(index, 0), len(self.points) - 1)
        low, high = self.along[index], self.along[index + 1]
        part = (place - low) / (high - low)
        x, y = (self.points[index] * (1 - part) + self.ends[index] * part).tolist()
        across, down = (self.ways[index] * (1 - part) + self.leaves[index] * part).tolist()
        length = math.sqrt(across * across + down * down)
        return x, y, across / length, down / length


def parsed(path: TextPath) -> Track:
    """Return the way that `path` describes, in the direction in which text runs on it. Raises TextValueError for data that is no path, or
    one without length, TextLimitError for too many curves."""
    contours, closed = _read(path.d)
    shape = flatten.polygons(contours, _TOLERANCE_PX)
    if path.side == "right":
        shape = _reversed(shape)
    first = np.arange(len(shape.points) - 1)
    first = first[~np.isin(first + 1, shape.starts)]
    first = first[(shape.points[first] != shape.points[first + 1]).any(axis=1)]
    if not len(first):
        raise TextValueError("path.d", _shown(path.d), "a path that leads somewhere")
    points, ends = shape.points[first], shape.points[first + 1]
    ways, leaves = _directions(ends - points, shape.smooth[first], shape.smooth[first + 1])
    steps = ends - points
    lengths = np.sqrt(steps[:, 0] * steps[:, 0] + steps[:, 1] * steps[:, 1])
    return Track(points, ways, ends, leaves, np.append(0.0, np.cumsum(lengths)), closed)


def check(path: TextPath, width: float | None, fit: Fit, decorated: bool) -> None:
    """Raise TextValueError for a path that is none, and for what a text on a path cannot have: a width, a fit, lines along it."""
    refused = (("width", width is not None), ("fit", fit != "none"), ("decoration", decorated))
    for field, asked in refused:
        if asked:
            raise TextValueError("path", _shown(path.d), f"possible together with {field}")
    try:
        msgspec.convert(msgspec.to_builtins(path), TextPath)
    except msgspec.ValidationError as error:
        raise TextValueError("path", str(error), "what the fields allow") from error
    parsed(path)


def bent(text: TextLayout, path: TextPath) -> TextLayout:
    """Return `text`, one line, on `path`: with the places of the glyphs that are seen as `letters`; `truncated` if others are not. Its box
    reaches from the corner to the far ends of the path.

    Raises what `parsed` raises, and TextValueError for several lines, and for glyphs with colours of their own, which are not turned.
    """
    track = parsed(path)
    if len(text.lines) != 1:
        raise TextValueError("path", len(text.lines), "possible with more than one line of text")
    if colour_glyphs.has_colour(text.runs):
        raise TextValueError("path", text.font.font.family, "possible with glyphs that have colours of their own")
    if any(run.look is not None and run.look.decoration for run in text.runs):
        raise TextValueError("path", "a decoration", "possible on a path")
    line = text.lines[0]
    letters: list[Letter] = []
    left_out = False
    for pen, advance, run, glyphs in _clusters(line):
        place = _place(path, track, line.width, pen + advance / 2 - line.x)
        if place is None:
            left_out = True
            continue
        x, y, cos, sin = track.at(place)
        for glyph in glyphs:
            right = run.x + glyph.x - pen - advance / 2
            down = run.baseline + glyph.y - line.baseline
            at = (x + right * cos - down * sin, y + right * sin + down * cos)
            letters.append(Letter(run.font, run.size, glyph.glyph_id, *at, cos, sin, run.look))
    corners = np.concatenate([track.points, track.ends])
    width, height = np.maximum(corners.max(axis=0), 0.0).tolist()
    return msgspec.structs.replace(
        text, width=width, height=height, letters=tuple(letters), truncated=text.truncated or left_out
    )


def _place(path: TextPath, track: Track, width: float, middle: float) -> float | None:
    """Return how far along the path a cluster stands whose middle is `middle` px from its line's start; None for not at all. A closed path
    goes on from its start, for one turn."""
    length = track.length
    offset = path.offset + path.offset_percent / 100 * length
    share = {"start": 0.0, "center": 0.5, "end": 1.0}[path.align]
    place = share * length + offset - share * width + middle
    if not track.closed:
        return place if 0 <= place <= length else None
    turned = middle - share * width + share * length
    return place % length if 0 <= turned <= length else None


def _clusters(line: Line) -> Iterator[tuple[float, float, PlacedRun, list[Glyph]]]:
    """Yield what is turned as one, a letter with its marks: where the pen stood before it, px, its advance, and its glyphs."""
    for run in line.runs:
        pen = run.x
        for _, found in groupby(run.glyphs, key=lambda glyph: glyph.cluster):
            glyphs = list(found)
            advance = sum(glyph.advance for glyph in glyphs)
            yield pen, advance, run, glyphs
            pen += advance


def _directions(
    steps: NDArray[np.float64], from_smooth: NDArray[np.bool_], to_smooth: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the directions at both ends of chords. Within a curve, chords beside each other share the mean of theirs; at its ends, a
    curve bends on as it does up to there."""
    chords = _unit(steps)
    before, after = np.roll(chords, 1, axis=0), np.roll(chords, -1, axis=0)
    ways = np.where(from_smooth[:, None], _unit(before + chords), chords)
    leaves = np.where(to_smooth[:, None], _unit(chords + after), chords)
    starts, stops = ~from_smooth & to_smooth, from_smooth & ~to_smooth
    ways[starts] = _unit(2 * chords[starts] - leaves[starts])
    leaves[stops] = _unit(2 * chords[stops] - ways[stops])
    return ways, leaves


def _unit(ways: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `ways` with length 1; one of no length points to the right."""
    length = np.sqrt(ways[:, 0] * ways[:, 0] + ways[:, 1] * ways[:, 1])[:, None]
    found: NDArray[np.float64] = np.where(length > 0, ways / np.where(length > 0, length, 1.0), np.array([1.0, 0.0]))
    return found


def _reversed(shape: flatten.Polygons) -> flatten.Polygons:
    starts = (len(shape.points) - shape.starts)[::-1]
    return flatten.Polygons(shape.points[::-1], starts, shape.smooth[::-1])


def _read(data: str) -> tuple[Contours, bool]:
    """Return path data as contours, closing lines drawn, and whether it is one closed loop. Raises TextValueError."""
    from fontTools.pens.recordingPen import RecordingPen
    from fontTools.svgLib.path import parse_path

    if len(data) > PATH_LENGTH_MAX:
        raise TextLimitError("path.d", len(data), PATH_LENGTH_MAX, "characters")
    pen = RecordingPen()
    try:
        if not _DATA.fullmatch(data):
            raise ValueError(data)
        parse_path(data, pen)
        contours = _written(pen.value)
    except (ValueError, IndexError, TypeError, ArithmeticError, AssertionError) as error:
        raise TextValueError("path.d", _shown(data), "SVG path data, such as M0 100 Q150 0 300 100") from error
    if not (np.abs(contours.points) <= COORDINATE_PX_MAX).all():
        raise TextValueError("path.d", _shown(data), f"within {COORDINATE_PX_MAX:,.0f} px")
    closed = [name for name, _ in pen.value].count("closePath") == 1 and int((contours.verbs == MOVE).sum()) == 1
    return contours._replace(points=np.round(contours.points * _STEPS_PER_PX) / _STEPS_PER_PX), closed


def _written(steps: Sequence[tuple[str, tuple[tuple[float, float], ...]]]) -> Contours:
    """Return what a pen of fontTools was told, with the lines that close contours."""
    known = {"moveTo": MOVE, "lineTo": LINE, "qCurveTo": QUAD, "curveTo": CUBIC}
    verbs: list[int] = []
    points: list[tuple[float, float]] = []
    start = (0.0, 0.0)
    for name, places in steps:
        if name == "endPath":
            continue
        if name == "closePath":
            verbs += [LINE, CLOSE]
            points.append(start)
            continue
        start = places[0] if name == "moveTo" else start
        verbs.append(known[name])
        points += places
    return Contours(np.array(verbs, np.uint8), np.array(points, np.float64).reshape(-1, 2))


def _shown(data: str) -> str:
    return data if len(data) <= 40 else data[:37] + "..."
