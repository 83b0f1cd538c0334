"""Where does each line of a text sit, and how large is the box around it?

Pure, given a shaper: no font is opened and no pixel made here. A text is cut at its mandatory breaks into paragraphs, which
`paragraph` breaks into lines; here lines are limited, aligned, justified and, by `fit`, set at the size that fits. Line
boxes are those of CSS 2.2 §10.8.1: half of the leading above the first font's ascent. The main path is `lay_out`.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

import msgspec

from engines.typography_core import breaks, fonts, shaping
from engines.typography_core.fonts import FontInstance
from engines.typography_core.itemise import COMMON, Cascade, Covers
from engines.typography_core.justify import justified
from engines.typography_core.outlines import Letter
from engines.typography_core.paragraph import FIT_SLACK_PX, Measured, Paragraph, SetLine, Shaper
from engines.typography_core.setting import (
    LINE_HEIGHT,
    SIZE_PX_MAX,
    TEXT_LENGTH_MAX,
    WIDTH_PX_MAX,
    Align,
    Setting,
    check,
)
from engines.typography_core.shaping import Glyph, PlacedRun

__all__ = [
    "LINE_HEIGHT",
    "SIZE_PX_MAX",
    "TEXT_LENGTH_MAX",
    "WIDTH_PX_MAX",
    "Align",
    "Line",
    "Setting",
    "TextLayout",
    "arrange",
    "lay_out",
]

FIT_STEP_PX = 0.25
"""px per em: sizes that `fit` tries are whole steps; a finer one is not seen in print at any size."""

FIT_SIZE_PX_MIN = 1.0
"""px per em: what does not fit at this size is set at it and sticks out."""


class Line(NamedTuple):
    """One line: `baseline` and left edge `x` in px from the box's top-left corner, `width` in px without the spaces at
    its end, `text` as shaped, from the character `start` (0-based) of the whole text on; runs from left to right, the clusters
    of their glyphs counted in the whole text. A hyphen or an ellipsis has the clusters after its line's characters."""

    baseline: float
    x: float
    width: float
    text: str
    start: int
    runs: tuple[PlacedRun, ...]

    @property
    def glyphs(self) -> Sequence[Glyph]:
        """All glyphs from left to right, whatever their fonts, x counted from the line's x."""
        if len(self.runs) == 1 and self.runs[0].x == self.x:
            return self.runs[0].glyphs
        return tuple(glyph._replace(x=glyph.x + run.x - self.x) for run in self.runs for glyph in run.glyphs)


class TextLayout(msgspec.Struct, frozen=True, kw_only=True):
    """A text set in lines. Box in px, its corner at (0, 0); `missing` are the characters without a glyph, in order. `font` is the
    first of the cascade, `size` what was used after fitting; `truncated` says that lines were left out. `letters` are
    the places of its glyphs where it runs along a path."""

    width: float
    height: float
    lines: tuple[Line, ...]
    missing: tuple[str, ...]
    font: FontInstance
    size: float
    truncated: bool = False
    letters: tuple[Letter, ...] | None = None

    @property
    def runs(self) -> tuple[PlacedRun, ...]:
        """The runs of all lines, as `raster` draws them."""
        return tuple(run for line in self.lines for run in line.runs)


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
    """Set `text` in `font` alone; see `lay_out`."""
    setting = Setting(size=size, width=width, align=align, line_height=line_height)
    return lay_out(text, lambda _: (font,), setting, shaper=shaper)


def lay_out(
    text: str, cascade: Cascade, setting: Setting, *, covers: Covers = fonts.covers, shaper: Shaper = shaping
) -> TextLayout:
    """Set `text` into lines, each cluster in the first font of `cascade` that has it, and align them in a box as wide as
    the setting says, or as the longest line.

    Mandatory breaks are kept and begin a paragraph, each with a direction of its own; a tab counts as one space; spaces at
    the end of a line hang out of it and take no room. With a width, lines fill up to the last place where UAX #14 lets them
    break, and what cannot be broken stays whole on a line of its own. `justify` widens the spaces of every line but a
    paragraph's last; `start` and `end` follow the paragraph's direction. Each line is `line_height * size` px high. Past
    `max_lines`, the last line ends with the ellipsis, after as many whole clusters as fit. An empty text is one empty line.
    Raises TextValueError, TextLimitError, TextEncodingError, before any work but for what only a font can refuse.
    """
    check(text, setting)
    plain = text.replace("\t", " ")
    # A mandatory break is never printable, and that question is the quicker one.
    breaking = () if plain.isprintable() else breaks.HARD_BREAK.finditer(plain)
    ends = [(found.start(), found.end()) for found in breaking]
    spans = pairwise([(0, 0), *ends, (len(plain), len(plain))])
    paragraphs = [Paragraph(plain, start, end, setting, cascade, covers) for (_, start), (end, _) in spans]
    first_font = cascade(paragraphs[0].items[0].script if paragraphs[0].items else COMMON)[0]

    def at(size: float) -> TextLayout:
        return _set(paragraphs, first_font, size, setting, shaper)

    if setting.fit == "none":
        return at(setting.size)
    return _fitted(at, setting, grows=setting.fit == "grow" and bool(plain.strip()))


