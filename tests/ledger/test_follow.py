"""Events as they come: all of them, in order, once, and not before they are durable."""

import threading
from typing import ClassVar

import pytest
from fake_storage import FaultyStorage, MemoryStorage
from sample_events import Event, painted

from ledger import BeyondHeadError, Ledger, LedgerClosedError, OutOfRangeError, StorageError
from ledger.segments import create_log
from ledger.storage import Storage


class CountingStorage(FaultyStorage):
    """Counts the bytes of segments that are read."""

    read_bytes = 0

    def read(self, name: str, offset: int, size: int) -> bytes:
        data = super().read(name, offset, size)
        self.read_bytes += len(data) if name != "mark" else 0
        return data


@pytest.fixture
def disk() -> MemoryStorage:
    storage = MemoryStorage()
    create_log(storage, bytes(16))
    return storage


def opened(storage: Storage, *, read_only: bool = False) -> Ledger:
    """Open with small segments, so that followers cross from one to the next."""
    return Ledger(storage, events=Event, segment_bytes_max=300, read_only=read_only)


def test_a_follower_gets_what_others_append_while_it_waits(disk: MemoryStorage) -> None:
    """It pauses only when nothing is new, and stops when it is told to."""
    writer, reader = opened(disk), opened(disk, read_only=True)
    writer.append(painted(4))
    stop = threading.Event()
    pauses: list[float] = []

    def pause(poll_s: float) -> None:
        pauses.append(poll_s)
        if len(pauses) < 4:
            writer.append_many([painted(2, writer.head().size), painted(3, writer.head().size + 2)])
        else:
            stop.set()

    assert list(reader.follow(1, poll_s=7.0, stop=stop, pause=pause)) == list(enumerate(painted(19)))[1:]
    assert pauses == [7.0] * 4
    assert reader.head().segments > 2


def test_a_follower_stops_at_the_very_event(disk: MemoryStorage) -> None:
    """Whoever waits for one event must not be given the one after it."""
    ledger = opened(disk)
    ledger.append(painted(5))
    stop = threading.Event()
    seen = []
    for index, _ in ledger.follow(stop=stop):
        seen.append(index)
        if index == 2:
            stop.set()
    assert seen == [0, 1, 2]
    assert list(ledger.follow(stop=lambda: True)) == []


def test_the_pause_is_the_waiting_of_the_event_that_ends_it(disk: MemoryStorage) -> None:
    """A service that shuts down does not wait for a poll of an hour: setting the event wakes it."""

    class SetWhileWaiting(threading.Event):
        waits: ClassVar[list[float | None]] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.waits.append(timeout)
            self.set()
            return True

    ledger = opened(disk)
    ledger.append(painted(1))
    assert list(ledger.follow(poll_s=3_600.0, stop=SetWhileWaiting())) == list(enumerate(painted(1)))
    assert SetWhileWaiting.waits == [3_600.0]


def test_what_is_not_durable_is_not_seen(disk: MemoryStorage) -> None:
    """A commit above the mark may be gone after a power cut; a follower has then told of what never was."""
    ledger = opened(disk)
    mark = bytes(disk.live["mark"])
    ledger.append(painted(2))
    disk.live["mark"][:] = mark
    reader = opened(disk, read_only=True)
    rounds = iter((False, False, True))
    assert list(reader.follow(stop=lambda: next(rounds), pause=lambda _: None)) == []


def test_following_reads_only_what_is_new(disk: MemoryStorage) -> None:
    """Its cost is that of the news, however long the log is, and two followers of one object do not disturb each
    other."""
    writer = Ledger(disk, events=Event)
    writer.append(painted(100))
    counting = CountingStorage(disk)
    ledger = Ledger(counting, events=Event, read_only=True)
    one, two = (ledger.follow(100, stop=lambda: False, pause=lambda _: pytest.fail("there is news")) for _ in range(2))
    for at in range(100, 120):
        writer.append(painted(1, at))
        assert next(one) == (at, *painted(1, at))
        if at % 2:
            assert [next(two), next(two)] == list(enumerate(painted(2, at - 1), at - 1))
    counting.read_bytes = 0
    writer.append(painted(1, 120))
    assert next(one) == (120, *painted(1, 120))
    assert next(two) == (120, *painted(1, 120))
    assert counting.read_bytes < 1_000


def test_what_cannot_be_followed_is_refused_by_the_call(disk: MemoryStorage) -> None:
    """The call itself raises, not a loop far away; a storage that fails later is told by the loop."""
    faulty = FaultyStorage(disk)
    ledger = opened(faulty)
    with pytest.raises(BeyondHeadError):
        ledger.follow(1)
    for poll_s in (0.0, -1.0, 3_601.0, float("nan")):
        with pytest.raises(OutOfRangeError, match="poll_s"):
            ledger.follow(poll_s=poll_s)
    following = ledger.follow(pause=lambda _: None)
    faulty.fail_verb = "read"
    with pytest.raises(StorageError):
        next(following)
    faulty.fail_verb = ""
    following = ledger.follow(pause=lambda _: ledger.close())
    with pytest.raises(LedgerClosedError):
        next(following)
