"""Tests of runs: what they inherit, where they stand, how high they make their lines, and what never falls apart between them."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.colours import ColourError
from engines.typography_core import fonts, layout, rich_text, superscripts, typeset
from engines.typography_core.errors import TextEncodingError, TextLimitError, TextValueError, UnknownFontError
from engines.typography_core.fonts import FontInstance
from engines.typography_core.layout import TextLayout
from engines.typography_core.look import Decoration, Look, Stroke
from engines.typography_core.rich_text import Base, TextRun
from engines.typography_core.setting import Fit
from engines.typography_core.shaping import PlacedRun, Run
from engines.typography_core.tests.typewriter import INTER, Typewriter, drawn, lines_of, set_out
from engines.typography_core.typeset import TextRequest

BASE = Base("Inter", 20.0, 400.0, False, "und", {}, {}, 0.0, 0.0)
RED, BLUE = TextRun(text="", color="#f00"), TextRun(text="", color="#00f")
RAISED = superscripts.raised(INTER, 20.0, "super")
"""What Inter says of its superscripts: nearly 0.6 and 0.35."""


def cascade(script: str) -> tuple[FontInstance, ...]:
    """One font for all."""
    del script
    return (INTER,)


def set_runs(*runs: TextRun, **asked: object) -> TextLayout:
    """Lay out runs with the typewriter at size 20: a character is 10 px wide, 16 px above and 4 below the baseline."""
    spans = rich_text.spans_of(runs, BASE, Look(), lambda *_: cascade)
    return set_out(rich_text.text_of(runs), spans, **asked)


def run(text: str, **values: Any) -> TextRun:
    """Return a run."""
    return TextRun(text=text, **values)


def asked(*runs: TextRun, **values: Any) -> TextLayout:
    """Set runs in packaged fonts at 40 px."""
    return typeset.set_text(TextRequest(**{"font": "Inter", "size": 40.0, "runs": runs} | values))


def test_a_text_of_one_run_is_that_text() -> None:
    """Runs are a way to write a text, not another way to set it."""
    written = {"width": 300.0, "align": "justify", "tracking": 20.0}
    text = "The quick brown fox jumps over מרחבא and 東京都"
    plain = typeset.set_text(TextRequest(text=text, font="Inter", size=40.0, **written))
    whole = asked(run(text), **written)
    parts = asked(run(text[:10]), run(""), run(text[10:]), **written)
    assert whole == plain
    assert parts == plain


@given(st.text("ab מרé\u0301\n東", max_size=12), st.lists(st.integers(0, 12), max_size=4), st.floats(20, 150))
def test_where_runs_that_only_differ_in_colour_are_cut_moves_no_glyph(text: str, cuts: list[int], width: float) -> None:
    """Kerning, ligatures, accents and joined letters know nothing of colours."""
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    colours = ("#f00", "#00f")
    runs = [
        run(text[start:end], color=colours[index % 2]) for index, (start, end) in enumerate(itertools.pairwise(places))
    ]
    whole = typeset.set_text(TextRequest(text=text, font="Inter", size=24.0, width=width))
    found = typeset.set_text(TextRequest(runs=tuple(runs), font="Inter", size=24.0, width=width))
    for line, other in zip(whole.lines, found.lines, strict=True):
        assert (line.x, line.width, line.text, line.baseline) == (other.x, other.width, other.text, other.baseline)
        assert [glyph[:2] for glyph in line.glyphs] == [glyph[:2] for glyph in other.glyphs]
        assert [glyph.x for glyph in line.glyphs] == pytest.approx([glyph.x for glyph in other.glyphs], abs=1e-9)


def test_each_character_has_the_look_of_its_run() -> None:
    """In reading order, whatever their order on the line; the rest has the text's look."""
    line = set_runs(run("ab "), run("אבג", color="#f00"), run(" cd", color="#00f")).lines[0]
    shown = [(glyph.cluster, one.look.color if one.look else None) for one in line.runs for glyph in one.glyphs]
    assert [cluster for cluster, _ in shown] == [0, 1, 2, 5, 4, 3, 6, 7, 8]
    assert [colour for _, colour in shown] == [None] * 3 + ["#f00"] * 3 + ["#00f"] * 3


