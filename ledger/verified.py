"""Has this log been verified before, and up to where? A memory that lets a later check hash only what is new.

The first check hashes every entry (RFC 6962) and compares the root with the one that the log claims. What it remembers
is the frontier of that tree, from which the next check goes on; the entries below are then guarded by the checksums of
their frames, which every read checks. A memory that does not lead to the claimed root is forgotten and everything is
hashed again; only when that fails too is the log at fault.

docs/specs/ledger-side-files.md §3. The memory is as trustworthy as the folder that it lies in: an auditor keeps it where
the writer of the log cannot reach, or checks with `Ledger` proofs and a signed checkpoint instead.
"""

from typing import Final

import msgspec

from ledger._bound import ROOT_BYTES, Bound, Frontier, bound_to, extend_from
from ledger.envelope import KIND_VERIFIED, decode_envelope, encode_envelope
from ledger.errors import CorruptLedgerError, DamagedBytesError
from ledger.layout import MARK_NAME
from ledger.log import Ledger
from ledger.snapshots import Snapshots

VERIFIED_SUFFIX: Final = ".verified"


class VerifiedHead(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What was verified: `size` events of one ledger, whose complete subtrees have the roots `peaks`."""

    ledger_id: bytes
    size: int
    root: bytes
    peaks: tuple[bytes, ...]
    """32 bytes each, smallest subtree first."""


def verified(ledger: Ledger, memory: Snapshots) -> Bound:
    """Check that the entries of `ledger` make the tree that it claims, and return its (size, root) at the head.

    `memory` says where to remember it, beside the snapshots. The first call costs about a microsecond an event, later
    ones only for events that are new. Raises CorruptLedgerError, StorageError.
    """
    claimed = bound_to(ledger, ledger.head().size)
    frontier = _remembered(ledger, memory, claimed.size)
    known = frontier.size
    extend_from(frontier, ledger, claimed.size)
    if frontier.bound != claimed and known:
        known, frontier = 0, Frontier()
        extend_from(frontier, ledger, claimed.size)
    if frontier.bound != claimed:
        reason = f"the entries make the tree {frontier.bound.root.hex()}, the log claims {claimed.root.hex()}"
        raise CorruptLedgerError(f"{ledger.path}/{MARK_NAME}", 0, reason)
    if not memory.read_only and (known < claimed.size or not known):
        _remember(ledger, memory, frontier)
    return claimed


def _name(ledger: Ledger) -> str:
    return ledger.head().ledger_id.hex() + VERIFIED_SUFFIX


def _remembered(ledger: Ledger, memory: Snapshots, size_max: int) -> Frontier:
    """Return the frontier to go on from; an empty one when there is none that can be of this log."""
    data = memory.folder.read(_name(ledger))
    if data is None:
        return Frontier()
    try:
        head = msgspec.msgpack.decode(decode_envelope(KIND_VERIFIED, data).head, type=VerifiedHead)
    except (DamagedBytesError, msgspec.MsgspecError, UnicodeDecodeError):
        return Frontier()
    whole = len(head.peaks) == head.size.bit_count() and all(len(peak) == ROOT_BYTES for peak in head.peaks)
    if not whole or not 0 <= head.size <= size_max or head.ledger_id != ledger.head().ledger_id:
        return Frontier()
    frontier = Frontier(head.peaks, head.size)
    return frontier if frontier.bound.root == head.root else Frontier()


def _remember(ledger: Ledger, memory: Snapshots, frontier: Frontier) -> None:
    bound = frontier.bound
    head = VerifiedHead(ledger.head().ledger_id, bound.size, bound.root, frontier.peaks)
    with memory.folder.lock():
        memory.folder.put(_name(ledger), encode_envelope(KIND_VERIFIED, msgspec.msgpack.encode(head), b""))
