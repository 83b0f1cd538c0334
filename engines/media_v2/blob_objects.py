"""How do blobs lie in S3-compatible object storage? One object each, created once, under the same keys as in a folder.

Nothing is believed that was not checked: an object that is there already counts as stored only after its size and MD5 tag, or else
its bytes, were compared; what is read is hashed before it is used. A part of an object cannot be compared with the hash of the
whole, so the whole is read once in a process, and parts are read alone afterwards as long as the server shows the same version.
"""

import hashlib
import io
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import BinaryIO, cast

from engines.media_v2 import keys
from engines.media_v2.blobs import PRESIGN_SECONDS_MAX, StoredFile, checked_pieces
from engines.media_v2.errors import BlobMissingError, BlobStoreError
from engines.media_v2.object_client import ObjectClient, ObjectFacts
from engines.media_v2.object_settings import ObjectSettings
from engines.media_v2.scope import Scope

OBJECT_BYTES_MAX = 5 << 30
"""What S3 takes in one put, and only one put can be create-only."""
MEMORY_BYTES_MAX = 8 << 20
"""Of a blob that is opened: a larger one waits in an unnamed temporary file."""
VERSIONS_MAX = 4096
"""Objects that are remembered as checked; a few hundred bytes each."""
_PUTS_MAX = 4
"""How often a put begins again when what stood in its way is gone by the time it is looked at."""


class ObjectBlobs:
    """Blobs in a bucket. A `BlobStore`; opens its connections when it is first used."""

    def __init__(self, settings: ObjectSettings) -> None:
        self._client = ObjectClient(settings)
        self._checked: OrderedDict[str, ObjectFacts] = OrderedDict()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"ObjectBlobs({self._client.name!r})"

    def __reduce__(self) -> tuple[type["ObjectBlobs"], tuple[ObjectSettings]]:
        """Another process makes its own connections, with its own credentials."""
        return ObjectBlobs, (self._client.settings,)

    def put(self, scope: Scope, content: bytes) -> str:
        """Create the object, or find it there and compare it. Raises `BlobDamagedError` for one that is there with other bytes."""
        sha256 = keys.sha256_hex(content)
        key = keys.blob_key(scope, sha256)
        if len(content) > OBJECT_BYTES_MAX:
            raise BlobStoreError(
                self._client.name, f"put of {key}", f"{len(content)} bytes; at most {OBJECT_BYTES_MAX} are taken"
            )
        for _ in range(_PUTS_MAX):
            if self._client.create(key, content):
                return sha256
            there = self._client.head(key)
            if there is None:
                continue  # another's creation came to nothing, or the server lost it
            if not _surely(there, content):
                for _ in self.stream(scope, sha256):
                    pass
            return sha256
        raise BlobStoreError(self._client.name, f"put of {key}", "it is there and is not there", _PUTS_MAX)

    def get(self, scope: Scope, sha256: str) -> bytes:
        """Return the bytes with this hash. Raises `BlobMissingError`, `BlobDamagedError`."""
        return b"".join(self.stream(scope, sha256))

    def open(self, scope: Scope, sha256: str, start: int = 0, size: int | None = None) -> BinaryIO:
        """Return a copy of the blob at byte `start`; of the part alone where the whole was checked before."""
        key = keys.blob_key(scope, sha256)
        if size is not None and (part := self._part(key, start, size)) is not None:
            return part
        facts, pieces = self._begun(key)
        file = _filled(facts.size, self._remembering(key, facts, checked_pieces(pieces, scope, sha256)))
        file.seek(start)
        return file

    def stream(self, scope: Scope, sha256: str) -> Iterator[bytes]:
        """Yield the object in pieces, checked at its end."""
        key = keys.blob_key(scope, sha256)
        facts, pieces = self._begun(key)
        yield from self._remembering(key, facts, checked_pieces(pieces, scope, sha256))

    def size(self, scope: Scope, sha256: str) -> int | None:
        """Return the object's size, None when there is none."""
        facts = self._client.head(keys.blob_key(scope, sha256))
        return None if facts is None else facts.size

    def files(self) -> Iterator[StoredFile]:
        """Yield every object under the prefix."""
        for key, size in self._client.listing():
            yield StoredFile(key, size)

    def presign(self, scope: Scope, sha256: str, lifetime_s: int) -> str | None:
        """Return a URL that reads the object for `lifetime_s` seconds. It is made here; the server is not asked."""
        assert 1 <= lifetime_s <= PRESIGN_SECONDS_MAX
        return self._client.sign(keys.blob_key(scope, sha256), lifetime_s)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _begun(self, key: str) -> tuple[ObjectFacts, Iterator[bytes]]:
        begun = self._client.read(key)
        if begun is None:
            raise BlobMissingError(key)
        return begun

    def _part(self, key: str, start: int, size: int) -> BinaryIO | None:
        """Return the part alone; None where the object must be read in whole: it was not checked yet, or is another one now."""
        with self._lock:
            known = self._checked.get(key)
        if known is None or not known.tag or size == 0 or (start, size) == (0, known.size):
            return None
        begun = self._client.read(key, (start, start + size))
        if begun is None or begun[0] != known:
            with self._lock:
                self._checked.pop(key, None)
            return None
        return _filled(size, begun[1])

    def _remembering(self, key: str, facts: ObjectFacts, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield `pieces`; when they end without an error, the object was checked in this version."""
        yield from pieces
        with self._lock:
            self._checked[key] = facts
            self._checked.move_to_end(key)
            while len(self._checked) > VERSIONS_MAX:
                self._checked.popitem(last=False)


def _surely(there: ObjectFacts, content: bytes) -> bool:
    """Whether the server's size and tag show that it has these bytes. A tag is the MD5 of what came in one put, unless it was
    encrypted with keys of their own; then nothing is shown."""
    if there.size != len(content):
        return False
    return there.tag.strip('"') == hashlib.md5(content, usedforsecurity=False).hexdigest()


def _filled(size: int, pieces: Iterator[bytes]) -> BinaryIO:
    """Return a file with `pieces` in it, at its start; nothing is left of it when they fail."""
    file = io.BytesIO() if size <= MEMORY_BYTES_MAX else cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller's
    try:
        for piece in pieces:
            file.write(piece)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file
