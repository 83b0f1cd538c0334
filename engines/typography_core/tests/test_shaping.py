"""Tests of shaping: kerning, accents, missing glyphs and unrounded positions."""

import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from engines.typography_core import fonts, shaping

INTER = fonts.find("Inter")


def test_kerning_pulls_letters_together() -> None:
    """Without kerning a headline like this falls apart."""
    apart = sum(shaping.shape(letter, INTER, 100).width for letter in "AVATAR")
    assert shaping.shape("AVATAR", INTER, 100).width < apart - 10


@pytest.mark.parametrize("letter", "ÉñÅßøŁğЖΩ")
def test_accented_letters_have_a_glyph_of_their_own(letter: str) -> None:
    """A base letter without its accent, or a box, is a misspelt name."""
    run = shaping.shape(letter, INTER, 40)
    assert run.missing == ()
    assert shaping.NOTDEF not in [glyph.glyph_id for glyph in run.glyphs]


def test_composed_and_decomposed_accents_look_the_same() -> None:
    """macOS hands out file names decomposed; the same word must give the same picture."""
    composed, decomposed = shaping.shape("É", INTER, 40), shaping.shape("E\u0301", INTER, 40)
    assert [glyph.glyph_id for glyph in composed.glyphs] == [glyph.glyph_id for glyph in decomposed.glyphs]


def test_a_mark_without_a_composed_letter_is_lifted_above_its_base() -> None:
    """y counts downwards, so what is lifted has a negative one; marks of capitals would otherwise strike through them."""
    base, mark = shaping.shape("X\u0301", INTER, 100).glyphs
    assert base.y == 0
    assert mark.y < -10


def test_characters_without_a_glyph_are_named_once_and_in_order() -> None:
    """The render's meta tells what could not be drawn; a joiner or selector is not among it."""
    assert shaping.shape("龍a😀b龍\u200d😀\ufe0f", INTER, 40).missing == ("龍", "😀")


def test_positions_are_not_rounded_to_pixels_or_font_units() -> None:
    """Rounded advances make words of equal letters look uneven at small sizes."""
    odd_weight = fonts.find("Inter", 613)
    units = [glyph.advance / 17 * 2048 for glyph in shaping.shape("Hamburgefonts", odd_weight, 17).glyphs]
    assert any(abs(unit - round(unit)) > 0.01 for unit in units)


def test_glyphs_follow_each_other_by_their_advances() -> None:
    """The pen's position is the sum of what came before, and the run ends where its last glyph does."""
    run = shaping.shape("plain words", INTER, 40)
    for before, after in itertools.pairwise(run.glyphs):
        assert after.x == pytest.approx(before.x + before.advance, abs=1e-9)
    assert run.width == pytest.approx(run.glyphs[-1].x + run.glyphs[-1].advance, abs=1e-9)


def test_size_scales_positions_where_the_design_is_the_same() -> None:
    """Above 32 px the optical size stands still, so twice the size is twice the width."""
    assert shaping.shape("Headline", INTER, 200).width == pytest.approx(2 * shaping.shape("Headline", INTER, 100).width)


def test_metrics_are_those_of_the_font_file() -> None:
    """Inter's hhea table says 1984 and -494 of 2048."""
    assert shaping.metrics(INTER, 2048) == pytest.approx((1984, 494))


def test_hebrew_runs_from_right_to_left() -> None:
    """Glyphs come in the order in which they are drawn."""
    clusters = [glyph.cluster for glyph in shaping.shape("שלום", INTER, 40).glyphs]
    assert clusters == [3, 2, 1, 0]


def test_many_threads_shape_alike() -> None:
    """The process's shared fonts are only ever read."""
    words = [f"Word {number} AVATAR" for number in range(40)]
    alone = [shaping.shape(word, INTER, 33) for word in words]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda word: shaping.shape(word, INTER, 33), words))
    assert together == alone


def test_locale_does_not_reach_glyphs() -> None:
    """HarfBuzz would pick letter forms by the process's locale if the language were left to it."""
    code = (
        "import locale, sys; locale.setlocale(locale.LC_ALL, '');"
        "from engines.typography_core import fonts, shaping; import uharfbuzz as hb;"
        "seen = []; real = hb.shape;"
        "hb.shape = lambda font, buffer: (seen.append(buffer.language), real(font, buffer));"
        "shaping.shape('istanbul', fonts.find('Inter'), 20); print(seen)"
    )
    environment = os.environ | {"LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8"}
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment, capture_output=True)
    assert done.stdout.decode().strip() == "['und']"
