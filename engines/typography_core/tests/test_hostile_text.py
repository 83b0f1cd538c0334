"""Tests of texts that mean harm: each is refused with a type before any work, or set within bounds of time and memory."""

import contextlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.isolation.pool import Pool
from engines.typography_core import setting, typeset
from engines.typography_core.errors import TextEncodingError, TextLimitError, TypographyError
from engines.typography_core.tests import hostile_tasks

SECONDS = 40.0
"""Until a worker is taken to hang: ten times what the slowest of these takes."""

MEMORY_BYTES = 1024**3

LONG = setting.TEXT_LENGTH_MAX


def _mixed(length: int) -> str:
    return ("a\u2067\u05d0\u202e\u2066(1\u2069" * length)[:length]


TEXTS: dict[str, Callable[[], str]] = {
    "as long as a text may be": lambda: "lorem ipsum " * (LONG // 12),
    "one word as long as a text may be": lambda: "a" * LONG,
    "10,000 marks on one letter": lambda: "a" + "\u0301" * 10_000,
    "marks without a letter": lambda: "\u0301" * LONG,
    "marks of many classes": lambda: "a" + "\u0301\u0323\u05b0\u064b\u0e38\u1ab0" * 10_000,
    "embeddings that never end": lambda: "\u202b" * LONG,
    "isolates that never end": lambda: "\u2067\u2066" * (LONG // 2),
    "isolates that end and never began": lambda: "\u2069" * LONG,
    "overrides in isolates in brackets": lambda: _mixed(30_000),
    "brackets that never close": lambda: "([{" * (LONG // 3),
    "63 brackets deep, both ways": lambda: ("(" * 63 + "a\u05d0" + ")" * 63) * 300,
    "joiners alone": lambda: "\u200d" * LONG,
    "zero-width spaces alone": lambda: "\u200b" * LONG,
    "a zero-width space behind each letter": lambda: "a\u200b" * (LONG // 2),
    "soft hyphens alone": lambda: "\u00ad" * LONG,
    "one emoji of 50,000 joined": lambda: "\U0001f468\u200d" * (LONG // 2),
    "one flag of tags": lambda: "\U0001f3f4" + "\U000e0067" * (LONG - 1),
    "flags without end": lambda: "\U0001f1e6" * LONG,
    "variation selectors alone": lambda: "\ufe0f" * LONG,
    "100,000 characters that no font has": lambda: "\U0010fffd" * LONG,
    "20,000 different ones that no font has": lambda: "".join(chr(0x4E00 + index) for index in range(20_000)),
    "viramas without end": lambda: "\u0915\u094d" * (LONG // 2),
    "syllables of Hangul in parts": lambda: "\u1100\u1161\u11a8" * 10_000,
    "another script with each letter": lambda: "a\u03b1\u0430\u05d0\u0627\u0915\u0e01\u4e00" * 4_000,
    "no break for a dictionary": lambda: "\u0e01" * LONG,
    "lines alone": lambda: "\n" * 20_000,
    "a line for each letter": lambda: "a\n" * 10_000,
}
"""What it is -> the text."""


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """A worker with half of the memory that one usually has. Its own errors are no TypographyError: they fail the test."""
    with Pool(hostile_tasks.TASKS, workers=1, memory_bytes=MEMORY_BYTES) as made:
        yield made


def _survives(pool: Pool, text: str, **how: object) -> None:
    """Raise what is no refusal: a worker that died, was killed, ran out of memory, or failed without a type."""
    with contextlib.suppress(TypographyError):
        pool.call("set_text", {"text": text, "font": "Inter", "size": 12.0} | how, seconds=SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_hostile_texts_are_refused_or_bounded(pool: Pool, name: str) -> None:
    """Each grows a table, a stack or a line of some layout engine without end."""
    _survives(pool, TEXTS[name](), width=100.0, size=2.0)


@pytest.mark.parametrize(
    "how",
    [
        {"width": 500.0, "height": 500.0, "fit": "shrink"},
        {"width": 500.0, "max_lines": 2, "fit": "shrink-to-lines"},
        {"width": 100_000.0, "height": 100_000.0, "fit": "grow"},
        {"width": 5_000.0, "wrap": "balance"},
        {"width": 500.0, "max_lines": 1, "align": "justify"},
    ],
    ids=lambda how: str(how.get("fit", how.get("wrap", "ellipsis"))),
)
@pytest.mark.parametrize("name", ["overrides in isolates in brackets", "another script with each letter"])
def test_hostile_texts_are_bounded_in_every_fit(pool: Pool, name: str, how: dict[str, object]) -> None:
    """Fitting sets a text a dozen times."""
    _survives(pool, TEXTS[name]()[:4_000], **how)


def test_missing_characters_cost_no_more_than_others(pool: Pool) -> None:
    """100,000 of them took 16 s when each was looked for among all: now half a second, as other letters do."""
    text = TEXTS["100,000 characters that no font has"]()
    found = pool.call("set_text", {"text": text, "font": "Inter", "size": 0.5}, seconds=8.0)
    assert found.value["missing"] == ["\U0010fffd"]


def test_a_text_that_is_too_long_is_refused_before_any_work() -> None:
    """A megabyte is a document, no layer."""
    with pytest.raises(TextLimitError) as caught:
        typeset.set_text(typeset.TextRequest(text="a" * 1_000_000, font="Inter", size=12.0))
    assert (caught.value.fields["field"], caught.value.fields["limit"]) == ("text", LONG)


@pytest.mark.parametrize("half", ["\ud800", "\ude00\ud83d"], ids=["one half", "halves the wrong way"])
@pytest.mark.parametrize("field", ["text", "ellipsis"])
def test_half_a_surrogate_pair_is_no_text(half: str, field: str) -> None:
    """JSON can say one, Unicode knows none, and libraries crash on it."""
    fields = {"text": "a", field: "ab" + half}
    with pytest.raises(TextEncodingError) as caught:
        typeset.set_text(typeset.TextRequest(font="Inter", size=12.0, **fields))  # type: ignore[arg-type]
    assert caught.value.fields["index"] == 2


@given(
    st.text(
        st.sampled_from(
            "a \u0301\u05d0\u0627\u0915\u094d\u0e01\u4e00\u200b\u200d\u200e\u202e\u2066\u2069\ufe0f\U0001f468(\n\u00ad"
        ),
        max_size=40,
    ),
    st.sampled_from([None, 0.001, 30.0]),
)
@settings(max_examples=80, deadline=None)
def test_any_mixture_is_set_whole(text: str, width: float | None) -> None:
    """Whatever stands beside what: no error, and no character is lost on the way to the lines."""
    found = typeset.set_text(typeset.TextRequest(text=text, font="Inter", size=12.0, width=width))
    kept = "".join(line.text for line in found.lines)
    kept = kept.replace("\u2010", "").replace("-", "")  # what soft hyphens become
    assert [char for char in kept if not char.isspace()] == [char for char in text if not char.isspace()]
