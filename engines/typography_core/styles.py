"""In which style is each character of a text set, and how does it look?

Values only. A text has one style, or spans that each have their own; neighbours that differ in their look alone are shaped
together, so that colours part neither joined letters nor kerned pairs. Where styles come from is `rich_text`'s concern, what
they do is `paragraph`'s and `layout`'s. The main path is `Styling.styles_of`.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from engines.typography_core.font_types import FontInstance
from engines.typography_core.look import Look

Cascade = Callable[[str], Sequence[FontInstance]]
"""Script (ISO 15924) -> the fonts to look in, in order; one at least, and the first is the same for all scripts."""

Covers = Callable[[FontInstance, str], bool]

Value = TypeVar("Value")

HasSmallCaps = Callable[[FontInstance, str], bool]
"""Whether a font has small capitals of its own for a script."""


class Style(NamedTuple):
    """How characters are set. `scale` is their size in sizes of the text, `rise` how far above the line's baseline they stand, in ems of
    the text's size; `line_scale` and `line_rise` are the same for the inline box that the line's height follows. `tracking` and
    `word_spacing` are in thousandths of an em. `capitals` are shaped instead of the letters; `small_caps` asks for small capitals."""

    cascade: Cascade
    language: str
    features: Mapping[str, int]
    tracking: float = 0.0
    word_spacing: float = 0.0
    scale: float = 1.0
    rise: float = 0.0
    line_scale: float = 1.0
    line_rise: float = 0.0
    capitals: bool = False
    small_caps: HasSmallCaps | None = None


class Span(NamedTuple):
    """The characters from `start` (0-based) up to the next span, their style, and their look where it is not the text's."""

    start: int
    style: Style
    look: Look | None = None


class Styling:
    """The styles of a text, from `spans` in order, the first of which begins at 0."""

    def __init__(self, spans: Sequence[Span]) -> None:
        assert spans
        assert spans[0].start == 0
        self._styles = _Places([(span.start, span.style) for span in spans])
        self._looks = _Places([(span.start, span.look) for span in spans])
        self.styles = [style for _, style in self._styles.places]

    @property
    def plain(self) -> bool:
        """Whether all characters have one style, whatever their looks."""
        return len(self.styles) == 1

    def at(self, index: int) -> Style:
        """Return the style of the character at `index`; at the text's end, that of its last character."""
        return self._styles.within(index, index)[0][1]

    def styles_of(self, start: int, end: int) -> list[tuple[int, Style]]:
        """Return where each style of `text[start:end]` begins, and which; the first begins at `start`."""
        return self._styles.within(start, end)

    def looks_of(self, start: int, end: int) -> list[tuple[int, Look | None]]:
        """Return where each look of `text[start:end]` begins, and which; the first begins at `start`. None is the text's own."""
        return self._looks.within(start, end)


class _Places(Generic[Value]):
    """Values and where each begins; neighbours are not equal."""

    def __init__(self, given: list[tuple[int, Value]]) -> None:
        self.places: list[tuple[int, Value]] = []
        for start, value in given:
            if self.places and self.places[-1][0] == start:
                self.places.pop()  # What it was given to is empty.
            if not self.places or self.places[-1][1] != value:
                self.places.append((start, value))
        self._starts = [start for start, _ in self.places]

    def within(self, start: int, end: int) -> list[tuple[int, Value]]:
        """Return what begins between `start` and `end`, and before that what holds at `start`."""
        if len(self.places) == 1:
            return [(start, self.places[0][1])]
        first = bisect_right(self._starts, start)
        return [(start, self.places[first - 1][1]), *self.places[first : bisect_left(self._starts, end, first)]]