def test_a_run_begins_where_the_one_before_it_ends() -> None:
    """Decorations and paths count from there."""
    first, second = set_runs(run("abc"), run("de", color="#f00")).lines[0].runs
    assert (first.x, second.x, [glyph.x for glyph in second.glyphs]) == (0, 30, [0, 10])


def test_a_look_holds_what_the_run_says_and_else_what_the_text_says() -> None:
    """A red word with the text's stroke, an underlined one in the text's colour."""
    stroke, line = Stroke(color="#0f0", width=1.0), Decoration(line="underline")
    runs = (run("a", color="#f00"), run("b", decoration=(line,)), run("c"))
    spans = rich_text.spans_of(runs, BASE, Look(color="#123", stroke=stroke), lambda *_: cascade)
    assert [span.look for span in spans[1:]] == [
        Look(color="#f00", stroke=stroke),
        Look(color="#123", stroke=stroke, decoration=(line,)),
        None,
    ]


def test_an_ellipsis_and_a_hyphen_look_like_what_stands_before_them() -> None:
    """Not like the first run that was left out."""
    text = set_runs(run("aa bb", color="#f00"), run(" cc dd", color="#00f"), width=60, max_lines=1)
    assert (lines_of(text), [one.look.color for one in text.runs if one.look]) == (["aa bb\u2026"], ["#f00"])
    text = set_runs(run("Zeit\u00ad", color="#f00"), run("geist", color="#00f"), width=60)
    assert [[one.look.color for one in line.runs if one.look] for line in text.lines] == [["#f00"], ["#00f"]]


def test_sizes_are_measured_where_lines_break() -> None:
    """A run of twice the size takes twice the room."""
    assert lines_of(set_runs(run("aa "), run("bb", size=40.0), width=69)) == ["aa", "bb"]
    assert lines_of(set_runs(run("aa "), run("bb", size=40.0), width=70)) == ["aa bb"]


def test_a_line_is_as_high_as_its_highest_run() -> None:
    """Each line for itself: CSS 2.2 §10.8. At 1.2 times the size, 2 px lie above and below 20 px of content."""
    text = set_runs(run("aa "), run("bb", size=40.0), run(" cc dd"), width=70)
    assert lines_of(text) == ["aa bb", "cc dd"]
    assert [line.baseline for line in text.lines] == pytest.approx([36, 48 + 18])
    assert text.height == pytest.approx(48 + 24)
    assert [one.size for one in text.lines[0].runs] == [20, 40]


def test_small_runs_alone_make_low_lines() -> None:
    """The tallest run of the line counts, not the size that no character has."""
    assert set_runs(run("aa", size=10.0)).height == pytest.approx(12)
    assert set_runs(run("aa\n\nbb", size=10.0)).height == pytest.approx(36)


def test_an_empty_line_is_as_high_as_its_run() -> None:
    """That in which its break stands."""
    text = set_runs(run("a\n"), run("\n", size=40.0), run("b"))
    assert [line.baseline for line in text.lines] == pytest.approx([18, 24 + 36, 72 + 18])
    assert set_runs(run("a\n"), run("", size=40.0)).height == pytest.approx(48)


def test_a_superscript_is_smaller_and_higher_and_moves_no_line() -> None:
    """As the font's OS/2 says; a footnote must not push lines apart."""
    plain, high = set_runs(run("ab")), set_runs(run("a"), run("b", position="super"))
    assert pytest.approx((0.6, 0.35), abs=1e-3) == RAISED
    raised = high.runs[1]
    assert (raised.size, raised.baseline) == pytest.approx((12, high.lines[0].baseline - 7), abs=0.01)
    assert (high.height, high.lines[0].baseline) == (plain.height, plain.lines[0].baseline)
    assert set_runs(run("b", position="super")).height == plain.height
    low = set_runs(run("a"), run("b", position="sub")).runs[1]
    assert low.baseline > high.lines[0].baseline
    assert low.size == pytest.approx(12, abs=0.01)


