"""How are a ledger's bytes kept in a folder of files? The only module that opens, writes, syncs or locks.

It knows names and bytes, nothing of what they mean. Errors of the operating system leave here as StorageError.
"""

import errno
import fcntl
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ledger.errors import BusyError, LedgerExistsError, StorageError
from ledger.layout import LEDGER_ID_BYTES, LOCK_NAME, SEGMENT_FOLDER, TEMPORARY_SUFFIX

LOCK_POLL_FIRST_S: Final = 0.000_1
"""First pause between two tries for the lock, about one sync of a fast disk."""

LOCK_POLL_MAX_S: Final = 0.001
"""Longest pause between two tries. A writer that appends without pause lets the lock go only for some microseconds each
time, so others must look often to find it free; a thousand looks a second cost half a percent of a processor."""

WRITE_FILES_MAX: Final = 2
"""Files kept open for writing: the mark and the newest segment. More would be a leak."""

SETTLE_EACH_MAX: Final = 4
"""More files than this are made durable by one sync of the whole file system: one file costs a commit of the file
system's journal, about a millisecond, however small it is."""

_FILE_MODE: Final = 0o644


def random_ledger_id() -> bytes:
    """Return 16 random bytes in the form of a version 4 UUID (RFC 9562 §5.4)."""
    data = bytearray(os.urandom(LEDGER_ID_BYTES))
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    return bytes(data)


