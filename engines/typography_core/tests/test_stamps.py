"""Tests of stamps: what is kept, and in which order things are drawn, changes no pixel."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.typography_core import fonts, raster, shaping, stamp_kernels, stamps
from engines.typography_core.errors import TextLimitError
from engines.typography_core.raster import Coverage, cover
from engines.typography_core.shaping import Glyph, Glyphs, PlacedRun
from engines.typography_core.tests.test_raster import digest

INTER = fonts.find("Inter")


def _row(text: str, size: float = 40.0) -> PlacedRun:
    return PlacedRun(INTER, size, 0.0, 50.0, shaping.shape_run(text, 0, len(text), INTER, size, script="Latn").glyphs)


def _scattered(count: int, seed: int, room: float = 400.0) -> PlacedRun:
    """Letters at any places, many of which overlap."""
    chosen = random.Random(seed)
    known = shaping.shape("Hamburg fonstiv", INTER, 40).glyphs
    places = ((chosen.uniform(0, room), chosen.uniform(-20, 20)) for _ in range(count))
    return PlacedRun(INTER, 40, 0.3, 40.7, tuple(chosen.choice(known)._replace(x=x, y=y) for x, y in places))


def _fresh(runs: list[PlacedRun], *view: float) -> str:
    stamps.forget()
    return digest(cover(runs, *view))


WORDS = [_row("Typography is AVATAR To"), _row("second, of other words", 23.5), _scattered(60, 1)]
VIEW = (1.2, 0.37, -0.61)


@given(st.integers(0, 1000), st.integers(1, 60))
@settings(max_examples=20, deadline=None)
def test_the_order_of_glyphs_changes_nothing(seed: int, count: int) -> None:
    """Where a glyph lies decides with which it is drawn, not when it was named."""
    run = _scattered(count, seed)
    shuffled = list(run.glyphs)
    random.Random(seed).shuffle(shuffled)
    assert digest(cover([run], *VIEW)) == digest(cover([run._replace(glyphs=tuple(shuffled))], *VIEW))


def test_glyphs_from_right_to_left_are_sorted_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, 100,000 glyphs in the wrong order would take minutes; they are sorted at once instead, into the same picture."""
    run = _scattered(3000, 5, 30_000.0)
    ordered = tuple(sorted(run.glyphs, key=lambda glyph: glyph.x))
    turned = run._replace(glyphs=ordered[::-1])
    told = []
    untangled = stamps.Atlas._untangled
    monkeypatch.setattr(stamps.Atlas, "_untangled", lambda *of: told.append(1) or untangled(*of))
    assert digest(cover([turned], *VIEW)) == digest(cover([run._replace(glyphs=ordered)], *VIEW))
    assert told == [1]


