"""Turns are fair and times are told from the clock alone."""

from collections.abc import Callable

import numpy as np

from bench.cases import Contender
from bench.race import PATIENCE_MS, race

NOTHING = np.zeros((1, 1, 4), np.uint8)


class _Clock:
    """Stands still but for what jobs add to it, in milliseconds."""

    def __init__(self) -> None:
        self.now_ms = 0.0
        self.order: list[str] = []

    def __call__(self) -> float:
        return self.now_ms / 1e3

    def contender(self, name: str, *taken_ms: float) -> Contender:
        turns = iter(taken_ms)

        def job() -> object:
            self.order.append(name)
            self.now_ms += next(turns)
            return NOTHING

        return Contender(name, job, False)


def _raced(
    clock: _Clock, contenders: list[Contender], rounds: int, first_ms: dict[str, float]
) -> Callable[[str], object]:
    return race(contenders, rounds, first_ms, clock).__getitem__


def test_best_and_median_of_the_rounds() -> None:
    clock = _Clock()
    of = _raced(clock, [clock.contender("a", 5, 3, 10), clock.contender("b", 1, 1, 1)], 3, {})
    assert [round(value, 6) for value in of("a")] == [3, 5, 3]
    assert [round(value, 6) for value in of("b")] == [1, 1, 3]


def test_turns_go_forward_and_backward() -> None:
    """Nobody always runs behind the same neighbour, whose pixels fill the cache."""
    clock = _Clock()
    race([clock.contender(name, 1, 1, 1) for name in "abc"], 3, {}, clock)
    assert "".join(clock.order) == "abccbaabc"


def test_a_slow_contender_sits_out() -> None:
    """A peer of ten seconds must not make the bench take an hour."""
    clock = _Clock()
    slow = clock.contender("slow", PATIENCE_MS * 0.7, PATIENCE_MS * 0.7)
    of = _raced(clock, [slow, clock.contender("quick", 1, 1, 1, 1)], 4, {})
    assert (of("slow")[2], of("quick")[2]) == (2, 4)


def test_a_very_slow_contender_is_not_run_again() -> None:
    """The run that made the checked picture is its time."""
    clock = _Clock()
    of = _raced(
        clock, [clock.contender("slow"), clock.contender("quick", 1)], 1, {"slow": PATIENCE_MS * 9, "quick": 50}
    )
    assert tuple(of("slow")) == (PATIENCE_MS * 9, PATIENCE_MS * 9, 1)
    assert clock.order == ["quick"]
