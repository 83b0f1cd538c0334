"""Tests of lines along texts: where the font wants them, through from run to run, beside ink, crisp."""

import itertools

import numpy as np
import pytest

from engines.typography_core import decorations, fonts, ink, outlines, painting
from engines.typography_core.decorations import Bar, bars
from engines.typography_core.errors import TextLimitError
from engines.typography_core.layout import TextLayout
from engines.typography_core.line_metrics import line_metrics
from engines.typography_core.look import Decoration, Look
from engines.typography_core.raster import View
from engines.typography_core.typeset import TextRequest, set_text

UNDERLINED = Look(decoration=(Decoration(line="underline"),))


def asked(text: str, **keys: object) -> TextLayout:
    return set_text(TextRequest(**({"text": text, "font": "Inter", "size": 50.0} | keys)))  # type: ignore[arg-type]


def lines(text: TextLayout, **keys: object) -> list[Bar]:
    """Return the bars of one decoration of `text`."""
    look = Look(decoration=(Decoration(**({"line": "underline"} | keys)),))  # type: ignore[arg-type]
    return [bar for one in bars(text, look) for bar in one.bars]


def test_lines_are_where_the_font_says() -> None:
    """Inter 4: underline 208 below the baseline of 2,048, strike 634 above, both 140 thick; the overline at the ascent."""
    metrics = line_metrics(fonts.find("Inter"), 100)
    assert metrics.underline == pytest.approx(10.16, abs=0.05)
    assert metrics.underline_thickness == pytest.approx(6.84, abs=0.05)
    assert metrics.strike == pytest.approx(-30.96, abs=0.05)
    text = asked("HH")
    baseline = text.lines[0].baseline
    (under,), (through,), (over,) = (lines(text, line=word) for word in ("underline", "line-through", "overline"))
    assert under.top == pytest.approx(baseline + metrics.underline / 2)
    assert through.top == pytest.approx(baseline + metrics.strike / 2)
    assert baseline - 50 < over.top < baseline - 0.72 * 50, "above capitals"
    assert (under.left, under.right) == (0, text.width)


def test_own_thickness_and_offset_are_taken() -> None:
    """A strike stays on the middle of where the font has it, however thick it is; an underline grows downwards."""
    text = asked("HH")
    plain, thick = lines(text)[0], lines(text, thickness=9.0, offset=4.0)[0]
    assert (thick.top, thick.thickness) == (plain.top + 4, 9)
    plain, thick = lines(text, line="line-through")[0], lines(text, line="line-through", thickness=9.0)[0]
    assert thick.top + 4.5 == pytest.approx(plain.top + plain.thickness / 2)


def test_a_line_goes_through_where_fonts_change() -> None:
    """A word in another script is underlined by the same line, not by its own font's, and not twice."""
    other = asked("HH नमस्ते HH", language="hi")
    assert len(other.runs) > 1
    (bar,) = lines(other, skip_ink=False)
    assert (bar.left, bar.right) == (0, pytest.approx(other.width))


def test_hung_spaces_and_the_last_track_are_not_underlined() -> None:
    """A line of justified or centred text would otherwise stick out on one side."""
    text = asked("HHH HHH HHH", width=130.0, align="right", tracking=200.0)
    assert len(text.lines) > 1
    for line, bar in zip(text.lines, lines(text, skip_ink=False), strict=True):
        assert (bar.left, bar.right) == (pytest.approx(line.x), pytest.approx(line.x + line.width))


def test_ink_is_skipped_where_it_is_and_only_there() -> None:
    """Each of g, j, p, q, y reaches through the underline; none of n, o, x does."""
    assert len(lines(asked("nonoxnox"))) == 1
    text = asked("ngnjnpnqnyn", tracking=300.0)
    found = lines(text)
    assert len(found) >= 6
    canvas = np.zeros((200, 900), np.uint8)
    drawn = painting.paint(text, Look())
    canvas[drawn.y : drawn.y + drawn.pixels.shape[0], drawn.x : drawn.x + drawn.pixels.shape[1]] = drawn.pixels[..., 3]
    for bar in found:
        # Less than the gap away on each side there is nothing, from the line's upper to its lower edge.
        rows = slice(int(bar.top), int(bar.top + bar.thickness + 1))
        reach = bar.thickness * 0.7
        left = 0 if bar.left == 0 else int(bar.left - reach)
        right = int(bar.right) if bar.right == text.width else int(bar.right + reach)
        assert canvas[rows, left:right].max() == 0
        assert bar.right - bar.left >= bar.thickness
    gaps = [after.left - before.right for before, after in itertools.pairwise(found)]
    assert max(gaps) < 30, "no gap is wider than a letter"
    assert len(lines(text, skip_ink=False)) == 1
    assert len(lines(text, line="line-through")) == 1


