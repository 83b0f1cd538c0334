"""What must any place that keeps a ledger do? One suite for all of them: files now, a database or object storage later.

A backend has four verbs over opaque entries. Its promises, each of which is a test below: an append is whole, durable
and visible to every handle when it returns; indexes have no gaps and are never given twice, however many append at once;
a conditional append succeeds exactly when nothing came before it; a read sees a prefix that never changes; and a crash
takes nothing that was acknowledged.

To try a backend, subclass `LedgerBackendSuite` and give it a `place`.
"""

import random
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
import pytest
from sample_events import Painted

from ledger import BeyondHeadError, ConflictError, OutOfRangeError

WRITERS = 6
ROUNDS = 12


class LedgerBackend(Protocol):
    """A handle to one log. Safe for many threads."""

    def append(self, entries: Sequence[bytes], expected_index: int | None = None) -> int:
        """Append `entries` as one commit and return the index of the first; durable on return.

        Raises OutOfRangeError for none at all, ConflictError unless `expected_index` is the next index.
        """
        ...

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield (index, entry) of [start, stop), by default to the head as of this call. Raises BeyondHeadError."""
        ...

    def head(self) -> int:
        """Return the number of entries that are durable."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class Place(Protocol):
    """Where one log lies, empty at first."""

    def open(self) -> LedgerBackend:
        """Return a new handle, as another process would have; the first one makes the log."""
        ...

    def crash(self, chance: random.Random) -> None:
        """Lose power: handles are gone, and of what was not durable any part may be."""
        ...


def entries(count: int, start: int = 0, size: int = 10) -> list[bytes]:
    """Return `count` different entries of about `size` bytes; events, because a ledger refuses other bytes."""
    return [msgspec.msgpack.encode(Painted(f"{at}".ljust(size, "."), at)) for at in range(start, start + count)]


