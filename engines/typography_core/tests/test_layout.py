"""Tests of layout: where lines break and sit, with a shaper whose every letter is half an em wide, and with Inter."""

import itertools
from collections.abc import Mapping
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.typography_core import fonts, layout, shaping, typeset
from engines.typography_core.errors import TextEncodingError, TextLimitError, TextValueError
from engines.typography_core.fonts import FontInstance
from engines.typography_core.layout import Setting, TextLayout, _at_once, arrange, lay_out, style_of
from engines.typography_core.setting import VerticalAlign
from engines.typography_core.shaping import Run
from engines.typography_core.styles import Span
from engines.typography_core.tests.typewriter import INTER, Typewriter, drawn, lines_of, set_out

EDGE_PX = 1e-5
"""Allowed where the order of additions differs."""


def type_out(
    text: str, width: float | None = None, align: layout.Align = "left", line_height: float = 1.2
) -> TextLayout:
    """Arrange at size 20, so that a character is 10 px wide."""
    return arrange(text, INTER, 20, width=width, align=align, line_height=line_height, shaper=Typewriter())


def test_lines_fill_up_at_spaces() -> None:
    """Greedy: a word goes on the line as long as it fits, to the very pixel."""
    assert lines_of(type_out("aa bb cc dd", width=50)) == ["aa bb", "cc dd"]
    assert lines_of(type_out("aa bb cc dd", width=49)) == ["aa", "bb", "cc", "dd"]


def test_a_word_wider_than_the_box_stays_whole() -> None:
    """Cutting a word is worse than letting it stick out."""
    assert lines_of(type_out("a incomprehensible b", width=40)) == ["a", "incomprehensible", "b"]


class Kerning(Typewriter):
    """As the typewriter, but a letter before a space is 4 px narrower."""

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
        run = super().shape_run(
            text, start, end, font, size, script=script, language=language, rtl=rtl, features=features
        )
        pairs = [index + 1 < end and text[index + 1] == " " and text[index] != " " for index in range(start, end)]
        glyphs = tuple(
            glyph._replace(advance=glyph.advance - 4 * pair) for glyph, pair in zip(run.glyphs, pairs, strict=True)
        )
        return Run(glyphs, sum(glyph.advance for glyph in glyphs), ())


def test_a_line_that_grows_when_cut_off_gives_its_last_word_away() -> None:
    """Within the paragraph "aa bb" measures 42 px, by itself 46 px: kerning with the space after it is gone."""
    text = arrange("aa bb cc", INTER, 20, width=44, shaper=Kerning())
    assert lines_of(text) == ["aa", "bb", "cc"]


def test_line_breaks_are_kept_and_empty_lines_take_room() -> None:
    """Every mandatory break of Unicode counts, Windows' pair as one."""
    text = type_out("one\r\n\ntwo\u2028three")
    assert lines_of(text) == ["one", "", "two", "three"]
    assert text.height == pytest.approx(4 * 1.2 * 20)


def test_empty_text_is_one_empty_line() -> None:
    """A template's empty field keeps its height."""
    text = type_out("")
    assert (lines_of(text), text.width, text.height) == ([""], 0.0, pytest.approx(24))


def test_box_without_width_is_as_wide_as_the_longest_line() -> None:
    """And lines are aligned in that box."""
    text = type_out("wide line\nshort", align="right")
    assert text.width == 90
    assert [line.x for line in text.lines] == [0, 40]


@pytest.mark.parametrize(("align", "x"), [("left", 0), ("center", 35), ("right", 70), ("justify", 0)])
def test_alignment_puts_a_line_where_its_name_says(align: layout.Align, x: float) -> None:
    """A line 30 px wide in a box of 100."""
    assert type_out("abc", width=100, align=align).lines[0].x == pytest.approx(x)


def test_spaces_at_a_lines_end_take_no_room() -> None:
    """Otherwise right-aligned and centred lines would sit off by a space nobody sees."""
    assert [line.x for line in type_out("aa   bb  ", width=40, align="right").lines] == [20, 20]


def test_baseline_lies_below_half_the_leading_and_the_ascent() -> None:
    """As CSS line boxes: 40 px lines around 20 px of content leave 10 px above."""
    baselines = [line.baseline for line in type_out("a\nb", line_height=2).lines]
    assert baselines == pytest.approx([10 + 16, 40 + 10 + 16])


