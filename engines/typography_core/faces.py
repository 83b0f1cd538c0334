"""How does HarfBuzz open a font, and what does it say of the font as a whole?

The place where font files become faces: bytes are checked and unpacked (`font_files`) before HarfBuzz sees them. Faces and
fonts are kept per process and only read after they are built, so any number of threads may shape and draw with them at
once. Glyphs of a run are `shaping`'s concern, pixels are `raster`'s.
"""

import functools
from typing import Any, Literal, NamedTuple

from engines.typography_core import font_files, font_packages
from engines.typography_core.charsets import Charset
from engines.typography_core.font_types import Font, FontInstance

FIXED_PER_UNIT = 1024
"""HarfBuzz reports whole numbers. Asking at 1,024 steps per font unit keeps what a variable font's deltas add below one
unit; 2,048 units an em still leave room for glyphs of 1,000 em in its 32 bits."""

FACES_MAX = 64
"""Faces kept open, with their bytes: some megabytes each."""


ColourKind = Literal["paint", "strike", "svg"]

Variations = tuple[tuple[str, float], ...]
"""Axis values (tag, value), in the order of a font's axes."""


class FontMetrics(NamedTuple):
    """Heights of a font at a size, in px: `ascent` above and `descent` below the baseline, both positive."""

    ascent: float
    descent: float


@functools.lru_cache(maxsize=1024)  # about 300 bytes each
def metrics(font: FontInstance, size: float) -> FontMetrics:
    """Return ascent and descent at `size` px: from OS/2 when the font says so, else from hhea (HarfBuzz's choice)."""
    hb_font = font_at(font, size)
    extents = hb_font.get_font_extents("ltr")
    scale = size / hb_font.scale[0]
    return FontMetrics(extents.ascender * scale, -extents.descender * scale)


def font_at(font: FontInstance, size: float) -> Any:
    """Return the process's `uharfbuzz.Font` for `font` at `size` px, scaled to `FIXED_PER_UNIT`. Never change it."""
    return font_of(font.font, design(font, size))


@functools.lru_cache(maxsize=1024)  # about 300 bytes each
def design(font: FontInstance, size: float) -> Variations:
    """Return the axis values that `font` is drawn with at `size` px, in the order of its axes."""
    return tuple(font.variations(size).items())


@functools.lru_cache(maxsize=256)  # an entry is about 2 kB; animated sizes would otherwise grow it without end
def font_of(font: Font, variations: tuple[tuple[str, float], ...]) -> Any:
    """Return the process's `uharfbuzz.Font` for `font` at these axis values (tag, value), in the order of its axes."""
    import uharfbuzz as hb

    opened = face(font)
    made = hb.Font(opened)
    made.scale = (opened.upem * FIXED_PER_UNIT, opened.upem * FIXED_PER_UNIT)
    made.set_variations(dict(variations))
    return made


def units(font: Font) -> int:
    """Return how many of HarfBuzz's units an em has."""
    return int(face(font).upem) * FIXED_PER_UNIT


def charset(font: Font) -> Charset:
    """Return the characters that `font` maps to glyphs."""
    return _charset(font)


@functools.lru_cache(maxsize=1024)
def has_colour(font: Font) -> bool:
    """Tell whether `font` has glyphs with colours of their own, drawn in whatever way."""
    opened = face(font)
    return any((opened.has_color_paint, opened.has_color_layers, opened.has_color_png, opened.has_color_svg))


def colour_kind(font: Font, glyph_id: int) -> ColourKind | None:
    """Return how a glyph's own colours are drawn, None where it has none: by painting steps (COLR), from a picture (CBDT, sbix),
    or in SVG only."""
    return _colour_kind(font, glyph_id) if has_colour(font) else None


def strike(font: Font, glyph_id: int) -> bytes:
    """Return the largest picture that `font` has of a glyph, as PNG; empty where it has none."""
    blob = font_of(font, ()).get_glyph_color_png(glyph_id)
    return bytes(blob.data) if blob is not None else b""


@functools.lru_cache(maxsize=1024)
def axis_names(font: Font) -> dict[str, str]:
    """Return axis tag -> the file's own English name for it."""
    opened = face(font)
    named = ((info.tag, opened.get_name(info.name_id, "en")) for info in opened.axis_infos)
    return {tag: name for tag, name in named if name}


@functools.lru_cache(maxsize=FACES_MAX)
def face(font: Font) -> Any:
    """Return the process's `uharfbuzz.Face` of `font`. Never change it.

    Files that are not packaged are unpacked and checked here, once. Raises FontRefusedError, FontFileMissingError, and what
    reading from a store raises.
    """
    import uharfbuzz as hb

    return hb.Face(hb.Blob(_data(font)), font.index)


def _data(font: Font) -> bytes:
    if font.content is None:
        return font_packages.load(font.package, font.path)
    return font_files.open_file(font.content.read()).data


def version() -> str:
    """Return the version of HarfBuzz itself, which decides positions and coverage, and of the binding."""
    import uharfbuzz as hb

    return f"harfbuzz {hb.version_string()} uharfbuzz {hb.__version__}"


@functools.lru_cache(maxsize=65_536)  # about 100 bytes each: all glyphs of the largest font
def _colour_kind(font: Font, glyph_id: int) -> ColourKind | None:
    opened = face(font)
    if opened.glyph_has_color_paint(glyph_id) or opened.get_glyph_color_layers(glyph_id):
        return "paint"
    if opened.has_color_png and strike(font, glyph_id):
        return "strike"
    return "svg" if opened.has_color_svg and len(opened.get_glyph_color_svg(glyph_id).data) else None


@functools.lru_cache(maxsize=256)
def _charset(font: Font) -> Charset:
    return Charset.of(sorted(face(font).unicodes))
