"""Tests of shaping: kerning, accents, missing glyphs and unrounded positions."""

import itertools
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import uharfbuzz as hb
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.typography_core import faces, fonts, shaping
from engines.typography_core.errors import TextLimitError, TextValueError

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
        "hb.shape = lambda font, buffer, *rest: (seen.append(buffer.language), real(font, buffer, *rest));"
        "shaping.shape('istanbul', fonts.find('Inter'), 20); print(seen)"
    )
    environment = os.environ | {"LC_ALL": "C.UTF-8", "LANG": "tr_TR.UTF-8"}
    done = subprocess.run([sys.executable, "-c", code], check=True, timeout=60, env=environment, capture_output=True)
    assert done.stdout.decode().strip() == "['und']"


def _harfbuzz(
    text: str, start: int, end: int, font: fonts.FontInstance, size: float, **how: str
) -> list[tuple[float, ...]]:
    """HarfBuzz's own answer, asked with the whole text as context: glyph, cluster, x, y, advance."""
    hb_font = faces.font_at(font, size)
    buffer = hb.Buffer()
    buffer.add_str(text, start, end - start)
    buffer.language, buffer.script, buffer.direction = how["language"], how["script"], how["direction"]
    hb.shape(hb_font, buffer)
    found, pen, scale = [], 0, size / hb_font.scale[0]
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        x, y = (pen + place.x_offset) * scale, -place.y_offset * scale
        found.append((info.codepoint, info.cluster, x, y, place.x_advance * scale))
        pen += place.x_advance
    return found


SAMPLES = [
    ("Inter", "Latn", "AVATAR fi 1/2 Éñ"),
    ("Noto Sans Arabic", "Arab", "السلام عليكم ورحمة الله"),
    ("Amiri", "Arab", "بِسْمِ ٱللَّهِ"),
    ("Heebo", "Hebr", "שלום עולם"),
    ("Noto Sans Devanagari", "Deva", "हिन्दी क्षेत्र"),
    ("Noto Sans Thai", "Thai", "ภาษาไทยที่นี่"),
    ("Noto Sans Khmer", "Khmr", "ភាសាខ្មែរ"),
]


@pytest.mark.parametrize(("family", "script", "text"), SAMPLES, ids=[family for family, _, _ in SAMPLES])
@given(data=st.data())
@settings(max_examples=25)
def test_positions_are_harfbuzzs_own_for_any_part_of_a_text(
    family: str, script: str, text: str, data: st.DataObject
) -> None:
    """Only a few characters beside the run are handed over, and only where letters join; nothing may depend on that."""
    if family not in fonts.families():
        pytest.skip(f"the font package of {family} is not installed")
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    rtl = script in ("Arab", "Hebr")
    font = fonts.find(family)
    run = shaping.shape_run(text, start, end, font, 33.3, script=script, language="und", rtl=rtl)
    direction = "rtl" if rtl else "ltr"
    expected = _harfbuzz(text, start, end, font, 33.3, language="und", script=script, direction=direction)
    assert [tuple(glyph) for glyph in run.glyphs] == expected


def test_letters_join_across_the_ends_of_a_run() -> None:
    """A word whose first letter is red is still one word."""
    font = next(one for one in fonts.cascade("Inter", script="Arab") if fonts.covers(one, "سلام"))
    if font.font.family == "Inter":
        pytest.skip("no font package has Arabic")
    joined = shaping.shape_run("سلام", 0, 1, font, 40, script="Arab", rtl=True).glyphs
    alone = shaping.shape_run("س", 0, 1, font, 40, script="Arab", rtl=True).glyphs
    assert joined[0].glyph_id != alone[0].glyph_id


def test_clusters_count_in_the_whole_text() -> None:
    """Layout cuts a paragraph into runs, and speaks of the paragraph."""
    run = shaping.shape_run("one two three", 4, 7, INTER, 20, script="Latn")
    assert [glyph.cluster for glyph in run.glyphs] == [4, 5, 6]
    assert run.glyphs[0].x == 0
    assert shaping.shape_run("one", 2, 2, INTER, 20, script="Latn") == ((), 0.0, ())


def test_features_are_switched_by_their_names() -> None:
    """CSS's names are OpenType's: kerning off is wider here, tabular figures are all as wide."""
    plain = shaping.shape_run("AVATAR", 0, 6, INTER, 100, script="Latn")
    assert shaping.shape_run("AVATAR", 0, 6, INTER, 100, script="Latn", features={"kern": 0}).width > plain.width + 10
    figures = shaping.shape_run("0123456789", 0, 10, INTER, 100, script="Latn", features={"tnum": 1})
    assert len({round(glyph.advance, 6) for glyph in figures.glyphs}) == 1


