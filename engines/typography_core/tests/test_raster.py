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

from engines.typography_core import faces, fonts, raster, shaping, stamps, sweeps
from engines.typography_core.errors import TextLimitError, TextValueError
from engines.typography_core.layout import arrange
from engines.typography_core.outline_cost import Unit, cost_of, outlines
from engines.typography_core.raster import Coverage, cover, coverage
from engines.typography_core.shaping import PlacedRun
from engines.typography_core.tests import forged_fonts as forged
from engines.typography_core.tests import supersampled

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


def _run(text: str, font: fonts.FontInstance, size: float, x: float = 0.0, baseline: float = 0.0) -> PlacedRun:
    return PlacedRun(font, size, x, baseline, shaping.shape_run(text, 0, len(text), font, size, script="Latn").glyphs)


def _placed(runs: list[PlacedRun], dx: float = 0.0, dy: float = 0.0) -> list[sweeps.PlacedGlyphs]:
    """Return the glyphs of `runs` as `sweeps` draws them, whole, without stamps."""
    placed = []
    for run in runs:
        unit = run.size / faces.units(run.font.font)
        drawn = outlines(run.font.font, faces.design(run.font, run.size), Unit(unit, unit), sweeps.FINE)
        glyphs = [
            sweeps.PlacedGlyph(one.glyph_id, run.x + one.x + dx, -(run.baseline + one.y + dy)) for one in run.glyphs
        ]
        placed.append(sweeps.PlacedGlyphs(drawn, [one for one in glyphs if drawn.of(one.glyph_id) is not None]))
    return placed


def test_runs_of_several_fonts_and_sizes_are_one_picture() -> None:
    """A line may need three fonts; drawn together it is what each draws alone, where they do not touch."""
    square = forged.instance_of(forged.plain_file())
    runs = [
        _run("Hi", INTER, 40, 0, 50),
        _run("A", square, 64, 100, 50),
        _run("x", fonts.find("Inter", 900), 20, 200, 50),
    ]
    whole = cover(runs, 1.5, 0.3, 0.4)
    for run in runs:
        alone = cover([run], 1.5, 0.3, 0.4)
        y, x = alone.y - whole.y, alone.x - whole.x
        rows, columns = alone.array.shape
        assert np.array_equal(whole.array[y : y + rows, x : x + columns], alone.array)
    assert cover([]).array.shape == (0, 0)


def test_a_book_chapter_is_drawn_to_its_end() -> None:
    """The rasterizer takes 2^20 edges and leaves out the rest without a word: 27,000 letters at 16 px have as many."""
    glyphs = shaping.shape_run("Hamburgefonstiv 8@& " * 10, 0, 200, INTER, 16, script="Latn").glyphs
    page = [PlacedRun(INTER, 16, 0.0, 20.0 * line, glyphs) for line in range(200)]
    ink = cover(page)
    first, last = cover(page[:1]), cover(page[-1:])
    assert np.array_equal(ink.array[: first.array.shape[0]], first.array)
    assert np.array_equal(ink.array[-last.array.shape[0] :], last.array)


def test_more_edges_than_the_rasterizer_takes_are_drawn_to_the_end() -> None:
    """Letters on top of each other are one group, and too large a one for a stamp; the last one must be whole."""
    glyph = shaping.shape("o", INTER, 40).glyphs[0]
    row = [PlacedRun(INTER, 40, 0.0, 0.0, tuple(glyph._replace(x=index * 0.2) for index in range(20_000)))]
    end = [row[0]._replace(glyphs=row[0].glyphs[-3000:])]
    whole, last = cover(row), cover(end)
    assert whole.x + whole.array.shape[1] == last.x + last.array.shape[1]
    assert np.array_equal(whole.array[:, -500:], last.array[:, -500:])


def test_batches_change_nothing_where_letters_do_not_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many edges are drawn at a time is a matter of memory, not of pixels."""
    words = [_run("some words", INTER, 200)]  # too large for stamps
    whole = digest(cover(words))
    monkeypatch.setattr(sweeps, "BATCH_EDGES_MAX", 500)
    assert len(list(sweeps._batches(_placed(words)))) > 3
    assert digest(cover(words)) == whole


def test_bands_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many rows are drawn at a time is a matter of memory, not of pixels."""
    words = [_run("some words", INTER, 200, 0, 50.3), _run("more gly", INTER, 300, 0, 250.1)]
    whole = digest(cover(words))
    monkeypatch.setattr(sweeps, "BAND_BYTES", 40_000)
    assert digest(cover(words)) == whole


