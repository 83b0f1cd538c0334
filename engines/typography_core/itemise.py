"""Which pieces of a paragraph can be shaped in one go: one script, one bidi level, one font each?

Pure, given fonts. Scripts follow UAX #24: characters shared by scripts (Common, Inherited) take that of their neighbours,
and a closing bracket that of its opening one. The font is chosen for each grapheme cluster: the first of the cascade that
has all of it (of an emoji, the first that has it in colours: see `emoji`); the first of all where none has. The main path is `itemise`.
"""

import functools
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from engines.typography_core import breaks, emoji, fonts, small_caps
from engines.typography_core.bidi_classes import BRACKETS
from engines.typography_core.fonts import FontInstance
from engines.typography_core.styles import Covers, Style, Styling

COMMON = "Zyyy"
"""The script of text that has none of its own, such as a number."""

BRACKETS_OPEN_MAX = 63
"""Open brackets whose script is remembered, as UAX #9 does; those opened first are forgotten first."""

_LATIN = re.compile("[ -~\u00a0-\u00ac\u00ae-\u02b8\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf]*")
"""Characters of the Latin script, and common ones, of which each is a cluster by itself."""
_LATIN_LETTER = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02b8\u1e00-\u1eff]")
_KEEPS_FONT = re.compile(r"[\s\u00ad\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff]+")
"""Clusters that show nothing: spaces and controls."""


class Item(NamedTuple):
    """Characters `start` up to `end` of a text, of one script, level (odd is right-to-left), font and style."""

    start: int
    end: int
    script: str
    level: int
    font: FontInstance
    style: Style


def itemise(
    text: str, start: int, end: int, levels: bytes, styling: Styling, covers: Covers = fonts.covers
) -> list[Item]:
    """Cut `text[start:end]`, a paragraph whose levels are `levels`, into items, in logical order.

    Spaces and controls stay with the font of the cluster before them where it has them; a tab is an item by itself. A cluster has the
    style of its first character. Latin text at one level that the first font covers is one item at once. Asks `covers` once for
    each different cluster and font.
    """
    paragraph = text[start:end]
    if not paragraph:
        return []
    styles = styling.styles_of(start, end)
    level = levels[0]
    found: list[Item] | None = None
    if _LATIN.fullmatch(paragraph) and levels.count(level) == len(levels):
        found = _latin(paragraph, start, level, styles, covers)
    if found is None:
        found = _items(paragraph, start, levels, styles, covers)
    if any(item.style.small_caps for item in found):
        return [part for item in found for part in _with_small_caps(text, item)]
    return found


def any_latin_letter(text: str) -> bool:
    """Tell whether Latin text, or common characters, have any letter that says so."""
    return _LATIN_LETTER.search(text) is not None


def _latin(
    paragraph: str, origin: int, level: int, styles: list[tuple[int, Style]], covers: Covers
) -> list[Item] | None:
    """Return one item for each style of Latin text, or None where the first font lacks something."""
    script = "Latn" if any_latin_letter(paragraph) else COMMON
    found = []
    for (start, style), (end, _) in pairwise([*styles, (origin + len(paragraph), styles[0][1])]):
        first = style.cascade(script)[0]
        own = paragraph[start - origin : end - origin]
        # Each character is a cluster by itself here, so that their order does not matter, and most come more than once.
        if not (own.isascii() and has_ascii(covers, first)) and not covers(first, "".join(set(own))):
            return None
        found.append(Item(start, end, script, level, first, style))
    return found


def _items(paragraph: str, origin: int, levels: bytes, styles: list[tuple[int, Style]], covers: Covers) -> list[Item]:
    chosen = _fonts_of(paragraph, script_runs(paragraph), [(at - origin, style) for at, style in styles], covers)
    changes = {place: (script, font, style) for place, script, font, style in chosen}
    turns = {at for at in range(1, len(levels)) if levels[at] != levels[at - 1]}
    if "\t" in paragraph:
        turns |= {at for found in re.finditer("\t", paragraph) for at in found.span() if 0 < at < len(paragraph)}
    items = []
    script, font, style = changes[0]
    for here, there in pairwise([*sorted(turns.union(changes)), len(paragraph)]):
        script, font, style = changes.get(here, (script, font, style))
        items.append(Item(origin + here, origin + there, script, levels[here], font, style))
    return items


