"""A race with a few pixels: who is right is timed, who is wrong is named, who is missing is told why."""

import functools
import re

import numpy as np
import pytest

from bench import compositing, peers
from bench.cases import Case, Contender, cases
from bench.oracle import PEER_PERCENTILE, PEER_STEPS_MAX, oracle, steps_off
from bench.peers import table
from compositor import W3C_BLEND_MODES, BlendModeError, NumberError

SIZE = (24, 16)


def _right(case: Case, mode: str) -> Contender:
    premul = np.round(oracle(case, mode)).astype(np.uint8)
    return Contender("right", lambda: premul, True)


def _wrong(case: Case, mode: str) -> Contender | None:
    return Contender("wrong", lambda: 255 - case.backdrop, False) if mode == "normal" else None


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """One peer that is right, one that is wrong and has one mode only, one that is not installed."""
    rows = (
        peers.Peer("right", "numpy", "numpy", _right),
        peers.Peer("wrong", "numpy", "numpy", _wrong),
        peers.Peer("absent", "impasto-no-such-package", "impasto_no_such_package", _right),
    )
    by_name = {row.name: row for row in rows}
    monkeypatch.setattr(table, "PEERS", by_name)
    monkeypatch.setattr(compositing, "PEERS", by_name)


@pytest.mark.usefixtures("fakes")
def test_rows_say_who_is_how_fast_and_who_is_wrong() -> None:
    """These keys are what programs read."""
    told: list[tuple[str, int, int]] = []
    report = compositing.run(modes=["normal", "screen"], tell=lambda *what: told.append(what), size=SIZE)
    assert [(row["case"], row["mode"]) for row in report["rows"]] == [
        ("opaque", "normal"),
        ("opaque", "screen"),
        ("translucent", "normal"),
        ("translucent", "screen"),
    ]
    assert told[-1] == ("measuring", 4, 4)
    for row in report["rows"]:
        assert list(row["peers"]) == list(row["peers_median_ms"]) == list(row["ratio"]) == ["right"]
        assert 0 < row["ours_ms"] <= row["ours_median_ms"]
        assert 0 < row["ours_two_threads_ms"] <= row["ours_two_threads_median_ms"]
        assert row["ratio"]["right"] == pytest.approx(row["peers"]["right"] / row["ours_ms"], rel=0.01, abs=0.01)
        assert row["steps_off"]["right"] <= 0.5
    assert [list(row["wrong"]) for row in report["rows"]] == [["wrong"], [], ["wrong"], []]
    assert report["rows"][0]["wrong"]["wrong"] > 24
    assert report["skipped"].keys() == {"absent"}
    assert re.search(r"impasto-no-such-package .* No module named", report["skipped"]["absent"])
    assert report["summary"]["geomean_vs_right"] > 0
    assert report["environment"]["versions"].keys() == {"numpy", "numba", "right", "wrong"}


@pytest.mark.usefixtures("fakes")
def test_a_wrong_picture_of_ours_stops_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compositing.compositor, "composite", lambda *_, **__: np.zeros((*SIZE[::-1], 4), np.uint8))
    with pytest.raises(AssertionError, match="wrong picture: normal, opaque"):
        compositing.run(modes=["normal"], size=SIZE)


def test_bad_input_is_refused_before_any_work() -> None:
    """A typo in the last mode must not cost the time of all the others."""
    refused = functools.partial(compositing.run, peers=(), tell=lambda *_: pytest.fail("work was done"), size=SIZE)
    with pytest.raises(BlendModeError):
        refused(modes=["normal", "glow"])
    with pytest.raises(NumberError):
        refused(threads=0)


OF_ANOTHER_FORMULA = {
    ("pyvips", "opaque"): set(W3C_BLEND_MODES) - {"normal"},
    ("pyvips", "translucent"): set(W3C_BLEND_MODES) - {"normal"},
    **{(name, "opaque"): {"soft-light"} for name in ("simd-blend-modes", "blend-modes")},
    **{(name, "translucent"): set(W3C_BLEND_MODES) - {"normal"} for name in ("simd-blend-modes", "blend-modes")},
}
"""What the bench calls wrong; docs/guides/command-line.md says so."""


@pytest.mark.parametrize("name", peers.PEERS)
@pytest.mark.parametrize("case", cases(160, 90), ids=lambda case: case.name)
def test_a_peer_is_right_in_its_modes(name: str, case: Case) -> None:
    """An adapter that hands over pixels in a wrong form would lose the peer its number; skipped where it is not installed."""
    (found, _) = peers.importable([name])
    if not found:
        pytest.skip(f"{name} is not installed")
    modes = [mode for mode in W3C_BLEND_MODES if mode not in OF_ANOTHER_FORMULA.get((name, case.name), ())]
    made = {mode: contender for mode in modes if (contender := found[0].make(case, mode)) is not None}
    assert "normal" in made
    for mode, contender in made.items():
        picture = contender.job()
        assert steps_off(contender, picture, oracle(case, mode), PEER_PERCENTILE) <= PEER_STEPS_MAX, mode
        assert np.array_equal(picture.copy(), contender.job()), f"{mode}: the second round is another job"
