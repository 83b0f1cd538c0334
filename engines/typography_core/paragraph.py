"""Where does one paragraph break into lines, and which glyphs stand on each?

A `Paragraph` is what does not depend on the size: levels, items, places to break. `Measured` is the paragraph at a size: it
is shaped once as a whole to measure, and its lines are filled greedily; then each line is shaped by itself, as far as a
break cut it off. Where a line goes on the page is `layout`'s concern.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple, Protocol

from engines.typography_core import bidi, breaks
from engines.typography_core.charsets import is_invisible
from engines.typography_core.fonts import FontInstance
from engines.typography_core.itemise import COMMON, Cascade, Covers, Item, itemise
from engines.typography_core.setting import Setting
from engines.typography_core.shaping import CONTEXT_SCRIPTS, FontMetrics, Glyph, Run

FIT_SLACK_PX = 1e-6
"""A line as wide as its box fits, although its glyphs' widths were added up in another order."""

RESHAPES_MAX = 8
"""Breaks that are given up for one line because its glyphs grew when it was cut off; then it may stick out. Kerning with a
space takes one; more come from a font that wants to keep us busy."""

BALANCE_STEP_PX = 0.25
"""How finely balanced lines are evened out."""

_HYPHENS = ("\u2010", "-")
"""Shown where a line ends inside a word: the first that the font has."""

_UNTRACKED = {"liga": 0, "clig": 0}
"""Letters that are moved apart are not joined either (CSS Text 3 §8.2)."""


class Shaper(Protocol):
    """What layout asks of fonts; the module `shaping` is one."""

    def shape_run(
        self,
        text: str,
        start: int,
        end: int,
        font: FontInstance,
        size: float,
        *,
        script: str,
        language: str,
        rtl: bool,
        features: Mapping[str, int],
    ) -> Run: ...

    def metrics(self, font: FontInstance, size: float) -> FontMetrics: ...


class Piece(NamedTuple):
    """An item of a line, and its glyphs."""

    item: Item
    run: Run


class SetLine(NamedTuple):
    """A line that knows its glyphs but not its place: pieces from left to right, `width` in px, first and last of its paragraph
    or not. `text` is what is shown: characters from `start` on, and a hyphen or an ellipsis."""

    start: int
    text: str
    pieces: tuple[Piece, ...]
    width: float
    base: int
    first: bool
    last: bool


class Paragraph:
    """`text[start:end]` between two mandatory breaks, without the spaces at its end, and how it falls apart."""

    def __init__(self, text: str, start: int, end: int, setting: Setting, cascade: Cascade, covers: Covers) -> None:
        while end > start and text[end - 1] in breaks.SPACES:
            end -= 1
        self.text, self.start, self.end = text, start, end
        self.cascade, self.covers = cascade, covers
        self._setting = setting
        self.own = text[start:end]
        self.levels = bidi.resolve(self.own, setting.direction)
        self.items = itemise(text, start, end, self.levels.of, cascade, covers)
        self.starts = [item.start for item in self.items]

    @cached_property
    def breaks(self) -> list[breaks.Break]:
        """Where a line may end, as indices into the whole text."""
        found = breaks.line_breaks(self.own, self._setting.language, self._setting.line_break, self._setting.hyphenate)
        return [breaks.Break(self.start + cut, self.start + next_, hyphen) for cut, next_, hyphen in found]

    def tail_item(self, at: int, tail: str, level: int) -> Item:
        """Return the item of `tail`, shown at `at`, after the characters before it: in their font, if that has it."""
        count = bisect_left(self.starts, at)
        script = self.items[count - 1].script if count else COMMON
        fonts = [*([self.items[count - 1].font] if count else ()), *self.cascade(script)]
        font = next((one for one in fonts if self.covers(one, tail)), fonts[0])
        return Item(at, at + len(tail), script, level, font)


