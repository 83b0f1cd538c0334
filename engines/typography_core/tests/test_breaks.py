"""Tests of breaks: Unicode's own cases, dictionaries, strictness, hyphens, and that no locale of the process is asked."""

import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.typography_core import breaks
from engines.typography_core.errors import TextValueError

CORPUS = Path(os.environ.get("IMPASTO_CORPORA", Path(__file__).parents[3].parent / "shared" / "corpora")) / "unicode"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}; set IMPASTO_CORPORA")


def corpus(name: str) -> Iterator[tuple[str, list[int]]]:
    """Yield the texts of a file of Unicode's, and where each may be broken, the end included."""
    with gzip.open(CORPUS / f"{name}.txt.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            marks = line.partition("#")[0].split()
            text, ends = "", []
            for mark in marks[1:]:
                if mark == "÷":
                    ends.append(len(text))
                elif mark != "×":
                    text += chr(int(mark, 16))
            if text:
                yield text, ends


def raw_line_ends(text: str) -> list[int]:
    """Return where ICU breaks lines, mandatory breaks and spaces as they are."""
    return breaks._ends("LineBreaker", text, breaks.LANGUAGE)


@needs_corpus
@pytest.mark.parametrize(
    ("name", "ends", "count"),
    [
        ("LineBreakTest", raw_line_ends, 19_338),
        ("WordBreakTest", breaks.words, 1_944),
        ("GraphemeBreakTest", breaks.graphemes, 766),
    ],
)
def test_unicodes_own_cases_all_hold(name: str, ends: Callable[[str], list[int]], count: int) -> None:
    """The gate is every case of Unicode 17.0, which is what ICU 78 follows; a newer ICU that differs must be looked at."""
    cases = list(corpus(name))
    assert len(cases) == count
    assert [text for text, wanted in cases if ends(text) != wanted] == []


def pieces(text: str, **options: object) -> list[str]:
    """Return what would stand on each line of `text`, broken wherever it may be."""
    found, start = [], 0
    for cut, following, hyphen in breaks.line_breaks(text, **options):  # type: ignore[arg-type]  # options of one test each
        found.append(text[start:cut] + "-" * hyphen)
        start = following
    return found


def test_spaces_hang_and_the_next_line_begins_after_them() -> None:
    """A space at the end of a line takes no room, one at a paragraph's start does."""
    assert pieces("  ab   c-d e\u00a0f ") == ["  ab", "c-", "d", "e\u00a0f"]
    assert breaks.line_breaks("") == [breaks.Break(0, 0, False)]


def test_thai_khmer_and_japanese_break_without_spaces() -> None:
    """By ICU's dictionaries, and by the rules for ideographs: no small kana at a line's start when strict."""
    assert pieces("ภาษาไทย") == ["ภาษา", "ไทย"]
    assert len(pieces("សួស្តីពិភពលោក")) > 1
    assert pieces("東ーっ。", language="ja", strictness="strict") == ["東ーっ。"]
    assert pieces("東ーっ。", language="ja", strictness="loose") == ["東", "ー", "っ。"]


def test_indices_count_characters_beyond_the_first_plane_once() -> None:
    """ICU counts them twice."""
    assert pieces("a😀 b😀😀c") == ["a", "😀", "b", "😀", "😀", "c"]
    assert breaks.graphemes("👩‍👩‍👧x🇩🇪e\u0301") == [5, 6, 8, 10]


def test_soft_hyphens_show_a_hyphen_where_a_line_ends() -> None:
    """And nowhere else."""
    assert pieces("Zeit\u00adgeist ja") == ["Zeit\u00ad-", "geist", "ja"]


def test_words_are_divided_by_the_patterns_of_their_language() -> None:
    """At least two letters on each side; short words, words with soft hyphens and changed spellings are left whole."""
    pytest.importorskip("pyphen")
    assert pieces("Silbentrennung", language="de", hyphenate=True) == ["Sil-", "ben-", "tren-", "nung"]
    assert pieces("Silbentrennung", language="de") == ["Silbentrennung"]
    assert pieces("aber", language="de", hyphenate=True) == ["aber"]
    assert pieces("Silben\u00adtrennung", language="de", hyphenate=True) == ["Silben\u00ad-", "trennung"]
    assert pieces("a" * (breaks.HYPHENATED_MAX + 1), language="en", hyphenate=True) == ["a" * 65]
    assert breaks.hyphen_points("asszonnyal", "hu") == []


def test_a_language_without_patterns_is_refused() -> None:
    """Silently undivided words would look like a fault of the layout."""
    pytest.importorskip("pyphen")
    with pytest.raises(TextValueError, match="patterns"):
        breaks.line_breaks("word", language="tlh", hyphenate=True)


@pytest.mark.parametrize("language", ["", "d", "de_DE", "ja@lb=loose", "de-", "x" * 20, "de\n"])
def test_what_is_no_language_is_refused(language: str) -> None:
    """ICU would take anything, and keywords of its own with it."""
    with pytest.raises(TextValueError):
        breaks.line_breaks("word", language=language)


def test_keywords_of_a_language_do_not_reach_icu() -> None:
    """How freely lines break is said by its own setting, and by nothing hidden in a tag."""
    assert pieces("東ーっ。", language="ja-u-lb-loose") == pieces("東ーっ。", language="ja")


def test_the_processs_locale_decides_nothing() -> None:
    """The same text breaks in the same places on a Japanese and a Thai machine."""
    code = "from engines.typography_core import breaks; print(breaks.line_breaks('東ーっ ภาษาไทย “a” b'), breaks.words('a:b 東京'))"
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "1"},
            capture_output=True,
            check=True,
            text=True,
            encoding="utf-8",
        ).stdout
        for locale in ("C", "ja_JP.UTF-8", "th_TH.UTF-8")
    }
    assert len(said) == 1


@given(st.text(max_size=30))
def test_breaks_ascend_and_end_at_the_end(text: str) -> None:
    """Whatever the text: nothing is lost between a cut and the next line but spaces."""
    found = breaks.line_breaks(text)
    assert found[-1].following == len(text)
    start = 0
    for cut, following, _ in found:
        assert start <= cut <= following or not text[start:following].strip(breaks.SPACES)
        assert not text[cut:following].strip(breaks.SPACES)
        start = following


@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs"]), max_size=30))
def test_the_fast_path_of_graphemes_gives_what_icu_gives(text: str) -> None:
    """Characters of the short list are clusters by themselves, in any company of each other."""
    if breaks._ONE_EACH.fullmatch(text):
        assert breaks.graphemes(text) == breaks._ends("CharacterBreaker", text, breaks.LANGUAGE)


def test_text_of_single_characters_is_not_asked_about() -> None:
    """Each character that the quick answer knows is a cluster to ICU too, whatever stands beside it."""
    known = [char for char in map(chr, range(0x3_0000)) if breaks._ONE_EACH.fullmatch(char)]
    assert len(known) > 20_000
    for text in ("".join(known), "".join(reversed(known)), "".join(char * 2 for char in known)):
        assert breaks._ends("CharacterBreaker", text, "und") == list(range(1, len(text) + 1))