def test_a_superscript_of_a_large_run_is_large() -> None:
    """It belongs to the run's size, not to the text's."""
    raised = set_runs(run("b", size=40.0, position="super"))
    assert (raised.runs[0].size, raised.lines[0].baseline - raised.runs[0].baseline) == pytest.approx(
        (24, 14), abs=0.01
    )


def test_nonsense_in_a_fonts_table_is_not_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero is what a table says that nobody filled in."""

    class Empty:
        """A font whose every metric is `value`."""

        scale = (1000, 1000)

        def __init__(self, value: int | None) -> None:
            self._value = value

        def get_metric_position(self, tag: object) -> int | None:
            """Return the one value."""
            del tag
            return self._value

    for value in (0, None, 30_000, -600):
        superscripts.raised.cache_clear()
        monkeypatch.setattr(superscripts.faces, "font_at", lambda *_, value=value: Empty(value))
        assert superscripts.raised(INTER, 20.0, "super") == superscripts.DEFAULT["super"]
        assert superscripts.raised(INTER, 20.0, "sub") == superscripts.DEFAULT["sub"]
    superscripts.raised.cache_clear()


def test_a_baseline_shift_moves_the_run_and_takes_room() -> None:
    """Up is positive; the line grows, as an inline box does in CSS."""
    text = set_runs(run("a"), run("b", baseline_shift=10.0), run("c", baseline_shift=-5.0))
    baseline = text.lines[0].baseline
    assert [one.baseline - baseline for one in text.runs] == [0, -10, 5]
    assert (baseline, text.height) == pytest.approx((28, 24 + 15))


def test_tracking_language_and_features_are_each_runs_own() -> None:
    """And room after a line's last letter is that of its own run."""
    text = set_runs(run("ab", tracking=100.0), run("cd", tracking=500.0))
    assert [glyph.x for glyph in text.lines[0].glyphs] == [0, 12, 24, 44]
    assert text.width == pytest.approx(54)
    kerned, loose = asked(run("AVAVAV")), asked(run("AVAVAV", features={"kern": 0}))
    assert loose.width > kerned.width + 5
    assert asked(run("AVAVAV", features={"kern": 1}), features={"kern": 0}).width == kerned.width
    assert asked(run("AVAVAV", features={"ss01": 1}), features={"kern": 0}).width == loose.width


def test_each_run_is_shaped_in_its_language() -> None:
    """The text's where it names none."""
    heard = []

    class Listener(Typewriter):
        """A typewriter that notes which language each piece is in."""

        def shape_run(self, text: str, start: int, end: int, font: FontInstance, size: float, **asked: Any) -> Run:
            heard.append((text[start:end], asked["language"]))
            return super().shape_run(text, start, end, font, size, **asked)

    runs = (run("аб"), run("вг", language="sr"))
    spans = rich_text.spans_of(runs, BASE._replace(language="ru"), Look(), lambda *_: cascade)
    layout.lay_out("абвг", cascade, layout.Setting(size=20), spans=spans, covers=lambda *_: True, shaper=Listener())
    assert heard == [("аб", "ru"), ("вг", "sr")]


def test_a_space_at_a_runs_start_is_in_the_runs_own_font() -> None:
    """Not in that of the run before, as spaces are in which nothing changes but the script."""
    text = asked(run("где"), run(" где", weight=700.0))
    assert [(one.font.weight, len(one.glyphs)) for one in text.runs] == [(400, 3), (700, 4)]


