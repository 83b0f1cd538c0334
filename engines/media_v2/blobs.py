"""Where the bytes of artifacts lie: files named by their hash, under the prefix of their scope.

The only file of the engines that writes content. A blob is on disk before any event names it, is never rewritten, and is checked
against its name whenever it is read.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engines.media_v2 import keys
from engines.media_v2.errors import BlobDamagedError, BlobMissingError
from engines.media_v2.scope import Scope

_CHUNK_BYTES = 1 << 20


class BlobStore:
    """Content-addressed blobs in the folder `root`, one file each."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, scope: Scope, content: bytes) -> str:
        """Store `content` for `scope` and return its sha256 (hex); durable when it returns. Storing the same bytes
        again changes nothing."""
        sha256 = keys.sha256_hex(content)
        path = self.path(scope, sha256)
        if not path.exists():
            _write_durably(path, content, self.root)
        return sha256

    def get(self, scope: Scope, sha256: str) -> bytes:
        """Return the bytes with this hash. Raises `BlobMissingError`, `BlobDamagedError`."""
        path = self.path(scope, sha256)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise BlobMissingError(keys.blob_key(scope, sha256)) from None
        actual = keys.sha256_hex(content)
        if actual != sha256:
            raise BlobDamagedError(keys.blob_key(scope, sha256), actual)
        return content

    def path(self, scope: Scope, sha256: str) -> Path:
        """Where the blob lies, whether or not it exists."""
        return self.root / keys.blob_key(scope, sha256)

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield every file below the root as (key, path), sorted by key."""
        for path in sorted(p for p in self.root.rglob("*") if not p.is_dir()):
            yield path.relative_to(self.root).as_posix(), path


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _write_durably(path: Path, content: bytes, root: Path) -> None:
    """Write under another name, sync, then link: a reader sees the whole blob or none, and a second writer loses nothing."""
    _make_folders(path.parent, root)
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        try:
            os.link(name, path)
        except FileExistsError:
            return  # another process stored the same bytes first
    finally:
        Path(name).unlink()
    _sync_folder(path.parent)


def _make_folders(folder: Path, root: Path) -> None:
    """Create `folder` up to `root`, syncing each parent that gains an entry, so that no link of the chain is lost in a power cut."""
    if folder.is_dir():
        return
    if folder != root:
        _make_folders(folder.parent, root)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
