"""Boxes of strokes without their outlines: the same as Skia's outlines have, wherever there is an answer."""

import math

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engines.vector_core import affine, bounds, curves, operations, path_kernel, shapes, stroke_bounds
from engines.vector_core.affine import IDENTITY
from engines.vector_core.curves import Box
from engines.vector_core.paths import parse_path
from engines.vector_core.scene import Ellipse, Line, Path, Polygon, Rect, Shape, Stroke
from engines.vector_core.tests.scene_strategies import geometries, transforms

OFF_UNITS = 0.05
"""User units on a canvas of 64: Skia's outlines of tight curves reach up to 0.03 too far, as flattened ones of them show."""

pens = st.builds(
    Stroke,
    paint=st.just("#000000"),
    width=st.sampled_from([0.5, 1.0, 3.0, 8.0]),
    join=st.sampled_from(["miter", "round", "bevel"]),
    cap=st.sampled_from(["butt", "round", "square"]),
    miter_limit=st.sampled_from([1.0, 1.5, 4.0, 10.0]),
)


def drawn_box(outline, stroke, matrix=IDENTITY):  # type: ignore[no-untyped-def]
    area = operations.stroked_area(outline, "nonzero", stroke)
    return curves.bounds(curves.transformed(area, matrix))


def near(one: Box, two: Box, off: float) -> bool:
    return all(math.isclose(a, b, abs_tol=off) for a, b in zip(one, two, strict=True))


@given(geometries, pens, transforms())
def test_boxes_are_those_of_the_outlines_of_strokes(geometry: object, pen: Stroke, matrix: affine.Matrix) -> None:
    """Two ways to one box: by what each join, cap and turn reaches, and by the outline that Skia makes."""
    outline = shapes.outline(geometry)  # type: ignore[arg-type]
    found = stroke_bounds.box(outline, pen, matrix)
    assume(found is not None)
    # At the miter limit itself, rounding decides whether there is a corner; such angles are left to the next test.
    limits = (max(1.0, pen.miter_limit * 0.999), pen.miter_limit * 1.001)
    low, high = (drawn_box(outline, msgspec.structs.replace(pen, miter_limit=limit), matrix) for limit in limits)
    assume(near(low, high, 1e-3))
    stretch = max(1.0, math.hypot(matrix.a, matrix.c), math.hypot(matrix.b, matrix.d))
    assert near(found, drawn_box(outline, pen, matrix), OFF_UNITS * stretch)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stroke", "wanted"),
    [
        (Stroke(paint="#000000", width=4), Box(10, 18, 30, 22)),
        (Stroke(paint="#000000", width=4, cap="square"), Box(8, 18, 32, 22)),
        (Stroke(paint="#000000", width=4, cap="round"), Box(8, 18, 32, 22)),
    ],
)
def test_ends_reach_as_far_as_their_caps(stroke: Stroke, wanted: Box) -> None:
    """A level line of 20 from (10, 20)."""
    line = shapes.outline(Line(x1=10, y1=20, x2=30, y2=20))
    assert stroke_bounds.box(line, stroke, IDENTITY) == wanted


def test_corners_reach_as_far_as_their_joins() -> None:
    """A right angle's miter is √2 wide: with a limit below that the corner is cut, a round one reaches half the width."""
    corner = parse_path("M0 0L10 10L0 20")

    def right(**pen: object) -> float:
        found = stroke_bounds.box(corner, Stroke(paint="#000000", width=2, **pen), IDENTITY)  # type: ignore[arg-type]
        assert found is not None
        return found.right

    assert right() == pytest.approx(10 + math.sqrt(2))
    assert right(miter_limit=1.4) == pytest.approx(10 + math.sqrt(0.5))
    assert right(join="bevel") == pytest.approx(10 + math.sqrt(0.5))
    assert right(join="round") == pytest.approx(11)


def test_there_is_no_answer_where_only_the_outline_tells() -> None:
    """Dashes, turns tighter than the pen, and points: the caller falls back, and says the same as ever."""
    thick, thin = Stroke(paint="#000000", width=20), Stroke(paint="#000000", width=1)
    bend = parse_path("M0 0C10 0 10 1 0 1")
    assert stroke_bounds.box(bend, thick, IDENTITY) is None
    assert stroke_bounds.box(parse_path("M0 0C30 0 30 30 0 30"), thin, IDENTITY) is not None
    assert stroke_bounds.box(bend, Stroke(paint="#000000", width=0.1, dash=(1.0,)), IDENTITY) is None
    assert stroke_bounds.box(parse_path("M3 3L3 3"), thin, IDENTITY) is None


def test_most_shapes_of_a_drawing_need_no_outline_of_their_stroke(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes boxes of many shapes quick: path operations are not asked at all for these."""

    def refuse(*_: object) -> None:
        raise AssertionError("a stroke was outlined")

    monkeypatch.setattr(path_kernel, "stroke", refuse)
    stroke = Stroke(paint="#000000", width=2)
    for geometry, box in (
        (Rect(x=4, y=4, width=20, height=10), Box(3, 3, 25, 15)),
        (Ellipse(cx=20, cy=20, rx=10, ry=6), Box(9, 13, 31, 27)),
        (Polygon(((0, 0), (20, 0), (20, 20), (0, 20))), Box(-1, -1, 21, 21)),
        (Path("M0 10Q20 -10 40 10T80 10"), None),
    ):
        found = bounds.visual_box(Shape(geometry=geometry, stroke=stroke))
        assert found is not None
        if box is not None:
            assert near(found, box, 1e-3)
