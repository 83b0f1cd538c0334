"""Where does one paragraph break into lines, and which glyphs stand on each?

A `Paragraph` is what does not depend on the size: levels, items, places to break. `Measured` is the paragraph at a size: it
is shaped once as a whole to measure, and its lines are filled greedily; then each line is shaped by itself, as far as a
break cut it off. Where a line goes on the page is `layout`'s concern.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, Protocol

from engines.typography_core import bidi, breaks, small_caps, tabs
from engines.typography_core.charsets import is_invisible
from engines.typography_core.fonts import FontInstance
from engines.typography_core.itemise import COMMON, Item, itemise
from engines.typography_core.setting import Setting
from engines.typography_core.shaping import CONTEXT_SCRIPTS, FontMetrics, Glyph, Run
from engines.typography_core.styles import Covers, Style, Styling
from engines.typography_core.tabs import TabbedLine

FIT_SLACK_PX = 1e-6
"""A line as wide as its box fits, although its glyphs' widths were added up in another order."""

RESHAPES_MAX = 8
"""Breaks that are given up for one line because its glyphs grew when it was cut off; then it may stick out. Kerning with a
space takes one; more come from a font that wants to keep us busy."""

BALANCE_STEP_PX = 0.25
"""How finely balanced lines are evened out."""

_HYPHENS = ("\u2010", "-")
"""Shown where a line ends inside a word: the first that the font has."""

