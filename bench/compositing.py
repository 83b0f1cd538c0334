"""How fast are the blend modes, and against whom?

The job: eight soft-alpha RGBA8 layers, straight alpha in for us, over an opaque and over a translucent 1920x1080
backdrop, all in one mode. Peers that can be imported do the same work in the same process on the same pixels, one thread
each, taking turns, each from the form that suits it: what they prepare beforehand is not timed. We are timed as a
user calls us, `compositor.composite` from plain arrays. Every result is first compared with a float64 oracle on some
rows: there is no number for a wrong picture.

`cases` makes the pictures, `oracle` judges them, `peers` has one file for each rival, `race` times, `summary` draws the
conclusions. `python -m bench.compositing --quick` prints JSON; `floor` measures where the time goes.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import compositor
from bench.cases import HEIGHT_PX, WIDTH_PX, Case, Contender, Pixels, cases, choose
from bench.environment import environment
from bench.oracle import OURS_STEPS_MAX, PEER_PERCENTILE, PEER_STEPS_MAX, Exact, oracle, steps_off
from bench.peers import PEERS, Peer, importable
from bench.race import Times, race, timed
from bench.summary import four_digits, judge, summarise
from compositor import W3C_BLEND_MODES, Layer, execute

ROUNDS, ROUNDS_QUICK = 15, 7
OURS = ("ours", "ours, two threads")

Tell = Callable[[str, int, int], None]


def run(
    quick: bool = False,
    modes: Sequence[str] | None = None,
    threads: int = 1,
    peers: Sequence[str] | None = None,
    tell: Tell | None = None,
    *,
    size: tuple[int, int] = (WIDTH_PX, HEIGHT_PX),
) -> dict[str, Any]:
    """Measure `modes` (all sixteen; four when `quick`) on `threads`, against `peers` (all of `PEERS` that import).

    Returns `rows` `{case, mode, ours_ms, ours_median_ms, ours_two_threads_ms, ours_two_threads_median_ms, rounds,
    steps_off, peers: {name: ms}, peers_median_ms, ratio: {name: peer / ours}, ratio_median, wrong: {name: steps}}`, where
    a time is the best of the rounds unless its name says median, and a peer whose picture is wrong has no time;
    `summary` and `targets` (see `summary`); `skipped` {name: reason}; `environment`. Raises `CompositorError`.
    """
    chosen = choose(modes, quick)
    execute.Settings.of(size, threads, execute.TILE_SIDE_PX)  # raises before any work
    found, skipped = importable(tuple(PEERS) if peers is None else tuple(peers))
    rounds = ROUNDS_QUICK if quick else ROUNDS
    races = [(case, mode) for case in cases(*size) for mode in chosen]
    rows = []
    for done, (case, mode) in enumerate(races, start=1):
        rows.append(_row(case, mode, threads, found, rounds))
        if tell is not None:
            tell("measuring", done, len(races))
    summary = summarise(rows, [peer.name for peer in found])
    packages = {"numpy": "numpy", "numba": "numba", **{peer.name: peer.package for peer in found}}
    return {
        "rows": rows,
        "summary": summary,
        "targets": judge(summary, threads),
        "skipped": skipped,
        "environment": environment(packages, width=size[0], height=size[1], threads=threads, rounds=rounds),
    }


class _Checked(NamedTuple):
    """A contender's picture against the oracle, and what the run that made it took."""

    picture: Pixels
    steps: float
    first_ms: float


def _row(case: Case, mode: str, threads: int, peers: Sequence[Peer], rounds: int) -> dict[str, Any]:
    exact = oracle(case, mode)
    ours = [_ours(case, mode, threads, OURS[0]), _ours(case, mode, 2, OURS[1])]
    checked = {one.name: _check(one, exact) for one in ours}
    assert max(one.steps for one in checked.values()) <= OURS_STEPS_MAX, f"wrong picture: {mode}, {case.name}"
    one, two = (checked[name].picture for name in OURS)
    assert np.array_equal(one, two), f"threads change the picture: {mode}, {case.name}"
    theirs = [made for peer in peers if (made := peer.make(case, mode)) is not None]
    checked |= {one.name: _check(one, exact, PEER_PERCENTILE) for one in theirs}
    right = [one for one in [*ours, *theirs] if checked[one.name].steps <= PEER_STEPS_MAX]
    times = race(right, rounds, {one.name: checked[one.name].first_ms for one in theirs})
    return {"case": case.name, "mode": mode} | _told(times, {name: one.steps for name, one in checked.items()})


def _ours(case: Case, mode: str, threads: int, name: str) -> Contender:
    layers = [Layer(case.backdrop), *(Layer(pixels, blend=mode) for pixels in case.layers)]
    return Contender(name, lambda: compositor.composite(layers, size=case.size, threads=threads), False)


def _check(contender: Contender, exact: Exact, percentile: float = 100.0) -> _Checked:
    pictures: list[Pixels] = []
    first_ms = timed(lambda: pictures.append(contender.job()))
    return _Checked(pictures[0], steps_off(contender, pictures[0], exact, percentile), first_ms)


def _told(times: dict[str, Times], steps: dict[str, float]) -> dict[str, Any]:
    ours, two = times[OURS[0]], times[OURS[1]]
    peers = {name: one for name, one in times.items() if name not in OURS}
    return {
        "ours_ms": round(ours.best_ms, 3),
        "ours_median_ms": round(ours.median_ms, 3),
        "ours_two_threads_ms": round(two.best_ms, 3),
        "ours_two_threads_median_ms": round(two.median_ms, 3),
        "rounds": {name: one.rounds for name, one in times.items()},
        "steps_off": {name: round(value, 2) for name, value in steps.items() if name != OURS[1]},
        "peers": {name: round(one.best_ms, 3) for name, one in peers.items()},
        "peers_median_ms": {name: round(one.median_ms, 3) for name, one in peers.items()},
        "ratio": {name: four_digits(one.best_ms / ours.best_ms) for name, one in peers.items()},
        "ratio_median": {name: four_digits(one.median_ms / ours.median_ms) for name, one in peers.items()},
        "wrong": {name: round(value, 1) for name, value in steps.items() if name not in times},
    }


def main() -> None:
    """Print the result of `run` as JSON, or that of `floor.run` with `--profile`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--modes", nargs="+", choices=W3C_BLEND_MODES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peers", nargs="*", choices=tuple(PEERS))
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--profile", action="store_true", help="measure where the time goes instead of racing")
    options = parser.parse_args()
    from bench import floor, plot  # here: they are not needed to race, and the plot loads the engines

    if options.profile:
        report = floor.run(quick=options.quick, modes=options.modes, threads=options.threads)
    else:
        report = run(options.quick, options.modes, options.threads, options.peers)
        if options.plot:
            plot.write_plot(report, options.plot)
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
