"""What does a second worker bring to a batch, and what does a worker cost?

The job: social cards of the example in docs/examples/batch, each row another picture, one preset, from an empty store to the last artifact
in it; by threads of this process, by a pool of processes and on Dask with processes of this machine. Contenders take turns, forward and
backward. Each must make the same artifacts with the same bytes, or there is no figure.

`whole` is all that a person waits for: workers start, rows are checked and stored, cards rendered, workers end. `steady` is the rate
from the moment on when a tenth of the cards is there: what a long batch comes to. `cpu` is the processor time of all processes of a turn,
which tells what workers cost each other even on a machine that others keep busy.

`python -m bench.batch --quick` prints JSON.
"""

import argparse
import csv
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.environment import environment
from engines.batch.dask_cluster import DaskCluster
from engines.batch.plan import plan_batch
from engines.batch.processes import Processes
from engines.batch.run import Outcome, run_batch
from engines.batch.schedulers import Scheduler
from engines.batch.tasks import Place
from engines.batch.threads import Threads
from engines.workspace import Workspace

CARDS, CARDS_QUICK = 200, 40
TURNS, TURNS_QUICK = 3, 1
PRESET: Final = "web_medium"
SCHEDULERS: Final = ("threads", "processes", "dask")
WORKERS: Final = (1, 2)
_EXAMPLE: Final = Path(__file__).resolve().parent.parent / "docs" / "examples" / "batch"
_STEADY_FROM: Final = 0.1
"""Part of the cards before the rate is taken: until then workers load kernels and fonts."""

Tell = Callable[[str, int, int], None]


class Target(NamedTuple):
    """`figure` is a key of the summary, which must be at least `bound`."""

    figure: str
    bound: float
    says: str


TARGETS: Final = (
    Target("processes_whole", 1.7, "times as fast with 2 processes as with 1, from nothing to the last card"),
    Target("processes_steady", 1.7, "the same, once all workers are warm"),
    Target("dask_whole", 1.7, "times as fast with 2 Dask workers as with 1, the cluster's start and end included"),
    Target("dask_steady", 1.7, "the same, once all workers are warm"),
)


class _Turn(NamedTuple):
    whole_s: float
    steady_per_s: float
    cpu_s: float
    made: frozenset[tuple[str, str]]


def run(quick: bool = False, schedulers: Sequence[str] | None = None, tell: Tell | None = None) -> dict[str, Any]:
    """Measure `schedulers` (all by default) with one worker and with two.

    Returns `rows` `{scheduler, workers, whole_s, whole_median_s, steady_per_s, steady_median_per_s, cpu_s, turns}`, `summary` {figure:
    ratio of medians}, `targets`, `environment`. Needs `impasto[scale]` for dask.
    """
    say = tell or (lambda *_: None)
    cards, turns = (CARDS_QUICK, TURNS_QUICK) if quick else (CARDS, TURNS)
    contenders = [(name, workers) for name in schedulers or SCHEDULERS for workers in WORKERS]
    taken: dict[tuple[str, int], list[_Turn]] = {one: [] for one in contenders}
    with tempfile.TemporaryDirectory() as folder:
        rows = write_rows(Path(folder) / "rows.csv", cards)
        _turn(Path(folder), rows, "threads", 1)  # compiles kernels where this machine has none yet
        for turn in range(turns):
            for done, (name, workers) in enumerate(contenders if turn % 2 == 0 else reversed(contenders)):
                say("measuring", turn * len(contenders) + done, turns * len(contenders))
                taken[name, workers].append(_turn(Path(folder), rows, name, workers))
    say("measuring", turns * len(contenders), turns * len(contenders))
    made = {turn.made for all_turns in taken.values() for turn in all_turns}
    assert len(made) == 1, "workers made other artifacts"
    assert len(next(iter(made))) == cards, "rows are not one picture each"
    table = [_row(name, workers, taken[name, workers]) for name, workers in contenders]
    summary = _summary(table)
    packages = {"impasto": "impasto", "numba": "numba", "distributed": "distributed"}
    return {
        "rows": table,
        "summary": summary,
        "targets": _judged(summary),
        "environment": environment(packages, cards=cards, turns=turns),
    }