def test_justify_reaches_both_edges_except_on_a_paragraphs_last_line() -> None:
    """And only spaces grow: letters keep their distance."""
    text = type_out("aa bb cc dd ee", width=85, align="justify")
    assert lines_of(text) == ["aa bb cc", "dd ee"]
    first, last = text.lines
    assert first.width == pytest.approx(85)
    assert first.glyphs[-1].x + first.glyphs[-1].advance == pytest.approx(85)
    assert first.glyphs[1].x - first.glyphs[0].x == pytest.approx(10)
    assert last.width == pytest.approx(50)


def test_justify_leaves_a_single_word_alone() -> None:
    """There is nothing to widen."""
    assert type_out("aa incomprehensible", width=100, align="justify").lines[0].width == pytest.approx(20)


def test_missing_characters_are_gathered_over_all_lines() -> None:
    """Once each."""
    assert type_out("a?\nb?").missing == ("?",)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"size": 0}, "size"),
        ({"size": float("nan")}, "size"),
        ({"size": True}, "size"),
        ({"width": -1}, "width"),
        ({"width": float("inf")}, "width"),
        ({"line_height": 0}, "line_height"),
        ({"align": "middle"}, "align"),
    ],
)
def test_a_value_outside_its_range_is_named(change: dict[str, object], field: str) -> None:
    """Before any work is done."""
    request = {"size": 20} | change
    with pytest.raises(TextValueError) as caught:
        arrange("text", INTER, **request)  # type: ignore[arg-type]  # that is the point
    assert caught.value.fields["field"] == field


@pytest.mark.parametrize(
    ("text", "size", "width", "field"),
    [
        ("a" * (layout.TEXT_LENGTH_MAX + 1), 20, None, "text"),
        ("a", layout.SIZE_PX_MAX + 1, None, "size"),
        ("a", 20, layout.WIDTH_PX_MAX + 1, "width"),
    ],
)
def test_limits_name_field_value_and_limit(text: str, size: float, width: float | None, field: str) -> None:
    """Everything has a limit."""
    with pytest.raises(TextLimitError) as caught:
        arrange(text, INTER, size, width=width)
    assert caught.value.fields["field"] == field
    assert caught.value.fields["value"] > caught.value.fields["limit"]  # type: ignore[operator]


def test_half_a_surrogate_pair_is_refused() -> None:
    """It is no character, and JSON lets it through."""
    with pytest.raises(TextEncodingError) as caught:
        arrange("ab\ud83dc", INTER, 20)
    assert caught.value.fields == {"index": 2, "code_point": 0xD83D}


def test_first_baseline_of_inter_matches_css() -> None:
    """(line height - ascent - descent) / 2 + ascent with Inter's 1984 and 494 of 2048."""
    ascent, descent = 1984 / 2048 * 50, 494 / 2048 * 50
    assert arrange("x", INTER, 50).lines[0].baseline == pytest.approx((60 - ascent - descent) / 2 + ascent)


words = st.lists(st.text("abAVT\u00a0é", min_size=1, max_size=8), min_size=1, max_size=12)


@given(words, st.floats(20, 400), st.sampled_from(["left", "center", "right", "justify"]))
def test_no_text_is_lost_and_no_line_leaves_the_box(parts: list[str], width: float, align: layout.Align) -> None:
    """The words come out in order, and only a line of one word may be wider than the box; with Inter and its kerning."""
    text = arrange(" ".join(parts), INTER, 24, width=width, align=align)
    assert " ".join(lines_of(text)) == " ".join(parts)
    for line in text.lines:
        assert line.width <= width + EDGE_PX or " " not in line.text
        if line.width <= width:
            assert line.x >= -EDGE_PX
            assert line.x + line.width <= width + EDGE_PX


@given(words, st.floats(20, 400))
def test_filling_is_greedy(parts: list[str], width: float) -> None:
    """No line could have taken the next line's first word as well; measured by shaping the two together."""
    lines = lines_of(arrange(" ".join(parts), INTER, 24, width=width))
    for line, following in itertools.pairwise(lines):
        together = line + " " + following.split(" ")[0]
        # A pixel of slack: within its paragraph the line may have kerned with the space that followed.
        assert shaping.shape(together, INTER, 24).width > width - 1


