"""Where are the keys of sealed fields, and how is one destroyed? One private file per subject, far from the log.

A key is the only thing in this package that may be destroyed, and destroying it is the whole of an erasure: copies of a
log cannot be called back, a key that was never copied can. So keep the folder out of the backups of the log, and give it
a backup of its own that forgets. docs/specs/ledger-side-files.md §4.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from ledger.envelope import KIND_KEY, decode_envelope, encode_envelope
from ledger.errors import DamagedBytesError, DamagedKeyError, OutOfRangeError, UnknownSubjectError
from ledger.side_files import SideFolder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_SUFFIX: Final = ".key"
KEY_ID_BYTES: Final = 16
SECRET_BYTES: Final = 32
"""AES-256."""

SUBJECT_CHARS_MAX: Final = 255
"""Longest name of a subject: it stands in every field that is sealed for it."""


class KeyHead(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The head of a key file; the secret is its body."""

    key_id: bytes
    subject_sha256: bytes
    """SHA-256 of the subject's name in UTF-8, as in the name of the file."""


class Key:
    """The key of one subject: a random `key_id` of 16 bytes that sealed fields name, and a `secret` of 32."""

    def __init__(self, subject: str, key_id: bytes, secret: bytes) -> None:
        self.subject, self.key_id, self.secret = subject, key_id, secret

    @cached_property
    def cipher(self) -> "AESGCM":
        """AES-256-GCM with this key. Imported on first use: it costs more than all of this package."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self.secret)

    def __repr__(self) -> str:
        return f"Key(subject={self.subject!r}, key_id={self.key_id.hex()}, secret=...)"


class Keys:
    """The keys in a folder. Safe for use by many threads and processes; secrets are read anew each time."""

    def __init__(self, folder: str | os.PathLike[str], *, random: Callable[[int], bytes] = os.urandom) -> None:
        """Use `folder`, which is made with the first key, readable by its owner alone. `random` is for tests."""
        self._folder = SideFolder(Path(folder), private=True)
        self._random = random

    @property
    def path(self) -> Path:
        """The folder."""
        return self._folder.root

    def find(self, subject: str) -> Key | None:
        """Return the key of `subject`, None when there is none. Raises DamagedKeyError, OutOfRangeError, StorageError."""
        name = _file_name(subject)
        data = self._folder.read(name)
        if data is None:
            return None
        path = str(self._folder.root / name)
        try:
            head, body = decode_envelope(KIND_KEY, data)
            said = msgspec.msgpack.decode(head, type=KeyHead)
        except (DamagedBytesError, msgspec.MsgspecError) as error:
            raise DamagedKeyError(path, str(error)) from error
        if (len(said.key_id), len(body)) != (KEY_ID_BYTES, SECRET_BYTES) or said.subject_sha256 != _digest(subject):
            raise DamagedKeyError(path, "it holds the key of another subject, or none")
        return Key(subject, said.key_id, bytes(body))

    def get(self, subject: str) -> Key:
        """Return the key of `subject`. Raises UnknownSubjectError, and as `find`."""
        key = self.find(subject)
        if key is None:
            raise UnknownSubjectError(subject)
        return key

    def make(self, subject: str) -> Key:
        """Return the key of `subject`, made and durable if there was none. Raises BusyError, and as `find`."""
        found = self.find(subject)
        if found is not None:
            return found
        with self._folder.lock():
            found = self.find(subject)
            if found is None:
                found = Key(subject, self._random(KEY_ID_BYTES), self._random(SECRET_BYTES))
                head = msgspec.msgpack.encode(KeyHead(found.key_id, _digest(subject)))
                self._folder.put(_file_name(subject), encode_envelope(KIND_KEY, head, found.secret))
            return found

    def destroy(self, subject: str, key_id: bytes) -> bool:
        """Destroy the key of `subject` if it is the one of `key_id`, and tell whether it was there.

        A damaged key file cannot say whose key it is and is destroyed as well. Raises BusyError, StorageError.
        """
        name = _file_name(subject)
        if self._folder.read(name) is None:
            return False
        with self._folder.lock():
            try:
                found = self.find(subject)
                if found is None or found.key_id != key_id:
                    return False
            except DamagedKeyError:
                pass
            self._folder.destroy(name)
            return True


def check_subject(subject: str) -> None:
    """Raise OutOfRangeError unless `subject` can name somebody."""
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARS_MAX:
        raise OutOfRangeError("subject", subject, f"a text of 1 to {SUBJECT_CHARS_MAX} characters")


def _file_name(subject: str) -> str:
    check_subject(subject)
    return _digest(subject).hex() + KEY_SUFFIX


def _digest(subject: str) -> bytes:
    return hashlib.sha256(subject.encode("utf-8", "surrogatepass")).digest()