def _with_small_caps(text: str, item: Item) -> Iterator[Item]:
    """Cut an item that asks for small capitals where smaller ones of the usual capitals begin and end."""
    if item.style.small_caps is None:
        yield item
        return
    style = item.style._replace(small_caps=None)
    if item.style.small_caps(item.font, item.script):
        yield item._replace(style=style._replace(features={small_caps.FEATURE: 1, **style.features}))
        return
    smaller = style._replace(scale=style.scale * small_caps.SCALE, capitals=True)
    for start, end, lower in small_caps.parts(text[item.start : item.end]):
        yield item._replace(start=item.start + start, end=item.start + end, style=smaller if lower else style)


@functools.lru_cache(maxsize=256)
def has_ascii(covers: Covers, font: FontInstance) -> bool:
    """Tell whether `font` has all of printable ASCII: asked once, most headlines need not be looked at."""
    return covers(font, "".join(map(chr, range(0x20, 0x7F))))


def script_runs(text: str) -> list[tuple[int, str]]:
    """Return where each run of one script begins, and which: ISO 15924, Common and Inherited resolved (UAX #24 §5)."""
    own = _scripts(text)
    current = next((found for char in text if (found := own[char]) is not None), COMMON)
    opened: list[tuple[str, str]] = []
    runs = [(0, current)] if text else []
    for index, char in enumerate(text):
        script = own[char]
        if script is None:
            script = current
            if (closing := BRACKETS.get(char)) is not None:
                opened = [*opened[-BRACKETS_OPEN_MAX + 1 :], (closing, script)]
            elif char in _CLOSING:
                while opened:
                    awaited, before = opened.pop()
                    if awaited == char:
                        script = before
                        break
        if script != current:
            runs.append((index, script))
            current = script
    return runs


_CLOSING = frozenset(BRACKETS.values())


def _scripts(text: str) -> dict[str, str | None]:
    """Return the script of each different character of `text`, None for Common and Inherited."""
    from fontTools import unicodedata

    found = {char: unicodedata.script(char) for char in set(text)}
    return {char: None if script in ("Zyyy", "Zinh", "Zzzz") else script for char, script in found.items()}


def _fonts_of(
    text: str, runs: list[tuple[int, str]], styles: list[tuple[int, Style]], covers: Covers
) -> list[tuple[int, str, FontInstance, Style]]:
    """Return where each run of one script, font and style begins, at bounds of clusters only."""
    places, scripts, turns = [at for at, _ in runs], [script for _, script in runs], [at for at, _ in styles]
    bounds = sorted({*places, *turns, len(text)})
    memory: dict[tuple[str, int, int], dict[str, FontInstance]] = {}
    found: list[tuple[int, str, FontInstance, Style]] = []
    font: FontInstance | None = None
    script, style, known = "", styles[0][1], {}
    change = upcoming = 0
    for start, end in pairwise([0, *breaks.graphemes(text)]):
        if start >= change:
            # A cluster whose base is shared and whose mark is not, begins in the script before: its base decides.
            upcoming = bisect_right(bounds, start, upcoming)
            change = bounds[upcoming]
            before = style
            script, style = scripts[bisect_right(places, start) - 1], styles[bisect_right(turns, start) - 1][1]
            if style is not before:
                font = None
            known = memory.setdefault((script, id(style), id(font)), {})
        cluster = text[start:end]
        chosen = known.get(cluster)
        if chosen is None:
            chosen = known[cluster] = _font_of(cluster, font, style.cascade(script), covers)
        if chosen is not font:
            font = chosen
            known = memory.setdefault((script, id(style), id(font)), {})
        if not found or found[-1][1] != script or found[-1][3] is not style or found[-1][2] != font:
            found.append((start, script, chosen, style))
    return found


def _font_of(
    cluster: str, before: FontInstance | None, cascade: Sequence[FontInstance], covers: Covers
) -> FontInstance:
    """Return the font of a cluster: that `before` it where the cluster shows nothing, else the first of the cascade that has it, in
    colours or without as Unicode and variation selectors ask."""
    if before is not None and _KEEPS_FONT.fullmatch(cluster) and covers(before, cluster):
        return before
    return emoji.choose(cascade, cluster, covers, fonts.has_colour)