def test_lines_break_where_unicode_lets_them() -> None:
    """After hyphens and dashes, between ideographs, not at a no-break space; a space alone is not all."""
    assert lines_of(type_out("well-known", width=60)) == ["well-", "known"]
    assert lines_of(type_out("東京都に", width=20)) == ["東京", "都に"]
    assert lines_of(type_out("a b\u00a0c", width=40)) == ["a", "b\u00a0c"]


def test_right_to_left_words_are_put_in_order_line_by_line() -> None:
    """The first words of a Hebrew paragraph are on its first line, at the right; numbers keep their order."""
    text = set_out("אבג דהו 12", width=70)
    assert lines_of(text) == ["אבג דהו", "12"]
    assert (drawn(text, 0), drawn(text, 1)) == ("והד גבא", "12")
    assert drawn(set_out("ab אבג cd")) == "ab גבא cd"
    assert drawn(set_out("ab אבג cd", direction="rtl")) == "cd גבא ab"


def test_each_paragraph_has_a_direction_of_its_own() -> None:
    """And `start` and `end` follow it; a direction that is asked for holds for all."""
    text = set_out("ab\nאב", width=100, align="start")
    assert [line.x for line in text.lines] == [0, 80]
    assert [line.x for line in set_out("ab\nאב", width=100, align="end").lines] == [80, 0]
    assert [line.x for line in set_out("ab\nאב", width=100, align="start", direction="rtl").lines] == [80, 80]


def test_clusters_count_in_the_whole_text() -> None:
    """Who points at a glyph finds its character, in any line and direction."""
    text = "ab cd\nאב ef"
    for line in set_out(text, width=30).lines:
        assert {text[glyph.cluster] for glyph in line.glyphs} == set(line.text)
        assert text[line.start :].startswith(line.text)


def test_justified_arabic_and_hebrew_end_at_the_right() -> None:
    """The last line of a right-to-left paragraph stays at its start."""
    first, last = set_out("אב גד הו", width=55, align="justify").lines
    assert (first.x, first.width, last.x) == (0, 55, 35)


def test_justify_moves_ideographs_apart_and_thai_only_without_spaces() -> None:
    """Each script as its readers expect it: CSS Text 3 §8.3."""
    first = set_out("東京都に行", width=35, align="justify").lines[0]
    assert [glyph.x for glyph in first.glyphs] == pytest.approx([0, 12.5, 25])
    thai = set_out("ภาษา ไทย ไทย", width=85, align="justify").lines[0]
    assert sum(glyph.advance == 10 for glyph in thai.glyphs) == 7
    single = set_out("ภาษาไทยไทย", width=75, align="justify").lines[0]
    assert single.width == pytest.approx(75)
    assert len({glyph.advance for glyph in single.glyphs}) == 2


def test_spaces_at_a_paragraphs_start_are_not_widened() -> None:
    """They are an indent that somebody typed; its lines would no longer begin at one edge."""
    first = set_out("  aa bb cc", width=85, align="justify").lines[0]
    assert (first.glyphs[2].x, first.width) == (20, 85)


def test_a_space_at_a_lines_end_stands_at_the_end_of_reading() -> None:
    """UAX #9 L1: a figure space, which is kept, after a Hebrew word in an English line is at its right."""
    assert drawn(set_out("אב\u2007", direction="ltr")) == "בא\u2007"


def test_tracking_adds_room_between_clusters_but_not_after_a_lines_last() -> None:
    """100 thousandths of 20 px are 2 px; a centred headline would sit off by what follows its last letter."""
    text = set_out("abc", tracking=100, width=50, align="right")
    assert [glyph.x for glyph in text.lines[0].glyphs] == [0, 12, 24]
    assert (text.lines[0].width, text.lines[0].x) == (34, 16)


def test_tracking_never_pulls_joined_letters_apart() -> None:
    """An Arabic word would fall to pieces."""
    assert set_out("مرحبا", tracking=500).width == 50


def test_tracking_decides_what_fits() -> None:
    """Lines are measured with it."""
    assert lines_of(set_out("aa bb", width=50)) == ["aa bb"]
    assert lines_of(set_out("aa bb", width=50, tracking=100)) == ["aa", "bb"]
    assert lines_of(set_out("aa bb", width=58, tracking=100)) == ["aa bb"]
    assert lines_of(set_out("aa bb cc", width=58, tracking=100)) == ["aa bb", "cc"]


