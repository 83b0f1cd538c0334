"""How does somebody without the ledger check that an event is in it? Proofs as text, C2SP tlog-proof@v1.

`prove` reads a ledger; `check_proof` needs nothing but the text and the verifier key. The entry travels in the proof's
`extra` line, which nothing vouches for by itself: it counts only because its hash is the leaf that the path starts from.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import (
    CorruptLedgerError,
    InvalidProofError,
    NoCheckpointError,
    OutOfRangeError,
)
from ledger.layout import CHECKPOINT_NAME, ENTRY_BYTES_MAX
from ledger.log import Ledger
from ledger.merkle import (
    HASH_BYTES,
    check_consistency,
    check_inclusion,
    consistency_path,
    inclusion_path,
    leaf_hashes,
)
from ledger.note import NOTE_BYTES_MAX, decode_base64, encode_base64, parse_vkey

PROOF_HEADER: Final = "c2sp.org/tlog-proof@v1"
PROOF_BYTES_MAX: Final = NOTE_BYTES_MAX + 2 * ENTRY_BYTES_MAX
"""Longest proof that is looked at, in bytes: a note, an entry in base64, and a path, which takes 2,900 at most."""

PATH_HASHES_MAX: Final = 63
"""Most hashes in a path: one for each level of the largest tree."""

_INDEX: Final = "index (0|[1-9][0-9]{0,18})"


class ProvenEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof has shown: `checkpoint`, whose signature was right, covers `entry` as event `index`."""

    checkpoint: Checkpoint
    index: int
    entry: bytes


def prove(ledger: Ledger, index: int, checkpoint: Checkpoint | None = None, *, with_entry: bool = True) -> bytes:
    """Return the text that proves event `index` under `checkpoint`, by default the ledger's last one.

    Without the entry the text holds only hashes, and whoever checks it has to bring the entry. What is returned has been
    checked against the checkpoint's root. Raises OutOfRangeError, NoCheckpointError when the checkpoint is missing or
    does not cover the event, BeyondHeadError, and CorruptLedgerError when the ledger does not lead to its root.
    """
    if index < 0:
        raise OutOfRangeError("index", index, "an index from 0 on")
    checkpoint = checkpoint or ledger.last_checkpoint()
    if checkpoint is None or checkpoint.size <= index:
        raise NoCheckpointError(ledger.path, index + 1)
    size = checkpoint.size
    ((_, entry),) = ledger.entries(index, index + 1)
    path = inclusion_path(index, size, ledger.tree_hashes(size))
    try:
        check_inclusion(leaf_hashes([entry])[0], index, size, checkpoint.root, path)
    except InvalidProofError as error:
        reason = f"entries and tiles do not lead to the root of the checkpoint: {error.reason}"
        raise CorruptLedgerError(f"{ledger.path}/{CHECKPOINT_NAME}", 0, reason) from error
    extra = [f"extra {encode_base64(entry)}"] if with_entry else []
    lines = [PROOF_HEADER, *extra, f"index {index}", *map(encode_base64, path), "", ""]
    return "\n".join(lines).encode() + checkpoint.text


def check_proof(text: bytes, vkey: str, entry: bytes | None = None) -> ProvenEntry:
    """Return what `text` proves under the verifier key `vkey`, needing no ledger.

    `entry` is what the event should be; by default it is what the proof brings along. Raises InvalidKeyError,
    InvalidNoteError when the checkpoint is not signed by the key, InvalidProofError for anything else.
    """
    key = parse_vkey(vkey)
    index, extra, path, signed = _split(text)
    if entry is None and extra is None:
        raise InvalidProofError("it does not bring its entry along, and none was given")
    if entry is not None and extra is not None and entry != extra:
        raise InvalidProofError("it is about another entry than the one that was given")
    proven = entry if entry is not None else extra or b""
    checkpoint = parse_checkpoint(signed, key)
    check_inclusion(leaf_hashes([proven])[0], index, checkpoint.size, checkpoint.root, path)
    return ProvenEntry(checkpoint=checkpoint, index=index, entry=proven)


def prove_consistency(ledger: Ledger, old: Checkpoint, new: Checkpoint) -> list[bytes]:
    """Return the hashes that prove the ledger at `new` to begin with what it held at `old`. See `merkle`.

    What is returned has been checked with `check_consistency`. Raises BeyondHeadError, and InvalidProofError when there
    is no such proof: one of the two is not a checkpoint of this history.
    """
    if old.size > new.size:
        raise InvalidProofError(f"the checkpoint of {new.size} events is older than that of {old.size}")
    path = consistency_path(old.size, new.size, ledger.tree_hashes(new.size))
    check_consistency(old.size, old.root, new.size, new.root, path)
    return path


def _split(text: bytes) -> tuple[int, bytes | None, Sequence[bytes], bytes]:
    """Return index, extra data, path and signed checkpoint of a proof. Raises InvalidProofError."""
    if len(text) > PROOF_BYTES_MAX:
        raise InvalidProofError(f"it takes {len(text):,} bytes, more than {PROOF_BYTES_MAX:,}")
    head, blank, signed = text.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise InvalidProofError("it holds other characters than ASCII before its checkpoint") from None
    if not blank or lines.pop(0) != PROOF_HEADER:
        raise InvalidProofError(f"it does not begin with {PROOF_HEADER}, or holds no checkpoint")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "))
        if extra is None:
            raise InvalidProofError("its extra line is not base64")
    found = re.fullmatch(_INDEX, lines.pop(0)) if lines else None
    if not found:
        raise InvalidProofError("its index line is missing or not a number")
    path = [decode_base64(line) or b"" for line in lines]
    if len(path) > PATH_HASHES_MAX or any(len(step) != HASH_BYTES for step in path):
        raise InvalidProofError("its path does not consist of hashes, or is too long")
    return int(found[1]), extra, path, signed
