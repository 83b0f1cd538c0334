"""How far does the signature of a store's ledger reach? The key to check it with, what it covers, and what it cannot show.

A log that only its owner signs shows every change by anybody else. That its owner has rewritten it, only a checkpoint shows that
somebody else kept; and a key that was taken from the store itself shows less than one that was brought along.
"""

from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from engines.media_v2.errors import UnsupportedMediaError
from engines.media_v2.proofs import read_proof_file
from engines.media_v2.signing import own_vkey, read_vkey
from ledger import (
    Checkpoint,
    CorruptLedgerError,
    InvalidKeyError,
    InvalidNoteError,
    InvalidProofError,
    Ledger,
    parse_checkpoint,
    parse_vkey,
    prove_consistency,
)

Trust = Literal["given", "store", "none"]
"""Where the verifier key came from: the auditor, the store itself, or nowhere."""

_NOTES: dict[Trust, str] = {
    "given": "",
    "store": "the verifier key came from the store itself: whoever could rewrite the ledger could have replaced the key as well; "
    "bring your own with --vkey",
    "none": "the ledger is not signed: whoever can write to the store can rewrite its history",
}
_NO_CHECKPOINT_KEPT = (
    "no checkpoint was brought along: that the owner of the key has not rewritten the history cannot be told without one "
    "that somebody kept (--checkpoint)"
)


class SignedState(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger's checkpoint says: `size` events with `root` (hex), signed as `origin`; checked with the key of `key`."""

    origin: str
    size: int
    root: str
    key: Trust


class Key(NamedTuple):
    """The verifier key to check with, None for no check, and where it came from."""

    vkey: str | None
    trust: Trust


def choose_key(keys: Path | None, given: str | None) -> Key:
    """Return `given` (a key, or a file that holds one), else the store's own in its folder of `keys`.

    A store that has a key was signed when it was made. Raises `InvalidKeyError` for a given key that is none; a store's own that is
    damaged counts as none.
    """
    if given is not None:
        return Key(read_vkey(given), "given")
    try:
        own = own_vkey(keys)
    except InvalidKeyError:
        own = None
    return Key(own, "store") if own is not None else Key(None, "none")


def signed_state(ledger: Ledger, key: Key) -> SignedState | None:
    """Return what the ledger's checkpoint says, None where it has none or it is not signed by `key`."""
    try:
        last = ledger.last_checkpoint()
        if last is None:
            return None
        parse_checkpoint(last.text, parse_vkey(key.vkey) if key.vkey else None)
    except (CorruptLedgerError, InvalidNoteError):
        return None
    return SignedState(origin=last.origin, size=last.size, root=last.root.hex(), key=key.trust)


def read_kept(file: Path, key: Key) -> Checkpoint:
    """Return the checkpoint that an auditor kept, which must be signed by `key`.

    Raises `InvalidNoteError`, `InvalidKeyError`, `UnsupportedMediaError` when the file cannot be read or there is no key.
    """
    if key.vkey is None:
        raise UnsupportedMediaError(str(file), "there is no verifier key to check this checkpoint with")
    return parse_checkpoint(read_proof_file(file), parse_vkey(key.vkey))


def rewriting(ledger: Ledger, kept: Checkpoint) -> str | None:
    """Say how the ledger's history differs from what the kept checkpoint covers; None when it begins with exactly that."""
    head = ledger.head()
    now = Checkpoint(origin=kept.origin, size=head.size, root=head.root, text=b"")
    if kept.size > head.size:
        return f"the kept checkpoint is over {kept.size} events, the ledger has only {head.size}: it was cut"
    try:
        prove_consistency(ledger, kept, now)
    except (InvalidProofError, CorruptLedgerError) as error:
        return f"the ledger does not begin with the {kept.size} events of the kept checkpoint: {error}"
    return None


def limits(key: Key, state: SignedState | None, events: int, *, kept: bool) -> tuple[str, ...]:
    """Say what an audit with this key cannot show."""
    notes = [_NOTES[key.trust]] if _NOTES[key.trust] else []
    if state is not None and state.size < events:
        notes.append(f"{events - state.size} events are newer than the checkpoint, and not signed yet")
    if key.trust != "none" and not kept:
        notes.append(_NO_CHECKPOINT_KEPT)
    return tuple(notes)
