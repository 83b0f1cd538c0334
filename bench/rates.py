"""Who does how many a second? Contenders take turns in one process; each turn begins with what it prepared, untimed.

Turns go forward and backward, so that a busy moment hits all alike. Python's cycle collector rests during every turn,
for all alike: what the bench itself holds in memory must not weigh on anybody. The clocks are passed in: one of the wall,
and one of this process's CPUs, which a disk that others keep busy does not slow down.
"""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

Clock = Callable[[], float]
"""Seconds."""

PATIENCE_S: Final = 6.0
"""A contender whose turns took this long together sits out the rest: its noise is small beside its time."""

TURNS_MIN: Final = 3
"""So many turns everybody takes, however long: one busy moment of the disk must not decide."""


class Contender(NamedTuple):
    """`job` does `count` things with what `prepare` returned; then `finish` puts that away. Only `job` is timed."""

    name: str
    count: int
    prepare: Callable[[], Any]
    job: Callable[[Any], object]
    finish: Callable[[Any], None] = lambda _: None


class Rates(NamedTuple):
    """Things a second of one contender, over how many turns; and the least CPU time for one thing, in microseconds."""

    best_per_s: float
    median_per_s: float
    turns: int
    cpu_us: float


class _Turn(NamedTuple):
    wall_s: float
    cpu_s: float


def race(
    contenders: Sequence[Contender], turns: int, clock: Clock = time.perf_counter, cpu_clock: Clock = time.process_time
) -> dict[str, Rates]:
    """Let `contenders` take up to `turns` turns each and return their rates by name."""
    taken: dict[str, list[_Turn]] = {one.name: [] for one in contenders}
    for turn in range(turns):
        for one in contenders if turn % 2 == 0 else reversed(contenders):
            if turn < TURNS_MIN or sum(past.wall_s for past in taken[one.name]) <= PATIENCE_S:
                taken[one.name].append(_timed(one, clock, cpu_clock))
    return {one.name: _rates(one.count, taken[one.name]) for one in contenders}


def _rates(count: int, turns: Sequence[_Turn]) -> Rates:
    walls = [turn.wall_s for turn in turns]
    cpu_us = min(turn.cpu_s for turn in turns) / count * 1e6
    return Rates(count / min(walls), count / statistics.median(walls), len(turns), cpu_us)


def _timed(contender: Contender, clock: Clock, cpu_clock: Clock) -> _Turn:
    handed = contender.prepare()
    gc.collect()
    gc.disable()
    try:
        start, start_cpu = clock(), cpu_clock()
        result = contender.job(handed)
        took = _Turn(clock() - start, cpu_clock() - start_cpu)
        del result  # a state of 200,000 events is freed before the next turn, and not while that is timed
    finally:
        gc.enable()
        contender.finish(handed)
    return took
