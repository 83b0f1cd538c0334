"""Tests of coverage of free paths: exact where it can be, right where outlines overlap, bounded, the same everywhere."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.typography_core import flatten, fonts, ink, outlines
from engines.typography_core.errors import TextLimitError
from engines.typography_core.ink import cover_edges
from engines.typography_core.layout import arrange
from engines.typography_core.tests import supersampled

INTER = fonts.find("Inter")


def ring(*corners: tuple[float, float]) -> np.ndarray:
    """Return the edges of one polygon."""
    points = np.array(corners, np.float64)
    return np.concatenate([points, np.roll(points, -1, axis=0)], axis=1)


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return ring((left, top), (right, top), (right, bottom), (left, bottom))


@pytest.mark.parametrize("size", [14, 40, 90])
@pytest.mark.parametrize("place", [(0.0, 0.0), (0.37, 0.71)])
def test_letters_are_as_true_as_the_issue_asks(size: float, place: tuple[float, float]) -> None:
    """At most 3/255 off on average at edges, against 16 x 16 points of each pixel."""
    run = arrange("Sag&j", INTER, size).runs[0]
    run = run._replace(x=run.x + place[0], baseline=run.baseline + place[1])
    found = cover_edges(flatten.edges(flatten.polygons(outlines.contours_of(outlines.letters([run])))))
    rows, columns = found.array.shape
    true = supersampled.coverage(supersampled.outlines(run, 0, 0), found.x, found.y, columns, rows)
    edge = (true > 0) & (true < 255)
    assert np.abs(found.array - true)[edge].mean() <= 2
    assert np.abs(found.array - true).max() <= 18


@given(st.tuples(*[st.floats(0, 6)] * 4))
def test_a_box_has_exactly_the_area_that_it_has(sides: tuple[float, float, float, float]) -> None:
    """Underlines are boxes: a line of a third of a pixel must have a third of its colour, at any height."""
    left, right = sorted(sides[:2])
    top, bottom = sorted(sides[2:])
    found = cover_edges(box(left, top, right, bottom))
    x, y = np.arange(7), np.arange(7)
    across = np.clip(np.minimum(x + 1, right) - np.maximum(x, left), 0, 1)
    down = np.clip(np.minimum(y + 1, bottom) - np.maximum(y, top), 0, 1)
    true = np.outer(down, across) * 255
    rows, columns = found.array.shape
    assert (
        np.abs(found.array - true[found.y : found.y + rows, found.x : found.x + columns]).max(initial=0) <= 0.5 + 1e-6
    )


def test_overlaps_count_once_and_holes_stay_holes() -> None:
    """Nonzero winding: what turns the other way inside is a hole, what turns the same way is not."""
    outer, inner = box(0, 0, 10, 10), box(3, 3, 7, 7)
    assert cover_edges(np.concatenate([outer, inner])).array.min() == 255
    assert cover_edges(np.concatenate([outer, inner[:, [2, 3, 0, 1]]])).array[4:6, 4:6].max() == 0
    assert cover_edges(np.concatenate([outer, outer])).array.min() == 255


def test_edges_that_cross_in_a_pixel_leave_no_seam() -> None:
    """Two boxes that share a line within a pixel, one of them turning the other way: the sum of their signed areas there is nothing, their
    union is everything."""
    left, right = box(0, 0, 2.5, 4), box(2.5, 0, 5, 4)[:, [2, 3, 0, 1]]
    assert cover_edges(np.concatenate([left, right])).array.min() == 255


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 12), st.floats(0, 12)), min_size=3, max_size=12))
def test_wild_polygons_are_covered_by_definition(corners: list[tuple[float, float]]) -> None:
    """Whatever crosses itself however often: no pixel is further from 16 x 16 points than two of its lines, 32/255."""
    edges = ring(*corners)
    found = cover_edges(edges)
    rows, columns = found.array.shape
    true = supersampled.coverage([tuple(edge) for edge in edges.tolist()], found.x, found.y, columns, rows)
    assert np.abs(found.array - true).max(initial=0) <= 33


def test_order_of_edges_changes_nothing() -> None:
    """Letters may be drawn in any order."""
    edges = flatten.edges(flatten.polygons(outlines.contours_of(outlines.letters(arrange("&g", INTER, 30).runs))))
    shuffled = np.random.default_rng(5).permutation(edges)
    assert (np.abs(cover_edges(edges).array.astype(int) - cover_edges(shuffled).array) <= 1).all()


def test_crossings_that_change_order_all_the_time_are_sorted() -> None:
    """A fan of edges through one point changes order completely within a line of the picture: the sort that is quick for letters gives up,
    and another takes over."""
    angles = np.linspace(0.05, 0.95, 400)
    fan = np.concatenate([ring((10 * a, 0), (10 - 10 * a, 4), (10 - 10 * a + 0.01, 4)) for a in angles])
    true = supersampled.coverage([tuple(edge) for edge in fan.tolist()], 0, 0, 10, 4)
    found = cover_edges(fan)
    assert (found.x, found.y) == (0, 0)
    assert np.abs(found.array - true).mean() < 6


def test_what_is_too_large_or_too_much_is_refused() -> None:
    with pytest.raises(TextLimitError, match="pixels is more than"):
        cover_edges(box(0, 0, 1e6, 1e6))
    with pytest.raises(TextLimitError, match="pixels crossed"):
        cover_edges(np.concatenate([box(0, 0, 10_000, 10_000)] * 2_000))
    with pytest.raises(TextLimitError, match="pixels is more than"):
        cover_edges(box(0, 0, float("nan"), 1))
    assert cover_edges(np.zeros((0, 4))).array.shape == (0, 0)


def test_threads_and_processes_agree() -> None:
    """Same input, same bits: also without the compiler, where Python does the sums."""
    edges = flatten.edges(flatten.polygons(outlines.contours_of(outlines.letters(arrange("@g", INTER, 16).runs))))
    here = cover_edges(edges).array.tobytes()
    with ThreadPoolExecutor(4) as pool:
        assert {found.array.tobytes() for found in pool.map(cover_edges, [edges] * 8)} == {here}
    code = (
        "import hashlib; from engines.typography_core import flatten, fonts, ink, outlines\n"
        "from engines.typography_core.layout import arrange\n"
        "runs = arrange('@g', fonts.find('Inter'), 16).runs\n"
        "edges = flatten.edges(flatten.polygons(outlines.contours_of(outlines.letters(runs))))\n"
        "print(ink.cover_edges(edges).array.tobytes().hex())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"NUMBA_DISABLE_JIT": "1"}
    )
    assert bytes.fromhex(answer.stdout.strip()) == here
    assert ink.CROSSINGS_MAX > 0
