"""Tests of tab stops: where text behind a tab begins, ends, or has its point, in both directions and on every line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.typography_core import tabs
from engines.typography_core.errors import TextLimitError, TextValueError
from engines.typography_core.layout import TextLayout
from engines.typography_core.look import Look
from engines.typography_core.rich_text import Base, TextRun, spans_of, text_of
from engines.typography_core.tabs import TabAlign, TabStop
from engines.typography_core.tests.typewriter import INTER, lines_of, set_out


def places(text: TextLayout, line: int = 0) -> dict[str, float]:
    """Return where each character of a line begins, in px; tabs aside."""
    shown = text.lines[line]
    return {chr(glyph.glyph_id): shown.x + glyph.x for glyph in shown.glyphs if chr(glyph.glyph_id) != " "}


def stop(at: float, align: TabAlign = "left", point: str = ".") -> TabStop:
    """Return a tab stop."""
    return TabStop(at=at, align=align, point=point)


def test_a_tab_is_a_space_where_no_stops_are_set() -> None:
    """As it always was."""
    assert lines_of(set_out("a\tb")) == ["a b"]
    assert places(set_out("a\tb"))["b"] == 20


@pytest.mark.parametrize(
    ("align", "x"),
    [("left", 100), ("right", 70), ("center", 85), ("decimal", 90)],
    ids=["left", "right", "center", "."],
)
def test_text_lies_at_its_stop_as_the_stop_says(align: TabAlign, x: float) -> None:
    """Three characters of 10 px at 100 px: they begin there, end there, or lie around it, or their point does."""
    assert places(set_out("ab\t1.5", tabs=(stop(100, align),)))["1"] == pytest.approx(x)


def test_a_decimal_stop_takes_the_last_point_or_the_end() -> None:
    """Whole numbers end where the others have their point; another point can be asked for."""
    assert places(set_out("\t12", tabs=(stop(100, "decimal"),)))["1"] == pytest.approx(80)
    assert places(set_out("\t1.2.3", tabs=(stop(100, "decimal"),)))["1"] == pytest.approx(70)
    assert places(set_out("\t1.2,3", tabs=(stop(100, "decimal", ","),)))["1"] == pytest.approx(70)


def test_the_next_stop_is_the_first_behind_what_stands_before_the_tab() -> None:
    """Stops that are passed already do not count, in whatever order they are written; past the last one a tab is a space."""
    text = set_out("abcde\tf\tg\th", tabs=(100.0, 40.0, 50.0))
    assert [places(text)[char] for char in "fgh"] == [100, 120, 140]


def test_text_that_fills_up_to_its_stop_is_not_pulled_back() -> None:
    """A long word at a right stop goes over it, after what stands before."""
    assert places(set_out("ab\tcdefgh", tabs=(stop(50, "right"),)))["c"] == 20


def test_stops_count_from_the_boxs_edge_also_on_an_indented_line() -> None:
    """Columns stand below each other."""
    text = set_out("a\tb\nc\td", tabs=(60.0,), indent=20)
    assert [places(text, line)[char] for line, char in ((0, "b"), (1, "d"))] == [60, 80 - 20]
    assert lines_of(set_out("a\tb cc", tabs=(60.0,), indent=20, width=70)) == ["a\tb", "cc"]


def test_columns_of_a_right_to_left_text_begin_at_the_right() -> None:
    """The first column is the rightmost: a stop at 60 px lies 60 px from the right edge."""
    found = places(set_out("א\tב", tabs=(60.0,), width=200, align="start"))
    assert (found["א"], found["ב"]) == (190, 200 - 60 - 10)


def test_tabs_decide_what_fits_on_a_line() -> None:
    """What ends behind the box goes to the next line, and a tab is a place where a line may end."""
    assert lines_of(set_out("aa\tbb", tabs=(80.0,), width=100)) == ["aa\tbb"]
    assert lines_of(set_out("aa\tbb", tabs=(81.0,), width=100)) == ["aa\t", "bb"]
    assert set_out("aa\tbb", tabs=(80.0,)).width == 100


def test_a_line_with_tabs_is_not_widened() -> None:
    """Justified text would leave its columns."""
    text = set_out("ab cd\tef gh ij kl", tabs=(80.0,), width=150, align="justify")
    assert lines_of(text) == ["ab cd\tef gh", "ij kl"]
    assert (places(text)["c"], places(text)["h"]) == (30, 120)


def test_the_ellipsis_fits_behind_a_tab() -> None:
    """The line is as long as its stops make it."""
    text = set_out("aa\tbbbbbb", tabs=(80.0,), width=110, max_lines=1)
    assert (lines_of(text), text.lines[0].width) == (["aa\tbb\u2026"], 110)


def test_tabs_stand_between_runs_of_any_size() -> None:
    """A price in large letters ends at its stop, too."""
    runs = (TextRun(text="a\t"), TextRun(text="12", size=40.0))
    base = Base("Inter", 20.0, 400.0, False, "und", {}, {}, 0.0, 0.0)
    spans = spans_of(runs, base, Look(), lambda *_: lambda _: (INTER,))
    assert places(set_out(text_of(runs), spans, tabs=(stop(100, "right"),)))["1"] == pytest.approx(60)


@given(
    st.lists(st.text("ab.1", max_size=6), min_size=1, max_size=6),
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from(["left", "right", "center", "decimal"])), min_size=1, max_size=6
    ),
)
def test_no_two_columns_overlap(columns: list[str], stops: list[tuple[int, TabAlign]]) -> None:
    """Whatever the stops: text stays in order, and as wide as it is."""
    text = set_out("\t".join(columns), tabs=tuple(stop(at, align) for at, align in stops))
    pen = 0.0
    for glyph in text.lines[0].glyphs:
        assert glyph.x == pytest.approx(pen)
        assert glyph.advance >= 0
        pen += glyph.advance
    assert text.width == pytest.approx(pen)
    assert text.width >= 10 * sum(map(len, columns)) - 1e-6


@pytest.mark.parametrize(
    ("given_tabs", "field"),
    [
        ((-1.0,), "tabs[0]"),
        ((10.0, float("nan")), "tabs[1]"),
        ((TabStop(at=5.0, align="middle"),), "tabs[0].align"),  # type: ignore[arg-type]  # that is the point
        ((TabStop(at=5.0, point=".."),), "tabs[0].point"),
    ],
)
def test_a_stop_outside_its_range_is_named(given_tabs: tuple[float | TabStop, ...], field: str) -> None:
    """With its number."""
    with pytest.raises(TextValueError) as caught:
        set_out("a", tabs=given_tabs)
    assert caught.value.fields["field"] == field


def test_there_is_a_limit_to_stops() -> None:
    """Each tab looks at them all."""
    with pytest.raises(TextLimitError):
        set_out("a", tabs=(1.0,) * (tabs.TABS_MAX + 1))


def test_thousands_of_tabs_are_set() -> None:
    """On one line and in a narrow box, with all that can be asked for: it ends."""
    stops = tuple(stop(float(at), "decimal") for at in range(0, 1000, 10))
    for asked in ({"width": 300}, {}, {"width": 200, "max_lines": 1}, {"width": 300, "wrap": "balance"}):
        assert set_out("1.5\t" * 1_000, tabs=stops, **asked).lines
