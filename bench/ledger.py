"""How fast is the ledger, and against whom?

The job: 200,000 seeded events of 13 fields (`ledger_events`), appended durably and replayed to typed state, beside raw
SQLite (WAL, synchronous=FULL) and the `eventsourcing` library when it is installed, in one process on one disk, taking
turns (`rates`). Every store is first filled and replayed, and what comes back is compared event by event: there is no
number for a store that gives back something else. Whatever a store wants to be handed is made before the clock starts.

`ledger_stores` has the adapters, `ledger_cases` the rows, `ledger_figures` what is no rate, `ledger_targets` the judgement.
`python -m bench.ledger --quick` prints JSON.
"""

import argparse
import gc
import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bench.environment import environment
from bench.ledger_cases import BATCH, Arena, Case, Filled, lineage, replay_state, replay_verified
from bench.ledger_events import EVENTS, Event, make_events
from bench.ledger_figures import import_cpu_ms, open_million_s, streaming_read_mib
from bench.ledger_stores import stores
from bench.ledger_targets import judge
from bench.rates import Rates, race
from ledger import OutOfRangeError

EVENTS_QUICK: Final = 20_000
TURNS, TURNS_QUICK = 7, 3
SINGLES, SINGLES_QUICK = 1_000, 400
CROWD, CROWD_QUICK = 4_096, 1_024
CASES: Final = ("append_1000", "append_1", "append_1_threads_64", "replay", "replay_verified", "lineage")
_OURS: Final = "ours"

Tell = Callable[[str, int, int], None]


def run(
    quick: bool = False,
    events: int | None = None,
    peers: Sequence[str] | None = None,
    tell: Tell | None = None,
    folder: Path | None = None,
    cases: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measure `cases` (all) on `events` events (200,000; 20,000 when `quick`) beside `peers` (all that can be imported), with
    stores in a new folder below `folder`.

    Returns `rows` `{case, says, events, ours_per_s, ours_median_per_s, peers: {name: per_s}, peers_median_per_s, ratio:
    {name: ours / peer}, ratio_median, cpu_us: {name: least CPU time of an event}, turns}`, where a rate is the best of the
    turns unless its name says median;
    `bytes_per_event` (ours, tree included), `peers_bytes_per_event`, `figures`, `targets`, `skipped` {name: reason},
    `environment`. Raises `OutOfRangeError` for fewer than 1,000 events or an unknown case, `OSError`.
    """
    count = events if events is not None else EVENTS_QUICK if quick else EVENTS
    if count < BATCH:
        raise OutOfRangeError("events", count, f"{BATCH:,} or more: a batch has as many")
    for name in cases or ():
        if name not in CASES:
            raise OutOfRangeError("case", name, ", ".join(CASES))
    found, skipped = stores(peers)
    say = tell or (lambda *_: None)
    with tempfile.TemporaryDirectory(prefix="impasto-bench-", dir=folder) as root:
        made = make_events(count)
        gc.collect()
        gc.freeze()  # the events themselves must weigh on nobody's collector
        try:
            arena = Arena(Path(root), found, made)
            say("filling the stores", 0, 1)
            filled = arena.fill()
            say("filling the stores", 1, 1)
            chosen = [one for one in _cases(arena, filled, quick) if one.name in (cases or CASES)]
            rows = list(_rows(chosen, TURNS_QUICK if quick else TURNS, say))
            figures = _figures(filled[0], None if count < EVENTS else made, Path(root))
            sizes = {one.store.name: round(one.bytes_per_event, 1) for one in filled}
        finally:
            gc.unfreeze()
    report = {
        "rows": rows,
        "bytes_per_event": sizes.pop(_OURS),
        "peers_bytes_per_event": sizes,
        "figures": figures,
        "skipped": skipped,
        "environment": environment({one.name: one.package for one in found[1:]}, events=count),
    }
    report["environment"]["versions"]["sqlite3"] = sqlite3.sqlite_version
    return report | {"targets": judge(report)}


def _cases(arena: Arena, filled: Sequence[Filled], quick: bool) -> list[Case]:
    return [
        arena.append_batches(),
        arena.append_singles(SINGLES_QUICK if quick else SINGLES),
        arena.append_threads(CROWD_QUICK if quick else CROWD),
        replay_state(filled),
        replay_verified(filled[0]),
        lineage(filled[0]),
    ]


def _rows(cases: Sequence[Case], turns: int, say: Tell) -> Iterator[dict[str, Any]]:
    for done, case in enumerate(cases):
        say("measuring", done, len(cases))
        rates = race(case.contenders, turns)
        counts = {one.name: one.count for one in case.contenders}
        yield {"case": case.name, "says": case.says, "events": counts} | told_rates(rates)
    say("measuring", len(cases), len(cases))


def told_rates(rates: dict[str, Rates]) -> dict[str, Any]:
    """Return what a row says of its rates: ours, the peers', and ours as multiples of theirs."""
    ours = rates[_OURS]
    peers = {name: one for name, one in rates.items() if name != _OURS}
    return {
        "ours_per_s": round(ours.best_per_s),
        "ours_median_per_s": round(ours.median_per_s),
        "peers": {name: round(one.best_per_s) for name, one in peers.items()},
        "peers_median_per_s": {name: round(one.median_per_s) for name, one in peers.items()},
        "ratio": {name: round(ours.best_per_s / one.best_per_s, 3) for name, one in peers.items()},
        "ratio_median": {name: round(ours.median_per_s / one.median_per_s, 3) for name, one in peers.items()},
        "cpu_us": {name: round(one.cpu_us, 3) for name, one in rates.items()},
        "turns": {name: one.turns for name, one in rates.items()},
    }


def _figures(ours: Filled, events: Sequence[Event] | None, root: Path) -> dict[str, float]:
    grown, peak = streaming_read_mib(ours.folder)
    figures = {
        "import_cpu_ms": round(import_cpu_ms(), 1),
        "streaming_read_growth_mib": round(grown, 1),
        "streaming_read_peak_mib": round(peak, 1),
    }
    if events is not None:
        figures["open_million_snapshot_s"] = round(open_million_s(events, root / "million"), 4)
    return figures


def main() -> None:
    """Print the result of `run` as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--events", type=int)
    parser.add_argument("--peers", nargs="*")
    parser.add_argument("--cases", nargs="+", choices=CASES)
    parser.add_argument("--dir", type=Path, help="measure on the disk of this folder")
    options = parser.parse_args()
    report = run(options.quick, options.events, options.peers, None, options.dir, options.cases)
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
