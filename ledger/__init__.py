"""An append-only ledger of typed events in plain files, with replay, lineage and verification: see `ledger.log`."""

from ledger._bound import Bound
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.erasure import Erased, Locked, Opener, erase
from ledger.errors import (
    BeyondHeadError,
    BrokenSealError,
    BusyError,
    ConflictError,
    CorruptLedgerError,
    DamagedBytesError,
    DamagedKeyError,
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
    NotCaughtUpError,
    OutOfRangeError,
    PrefixError,
    ProjectionError,
    ReadOnlyLedgerError,
    SignerMismatchError,
    StorageError,
    TimeStampError,
    ToolError,
    UndecodableEntryError,
    UndecodableEventError,
    UnknownIdError,
    UnknownSubjectError,
    UpcasterError,
)
from ledger.events import SubjectErased, TailRepaired
from ledger.export import export
from ledger.keys import Keys
from ledger.layout import COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, ENTRY_BYTES_MAX, SEGMENT_BYTES_MAX
from ledger.lineage import Lineage, LineageNode
from ledger.log import Head, Ledger
from ledger.merkle import check_consistency
from ledger.note import parse_vkey
from ledger.prefixes import Prefixes
from ledger.proof import ProvenEntry, check_proof, prove, prove_consistency
from ledger.repair import Recovery
from ledger.replay import Moment, Projection, fold, index_at, replay
from ledger.sealed import Sealed, seal
from ledger.signer import Signer
from ledger.snapshots import Snapshots
from ledger.upcasters import Upcaster, Upcasters, versioned_tag
from ledger.verified import verified
from ledger.verify import Finding, Verification, verify
from ledger.views import View, Views
from ledger.what_if import WhatIf, what_if

__all__ = [
    "COMMIT_BYTES_MAX",
    "COMMIT_EVENTS_MAX",
    "ENTRY_BYTES_MAX",
    "SEGMENT_BYTES_MAX",
    "BeyondHeadError",
    "Bound",
    "BrokenSealError",
    "BusyError",
    "Checkpoint",
    "ConflictError",
    "CorruptLedgerError",
    "DamagedBytesError",
    "DamagedKeyError",
    "EntryTooLargeError",
    "Erased",
    "EventUnionError",
    "ExportTargetError",
    "Finding",
    "Head",
    "InvalidEventError",
    "InvalidKeyError",
    "InvalidNoteError",
    "InvalidProofError",
    "Keys",
    "Ledger",
    "LedgerClosedError",
    "LedgerError",
    "LedgerExistsError",
    "LedgerNotFoundError",
    "Lineage",
    "LineageNode",
    "Locked",
    "Moment",
    "NoCheckpointError",
    "NoSignerError",
    "NotCaughtUpError",
    "Opener",
    "OutOfRangeError",
    "PrefixError",
    "Prefixes",
    "Projection",
    "ProjectionError",
    "ProvenEntry",
    "ReadOnlyLedgerError",
    "Recovery",
    "Sealed",
    "Signer",
    "SignerMismatchError",
    "Snapshots",
    "StorageError",
    "SubjectErased",
    "TailRepaired",
    "TimeStampError",
    "ToolError",
    "UndecodableEntryError",
    "UndecodableEventError",
    "UnknownIdError",
    "UnknownSubjectError",
    "Upcaster",
    "UpcasterError",
    "Upcasters",
    "Verification",
    "View",
    "Views",
    "WhatIf",
    "check_consistency",
    "check_proof",
    "erase",
    "export",
    "fold",
    "index_at",
    "parse_checkpoint",
    "parse_vkey",
    "prove",
    "prove_consistency",
    "replay",
    "seal",
    "verified",
    "verify",
    "versioned_tag",
    "what_if",
]
