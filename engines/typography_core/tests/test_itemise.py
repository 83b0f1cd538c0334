"""Tests of itemisation: scripts, levels and fonts of each piece, and what is never cut."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.typography_core import bidi, breaks, fonts, itemise
from engines.typography_core.fonts import FontInstance
from engines.typography_core.styles import Span, Style, Styling

FIRST, SECOND = fonts.find("Inter"), fonts.find("Inter", weight=700)
"""Two fonts that tests tell apart; what each covers is said by `covers`."""


def cascade(script: str) -> Sequence[FontInstance]:
    """Two fonts, the same for every script."""
    assert len(script) == 4
    return (FIRST, SECOND)


STYLING = Styling([Span(0, Style(cascade, "und", {}))])


def covers(font: FontInstance, text: str) -> bool:
    """The first font has ASCII and é; the second has all but "?" and ASCII letters."""
    if font == FIRST:
        return all(char < "\x80" or char == "é" for char in text)
    return not any(char == "?" or (char.isascii() and char.isalpha()) for char in text)


def items(text: str, direction: bidi.Direction = "auto") -> list[tuple[str, str, int, int]]:
    """Return (text, script, level, number of the font) of each item."""
    levels = bidi.resolve(text, direction).of
    found = itemise.itemise(text, 0, len(text), levels, STYLING, covers)
    assert "".join(text[item.start : item.end] for item in found) == text
    return [(text[one.start : one.end], one.script, one.level, 1 + (one.font == SECOND)) for one in found]


def test_latin_text_is_one_item() -> None:
    """Numbers and punctuation belong to it, before and after it; alone they have no script."""
    assert items("12 (ete)? é") == [("12 (ete)? é", "Latn", 0, 1)]
    assert items("12.50") == [("12.50", "Zyyy", 0, 1)]
    assert items("") == []


def test_scripts_take_shared_characters_with_them() -> None:
    """A number belongs to the script before it, at a start to the one after it."""
    assert itemise.script_runs("1 αβ 2 где") == [(0, "Grek"), (7, "Cyrl")]
    assert itemise.script_runs("東京e\u0301") == [(0, "Hani"), (2, "Latn")]


def test_a_closing_bracket_has_the_script_of_its_opening_one() -> None:
    """So that the two are drawn by one font: UAX #24 §5.1."""
    assert itemise.script_runs("ab (где) c") == [(0, "Latn"), (4, "Cyrl"), (7, "Latn")]
    assert itemise.script_runs(")где(") == [(0, "Cyrl")]


def test_levels_cut_items() -> None:
    """A run has one direction."""
    assert [(text, level) for text, _, level, _ in items("ab אב 12")] == [("ab ", 0), ("אב ", 1), ("12", 2)]


def test_each_cluster_is_in_one_font_the_first_that_has_all_of_it() -> None:
    """A base in one font with its accent in another would sit wrong."""
    assert [(text, font) for text, _, _, font in items("aя\u0301b")] == [("a", 1), ("я\u0301", 2), ("b", 1)]


def test_what_no_font_has_is_in_the_first() -> None:
    """It is drawn as that font's .notdef, and reported."""
    assert items("я\u0301e\u0301")[-1][3] == 1


def test_spaces_stay_with_the_font_before_them() -> None:
    """Otherwise each word of a fallback font would be a run of its own, and its spaces too wide or narrow."""
    assert [(text, font) for text, _, _, font in items("где где a")] == [("где где ", 2), ("a", 1)]


def test_packaged_fonts_are_found_by_script() -> None:
    """The mixed sheet of every specimen: each script in a font of its own."""
    pytest.importorskip("fontpkg_noto_sans_arabic")
    text = "ab مر"
    styling = Styling([Span(0, Style(lambda script: fonts.cascade("Inter", 400, False, {}, script), "und", {}))])
    found = itemise.itemise(text, 0, len(text), bidi.resolve(text).of, styling)
    assert [one.font.font.family for one in found] == ["Inter", "Noto Sans Arabic"]


@given(st.text(max_size=25))
def test_items_follow_each_other_at_bounds_of_clusters_or_levels(text: str) -> None:
    """Whatever the text: all of it, in order, and a cluster of one level is never cut."""
    text = breaks.HARD_BREAK.sub("", text)
    levels = bidi.resolve(text).of
    found = itemise.itemise(text, 0, len(text), levels, STYLING, covers)
    assert [item.start for item in found] == [0, *(item.end for item in found)][: len(found)]
    assert not text or found[-1].end == len(text)
    bounds = {0, *breaks.graphemes(text)}
    for item in found:
        assert item.start in bounds or levels[item.start] != levels[item.start - 1]
        assert set(levels[item.start : item.end]) == {item.level}


@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs"]), max_size=20))
def test_the_fast_path_for_latin_gives_what_the_rules_give(text: str) -> None:
    """One item at once must be what script by script and cluster by cluster would have made."""
    if text and itemise._LATIN.fullmatch(text):
        found = itemise.itemise(text, 0, len(text), bytes(len(text)), STYLING, lambda *_: True)
        assert itemise.script_runs(text) == [(0, found[0].script)]
        assert breaks._ends("CharacterBreaker", text, "und") == list(range(1, len(text) + 1))
