"""Many threads, one sync: what is shared is the time, and nothing else that a caller could see."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from fake_storage import MemoryStorage
from hypothesis import given
from hypothesis import strategies as st
from sample_events import Event, Painted, painted

from ledger import BusyError, ConflictError, InvalidEventError, Ledger, OutOfRangeError, StorageError, group_commit
from ledger.group_commit import Batch, GroupCommit, Request, plan_group
from ledger.segments import create_log
from ledger.storage_file import FileStorage


class SlowDisk(MemoryStorage):
    """A storage whose next sync waits until the test lets it end, and whose later ones fail if the test says so."""

    def __init__(self) -> None:
        super().__init__()
        create_log(self, bytes(16))
        self.syncs = self.locks = 0
        self.armed = False
        self.is_syncing = threading.Event()
        self.may_end = threading.Event()
        self.failure: BaseException | None = None

    def lock(self, wait_s: float) -> AbstractContextManager[None]:
        self.locks += 1
        return super().lock(wait_s)

    def sync(self, name: str) -> None:
        self.syncs += 1
        if self.armed:
            self.armed = False
            self.is_syncing.set()
            assert self.may_end.wait(60), "the test forgot to let the sync end"
        elif self.failure is not None:
            raise self.failure
        super().sync(name)


class Line:
    """A ledger whose first append is held in its sync while others line up behind it in the order of `join`."""

    def __init__(self, patch: pytest.MonkeyPatch, **options: object) -> None:
        self.disk = SlowDisk()
        self.ledger = Ledger(self.disk, events=Event, **options)  # type: ignore[arg-type]
        self.outcomes: dict[int, object] = {}
        self.threads: list[threading.Thread] = []
        self.joined = threading.Semaphore(0)
        leads = GroupCommit._leads

        def announced(group: GroupCommit, request: Request) -> bool:
            leading = leads(group, request)
            self.joined.release()
            return leading

        patch.setattr(GroupCommit, "_leads", announced)

    def join(self, action: Callable[[], object]) -> None:
        """Let a new thread append; returns when it is in line."""
        number = len(self.threads)

        def work() -> None:
            try:
                self.outcomes[number] = action()
            except BaseException as error:  # noqa: BLE001 - the test looks at whatever it is
                self.outcomes[number] = error

        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()
        assert self.joined.acquire(timeout=60)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the first append in its sync during the block, then let all threads finish."""
        self.disk.armed = True
        self.join(lambda: self.ledger.append([Painted("first")]))
        assert self.disk.is_syncing.wait(60)
        self.disk.syncs = self.disk.locks = 0
        yield
        self.disk.may_end.set()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive(), "an append never came back"


def test_those_in_line_share_one_sync_in_the_order_of_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    """This is all the speed there is to win: the disk is asked once for all of them."""
    line = Line(monkeypatch)
    with line.held():
        for at in range(20):
            line.join(lambda at=at: line.ledger.append(painted(1 + at % 3, 3 * at)))
    firsts = [line.outcomes[number] for number in range(21)]
    expected = [Painted("first"), *(event for at in range(20) for event in painted(1 + at % 3, 3 * at))]
    assert [event for _, event in line.ledger.read()] == expected
    assert firsts == [0, *(1 + sum(1 + at % 3 for at in range(number)) for number in range(20))]
    assert line.disk.syncs == 1


def test_a_conflict_in_a_group_concerns_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each conditional append is judged by what stands before it, as if it had come alone."""
    line = Line(monkeypatch)
    with line.held():
        line.join(lambda: line.ledger.append(painted(2), expected_index=1))
        line.join(lambda: line.ledger.append(painted(2), expected_index=1))
        line.join(lambda: line.ledger.append(painted(1, 7), expected_index=3))
        line.join(lambda: line.ledger.append(painted(1, 9)))
    refused = line.outcomes.pop(2)
    assert line.outcomes == {0: 0, 1: 1, 3: 3, 4: 4}
    assert isinstance(refused, ConflictError)
    assert (refused.expected_index, refused.actual_index) == (1, 3)
    assert [event for _, event in line.ledger.read(1)] == [*painted(2), *painted(1, 7), *painted(1, 9)]


def test_a_failed_sync_is_told_to_all_of_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is on the disk for certain, conflicts included, since they rest on those that are not."""
    line = Line(monkeypatch)
    with line.held():
        for at in range(4):
            line.join(lambda at=at: line.ledger.append(painted(1, at), expected_index=99 if at == 2 else None))
        line.disk.failure = StorageError("memory/segments", "sync", "Input/output error", 5)
    assert line.outcomes[0] == 0
    failures = [line.outcomes[number] for number in range(1, 5)]
    assert all(isinstance(error, StorageError) and error.errno == 5 for error in failures), failures
    assert len({id(error) for error in failures}) == 4
    with pytest.raises(StorageError, match="open the ledger again"):
        line.ledger.append(painted(1))


def test_an_interrupted_leader_does_not_leave_its_group_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C reaches one thread; the others learn that they cannot know, and the ledger goes on."""
    line = Line(monkeypatch)
    with line.held():
        for at in range(3):
            line.join(lambda at=at: line.ledger.append(painted(1, at)))
        line.disk.failure = KeyboardInterrupt()
    line.disk.failure = None
    assert isinstance(line.outcomes[1], KeyboardInterrupt)
    assert all(isinstance(line.outcomes[number], StorageError) for number in (2, 3))
    assert line.ledger.append(painted(1, 50)) in (1, 4)


def test_a_thread_that_is_interrupted_in_line_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line whose head has gone away would never move again."""
    line = Line(monkeypatch)
    leads = GroupCommit._leads

    class Interrupted:
        def acquire(self) -> None:
            raise KeyboardInterrupt

    def interrupted(group: GroupCommit, request: Request) -> bool:
        leading = leads(group, request)
        if threading.current_thread() is threading.main_thread():
            request.turn = Interrupted()  # type: ignore[assignment]
        return leading

    monkeypatch.setattr(GroupCommit, "_leads", interrupted)
    with line.held():
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                line.ledger.append(painted(1, 77))
        line.join(lambda: line.ledger.append(painted(1, 5)))
    assert line.outcomes == {0: 0, 1: 1}
    assert [event for _, event in line.ledger.read()] == [Painted("first"), *painted(1, 5)]


