"""Where do the bytes of artifacts lie? What every store of blobs promises, and the plainest one: files named by their hash.

A blob is durable before any event names it, is never rewritten, lies under the prefix of its scope, and is checked against its
name whenever it is read. Stores elsewhere: `blob_objects.py` (S3-compatible object storage), `blob_cache.py` (a store elsewhere,
with a bounded cache here), `blob_memory.py` (tests, what-ifs). The functions of `BlobStore` take a scope, never a key, so no
caller can leave its tenant.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from engines.media_v2 import keys
from engines.media_v2.errors import BlobDamagedError, BlobMissingError
from engines.media_v2.scope import Scope

PIECE_BYTES = 1 << 20
"""Content is hashed, streamed and copied in pieces of about this size: large enough that their number costs nothing."""
TEMPORARY_PREFIX = ".tmp-"
"""Of files that are being written. One that stays was left by a writer that died; no event names it."""


class StoredFile(NamedTuple):
    """One thing that a store holds. `size` is in bytes, None for what is not a plain file or object."""

    key: str
    size: int | None


class BlobStore(Protocol):
    """Content-addressed blobs of all scopes. Safe for many threads; several processes may use one place at a time.

    A store elsewhere may fail: then every function below raises `BlobStoreError`, nothing wrong was returned, and the same call
    may be made again. Blobs are immutable, so nothing here changes or removes one.
    """

    def put(self, scope: Scope, content: bytes) -> str:
        """Store `content` for `scope` and return its sha256 (hex); durable when it returns.

        Storing the same bytes again changes nothing. Nobody ever sees a part of a blob.
        """
        ...

    def get(self, scope: Scope, sha256: str) -> bytes:
        """Return the bytes with this hash. Raises `BlobMissingError`, `BlobDamagedError`."""
        ...

    def open(self, scope: Scope, sha256: str, start: int = 0, size: int | None = None) -> BinaryIO:
        """Return an open file that stands at byte `start` of the blob, of which all bytes were checked against the hash.

        At least `size` bytes can be read from there, by default all that follow; `0 <= start`, and `start + size` within the blob.
        The caller closes it. Raises `BlobMissingError`, `BlobDamagedError`.
        """
        ...

    def stream(self, scope: Scope, sha256: str) -> Iterator[bytes]:
        """Yield what is stored, in order, from the store itself and never from a cache: for copies and audits.

        Nothing may be used before the last piece came: only then `BlobDamagedError` can be raised. Raises `BlobMissingError`.
        """
        ...

    def size(self, scope: Scope, sha256: str) -> int | None:
        """Return how many bytes are stored, from the store itself; None when there is no such blob."""
        ...

    def files(self) -> Iterator[StoredFile]:
        """Yield all that the store holds, strangers included, sorted by key."""
        ...

    def presign(self, scope: Scope, sha256: str, lifetime_s: int) -> str | None:
        """Return a URL under which anybody reads the blob for `lifetime_s` seconds (1 to `PRESIGN_SECONDS_MAX`), whether or not
        it exists; None where the store has no such URLs. It is a secret while it lives."""
        ...

    def close(self) -> None:
        """Let go of connections and files. Using the store afterwards opens them again."""
        ...


PRESIGN_SECONDS_MAX = 7 * 24 * 3600
"""What S3 allows (Signature Version 4, query parameters)."""


class FolderBlobs:
    """Blobs in the folder `root`, one file each: the default."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, scope: Scope, content: bytes) -> str:
        """Store `content`, synced with all folders above it, and return its sha256 (hex)."""
        sha256 = keys.sha256_hex(content)
        path = self.path(scope, sha256)
        if not path.exists():
            _write_durably(path, content, self.root)
        return sha256

    def get(self, scope: Scope, sha256: str) -> bytes:
        """Return the bytes with this hash. Raises `BlobMissingError`, `BlobDamagedError`."""
        try:
            content = self.path(scope, sha256).read_bytes()
        except FileNotFoundError:
            raise BlobMissingError(keys.blob_key(scope, sha256)) from None
        check_content(scope, sha256, keys.sha256_hex(content))
        return content

    def open(self, scope: Scope, sha256: str, start: int = 0, size: int | None = None) -> BinaryIO:  # noqa: ARG002 - as promised
        """Return the blob's own file, checked, at byte `start`. What was checked is what is read, even if the name goes."""
        file = self._opened(scope, sha256)
        try:
            for _ in pieces_of(file, scope, sha256):
                pass
            file.seek(start)
        except BaseException:
            file.close()
            raise
        return file

    def stream(self, scope: Scope, sha256: str) -> Iterator[bytes]:
        """Yield the file in pieces, checked at its end."""
        with self._opened(scope, sha256) as file:
            yield from pieces_of(file, scope, sha256)

    def size(self, scope: Scope, sha256: str) -> int | None:
        """Return the file's size, None when there is none."""
        try:
            return self.path(scope, sha256).stat().st_size
        except FileNotFoundError:
            return None

    def files(self) -> Iterator[StoredFile]:
        """Yield every file below the root, sorted by key; links and other special files have no size."""
        found = ((path.relative_to(self.root).as_posix(), path) for path in self.root.rglob("*") if not path.is_dir())
        for key, path in sorted(found):
            yield StoredFile(key, _plain_size(path))

    def presign(self, scope: Scope, sha256: str, lifetime_s: int) -> str | None:  # noqa: ARG002 - as promised
        """Files have no URLs."""
        return None

    def close(self) -> None:
        """Nothing is kept open."""

    def path(self, scope: Scope, sha256: str) -> Path:
        """Where the blob lies, whether or not it exists."""
        return self.root / keys.blob_key(scope, sha256)

    def _opened(self, scope: Scope, sha256: str) -> BinaryIO:
        try:
            return self.path(scope, sha256).open("rb")
        except FileNotFoundError:
            raise BlobMissingError(keys.blob_key(scope, sha256)) from None


def _plain_size(path: Path) -> int | None:
    try:
        facts = path.lstat()
    except FileNotFoundError:  # a temporary file whose writer has just finished
        return None
    return facts.st_size if stat.S_ISREG(facts.st_mode) else None


def check_content(scope: Scope, sha256: str, actual: str) -> None:
    """Raise `BlobDamagedError` unless the bytes that lie under `sha256` hash to it."""
    if actual != sha256:
        raise BlobDamagedError(keys.blob_key(scope, sha256), actual)


def checked_pieces(pieces: Iterator[bytes], scope: Scope, sha256: str) -> Iterator[bytes]:
    """Yield `pieces`; after the last one raise `BlobDamagedError` unless all together have this hash."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    check_content(scope, sha256, digest.hexdigest())


def pieces_of(file: BinaryIO, scope: Scope, sha256: str) -> Iterator[bytes]:
    """Yield the rest of an open file in pieces, checked at its end."""
    return checked_pieces(iter(lambda: file.read(PIECE_BYTES), b""), scope, sha256)


def file_sha256(path: Path) -> str:
    """SHA-256 (hex) of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _write_durably(path: Path, content: bytes, root: Path) -> None:
    """Write under another name, sync, then link: a reader sees the whole blob or none, and a second writer loses nothing."""
    _make_folders(path.parent, root)
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX)
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
