"""Tests of layout: where lines break and sit, with a shaper whose every letter is half an em wide, and with Inter."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.typography_core import fonts, layout, shaping
from engines.typography_core.errors import TextEncodingError, TextLimitError, TextValueError
from engines.typography_core.fonts import FontInstance
from engines.typography_core.layout import TextLayout, arrange
from engines.typography_core.shaping import FontMetrics, Glyph, Run

INTER = fonts.find("Inter")
EDGE_PX = 1e-5
"""Allowed where the order of additions differs."""


class Typewriter:
    """Every character is half the size wide; 0.8 above and 0.2 below the baseline. "?" has no glyph."""

    def shape(self, text: str, font: FontInstance, size: float) -> Run:
        del font
        glyphs = tuple(Glyph(ord(char), index, index * size / 2, 0.0, size / 2) for index, char in enumerate(text))
        return Run(glyphs, len(text) * size / 2, tuple(dict.fromkeys(char for char in text if char == "?")))

    def metrics(self, font: FontInstance, size: float) -> FontMetrics:
        del font
        return FontMetrics(0.8 * size, 0.2 * size)


def type_out(
    text: str, width: float | None = None, align: layout.Align = "left", line_height: float = 1.2
) -> TextLayout:
    """Arrange at size 20, so that a character is 10 px wide."""
    return arrange(text, INTER, 20, width=width, align=align, line_height=line_height, shaper=Typewriter())


def lines_of(text: TextLayout) -> list[str]:
    """Return the text of each line."""
    return [line.text for line in text.lines]


def test_lines_fill_up_at_spaces() -> None:
    """Greedy: a word goes on the line as long as it fits, to the very pixel."""
    assert lines_of(type_out("aa bb cc dd", width=50)) == ["aa bb", "cc dd"]
    assert lines_of(type_out("aa bb cc dd", width=49)) == ["aa", "bb", "cc", "dd"]


def test_a_word_wider_than_the_box_stays_whole() -> None:
    """Cutting a word is worse than letting it stick out."""
    assert lines_of(type_out("a incomprehensible b", width=40)) == ["a", "incomprehensible", "b"]


class Kerning(Typewriter):
    """As the typewriter, but a letter before a space is 4 px narrower."""

    def shape(self, text: str, font: FontInstance, size: float) -> Run:
        run = super().shape(text, font, size)
        pairs = [text[index + 1 : index + 2] == " " and text[index] != " " for index in range(len(text))]
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
