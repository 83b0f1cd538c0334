"""Which blobs of a store elsewhere are kept on this machine, and for how long? A bounded folder, least recently used goes first.

The folder may be deleted at any time, is safe for several processes, and is never believed: each file is hashed when it is read, and a
damaged one is fetched again and replaced. It is no part of the store: audits and copies go past it (`BlobStore.stream`, `size`,
`files`). Times of last use are the files' modification times, which nothing else of the cache uses.
"""

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from engines.media_v2.blobs import TEMPORARY_PREFIX, BlobStore, FolderBlobs, StoredFile
from engines.media_v2.errors import BlobDamagedError, BlobMissingError
from engines.media_v2.scope import Scope

CACHE_BYTES_DEFAULT = 4 << 30
LARGEST_SHARE = 4
"""A blob larger than one part in four of the cache is passed on without being kept: it would throw out everything else."""
ROOM_SHARE = 10
"""When the cache is full, one part in ten is freed, so that not every new blob has to look through the folder."""
TEMPORARY_AGE_S = 3600
"""A temporary file that is older was left by a process that died."""
LOCK_FILE = "cache.lock"
"""Held while files come and go; holds how many bytes the cache has, as decimal digits."""
_COUNT_BYTES_MAX = 32


class CacheCounts(NamedTuple):
    """What this object has seen since it was made."""

    hits: int
    misses: int
    damaged: int
    """Files that were not what they were called, and were fetched again; also counted as misses."""
    unkept: int
    """Blobs that could not be kept, because this machine's disk refused; they were served all the same."""


