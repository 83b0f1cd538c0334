"""Font files that are legal to read and made to hang, crash or fill a reader, one maker each."""

import io
import itertools
import struct
from collections.abc import Callable
from typing import Any

from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables.otTables import PaintFormat
from fontTools.ttLib.tables.TupleVariation import TupleVariation

from engines.typography_core.tests import forged_fonts as forged


def with_features(features: str) -> bytes:
    """A font of "A" and "B" with lookups in the language of feature files."""
    glyphs = {"A": forged.square(), "B": forged.square(300)}
    with TTFont(io.BytesIO(forged.font_file(glyphs, {65: "A", 66: "B"}))) as font:
        addOpenTypeFeaturesFromString(font, features)
        target = io.BytesIO()
        font.save(target)
    return target.getvalue()


def growing(times: int) -> bytes:
    """Each letter becomes four, `times` times over."""
    lookups = "".join(f"lookup L{index} {{ sub A by A A A A; }} L{index};\n" for index in range(times))
    return with_features(lookups + _feature(*(f"L{index}" for index in range(times))))


def recursing(deep: int) -> bytes:
    """A lookup that applies a lookup twice, that applies a lookup twice, and so on."""
    lookups = ["lookup C0 { sub A by A A; } C0;"]
    for level in range(1, deep):
        inner = f"C{level - 1}"
        lookups.append(f"lookup C{level} {{ sub A' lookup {inner} A' lookup {inner}; }} C{level};")
    return with_features("\n".join(lookups) + _feature(f"C{deep - 1}"))


def calling_itself() -> bytes:
    """A lookup whose action is itself: what no feature file can say, set into the table's bytes."""
    features = "lookup G { sub A by A A; } G;\nlookup C { sub A' lookup G A; } C;\n" + _feature("C")
    with TTFont(io.BytesIO(with_features(features))) as font:
        for lookup in font["GSUB"].table.LookupList.Lookup:
            for table in lookup.SubTable:
                for rule in _rules(table):
                    for record in rule:
                        record.LookupListIndex = 1
        target = io.BytesIO()
        font.save(target)
    return target.getvalue()


def _feature(*lookups: str) -> str:
    return "feature ccmp { " + " ".join(f"lookup {name};" for name in lookups) + " } ccmp;"


def _rules(table: Any) -> list[Any]:
    """All lists of actions in a contextual lookup, whatever its format."""
    found = [getattr(table, "SubstLookupRecord", None) or []]
    for kind in ("ChainSubRuleSet", "SubRuleSet", "ChainSubClassSet", "SubClassSet"):
        for rules in getattr(table, kind, None) or []:
            for name in ("ChainSubRule", "SubRule", "ChainSubClassRule", "SubClassRule"):
                found += [rule.SubstLookupRecord for rule in getattr(rules, name, None) or []]
    return found


def painted(levels: int, looped: bool) -> bytes:
    """A COLR graph in which each level shows the one below it twice; `looped`, the lowest shows the highest."""
    names = [f"p{level}" for level in range(levels)]

    def shown(name: str) -> dict[str, object]:
        return {"Format": PaintFormat.PaintColrGlyph, "Glyph": name}

    solid: dict[str, object] = {"Format": PaintFormat.PaintSolid, "PaletteIndex": 0, "Alpha": 1.0}
    lowest = {"Format": PaintFormat.PaintGlyph, "Glyph": "A", "Paint": solid}
    graph: dict[str, object] = {names[0]: shown(names[-1]) if looped else lowest}
    for below, name in itertools.pairwise(names):
        graph[name] = {
            "Format": PaintFormat.PaintComposite,
            "CompositeMode": "src_over",
            "SourcePaint": shown(below),
            "BackdropPaint": shown(below),
        }
    graph["B"] = shown(names[-1])

    def more(builder: FontBuilder) -> None:
        builder.font["CPAL"] = buildCPAL([[(1.0, 0.0, 0.0, 1.0)]])
        order = {name: index for index, name in enumerate(builder.font.getGlyphOrder())}
        builder.font["COLR"] = buildCOLR(graph, version=1, glyphMap=order)

    glyphs = {"A": forged.square(), "B": forged.square()} | {name: forged.square() for name in names}
    return forged.font_file(glyphs, {65: "A", 66: "B"}, more=more)


