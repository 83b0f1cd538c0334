"""Where does each line of a text sit, and how large is the box around it?

Pure, given a shaper: no font is opened and no pixel made here. A text is cut at its mandatory breaks into paragraphs, which
`paragraph` breaks into lines; here lines are limited, aligned, justified and, by `fit`, set at the size that fits. Line
boxes are `line_boxes`' concern. The main path is `lay_out`.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

import msgspec

from engines.typography_core import breaks, fonts, shaping
from engines.typography_core.fonts import FontInstance
from engines.typography_core.itemise import COMMON, any_latin_letter, has_ascii
from engines.typography_core.justify import justified
from engines.typography_core.line_boxes import LineBoxes, line_box
from engines.typography_core.look import Look
from engines.typography_core.outlines import Letter
from engines.typography_core.paragraph import FIT_SLACK_PX, Measured, Paragraph, Piece, SetLine, Shaper, share_shaped
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
from engines.typography_core.styles import Cascade, Covers, Span, Style, Styling
from engines.typography_core.tabs import TAB, stops_of

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

AT_ONCE_CHARS_MAX = 256
"""Characters of a text that is tried as one line first: longer ones are paragraphs, whose shaping would be for nothing."""

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
    the places of its glyphs where it runs along a path. `height` is that of all lines, the first of which begins at `top`; `asked` are
    the first fonts of all styles, which say how high lines are."""

    width: float
    height: float
    lines: tuple[Line, ...]
    missing: tuple[str, ...]
    font: FontInstance
    size: float
    truncated: bool = False
    letters: tuple[Letter, ...] | None = None
    top: float = 0.0
    asked: tuple[FontInstance, ...] = ()

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
    text: str,
    cascade: Cascade,
    setting: Setting,
    *,
    spans: Sequence[Span] = (),
    covers: Covers = fonts.covers,
    shaper: Shaper = shaping,
) -> TextLayout:
    """Set `text` into lines, each cluster in the first font of `cascade` that has it, and align them in a box as wide as
    the setting says, or as the longest line. Where there are `spans`, the first at 0, their styles hold instead.

    Mandatory breaks are kept and begin a paragraph, each with a direction of its own; a tab counts as one space where no stops are set;
    spaces at the end of a line hang out of it and take no room. With a width, lines fill up to the last place where UAX #14 lets them
    break, and what cannot be broken stays whole on a line of its own. `justify` widens the spaces of every line but a
    paragraph's last and those with tabs; `start` and `end` follow the paragraph's direction. Each line is as high as the highest of its
    styles, `line_height` times its size. Past `max_lines`, the last line ends with the ellipsis, after as many whole clusters as fit.
    An empty text is one empty line. Raises TextValueError, TextLimitError, TextEncodingError, before any work but for what only a
    font can refuse.
    """
    check(text, setting)
    if not spans and (found := _at_once(text, cascade, setting, covers, shaper)) is not None:
        return found
    styling = Styling(spans or [Span(0, style_of(cascade, setting))])
    plain = text if setting.tabs else text.replace(TAB, " ")
    # A mandatory break is never printable, and that question is the quicker one.
    breaking = () if plain.isprintable() else breaks.HARD_BREAK.finditer(plain)
    ends = [(found.start(), found.end()) for found in breaking]
    bounds = pairwise([(0, 0), *ends, (len(plain), len(plain))])
    stops = stops_of(setting.tabs)
    paragraphs = [Paragraph(plain, start, end, setting, styling, covers, stops) for (_, start), (end, _) in bounds]
    share_shaped(plain, paragraphs)
    first_font = cascade(paragraphs[0].items[0].script if paragraphs[0].items else COMMON)[0]

    def at(size: float) -> TextLayout:
        return _set(paragraphs, styling, first_font, size, setting, shaper)

    if setting.fit == "none":
        return at(setting.size)
    scale_max = max(1.0, *(style.scale for style in styling.styles))
    return _fitted(at, setting, SIZE_PX_MAX / scale_max, grows=setting.fit == "grow" and bool(plain.strip()))


def _at_once(text: str, cascade: Cascade, setting: Setting, covers: Covers, shaper: Shaper) -> TextLayout | None:
    """Return what `lay_out` makes of a plain headline, in a third of the work: Latin letters in one line of one font, which is what most
    texts are. None for every other text. Nothing is decided here: each step is the one that would have been the only one."""
    if not (text.isascii() and text.isprintable() and 0 < len(text) <= AT_ONCE_CHARS_MAX and text[-1] != " "):
        return None
    if (
        setting.fit != "none"
        or setting.direction == "rtl"
        or setting.vertical_align != "top"
        or setting.tracking
        or setting.word_spacing
        or setting.indent
    ):
        return None
    script = "Latn" if any_latin_letter(text) else COMMON
    font, size = cascade(script)[0], setting.size
    if not has_ascii(covers, font):
        return None
    language, features = setting.language, setting.features
    run = shaper.shape_run(
        text, 0, len(text), font, size, script=script, language=language, rtl=False, features=features
    )
    box = run.width if setting.width is None else setting.width
    if run.width > box + FIT_SLACK_PX:
        return None
    room = box - run.width
    x = {"center": room / 2, "right": room, "end": room}.get(setting.align, 0.0)
    above, height = line_box(shaper, font, size, setting.line_height)
    line = Line(above, x, run.width, text, 0, (PlacedRun(font, size, x, above, run.glyphs),))
    return TextLayout(width=box, height=height, lines=(line,), missing=run.missing, font=font, size=size, asked=(font,))


