"""A race of texts with few turns: peers must draw the same letters before they are timed, and programs can read the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import text, text_cases, text_ours, text_peers
from bench.text_peers import Ink, Peer
from engines.typography_core import layout_cache, raster, shaping, stamps, typeset
from ledger import OutOfRangeError


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """One short race of few headlines, of all that can run here."""
    told: list[tuple[str, int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "TURNS_QUICK", 1)
        patch.setattr(text_cases, "HEADLINES", 30)
        made = text.run(quick=True, tell=lambda *what: told.append(what))
    assert told[-1][1] == told[-1][2] == len(made["rows"]) + 1
    return made


@pytest.mark.slow
def test_the_report_has_what_programs_read(report: dict[str, Any]) -> None:
    """Times of ours and of all others beside each other, for each case."""
    assert [row["case"] for row in report["rows"]] == ["first", "new", "others", "again"]
    for row in report["rows"]:
        for name, ratio in row["ratio"].items():
            assert ratio == pytest.approx(row["others_us"][name] / row["ours_us"], rel=0.02)
            assert report["summary"][f"{row['case']}_vs_{name}"] == ratio
    assert report["page"]["lines"] == text_cases.PAGE_LINES
    assert {target["figure"] for target in report["targets"]} <= report["summary"].keys()
    assert report["environment"]["versions"]["uharfbuzz"]
    for name in text._PEERS:
        assert (name in report["difference"]) != (name in report["skipped"])


@pytest.mark.slow
def test_the_same_letters_are_near_and_others_far(report: dict[str, Any]) -> None:
    """The bound tells another place within a pixel from another text, at another size or in another weight."""
    assert all(off <= text.DIFFERENCE_MAX for off in report["difference"].values())

    def drawn(**changes: object) -> Peer:
        def inks(texts: Sequence[str]) -> list[Ink]:
            found = []
            for one in texts:
                asked = {"text": one, "font": text_cases.FAMILY, "size": text_cases.HEADLINE_PX} | changes
                made = typeset.set_text(typeset.checked(asked))
                ink = raster.cover(made.runs, dy=-made.lines[0].baseline)
                found.append(Ink(ink.array, ink.x, ink.y))
            return found

        return Peer(lambda _: None, inks)

    assert text._difference(drawn()) == 0
    for other in ({"text": "Something else"}, {"size": 63.0}, {"weight": 500}, {"features": {"kern": 0}}):
        assert text._difference(drawn(**other)) > text.DIFFERENCE_MAX, other


def test_another_picture_has_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fastest of all draws nothing."""
    blank = Peer(lambda _: None, lambda texts: [Ink(np.zeros((1, 1), np.uint8), 0, 0) for _ in texts])
    monkeypatch.setattr(text, "_PEERS", {"skia": ("skia-python", lambda _: blank)})
    with pytest.raises(AssertionError, match="skia draws another picture"):
        text.run(quick=True)


def test_a_missing_peer_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """It neither meets nor misses a target."""

    def missing(_: Path) -> Peer:
        raise ImportError("no such module")

    monkeypatch.setattr(text, "_PEERS", {"skia": ("skia-python", missing)})
    assert text._ready(Path("font"), None) == ({}, {"skia": "skia-python cannot be used: no such module"})
    assert all(
        one["met"] is None for one in text._judged(dict.fromkeys(("new_vs_faster", "again_vs_faster", "page_ms")))
    )


def test_an_unknown_peer_is_refused_before_any_work() -> None:
    with pytest.raises(OutOfRangeError, match="pillow, skia"):
        text.run(peers=["word"], tell=lambda *_: pytest.fail("work was done"))


def test_headlines_are_different_and_the_same_each_time() -> None:
    """1,000 of 40 characters; another batch has others."""
    first = text_cases.headlines()
    assert (len(set(first)), {len(one) for one in first}) == (1000, {text_cases.HEADLINE_CHARS})
    assert first == text_cases.headlines(0)
    assert not set(first) & set(text_cases.headlines(1))
    assert not any(one != one.strip() for one in first)


def test_forgetting_leaves_nothing_for_the_next_turn() -> None:
    """A cache that stayed warm would be a number for another case."""
    text_ours.draw(["Some Headline"])
    text_ours.forget_all()
    assert (shaping._shape.cache_info().currsize, len(layout_cache.PACKAGED._kept), len(stamps._ATLASES)) == (0, 0, 0)


def test_pillow_draws_the_same_letters() -> None:
    """The peer that is always installed, compared on every run of the tests."""
    file = text_cases.font_file()
    assert file is not None
    try:
        peer = text_peers.pillow(file)
    except ImportError as error:
        pytest.skip(str(error))
    assert 0 < text._difference(peer) <= text.DIFFERENCE_MAX