def overlapping(points: int) -> bytes:
    """All 65,535 glyphs a font can have, of the largest kind that passes, without advance: a text of it lies on one spot."""
    names = [f"g{index}" for index in range(65_533)]
    glyphs = dict.fromkeys(names, forged.square())
    glyphs["A"] = forged.zigzag(points, 16_000)
    characters = {65: "A", **{0xE000 + index: names[index] for index in range(6_000)}}
    # Names of so many glyphs do not fit into 'post'.
    return forged.font_file(glyphs, characters, more=lambda builder: builder.setupPost(keepGlyphNames=False))


def far_axes(tuples: int) -> bytes:
    """An axis from the lowest to the highest number, along which points move as far as a delta can say, `tuples` times."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 16_000), (16_000, 16_000), (16_000, 0)):
        pen.lineTo(point)
    pen.closePath()

    def more(builder: FontBuilder) -> None:
        builder.setupFvar([("wght", -32_768, 0, 32_767, "Weight")], [])
        deltas = [(32_767, 32_767), (-32_767, 32_767), (-32_767, -32_767), (32_767, -32_767), *[(0, 0)] * 4]
        builder.setupGvar({"A": [TupleVariation({"wght": (0.0, 1.0, 1.0)}, deltas) for _ in range(tuples)]})

    return forged.font_file({"A": pen.glyph()}, {65: "A"}, more=more, units_per_em=16)


def postscript(calls: int, deep: int) -> bytes:
    """A CFF font whose "A" calls a subroutine `calls` times, that calls one as often, `deep` levels; the last one calls itself."""
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "A"])
    builder.setupCharacterMap({65: "A"})
    subroutines = []
    for level in range(deep):
        inner = min(level + 1, deep - 1) - 107
        subroutines.append(T2CharString(program=[10, 10, "rlineto", *[inner, "callsubr"] * calls, "return"]))
    strings = {
        ".notdef": T2CharString(program=[0, "endchar"]),
        "A": T2CharString(program=[0, 0, "rmoveto", *[-107, "callsubr"] * calls, "endchar"]),
    }
    builder.setupCFF("Hostile", {}, strings, {})
    private = builder.font["CFF "].cff.topDictIndex[0].Private
    for string in strings.values():
        string.private = private
    from fontTools.cffLib import SubrsIndex

    private.Subrs = SubrsIndex()
    for string in subroutines:
        string.private = private
        private.Subrs.append(string)
    builder.setupHorizontalMetrics({".notdef": (500, 0), "A": (500, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Hostile", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.font.recalcBBoxes = False  # what computes bounds would follow the calls
    target = io.BytesIO()
    builder.save(target)
    return target.getvalue()


def ends_of_tables(data: bytes) -> list[int]:
    """The places where the tables of a font start and end, and the middle of each."""
    (count,) = struct.unpack_from(">H", data, 4)
    places = set()
    for index in range(count):
        start, size = struct.unpack_from(">II", data, 12 + 16 * index + 8)
        places |= {start, start + size // 2, start + size - 1, 12 + 16 * index}
    return sorted(place for place in places if place < len(data) - 3)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "letters that become a million": lambda: growing(10),
    "letters that become a thousand": lambda: growing(5),
    "lookups in lookups": lambda: recursing(14),
    "lookup that applies itself": calling_itself,
    "paint graph of a million leaves": lambda: painted(20, looped=False),
    "paint graph with a loop": lambda: painted(12, looped=True),
    "65,535 glyphs, one a tall zigzag": lambda: overlapping(49_000),
    "axes to the ends of numbers": lambda: far_axes(60),
    "subroutines that call themselves": lambda: postscript(1, 1),
    "ten to the twentieth subroutines": lambda: postscript(100, 10),
}
"""What it is -> the file."""