@pytest.mark.parametrize(
    "features", [{"kerning": 1}, {"kern": -1}, {"kern": 65_536}, {"kern": 0.5}, {"kérn": 1}, {1: 1}]
)
def test_features_that_are_none_are_refused(features: object) -> None:
    """HarfBuzz would ignore them without a word."""
    with pytest.raises(TextValueError, match="features"):
        shaping.shape_run("A", 0, 1, INTER, 20, script="Latn", features=features)  # type: ignore[arg-type]  # on purpose


def test_features_are_counted() -> None:
    """Each is looked up in every lookup of the font."""
    with pytest.raises(TextLimitError):
        shaping.shape_run("A", 0, 1, INTER, 20, script="Latn", features={f"x{index:03d}": 1 for index in range(65)})


@pytest.mark.parametrize("script", ["latin", "LATN", "", "Lat"])
def test_a_script_is_an_iso_code(script: str) -> None:
    """A guess of ours would be a guess about pixels."""
    with pytest.raises(TextValueError, match="script"):
        shaping.shape_run("A", 0, 1, INTER, 20, script=script)


def test_language_chooses_letter_forms() -> None:
    """Romanian wants commas below; a language tag that is none is refused, a private part of one ignored."""
    turkish = [
        shaping.shape_run("ß", 0, 1, INTER, 20, script="Latn", language=tag).glyphs for tag in ("de", "de-CH-x-private")
    ]
    assert turkish[0] == turkish[1]
    for tag in ("", "germanic", "de_DE", "d", "de\n", "1"):
        with pytest.raises(TextValueError, match="language"):
            shaping.shape_run("A", 0, 1, INTER, 20, script="Latn", language=tag)


def test_kept_runs_are_the_same_as_new_ones() -> None:
    """The cache is keyed by all that a run depends on: the size only where the design follows it."""
    asks = [
        (text, size, weight, features)
        for text in ("AVATAR", "TAVARA")
        for size in (10.0, 20.0, 64.0, 65.0)
        for weight in (400.0, 700.0)
        for features in ({}, {"kern": 0})
    ]

    def answer(ask: tuple[str, float, float, dict[str, int]]) -> shaping.Run:
        text, size, weight, features = ask
        font = fonts.find("Inter", weight)
        return shaping.shape_run(text, 0, len(text), font, size, script="Latn", features=features)

    first = []
    for ask in asks:
        shaping.forget()
        first.append(answer(ask))
    assert [answer(ask) for ask in asks] == first
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(answer, asks * 4)) == first * 4


def test_two_sizes_of_one_design_are_shaped_once() -> None:
    """Fitting text into a box asks for a dozen sizes."""
    shaping.forget()
    for size in (40.0, 41.0, 400.0):  # Inter's optical size ends at 32
        shaping.shape_run("once", 0, 4, INTER, size, script="Latn")
    assert shaping._shape.cache_info().misses == 1


def test_long_runs_are_not_kept() -> None:
    """A hundred books must not stay in memory."""
    shaping.forget()
    shaping.shape_run("a" * 300, 0, 300, INTER, 40, script="Latn")
    assert shaping._shape.cache_info().currsize == 0


def test_many_characters_without_a_glyph_are_told_once_each_in_order() -> None:
    """A text of 60,000 ideographs in a font without any: looking for each one's glyphs among all took a minute."""
    lacking = [chr(code) for code in range(0x20000, 0x20000 + 30_000)]
    text = "a".join(lacking) + "".join(lacking)
    run = shaping.shape_run(text, 0, len(text), INTER, 16, script="Hani")
    assert run.missing == tuple(lacking)


def test_glyphs_are_a_sequence_like_any_other() -> None:
    """Whoever looks at one sees what a tuple of them would show: numbers of the same types, slices, equality, hashes."""
    run = shaping.shape_run("xAVATAR", 1, 7, INTER, 40, script="Latn")
    same = tuple(run.glyphs)
    assert isinstance(run.glyphs, shaping.Glyphs)
    assert (run.glyphs, same) == (same, run.glyphs)
    assert run.glyphs != same[1:]
    assert run.glyphs == pickle.loads(pickle.dumps(run.glyphs))  # noqa: S301 - our own bytes
    assert (len(run.glyphs), run.glyphs[0], run.glyphs[-1], run.glyphs[1:3]) == (6, same[0], same[-1], same[1:3])
    assert (hash(run.glyphs), repr(run.glyphs), list(reversed(run.glyphs))) == (
        hash(same),
        repr(same),
        list(same[::-1]),
    )
    assert {tuple(map(type, glyph)) for glyph in run.glyphs} == {(int, int, float, float, float)}
    assert run.glyphs != list(same)
