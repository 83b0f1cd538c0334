"""Small fonts made on purpose: with one thing wrong, or with one thing that the packaged fonts lack."""

import hashlib
import io
import struct
from collections.abc import Callable, Mapping

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphComponent

from engines.typography_core import sfnt
from engines.typography_core.font_types import Axis, Font, FontContent, FontInstance

UNITS_PER_EM = 1000


def square(side: int = 500, x: int = 0, y: int = 0) -> Glyph:
    """A filled square whose lower left corner is (x, y)."""
    pen = TTGlyphPen(None)
    pen.moveTo((x, y))
    pen.lineTo((x, y + side))
    pen.lineTo((x + side, y + side))
    pen.lineTo((x + side, y))
    pen.closePath()
    return pen.glyph()


def zigzag(points: int, height: int = UNITS_PER_EM) -> Glyph:
    """One contour that goes up and down `points` times."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for index in range(1, points):
        pen.lineTo((index % UNITS_PER_EM, height if index % 2 else 0))
    pen.closePath()
    return pen.glyph()


def composite(*names: str) -> Glyph:
    """A glyph made of other glyphs."""
    glyph = Glyph()
    glyph.numberOfContours = -1
    glyph.components = []
    for name in names:
        part = GlyphComponent()
        part.glyphName, part.x, part.y, part.flags = name, 0, 0, 0x0002 | 0x0004
        glyph.components.append(part)
    return glyph


def font_file(
    glyphs: Mapping[str, Glyph],
    characters: Mapping[int, str],
    family: str = "Forged",
    more: Callable[[FontBuilder], None] = lambda _: None,
    units_per_em: int = UNITS_PER_EM,
) -> bytes:
    """A TrueType font of these glyphs, each 1,000 units wide; `more` adds tables."""
    builder = FontBuilder(units_per_em, isTTF=True)
    every = {".notdef": square(700), **glyphs}
    builder.setupGlyphOrder(list(every))
    builder.setupCharacterMap(dict(characters))
    for glyph in every.values():
        if glyph.numberOfContours < 0:
            # Told, not computed: what computes bounds would walk glyphs made of glyphs, endless ones too.
            glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax = 0, 0, UNITS_PER_EM, UNITS_PER_EM
        else:
            glyph.recalcBounds(None)
            glyph.xMin, glyph.yMin = getattr(glyph, "xMin", 0), getattr(glyph, "yMin", 0)
    builder.setupGlyf(every, calcGlyphBounds=False)
    builder.setupHorizontalMetrics({name: (UNITS_PER_EM, glyph.xMin) for name, glyph in every.items()})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable(
        {"familyName": family, "styleName": "Regular", "licenseDescription": "SIL Open Font License"}
    )
    builder.setupOS2()
    builder.setupPost()
    more(builder)
    builder.font.recalcBBoxes = False
    target = io.BytesIO()
    builder.save(target)
    return target.getvalue()


def plain_file(family: str = "Forged") -> bytes:
    """A font with a square for "A"."""
    return font_file({"A": square()}, {65: "A"}, family)


def packed(data: bytes, flavor: str) -> bytes:
    """The same font as WOFF or WOFF2."""
    target = io.BytesIO()
    with TTFont(io.BytesIO(data)) as font:
        font.flavor = flavor
        font.save(target)
    return target.getvalue()


def collection(*files: bytes) -> bytes:
    """The same fonts in one TTC."""
    start = 12 + 4 * len(files)
    head, body = [], b""
    for data in files:
        head.append(start + len(body))
        (count,) = struct.unpack_from(">H", data, 4)
        moved = bytearray(data)
        for index in range(count):
            place = 12 + 16 * index + 8
            (offset,) = struct.unpack_from(">I", data, place)
            struct.pack_into(">I", moved, place, offset + start + len(body))
        body += bytes(moved)
    return struct.pack(f">4sII{len(files)}I", b"ttcf", 0x00010000, len(files), *head) + body


def with_table(data: bytes, tag: bytes, table: bytes) -> bytes:
    """The same font with another table `tag`."""
    tables = sfnt.tables_at(data, 0) | {tag: table}
    start = 12 + 16 * len(tables)
    head, body = struct.pack(">4sHHHH", data[:4], len(tables), 0, 0, 0), b""
    for name, content in sorted(tables.items()):
        head += struct.pack(">4sIII", name, 0, start + len(body), len(content))
        body += content + b"\0" * (-len(content) % 4)
    return head + body


def instance_of(data: bytes, family: str = "Forged", axes: tuple[Axis, ...] = (), index: int = 0) -> FontInstance:
    """The font in `data`, as a scope's own."""
    sha256 = hashlib.sha256(data).hexdigest()
    font = Font(
        family=family,
        italic=False,
        sha256=sha256,
        version="1",
        license="OFL-1.1",
        axes=axes,
        index=index,
        content=FontContent(sha256, lambda: data),
    )
    return FontInstance(font=font, weight=400.0)
