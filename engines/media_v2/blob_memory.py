"""Where do blobs lie that nobody needs tomorrow? In a dictionary: for tests and for replays that try something out."""

import io
import threading
from collections.abc import Iterator
from typing import BinaryIO

from engines.media_v2 import keys
from engines.media_v2.blobs import StoredFile, check_content
from engines.media_v2.errors import BlobMissingError
from engines.media_v2.scope import Scope


class MemoryBlobs:
    """Blobs in this process's memory, gone with it. A `BlobStore`; what it holds is checked like anything else."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        """Content by key."""
        self._lock = threading.Lock()

    def put(self, scope: Scope, content: bytes) -> str:
        """Keep `content`; what is there stays."""
        sha256 = keys.sha256_hex(content)
        with self._lock:
            self.held.setdefault(keys.blob_key(scope, sha256), bytes(content))
        return sha256

    def get(self, scope: Scope, sha256: str) -> bytes:
        """Return the bytes with this hash. Raises `BlobMissingError`, `BlobDamagedError`."""
        key = keys.blob_key(scope, sha256)
        content = self.held.get(key)
        if content is None:
            raise BlobMissingError(key)
        check_content(scope, sha256, keys.sha256_hex(content))
        return content

    def open(self, scope: Scope, sha256: str, start: int = 0, size: int | None = None) -> BinaryIO:  # noqa: ARG002 - as promised
        """Return the blob as a file at byte `start`."""
        file = io.BytesIO(self.get(scope, sha256))
        file.seek(start)
        return file

    def stream(self, scope: Scope, sha256: str) -> Iterator[bytes]:
        """Yield the blob in one piece."""
        yield self.get(scope, sha256)

    def size(self, scope: Scope, sha256: str) -> int | None:
        """Return its size, None when there is no such blob."""
        content = self.held.get(keys.blob_key(scope, sha256))
        return None if content is None else len(content)

    def files(self) -> Iterator[StoredFile]:
        """Yield all that is held, sorted by key."""
        with self._lock:
            held = sorted(self.held.items())
        yield from (StoredFile(key, len(content)) for key, content in held)

    def presign(self, scope: Scope, sha256: str, lifetime_s: int) -> str | None:  # noqa: ARG002 - as promised
        """Memory has no URLs."""
        return None

    def close(self) -> None:
        """Nothing is open."""
