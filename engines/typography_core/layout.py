"""Where does each line of a text sit, and how large is the box around it?

Pure, given a shaper: no font is opened and no pixel made here. Lines break where the text says so and, in a box of
given width, at spaces, filled greedily; breaking by Unicode's rules (UAX #14) is not done yet. Line boxes are those of
CSS 2.2 §10.8.1: half of the leading above the font's ascent. The main path starts at `arrange`.
"""

import math
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol, get_args

import msgspec

from engines.typography_core import shaping
from engines.typography_core.errors import TextEncodingError, TextLimitError, TextValueError
from engines.typography_core.fonts import FontInstance
from engines.typography_core.shaping import FontMetrics, Glyph, Run

Align = Literal["left", "center", "right", "justify"]

TEXT_LENGTH_MAX = 100_000
"""Characters: a book chapter. Takes under a second to shape; far more is a document, not a layer."""

SIZE_PX_MAX = 10_000.0
"""px per em: letters taller than any canvas that is exported need more memory than they show."""

WIDTH_PX_MAX = 1_000_000.0
"""px: thirty of the widest canvas; keeps positions exact to 1/16 px in the rasterizer's 24 bits."""

LINE_HEIGHT_MAX = 100.0
"""Multiples of the size."""

LINE_HEIGHT = 1.2
"""Multiples of the size: the usual reading of CSS's `normal`, fixed here so that it does not follow the font."""

_BREAK = re.compile("\r\n|[\n\v\f\r\x85\u2028\u2029]")
"""Mandatory breaks: classes BK, CR, LF and NL of UAX #14."""

_SPACES = frozenset(" \u00a0")
"""Characters that justification widens: the word separators of CSS Text 3 §8.1 that Latin text uses."""

_FIT_SLACK_PX = 1e-6
"""A line as wide as its box fits, although its glyphs' widths were added up in another order."""


class Shaper(Protocol):
    """What layout asks of fonts; the module `shaping` is one."""

    def shape(self, text: str, font: FontInstance, size: float) -> Run: ...

    def metrics(self, font: FontInstance, size: float) -> FontMetrics: ...


class Line(NamedTuple):
    """One line: `baseline` and left edge `x` in px from the box's top-left corner, `width` in px without the spaces at
    its end, `text` as shaped; the glyphs' x counts from the line's `x`."""

    baseline: float
    x: float
    width: float
    text: str
    glyphs: tuple[Glyph, ...]


class TextLayout(msgspec.Struct, frozen=True, kw_only=True):
    """A text set in lines. Box in px, its corner at (0, 0); `missing` are the characters without a glyph, in order."""

    width: float
    height: float
    lines: tuple[Line, ...]
    missing: tuple[str, ...]
    font: FontInstance
    size: float


def arrange(
    text: str,
    font: FontInstance,
    size: float,
    *,
    width: float | None = None,
    align: Align = "left",
    line_height: float = LINE_HEIGHT,
    shaper: Shaper = shaping,
) -> TextLayout:
    """Set `text` at `size` px into lines, and align them in a box of `width` px, or as wide as the longest line.

    Line breaks are kept; a tab counts as one space; spaces at the end of a line hang out of it and take no room. With
    `width`, lines fill up at spaces, and a word wider than the box stays whole on a line of its own. `justify` widens
    the spaces of every line but a paragraph's last. Each line is `line_height * size` px high. An empty text is one
    empty line. Raises TextValueError, TextLimitError, TextEncodingError, all before any work.
    """
    _check(text, size, width, align, line_height)
    set_lines = [
        line for part in _BREAK.split(text.replace("\t", " ")) for line in _fill(part, font, size, width, shaper)
    ]
    box = max(run.width for _, run, _ in set_lines) if width is None else width
    metrics = shaper.metrics(font, size)
    pitch = line_height * size
    first = (pitch - metrics.ascent - metrics.descent) / 2 + metrics.ascent
    lines = tuple(
        _place(line, run, first + index * pitch, box, "left" if align == "justify" and last else align)
        for index, (line, run, last) in enumerate(set_lines)
    )
    missing = tuple(dict.fromkeys(char for _, run, _ in set_lines for char in run.missing))
    return TextLayout(width=box, height=pitch * len(lines), lines=lines, missing=missing, font=font, size=size)