class CachedBlobs:
    """`remote` with a cache of at most `bytes_max` bytes in `folder`. A `BlobStore`, safe for many threads and processes.

    The bound is on what is kept; what is being fetched at the moment comes on top. Two callers who miss the same blob both fetch it.
    """

    def __init__(self, remote: BlobStore, folder: Path, bytes_max: int = CACHE_BYTES_DEFAULT) -> None:
        self.remote = remote
        self._folder = folder
        self._bytes_max = bytes_max
        self._kept = FolderBlobs(folder / "blobs")
        self._counts = CacheCounts(0, 0, 0, 0)
        self._counting = threading.Lock()

    def __reduce__(self) -> tuple[type["CachedBlobs"], tuple[BlobStore, Path, int]]:
        """Another process shares the folder, and counts for itself."""
        return CachedBlobs, (self.remote, self._folder, self._bytes_max)

    @property
    def counts(self) -> CacheCounts:
        """How well the cache does."""
        return self._counts

    def put(self, scope: Scope, content: bytes) -> str:
        """Store in `remote`, and keep it here: what was just made is read soon."""
        sha256 = self.remote.put(scope, content)
        self._keep_bytes(scope, sha256, content)
        return sha256

    def get(self, scope: Scope, sha256: str) -> bytes:
        """Return the bytes with this hash, from here if they are here and sound."""
        try:
            content = self._kept.get(scope, sha256)
        except (BlobMissingError, BlobDamagedError, OSError) as error:
            self._missed(error)
        else:
            self._used(scope, sha256)
            return content
        content = self.remote.get(scope, sha256)
        self._keep_bytes(scope, sha256, content)
        return content

    def open(self, scope: Scope, sha256: str, start: int = 0, size: int | None = None) -> BinaryIO:
        """Return the cache's own file at byte `start`, fetched first where need be; it stays readable when the cache lets go of it."""
        try:
            file = self._kept.open(scope, sha256, start)
        except (BlobMissingError, BlobDamagedError, OSError) as error:
            self._missed(error)
        else:
            self._used(scope, sha256)
            return file
        fetched = self._fetched(scope, sha256)
        if fetched is None:
            return self.remote.open(scope, sha256, start, size)
        fetched.seek(start)
        return fetched

    def stream(self, scope: Scope, sha256: str) -> Iterator[bytes]:
        """Yield what `remote` holds."""
        return self.remote.stream(scope, sha256)

    def size(self, scope: Scope, sha256: str) -> int | None:
        """Return what `remote` says."""
        return self.remote.size(scope, sha256)

    def files(self) -> Iterator[StoredFile]:
        """Yield what `remote` holds."""
        return self.remote.files()

    def presign(self, scope: Scope, sha256: str, lifetime_s: int) -> str | None:
        """Return the URL of `remote`."""
        return self.remote.presign(scope, sha256, lifetime_s)

    def close(self) -> None:
        """Let go of connections. The folder stays."""
        self.remote.close()

    def _used(self, scope: Scope, sha256: str) -> None:
        self._count(hits=1)
        try:
            os.utime(self._kept.path(scope, sha256))
        except OSError:  # it was thrown out meanwhile, or the folder is read-only
            return

    def _missed(self, error: Exception) -> None:
        """Count; the caller fetches the blob, which takes the place of a file that is damaged or cannot be read."""
        self._count(misses=1, damaged=not isinstance(error, BlobMissingError))

    def _count(self, hits: int = 0, misses: int = 0, damaged: int = 0, unkept: int = 0) -> None:
        with self._counting:
            was = self._counts
            self._counts = CacheCounts(was.hits + hits, was.misses + misses, was.damaged + damaged, was.unkept + unkept)

    def _keep_bytes(self, scope: Scope, sha256: str, content: bytes) -> None:
        """Keep what is in memory already. A disk that refuses costs the copy and nothing else."""
        if len(content) * LARGEST_SHARE > self._bytes_max:
            return
        try:
            file, name = self._temporary()
        except OSError:
            self._count(unkept=1)
            return
        try:
            with file:
                file.write(content)
        except OSError:
            self._count(unkept=1)
            name.unlink(missing_ok=True)
        else:
            self._admit(name, self._kept.path(scope, sha256), len(content))

    def _fetched(self, scope: Scope, sha256: str) -> BinaryIO | None:
        """Fetch into a file of the cache, and return it; None when this machine's disk refuses."""
        try:
            file, name = self._temporary()
        except OSError:
            self._count(unkept=1)
            return None
        try:
            if not self._filled(file, scope, sha256):
                file.close()
                name.unlink()
                return None
            size = file.tell()
            if size * LARGEST_SHARE <= self._bytes_max:
                self._admit(name, self._kept.path(scope, sha256), size)
            else:
                name.unlink()
        except BaseException:
            file.close()
            name.unlink(missing_ok=True)
            raise
        return file

    def _filled(self, file: BinaryIO, scope: Scope, sha256: str) -> bool:
        """Write the blob into `file`; False when the disk refuses, which is told apart from `remote` failing."""
        for piece in self.remote.stream(scope, sha256):
            try:
                file.write(piece)
                file.flush()
            except OSError:
                self._count(unkept=1)
                return False
        return True

    def _temporary(self) -> tuple[BinaryIO, Path]:
        """Make an empty file in the cache's folder, which is made if need be, for nobody else to read."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(dir=self._folder, prefix=TEMPORARY_PREFIX)
        return os.fdopen(fd, "w+b"), Path(name)

    def _admit(self, name: Path, path: Path, size: int) -> None:
        """Give the finished file its name, after making room for it; a disk that refuses leaves it without one."""
        try:
            with _locked(self._folder / LOCK_FILE) as lock:
                held = _read_count(lock)
                if held is None or held + size > self._bytes_max:
                    held = self._make_room(size)
                # First the count: a process that dies in between leaves one that is too large, never too small.
                _write_count(lock, held + size)
                path.parent.mkdir(parents=True, exist_ok=True)
                name.replace(path)
        except OSError:
            self._count(unkept=1)
            name.unlink(missing_ok=True)

    def _make_room(self, size: int) -> int:
        """Throw out what was used longest ago until there is room, and return how many bytes are left. The lock is held."""
        _drop_temporary(self._folder)
        files = []
        for path in self._kept.root.rglob("*"):
            facts = path.lstat()
            if not path.is_dir():
                files.append((facts.st_mtime_ns, facts.st_size, path))
        held = sum(bytes_ for _, bytes_, _ in files)
        limit = self._bytes_max - self._bytes_max // ROOM_SHARE - size
        if held + size <= self._bytes_max:
            return held  # the count was too large
        for _, bytes_, path in sorted(files):
            if held <= limit:
                break
            path.unlink(missing_ok=True)
            held -= bytes_
        return held


def _drop_temporary(folder: Path) -> None:
    oldest = time.time() - TEMPORARY_AGE_S
    for path in folder.glob(f"{TEMPORARY_PREFIX}*"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            continue  # its writer has just finished


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Hold the lock among all threads and processes: it belongs to one opening of the file."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _read_count(lock: BinaryIO) -> int | None:
    """How many bytes are kept; None for a new lock, and for one that says something else."""
    digits = lock.read(_COUNT_BYTES_MAX)
    return int(digits) if digits.isdigit() else None


def _write_count(lock: BinaryIO, held: int) -> None:
    lock.seek(0)
    lock.write(b"%d" % held)
    lock.truncate()
    lock.flush()
