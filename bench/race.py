"""Who is how fast? Contenders take turns on one machine in one process, and each keeps its best and its median.

Turns go forward and backward, so that a busy moment hits all alike and nobody always runs behind the same neighbour.
The clock is passed in.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bench.cases import Contender

Clock = Callable[[], float]
"""Seconds."""

PATIENCE_MS = 900.0
"""A contender whose rounds took this long together sits out the rest: its noise is small beside its time."""


class Times(NamedTuple):
    """Milliseconds of one contender, over how many rounds."""

    best_ms: float
    median_ms: float
    rounds: int


def timed(job: Callable[[], object], clock: Clock = time.perf_counter) -> float:
    """Return the milliseconds that one call of `job` takes."""
    start = clock()
    job()
    return (clock() - start) * 1e3


def race(
    contenders: Sequence[Contender], rounds: int, first_ms: Mapping[str, float], clock: Clock = time.perf_counter
) -> dict[str, Times]:
    """Let `contenders` take up to `rounds` turns each and return their times by name.

    `first_ms` is what some took for a run before. That warmed up memory, and counts for those only who lost our patience
    with it alone; who is not in `first_ms` runs in any case.
    """
    slow = {name: ms for name, ms in first_ms.items() if ms > PATIENCE_MS}
    taken = {one.name: [slow[one.name]] if one.name in slow else [] for one in contenders}
    for turn in range(rounds):
        for name, job, *_ in contenders if turn % 2 == 0 else reversed(contenders):
            if sum(taken[name]) <= PATIENCE_MS:
                taken[name].append(timed(job, clock))
    return {name: Times(min(all_ms), statistics.median(all_ms), len(all_ms)) for name, all_ms in taken.items()}