def test_a_run_has_a_font_weight_slant_and_axes_of_its_own() -> None:
    """And what it does not say is the text's."""
    text = asked(run("a"), run("b", weight=700.0), run("c", italic=True), run("d", font="Noto Serif"), run("e"))
    found = [(one.font.font.family, one.font.weight, one.font.font.italic) for one in text.runs]
    assert found == [
        ("Inter", 400, False),
        ("Inter", 700, False),
        ("Inter", 400, True),
        ("Noto Serif", 400, False),
        ("Inter", 400, False),
    ]
    assert asked(run("aaaa", axes={"opsz": 14.0})).width != asked(run("aaaa")).width
    assert {"Inter", "Noto Serif"} <= {font.font.family for font in typeset.used([text])}


def test_the_font_that_decides_about_a_lines_height_is_an_input() -> None:
    """Even where none of its glyphs is seen: without it the picture could not be made again."""
    pytest.importorskip("fontpkg_noto_sans_arabic")
    text = asked(run("مر", font="Noto Serif"))
    assert "font:Noto Serif" in fonts.hashes(typeset.used([text]))
    assert [font.font.family for font in text.asked] == ["Noto Serif"]


def test_joined_letters_join_across_runs_of_two_weights() -> None:
    """Each is shaped in sight of its neighbours."""
    pytest.importorskip("fontpkg_noto_sans_arabic")
    whole = asked(run("سلام")).lines[0].glyphs
    cut = asked(run("س", weight=700.0), run("لام")).lines[0].glyphs
    assert [glyph.glyph_id for glyph in cut] == [glyph.glyph_id for glyph in whole]


def test_an_accent_stays_with_its_letter() -> None:
    """A cluster has the style of its first character."""
    text = set_runs(run("ae"), run("\u0301b", size=40.0))
    assert [(one.size, [glyph.cluster for glyph in one.glyphs]) for one in text.runs] == [(20, [0, 1, 2]), (40, [3])]


def test_runs_are_put_in_visual_order() -> None:
    """A Hebrew sentence reads from the right, in all its sizes."""
    assert drawn(set_runs(run("אב", size=40.0), run("גד"))) == "דגבא"


@given(st.floats(0.2, 3), st.integers(60, 400), st.sampled_from(["shrink", "grow"]))
def test_fit_scales_all_runs_together(factor: float, width: int, fit: Fit) -> None:
    """To a quarter of a pixel of the text's size: the found size fits, and the next would not."""
    runs = (run("abc"), run("def", size=20 * factor, weight=700.0), run("g", baseline_shift=4.0, position="super"))
    text = set_runs(*runs, width=width, fit=fit)
    sizes = {glyph.glyph_id: one.size / text.size for one in text.runs for glyph in one.glyphs}
    assert [sizes[ord(char)] for char in "adg"] == pytest.approx([1, factor, RAISED.scale])
    shift = (text.lines[0].baseline - text.runs[-1].baseline) / text.size
    assert shift == pytest.approx(4 / 20 + RAISED.rise)
    px = 30 * (1 + factor) / 20 + RAISED.scale / 2
    if text.size != 20:
        assert (text.size / layout.FIT_STEP_PX).is_integer()
        assert px * text.size <= width + 1e-5 < px * (text.size + layout.FIT_STEP_PX)


def test_growing_stops_before_the_largest_run_is_too_large() -> None:
    """The limit of a size holds for every run."""
    text = set_runs(run("a"), run("b", size=2_000.0), width=1e6, fit="grow")
    assert max(one.size for one in text.runs) <= layout.SIZE_PX_MAX


def _runs_of(text: TextLayout) -> list[tuple[str, float]]:
    return [("".join(chr(glyph.glyph_id) for glyph in one.glyphs), one.size) for one in text.runs]


def test_small_capitals_are_made_of_capitals_where_a_font_has_none() -> None:
    """Inter has none: letters become smaller capitals, everything else stays, and glyphs still know their characters."""
    text = set_runs(run("Ab1 ß\u00e9!", small_caps=True))
    assert _runs_of(text) == [("A", 20), ("B", 16), ("1 ", 20), ("\u1e9e\u00c9", 16), ("!", 20)]
    assert text.lines[0].text == "Ab1 ß\u00e9!"
    assert [glyph.cluster for glyph in text.lines[0].glyphs] == list(range(7))
    assert text.height == pytest.approx(24)