def style_of(cascade: Cascade, setting: Setting) -> Style:
    """Return the style that `setting` asks for."""
    return Style(cascade, setting.language, setting.features, setting.tracking, setting.word_spacing)


def _set(
    paragraphs: list[Paragraph],
    styling: Styling,
    font: FontInstance,
    size: float,
    setting: Setting,
    shaper: Shaper,
) -> TextLayout:
    chosen, truncated = _lines(paragraphs, size, setting, shaper)
    box = max([line.width + _indent(line, setting) for line in chosen]) if setting.width is None else setting.width
    line_boxes = LineBoxes(styling, size, setting, shaper)
    baselines, height = line_boxes.stacked(chosen)
    top = 0.0
    if setting.vertical_align != "top":
        assert setting.height is not None
        top = (setting.height - height) * (0.5 if setting.vertical_align == "middle" else 1.0)
        baselines = [top + baseline for baseline in baselines]
    lines = tuple(
        [_place(line, baseline, box, size, setting, styling) for line, baseline in zip(chosen, baselines, strict=True)]
    )
    return TextLayout(
        width=box,
        height=height,
        lines=lines,
        missing=tuple(dict.fromkeys(_missing(chosen))),
        font=font,
        size=size,
        truncated=truncated,
        top=top,
        asked=line_boxes.fonts,
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


def _place(line: SetLine, baseline: float, box: float, size: float, setting: Setting, styling: Styling) -> Line:
    """Put a line where its alignment says; an indented one lies in a box that is narrower at its paragraph's start."""
    indent = _indent(line, setting)
    room = box - indent - line.width
    align, rtl = setting.align, line.base == 1
    if align == "justify" and not line.last and room > 0 and TAB not in line.text:
        line, room = justified(line, room), 0.0
    if align in ("start", "justify"):
        align = "right" if rtl and (room > 0 or setting.align == "start") else "left"
    elif align == "end":
        align = "left" if rtl else "right"
    x = {"left": 0.0, "center": room / 2, "right": room}[align] + (0.0 if rtl else indent)
    runs: list[PlacedRun] = []
    pen = x
    for piece in line.pieces:
        style = piece.item.style
        placed = PlacedRun(piece.item.font, size * style.scale, pen, baseline - style.rise * size, piece.run.glyphs)
        runs += _in_looks(placed, piece, line, styling)
        pen += piece.run.width
    return Line(baseline, x, line.width, line.text, line.start, tuple(runs))


def _in_looks(placed: PlacedRun, piece: Piece, line: SetLine, styling: Styling) -> list[PlacedRun]:
    """Cut a run where its characters' look changes. A hyphen or an ellipsis looks like the character before it."""
    looks = styling.looks_of(piece.item.start, piece.item.end)
    if len(looks) == 1 and piece.item.start < line.end:
        return [placed if looks[0][1] is None else placed._replace(look=looks[0][1])]
    starts = [start for start, _ in looks]
    last = max(line.start, line.end - 1)
    found: list[tuple[float, Look | None, list[Glyph]]] = []
    pen = 0.0
    for glyph in placed.glyphs:
        shown = glyph.cluster <= last
        look = looks[bisect_right(starts, glyph.cluster) - 1][1] if shown else styling.looks_of(last, last)[0][1]
        if not found or found[-1][1] != look:
            found.append((pen, look, []))
        left, _, glyphs = found[-1]
        glyphs.append(glyph._replace(x=glyph.x - left))
        pen += glyph.advance
    return [placed._replace(x=placed.x + left, look=look, glyphs=tuple(glyphs)) for left, look, glyphs in found]


def _fitted(at: Callable[[float], TextLayout], setting: Setting, size_max: float, grows: bool) -> TextLayout:
    """Return the layout at the largest size that fits: the asked size and below it, or above it when it `grows`.

    Looks for a whole number of steps by halving; a size is only ever taken after the text was set at it, because a smaller
    size that breaks its lines elsewhere does not always fit where a larger one does.
    """
    best = at(setting.size)
    fits = _fits(best, setting)
    if setting.fit == "grow":
        if not (fits and grows):
            return best
        low, high = int(setting.size / FIT_STEP_PX), int(size_max / FIT_STEP_PX)
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