def test_word_spacing_widens_spaces_and_no_break_spaces_only() -> None:
    """In every script, joined ones too (CSS Text 3 §8.1): 500 thousandths of 20 px are 10 px."""
    assert [glyph.x for glyph in set_out("a b\u00a0c", word_spacing=500).lines[0].glyphs] == [0, 10, 30, 40, 60]
    assert set_out("مر حبا", word_spacing=500).width == 70
    assert set_out("a\u2003b", word_spacing=500).width == 30
    assert set_out("a b", word_spacing=-500).width == 20


def test_word_spacing_decides_what_fits_and_adds_to_tracking() -> None:
    """Lines are measured with it; a space is a letter to tracking."""
    assert lines_of(set_out("aa bb", width=59, word_spacing=500)) == ["aa", "bb"]
    assert lines_of(set_out("aa bb", width=60, word_spacing=500)) == ["aa bb"]
    assert set_out("a b", tracking=100, word_spacing=500).width == 30 + 2 * 2 + 10


@pytest.mark.parametrize(("where", "top"), [("top", 0), ("middle", 26), ("bottom", 52)])
def test_lines_lie_in_the_height_as_asked(where: VerticalAlign, top: float) -> None:
    """Two lines of 24 px in a box of 100."""
    text = set_out("a\nb", height=100, vertical_align=where)
    assert [line.baseline for line in text.lines] == pytest.approx([top + 18, top + 42])
    assert (text.top, text.height) == pytest.approx((top, 48))


def test_lines_that_are_higher_than_their_box_leave_it_where_they_are_not_held() -> None:
    """At the top when they lie at the bottom, at both when in the middle."""
    assert set_out("a\nb", height=30, vertical_align="bottom").top == pytest.approx(-18)
    assert set_out("a\nb", height=30, vertical_align="middle").top == pytest.approx(-9)


def test_what_was_fitted_is_aligned_at_its_size() -> None:
    """The height that the fit leaves over is shared."""
    text = set_out("abcdefghij", width=73, height=100, fit="shrink", vertical_align="bottom")
    assert text.top == pytest.approx(100 - 14.5 * 1.2)


def test_a_soft_hyphen_is_seen_where_its_line_ends() -> None:
    """The hyphen takes room as well."""
    assert lines_of(set_out("Zeit\u00adgeist", width=60)) == ["Zeit\u00ad\u2010", "geist"]
    assert lines_of(set_out("aa Zeit\u00adgeist", width=80)) == ["aa", "Zeit\u00ad\u2010", "geist"]


def test_words_are_hyphenated_when_asked() -> None:
    """By the patterns of the language."""
    pytest.importorskip("pyphen")
    text = set_out("Silbentrennung", width=80, language="de", hyphenate=True)
    assert lines_of(text) == ["Silben\u2010", "trennung"]


def test_lines_past_the_limit_are_left_out_and_told() -> None:
    """After as many whole clusters as fit beside the ellipsis, without the space before it."""
    text = set_out("aa bb cc dd ee", width=50, max_lines=2)
    assert (lines_of(text), text.truncated) == (["aa bb", "cc d\u2026"], True)
    assert text.height == pytest.approx(48)
    assert lines_of(set_out("aaa bbb", width=50, max_lines=1)) == ["aaa\u2026"]
    assert not set_out("aa bb", width=50, max_lines=1).truncated


def test_a_cluster_is_not_cut_by_the_ellipsis() -> None:
    """An accent stays with its letter, a family stays together."""
    assert lines_of(set_out("aae\u0301xxxx", width=50, max_lines=1)) == ["aae\u0301\u2026"]
    assert lines_of(set_out("aae\u0301xxxx", width=40, max_lines=1)) == ["aa\u2026"]


def test_the_ellipsis_stands_at_the_end_of_reading() -> None:
    """At the left of a Hebrew line."""
    assert drawn(set_out("אבגדהו", width=40, max_lines=1)) == "\u2026גבא"


def test_another_ellipsis_or_none() -> None:
    """Without one, lines are whole."""
    assert lines_of(set_out("aa bb cc dd", width=70, max_lines=1, ellipsis=" [+]")) == ["aa [+]"]
    text = set_out("aa bb cc dd", width=50, max_lines=1, ellipsis="")
    assert (lines_of(text), text.truncated) == (["aa bb"], True)


