"""Measuring what a boolean covers wrongly: answers that are known, and wrong ones of a known size."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.vector_core import path_check, shapes
from engines.vector_core.path_check import Asked, Operation
from engines.vector_core.paths import parse_path
from engines.vector_core.scene import Ellipse

SQUARE = parse_path("M0 0H10V10H0Z")
MOVED = parse_path("M5 5H15V15H5Z")
ANSWERS = {
    "union": parse_path("M10 0V5H15V15H5V10H0V0Z"),
    "intersection": parse_path("M5 5H10V10H5Z"),
    "difference": parse_path("M0 0H10V5H5V10H0Z"),
}
RULES = ("nonzero", "nonzero")


@pytest.mark.parametrize(("asked", "answered", "wrong"), [
    ("union", "union", 0), ("intersection", "intersection", 0), ("difference", "difference", 0),
    ("union", "intersection", 150), ("intersection", "difference", 100), ("difference", "union", 100),
])  # fmt: skip
def test_each_operation_is_told_from_the_others(asked: Operation, answered: str, wrong: float) -> None:
    """Squares of side 10 that share a quarter: what differs are whole quarters."""
    found = path_check.wrong_area(Asked(asked, (SQUARE, MOVED), RULES), ANSWERS[answered], 0.01)
    assert found == pytest.approx(wrong, abs=0.3)


def test_too_much_here_and_too_little_there_do_not_cancel() -> None:
    """Areas alone would call a shape in the wrong place right."""
    assert path_check.wrong_area(Asked("union", (SQUARE, ()), RULES), MOVED, 0.01) == pytest.approx(150, abs=0.3)


def test_fill_rules_of_operands_count() -> None:
    """A square run round twice is empty by the even-odd rule; results are read by the nonzero one."""
    twice = SQUARE + SQUARE
    assert path_check.wrong_area(Asked("union", (twice, ()), ("evenodd", "nonzero")), (), 0.01) == 0
    assert path_check.wrong_area(Asked("union", (twice, ()), RULES), SQUARE, 0.01) == 0
    assert path_check.wrong_area(Asked("union", (SQUARE, ()), RULES), twice, 0.01) == 0


def test_nothing_is_wrong_about_nothing() -> None:
    """Empty and level outlines have no lines to be measured on."""
    level = parse_path("M0 5H9")
    for operation in get_args(Operation):
        assert path_check.wrong_area(Asked(operation, ((), level), RULES), (), 0.01) == 0


@given(st.integers(1, 40), st.integers(1, 40), st.integers(-60, 60))
def test_a_disc_left_out_is_missed_by_its_area(a: int, b: int, x: int) -> None:
    """Of two discs, an answer that forgets the first lacks what the second does not cover of it, and has nothing too much."""
    first, second = (shapes.outline(Ellipse(cx=at, rx=r, ry=r)) for at, r in ((0, a), (x, b)))
    asked = Asked("union", (first, second), RULES)
    lacking = path_check.wrong_area(asked, second, 0.01)
    difference = path_check.wrong_area(Asked("difference", (first, second), RULES), (), 0.01)
    assert lacking == pytest.approx(difference, rel=1e-9)
    apart, within = abs(x) >= a + b, abs(x) + a <= b
    if apart or within:
        assert lacking == pytest.approx(3.14159 * a * a if apart else 0, rel=0.02, abs=0.5)


def test_very_many_edges_are_measured_on_fewer_lines() -> None:
    """Memory is bounded: a comb of 20,000 teeth is cut 40,000 times by each line."""
    comb = parse_path("M0 0" + "".join(f"L{i} 100L{i}.5 0" for i in range(20_000)) + "Z")
    assert path_check.wrong_area(Asked("union", (comb, ()), RULES), comb, 0.01) == 0
    assert path_check.wrong_area(Asked("union", (comb, ()), RULES), (), 0.01) > 100_000