def write_rows(path: Path, cards: int) -> Path:
    """Write a table for the example's template with so many rows, each another picture."""
    with (_EXAMPLE / "rows.csv").open(encoding="utf-8", newline="") as file:
        given = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, given[0].keys())
        writer.writeheader()
        for number in range(cards):
            row = given[number % len(given)]
            writer.writerow(row | {"name": f"{number:04d} {row['name']}", "seats": str(100 + number)})
    return path


def _turn(folder: Path, rows: Path, name: str, workers: int) -> _Turn:
    template, times = _EXAMPLE / "template.json", []

    def hear(_: Outcome, __: int, ___: int) -> None:
        times.append(time.perf_counter())

    with tempfile.TemporaryDirectory(dir=folder) as place:
        store = Path(place) / "store"
        started, cpu_before_s = time.perf_counter(), _cpu_s()
        with Workspace.open(store, tenant="bench", env="batch", create=True, threads=1) as work:
            with _scheduler(work, name, workers) as scheduler:
                scheduler.start(Place(str(store), "bench", "batch"))
                plan = plan_batch(work, template, rows, [PRESET], lambda *_: None)
                batch = run_batch(work, plan, [PRESET], scheduler, hear=hear)
            whole_s = time.perf_counter() - started
    begin = int(len(times) * _STEADY_FROM)
    steady_per_s = (len(times) - 1 - begin) / (times[-1] - times[begin])
    made = frozenset((one.rendered.artifact_id, one.rendered.sha256) for one in batch.outcomes if one.rendered)
    return _Turn(whole_s, steady_per_s, _cpu_s() - cpu_before_s, made)


def _cpu_s() -> float:
    """Processor time of this process and of those that it started and that ended."""
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _scheduler(work: Workspace, name: str, workers: int) -> Scheduler:
    if name == "threads":
        return Threads(work, workers)
    return Processes(workers) if name == "processes" else DaskCluster(workers=workers)


def _row(name: str, workers: int, turns: Sequence[_Turn]) -> dict[str, Any]:
    wholes, rates = [turn.whole_s for turn in turns], [turn.steady_per_s for turn in turns]
    return {
        "scheduler": name,
        "workers": workers,
        "whole_s": round(min(wholes), 2),
        "whole_median_s": round(statistics.median(wholes), 2),
        "steady_per_s": round(max(rates), 2),
        "steady_median_per_s": round(statistics.median(rates), 2),
        "cpu_s": round(statistics.median(turn.cpu_s for turn in turns), 2),
        "turns": len(turns),
    }


def _summary(table: Sequence[dict[str, Any]]) -> dict[str, float]:
    """For each scheduler, how many times as fast two workers are as one; of medians."""
    found = {}
    for one, two in zip(table[::2], table[1::2], strict=True):
        assert (one["scheduler"], one["workers"], two["workers"]) == (two["scheduler"], *WORKERS)
        found[f"{one['scheduler']}_whole"] = round(one["whole_median_s"] / two["whole_median_s"], 3)
        found[f"{one['scheduler']}_steady"] = round(two["steady_median_per_s"] / one["steady_median_per_s"], 3)
    return found


def _judged(summary: dict[str, float]) -> list[dict[str, Any]]:
    """`{figure, says, target, value, met}` for each target; `met` is None where there is no figure."""
    judged = []
    for figure, bound, says in TARGETS:
        value = summary.get(figure)
        met = None if value is None else value >= bound
        judged.append({"figure": figure, "says": says, "target": bound, "value": value, "met": met})
    return judged


def main() -> None:
    """Print the result of `run` as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--schedulers", nargs="*", choices=SCHEDULERS)
    options = parser.parse_args()
    sys.stdout.write(json.dumps(run(options.quick, options.schedulers), indent=1) + "\n")


if __name__ == "__main__":
    main()
