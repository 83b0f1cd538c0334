"""An append-only ledger of typed events in plain files, with replay, lineage and verification: see `ledger.log`."""

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import (
    BeyondHeadError,
    BusyError,
    ConflictError,
    CorruptLedgerError,
    DamagedBytesError,
    EntryTooLargeError,
    EventUnionError,
    ExportTargetError,
    InvalidEventError,
    InvalidKeyError,
    InvalidNoteError,
    InvalidProofError,
    LedgerClosedError,
    LedgerError,
    LedgerExistsError,
    LedgerNotFoundError,
    NoCheckpointError,
    NoSignerError,
    OutOfRangeError,
    ReadOnlyLedgerError,
    SignerMismatchError,
    StorageError,
    UndecodableEntryError,
    UndecodableEventError,
    UnknownIdError,
)
from ledger.events import TailRepaired
from ledger.export import export
from ledger.layout import COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, ENTRY_BYTES_MAX, SEGMENT_BYTES_MAX
from ledger.lineage import Lineage, LineageNode
from ledger.log import Head, Ledger
from ledger.merkle import check_consistency
from ledger.note import parse_vkey
from ledger.proof import ProvenEntry, check_proof, prove, prove_consistency
from ledger.repair import Recovery
from ledger.replay import Projection, fold, replay
from ledger.signer import Signer
from ledger.verify import Finding, Verification, verify

__all__ = [
    "COMMIT_BYTES_MAX",
    "COMMIT_EVENTS_MAX",
    "ENTRY_BYTES_MAX",
    "SEGMENT_BYTES_MAX",
    "BeyondHeadError",
    "BusyError",
    "Checkpoint",
    "ConflictError",
    "CorruptLedgerError",
    "DamagedBytesError",
    "EntryTooLargeError",
    "EventUnionError",
    "ExportTargetError",
    "Finding",
    "Head",
    "InvalidEventError",
    "InvalidKeyError",
    "InvalidNoteError",
    "InvalidProofError",
    "Ledger",
    "LedgerClosedError",
    "LedgerError",
    "LedgerExistsError",
    "LedgerNotFoundError",
    "Lineage",
    "LineageNode",
    "NoCheckpointError",
    "NoSignerError",
    "OutOfRangeError",
    "Projection",
    "ProvenEntry",
    "ReadOnlyLedgerError",
    "Recovery",
    "Signer",
    "SignerMismatchError",
    "StorageError",
    "TailRepaired",
    "UndecodableEntryError",
    "UndecodableEventError",
    "UnknownIdError",
    "Verification",
    "check_consistency",
    "check_proof",
    "export",
    "fold",
    "parse_checkpoint",
    "parse_vkey",
    "prove",
    "prove_consistency",
    "replay",
    "verify",
]
