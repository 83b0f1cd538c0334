"""Which ledger lies below a prefix, and may it be appended to? The objects `ledger.json`, `promoted.json`, `moving.json`.

All are created once and never change. A writer looks at the first two when it opens the ledger, and now and then for the
third, which asks it to stop. That a ledger was sealed is told by its log itself, see `commit`: only that is a fence.
"""

from typing import Final, Literal

import msgspec

from ledger.backend import Restriction
from ledger.errors import CopyTargetError, CorruptLedgerError, LedgerExistsError, LedgerNotFoundError
from ledger.layout import LEDGER_ID_BYTES
from ledger.objects.commit import LOG_FOLDER
from ledger.objects.store import Objects

IDENTITY_NAME: Final = "ledger.json"
PROMOTED_NAME: Final = "promoted.json"
MOVING_NAME: Final = "moving.json"
HINT_NAME: Final = "head"
FORMAT: Final = "impasto-ledger-objects"


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What `ledger.json` says. `ledger_id` is 32 hex digits; a copy names the ledger that it was made of."""

    format: Literal["impasto-ledger-objects"]
    version: Literal[1]
    ledger_id: str
    copy_of: str | None = None


class Moving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `moving.json` says."""

    successor: str


def load_identity(objects: Objects) -> Identity:
    """Return the identity below the prefix. Raises LedgerNotFoundError, CorruptLedgerError, StorageError."""
    data = objects.read(IDENTITY_NAME)
    if data is None:
        if objects.page(LOG_FOLDER).names:
            raise CorruptLedgerError(f"{objects.path}/{IDENTITY_NAME}", 0, "it is missing from a log with events")
        raise LedgerNotFoundError(objects.path)
    try:
        identity = msgspec.json.decode(data, type=Identity)
        is_whole = len(bytes.fromhex(identity.ledger_id)) == LEDGER_ID_BYTES
    except (msgspec.DecodeError, ValueError) as error:
        raise CorruptLedgerError(f"{objects.path}/{IDENTITY_NAME}", 0, str(error)) from error
    if not is_whole:
        raise CorruptLedgerError(f"{objects.path}/{IDENTITY_NAME}", 0, "its ledger id does not have 16 bytes")
    return identity


def create_identity(objects: Objects, ledger_id: bytes, copy_of: str | None = None) -> None:
    """Make an empty ledger below the prefix unless there is one. Raises LedgerExistsError for anything else there."""
    if objects.read(IDENTITY_NAME) is not None:
        return
    there = objects.page().names
    if there:
        try:
            load_identity(objects)
        except LedgerNotFoundError:
            raise LedgerExistsError(objects.path, f"the prefix already holds {there[0].name!r}") from None
        return  # somebody else has made it just now
    identity = Identity(format="impasto-ledger-objects", version=1, ledger_id=ledger_id.hex(), copy_of=copy_of)
    objects.create(IDENTITY_NAME, msgspec.json.encode(identity) + b"\n")


def copy_restriction(objects: Objects, identity: Identity) -> Restriction | None:
    """Return what keeps a copy from being appended to; None when it is no copy, or was promoted."""
    if identity.copy_of is None or objects.read(PROMOTED_NAME) is not None:
        return None
    return Restriction("copy", identity.copy_of)


def announce_move(objects: Objects, successor: str) -> str:
    """Ask all writers to stop because the ledger is about to be sealed for `successor`; returns for which one it is.

    A writer that appends without a pause could else be first at every index that a seal is to take.
    """
    objects.create(MOVING_NAME, msgspec.json.encode(Moving(successor)) + b"\n")
    return announced_successor(objects) or successor


def announced_successor(objects: Objects) -> str | None:
    """Return where the ledger is about to move, None when it stays. Raises CorruptLedgerError."""
    data = objects.read(MOVING_NAME)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=Moving).successor
    except msgspec.DecodeError as error:
        raise CorruptLedgerError(f"{objects.path}/{MOVING_NAME}", 0, str(error)) from error


def check_copy(objects: Objects, identity: Identity, ledger_id: bytes) -> None:
    """Raise CopyTargetError unless a copy of the ledger `ledger_id` lies below the prefix, promoted or not."""
    if bytes.fromhex(identity.ledger_id) != ledger_id:
        raise CopyTargetError(objects.path, f"it holds another ledger, {identity.ledger_id}")
    if identity.copy_of is None:
        raise CopyTargetError(objects.path, "it holds the ledger itself, not a copy of it")
