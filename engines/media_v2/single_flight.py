"""How do several processes and threads agree on who draws, while the others wait? They take turns, one for each key.

Waiting saves work; that nothing is recorded twice does not rest on it. In a folder one byte of a file is locked for each key.
Open-file-description locks (`fcntl(2)`, F_OFD_SETLKW) belong to one opening of the file, so threads exclude each other as
processes do, and a process that dies lets go. The file stays empty; a lock may lie beyond its end.
"""

import fcntl
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

LOCK_FILE = "turns.lock"
_OFFSET_DIGITS = 15
"""Hex digits of a key that become the locked byte's offset: 60 bits, below the largest offset of 63."""
_FLOCK = "hhqqi4x"
"""struct flock of Linux on 64 bits: type, whence, start, length, pid."""


class Turns(Protocol):
    """Who may draw what now, among all that have one store open."""

    def turn(self, key: str) -> AbstractContextManager[None]:
        """Hold the turn for `key` (hex), waiting while somebody else holds it. Not reentrant."""
        ...

    def close(self) -> None:
        """Let go of what is held open."""
        ...


class FolderTurns:
    """Turns among the threads and processes of one machine, by a file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """See `Turns`. Two keys with the same first 15 digits share a turn, which costs a wait and nothing else."""
        fd = os.open(self._folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            place = int(key[:_OFFSET_DIGITS], 16)
            fcntl.fcntl(fd, fcntl.F_OFD_SETLKW, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0))
            yield
        finally:
            os.close(fd)  # which lets go of the lock

    def close(self) -> None:
        """Nothing is held open between turns."""


class ThreadTurns:
    """Turns among the threads of this process, for stores that have no place for locks. Others may draw the same meanwhile."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[threading.Lock, int]] = {}
        self._gate = threading.Lock()

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """See `Turns`."""
        with self._gate:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = lock, users + 1
        try:
            with lock:
                yield
        finally:
            with self._gate:
                _, users = self._locks.pop(key)
                if users > 1:
                    self._locks[key] = lock, users - 1

    def close(self) -> None:
        """Nothing is held open."""