_WORD_SPACES = " \u00a0"
"""What word spacing is added to (CSS Text 3 §8.1)."""

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
    or not. `text` is what is shown: characters from `start` up to `end`, and a hyphen or an ellipsis."""

    start: int
    end: int
    text: str
    pieces: tuple[Piece, ...]
    width: float
    base: int
    first: bool
    last: bool


class Paragraph:
    """`text[start:end]` between two mandatory breaks, without the spaces at its end, and how it falls apart."""

    def __init__(
        self,
        text: str,
        start: int,
        end: int,
        setting: Setting,
        styling: Styling,
        covers: Covers,
        stops: tuple[tabs.TabStop, ...] = (),
    ) -> None:
        while end > start and text[end - 1] in breaks.SPACES:
            end -= 1
        self.text, self.start, self.end = text, start, end
        self.styling, self.covers = styling, covers
        self._setting = setting
        self.own = text[start:end]
        self.levels = bidi.resolve(self.own, setting.direction)
        self.items = itemise(text, start, end, self.levels.of, styling, covers)
        self.starts = [item.start for item in self.items]
        self.stops = stops if tabs.TAB in self.own else ()
        self.shaped = text
        """The whole text as fonts are asked for it; see `share_shaped`."""

    @cached_property
    def breaks(self) -> list[breaks.Break]:
        """Where a line may end, as indices into the whole text."""
        found = breaks.line_breaks(self.own, self._setting.language, self._setting.line_break, self._setting.hyphenate)
        return [breaks.Break(self.start + cut, self.start + next_, hyphen) for cut, next_, hyphen in found]

    def tail_item(self, at: int, tail: str, level: int) -> Item:
        """Return the item of `tail`, shown at `at`, after the characters before it: in their font, if that has it."""
        count = bisect_left(self.starts, at)
        before = self.items[count - 1] if count else None
        script = before.script if before else COMMON
        style = before.style if before else self.styling.at(at)
        fonts = [*([before.font] if before else ()), *style.cascade(script)]
        font = next((one for one in fonts if self.covers(one, tail)), fonts[0])
        return Item(at, at + len(tail), script, level, font, style)


def share_shaped(text: str, paragraphs: Sequence[Paragraph]) -> None:
    """Give all `paragraphs` of `text` one text to shape: with a space for each tab, and capitals for what is set in smaller ones."""
    capitals = [item for one in paragraphs for item in one.items if item.style.capitals]
    if not capitals and tabs.TAB not in text:
        return
    parts = []
    place = 0
    for item in capitals:
        parts += [text[place : item.start], small_caps.capitals(text[item.start : item.end])]
        place = item.end
    shaped = "".join([*parts, text[place:]]).replace(tabs.TAB, " ")
    for paragraph in paragraphs:
        paragraph.shaped = shaped


class _Sized(NamedTuple):
    """A style at a size: px per em, px added after each cluster and to each space, and features."""

    size: float
    track: float
    word: float
    features: Mapping[str, int]


class Measured:
    """A paragraph at `size` px."""

    def __init__(self, paragraph: Paragraph, size: float, setting: Setting, shaper: Shaper) -> None:
        self._paragraph, self._size, self._setting, self._shaper = paragraph, size, setting, shaper
        self._styles: dict[int, _Sized] = {}
        self._hyphens: dict[int, float] = {}
        self._tracks = any(item.style.tracking for item in paragraph.items)
        self._whole = [self._shape(paragraph.shaped, item) for item in paragraph.items]

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
        text = paragraph.shaped[:end] + tail if tail else paragraph.shaped
        items = self._items(start, end)
        if tail:
            level = paragraph.levels.base if tail_level is None else tail_level
            added = paragraph.tail_item(end, tail, level)
            if items and items[-1][2:] == added[2:]:
                added = items.pop()._replace(end=added.end)
            items.append(added)
        pieces = [Piece(item, self._run(text, item, bool(tail))) for item in items]
        if paragraph.stops:
            pieces = self._tabbed(pieces, start, end, first)
        order = bidi.visual_order([item.level for item in items])
        placed = tuple(pieces[index] for index in order)
        width = sum([piece.run.width for piece in placed])
        if placed:
            width -= self._tracking(placed[-1].item)
        return SetLine(start, end, paragraph.text[start:end] + tail, placed, width, paragraph.levels.base, first, last)

    def _tabbed(self, pieces: list[Piece], start: int, end: int, first: bool) -> list[Piece]:
        """Widen the tabs of a line (its pieces in logical order) up to their stops."""
        text = self._paragraph.text
        indent = self._setting.indent if first else 0.0
        widths = iter(TabbedLine(text, start, self._paragraph.stops, indent, self._px).widths(end))
        return [
            Piece(piece.item, _as_wide(piece.run, next(widths)))
            if text[piece.item.start] == tabs.TAB and piece.item.start < end
            else piece
            for piece in pieces
        ]

    def shortened(self, start: int, first: bool) -> SetLine:
        """Return a line from `start` on that ends with the ellipsis: as many whole clusters as fit beside it, or none."""
        paragraph, tail = self._paragraph, self._setting.ellipsis
        ends = [start, *(start + end for end in breaks.graphemes(paragraph.text[start : paragraph.end]))]
        if self._setting.width is None:
            return self.line(start, ends[-1], tail, first, True)
        room = self._setting.width - (self._setting.indent if first else 0.0) + FIT_SLACK_PX
        own = self.line(start, start, tail, first, True)
        beside = room - own.width - (self._tracking(own.pieces[-1].item) if own.pieces else 0.0)
        width = self._widths(start)
        reach = [width(end) for end in ends]
        count = max(1, bisect_right(reach, beside))
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
        places, room = self._paragraph.breaks, room + FIT_SLACK_PX
        width_to = self._widths(start)
        best = index
        for place in range(index, len(places)):
            cut, _, hyphen = places[place]
            width = width_to(cut)
            if width - self._tracking_before(cut) > room:
                break
            if not hyphen or width + self._hyphen_px(cut) <= room:
                best = place
        return best

    def _px(self, start: int, end: int) -> float:
        """Return how wide the characters `start` up to `end` are within their paragraph, tabs as wide as spaces."""
        origin = self._paragraph.start
        return self._reach[end - origin] - self._reach[start - origin]

    def _widths(self, start: int) -> Callable[[int], float]:
        """Return how wide a line from `start` up to an index is, before it is shaped by itself; indices must ascend."""
        paragraph = self._paragraph
        if paragraph.stops:
            indent = self._setting.indent if start == paragraph.start else 0.0
            return TabbedLine(paragraph.text, start, paragraph.stops, indent, self._px).width
        reach, origin = self._reach, paragraph.start
        left = reach[start - origin]
        return lambda end: reach[end - origin] - left

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
            for _, cluster, _, _, advance in run.glyphs:
                widths[cluster - origin + 1] += advance
        return list(accumulate(widths))

    @cached_property
    def _hyphen(self) -> str:
        item = self._paragraph.items[0]
        return next((char for char in _HYPHENS if self._paragraph.covers(item.font, char)), _HYPHENS[-1])

    def _hyphen_px(self, cut: int) -> float:
        """Return how much longer a hyphen makes a line that ends at `cut`; each item's is measured once."""
        paragraph = self._paragraph
        count = bisect_left(paragraph.starts, cut)
        if count not in self._hyphens:
            item = paragraph.tail_item(cut, self._hyphen, 0)
            width = self._shape(paragraph.shaped[:cut] + self._hyphen, item).width
            self._hyphens[count] = width - self._tracking(item)
        return self._hyphens[count]

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
        sized = self._sized(item.style)
        run = self._shaper.shape_run(
            text,
            item.start,
            item.end,
            item.font,
            sized.size,
            script=item.script,
            language=item.style.language,
            rtl=item.level % 2 == 1,
            features=sized.features,
        )
        track = self._tracking(item)
        return _spaced(run, text, track, sized.word) if track or sized.word else run

    def _sized(self, style: Style) -> _Sized:
        """Return what `style` is at this size; styles live as long as their paragraph, so that each is known by its id."""
        found = self._styles.get(id(style))
        if found is None:
            size = self._size * style.scale
            track, word = style.tracking / 1000 * size, style.word_spacing / 1000 * size
            found = _Sized(size, track, word, {**_UNTRACKED, **style.features} if track else style.features)
            self._styles[id(style)] = found
        return found

    def _tracking(self, item: Item) -> float:
        """Return the px that are added after each cluster of `item`."""
        return 0.0 if item.script in CONTEXT_SCRIPTS else self._sized(item.style).track

    def _tracking_before(self, cut: int) -> float:
        """Return the px that were added after the cluster before `cut`, where a line may end."""
        if not self._tracks:
            return 0.0
        count = bisect_left(self._paragraph.starts, cut)
        return self._tracking(self._paragraph.items[count - 1]) if count else 0.0


