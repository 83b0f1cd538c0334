"""A log without a lock gives an index and loses it: what is left of a group is planned anew, and nobody is told a wrong index."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import BusyError, ConflictError, LostRaceError, StorageError, group_commit
from ledger.group_commit import GroupCommit, Request, batch_of


class RacingLog:
    """Entry runs in a list; before each commit others may append, as `others` says how many events."""

    path = "racing"

    def __init__(self, others: Callable[[], int]) -> None:
        self.others = others
        self.runs: list[bytes] = []
        self.size = 0
        self.on_writing: Callable[[], None] = lambda: None

    def check_writable(self) -> None:
        """Always."""

    @contextmanager
    def writing(self, wait_s: float) -> Iterator[int]:
        assert wait_s >= 0
        self.on_writing()
        self.planned = self.size
        yield self.size

    def commit(self, body: bytes, leaves: Sequence[bytes]) -> int:
        self.size += self.others()
        if self.size != self.planned:
            raise LostRaceError(self.path, self.planned)
        self.runs.append(body)
        self.size += len(leaves)
        self.planned = self.size
        return self.size - len(leaves)


def grouped(log: RacingLog, wait_s: float = 60.0) -> GroupCommit:
    return GroupCommit(log, wait_s)  # type: ignore[arg-type]


@given(st.lists(st.integers(0, 3), max_size=20), st.lists(st.integers(1, 4), min_size=1, max_size=8))
def test_batches_are_written_once_each_at_the_index_that_is_told(races: list[int], counts: list[int]) -> None:
    """The law, however often and at which commit the race is lost."""
    others = iter(races)
    log = RacingLog(lambda: next(others, 0))
    batches = [batch_of([bytes([at, n]) for n in range(count)]) for at, count in enumerate(counts)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group_commit, "COMMIT_EVENTS_MAX", 4)
        firsts = grouped(log).append(batches)
    assert b"".join(log.runs) == b"".join(batch.body for batch in batches)
    assert log.size == sum(counts) + sum(races) - sum(others)
    assert firsts == sorted(firsts)
    assert all(b - a >= count for a, b, count in zip(firsts, [*firsts[1:], log.size], counts, strict=True))


def test_a_condition_is_judged_by_what_is_there_now() -> None:
    """The plan that was lost had accepted it."""
    races = iter([2])
    log = RacingLog(lambda: next(races, 0))
    with pytest.raises(ConflictError) as caught:
        grouped(log).append([batch_of([b"x"])], expected_index=0)
    assert (caught.value.expected_index, caught.value.actual_index) == (0, 2)
    assert log.runs == []


def test_whoever_always_comes_second_is_told_so_in_time() -> None:
    """Without a lock there is no line among processes, so there is a bound."""
    log = RacingLog(lambda: 1)
    with pytest.raises(BusyError):
        grouped(log, 0.02).append([batch_of([b"x"])])
    assert log.runs == []


def test_whoever_is_cut_off_in_the_middle_is_told_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing written would be a lie then."""
    monkeypatch.setattr(group_commit, "COMMIT_EVENTS_MAX", 2)
    log = RacingLog(lambda: min(len(log.runs), 1))
    with pytest.raises(StorageError, match="the first 2 batches are written"):
        grouped(log, 0.02).append([batch_of([bytes([at])]) for at in range(6)])
    assert log.runs == [b"\0\1\0\0\1\1"]


def test_a_thread_that_went_away_during_a_lost_race_is_not_waited_for() -> None:
    """Put back at the head of the line it would lead, and never come."""
    log = RacingLog(lambda: 0)
    group = grouped(log)
    ghost = Request([batch_of([b"ghost"])], None, 0.0)

    def appear() -> None:
        log.on_writing = lambda: None
        group._line.append(ghost)

    def vanish() -> int:
        log.others = lambda: 0
        group._leave(ghost)
        return 1

    log.on_writing, log.others = appear, vanish
    assert group.append([batch_of([b"own"])]) == [1]
    assert log.runs == [b"\0\3own"]
    assert group.append([batch_of([b"next"])]) == [2]
