"""Which of the given font files should stand for serif, sans-serif, monospace, cursive and fantasy?

Judges by what a file says of itself: PANOSE and the class in 'OS/2', fixed pitch in 'post', then words of its name; a
script by letters that touch. Only families with all of printable ASCII count; among several the one with most files wins, then
the one with most characters, then the first by name. Never looks at the host. The main path is `choose`.
"""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from engines.vector_core.errors import RasterValueError
from engines.vector_core.svg_fonts import FontSet, Generic, family_names

_LATIN = range(0x20, 0x7F)
_LATIN_TEXT, _LATIN_HAND, _LATIN_DECORATIVE = 2, 3, 4
"""PANOSE family kinds (OpenType, 'OS/2', panose)."""
_SERIF_STYLES, _SANS_STYLES = range(2, 11), range(11, 16)
_MONOSPACED = 9
_CLASSES: dict[int, Generic] = {
    **dict.fromkeys((1, 2, 3, 4, 5, 7), "serif"),
    8: "sans-serif",
    9: "fantasy",
    10: "cursive",
}
"""Families of sFamilyClass (OpenType, 'OS/2')."""
_WORDS: tuple[tuple[str, Generic], ...] = (
    ("mono", "monospace"),
    ("code", "monospace"),
    ("typewriter", "monospace"),
    ("sans", "sans-serif"),
    ("grotesk", "sans-serif"),
    ("serif", "serif"),
    ("slab", "serif"),
    ("script", "cursive"),
    ("hand", "cursive"),
    ("brush", "cursive"),
    ("display", "fantasy"),
)
"""Looked for in this order, so that "Noto Sans Mono" is monospaced and "Sans Serif" has no serifs."""
_JOINING = "acdehimnu"
"""Letters that begin and end in a stroke to their neighbours where a script joins them."""


class _Family(NamedTuple):
    """One family of the files; `rank` sorts the better one first."""

    generic: Generic | None
    rank: tuple[int, int, str]

    @property
    def name(self) -> str:
        return self.rank[2]


def choose(files: Sequence[bytes]) -> FontSet:
    """Return the files with a family for each generic one that they have; text that names no family is sans-serif.

    `serif`, the last resort for families that nobody has, is sans-serif where there are no serifs. Raises RasterValueError
    for a file that is no font, or if no file has Latin letters.
    """
    members: dict[str, list[bytes]] = {}
    for data in files:
        names = family_names(data)
        if names:
            members.setdefault(names[0], []).append(data)
    families = sorted((found for name, of in members.items() if (found := _family(name, of))), key=lambda f: f.rank)
    if not families:
        raise RasterValueError("fonts", f"{len(files)} files", "font files, one at least with Latin letters")
    chosen: dict[Generic, str] = {}
    for family in families:
        if family.generic is not None:
            chosen.setdefault(family.generic, family.name)
    plain = chosen.get("sans-serif") or chosen.get("serif") or families[0].name
    chosen.setdefault("serif", plain)
    return FontSet(tuple(files), tuple(sorted(chosen.items())), plain)


def _family(name: str, files: Sequence[bytes]) -> _Family | None:
    from fontTools.ttLib import TTFont

    try:
        fonts = [TTFont(io.BytesIO(data), lazy=True) for data in files]
        font = next((font for font in fonts if not font["post"].italicAngle), fonts[0])
        letters = font.getBestCmap() or {}
        if not all(code in letters for code in _LATIN):
            return None
        return _Family(_generic(font, name, letters), (-len(files), -len(letters), name))
    except Exception as error:  # fontTools raises whatever Python does on broken files
        raise RasterValueError("fonts", name, f"a font that can be read ({error})") from error


def _generic(font: Any, name: str, letters: dict[int, str]) -> Generic | None:
    table = font["OS/2"]
    panose = table.panose
    if font["post"].isFixedPitch or (panose.bFamilyType == _LATIN_TEXT and panose.bProportion == _MONOSPACED):
        return "monospace"
    if panose.bFamilyType == _LATIN_TEXT and panose.bSerifStyle in _SANS_STYLES:
        return "sans-serif"
    if panose.bFamilyType == _LATIN_TEXT and panose.bSerifStyle in _SERIF_STYLES:
        return "serif"
    if panose.bFamilyType in (_LATIN_HAND, _LATIN_DECORATIVE):
        return "cursive" if panose.bFamilyType == _LATIN_HAND else "fantasy"
    if (by_class := _CLASSES.get(table.sFamilyClass >> 8)) is not None:
        return by_class
    if _joins(font, letters):
        return "cursive"
    return next((generic for word, generic in _WORDS if word in name.lower()), None)


def _joins(font: Any, letters: dict[int, str]) -> bool:
    """Tell whether most lower-case letters reach to both sides of their box, as those of a joined script do."""
    from fontTools.pens.boundsPen import BoundsPen

    glyphs = font.getGlyphSet()
    reaching = 0
    for letter in _JOINING:
        glyph, pen = glyphs[letters[ord(letter)]], BoundsPen(glyphs)
        glyph.draw(pen)
        if pen.bounds is not None:
            reaching += (pen.bounds[0] <= 0) + (pen.bounds[2] >= glyph.width)
    return reaching > len(_JOINING)
