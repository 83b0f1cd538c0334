"""Tests of UAX #9: Unicode's own cases, a table of ours for where they are not at hand, and laws."""

import gzip
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.typography_core import bidi, bidi_classes

CORPUS = Path(os.environ.get("IMPASTO_CORPORA", Path(__file__).parents[3].parent / "shared" / "corpora")) / "unicode"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus at {CORPUS}; set IMPASTO_CORPORA")

REMOVED = frozenset(b"efghkb")
"""Classes that rule X9 removes: the corpus tells no level for them."""

SAMPLES = {
    "L": "a", "R": "א", "AL": "ا", "EN": "1", "AN": "٠", "ES": "+", "ET": "%", "CS": ",", "NSM": "\u0300", "BN": "\u00ad",
    "B": "\u2029", "S": "\t", "WS": " ", "ON": "!", "LRE": "\u202a", "RLE": "\u202b", "LRO": "\u202d", "RLO": "\u202e",
    "PDF": "\u202c", "LRI": "\u2066", "RLI": "\u2067", "FSI": "\u2068", "PDI": "\u2069",
}  # fmt: skip
"""A character of each class."""

CASES = [
    # (text, direction, base level, levels as digits, order from left to right)
    ("abc", "auto", 0, "000", [0, 1, 2]),
    ("אבג", "auto", 1, "111", [2, 1, 0]),
    ("abc", "rtl", 1, "222", [0, 1, 2]),
    ("a אב c", "ltr", 0, "001100", [0, 1, 3, 2, 4, 5]),
    ("אב (cd)!", "auto", 1, "11112211", [7, 6, 4, 5, 3, 2, 1, 0]),
    ("אב 12", "auto", 1, "11122", [3, 4, 2, 1, 0]),
    ("ا1", "auto", 1, "12", [1, 0]),
    ("a (אב) c", "auto", 0, "00011000", [0, 1, 2, 4, 3, 5, 6, 7]),
    ("א(b)ג", "auto", 1, "11211", [4, 3, 2, 1, 0]),
    ("12 אב", "ltr", 0, "00011", [0, 1, 2, 4, 3]),
    ("a\u2067!b\u2069", "auto", 0, "00120", [0, 1, 3, 2, 4]),
    ("א (ב) c", "ltr", 0, "1111100", [4, 3, 2, 1, 0, 5, 6]),
    ("אב  ", "ltr", 0, "1100", [1, 0, 2, 3]),
    ("\u202eabc\u202cd", "auto", 0, None, [3, 2, 1, 5]),
]
"""Worked by hand from the rules; None where levels are not checked."""


def shown(text: str, direction: bidi.Direction) -> tuple[int, list[int | None], list[int]]:
    """Return base level, levels (None for what is removed) and order of `text` as one line."""
    resolved = bidi.resolve(text, direction)
    line = bidi.line_levels(text, resolved, 0, len(text))
    kinds = bidi_classes.classes(text)
    kept = [index for index, kind in enumerate(kinds) if kind not in REMOVED]
    order = [kept[place] for place in bidi.visual_order([line[index] for index in kept])]
    levels = [None if kind in REMOVED else level for kind, level in zip(kinds, line, strict=True)]
    return resolved.base, levels, order


@pytest.mark.parametrize(("text", "direction", "base", "levels", "order"), CASES)
def test_levels_and_order_are_those_worked_by_hand(
    text: str, direction: bidi.Direction, base: int, levels: str | None, order: list[int]
) -> None:
    """Holds the algorithm where Unicode's files are not at hand: one case for each family of rules."""
    found = shown(text, direction)
    assert (found[0], found[2]) == (base, order)
    if levels is not None:
        assert "".join(map(str, found[1])) == levels


def corpus(name: str) -> Iterator[str]:
    """Yield the lines of a file of Unicode's that say something."""
    with gzip.open(CORPUS / f"{name}.txt.gz", "rt", encoding="utf-8") as lines:
        yield from (line.strip() for line in lines if line.strip() and not line.startswith("#"))


@needs_corpus
def test_all_of_bidi_character_test() -> None:
    """91,707 texts of Unicode 15.0, with brackets, canonical equivalents and isolates."""
    wrong = []
    for line in corpus("BidiCharacterTest"):
        points, direction, base, levels, order = line.split(";")
        text = "".join(chr(int(point, 16)) for point in points.split())
        wanted = (
            int(base),
            [None if level == "x" else int(level) for level in levels.split()],
            list(map(int, order.split())),
        )
        if shown(text, ("ltr", "rtl", "auto")[int(direction)]) != wanted:  # type: ignore[arg-type]  # a literal of three
            wrong.append(line)
    assert wrong == []