class LedgerBackendSuite(ABC):
    """The tests. `place` is a fixture of the subclass."""

    @pytest.fixture
    @abstractmethod
    def place(self) -> Place:
        """Return an empty place."""

    @pytest.fixture
    def log(self, place: Place) -> Iterator[LedgerBackend]:
        """One handle to an empty log."""
        handle = place.open()
        yield handle
        handle.close()

    def test_an_empty_log_has_a_head_and_nothing_to_read(self, log: LedgerBackend) -> None:
        """The state before the first event is a state."""
        assert log.head() == 0
        assert list(log.read()) == []

    def test_entries_come_back_as_they_were_in_order(self, log: LedgerBackend) -> None:
        """Byte for byte, since proofs are about bytes; from a few of them to the most that an entry holds."""
        given = [*entries(300), *entries(3, 300, 5_000), *entries(1, 303, 65_500)]
        firsts = [log.append(given[at : at + 16]) for at in range(0, len(given), 16)]
        assert firsts == list(range(0, len(given), 16))
        assert list(log.read()) == list(enumerate(given))
        assert log.head() == len(given)

    def test_any_range_is_the_slice_of_the_whole(self, log: LedgerBackend) -> None:
        """Ranges begin and end inside commits; an empty one is no error."""
        given = entries(30)
        for at in range(0, 30, 5):
            log.append(given[at : at + 5])
        for start in range(0, 31, 3):
            for stop in range(0, 31, 4):
                assert list(log.read(start, stop)) == list(enumerate(given))[start:stop]

    def test_a_range_beyond_the_head_is_refused_by_the_call(self, log: LedgerBackend) -> None:
        """Silence about what is not there yet would look like an end."""
        log.append(entries(3))
        for start, stop in ((4, None), (0, 4)):
            with pytest.raises(BeyondHeadError):
                log.read(start, stop)

    def test_nothing_is_not_appended(self, log: LedgerBackend) -> None:
        """An index must belong to something."""
        with pytest.raises(OutOfRangeError):
            log.append([])
        assert log.head() == 0

    def test_a_conditional_append_succeeds_only_at_its_index(self, log: LedgerBackend) -> None:
        """The error says both indexes, and nothing was written."""
        assert log.append(entries(2), expected_index=0) == 0
        for wrong in (0, 1, 3):
            with pytest.raises(ConflictError) as caught:
                log.append(entries(1), expected_index=wrong)
            assert (caught.value.expected_index, caught.value.actual_index) == (wrong, 2)
        assert log.append(entries(1, 2), expected_index=2) == 2
        assert list(log.read()) == list(enumerate(entries(3)))

    def test_handles_see_each_other_at_once(self, place: Place, log: LedgerBackend) -> None:
        """What one has been told is done is there for all."""
        other = place.open()
        for at in range(0, 20, 2):
            assert log.append(entries(1, at)) == at
            assert other.head() == at + 1
            assert other.append(entries(1, at + 1), expected_index=at + 1) == at + 1
            assert list(log.read(at)) == list(enumerate(entries(2, at), at))
        other.close()

    def test_a_read_keeps_to_the_head_that_it_began_with(self, place: Place, log: LedgerBackend) -> None:
        """A read that runs on while others append must end, and must not see half of what they do."""
        log.append(entries(5))
        reading = log.read()
        next(reading)
        other = place.open()
        other.append(entries(50, 5))
        other.close()
        assert len(list(reading)) == 4

    def test_many_writers_leave_no_gap_and_lose_nothing(self, place: Place, log: LedgerBackend) -> None:
        """The complaint about event stores: positions that are skipped, given twice, or visible out of order."""
        got: dict[int, bytes] = {}

        def work(number: int, handle: LedgerBackend) -> None:
            for at in range(ROUNDS):
                mine = entries(1 + at % 3, 10_000 * number + 3 * at)
                first = handle.append(mine)
                got.update(enumerate(mine, first))
                assert [entry for _, entry in handle.read(first, first + len(mine))] == mine

        handles = [log if number % 2 else place.open() for number in range(WRITERS)]
        _together([lambda number=number, handle=handle: work(number, handle) for number, handle in enumerate(handles)])
        assert sorted(got) == list(range(log.head()))
        assert len(got) == WRITERS * sum(1 + at % 3 for at in range(ROUNDS))
        assert dict(log.read()) == got
        for handle in handles:
            if handle is not log:
                handle.close()

    def test_of_those_who_expect_the_same_index_exactly_one_succeeds(self, place: Place, log: LedgerBackend) -> None:
        """This is what decisions are built on: two of them about one state cannot both be made."""
        handles = [log if number % 2 else place.open() for number in range(WRITERS)]
        for at in range(ROUNDS):
            won: list[int] = []

            def work(number: int, handle: LedgerBackend, at: int = at, won: list[int] = won) -> None:
                with suppress(ConflictError):
                    handle.append(entries(1, number), expected_index=at)
                    won.append(number)

            _together(
                [lambda number=number, handle=handle: work(number, handle) for number, handle in enumerate(handles)]
            )
            assert len(won) == 1
            assert list(log.read(at)) == [(at, *entries(1, won[0]))]
        for handle in handles:
            if handle is not log:
                handle.close()

    def test_a_crash_takes_nothing_that_was_acknowledged(self, place: Place) -> None:
        """Again and again, each time with appends after it."""
        chance = random.Random(11)
        size = 0
        for _ in range(15):
            handle = place.open()
            assert list(handle.read()) == list(enumerate(entries(size)))
            for _ in range(chance.randrange(4)):
                count = chance.randrange(1, 40)
                assert handle.append(entries(count, size)) == size
                size += count
            place.crash(chance)


def _together(actions: Sequence[Callable[[], None]]) -> None:
    """Run all at once, and fail with the first failure."""
    failures: list[BaseException] = []

    def work(action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - it is raised again below, in the thread of the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "an append never came back"
    if failures:
        raise failures[0]
