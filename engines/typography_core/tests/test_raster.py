"""Tests of coverage: where ink lies, how it scales, and that it is the same everywhere."""

import hashlib
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.typography_core import fonts, raster
from engines.typography_core.errors import TextLimitError, TextValueError
from engines.typography_core.layout import arrange
from engines.typography_core.raster import Coverage, coverage

INTER = fonts.find("Inter")
HEADLINE = arrange("AVATAR Éñ\nsecond line", INTER, 48)


def digest(ink: Coverage) -> str:
    """Return a hash of pixels, shape and place."""
    return hashlib.sha256(ink.array.tobytes() + repr((ink.array.shape, ink.x, ink.y)).encode()).hexdigest()


def test_rows_are_top_down_and_ink_stands_on_the_baseline() -> None:
    """An "L" has its bar at the bottom, and its last row is the one above the baseline."""
    text = arrange("L", INTER, 100)
    ink = coverage(text)
    assert ink.array[-5].sum() > 2 * ink.array[5].sum()
    assert ink.y + ink.array.shape[0] == math.ceil(text.lines[0].baseline)


def test_bounds_are_tight_and_inside_is_fully_covered() -> None:
    """The compositor walks every pixel it is given."""
    ink = coverage(HEADLINE).array
    assert ink.any(axis=0)[[0, -1]].all()
    assert ink.any(axis=1)[[0, -1]].all()
    assert (ink.dtype, int(ink.max()), ink.flags.c_contiguous) == (np.uint8, 255, True)


def test_text_without_ink_is_an_empty_array() -> None:
    """A space is no picture, and no error."""
    assert coverage(arrange(" \n", INTER, 48)) == (pytest.approx(np.zeros((0, 0))), 0, 0)


def test_weight_changes_ink() -> None:
    """The variable axis reaches the outlines, not only the advances."""
    ink = [int(coverage(arrange("Hamburg", fonts.find("Inter", weight), 64)).array.sum()) for weight in (100, 400, 900)]
    assert ink[0] * 1.5 < ink[1]
    assert ink[1] * 1.3 < ink[2]


def test_italic_draws_another_file() -> None:
    """An upright picture for an italic request is a wrong picture."""
    assert digest(coverage(arrange("agile", fonts.find("Inter", italic=True), 64))) != digest(
        coverage(arrange("agile", INTER, 64))
    )


@pytest.mark.parametrize("scale", [0.5, 2.0, 3.0])
def test_scale_scales_ink_bounds(scale: float) -> None:
    """Each edge lands within the pixel that the scaled edge falls into, or its neighbour."""
    one, other = coverage(HEADLINE), coverage(HEADLINE, scale)
    rows, columns = one.array.shape
    expected = np.array([one.x, one.y, one.x + columns, one.y + rows]) * scale
    got = [other.x, other.y, other.x + other.array.shape[1], other.y + other.array.shape[0]]
    # An edge is known to one pixel at scale 1, thus to `scale` pixels here, and to one more after rounding outwards.
    assert np.abs(expected - got).max() <= max(scale, 1) + 1


def test_larger_scale_is_drawn_anew_not_resampled() -> None:
    """Twice the scale has about twice the edge pixels; enlarged pixels would have four times."""
    edges = [np.count_nonzero((ink > 0) & (ink < 255)) for ink in (coverage(HEADLINE, s).array for s in (1, 2))]
    assert edges[1] < 2.6 * edges[0]


def test_coverage_sums_to_the_area_whatever_the_scale() -> None:
    """Exact area coverage: the ink at scale 4 is 16 times that at scale 1, to the rounding of edge pixels."""
    one, four = (float(coverage(HEADLINE, scale).array.sum()) for scale in (1, 4))
    assert four / 16 == pytest.approx(one, rel=0.005)


@given(st.integers(-50, 50), st.integers(-50, 50))
@settings(max_examples=20)
def test_whole_pixel_offsets_move_the_same_pixels(dx: int, dy: int) -> None:
    """Moving a layer by whole pixels must not change its look."""
    still, moved = coverage(HEADLINE), coverage(HEADLINE, dx=dx, dy=dy)
    assert (moved.x, moved.y) == (still.x + dx, still.y + dy)
    # Positions are float32 in the rasterizer; an ulp at 300 px moves an edge by less than 1/100 of a step in coverage.
    assert np.abs(moved.array.astype(int) - still.array).max() <= 1


def test_half_a_pixel_moves_ink_by_half_a_pixel() -> None:
    """Text follows a layer's fractional position; the centre of mass tells."""
    text = arrange("o", INTER, 30)

    def centre(ink: Coverage) -> np.ndarray:
        rows, columns = np.mgrid[: ink.array.shape[0], : ink.array.shape[1]]
        return np.array([(ink.array * columns).sum(), (ink.array * rows).sum()]) / ink.array.sum() + (ink.x, ink.y)

    assert centre(coverage(text, dx=0.5, dy=0.25)) - centre(coverage(text)) == pytest.approx([0.5, 0.25], abs=0.01)


def test_overlapping_letters_count_once() -> None:
    """Nonzero winding: two lines on top of each other cover what one covers, without holes."""
    once, twice = coverage(arrange("H", INTER, 80)), coverage(arrange("H\nH", INTER, 80, line_height=1e-9))
    assert np.array_equal(once.array > 0, twice.array > 0)
    assert (twice.array >= once.array).all()


def test_pictures_wider_than_4096_px_are_whole() -> None:
    """The rasterizer by itself cuts there without a word."""
    text = arrange("WIDE " * 30, INTER, 100)
    ink = coverage(text)
    assert ink.array.shape[1] == pytest.approx(text.width, abs=20)
    assert ink.array.shape[1] > 4096
    tall = coverage(arrange("I", INTER, 9000))
    assert tall.array.shape[0] > 6000


@pytest.mark.parametrize(("scale", "dx"), [(0, 0), (-1, 0), (float("nan"), 0), (1, float("inf")), (1, float("nan"))])
def test_scale_and_offset_must_be_finite(scale: float, dx: float) -> None:
    """Named before anything is drawn."""
    with pytest.raises(TextValueError):
        coverage(HEADLINE, scale, dx)


@pytest.mark.parametrize("scale", [1000, 1e30, 1e300])
def test_too_many_pixels_are_refused_before_any_is_made(scale: float) -> None:
    """A scale is a number in a request; memory is not."""
    with pytest.raises(TextLimitError) as caught:
        coverage(HEADLINE, scale)
    assert caught.value.fields["limit"] == raster.COVERAGE_PIXELS_MAX


def test_same_bytes_in_threads_and_in_another_process() -> None:
    """What an audit remakes must be what was made."""
    here = digest(coverage(HEADLINE, 1.5, 0.25, 0.5))
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: digest(coverage(HEADLINE, 1.5, 0.25, 0.5)), range(16))) == {here}
    code = (
        "from engines.typography_core.tests.test_raster import HEADLINE, coverage, digest;"
        "print(digest(coverage(HEADLINE, 1.5, 0.25, 0.5)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=120, capture_output=True, text=True)
    assert done.stdout.strip() == here