class Measured:
    """A paragraph at `size` px."""

    def __init__(self, paragraph: Paragraph, size: float, setting: Setting, shaper: Shaper) -> None:
        self._paragraph, self._size, self._setting, self._shaper = paragraph, size, setting, shaper
        self._track = setting.tracking / 1000 * size
        self._features = {**_UNTRACKED, **setting.features} if self._track else setting.features
        self._whole = [self._shape(paragraph.text, item) for item in paragraph.items]

    def lines(self) -> Iterator[SetLine]:
        """Yield the lines of the paragraph, as wide as their box lets them be; an empty paragraph is one empty line."""
        paragraph, width = self._paragraph, self._setting.width
        whole = self.line(paragraph.start, paragraph.end, "", True, True)
        if width is None or whole.width <= width - self._setting.indent + FIT_SLACK_PX:
            yield whole
            return
        places = paragraph.breaks
        room = self._balanced(width) if self._setting.wrap == "balance" else width
        start, index = paragraph.start, 0
        while index < len(places):
            indent = self._setting.indent if start == paragraph.start else 0.0
            found = self._fitting(start, index, room - indent)
            line = self._broken(start, found)
            for _ in range(RESHAPES_MAX):
                if line.width <= width - indent + FIT_SLACK_PX or found == index:
                    break
                # Kerning with the space that was cut off can make the line wider by itself than within its paragraph.
                found -= 1
                line = self._broken(start, found)
            yield line
            start, index = places[found].following, found + 1

    def line(self, start: int, end: int, tail: str, first: bool, last: bool, tail_level: int | None = None) -> SetLine:
        """Shape the line of the characters `start` up to `end`, and `tail` after them."""
        paragraph = self._paragraph
        text = paragraph.text[:end] + tail if tail else paragraph.text
        items = self._items(start, end)
        if tail:
            level = paragraph.levels.base if tail_level is None else tail_level
            added = paragraph.tail_item(end, tail, level)
            if items and items[-1][2:] == added[2:]:
                added = items.pop()._replace(end=added.end)
            items.append(added)
        pieces = [Piece(item, self._run(text, item, bool(tail))) for item in items]
        order = bidi.visual_order([item.level for item in items])
        placed = tuple(pieces[index] for index in order)
        width = sum([piece.run.width for piece in placed])
        if placed and self._tracks(placed[-1].item):
            width -= self._track
        shown = text[start:] if tail else text[start:end]
        return SetLine(start, shown, placed, width, paragraph.levels.base, first, last)

    def shortened(self, start: int, first: bool) -> SetLine:
        """Return a line from `start` on that ends with the ellipsis: as many whole clusters as fit beside it, or none."""
        paragraph, tail = self._paragraph, self._setting.ellipsis
        ends = [start, *(start + end for end in breaks.graphemes(paragraph.text[start : paragraph.end]))]
        if self._setting.width is None:
            return self.line(start, ends[-1], tail, first, True)
        room = self._setting.width - (self._setting.indent if first else 0.0) + FIT_SLACK_PX
        beside = room - self.line(start, start, tail, first, True).width - self._track
        reach = [self._reach[end - paragraph.start] for end in ends]
        count = max(1, bisect_right(reach, reach[0] + beside))
        line = self._shortened_at(start, ends[count - 1], first)
        for _ in range(RESHAPES_MAX):
            if line.width <= room or count == 1:
                break
            count -= 1
            line = self._shortened_at(start, ends[count - 1], first)
        return line

    def _shortened_at(self, start: int, end: int, first: bool) -> SetLine:
        while end > start and self._paragraph.text[end - 1] in breaks.SPACES:
            end -= 1
        return self.line(start, end, self._setting.ellipsis, first, True)

    def _broken(self, start: int, index: int) -> SetLine:
        """Return the line from `start` to the break at `index`."""
        paragraph = self._paragraph
        cut, following, hyphen = paragraph.breaks[index]
        level = paragraph.levels.of[cut - paragraph.start - 1] if hyphen else 0
        tail = self._hyphen if hyphen else ""
        return self.line(start, cut, tail, start == paragraph.start, following == paragraph.end, level)

    def _fitting(self, start: int, index: int, room: float) -> int:
        """Return the last break from `index` on that a line from `start` reaches within `room` px; `index` at least."""
        places, reach, origin = self._paragraph.breaks, self._reach, self._paragraph.start
        left, room = reach[start - origin], room + FIT_SLACK_PX + self._track
        best = index
        for place in range(index, len(places)):
            cut, _, hyphen = places[place]
            width = reach[cut - origin] - left
            if width > room:
                break
            if not hyphen or width + self._hyphen_px <= room:
                best = place
        return best

    def _balanced(self, width: float) -> float:
        """Return the least width in which the paragraph takes no more lines than in `width`."""
        lines = self._count(width)
        low, high = 0, int(width / BALANCE_STEP_PX)
        while low < high:
            middle = (low + high) // 2
            if self._count(middle * BALANCE_STEP_PX) <= lines:
                high = middle
            else:
                low = middle + 1
        return min(width, high * BALANCE_STEP_PX)

    def _count(self, room: float) -> int:
        places, start, index, count = self._paragraph.breaks, self._paragraph.start, 0, 0
        while index < len(places):
            indent = self._setting.indent if not count else 0.0
            found = self._fitting(start, index, room - indent)
            start, index, count = places[found].following, found + 1, count + 1
        return count

    @cached_property
    def _reach(self) -> list[float]:
        """For each index into the paragraph (and its end) the width in px of all that stands before it, in logical order."""
        origin = self._paragraph.start
        widths = [0.0] * (self._paragraph.end - origin + 1)
        for run in self._whole:
            for glyph in run.glyphs:
                widths[glyph.cluster - origin + 1] += glyph.advance
        total = 0.0
        for index, advance in enumerate(widths):
            total += advance
            widths[index] = total
        return widths

    @cached_property
    def _hyphen(self) -> str:
        item = self._paragraph.items[0]
        return next((char for char in _HYPHENS if self._paragraph.covers(item.font, char)), _HYPHENS[-1])

    @cached_property
    def _hyphen_px(self) -> float:
        item = self._paragraph.tail_item(self._paragraph.end, self._hyphen, 0)
        return self._shape(self._paragraph.text[: self._paragraph.end] + self._hyphen, item).width

    def _items(self, start: int, end: int) -> list[Item]:
        """Return the items of the line `start` up to `end`, at the levels that they have on it (UAX #9 L1)."""
        paragraph = self._paragraph
        origin, levels = paragraph.start, paragraph.levels
        if len(paragraph.items) == 1 and (start, end) == (paragraph.start, paragraph.end):
            return list(paragraph.items)
        first, last = bisect_right(paragraph.starts, start) - 1, bisect_left(paragraph.starts, end)
        cut = [
            item._replace(start=max(start, item.start), end=min(end, item.end))
            for item in paragraph.items[max(0, first) : last]
        ]
        line = bidi.line_levels(paragraph.own, levels, start - origin, end - origin)
        if line == levels.of[start - origin : end - origin]:
            return cut
        return [part for item in cut for part in _by_level(item, line[item.start - start : item.end - start])]

    def _run(self, text: str, item: Item, changed: bool) -> Run:
        """Return the glyphs of an item of a line: those of the paragraph, where no break cut it."""
        index = bisect_left(self._paragraph.starts, item.start)
        if not changed and index < len(self._whole) and self._paragraph.items[index] == item:
            return self._whole[index]
        return self._shape(text, item)

    def _shape(self, text: str, item: Item) -> Run:
        run = self._shaper.shape_run(
            text,
            item.start,
            item.end,
            item.font,
            self._size,
            script=item.script,
            language=self._setting.language,
            rtl=item.level % 2 == 1,
            features=self._features,
        )
        return _tracked(run, text, self._track) if self._tracks(item) else run

    def _tracks(self, item: Item) -> bool:
        return self._track != 0 and item.script not in CONTEXT_SCRIPTS


def _by_level(item: Item, levels: Sequence[int]) -> Iterator[Item]:
    """Cut `item` where its characters' `levels` change."""
    start = 0
    for at in range(1, len(levels) + 1):
        if at == len(levels) or levels[at] != levels[start]:
            yield item._replace(start=item.start + start, end=item.start + at, level=levels[start])
            start = at


def _tracked(run: Run, text: str, extra: float) -> Run:
    """Add `extra` px after each cluster of `run` that shows something."""
    glyphs: list[Glyph] = []
    shift = 0.0
    for index, glyph in enumerate(run.glyphs):
        closes = index + 1 == len(run.glyphs) or run.glyphs[index + 1].cluster != glyph.cluster
        widen = extra if closes and not is_invisible(text[glyph.cluster]) else 0.0
        glyphs.append(glyph._replace(x=glyph.x + shift, advance=glyph.advance + widen))
        shift += widen
    return Run(tuple(glyphs), run.width + shift, run.missing)
