"""Tests of strokes: as wide as asked for, joined as asked for, without holes and without lines inside letters."""

import math

import numpy as np
import pytest

from engines.typography_core import flatten, fonts, ink, merged, outlines, strokes
from engines.typography_core.errors import TextLimitError
from engines.typography_core.flatten import Polygons
from engines.typography_core.layout import arrange
from engines.typography_core.outlines import Contours


def square(side: float, turned: bool = False) -> Polygons:
    corners = np.array([[20, 20], [20 + side, 20], [20 + side, 20 + side], [20, 20 + side]], np.float64)
    return Polygons(corners[::-1] if turned else corners, np.array([0, 4]), np.zeros(4, np.bool_))


def area(edges: np.ndarray) -> float:
    """px covered."""
    return float(ink.cover_edges(edges).array.sum()) / 255


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("join", "corner"), [("miter", 4.0), ("bevel", 2.0), ("round", math.pi)], ids=["miter", "bevel", "round"]
)
def test_a_square_gets_the_border_that_geometry_says(join: strokes.Join, corner: float, turned: bool) -> None:
    """Four sides of width 8 around a side of 40, and at each corner a quarter of what the join makes of a square of 4 px."""
    found = area(strokes.widened(square(40, turned), 8, join, 4.0))
    assert found == pytest.approx(40 * 40 - 32 * 32 + 4 * 40 * 4 + 4 * 4 * corner, abs=1.5)


def test_a_corner_past_the_miter_limit_is_cut_off() -> None:
    """A right angle's miter is 1.41 times as long as the stroke is wide (SVG 2 §13.5.5)."""
    kept, cut = (area(strokes.widened(square(40), 8, "miter", limit)) for limit in (1.42, 1.41))
    assert cut == pytest.approx(area(strokes.widened(square(40), 8, "bevel", 4.0)), abs=0.01)
    assert kept > cut + 20


def test_strokes_wider_than_their_bends_have_no_holes() -> None:
    """A dot under a wide stroke is a larger dot, whatever its inner side folds into."""
    dot = flatten.polygons(outlines.contours_of(outlines.letters(arrange(".", fonts.find("Inter"), 20).runs)))
    covered = ink.cover_edges(strokes.widened(dot, 60, "round", 4.0)).array
    middle = covered[10:-10, 10:-10]
    assert middle[len(middle) // 2].min() == 255
    assert (np.diff((covered > 127).astype(int), axis=1) > 0).sum(axis=1).max() == 1, "no row is entered twice"


def test_a_stroke_is_even_around_a_curve() -> None:
    """A ring of radius 50 and width 10 has the ring's area, and is smooth: curves bend as finely as the stroke is wide."""
    k = 50 * 0.5522847498
    verbs = np.array([0, 3, 3, 3, 3, 4], np.uint8)
    points = [(110, 60), (110, 60 + k), (60 + k, 110), (60, 110), (60 - k, 110), (10, 60 + k), (10, 60)]
    points += [(10, 60 - k), (60 - k, 10), (60, 10), (60 + k, 10), (110, 60 - k), (110, 60)]
    ring = flatten.polygons(Contours(verbs, np.array(points, np.float64)))
    assert area(strokes.widened(ring, 10, "bevel", 4.0)) == pytest.approx(math.pi * (55**2 - 45**2), rel=0.002)


def test_a_sharp_turn_back_is_joined() -> None:
    """A line there and back again has round ends."""
    line = Polygons(np.array([[10.0, 10], [50, 10]]), np.array([0, 2]), np.zeros(2, np.bool_))
    assert area(strokes.widened(line, 8, "round", 4.0)) == pytest.approx(40 * 8 + math.pi * 16, abs=1)
    assert area(strokes.widened(line, 8, "miter", 4.0)) == pytest.approx(40 * 8, abs=1)


def test_points_and_nothing_have_no_stroke() -> None:
    point = Polygons(np.array([[5.0, 5], [5, 5]]), np.array([0, 2]), np.zeros(2, np.bool_))
    assert len(strokes.widened(point, 8, "round", 4.0)) == 0
    assert len(strokes.widened(flatten.polygons(outlines.EMPTY), 8, "round", 4.0)) == 0


def test_too_many_edges_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strokes, "EDGES_MAX", 10)
    with pytest.raises(TextLimitError) as caught:
        strokes.widened(square(40), 8, "round", 4.0)
    assert caught.value.fields["unit"] == "edges"


def boxes(*places: tuple[float, float, float, float], turned: bool = False) -> list[Contours]:
    """Return squares (left, top, right, bottom), one outline each."""
    made = []
    for left, top, right, bottom in places:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        points = np.array(corners[::-1] if turned else corners, np.float64)
        made.append(Contours(np.array([0, 1, 1, 1, 4], np.uint8), points))
    return made


def signed(contours: Contours) -> float:
    edges = flatten.edges(flatten.polygons(contours))
    return float((edges[:, 0] * edges[:, 3] - edges[:, 2] * edges[:, 1]).sum()) / 2


@pytest.mark.parametrize("turned", [False, True])
def test_overlaps_are_merged_and_turn_one_way(turned: bool) -> None:
    """The area counts once, and is positive however a font turns its contours: strokes rely on it."""
    found = merged.merged(boxes((0, 0, 10, 10), (5, 5, 15, 15), turned=turned), 20)
    assert signed(found) == pytest.approx(175, abs=0.1)
    assert (found.verbs == outlines.MOVE).sum() == 1


def test_letters_of_a_word_merge_across_their_dots() -> None:
    """A dot between two letters that join is a glyph of its own, away from both."""
    first, dot, second = boxes((0, 0, 10, 10), (4, 30, 6, 32), (9, 0, 20, 10))
    found = merged.merged([first, dot, second], 20)
    assert (found.verbs == outlines.MOVE).sum() == 2
    assert signed(found) == pytest.approx(204, abs=0.1)


@pytest.mark.parametrize(("family", "text"), [("Roboto Flex", "Attfx&"), ("Noto Sans Arabic", "الجميل")])
def test_merged_letters_cover_what_they_did(family: str, text: str) -> None:
    placed = outlines.letters(arrange(text, fonts.find(family), 60).runs)
    before = flatten.edges(flatten.polygons(outlines.contours_of(placed)))
    after = flatten.edges(flatten.polygons(merged.merged(outlines.each(placed), 60)))
    assert area(after) == pytest.approx(area(before), rel=0.001)
    crossing = len(after) < len(before)
    assert crossing, "parts that lie within others are gone"


def test_what_crosses_too_often_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile glyph must not keep Skia busy: it is drawn with its overlaps, and a whole text of them is refused."""
    both = boxes((0, 0, 10, 10), (5, 5, 15, 15), turned=True)
    monkeypatch.setattr(merged, "NEAR_MAX", 2)
    found = merged.merged(both, 20)
    assert (found.verbs == outlines.MOVE).sum() == 2
    assert signed(found) > 0
    monkeypatch.setattr(merged, "NEAR_TOTAL_MAX", 3)
    with pytest.raises(TextLimitError):
        merged.merged(both, 20)
