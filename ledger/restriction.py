"""Why may nobody append to a ledger in files? The file `restriction`, which every writer looks for under the lock.

It is there in a copy from before the copy has a mark until it is promoted, and in a ledger that has moved for ever.
Since it is written under the lock and looked for under the lock, no append comes after it. See `copying`.
"""

from typing import Final, Literal

import msgspec

from ledger.backend import Restriction
from ledger.errors import CopiedLedgerError, CorruptLedgerError, MovedLedgerError
from ledger.layout import RESTRICTION_NAME
from ledger.storage import Storage

RESTRICTION_BYTES_MAX: Final = 16_384
"""Largest file, in bytes: a path or an address, with room for escapes."""


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Literal["copy", "moved"]
    other: str


def read_restriction(storage: Storage) -> Restriction | None:
    """Return what the file says, None when there is none. Raises CorruptLedgerError, StorageError."""
    if storage.size(RESTRICTION_NAME) is None:
        return None
    try:
        document = msgspec.json.decode(storage.read(RESTRICTION_NAME, 0, RESTRICTION_BYTES_MAX), type=_Document)
    except msgspec.DecodeError as error:
        raise CorruptLedgerError(f"{storage.path}/{RESTRICTION_NAME}", 0, str(error)) from error
    return Restriction(document.kind, document.other)


def write_restriction(storage: Storage, restriction: Restriction) -> None:
    """Put the file in place, durably. The caller holds the lock."""
    storage.replace(RESTRICTION_NAME, msgspec.json.encode(_Document(*restriction)) + b"\n")


def lift_restriction(storage: Storage) -> None:
    """Take the file away, durably. The caller holds the lock."""
    storage.remove(RESTRICTION_NAME)
    storage.settle([])


def check_unrestricted(path: str, restriction: Restriction | None) -> None:
    """Raise CopiedLedgerError or MovedLedgerError if there is a restriction of the ledger at `path`."""
    if restriction is None:
        return
    if restriction.kind == "copy":
        raise CopiedLedgerError(path, restriction.other)
    raise MovedLedgerError(path, restriction.other)
