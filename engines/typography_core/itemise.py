"""Which pieces of a paragraph can be shaped in one go: one script, one bidi level, one font each?

Pure, given fonts. Scripts follow UAX #24: characters shared by scripts (Common, Inherited) take that of their neighbours,
and a closing bracket that of its opening one. The font is chosen for each grapheme cluster: the first of the cascade that
has all of it; the first of all where none has. The main path is `itemise`.
"""

import functools
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from engines.typography_core import breaks, fonts
from engines.typography_core.bidi_classes import BRACKETS
from engines.typography_core.fonts import FontInstance

Cascade = Callable[[str], Sequence[FontInstance]]
"""Script (ISO 15924) -> the fonts to look in, in order; one at least, and the first is the same for all scripts."""

Covers = Callable[[FontInstance, str], bool]

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
    """Characters `start` up to `end` of a text, of one script, level (odd is right-to-left) and font."""

    start: int
    end: int
    script: str
    level: int
    font: FontInstance


def itemise(
    text: str, start: int, end: int, levels: bytes, cascade: Cascade, covers: Covers = fonts.covers
) -> list[Item]:
    """Cut `text[start:end]`, a paragraph whose levels are `levels`, into items, in logical order.

    Spaces and controls stay with the font of the cluster before them where it has them. Latin text at one level that the
    first font covers is one item at once. Asks `covers` once for each different cluster and font.
    """
    paragraph = text[start:end]
    if not paragraph:
        return []
    level = levels[0]
    if _LATIN.fullmatch(paragraph) and levels.count(level) == len(levels):
        script = "Latn" if _LATIN_LETTER.search(paragraph) else COMMON
        first = cascade(script)[0]
        # Each character is a cluster by itself here, so that their order does not matter, and most come more than once.
        if (paragraph.isascii() and _has_ascii(covers, first)) or covers(first, "".join(set(paragraph))):
            return [Item(start, end, script, level, first)]
    chosen = _fonts_of(paragraph, script_runs(paragraph), cascade, covers)
    changes = {place: (script, font) for place, script, font in chosen}
    turns = {at for at in range(1, len(levels)) if levels[at] != levels[at - 1]}
    items = []
    script, font = changes[0]
    for here, there in pairwise([*sorted(turns.union(changes)), len(paragraph)]):
        script, font = changes.get(here, (script, font))
        items.append(Item(start + here, start + there, script, levels[here], font))
    return items


@functools.lru_cache(maxsize=256)
def _has_ascii(covers: Covers, font: FontInstance) -> bool:
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
    text: str, runs: list[tuple[int, str]], cascade: Cascade, covers: Covers
) -> list[tuple[int, str, FontInstance]]:
    """Return where each run of one script and font begins, at bounds of clusters only."""
    scripts = iter([*runs, (len(text), COMMON)])
    _, script = next(scripts)
    upcoming = next(scripts)
    memory: dict[tuple[str, str], FontInstance] = {}
    found: list[tuple[int, str, FontInstance]] = []
    for start, end in pairwise([0, *breaks.graphemes(text)]):
        while start >= upcoming[0]:
            # A cluster whose base is shared and whose mark is not, begins in the script before: its base decides.
            (_, script), upcoming = upcoming, next(scripts)
        cluster = text[start:end]
        font = None
        if found and _KEEPS_FONT.fullmatch(cluster) and covers(found[-1][2], cluster):
            font = found[-1][2]
        if font is None:
            font = memory.get((script, cluster))
        if font is None:
            asked = cascade(script)
            font = next((one for one in asked if covers(one, cluster)), asked[0])
            memory[script, cluster] = font
        if not found or found[-1][1:] != (script, font):
            found.append((start, script, font))
    return found