def test_lines_without_a_width_are_limited_too() -> None:
    """The rest of the text is told of."""
    assert lines_of(set_out("one\ntwo\nthree", max_lines=2)) == ["one", "two\u2026"]


def test_shrink_takes_the_largest_size_that_fits_to_a_quarter_of_a_pixel() -> None:
    """Ten letters of half an em in 73 px: 14.6 px, thus 14.5."""
    text = set_out("abcdefghij", width=73, fit="shrink")
    assert (text.size, text.width) == (14.5, 73)
    assert set_out("abc", width=73, fit="shrink").size == 20


def test_shrink_heeds_the_height() -> None:
    """Two lines of 1.2 em in 30 px are 12.5 px at most."""
    text = set_out("a\nb", height=30, fit="shrink")
    assert text.size == 12.5
    assert text.height <= 30


def test_grow_takes_the_largest_size_that_fits() -> None:
    """And leaves alone what does not fit already, and what has nothing to show."""
    assert set_out("abcd", width=101, fit="grow").size == 50.5
    assert set_out("abcdefghijkl", width=73, fit="grow").size == 20
    assert set_out(" ", width=73, fit="grow").size == 20


def test_shrink_to_lines_ends_with_all_of_the_text() -> None:
    """Four words of two letters on one line: eleven characters in 80 px."""
    text = set_out("aa bb cc dd", width=80, max_lines=1, fit="shrink-to-lines")
    assert (lines_of(text), text.size, text.truncated) == (["aa bb cc dd"], 14.5, False)


def test_what_fits_at_no_size_is_set_at_the_smallest() -> None:
    """It sticks out, rather than not being there."""
    assert set_out("a" * 200, width=10, fit="shrink").size == layout.FIT_SIZE_PX_MIN


@given(st.text("abc d", min_size=1, max_size=30), st.integers(20, 300), st.integers(10, 100))
def test_what_was_fitted_fits(text: str, width: int, height: int) -> None:
    """Whatever the text: at the size that was found nothing sticks out, and a step more would not have fitted."""
    found = set_out(text, width=width, height=height, size=60, fit="shrink")
    if found.size > layout.FIT_SIZE_PX_MIN:
        assert found.height <= height + EDGE_PX
        assert all(line.width <= width + EDGE_PX for line in found.lines)


def test_balance_makes_lines_even_and_no_more_of_them() -> None:
    """No last line of one word."""
    assert lines_of(set_out("aaa bbb ccc ddd", width=120, wrap="greedy")) == ["aaa bbb ccc", "ddd"]
    assert lines_of(set_out("aaa bbb ccc ddd", width=120, wrap="balance")) == ["aaa bbb", "ccc ddd"]


def test_an_indent_moves_the_first_line_of_each_paragraph() -> None:
    """At the side where it starts."""
    text = set_out("aa bb cc\ndd", width=60, indent=20)
    assert lines_of(text) == ["aa", "bb cc", "dd"]
    assert [line.x for line in text.lines] == [20, 0, 20]
    assert set_out("אב", width=60, indent=20, align="start").lines[0].x == 20


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"tracking": float("nan")}, "tracking"),
        ({"tracking": 20_000}, "tracking"),
        ({"max_lines": 0}, "max_lines"),
        ({"max_lines": 1.5}, "max_lines"),
        ({"direction": "up"}, "direction"),
        ({"language": "de_DE"}, "language"),
        ({"fit": "shrink"}, "fit"),
        ({"fit": "shrink-to-lines", "width": 9}, "fit"),
        ({"wrap": "pretty"}, "wrap"),
        ({"word_spacing": 20_000}, "word_spacing"),
        ({"vertical_align": "middle"}, "vertical_align"),
        ({"vertical_align": "centre", "height": 9}, "vertical_align"),
        ({"line_break": "x"}, "line_break"),
        ({"indent": float("inf")}, "indent"),
        ({"ellipsis": "a\nb"}, "ellipsis"),
        ({"features": {"kerning": 1}}, "features"),
    ],
)
def test_a_setting_outside_its_range_is_named(change: dict[str, object], field: str) -> None:
    """Typed, with the field."""
    with pytest.raises(TextValueError) as caught:
        lay_out("text", lambda _: (INTER,), Setting(**({"size": 20} | change)))  # type: ignore[arg-type]  # the point
    assert caught.value.fields["field"] == field


