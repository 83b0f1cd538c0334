"""With which key does a store sign its ledger, and where does that key lie?

In the store's folder of keys, `ledger.key` holds the private key and is readable by its owner alone; `ledger.vkey` holds the verifier
key, for everybody. A store without a key works and signs nothing. A verifier key that lies beside the log proves little: whoever can
rewrite the one can rewrite the other, so an auditor brings their own copy.
"""

from pathlib import Path

from engines.media_v2.errors import KeyExistsError
from ledger import Signer, StorageError, parse_vkey

KEY_NAME = "ledger.key"
VKEY_NAME = "ledger.vkey"

_VKEY_CHARS_MAX = 1000
"""Far more than any verifier key has; a larger file is some other file."""


def key_file(folder: Path) -> Path:
    """Where the private key lies in a folder of keys, whether or not there is one."""
    return folder / KEY_NAME


def vkey_file(folder: Path) -> Path:
    """Where the verifier key lies."""
    return folder / VKEY_NAME


def default_origin(ledger_id: bytes) -> str:
    """Name the ledger with this id where its owner gives no name: unique, and no address of anything."""
    return f"impasto.local/{ledger_id.hex()}"


def make_key(folder: Path, origin: str) -> Signer:
    """Make a new key in `folder`, whose name is `origin`. Raises `KeyExistsError`, `InvalidKeyError` for a name that no key may
    have, `StorageError`."""
    signer = Signer.generate(origin)
    file = key_file(folder)
    if file.exists():
        raise KeyExistsError(str(file))
    try:
        folder.mkdir(exist_ok=True)
        signer.save(file)
        vkey_file(folder).write_text(f"{signer.vkey}\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(str(file), "save the key", error.strerror or str(error), error.errno) from error
    return signer


def load_signer(folder: Path | None) -> Signer | None:
    """Return the signer whose key lies in `folder`, None where there is none. Raises `InvalidKeyError`, `StorageError`."""
    if folder is None:
        return None
    file = key_file(folder)
    return Signer.load(file) if file.exists() else None


def read_vkey(text_or_file: str) -> str:
    """Return the verifier key that is given as such, or as the name of a file that holds one. Raises `InvalidKeyError`."""
    file = Path(text_or_file)
    if "\n" not in text_or_file and len(text_or_file) < _VKEY_CHARS_MAX and file.is_file():
        with file.open("rb") as stream:
            text = stream.read(_VKEY_CHARS_MAX).decode(errors="replace").strip()
    else:
        text = text_or_file.strip()
    parse_vkey(text)
    return text


def own_vkey(folder: Path | None) -> str | None:
    """Return the verifier key that the store itself tells, None where it tells none. Raises `InvalidKeyError`."""
    if folder is None:
        return None
    file = vkey_file(folder)
    return read_vkey(str(file)) if file.is_file() else None


def is_private(folder: Path) -> bool:
    """Tell whether nobody but its owner may read the private key; a folder without one has nothing to hide."""
    file = key_file(folder)
    return not file.exists() or not file.stat().st_mode & 0o077
