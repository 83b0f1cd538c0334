"""The suite for backends, run on files, on the same ledger over memory, and on the plainest reference there is."""

import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from fake_storage import MemoryStorage
from ledger_backend import LedgerBackend, LedgerBackendSuite, Place
from sample_events import Event

from ledger import BeyondHeadError, ConflictError, Ledger, OutOfRangeError
from ledger.segments import create_log

SEGMENT_BYTES_MAX = 2_000
_decode = msgspec.msgpack.Decoder(Event).decode


class LedgerHandle:
    """A `Ledger` as a backend: entries become events on the way in, and come out as the bytes that the log holds."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def append(self, entries: Sequence[bytes], expected_index: int | None = None) -> int:
        return self.ledger.append([_decode(entry) for entry in entries], expected_index)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        return self.ledger.entries(start, stop)

    def head(self) -> int:
        return self.ledger.head().size

    def close(self) -> None:
        self.ledger.close()


class FilePlace:
    """A folder; a crash leaves handles open and half a commit behind the end of the newest segment."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.handles: list[Ledger] = []

    def open(self) -> LedgerBackend:
        ledger = Ledger.open(self.root, events=Event, create=True, wait_s=60, segment_bytes_max=SEGMENT_BYTES_MAX)
        self.handles.append(ledger)
        return LedgerHandle(ledger)

    def crash(self, chance: random.Random) -> None:
        newest = max((self.root / "segments").glob("*.seg"))
        with newest.open("ab") as file:
            file.write(chance.randbytes(chance.randrange(300)))

    def close(self) -> None:
        for handle in self.handles:
            handle.close()


class MemoryPlace:
    """A disk in memory; a crash leaves any part of what was not synced."""

    def __init__(self) -> None:
        self.disk = MemoryStorage()
        create_log(self.disk, bytes(16))

    def open(self) -> LedgerBackend:
        return LedgerHandle(Ledger(self.disk, events=Event, wait_s=60, segment_bytes_max=SEGMENT_BYTES_MAX))

    def crash(self, chance: random.Random) -> None:
        self.disk = self.disk.after_power_cut(chance)


class ListPlace:
    """A list and a lock: what the promises say, and nothing else. It has nothing that a crash could take."""

    def __init__(self) -> None:
        self.log: list[bytes] = []
        self.lock = threading.Lock()

    def open(self) -> LedgerBackend:
        return self

    def append(self, entries: Sequence[bytes], expected_index: int | None = None) -> int:
        if not entries:
            raise OutOfRangeError("number of events", 0, "at least 1")
        with self.lock:
            first = len(self.log)
            if expected_index not in (None, first):
                raise ConflictError(expected_index or 0, first)
            self.log.extend(entries)
            return first

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        size = self.head()
        stop = size if stop is None else stop
        for field, index in (("stop", stop), ("start", start)):
            if index > size:
                raise BeyondHeadError(field, index, size)
        return iter(list(enumerate(self.log[:stop]))[start:])

    def head(self) -> int:
        with self.lock:
            return len(self.log)

    def crash(self, chance: random.Random) -> None:
        """Nothing is under way between two calls."""

    def close(self) -> None:
        """Nothing to let go of."""


class TestFiles(LedgerBackendSuite):
    """The default."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Place]:
        made = FilePlace(tmp_path / "ledger")
        yield made
        made.close()


class TestMemory(LedgerBackendSuite):
    """The same code without files: what differs between the two is the file system's."""

    @pytest.fixture
    def place(self) -> Place:
        return MemoryPlace()


class TestList(LedgerBackendSuite):
    """The reference: a suite that it fails asks for more than was promised."""

    @pytest.fixture
    def place(self) -> Place:
        return ListPlace()
