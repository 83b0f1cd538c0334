"""How do several processes and threads agree on who draws, while the others wait? One byte of a file is locked for each key.

Open-file-description locks (`fcntl(2)`, F_OFD_SETLKW) belong to one opening of the file, so threads exclude each other as
processes do, and a process that dies lets go. The file stays empty; a lock may lie beyond its end.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = "turns.lock"
_OFFSET_DIGITS = 15
"""Hex digits of a key that become the locked byte's offset: 60 bits, below the largest offset of 63."""
_FLOCK = "hhqqi4x"
"""struct flock of Linux on 64 bits: type, whence, start, length, pid."""


@contextmanager
def turn(store: Path, key: str) -> Iterator[None]:
    """Hold the turn for `key` (hex) of the store at `store`, waiting while somebody else holds it.

    Two keys with the same first 15 digits share a turn, which costs a wait and nothing else. Not reentrant.
    """
    fd = os.open(store / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        place = int(key[:_OFFSET_DIGITS], 16)
        fcntl.fcntl(fd, fcntl.F_OFD_SETLKW, struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0))
        yield
    finally:
        os.close(fd)  # which lets go of the lock
