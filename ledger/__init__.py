"""An append-only ledger of typed events in plain files, with replay, lineage and verification: see `ledger.log`."""

from ledger.errors import (
    BeyondHeadError,
    BusyError,
    ConflictError,
    CorruptLedgerError,
    DamagedBytesError,
    EntryTooLargeError,
    EventUnionError,
    InvalidEventError,
    LedgerClosedError,
    LedgerError,
    LedgerExistsError,
    LedgerNotFoundError,
    OutOfRangeError,
    ReadOnlyLedgerError,
    StorageError,
    UndecodableEntryError,
    UndecodableEventError,
    UnknownIdError,
)
from ledger.events import TailRepaired
from ledger.layout import COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, ENTRY_BYTES_MAX, SEGMENT_BYTES_MAX
from ledger.lineage import Lineage, LineageNode
from ledger.log import Head, Ledger
from ledger.repair import Recovery
from ledger.replay import Projection, fold, replay
from ledger.verify import Finding, Verification, verify

__all__ = [
    "COMMIT_BYTES_MAX",
    "COMMIT_EVENTS_MAX",
    "ENTRY_BYTES_MAX",
    "SEGMENT_BYTES_MAX",
    "BeyondHeadError",
    "BusyError",
    "ConflictError",
    "CorruptLedgerError",
    "DamagedBytesError",
    "EntryTooLargeError",
    "EventUnionError",
    "Finding",
    "Head",
    "InvalidEventError",
    "Ledger",
    "LedgerClosedError",
    "LedgerError",
    "LedgerExistsError",
    "LedgerNotFoundError",
    "Lineage",
    "LineageNode",
    "OutOfRangeError",
    "Projection",
    "ReadOnlyLedgerError",
    "Recovery",
    "StorageError",
    "TailRepaired",
    "UndecodableEntryError",
    "UndecodableEventError",
    "UnknownIdError",
    "Verification",
    "fold",
    "replay",
    "verify",
]