def _check(text: str, size: float, width: float | None, align: str, line_height: float) -> None:
    if len(text) > TEXT_LENGTH_MAX:
        raise TextLimitError("text", len(text), TEXT_LENGTH_MAX, "characters")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TextEncodingError(error.start, ord(text[error.start])) from error
    _check_number("size", size, SIZE_PX_MAX, "px")
    _check_number("line_height", line_height, LINE_HEIGHT_MAX, "times the size")
    if width is not None:
        _check_number("width", width, WIDTH_PX_MAX, "px")
    if align not in get_args(Align):
        raise TextValueError("align", align, "one of " + ", ".join(get_args(Align)))


def _check_number(field: str, value: float, limit: float, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not (value > 0 and math.isfinite(value)):
        raise TextValueError(field, value, "a number above 0")
    if value > limit:
        raise TextLimitError(field, value, limit, unit)


class _SetLine(NamedTuple):
    """A line that knows its glyphs but not its place; `last` says that its paragraph ends with it."""

    text: str
    run: Run
    last: bool


def _fill(paragraph: str, font: FontInstance, size: float, width: float | None, shaper: Shaper) -> Iterator[_SetLine]:
    """Break one paragraph into lines of at most `width` px. Shapes it once to measure, then each line by itself."""
    paragraph = paragraph.rstrip(" ")
    whole = shaper.shape(paragraph, font, size)
    if width is None or whole.width <= width + _FIT_SLACK_PX:
        yield _SetLine(paragraph, whole, True)
        return
    reach = _reach(paragraph, whole)
    ends = [match.start() for match in re.finditer(r"(?<=[^ ])(?: |$)", paragraph)]
    start = first = 0
    while first < len(ends):
        count = _fitting(reach, start, ends[first:], width + _FIT_SLACK_PX)
        run = shaper.shape(paragraph[start : ends[first + count - 1]], font, size)
        while count > 1 and run.width > width + _FIT_SLACK_PX:
            # Kerning with the space that was cut off can make the line wider by itself than within its paragraph.
            count -= 1
            run = shaper.shape(paragraph[start : ends[first + count - 1]], font, size)
        end = ends[first + count - 1]
        first += count
        yield _SetLine(paragraph[start:end], run, first == len(ends))
        start = end + len(paragraph[end:]) - len(paragraph[end:].lstrip(" "))


def _reach(text: str, run: Run) -> list[float]:
    """Return for each index into `text` (and its end) the width in px of all that stands before it."""
    widths = [0.0] * (len(text) + 1)
    for glyph in run.glyphs:
        widths[glyph.cluster + 1] += glyph.advance
    total = 0.0
    for index, advance in enumerate(widths):
        total += advance
        widths[index] = total
    return widths


def _fitting(reach: list[float], start: int, ends: list[int], width: float) -> int:
    """Return how many words fit from `start`, given where each word ends; one at least."""
    count = 1
    while count < len(ends) and reach[ends[count]] - reach[start] <= width:
        count += 1
    return count


def _place(text: str, run: Run, baseline: float, box: float, align: Align) -> Line:
    room = box - run.width
    if align == "justify" and room > 0:
        return _justify(text, run, baseline, room)
    x = {"left": 0.0, "justify": 0.0, "center": room / 2, "right": room}[align]
    return Line(baseline, x, run.width, text, run.glyphs)


def _justify(text: str, run: Run, baseline: float, room: float) -> Line:
    """Share `room` px among the line's inner spaces; a line without any stays as it is."""
    indent = len(text) - len(text.lstrip(" "))
    spaces = sum(1 for glyph in run.glyphs if glyph.cluster >= indent and text[glyph.cluster] in _SPACES)
    if not spaces:
        return Line(baseline, 0.0, run.width, text, run.glyphs)
    extra = room / spaces
    glyphs = []
    shift = 0.0
    for glyph in run.glyphs:
        widen = extra if glyph.cluster >= indent and text[glyph.cluster] in _SPACES else 0.0
        glyphs.append(glyph._replace(x=glyph.x + shift, advance=glyph.advance + widen))
        shift += widen
    return Line(baseline, 0.0, run.width + room, text, tuple(glyphs))