def test_what_is_kept_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an atlas that is always full, nor one of many that is let go, nor small portions."""
    first = _fresh(WORDS, *VIEW)
    assert digest(cover(WORDS, *VIEW)) == first
    monkeypatch.setattr(stamps, "ATLAS_BYTES_MAX", 0)
    assert _fresh(WORDS, *VIEW) == first
    assert digest(cover(WORDS, *VIEW)) == first
    monkeypatch.setattr(stamps, "STAMP_BYTES_MAX", 0)
    assert _fresh(WORDS, *VIEW) == first
    assert len(stamps._ATLASES) == 1
    for at_once in (1, 7):
        monkeypatch.setattr(stamps, "GROUPS_AT_ONCE", at_once)
        assert _fresh(WORDS, *VIEW) == first
    monkeypatch.setattr(stamps, "_PARTS_KEPT_MAX", 0)
    assert _fresh(WORDS, *VIEW) == first


def test_memory_of_what_is_kept_is_bounded() -> None:
    """A worker that draws for a week must not grow by every size it sees."""
    stamps.forget()
    for size in range(20, 120):
        cover([_row("Typography is AVATAR To", size + 0.5)])
    assert sum(atlas.bytes for atlas in stamps._ATLASES.values()) <= stamps.STAMP_BYTES_MAX + stamps.ATLAS_BYTES_MAX
    assert len(stamps._ATLASES) <= stamps._ATLASES_MAX


def test_letters_are_kept_by_all_that_they_look_like() -> None:
    """The same glyph at another place of its pixel, or beside another one, is another picture; a whole pixel on it is the same."""
    stamps.forget()
    run = _row("l")
    for dx in (0.0, 5.0, -300.0, 0.001):
        cover([run], dx=dx)
    (atlas,) = stamps._ATLASES.values()
    assert atlas._count == 1
    for dx, dy in ((0.5, 0.0), (0.0, 0.5), (0.5, 0.5)):
        cover([run], dx=dx, dy=dy)
    assert atlas._count == 4


def test_many_threads_fill_one_atlas() -> None:
    """Presets are drawn at the same time, and begin with the same letters."""
    runs = [_row(text) for text in ("Typography", "graphic Type", "Avatar To", "other words", "of letters")] * 4
    alone = [digest(cover([run], 1.0, 0.01 * index)) for index, run in enumerate(runs)]
    for _ in range(3):
        stamps.forget()
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(cover, [run], 1.0, 0.01 * index) for index, run in enumerate(runs)]
            assert [digest(one.result()) for one in asked] == alone


@pytest.mark.parametrize("offset", [2.0**31, -(2.0**40), 1e300])
def test_far_offsets_move_whole_pixels(offset: float) -> None:
    """A layer far off the canvas has its pixels there, and no number runs over."""
    near, far = cover([_row("far")]), cover([_row("far")], 1.0, offset, -offset)
    assert np.array_equal(near.array, far.array)
    assert (far.x - near.x, far.y - near.y) == (int(offset), -int(offset))


@pytest.mark.parametrize("place", [2.0**51, -1e200, float("inf"), float("nan")])
def test_glyphs_at_endless_places_are_refused(place: float) -> None:
    """A whole number of 64ths of a pixel must hold them."""
    run = _row("x")
    with pytest.raises(TextLimitError, match="coverage"):
        cover([run._replace(glyphs=tuple(glyph._replace(x=place) for glyph in run.glyphs))])


def test_a_pile_of_marks_is_one_stamp_that_is_not_kept() -> None:
    """It does not come back, and its parts would take more room than its pixels."""
    glyph = shaping.shape("i", INTER, 20).glyphs[0]
    pile = PlacedRun(INTER, 20, 0.0, 20.0, (glyph,) * 5000)
    stamps.forget()
    first = cover([pile])
    (atlas,) = stamps._ATLASES.values()
    assert (atlas._count, digest(cover([pile]))) == (0, digest(first))
    assert np.array_equal(first.array > 0, cover([pile._replace(glyphs=(glyph,))]).array > 0)


def test_rows_of_glyphs_are_their_numbers() -> None:
    """What was shaped knows its numbers; what was changed since is read anew."""
    run = shaping.shape_run("..AVATAR", 2, 8, INTER, 40, script="Latn")
    assert isinstance(run.glyphs, Glyphs)
    plain = tuple(glyph._replace(x=glyph.x + 1) for glyph in run.glyphs)
    for glyphs in (run.glyphs, tuple(run.glyphs), plain, ()):
        assert list(map(tuple, shaping.rows_of(glyphs).tolist())) == [tuple(map(float, glyph)) for glyph in glyphs]
    assert all(type(glyph) is Glyph and type(glyph.glyph_id) is int for glyph in run.glyphs)


def _digests() -> str:
    pictures: list[Coverage] = [cover(WORDS, *VIEW), cover([_row("big", 300)]), cover([_scattered(500, 9)])]
    return " ".join(map(digest, pictures))


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"},
        {"PYTHONHASHSEED": "77", "LC_ALL": "C", "NUMBA_NUM_THREADS": "1"},
        {"NUMBA_DISABLE_JIT": "1", "PYTHONWARNINGS": "ignore"},
    ],
)
def test_same_bytes_whatever_the_process(environment: dict[str, str]) -> None:
    """Other seeds, locales and threads, and the kernels interpreted: what an audit remakes is what was made."""
    code = "from engines.typography_core.tests.test_stamps import _digests; print(_digests())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == _digests()


def test_sums_are_those_of_the_glyphs() -> None:
    """The limits are checked by these numbers before a pixel is made."""
    run = _scattered(50, 3)
    _, survey = raster._surveyed(run, raster.check_view(*VIEW, 1.0))
    areas = survey.areas[: survey.groups]
    assert survey.inked == len([glyph for glyph in run.glyphs if glyph.glyph_id in set(survey.ids[: survey.inked])])
    assert survey.sums[stamps.PIXELS] == pytest.approx(areas.sum())
    assert survey.sums[stamps.LEFT] <= survey.places[: survey.inked, 0].min() + 10
    assert (np.diff(survey.starts[: survey.groups + 1]) > 0).all()
    assert stamp_kernels.UNKNOWN < 0


def test_each_place_in_a_pixel_has_a_picture_of_its_own() -> None:
    """Places that fall into one slot of the table are told apart by all their numbers."""
    run = _row("l")
    views = [(1.0, across / 64, down / 64) for across in range(0, 64, 9) for down in range(64)]
    stamps.forget()
    kept = [digest(cover([run], *view)) for view in views]
    assert [digest(cover([run], *view)) for view in views] == kept
    assert kept[::37] == [_fresh([run], *view) for view in views[::37]]
    assert len(set(kept)) == len(views)


def test_a_full_atlas_begins_anew_with_what_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that were there before it was emptied are drawn again, beside those that were not."""
    monkeypatch.setattr(stamps, "ATLAS_BYTES_MAX", 0)
    words = _row("abcdef")
    whole = _fresh([words])
    stamps.forget()
    cover([words._replace(glyphs=words.glyphs[:3])])
    assert digest(cover([words])) == whole


@pytest.mark.parametrize(("gap", "groups"), [(0.5, 2), (0.0, 2), (-0.01, 1), (-3.0, 1)])
def test_glyphs_are_drawn_together_where_their_boxes_overlap(gap: float, groups: int) -> None:
    """Outlines that overlap count once; those that only share a pixel are added up."""
    run = _row("H")
    (glyph,) = run.glyphs
    outline = raster._surveyed(run, raster.check_view(1, 0, 0, 1))[0]._outlines.of(glyph.glyph_id)
    assert outline is not None
    second = glyph._replace(x=outline.right - outline.left + gap)
    _, survey = raster._surveyed(run._replace(glyphs=(glyph, second)), raster.check_view(1, 0, 0, 1))
    assert survey.groups == groups
