"""Storages for tests: one in memory that can lose its unsynced writes, and one that fails on demand."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ledger import BusyError, StorageError
from ledger.storage import Storage

SECTOR_BYTES = 512
"""What a disk writes whole or not at all; a larger write may be torn between two of them."""

Write = tuple[str, int, bytes | None]
"""Name, offset and bytes of a write; without bytes a truncation to the offset."""


class MemoryStorage:
    """The Storage protocol over two dicts: what programs see, and what a power cut leaves."""

    def __init__(self, durable: dict[str, bytes] | None = None) -> None:
        self.path = "memory"
        self.durable = dict(durable or {})
        self.live = {name: bytearray(data) for name, data in self.durable.items()}
        self.unsynced: list[Write] = []
        self._lock = threading.Lock()

    def names(self, folder: str = "") -> list[str]:
        prefix = f"{folder}/" if folder else ""
        below = {name.removeprefix(prefix).split("/")[0] for name in self.live if name.startswith(prefix)}
        return sorted(prefix + name for name in below)

    def size(self, name: str) -> int | None:
        return len(self.live[name]) if name in self.live else None

    def read(self, name: str, offset: int, size: int) -> bytes:
        if name not in self.live:
            raise StorageError(f"{self.path}/{name}", "read", "No such file")
        return bytes(self.live[name][offset : offset + size])

    def create(self, name: str, data: bytes) -> None:
        assert name not in self.live, "a file may only be created under a free name"
        self.live[name] = bytearray(data)
        self.durable[name] = data

    def replace(self, name: str, data: bytes) -> None:
        self.live[name] = bytearray(data)
        self.durable[name] = data
        self.drop_dirty(name)

    def put(self, name: str, data: bytes) -> None:
        assert data, "an empty file says nothing"
        self.live[name] = bytearray(data)
        self.unsynced += [(name, 0, data), (name, len(data), None)]

    def settle(self, names: Sequence[str]) -> None:
        for name in names:
            assert name in self.live, "only what was put can be settled"
            self.durable.setdefault(name, b"")
            self.sync(name)

    def remove(self, name: str) -> None:
        """The power cut in which a removed file is still there is left out: it is one before the removal."""
        self.live.pop(name, None)
        self.durable.pop(name, None)
        self.drop_dirty(name)

    def write(self, name: str, offset: int, data: bytes) -> None:
        assert name in self.live, "only an existing file can be written to"
        assert data, "nothing is gained by writing nothing"
        apply_write(self.live, (name, offset, data))
        self.unsynced.append((name, offset, data))

    def truncate(self, name: str, size: int) -> None:
        apply_write(self.live, (name, size, None))
        self.unsynced.append((name, size, None))

    def sync(self, name: str) -> None:
        """Only what is dirty reaches the disk: bytes that a failed sync has dropped stay visible and are lost."""
        disk = {name: bytearray(self.durable[name])}
        for write in self.unsynced:
            if write[0] == name:
                apply_write(disk, write)
        self.durable[name] = bytes(disk[name])
        self.drop_dirty(name)

    def drop_dirty(self, name: str) -> None:
        """Call everything clean, as the kernel does after a sync, whether or not it succeeded."""
        self.unsynced = [write for write in self.unsynced if write[0] != name]

    @contextmanager
    def lock(self, wait_s: float) -> Iterator[None]:
        if not self._lock.acquire(timeout=wait_s):
            raise BusyError(self.path, wait_s)
        try:
            yield
        finally:
            self._lock.release()

    def close(self) -> None:
        """Nothing to let go of."""

    def after_power_cut(self, chance: random.Random) -> "MemoryStorage":
        """Return a disk on which each sector of each unsynced write, in any order, did or did not arrive."""
        disk = {name: bytearray(data) for name, data in self.durable.items()}
        pieces = [piece for write in self.unsynced for piece in sectors(write)]
        keep = chance.choice((0.0, 0.2, 0.5, 0.8, 1.0))
        for piece in pieces:
            if chance.random() < keep:
                apply_write(disk, piece)
        return MemoryStorage({name: bytes(data) for name, data in disk.items()})


def apply_write(files: dict[str, bytearray], write: Write) -> None:
    """Carry out one write; a hole that it leaves reads as zeros."""
    name, offset, data = write
    file = files.setdefault(name, bytearray())
    if data is None:
        del file[offset:]
        return
    file.extend(bytes(max(0, offset - len(file))))
    file[offset : offset + len(data)] = data


def sectors(write: Write) -> Iterator[Write]:
    """Cut a write where a disk may tear it."""
    name, offset, data = write
    if data is None:
        yield write
        return
    at = 0
    while at < len(data):
        size = SECTOR_BYTES - (offset + at) % SECTOR_BYTES
        yield name, offset + at, data[at : at + size]
        at += size


class FaultyStorage:
    """Passes calls on, except the one with the number `fail_at` and all of `fail_verb`.

    Those it refuses ("refused"), or does and then reports as failed ("reported").
    """

    def __init__(self, inner: Storage, fail_at: int = -1, mode: str = "refused", fail_verb: str = "") -> None:
        self.inner = inner
        self.path = inner.path
        self.fail_at = fail_at
        self.mode = mode
        self.fail_verb = fail_verb
        self.calls: list[str] = []

    def _pass(self, verb: str, action: Callable[[], Any]) -> Any:
        failing = len(self.calls) == self.fail_at or verb == self.fail_verb
        self.calls.append(verb)
        if not failing:
            return action()
        if self.mode == "reported":
            action()
        raise StorageError(self.path, verb, "Input/output error", 5)

    def names(self, folder: str = "") -> list[str]:
        return self._pass("names", lambda: self.inner.names(folder))

    def size(self, name: str) -> int | None:
        return self._pass("size", lambda: self.inner.size(name))

    def read(self, name: str, offset: int, size: int) -> bytes:
        return self._pass("read", lambda: self.inner.read(name, offset, size))

    def create(self, name: str, data: bytes) -> None:
        return self._pass("create", lambda: self.inner.create(name, data))

    def replace(self, name: str, data: bytes) -> None:
        return self._pass("replace", lambda: self.inner.replace(name, data))

    def put(self, name: str, data: bytes) -> None:
        return self._pass("put", lambda: self.inner.put(name, data))

    def settle(self, names: Sequence[str]) -> None:
        return self._pass("settle", lambda: self.inner.settle(names))

    def remove(self, name: str) -> None:
        return self._pass("remove", lambda: self.inner.remove(name))

    def write(self, name: str, offset: int, data: bytes) -> None:
        return self._pass("write", lambda: self.inner.write(name, offset, data))

    def truncate(self, name: str, size: int) -> None:
        return self._pass("truncate", lambda: self.inner.truncate(name, size))

    def sync(self, name: str) -> None:
        return self._pass("sync", lambda: self.inner.sync(name))

    def lock(self, wait_s: float) -> AbstractContextManager[None]:
        return self.inner.lock(wait_s)

    def close(self) -> None:
        self.inner.close()