def test_a_request_reaches_every_setting() -> None:
    """Features, axes and language of a request are heard by HarfBuzz, and a fallback font is used and named."""
    plain = typeset.TextRequest(text="fi AVAVAV 01", font="Inter", size=40)

    def width(**changes: object) -> float:
        return typeset.set_text(msgspec.structs.replace(plain, **changes)).width

    assert width(features={"kern": 0}) > width()
    assert width(features={"tnum": 1}) != width()
    assert width(axes={"opsz": 14}) != width()
    assert width(tracking=50) > width()


def test_a_text_is_drawn_with_the_fonts_that_have_it() -> None:
    """No tofu, and the render's key holds each of them."""
    pytest.importorskip("fontpkg_noto_sans_arabic")
    request = typeset.TextRequest(text="ab مرحبا", font="Inter", size=20)
    text = typeset.set_text(request)
    assert text.missing == ()
    assert [run.font.font.family for run in text.lines[0].runs] == ["Inter", "Noto Sans Arabic"]
    assert set(fonts.hashes(typeset.used([text]))) == {"font:Inter", "font:Noto Sans Arabic"}


def test_brackets_of_right_to_left_text_are_mirrored() -> None:
    """UAX #9 L4 is HarfBuzz's part: an opening bracket opens to the left there."""
    pair = {glyph.glyph_id for glyph in arrange("()", INTER, 20).lines[0].glyphs}
    opening = arrange("(", INTER, 20).lines[0].glyphs[0].glyph_id
    right = lay_out("(a", lambda _: (INTER,), Setting(size=20, direction="rtl")).lines[0]
    assert {right.glyphs[-1].glyph_id} == pair - {opening}


@pytest.mark.parametrize(
    "text",
    ["\u202e" * 5_000, "a" + "\u0301" * 10_000, "\u2067(" * 3_000, "א a " * 2_000, "\u200d" * 5_000, "\t" * 5_000],
    ids=["overrides", "marks", "isolates", "turns", "joiners", "tabs"],
)
def test_hostile_text_is_set_or_refused(text: str) -> None:
    """In a narrow box, with everything on; it ends, and every line is one."""
    text_layout = set_out(text, width=60, wrap="balance", tracking=10, max_lines=50, align="justify")
    assert 1 <= len(text_layout.lines) <= 50


headlines = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40) | st.text(
    "ab é\t\n\u05d0", max_size=8
)


@given(
    headlines,
    st.none() | st.floats(10, 1500),
    st.sampled_from(get_args(layout.Align)),
    st.sampled_from(
        [
            {},
            {"direction": "rtl"},
            {"tracking": 50.0},
            {"word_spacing": 50.0},
            {"indent": 10.0},
            {"max_lines": 1},
            {"wrap": "balance"},
            {"features": {"kern": 0}, "language": "de", "line_height": 1.37},
            {"height": 99.0, "vertical_align": "bottom"},
            {"height": 99.0, "fit": "shrink"},
        ]
    ),
)
def test_a_headline_at_once_is_what_all_steps_would_have_made(
    text: str, width: float | None, align: layout.Align, more: dict[str, Any]
) -> None:
    """Bit for bit, with Inter: the fast path may leave out steps, but decide nothing."""
    setting = Setting(size=32.5, width=width, align=align, **more)
    found = lay_out(text, lambda _: (INTER,), setting)
    assert found == lay_out(text, lambda _: (INTER,), setting, spans=[Span(0, style_of(lambda _: (INTER,), setting))])


def test_plain_headlines_are_set_at_once() -> None:
    """Otherwise the law above says nothing; and what is not plain is not."""

    def at_once(text: str, **asked: Any) -> bool:
        return _at_once(text, lambda _: (INTER,), Setting(size=20, **asked), fonts.covers, shaping) is not None

    assert at_once("A headline, 40 characters or so, no more")
    assert at_once("12", width=100, align="center")
    assert not any(map(at_once, ("", "a ", "é", "a\nb", "a\tb", "a" * 257)))
    assert not at_once("A headline", width=20)