def _set(paragraphs: list[Paragraph], font: FontInstance, size: float, setting: Setting, shaper: Shaper) -> TextLayout:
    chosen, truncated = _lines(paragraphs, size, setting, shaper)
    box = max(line.width + _indent(line, setting) for line in chosen) if setting.width is None else setting.width
    metrics = shaper.metrics(font, size)
    pitch = setting.line_height * size
    first = (pitch - metrics.ascent - metrics.descent) / 2 + metrics.ascent
    lines = tuple(_place(line, first + index * pitch, box, size, setting) for index, line in enumerate(chosen))
    return TextLayout(
        width=box,
        height=pitch * len(lines),
        lines=lines,
        missing=tuple(dict.fromkeys(_missing(chosen))),
        font=font,
        size=size,
        truncated=truncated,
    )


def _lines(paragraphs: list[Paragraph], size: float, setting: Setting, shaper: Shaper) -> tuple[list[SetLine], bool]:
    """Return the lines that are shown, and whether there are more of them."""
    limit = setting.max_lines
    measured = (Measured(paragraph, size, setting, shaper) for paragraph in paragraphs)
    every = ((one, line) for one in measured for line in one.lines())
    shown = list(islice(every, limit))
    lines = [line for _, line in shown]
    last, line = shown[-1]
    if limit is None or (next(every, None) is None and not (len(lines) == limit and _sticks_out(line, setting))):
        return lines, False
    if setting.ellipsis:
        lines[-1] = last.shortened(line.start, line.first)
    return lines, True


def _indent(line: SetLine, setting: Setting) -> float:
    return setting.indent if line.first else 0.0


def _sticks_out(line: SetLine, setting: Setting) -> bool:
    return setting.width is not None and line.width + _indent(line, setting) > setting.width + FIT_SLACK_PX


def _missing(lines: list[SetLine]) -> Iterator[str]:
    for line in lines:
        for piece in sorted(line.pieces, key=lambda piece: piece.item.start) if len(line.pieces) > 1 else line.pieces:
            yield from piece.run.missing


def _place(line: SetLine, baseline: float, box: float, size: float, setting: Setting) -> Line:
    """Put a line where its alignment says; an indented one lies in a box that is narrower at its paragraph's start."""
    indent = _indent(line, setting)
    room = box - indent - line.width
    align, rtl = setting.align, line.base == 1
    if align == "justify" and not line.last and room > 0:
        line, room = justified(line, room), 0.0
    if align in ("start", "justify"):
        align = "right" if rtl and (room > 0 or setting.align == "start") else "left"
    elif align == "end":
        align = "left" if rtl else "right"
    x = {"left": 0.0, "center": room / 2, "right": room}[align] + (0.0 if rtl else indent)
    runs = []
    pen = x
    for piece in line.pieces:
        runs.append(PlacedRun(piece.item.font, size, pen, baseline, piece.run.glyphs))
        pen += piece.run.width
    return Line(baseline, x, line.width, line.text, line.start, tuple(runs))


def _fitted(at: Callable[[float], TextLayout], setting: Setting, grows: bool) -> TextLayout:
    """Return the layout at the largest size that fits: the asked size and below it, or above it when it `grows`.

    Looks for a whole number of steps by halving; a size is only ever taken after the text was set at it, because a smaller
    size that breaks its lines elsewhere does not always fit where a larger one does.
    """
    best = at(setting.size)
    fits = _fits(best, setting)
    if setting.fit == "grow":
        if not (fits and grows):
            return best
        low, high = int(setting.size / FIT_STEP_PX), int(SIZE_PX_MAX / FIT_STEP_PX)
    elif fits:
        return best
    else:
        low, high = int(FIT_SIZE_PX_MIN / FIT_STEP_PX), int(setting.size / FIT_STEP_PX)
        best = at(min(FIT_SIZE_PX_MIN, setting.size))
    step = 1 if setting.fit == "grow" else high
    while low < high:
        middle = min(low + step, (low + high + 1) // 2)
        tried = at(middle * FIT_STEP_PX)
        if _fits(tried, setting):
            best, low, step = tried, middle, step * 2
        else:
            high = middle - 1
    return best


def _fits(text: TextLayout, setting: Setting) -> bool:
    if text.truncated:
        return False
    if setting.fit != "shrink-to-lines" and setting.height is not None and text.height > setting.height + FIT_SLACK_PX:
        return False
    # The side on which an indent lies does not matter: what sticks out does so on one side or the other.
    return setting.width is None or all(
        line.x >= -FIT_SLACK_PX and line.x + line.width <= setting.width + FIT_SLACK_PX for line in text.lines
    )
