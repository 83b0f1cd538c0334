"""A font without a file: a shaper whose every letter is half an em wide, so that tests can count places by hand."""

from collections.abc import Mapping, Sequence

from engines.typography_core import fonts
from engines.typography_core.fonts import FontInstance
from engines.typography_core.layout import Setting, TextLayout, lay_out
from engines.typography_core.shaping import FontMetrics, Glyph, Run
from engines.typography_core.styles import Span

INTER = fonts.find("Inter")


class Typewriter:
    """Every character is half the size wide; 0.8 above and 0.2 below the baseline. "?" has no glyph."""

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
    ) -> Run:
        del font, script, language, features
        indices = range(end - 1, start - 1, -1) if rtl else range(start, end)
        glyphs = tuple(
            Glyph(ord(text[index]), index, place * size / 2, 0.0, size / 2) for place, index in enumerate(indices)
        )
        missing = tuple(dict.fromkeys(char for char in text[start:end] if char == "?"))
        return Run(glyphs, (end - start) * size / 2, missing)

    def metrics(self, font: FontInstance, size: float) -> FontMetrics:
        del font
        return FontMetrics(0.8 * size, 0.2 * size)


def set_out(text: str, spans: Sequence[Span] = (), **asked: object) -> TextLayout:
    """Lay out at size 20 unless asked otherwise, so that a character is 10 px wide."""
    setting = Setting(**({"size": 20} | asked))  # type: ignore[arg-type]  # what each test asks for
    return lay_out(text, lambda _: (INTER,), setting, spans=spans, covers=lambda *_: True, shaper=Typewriter())


def drawn(text: TextLayout, line: int = 0) -> str:
    """Return a line as it is seen, from left to right."""
    return "".join(chr(glyph.glyph_id) for glyph in text.lines[line].glyphs)


def lines_of(text: TextLayout) -> list[str]:
    """Return the text of each line."""
    return [line.text for line in text.lines]