def test_a_thread_that_is_interrupted_just_as_it_is_to_lead_lets_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst moment: everybody relies on it, and nobody else knows."""
    line = Line(monkeypatch)
    leads = GroupCommit._leads

    class Interrupted:
        def __init__(self, turn: threading.Lock) -> None:
            self.turn = turn
            self.release = turn.release

        def acquire(self) -> None:
            self.turn.acquire()
            raise KeyboardInterrupt

    def interrupted(group: GroupCommit, request: Request) -> bool:
        leading = leads(group, request)
        if len(line.threads) == 2:
            assert request.turn is not None
            request.turn = Interrupted(request.turn)  # type: ignore[assignment]
        return leading

    monkeypatch.setattr(GroupCommit, "_leads", interrupted)
    with line.held():
        for at in range(3):
            line.join(lambda at=at: line.ledger.append(painted(1, at)))
    assert isinstance(line.outcomes.pop(1), KeyboardInterrupt)
    assert line.outcomes == {0: 0, 2: 1, 3: 2}


def test_everybody_in_line_waits_no_longer_than_allowed(tmp_path: Path) -> None:
    """A lock that another process keeps is told to each of them, and nothing of theirs is written later."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True, wait_s=0.05) as ledger:
        blocker = FileStorage(tmp_path / "ledger")
        errors: list[BusyError] = []

        def work() -> None:
            with pytest.raises(BusyError) as caught:
                ledger.append(painted(1))
            errors.append(caught.value)

        threads = [threading.Thread(target=work) for _ in range(5)]
        with blocker.lock(1.0):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
        blocker.close()
        assert [error.wait_s for error in errors] == [0.05] * 5
        assert ledger.append(painted(1)) == 0


def test_many_batches_share_a_sync_and_keep_their_ranges() -> None:
    """One thread that has much to say pays once."""
    disk = SlowDisk()
    ledger = Ledger(disk, events=Event)
    disk.syncs = 0
    assert ledger.append_many([painted(2), painted(1, 2), painted(3, 3)]) == [0, 2, 3]
    assert disk.syncs == 1
    assert ledger.append_many([]) == []
    assert [event for _, event in ledger.read()] == painted(6)


def test_one_refused_batch_refuses_all_before_anything_is_written() -> None:
    """Half of a list that was checked too late would have to be found and taken back by hand."""
    ledger = Ledger(SlowDisk(), events=Event)
    with pytest.raises(InvalidEventError):
        ledger.append_many([painted(2), [Painted(3)]])  # type: ignore[arg-type]
    with pytest.raises(OutOfRangeError):
        ledger.append_many([painted(2), []])
    assert ledger.head().size == 0


def test_a_group_beyond_the_limits_of_a_commit_becomes_several(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame counts its events in 16 bits; whoever exceeds that together must not notice."""
    monkeypatch.setattr(group_commit, "COMMIT_EVENTS_MAX", 5)
    line = Line(monkeypatch)
    with line.held():
        for at in range(6):
            line.join(lambda at=at: line.ledger.append(painted(2, 2 * at)))
        line.join(lambda: line.ledger.append_many([painted(2, at) for at in range(12, 20, 2)]))
    assert [line.outcomes[number] for number in range(8)] == [0, 1, 3, 5, 7, 9, 11, [13, 15, 17, 19]]
    assert [event for _, event in line.ledger.read(1)] == painted(20)
    assert line.disk.syncs == 5
    assert line.disk.locks == 4, "who waits for one commit should not wait for those behind it"


REQUESTS = st.lists(
    st.tuples(st.lists(st.integers(1, 5), min_size=1, max_size=4), st.none() | st.integers(0, 20)), max_size=8
)


@given(REQUESTS, st.integers(0, 10), st.integers(5, 12), st.integers(10, 30))
def test_a_plan_answers_as_if_each_had_come_alone(wanted, size: int, events_max: int, bytes_max: int) -> None:
    """The law of the group: sharing changes neither indexes, nor refusals, nor order."""
    requests = [
        Request([Batch(bytes([at]) * count, [bytes([at])] * count) for count in counts], expected, 0.0)
        for at, (counts, expected) in enumerate(wanted)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(group_commit, "COMMIT_EVENTS_MAX", events_max)
        patch.setattr(group_commit, "COMMIT_BYTES_MAX", bytes_max)
        plan = plan_group(requests, size)
    index, kept = size, []
    for request, outcome in zip(requests, plan.outcomes, strict=True):
        if request.expected_index not in (None, index):
            assert isinstance(outcome, ConflictError)
            assert (outcome.expected_index, outcome.actual_index) == (request.expected_index, index)
            continue
        assert outcome == [index + sum(each.event_count for each in request.batches[:at]) for at in range(len(outcome))]
        kept += request.batches
        index += sum(batch.event_count for batch in request.batches)
    assert [batch for commit in plan.commits for batch in commit] == kept
    for commit in plan.commits:
        assert 0 < sum(batch.event_count for batch in commit) <= events_max
        assert sum(len(batch.body) for batch in commit) <= bytes_max
