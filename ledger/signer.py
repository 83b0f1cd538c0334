"""Who signs a ledger's checkpoints? A name and a private key, and the file that keeps them.

The file is one line as Go's `sumdb/note` spells private keys. Keep it apart from the ledger: whoever has both can sign
another history.
"""

import os
from pathlib import Path
from typing import Self

import msgspec

from ledger import ed25519
from ledger.errors import InvalidKeyError, StorageError
from ledger.note import (
    ALGORITHM,
    PRIVATE_PREFIX,
    VerifierKey,
    encode_base64,
    format_vkey,
    is_key_name,
    key_id,
    sign_note,
    split_key,
)

_KEY_MODE = 0o600
_KEY_FILE_BYTES_MAX = 10_000


class Signer(msgspec.Struct, frozen=True):
    """Signs as `name`, which is the origin of the ledger's checkpoints, with the private `seed` of 32 bytes."""

    name: str
    seed: bytes

    def __post_init__(self) -> None:
        """Raise InvalidKeyError for a name that no key may have, or a seed of another size."""
        if not is_key_name(self.name):
            raise InvalidKeyError(f"the signer {self.name!r}", "a name is not empty and has no space and no plus")
        if len(self.seed) != ed25519.SEED_BYTES:
            raise InvalidKeyError(f"the signer {self.name!r}", f"its seed has {len(self.seed)} bytes, not 32")

    def __repr__(self) -> str:
        """Tell everything but the secret."""
        return f"Signer(name={self.name!r})"

    @classmethod
    def generate(cls, name: str) -> Self:
        """Return a signer with a new random key. `name` should be a URL without scheme, such as example.com/ledger."""
        return cls(name, os.urandom(ed25519.SEED_BYTES))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Return the signer in the file `path`. Raises InvalidKeyError, StorageError."""
        try:
            with Path(path).open("rb") as file:
                data = file.read(_KEY_FILE_BYTES_MAX)
        except OSError as error:
            raise StorageError(str(path), "read", error.strerror or str(error), error.errno) from error
        try:
            text = data.decode().removesuffix("\n")
        except UnicodeDecodeError:
            text = ""
        name, seed = split_key(text.removeprefix(PRIVATE_PREFIX), str(path), ed25519.SEED_BYTES)
        signer = cls(name, seed)
        if signer._spelled() != text:
            raise InvalidKeyError(
                str(path), f"it is not spelled {PRIVATE_PREFIX}name+id+base64, or its id is not its own"
            )
        return signer

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the signer to the new file `path`, which only its owner may read. Raises StorageError, also if it exists."""
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _KEY_MODE)
            with open(file, "wb") as stream:  # noqa: PTH123 - the mode is set from the first moment
                stream.write(self._spelled().encode() + b"\n")
                stream.flush()
                os.fsync(file)
        except OSError as error:
            raise StorageError(str(path), "save the key", error.strerror or str(error), error.errno) from error

    @property
    def vkey(self) -> str:
        """The verifier key, to be published apart from the ledger."""
        return format_vkey(self.verifier())

    def verifier(self) -> VerifierKey:
        """Return the public side."""
        return VerifierKey(self.name, ed25519.public_key(self.seed))

    def sign(self, text: str) -> bytes:
        """Return the signed note of `text`, which must end with a newline."""
        return sign_note(text, self.name, self.seed)

    def _spelled(self) -> str:
        return f"{PRIVATE_PREFIX}{self.name}+{key_id(self.verifier()).hex()}+{encode_base64(ALGORITHM + self.seed)}"
