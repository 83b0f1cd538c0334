"""Path data, curves and maps: spelling and its inverse, exact boxes and areas, arcs as the specification has them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.vector_core import affine, curves, paths, winding
from engines.vector_core.affine import Matrix
from engines.vector_core.curves import Box
from engines.vector_core.paths import Segment, format_number, format_path, parse_path
from engines.vector_core.scene_errors import PathDataError
from engines.vector_core.tests import scene_strategies as made


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ("M10 20 30 40", "M10 20L30 40"),
        ("m10,20 30-40", "M10 20L40-20"),
        ("M0 0h5v5H1V2", "M0 0L5 0L5 5L1 5L1 2"),
        ("M0 0z l1 1", "M0 0ZM0 0L1 1"),
        ("M0 0Q1 2 3 4T7 8t1 1", "M0 0Q1 2 3 4Q5 6 7 8Q9 10 8 9"),
        ("M0 0C1 2 3 4 5 6S7 8 9 9s1 1 2 2", "M0 0C1 2 3 4 5 6C7 8 7 8 9 9C11 10 10 10 11 11"),
        ("M0 0S1 1 2 2T3 3", "M0 0C0 0 1 1 2 2Q2 2 3 3"),
        ("M0 0a5 5 0 0110 0", "M0 0A5 5 0 0 1 10 0"),
        ("M0 0A0 5 0 0 1 9 9", "M0 0L9 9"),
        ("M.5.5-1e1+2", "M0.5 0.5L-10 2"),
        ("", ""),
    ],
)
def test_every_command_becomes_one_of_six(data: str, wanted: str) -> None:
    """Absolute, with reflections resolved: what other modules need not know."""
    assert format_path(parse_path(data)) == wanted


@pytest.mark.parametrize(
    ("data", "offset", "before"),
    [
        ("L1 1", 0, ""),
        ("M0 0L1", 6, ""),
        ("M0 0L1 1x", 8, "M0 0L1 1"),
        ("M0 0A1 1 0 2 1 5 5", 11, ""),
        ("M0 0Z5 5", 5, "M0 0Z"),
        ("M0 0L1e9 0", 5, ""),
        ("M0 0L1 1 L nan 2", 11, "M0 0L1 1"),
    ],
)
def test_faults_are_told_by_their_place_and_tolerated_up_to_it(data: str, offset: int, before: str) -> None:
    """SVG draws what precedes a fault; programs that write paths want to know where it is."""
    with pytest.raises(PathDataError) as caught:
        parse_path(data)
    assert caught.value.fields["offset"] == offset
    assert format_path(parse_path(data, tolerant=True)) in (before, "M0 0")


@given(made.path_data())
def test_spelling_a_path_and_reading_it_changes_nothing_more(data: str) -> None:
    """Written paths are read as they were, to the digits that are written."""
    text = format_path(parse_path(data))
    assert format_path(parse_path(text)) == text


@given(st.floats(-1e7, 1e7))
def test_numbers_keep_nine_digits_and_have_no_exponent(value: float) -> None:
    """32-bit floats, in which engines calculate, survive; so does a second writing."""
    text = format_number(value)
    assert set(text) <= set("-.0123456789")
    assert float(text) == pytest.approx(value, rel=1e-8, abs=1e-300)
    assert format_number(float(text)) == text


def test_long_path_data_is_refused_before_it_is_read() -> None:
    """The guard's limit holds for values that never were an SVG, too."""
    with pytest.raises(PathDataError):
        parse_path("M0 0" + " " * paths.PATH_CHARS_MAX)


@pytest.mark.parametrize(
    ("flags", "box"),
    [("0 1", (0, -10, 10, 0)), ("1 0", (-0, -0, 20, 20)), ("1 1", (-10, -20, 10, 0)), ("0 0", (0, 0, 10, 10))],
)
def test_arcs_take_the_way_that_their_flags_say(flags: str, box: tuple[float, ...]) -> None:
    """The four arcs of radius 10 from (0, 0) to (10, -10) or (10, 10): SVG 2 §9.5.1."""
    end = "10 -10" if flags[2] == "1" else "10 10"
    found = curves.bounds(parse_path(f"M0 0A10 10 0 {flags} {end}"))
    assert found is not None
    assert found.width * found.height == pytest.approx((box[2] - box[0]) * (box[3] - box[1]), rel=1e-4)


def test_arcs_that_do_not_reach_are_enlarged() -> None:
    """SVG 2 §B.2.5: a radius of 1 over a distance of 20 becomes one of 10."""
    assert curves.bounds(parse_path("M0 0A1 1 0 0 1 20 0")) == pytest.approx((0, -10, 20, 0), abs=1e-4)


