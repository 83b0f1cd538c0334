"""Which glyphs does a run of text become, and where does each sit?

The only file that asks HarfBuzz to shape. Positions are HarfBuzz's own, never rounded to whole pixels or font units.
A run has one font, size and direction; lines and paragraphs are `layout`'s concern, pixels are `raster`'s. Faces and
fonts are kept per process and only read after they are built, so any number of threads may shape and draw at once.
"""

import functools
import itertools
import unicodedata
from typing import Any, NamedTuple

from engines.typography_core import fonts
from engines.typography_core.fonts import FontInstance

FIXED_PER_UNIT = 1024
"""HarfBuzz reports whole numbers. Asking at 1,024 steps per font unit keeps what a variable font's deltas add below one
unit; 2,048 units an em still leave room for glyphs of 1,000 em in its 32 bits."""

LANGUAGE = "und"
"""Set on every buffer, because HarfBuzz would otherwise ask the process's locale, and no locale may reach pixels."""

NOTDEF = 0
"""Glyph index that every font keeps for a character that it cannot draw (OpenType, 'glyf')."""


class Glyph(NamedTuple):
    """One glyph of a run. `cluster` is the index (0-based) of the first character it stands for; `x, y` in px is where
    its origin goes, from the run's start and baseline, y downwards; `advance` in px is what it moved the pen."""

    glyph_id: int
    cluster: int
    x: float
    y: float
    advance: float


class Run(NamedTuple):
    """A shaped run: glyphs from left to right as drawn, its width in px, and the characters that have no glyph."""

    glyphs: tuple[Glyph, ...]
    width: float
    missing: tuple[str, ...]


class FontMetrics(NamedTuple):
    """Heights of a font at a size, in px: `ascent` above and `descent` below the baseline, both positive."""

    ascent: float
    descent: float


def shape(text: str, font: FontInstance, size: float) -> Run:
    """Shape `text` at `size` px with kerning and ligatures; script and direction are guessed from its first letters.

    Expects text without line breaks and unpaired surrogates (see `layout.arrange`). Costs about 1 us a glyph.
    """
    import uharfbuzz as hb

    if not text:
        return Run((), 0.0, ())
    hb_font = font_at(font, size)
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.language = LANGUAGE
    buffer.guess_segment_properties()
    hb.shape(hb_font, buffer)
    infos = buffer.glyph_infos
    scale = size / hb_font.scale[0]
    glyphs = []
    pen = 0
    for info, position in zip(infos, buffer.glyph_positions, strict=True):
        x, y = pen + position.x_offset, -position.y_offset
        glyphs.append(Glyph(info.codepoint, info.cluster, x * scale, y * scale, position.x_advance * scale))
        pen += position.x_advance
    missing = _missing(text, glyphs, hb_font) if any(glyph.glyph_id == NOTDEF for glyph in glyphs) else ()
    return Run(tuple(glyphs), pen * scale, missing)


def metrics(font: FontInstance, size: float) -> FontMetrics:
    """Return ascent and descent at `size` px: from OS/2 when the font says so, else from hhea (HarfBuzz's choice)."""
    hb_font = font_at(font, size)
    extents = hb_font.get_font_extents("ltr")
    scale = size / hb_font.scale[0]
    return FontMetrics(extents.ascender * scale, -extents.descender * scale)


def font_at(font: FontInstance, size: float) -> Any:
    """Return the process's `uharfbuzz.Font` for `font` at `size` px, scaled to `FIXED_PER_UNIT`. Never change it."""
    return _font(font.font.package, font.font.path, tuple(sorted(font.variations(size).items())))


def version() -> str:
    """Return the version of HarfBuzz itself, which decides positions and coverage, and of the binding."""
    import uharfbuzz as hb

    return f"harfbuzz {hb.version_string()} uharfbuzz {hb.__version__}"


@functools.cache
def _face(package: str, path: str) -> Any:
    import uharfbuzz as hb

    return hb.Face(hb.Blob(fonts.load(package, path)))


@functools.lru_cache(maxsize=256)  # an entry is about 2 kB; animated sizes would otherwise grow it without end
def _font(package: str, path: str, variations: tuple[tuple[str, float], ...]) -> Any:
    import uharfbuzz as hb

    face = _face(package, path)
    font = hb.Font(face)
    font.scale = (face.upem * FIXED_PER_UNIT, face.upem * FIXED_PER_UNIT)
    font.set_variations(dict(variations))
    return font


def _missing(text: str, glyphs: list[Glyph], hb_font: Any) -> tuple[str, ...]:
    """Return the characters of the clusters drawn with .notdef that the font does not map, in order, once each."""
    starts = sorted({glyph.cluster for glyph in glyphs})
    ends = dict(itertools.pairwise([*starts, len(text)]))
    lost: dict[str, None] = {}
    for start in sorted({glyph.cluster for glyph in glyphs if glyph.glyph_id == NOTDEF}):
        visible = (char for char in text[start : ends[start]] if not _is_invisible(char))
        lost.update(dict.fromkeys(char for char in visible if hb_font.get_nominal_glyph(ord(char)) is None))
    return tuple(lost)


def _is_invisible(char: str) -> bool:
    """Tell whether `char` only steers its neighbours (joiners, marks of direction, variation selectors): no loss alone."""
    return unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
