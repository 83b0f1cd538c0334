"""How does a text get small capitals, from a font that has them or from one that has none?

Fonts draw small capitals by the feature `smcp`; without it, letters are set as capitals of a smaller size (CSS Fonts 4 §6.5).
Letters keep their number, so that every glyph still knows its character: what has no capital of one letter stays as it is, but
for the German sharp s. The main path is `parts`.
"""

import re
from collections.abc import Iterator

from engines.typography_core import breaks, faces
from engines.typography_core.font_types import FontInstance

FEATURE = "smcp"

SCALE = 0.8
"""Sizes of the text: capitals that are a little higher than small letters, as browsers make them."""

_LETTERS = "a-z\u00b5\u00df-\u00f6\u00f8-\u019a\u019c-\u024f\u0370-\u03ff\u0400-\u052f\u0561-\u0586\u1e00-\u1fff"
"""Letters of scripts with capitals whose pairs were the same in every version of Unicode that Python knows."""

_LOWER = {
    char: upper
    for found in re.finditer("(.)-(.)", _LETTERS)
    for char in map(chr, range(ord(found[1]), ord(found[2]) + 1))
    if len(upper := char.upper()) == 1 and upper != char
} | {"\u00df": "\u1e9e"}
"""Small letter -> its capital."""


def has_own(font: FontInstance, script: str) -> bool:
    """Tell whether `font` has small capitals for `script` (ISO 15924), or for all scripts where it does not name this one."""
    face = faces.face(font.font)
    known = face.get_table_script_tags("GSUB")
    index = next((known.index(tag) for tag in (script.lower(), "DFLT", "latn") if tag in known), None)
    if index is None:
        return False
    return FEATURE in face.get_language_feature_tags("GSUB", index)


def capitals(text: str) -> str:
    """Return `text` with a capital for each small letter that has one; as long as `text`."""
    return "".join([_LOWER.get(char, char) for char in text])


def parts(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, small letters or not) of each part of `text`, in order; no cluster is cut."""
    start, small = 0, False
    place = 0
    for end in breaks.graphemes(text):
        if (lower := text[place] in _LOWER) != small:
            if place > start:
                yield start, place, small
            start, small = place, lower
        place = end
    if place > start:
        yield start, place, small
