"""How wide is each tab of a line?

Pure. A tab reaches to the next stop after what stands before it, or makes what follows it, up to the next tab, end at, lie around or have
its decimal point at that stop. Past the last stop a tab is a space. Stops count from the edge of the box at which the line begins
to be read, in px. The main path is `TabbedLine`.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from engines.typography_core.errors import TextLimitError, TextValueError

TabAlign = Literal["left", "center", "right", "decimal"]

TAB = "\t"

TABS_MAX = 100
"""Stops: more columns than a page has."""

AT_PX_MAX = 1_000_000.0
"""px: as wide as a text may be."""

NEXT_PX = 1e-6
"""px: a stop this near to the end of what stands before a tab counts as reached."""


class TabStop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A tab stop `at` px; `left` and `right` are start and end in right-to-left paragraphs. `point` is what a `decimal` one looks for: the
    last in the text that is set there, whose end it is where there is none."""

    at: Annotated[float, Meta(ge=0, le=AT_PX_MAX)]
    align: TabAlign = "left"
    point: Annotated[str, Meta(min_length=1, max_length=1)] = "."


Tabs = tuple[Annotated[float, Meta(ge=0, le=AT_PX_MAX)] | TabStop, ...]


def stops_of(tabs: Sequence[float | TabStop]) -> tuple[TabStop, ...]:
    """Return the stops that `tabs` mean, in order. Raises TextLimitError, TextValueError."""
    if len(tabs) > TABS_MAX:
        raise TextLimitError("tabs", len(tabs), TABS_MAX, "stops")
    found = [tab if isinstance(tab, TabStop) else TabStop(at=tab) for tab in tabs]
    for index, stop in enumerate(found):
        number = isinstance(stop.at, int | float) and not isinstance(stop.at, bool)
        if not (number and math.isfinite(stop.at) and 0 <= stop.at <= AT_PX_MAX):
            raise TextValueError(f"tabs[{index}]", stop.at, f"a number from 0 to {AT_PX_MAX:,g}")
        if not (isinstance(stop.point, str) and len(stop.point) == 1):
            raise TextValueError(f"tabs[{index}].point", stop.point, "one character")
        if stop.align not in get_args(TabAlign):
            raise TextValueError(f"tabs[{index}].align", stop.align, "one of " + ", ".join(get_args(TabAlign)))
    return tuple(sorted(found, key=lambda stop: stop.at))


class TabbedLine:
    """A line of `text` from `start` on, `indent` px from the edge, that is measured to further and further ends.

    `measure` tells how wide the characters from one index up to another are, and of a tab how wide it is past the last stop. Each tab is
    settled once, when the next one is reached: costs the tabs and the ends.
    """

    def __init__(
        self, text: str, start: int, stops: Sequence[TabStop], indent: float, measure: Callable[[int, int], float]
    ) -> None:
        self._text, self._start, self._stops, self._indent, self._measure = text, start, stops, indent, measure
        self._places = [stop.at for stop in stops]
        self._settled: list[float] = []
        self._pen = indent
        self._tab: int | None = None

    def width(self, end: int) -> float:
        """Return the width in px of the line up to `end`, no nearer than the end before."""
        place = self._start if self._tab is None else self._tab + 1
        while (found := self._text.find(TAB, place, end)) >= 0:
            if self._tab is not None:
                self._settled.append(self._gap(self._tab, found))
            self._pen = self._after(found)
            self._tab, place = found, found + 1
        return self._after(end) - self._indent

    def widths(self, end: int) -> list[float]:
        """Return the width in px of each tab of the line up to `end`."""
        self.width(end)
        return self._settled if self._tab is None else [*self._settled, self._gap(self._tab, end)]

    def _after(self, end: int) -> float:
        """Return where the text up to `end` ends, in px from the edge; there is no other tab before it."""
        if self._tab is None:
            return self._pen + self._measure(self._start, end)
        return self._pen + self._gap(self._tab, end) + self._measure(self._tab + 1, end)

    def _gap(self, tab: int, end: int) -> float:
        """Return how wide the tab is, behind which the text up to `end` follows."""
        index = bisect_right(self._places, self._pen + NEXT_PX)
        if index == len(self._stops):
            return self._measure(tab, tab + 1)
        stop = self._stops[index]
        if stop.align == "decimal" and (point := self._text.rfind(stop.point, tab + 1, end)) >= 0:
            before = self._measure(tab + 1, point)
        else:
            before = self._measure(tab + 1, end) * {"left": 0.0, "center": 0.5}.get(stop.align, 1.0)
        return max(0.0, stop.at - self._pen - before)
