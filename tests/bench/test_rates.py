"""Turns are fair: everybody prepares outside the clock, nobody always goes first, and the slow do not hold up the rest."""

import gc

import pytest

from bench.rates import PATIENCE_S, TURNS_MIN, Contender, race


class _Clock:
    """Seconds that only pass when somebody works."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def __call__(self) -> float:
        return self.now

    def contender(self, name: str, *seconds: float, count: int = 10) -> Contender:
        """Takes `seconds`, one after the other and then again; preparing and finishing take an hour."""
        left: list[float] = []

        def hour(*_: object) -> list[str]:
            self.now += 3600
            return [name]

        def job(handed: list[str]) -> None:
            left[:] = left or list(seconds)
            self.now += left.pop(0)
            self.order += handed

        return Contender(name, count, hour, job, hour)


def test_best_and_median_count_the_job_alone() -> None:
    clock = _Clock()
    rates = race([clock.contender("one", 2.0, 0.5, 1.0)], 3, clock, clock)
    assert rates["one"] == (20.0, 10.0, 3, 50_000.0)


def test_turns_go_forward_and_backward() -> None:
    clock = _Clock()
    race([clock.contender("a", 0.1), clock.contender("b", 0.1)], 3, clock)
    assert clock.order == ["a", "b", "b", "a", "a", "b"]


def test_the_slow_sit_out_the_rest() -> None:
    clock = _Clock()
    rates = race([clock.contender("slow", PATIENCE_S + 1), clock.contender("quick", 0.1)], 5, clock)
    assert (rates["slow"].turns, rates["quick"].turns) == (TURNS_MIN, 5)


def test_the_collector_rests_during_a_turn_and_comes_back() -> None:
    seen: list[bool] = []
    race([Contender("one", 1, lambda: None, lambda _: seen.append(gc.isenabled()))], 1)
    assert seen == [False]
    assert gc.isenabled()


def test_what_was_prepared_is_put_away_after_a_failure() -> None:
    """A bench that fails must not leave stores behind."""
    put_away: list[str] = []

    def fail(_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        race([Contender("one", 1, lambda: "store", fail, put_away.append)], 1)
    assert put_away == ["store"]
    assert gc.isenabled()
