"""An append-only ledger of typed events in plain files, with replay, lineage and verification: see `ledger.log`.

What few programs need is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from ledger._bound import Bound
from ledger.backend import Head
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import (
    BeyondHeadError,
    BrokenSealError,
    BusyError,
    ConflictError,
    CopiedLedgerError,
    CopyTargetError,
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
    LostRaceError,
    MissingExtraError,
    MovedLedgerError,
    NoCheckpointError,
    NoSignerError,
    NotCaughtUpError,
    OutOfRangeError,
    PrefixError,
    ProjectionError,
    ReadOnlyLedgerError,
    SchemaVersionError,
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
from ledger.layout import COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX, ENTRY_BYTES_MAX, SEGMENT_BYTES_MAX
from ledger.log import Ledger
from ledger.merkle import check_consistency
from ledger.note import parse_vkey
from ledger.prefixes import Prefixes
from ledger.repair import Recovery
from ledger.replay import Moment, Projection, fold, index_at, replay
from ledger.signer import Signer
from ledger.snapshots import Snapshots
from ledger.upcasters import Upcaster, Upcasters, versioned_tag
from ledger.verified import verified
from ledger.verify import Finding, Verification, verify
from ledger.what_if import WhatIf, what_if

if TYPE_CHECKING:
    from ledger.erasure import Erased, Locked, Opener, erase
    from ledger.keys import Keys
    from ledger.lineage import Lineage, LineageNode
    from ledger.proof import ProvenEntry, check_proof, prove, prove_consistency
    from ledger.sealed import Sealed, seal
    from ledger.views import View, Views

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
    "CopiedLedgerError",
    "CopyTargetError",
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
    "LostRaceError",
    "MissingExtraError",
    "Moment",
    "MovedLedgerError",
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
    "SchemaVersionError",
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

_LATER = {
    "Erased": "ledger.erasure",
    "Locked": "ledger.erasure",
    "Opener": "ledger.erasure",
    "erase": "ledger.erasure",
    "Keys": "ledger.keys",
    "Lineage": "ledger.lineage",
    "LineageNode": "ledger.lineage",
    "ProvenEntry": "ledger.proof",
    "check_proof": "ledger.proof",
    "prove": "ledger.proof",
    "prove_consistency": "ledger.proof",
    "Sealed": "ledger.sealed",
    "seal": "ledger.sealed",
    "View": "ledger.views",
    "Views": "ledger.views",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