@needs_corpus
def test_all_of_bidi_test() -> None:
    """770,241 sequences of classes up to length four: every path through the rules."""
    wrong: list[tuple[str, str]] = []
    levels: list[int | None] = []
    order: list[int] = []
    for line in corpus("BidiTest"):
        head, _, tail = line.partition(":")
        if head == "@Levels":
            levels = [None if level == "x" else int(level) for level in tail.split()]
        elif head == "@Reorder":
            order = list(map(int, tail.split()))
        else:
            names, _, bits = line.partition(";")
            text = "".join(SAMPLES[name] for name in names.split())
            asked: tuple[tuple[int, bidi.Direction], ...] = ((1, "auto"), (2, "ltr"), (4, "rtl"))
            for bit, direction in asked:
                if int(bits, 16) & bit and shown(text, direction)[1:] != (levels, order):
                    wrong.append((line, direction))
    assert wrong == []


def test_the_table_agrees_with_python_where_unicode_did_not_change() -> None:
    """The table is ours, so that pixels do not follow the interpreter; a slip in it must not stay unseen.

    Unicode 15 to 18 changed the class of nine characters that Unicode 14 had, and later ones gave classes to new characters.
    """
    changed = {0x1B3A, 0x1B3C, 0x1B42, 0x1171E, 0x1D6C1, 0x1D6FB, 0x1D735, 0x1D76F, 0x1D7A9}
    everything = [chr(point) for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    ours = bidi_classes.classes("".join(everything))
    wrong = [
        hex(ord(char))
        for char, kind in zip(everything, ours, strict=True)
        if (name := unicodedata.bidirectional(char))
        and bidi_classes.CODES[name] != chr(kind)
        and ord(char) not in changed
    ]
    assert wrong == []


def test_brackets_are_pairs_of_opening_and_closing_punctuation() -> None:
    """Each pair is Ps and Pe, mirrored, and pairs with itself only."""
    assert len(bidi_classes.BRACKETS) == 65
    known = [pair for pair in bidi_classes.BRACKETS.items() if unicodedata.category(pair[0]) != "Cn"]
    assert {(unicodedata.category(a), unicodedata.category(b)) for a, b in known} == {("Ps", "Pe")}
    assert all(unicodedata.mirrored(char) for pair in known for char in pair)


@pytest.mark.parametrize(
    "text",
    [
        "\u202b" * 20_000,
        "\u2066" * 20_000,
        "\u2068 " * 10_000,
        "\u2068" * 10_000 + "\u2069" * 10_000,
        "א" + "(" * 20_000,
        "א" + "(a]" * 6_000,
        "א" + "%" * 20_000,
        "א" + " " * 20_000 + "a",
        "\u2067" * 120 + "\u2069\u2066" * 10_000,
    ],
    ids=["embeddings", "isolates", "first-strong", "nested", "open", "mismatched", "terminators", "spaces", "deep"],
)
def test_bombs_of_controls_are_looked_at_once(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hostile text must not cost the square of its length. Counted in characters that searches hand back, not in seconds."""
    spent = 0
    real = bidi._first_level

    def counting(kinds: bytes, start: int, end: int, matches: dict[int, int]) -> int:
        nonlocal spent
        spent += 1
        return real(kinds, start, end, matches)

    monkeypatch.setattr(bidi, "_first_level", counting)
    resolved = bidi.resolve(text)
    assert len(resolved.of) == len(text)
    assert max(resolved.of) <= bidi.DEPTH_MAX + 1
    assert spent <= len(text) + 1


any_text: st.SearchStrategy[str] = st.text(
    st.sampled_from([*SAMPLES.values(), "(", ")", "[", "]", "\u2329", "\u3009", "b", "ב"]), max_size=40
)
directions: st.SearchStrategy[Any] = st.sampled_from(["auto", "ltr", "rtl"])


@given(any_text, directions)
def test_every_character_stands_somewhere_once(text: str, direction: bidi.Direction) -> None:
    """Reordering loses nothing, and levels stay in their range, separators in the middle included."""
    resolved = bidi.resolve(text, direction)
    assert len(resolved.of) == len(text)
    assert resolved.base == bidi.base_level(text, direction)
    line = bidi.line_levels(text, resolved, 0, len(text))
    assert sorted(bidi.visual_order(line)) == list(range(len(text)))


@given(st.text("abc 12.,!é(中", max_size=30))
def test_the_fast_path_gives_what_the_rules_give(text: str) -> None:
    """Text that cannot be lifted is level 0; the rules say the same when a control that shows nothing sends it through them."""
    assert not bidi_classes.needs_levels(text)
    slow = bidi.resolve("\u202c" + text, "ltr")
    assert bidi.resolve(text, "ltr").of == slow.of[1:] == bytes(len(text))


def test_only_what_lifts_leaves_the_fast_path() -> None:
    """Each class that can lift a level is found, alone in Latin text; the others are not."""
    lifts = {name for name, char in SAMPLES.items() if bidi_classes.needs_levels("ab" + char)}
    assert lifts == {"R", "AL", "AN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_spaces_at_a_lines_end_have_the_paragraphs_level() -> None:
    """L1 is about lines: the same space inside the paragraph belongs to the words around it."""
    text = "אב גד"
    resolved = bidi.resolve(text, "ltr")
    assert list(resolved.of) == [1, 1, 1, 1, 1]
    assert list(bidi.line_levels(text, resolved, 0, 3)) == [1, 1, 0]