def test_small_capitals_of_the_font_are_preferred() -> None:
    """Noto Serif has its own: one run, of one size, of other glyphs."""
    serif, small = (asked(run("abc", font="Noto Serif", small_caps=value)) for value in (False, True))
    assert [one.size for one in small.runs] == [40]
    assert [glyph.glyph_id for glyph in small.runs[0].glyphs] != [glyph.glyph_id for glyph in serif.runs[0].glyphs]
    off = asked(run("abc", font="Noto Serif", small_caps=True, features={"smcp": 0}))
    assert off.runs[0].glyphs == serif.runs[0].glyphs


def test_missing_characters_of_all_runs_are_told() -> None:
    """As those of a text are."""
    assert set_runs(run("a?"), run("?b", size=30.0)).missing == ("?",)


@pytest.mark.parametrize(
    ("given_run", "error", "field"),
    [
        (run("a", size=0.0), TextValueError, "runs[0].size"),
        (run("a", size=30_000.0), TextLimitError, "runs[0].size"),
        (run("a", weight=0.0), TextValueError, "runs[0].weight"),
        (run("a", tracking=float("nan")), TextValueError, "runs[0].tracking"),
        (run("a", word_spacing=1e9), TextValueError, "runs[0].word_spacing"),
        (run("a", baseline_shift=float("inf")), TextValueError, "runs[0].baseline_shift"),
        (run("a", position="top"), TextValueError, "runs[0].position"),
        (run("a", language="de_DE"), TextValueError, "language"),
        (run("a", features={"kerning": 1}), TextValueError, "features"),
    ],
)
def test_a_value_of_a_run_outside_its_range_is_named(given_run: TextRun, error: type[Exception], field: str) -> None:
    """With the run's number."""
    with pytest.raises(error) as caught:
        asked(given_run)
    assert caught.value.fields["field"] == field  # type: ignore[attr-defined]  # both have fields


def test_what_a_run_asks_for_must_exist() -> None:
    """Fonts, colours, characters."""
    with pytest.raises(UnknownFontError):
        asked(run("a", font="No Such Font"))
    with pytest.raises(ColourError):
        asked(run("a", color="reddish"))
    with pytest.raises(TextEncodingError):
        asked(run("a\ud800"))


def test_there_are_limits_to_runs_and_their_text() -> None:
    """Both before any work."""
    with pytest.raises(TextLimitError, match="runs"):
        asked(*[run("a")] * (rich_text.RUNS_MAX + 1))
    with pytest.raises(TextLimitError, match="text"):
        asked(run("a" * 60_000), run("b" * 60_000))


@pytest.mark.parametrize(
    "values",
    [
        {"text": "a", "runs": (run("b"),)},
        {"text": "a", "markup": "b"},
        {"runs": (run("b"),), "markup": "b"},
        {},
    ],
)
def test_a_text_is_written_in_one_way(values: dict[str, Any]) -> None:
    """Two texts would be one too many, and none may be a slip."""
    with pytest.raises(TextValueError):
        typeset.set_text(TextRequest(font="Inter", size=20.0, **values))


def test_the_text_of_runs_and_markup_can_be_read() -> None:
    """For names, screen readers and search."""
    assert typeset.plain_text(TextRequest(font="Inter", size=20.0, text="", runs=(run("a "), run("b")))) == "a b"
    assert typeset.plain_text(TextRequest(font="Inter", size=20.0, markup="a <b>b</b>")) == "a b"
    assert typeset.plain_text(TextRequest(font="Inter", size=20.0, text="")) == ""


def test_a_run_of_a_line_is_a_value_that_compares() -> None:
    """Older code makes runs without a look."""
    assert PlacedRun(INTER, 20.0, 0.0, 0.0, ()).look is None