def _by_level(item: Item, levels: Sequence[int]) -> Iterator[Item]:
    """Cut `item` where its characters' `levels` change."""
    start = 0
    for at in range(1, len(levels) + 1):
        if at == len(levels) or levels[at] != levels[start]:
            yield item._replace(start=item.start + start, end=item.start + at, level=levels[start])
            start = at


def _spaced(run: Run, text: str, track: float, word: float) -> Run:
    """Add `track` px after each cluster of `run` that shows something, and `word` px to its spaces."""
    glyphs: list[Glyph] = []
    shift = 0.0
    for index, glyph in enumerate(run.glyphs):
        widen = 0.0
        if index + 1 == len(run.glyphs) or run.glyphs[index + 1].cluster != glyph.cluster:
            char = text[glyph.cluster]
            if track and not is_invisible(char):
                widen = track
            if char in _WORD_SPACES:
                widen += word
        glyphs.append(glyph._replace(x=glyph.x + shift, advance=glyph.advance + widen))
        shift += widen
    return Run(tuple(glyphs), run.width + shift, run.missing)


def _as_wide(run: Run, width: float) -> Run:
    """Return the run of a tab, one space, `width` px wide."""
    glyphs = tuple([glyph._replace(advance=width if not index else 0.0) for index, glyph in enumerate(run.glyphs)])
    return Run(glyphs, width, run.missing)