@given(made.path_data("LHVCSQTlhvcsqt"))
def test_boxes_hold_every_point_of_the_curve_and_touch_it(data: str) -> None:
    """Exact extremes against many points of straight pieces."""
    outline = parse_path(data)
    box = curves.bounds(outline)
    points = [point for line in curves.flatten(outline, 1e-3) for point in line.points]
    if box is None or len(points) < 2:
        return
    hull = Box(
        min(p[0] for p in points), min(p[1] for p in points), max(p[0] for p in points), max(p[1] for p in points)
    )
    assert box == pytest.approx(hull, abs=0.01)
    assert box.left <= hull.left + 1e-9
    assert box.bottom >= hull.bottom - 1e-9


@given(made.path_data(contours=1), made.transforms())
def test_areas_follow_maps(data: str, matrix: Matrix) -> None:
    """The signed area of a mapped outline is the determinant times the area."""
    outline = parse_path(data)
    mapped = curves.signed_area(curves.transformed(outline, matrix))
    assert mapped == pytest.approx(curves.signed_area(outline) * affine.determinant(matrix), abs=0.02, rel=1e-5)


@given(made.path_data(contours=1))
def test_reversed_contours_enclose_the_same_the_other_way_round(data: str) -> None:
    """And twice reversed is what it was, as far as anybody can see."""
    outline = curves.as_curves(parse_path(data))
    back = curves.reversed_contour(outline)
    assert curves.signed_area(back) == pytest.approx(-curves.signed_area(outline), abs=1e-6, rel=1e-9)
    assert curves.bounds(back) == pytest.approx(curves.bounds(outline))


def test_subpaths_and_straight_pieces_are_told_apart() -> None:
    """Closed ones do not repeat their first point; a lone move is a point."""
    lines = curves.flatten(parse_path("M0 0L1 0L1 1ZM5 5L6 6M9 9L9 9"), 0.1)
    assert [line.closed for line in lines] == [True, False, False]
    assert lines[0].points == ((0, 0), (1, 0), (1, 1))
    assert format_path(curves.from_polylines(lines[:2])) == "M0 0L1 0L1 1ZM5 5L6 6"
    assert [format_path(part) for part in curves.subpaths(parse_path("M0 0L1 1ZM2 2L3 3"))] == ["M0 0L1 1Z", "M2 2L3 3"]


@pytest.mark.parametrize(("rule", "wanted"), [("nonzero", (True, True, False)), ("evenodd", (True, False, False))])
def test_fill_rules(rule, wanted: tuple[bool, ...]) -> None:  # type: ignore[no-untyped-def]
    """A square twice around the same way: its middle is filled by one rule only."""
    outline = parse_path("M0 0H30V30H0ZM10 10H20V20H10Z")
    assert tuple(winding.inside(outline, rule, *at) for at in ((5, 5), (15, 15), (35, 5))) == wanted


def test_contours_are_oriented_by_how_deep_they_lie() -> None:
    """An island in a hole in a square: both rules fill the same afterwards; a figure eight becomes two loops."""
    nested = winding.orient(parse_path("M0 0H30V30H0ZM5 5H25V25H5ZM10 10H20V20H10Z"))
    assert curves.signed_area(nested) == 900 - 400 + 100
    eight = winding.orient(parse_path("M0 0L10 10L20 0L20 20L10 10L0 20Z"))
    assert len(list(curves.subpaths(eight))) == 2
    assert curves.signed_area(eight) == 200


@given(made.transforms(), made.transforms(), made.points)
def test_chains_apply_the_last_map_first(one: Matrix, two: Matrix, point: tuple[float, float]) -> None:
    """As nested transforms of SVG do; the inverse leads back."""
    wanted = affine.apply(one, *affine.apply(two, *point))
    both = affine.chain(one, two)
    assert affine.apply(both, *point) == pytest.approx(wanted, abs=1e-6)
    back = affine.invert(both)
    assert back is not None
    assert affine.apply(back, *wanted) == pytest.approx(point, abs=1e-4)


def test_quarter_turns_are_exact() -> None:
    """No 6e-17 in files."""
    assert affine.rotate(90) == Matrix(0, 1, -1, 0, 0, 0)
    assert affine.rotate(-90, around=(5, 5)) == Matrix(0, -1, 1, 0, 0, 10)
    assert affine.scale(2, around=(3, 4)) == Matrix(2, 0, 0, 2, -3, -4)
    assert affine.invert(affine.scale(0)) is None
    assert Segment("Z", ()) == paths.CLOSE
    assert math.isclose(affine.stretch(affine.scale(2, 8)), 4)