def test_wide_characters_stand_on_their_underline() -> None:
    """Han characters reach into it almost everywhere: cut at each, no line would be left (CSS Text Decoration 4 §2.10)."""
    line = asked("H").lines[0]
    wide = line._replace(text="日")
    assert decorations._wide(wide, 0)
    assert not decorations._wide(line, 0)


def shown(made: list[Bar], view: View = View(1.0, 1.0, 0.0, 0.0)) -> np.ndarray:  # noqa: B008 - a constant
    covered = ink.cover_edges(decorations.edges_of(made, view))
    canvas = np.zeros((60, 200), np.uint8)
    rows, columns = covered.array.shape
    canvas[covered.y : covered.y + rows, covered.x : covered.x + columns] = covered.array
    return canvas


def test_lines_are_whole_pixels_high() -> None:
    """A line of 1.3 px at 10.4 px would be two gray rows; it is one black one."""
    found = shown([Bar(10, 50, 10.4, 1.3, "solid")])
    assert np.flatnonzero(found.any(axis=1)).tolist() == [10]
    assert found[10, 10:50].min() == 255
    thin = shown([Bar(10, 50, 10.4, 0.2, "solid")])
    assert thin.max() == 255, "never thinner than a pixel"
    large = shown([Bar(10, 50, 10.4, 1.3, "solid")], View(2.0, 2.0, 1.0, 0.2))
    assert np.flatnonzero(large.any(axis=1)).tolist() == [21, 22, 23]
    assert np.flatnonzero(large.any(axis=0)).tolist() == list(range(21, 101))


def test_styles_are_what_they_are_called() -> None:
    """Two lines with a line's room between; round dots as wide as the line is high; dashes that begin and end with the line."""
    double = shown([Bar(10, 50, 10, 4, "double")])
    assert np.flatnonzero(double.any(axis=1)).tolist() == [*range(10, 14), *range(18, 22)]
    dotted, dashed = (shown([Bar(10, 90, 10, 4, style)])[12] for style in ("dotted", "dashed"))
    for row, count in ((dotted, 11), (dashed, 4)):
        starts = np.flatnonzero(np.diff((row > 127).astype(int)) == 1) + 1
        assert len(starts) == count
        assert starts[0] == 10
        assert np.flatnonzero(row > 127)[-1] == 89
    assert shown([Bar(10, 90, 10, 8, "dotted")])[10, 10] < 40, "a dot has no corners"


def test_dots_without_end_are_refused() -> None:
    with pytest.raises(TextLimitError, match="dots"):
        decorations.edges_of([Bar(0, 1e6, 0, 0.1, "dotted")], View(1.0, 1.0, 0.0, 0.0))


def test_runs_with_a_look_of_their_own_have_their_own_lines() -> None:
    """In "a <u>b</u> c" only b is underlined, in its own colour."""
    text = asked("HHH")
    run = text.runs[0]
    first, rest = run._replace(glyphs=run.glyphs[:1]), run._replace(glyphs=run.glyphs[1:], look=UNDERLINED)
    moved = rest._replace(
        x=run.x + run.glyphs[1].x, glyphs=tuple(one._replace(x=one.x - run.glyphs[1].x) for one in rest.glyphs)
    )
    line = text.lines[0]._replace(runs=(first, moved))
    text = TextLayout(width=text.width, height=text.height, lines=(line,), missing=(), font=text.font, size=text.size)
    (found,) = bars(text, Look())
    assert found.look == UNDERLINED
    assert [(bar.left, bar.right) for bar in found.bars] == [(moved.x, pytest.approx(text.width))]
    assert bars(text, Look())[0].bars[0].left == pytest.approx(outlines.letters([moved])[0].x)