def test_stamps_are_the_same_new_or_kept() -> None:
    """A picture must not depend on what was drawn before it."""
    stamps.forget()
    first = digest(coverage(HEADLINE, 1.3, 0.2, 0.7))
    assert digest(coverage(HEADLINE, 1.3, 0.2, 0.7)) == first
    for size in (20, 21):
        coverage(arrange("AVATAR Éñ", INTER, size), 1.3)
    assert digest(coverage(HEADLINE, 1.3, 0.2, 0.7)) == first
    stamps.forget()
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: digest(coverage(HEADLINE, 1.3, 0.2, 0.7)), range(16))) == {first}


def test_letters_that_touch_are_drawn_together() -> None:
    """An accent over its letter, a joined Arabic word: overlapping outlines count once."""
    for text, font, groups in [("X\u0301", INTER, 1), ("HIH", INTER, 3), ("AV", INTER, 1)]:
        _, survey = raster._surveyed(_run(text, font, 40), raster.check_view(1, 0, 0, 1))
        assert survey.groups == groups


@given(st.sampled_from(["Hamburgefonstiv", "AVATAR To", "&8@§fi", "X\u0301e\u0301"]), st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=30)
def test_stamped_text_is_swept_text_to_a_part_of_a_pixel(text: str, dx: float, dy: float) -> None:
    """Places are rounded to 1/64 px: half of that on both sides of a stem, across and down, is 4/255, and 2 more by rounding."""
    runs = [_run(text, INTER, 30)]
    stamped = cover(runs, 1, dx, dy)
    placed = _placed(runs, dx, dy)
    rows, columns = stamped.array.shape
    bounds = sweeps.Bounds(stamped.x - 2, -(stamped.y + rows) - 2, columns + 4, rows + 4)
    swept = sweeps.sweep(placed, bounds).astype(int)
    assert np.abs(swept - np.pad(stamped.array, 2)).max() <= 7


@pytest.mark.parametrize(("size", "copies"), [(16, 21_000), (200, 6_300)])
def test_the_bound_on_edges_holds(size: float, copies: int) -> None:
    """Measured: so many copies of an o are the most that the rasterizer takes; a lower bound here would cut text."""
    glyph_id = shaping.shape("o", INTER, size).glyphs[0].glyph_id
    cost = cost_of(INTER.font, tuple(INTER.variations(size).items()), glyph_id)
    assert cost.edges(size / faces.units(INTER.font)) * copies > 1.1 * sweeps.EDGES_MAX


def test_a_glyph_that_the_rasterizer_would_cut_is_refused() -> None:
    """Half a contour floods the picture."""
    pen = forged.TTGlyphPen(None)
    pen.moveTo((0, 0))
    for index in range(20_000):
        pen.qCurveTo((index % 1000, 1000 * (index % 2)), ((index * 7) % 1000, 1000 - 1000 * (index % 2)))
    pen.closePath()
    curly = forged.instance_of(forged.font_file({"A": pen.glyph()}, {65: "A"}))
    with pytest.raises(TextLimitError, match="edges"):
        cover([_run("A", curly, 1000)])


def test_65535_overlapping_glyphs_are_bounded() -> None:
    """A line of 40,000 letters of 40,000 points each is hours of work; it is refused before any."""
    zigzag = forged.instance_of(forged.font_file({"A": forged.zigzag(40_000)}, {65: "A"}))
    with pytest.raises(TextLimitError, match="edges"):
        cover([_run("A" * 40_000, zigzag, 1)])


def test_large_letters_on_top_of_each_other_are_bounded() -> None:
    """A thousand lines on one spot are one picture, and a thousand times its work."""
    line = _run("H", INTER, 3000)
    with pytest.raises(TextLimitError, match="pixels"):
        cover([line._replace(baseline=index * 0.01) for index in range(1000)])


def test_tall_outlines_without_end_are_bounded() -> None:
    """Few edges, and each crosses every row."""
    zigzag = forged.instance_of(forged.font_file({"A": forged.zigzag(40_000)}, {65: "A"}))
    with pytest.raises(TextLimitError, match="edges"):
        cover([_run("A" * 20, zigzag, 9000)], stretch=0.01)


@pytest.mark.parametrize("text", ["Hamburgefonstiv", "&8@§", "HILT"])
@pytest.mark.parametrize("size", [11.0, 16.0, 32.0, 64.0])
def test_edges_are_as_16_by_16_supersampling_has_them(text: str, size: float) -> None:
    """At most 3/255 off over edge pixels on average: 1.5 of flattened curves, 1 of places rounded to 1/64 px, 0.5 of the samples."""
    run = _run(text, INTER, size)
    found = cover([run], 1, 0.3, 0.6)
    rows, columns = found.array.shape
    edges = supersampled.outlines(run, 0.3, 0.6)
    truth = supersampled.coverage(edges, found.x - 1, found.y - 1, columns + 2, rows + 2)
    drawn = np.pad(found.array, 1).astype(float)
    edge = ((truth > 0) & (truth < 255)) | ((drawn > 0) & (drawn < 255))
    assert np.abs(truth - drawn)[edge].mean() <= 3
