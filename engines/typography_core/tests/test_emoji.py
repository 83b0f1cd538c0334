"""Tests of emoji presentation: which clusters ask for colours, and that a cascade's colour font answers."""

import os
from pathlib import Path

import pytest
from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.fontBuilder import FontBuilder

from engines.typography_core import bidi, breaks, emoji, fonts, itemise
from engines.typography_core.emoji import presentation
from engines.typography_core.font_types import FontInstance
from engines.typography_core.styles import Span, Style, Styling
from engines.typography_core.tests import forged_fonts as forged

SIGNS = {
    "watch": 0x231A,
    "heart": 0x2764,
    "one": 0x31,
    "keycap": 0x20E3,
    "man": 0x1F468,
    "tone": 0x1F3FD,
    "D": 0x1F1E9,
    "E": 0x1F1EA,
}


def _font(family: str, colours: bool) -> FontInstance:
    """A font that has all of `SIGNS`, drawn in colours or not."""

    def more(builder: FontBuilder) -> None:
        if colours:
            builder.font["CPAL"] = buildCPAL([[(1.0, 0.0, 0.0, 1.0)]])
            builder.font["COLR"] = buildCOLR({name: [(name, 0)] for name in SIGNS}, version=0)

    glyphs = {name: forged.square() for name in SIGNS}
    data = forged.font_file(glyphs, {code: name for name, code in SIGNS.items()}, family, more)
    return forged.instance_of(data, family)


PLAIN, COLOURED = _font("Plain", False), _font("Coloured", True)


@pytest.mark.parametrize(
    ("cluster", "wish"),
    [
        ("\u231a", "emoji"),  # a watch is an emoji by itself
        ("\u231a\ufe0e", "text"),
        ("\u2764", None),  # a heart is a sign that may be one
        ("\u2764\ufe0f", "emoji"),
        ("1", None),
        ("1\u20e3", None),
        ("1\ufe0f\u20e3", "emoji"),  # keycap
        ("\U0001f468\U0001f3fd", "emoji"),  # skin tone
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "emoji"),  # family
        ("\u2764\ufe0f\u200d\U0001f525", "emoji"),
        ("\U0001f1e9\U0001f1ea", "emoji"),  # flag
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "emoji"),  # flag of tags
        ("\u00a9", None),
        ("e\u0301", None),
        ("\U0001facc", "emoji"),  # the newest
        ("\U0001f32d", "emoji"),
        ("\U0001f321", None),  # a thermometer is a sign by itself
    ],
)
def test_clusters_say_how_they_want_to_be_drawn(cluster: str, wish: str | None) -> None:
    """UTS #51: a selector decides, else the character."""
    assert presentation(cluster) == wish
    assert breaks.graphemes(cluster) == [len(cluster)]


@pytest.mark.parametrize("order", [(PLAIN, COLOURED), (COLOURED, PLAIN)], ids=["plain first", "coloured first"])
def test_a_wish_counts_more_than_the_order_of_fonts(order: tuple[FontInstance, ...]) -> None:
    """Text fonts have black watches, and emoji fonts have digits: both came out wrong."""

    def chosen(cluster: str) -> FontInstance:
        return emoji.choose(order, cluster, fonts.covers, fonts.has_colour)

    assert [chosen(one) for one in ("\u231a", "\u2764\ufe0f", "1\ufe0f\u20e3", "\U0001f1e9\U0001f1ea")] == [
        COLOURED
    ] * 4
    assert chosen("\u231a\ufe0e") == chosen("\u2764\ufe0e") == PLAIN
    assert chosen("1") == chosen("\u2764") == order[0]


def test_what_no_font_has_as_wished_is_drawn_as_it_can_be() -> None:
    """A black watch is better than none; what none has is the first font's to report."""
    assert emoji.choose((PLAIN,), "\u231a", fonts.covers, fonts.has_colour) == PLAIN
    assert emoji.choose((COLOURED,), "\u231a\ufe0e", fonts.covers, fonts.has_colour) == COLOURED
    assert emoji.choose((PLAIN, COLOURED), "\U0001f980", fonts.covers, fonts.has_colour) == PLAIN


def _styling(*cascade: FontInstance) -> Styling:
    return Styling([Span(0, Style(lambda _: cascade, "und", {}))])


def test_items_of_a_text_follow_the_wishes() -> None:
    """In a line: letters, an emoji, its black form, a keycap, a digit."""
    text = "1\u231a\u231a\ufe0e1\ufe0f\u20e31\U0001f468\U0001f3fd"
    items = itemise.itemise(text, 0, len(text), bidi.resolve(text).of, _styling(PLAIN, COLOURED))
    found = [(text[item.start : item.end], item.font.font.family) for item in items]
    assert found == [
        ("1", "Plain"),
        ("\u231a", "Coloured"),
        ("\u231a\ufe0e", "Plain"),
        ("1\ufe0f\u20e3", "Coloured"),
        ("1", "Plain"),
        ("\U0001f468\U0001f3fd", "Coloured"),
    ]


def test_the_table_is_in_order() -> None:
    """A slip of a digit would make letters emoji."""
    ends = [
        [int(end, 16) for end in (chunk if "-" in chunk else f"{chunk}-{chunk}").split("-")]
        for chunk in emoji._RANGES.split()
    ]
    flat = [end for pair in ends for end in pair]
    assert flat == sorted(flat)
    assert sum(last - first + 1 for first, last in ends) == 1228  # as in emoji-data.txt of Unicode 18.0


CORPUS = (
    Path(os.environ.get("IMPASTO_CORPORA", Path(__file__).parents[3].parent / "shared" / "corpora")) / "svg" / "fonts"
)


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}; set IMPASTO_CORPORA")
def test_real_emoji_come_in_colours_behind_a_text_font() -> None:
    """Noto's emoji behind a font that has black ones."""
    noto = forged.instance_of((CORPUS / "NotoColorEmojiCOLR.subset.ttf").read_bytes(), "Noto Color Emoji")
    text = "A\U0001f41d"
    items = itemise.itemise(text, 0, 2, b"\0\0", _styling(fonts.find("Inter"), PLAIN, noto))
    assert [item.font.font.family for item in items] == ["Inter", "Noto Color Emoji"]
