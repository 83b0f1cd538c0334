"""How are the small files beside a ledger kept, replaced and destroyed? Whole files in one folder, nothing partial.

The shell of snapshots, memories and keys, as `storage_file` is that of the log. Errors of the operating system leave
here as StorageError.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from ledger.errors import StorageError
from ledger.layout import LOCK_NAME, TEMPORARY_SUFFIX
from ledger.storage_file import FileStorage

LOCK_WAIT_S: Final = 10.0
"""Longest wait for another process that writes in the folder; it holds the lock for one file only."""


class SideFolder:
    """A folder of whole files. Safe for use by many threads and processes."""

    def __init__(self, root: Path, *, private: bool = False) -> None:
        """Use the folder `root`; it is made when the first file is put. Private files are their owner's alone."""
        self.root = root
        self._file_mode, self._folder_mode = (0o600, 0o700) if private else (0o644, 0o755)

    def names(self) -> list[str]:
        """List the files, sorted; unfinished ones and the lock do not count."""
        with self._reporting("list", ""):
            try:
                return sorted(
                    entry.name
                    for entry in self.root.iterdir()
                    if entry.is_file() and not entry.name.endswith(TEMPORARY_SUFFIX) and entry.name != LOCK_NAME
                )
            except (FileNotFoundError, NotADirectoryError):
                return []

    def read(self, name: str, size: int | None = None) -> bytes | None:
        """Return the first `size` bytes of a file, by default all of it, or None when there is none."""
        with self._reporting("read", name):
            try:
                with (self.root / name).open("rb", buffering=0) as file:
                    return file.read() if size is None else file.read(size)
            except (FileNotFoundError, NotADirectoryError):
                return None

    def put(self, name: str, data: bytes) -> None:
        """Make `name` hold `data` atomically and durably, in place of what it held. The caller holds the lock."""
        target = self.root / name
        temporary = target.with_name(name + TEMPORARY_SUFFIX)
        with self._reporting("put", name):
            file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, self._file_mode)
            with open(file, "wb", buffering=0) as opened:  # noqa: PTH123 - a descriptor is opened, not a path
                rest = memoryview(data)
                while rest:
                    rest = rest[opened.write(rest) or 0 :]
                os.fsync(file)
            temporary.rename(target)
            self._sync_folder()

    def remove(self, name: str) -> None:
        """Remove a file; one that is gone already is no error."""
        with self._reporting("remove", name):
            (self.root / name).unlink(missing_ok=True)

    def destroy(self, name: str) -> None:
        """Overwrite a file with zeros, durably, and remove it durably. The caller holds the lock.

        A disk that remaps sectors and a file system that copies on write may keep the old bytes somewhere.
        """
        with self._reporting("destroy", name):
            for one in (name, name + TEMPORARY_SUFFIX):
                try:
                    file = os.open(self.root / one, os.O_RDWR | os.O_CLOEXEC)
                except FileNotFoundError:
                    continue
                try:
                    os.pwrite(file, bytes(os.fstat(file).st_size), 0)
                    os.fsync(file)
                finally:
                    os.close(file)
                (self.root / one).unlink(missing_ok=True)
            self._sync_folder()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder against other writers, having made it. Raises BusyError."""
        with self._reporting("create folder", ""):
            self.root.mkdir(mode=self._folder_mode, parents=True, exist_ok=True)
        storage = FileStorage(self.root)
        try:
            with storage.lock(LOCK_WAIT_S):
                yield
        finally:
            storage.close()

    def _sync_folder(self) -> None:
        file = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def _reporting(self, operation: str, name: str) -> AbstractContextManager[None]:
        return _reporting(operation, str(self.root / name))


@contextmanager
def _reporting(operation: str, path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(path, operation, error.strerror or str(error), error.errno) from error
