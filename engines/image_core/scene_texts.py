"""Which outlines do texts have in scenes: those of drawings that are read, and those that a program sets itself?

Stands between vector_core, which places text and knows no fonts, and typography_core, which knows fonts and no drawings.
One object remembers the fonts that it used, for meta and lineage of the scene that its outlines go into.
"""

import functools
import re
from typing import NamedTuple

from engines.typography_core import font_assets, fonts, outlines, shaping, typeset
from engines.typography_core.errors import TextValueError
from engines.typography_core.faces import colour_kind, metrics
from engines.typography_core.font_types import FontInstance
from engines.typography_core.fonts import FontBook
from engines.typography_core.layout import TextLayout
from engines.typography_core.line_metrics import line_metrics
from engines.typography_core.outlines import Contours, Letter
from engines.typography_core.typeset import TextRequest, Typesetter
from engines.vector_core.scene import Text
from engines.vector_core.svg_text import EM, FontsUsed, Outlined, TextRun

DEFAULT_FAMILY = "Inter"
"""For text that names no family, and for generic families: what drawings are drawn in where nobody gives other fonts."""

GENERIC_FAMILIES = frozenset(
    ("serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui", "ui-sans-serif", "ui-serif", "ui-monospace")
)
FAMILIES_CHARS_MAX = 2_000
"""Characters of a list of families that are looked at: fifty names."""

FAMILIES_SHOWN = 12
"""Known families that a message lists."""

_FAMILY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^,"']*))\s*(?:,|$)""")
_BREAKS = dict.fromkeys(map(ord, "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_NO_BREAK_SPACE = "\u00a0"


class OutlinedText(NamedTuple):
    """A text as a scene's geometry, its box's corner at (0, 0); `width`, `height` of the box and the first `baseline`, px."""

    geometry: Text
    width: float
    height: float
    baseline: float


class SceneTexts:
    """Outlines texts in the fonts of one book. For one thread."""

    def __init__(self, book: FontBook) -> None:
        self._book = book
        self._typesetter = Typesetter(book)
        self._used: dict[FontInstance, None] = {}

    def outline(self, request: object) -> OutlinedText:
        """Return a text that is asked for like any other (a mapping or `TextRequest`) as a geometry; its colours play no part.

        Raises what setting a text does, and TextValueError for characters that no font has, for glyphs with colours of
        their own, and for strokes, decorations and gradients, which are the shape's.
        """
        asked = typeset.checked(request)
        for field in ("stroke", "decoration", "gradient"):
            if getattr(asked, field):
                raise TextValueError(field, getattr(asked, field), "part of an outline; say it of the shape")
        text = self._set(asked)
        if faults := _faults(text):
            raise TextValueError("text", faults[0], "something with an outline")
        placed = list(text.letters) if text.letters is not None else outlines.letters(text.runs)
        geometry = Text(outlines.to_svg_path(outlines.contours_of(placed)), typeset.plain_text(asked))
        baseline = text.lines[0].baseline if text.lines else 0.0
        return OutlinedText(geometry, text.width, text.height, baseline)

    def __call__(self, run: TextRun) -> Outlined:
        """Return the outline of a run of a drawing; what vector_core asks for by its `OutlineText`.

        The first family of its list that there is, else Inter, which `faults` tell. Raises what setting a text does.
        """
        family, faults = self._family(run.family)
        request = TextRequest(
            text=_unbroken(run.text),
            font=family,
            size=run.size,
            weight=run.weight,
            italic=run.italic,
            direction="rtl" if run.rtl else "ltr",
            axes={} if run.stretch == 100 else {"width": run.stretch},
            tracking=run.letter_spacing / run.size * 1000,
            word_spacing=run.word_spacing / run.size * 1000,
            features={} if run.kerning else {"kern": 0},
        )
        text = self._set(request)
        unit = EM / run.size
        (line,) = text.lines
        contours = outlines.contours_of(outlines.letters(line.runs))
        moved = Contours(contours.verbs, (contours.points - [line.x, line.baseline]) * unit)
        # Engines that draw SVG take a font's positions of lines for their middles, and one thickness for all of them.
        heights, lines = metrics(text.font, run.size), line_metrics(text.font, run.size)
        return Outlined(
            data=outlines.to_svg_path(moved),
            advance=(line.width + run.letter_spacing) * unit,
            ascent=heights.ascent * unit,
            descent=heights.descent * unit,
            x_height=_x_height(text.font, run.size) * unit,
            lines=tuple(
                (name, (middle - thickness / 2) * unit, thickness * unit)
                for name, middle, thickness in (
                    ("underline", lines.underline, lines.underline_thickness),
                    ("overline", lines.overline, lines.underline_thickness),
                    ("line-through", lines.strike, lines.underline_thickness),
                )
            ),
            faults=(*faults, *_faults(text)),
        )

    def used(self) -> FontsUsed:
        """Return the fonts of all outlines so far."""
        return FontsUsed(
            {name.removeprefix("font:"): sha256 for name, sha256 in fonts.hashes(self._used).items()},
            font_assets.parents(self._used),
        )

    def _set(self, request: TextRequest) -> TextLayout:
        text = self._typesetter.set(request)
        self._used.update(dict.fromkeys(typeset.used([text])))
        return text

    def _family(self, wanted: str) -> tuple[str, tuple[str, ...]]:
        """Return the family to set in, and what is wrong with it."""
        known = {family.casefold(): family for family in self._book.families()}
        asked = [next(filter(None, found), "").strip() for found in _FAMILY.findall(wanted[:FAMILIES_CHARS_MAX])]
        names = [name for name in asked if name and name != "inherit"]
        for name in names:
            if name.casefold() in known:
                return known[name.casefold()], ()
            if name.casefold() in GENERIC_FAMILIES:
                return DEFAULT_FAMILY, ()
        if not names:
            return DEFAULT_FAMILY, ()
        listed = ", ".join(list(known.values())[:FAMILIES_SHOWN])
        return DEFAULT_FAMILY, (f"the font {', '.join(names)}, for which {DEFAULT_FAMILY} stands; known: {listed}",)


def _unbroken(text: str) -> str:
    """Return `text` with spaces at its ends that take room, which those at the end of a line do not, and without line breaks."""
    plain = text.translate(_BREAKS)
    inner = plain.strip(" ")
    if len(inner) == len(plain):
        return plain
    before = len(plain) - len(plain.lstrip(" ")) if inner else 0
    return _NO_BREAK_SPACE * before + inner + _NO_BREAK_SPACE * (len(plain) - before - len(inner))


def _faults(text: TextLayout) -> tuple[str, ...]:
    faults = []
    if text.missing:
        faults.append("characters that no font has: " + " ".join(f"U+{ord(one[0]):04X}" for one in text.missing[:8]))
    if any(colour_kind(run.font.font, glyph.glyph_id) for run in text.runs for glyph in run.glyphs):
        faults.append("glyphs with colours of their own")
    return tuple(faults)


@functools.lru_cache(maxsize=256)  # about 300 bytes each
def _x_height(font: FontInstance, size: float) -> float:
    """Return how high the letter x of a font is, px; half its size where it has none."""
    run = shaping.shape_run("x", 0, 1, font, size, script="Latn", language="en", rtl=False, features={})
    drawn = outlines.contours_of([Letter(font, size, glyph.glyph_id, 0.0, 0.0) for glyph in run.glyphs])
    return -drawn.box[1] if not run.missing and drawn.box[1] < 0 else size / 2