class FileStorage:
    """The `Storage` protocol over the folder `root`. Safe for use by many threads, and in a child after fork."""

    def __init__(self, root: Path, *, read_only: bool = False) -> None:
        self._root = root
        self._read_only = read_only
        self._files: dict[str, int] = {}
        self._prefix = f"{root}/"
        self._lock_file: int | None = None
        self._changed_folders: set[str] = set()
        self._lock_identity = (0, 0)
        self._is_held = False
        self._threads = threading.Lock()
        self._pid = os.getpid()

    @property
    def path(self) -> str:
        """Return the folder as text."""
        return str(self._root)

    def prepare(self) -> None:
        """Make the ledger's folders, durably. Raises LedgerExistsError when a file is in the way, StorageError."""
        if self._root.is_file():
            raise LedgerExistsError(self.path, "it is a file")
        self.prepare_folder(SEGMENT_FOLDER)

    def prepare_folder(self, name: str = "") -> None:
        """Make the folder `name`, and all above it, durably. Raises StorageError."""
        with self._reporting("create folders", ""):
            missing = [folder for folder in (self._root, *self._root.parents) if not folder.exists()]
            (self._root / name).mkdir(parents=True, exist_ok=True)
            for folder in (self._root, *(folder.parent for folder in missing)):
                _sync_folder(folder)

    def names(self, folder: str = "") -> list[str]:
        """See Storage."""
        prefix = f"{folder}/" if folder else ""
        with self._reporting("list", folder):
            try:
                return sorted(prefix + entry.name for entry in (self._root / folder).iterdir())
            except (FileNotFoundError, NotADirectoryError):
                return []

    def size(self, name: str) -> int | None:
        """See Storage."""
        with self._reporting("stat", name):
            try:
                found = os.stat(self._at(name))  # noqa: PTH116 - see _at
            except (FileNotFoundError, NotADirectoryError):
                return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def read(self, name: str, offset: int, size: int) -> bytes:
        """See Storage. The file is opened anew each time, so that no reader ever closes another's descriptor."""
        with self._reporting("read", name):
            file = os.open(self._at(name), os.O_RDONLY | os.O_CLOEXEC)
            try:
                return _read_all(file, offset, size)
            finally:
                os.close(file)

    def create(self, name: str, data: bytes) -> None:
        """See Storage."""
        self._put_in_place("create", name, data)

    def replace(self, name: str, data: bytes) -> None:
        """See Storage."""
        self._put_in_place("replace", name, data)

    def put(self, name: str, data: bytes) -> None:
        """See Storage. Paths are spelled by hand: this runs for every 256 events, and pathlib would cost as much again."""
        target = f"{self._root}/{name}"
        temporary = target + TEMPORARY_SUFFIX
        folder = os.path.dirname(target)  # noqa: PTH120 - see the docstring
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with self._reporting("put", name):
            try:
                file = os.open(temporary, flags, _FILE_MODE)
            except FileNotFoundError:
                self._make_folders(Path(folder))
                file = os.open(temporary, flags, _FILE_MODE)
            try:
                _write_all(file, data, 0)
            finally:
                os.close(file)
            os.rename(temporary, target)  # noqa: PTH104 - see the docstring
        self._changed_folders.add(folder)

    def settle(self, names: Sequence[str]) -> None:
        """See Storage. The folders that changed are synced as well, of whichever names."""
        if len(names) > SETTLE_EACH_MAX and (sync_all := _file_system_sync()):
            with self._reporting("settle", names[0]):
                sync_all(self._root)
            self._changed_folders.clear()
            return
        for name in names:
            with self._reporting("settle", name):
                file = os.open(self._root / name, os.O_RDWR | os.O_CLOEXEC)
                try:
                    os.fdatasync(file)
                finally:
                    os.close(file)
        while self._changed_folders:
            with self._reporting("settle", ""):
                _sync_folder(Path(self._changed_folders.pop()))

    def remove(self, name: str) -> None:
        """See Storage."""
        target = self._root / name
        with self._reporting("remove", name):
            target.unlink(missing_ok=True)
        self._changed_folders.add(str(target.parent))

    def _make_folders(self, folder: Path) -> None:
        """Make `folder` and those above it, and remember which names have to be made durable."""
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        self._changed_folders.update(str(each.parent) for each in missing)

    def _put_in_place(self, operation: str, name: str, data: bytes) -> None:
        """Write under another name, sync, rename, and sync the folder."""
        target = self._root / name
        temporary = target.with_name(target.name + TEMPORARY_SUFFIX)
        with self._reporting(operation, name):
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _FILE_MODE)
            try:
                _write_all(file, data, 0)
                os.fsync(file)
            finally:
                os.close(file)
            temporary.rename(target)
            _sync_folder(target.parent)

    def write(self, name: str, offset: int, data: bytes) -> None:
        """See Storage."""
        with self._reporting("write", name):
            _write_all(self._file(name), data, offset)

    def truncate(self, name: str, size: int) -> None:
        """See Storage."""
        with self._reporting("truncate", name):
            os.ftruncate(self._file(name), size)

    def sync(self, name: str) -> None:
        """See Storage. fdatasync also makes the new size durable, which is all the metadata that matters here."""
        with self._reporting("sync", name):
            os.fdatasync(self._file(name))
        if self._is_held and not self._is_in_place():
            reason = "the lock file was deleted or exchanged while it was held, so another writer may have been at work"
            raise StorageError(str(self._root / LOCK_NAME), "lock", reason, errno.ESTALE)

    @contextmanager
    def lock(self, wait_s: float) -> Iterator[None]:
        """See Storage. A missing lock file is made, but not by a read-only storage: nobody writes to such a copy.

        A lock file that is deleted or exchanged locks nobody out any more. Before the lock is taken that is mended by
        taking the new file; `sync` looks again, and refuses before anything is acknowledged.
        """
        deadline = time.monotonic() + wait_s
        if not self._threads.acquire(timeout=wait_s):
            raise BusyError(self.path, wait_s)
        try:
            file = self._take_lock(deadline, wait_s)
            if file is None:
                yield
                return
            self._is_held = True
            try:
                yield
            finally:
                self._is_held = False
                fcntl.flock(file, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """See Storage. Closing never syncs: whoever wants that has asked before.

        Waits for a thread that holds the lock: a descriptor that is closed under it may be another file's a moment later.
        """
        if self._pid != os.getpid():
            self._let_go()  # No thread of the parent lives on in a child of fork, so none would come free.
            return
        with self._threads:
            self._let_go()

    def _let_go(self) -> None:
        files = [*self._files.values(), *([] if self._lock_file is None else [self._lock_file])]
        self._files.clear()
        self._lock_file = None
        for file in files:
            with suppress(OSError):  # Nothing rests on close: all that matters was synced.
                os.close(file)

    def _take_lock(self, deadline: float, wait_s: float) -> int | None:
        """Return the locked descriptor of the file that has the lock's name now, None where there is none to lock."""
        while True:
            file = self._open_lock()
            if file is None:
                return None
            self._wait_for(file, deadline, wait_s)
            try:
                if self._is_in_place():
                    return file
            except StorageError:
                fcntl.flock(file, fcntl.LOCK_UN)
                raise
            self._lock_file = None
            os.close(file)

    def _is_in_place(self) -> bool:
        """Tell whether the lock's name still leads to the open lock file. Raises StorageError."""
        try:
            named = os.stat(self._at(LOCK_NAME))  # noqa: PTH116 - see _at
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _storage_error(self._at(LOCK_NAME), "stat", error) from error
        return (named.st_dev, named.st_ino) == self._lock_identity

    def _open_lock(self) -> int | None:
        """Return the lock's descriptor. A child of fork opens its own, since it would share the parent's lock."""
        if self._pid != os.getpid():
            self._let_go()
            self._pid = os.getpid()
        if self._lock_file is None:
            flags = os.O_RDONLY if self._read_only else os.O_RDWR | os.O_CREAT
            with self._reporting("open", LOCK_NAME):
                try:
                    self._lock_file = os.open(self._root / LOCK_NAME, flags | os.O_CLOEXEC, _FILE_MODE)
                except FileNotFoundError:
                    if not self._read_only:
                        raise
                    return None
                opened = os.fstat(self._lock_file)
                self._lock_identity = (opened.st_dev, opened.st_ino)
        return self._lock_file

    def _wait_for(self, file: int, deadline: float, wait_s: float) -> None:
        """Take the lock by trying again and again: a blocking call could not be given a time limit."""
        pause_s = LOCK_POLL_FIRST_S
        while True:
            with self._reporting("lock", LOCK_NAME):
                try:
                    return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    pass
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise BusyError(self.path, wait_s)
            time.sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, LOCK_POLL_MAX_S)

    def _at(self, name: str) -> str:
        """Return the path of `name` as text: an append asks five times, and a Path takes longer than the system does."""
        return self._prefix + name

    def _file(self, name: str) -> int:
        """Return the descriptor that `name` is written through; kept open, since it also reports late write errors."""
        file = self._files.get(name)
        if file is None:
            if len(self._files) == WRITE_FILES_MAX:
                os.close(self._files.pop(next(iter(self._files))))
            file = self._files[name] = os.open(self._root / name, os.O_RDWR | os.O_CLOEXEC)
        else:
            self._files[name] = self._files.pop(name)
        return file

    @contextmanager
    def _reporting(self, operation: str, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _storage_error(str(self._root / name), operation, error) from error


def _storage_error(path: str, operation: str, error: OSError) -> StorageError:
    return StorageError(path, operation, error.strerror or str(error), error.errno)


def _read_all(file: int, offset: int, size: int) -> bytes:
    """Read until `size` bytes are here or the file ends: one call gives 2 GiB at most, and a signal may cut it."""
    data = os.pread(file, size, offset)
    if len(data) == size:
        return data
    parts = [data]
    have = len(data)
    while parts[-1] and have < size:
        parts.append(os.pread(file, size - have, offset + have))
        have += len(parts[-1])
    return b"".join(parts)


def _write_all(file: int, data: bytes, offset: int) -> None:
    """Write until all is taken. A short write is no error by itself; the call after it says what is wrong."""
    written = os.pwrite(file, data, offset)
    while written < len(data):
        written += os.pwrite(file, memoryview(data)[written:], offset + written)


def _file_system_sync() -> Callable[[Path], None] | None:
    """Return a function that makes durable all that was written to the file system of a folder, where there is one.

    Linux has a call for it that Python does not offer; it reports errors since Linux 5.8.
    """
    import ctypes  # here, because most processes never need it

    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        return None

    def sync_all(folder: Path) -> None:
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if call(file):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(file)

    return sync_all


def _sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: syncing a file does not sync its name."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
