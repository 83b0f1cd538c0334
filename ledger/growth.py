"""May a ledger sign its end, given what it signed last? Only if it begins with that, signed by the same key. Pure.

A log must never sign two histories, so that the last checkpoint is part of the next is computed, never assumed. Where
checkpoints lie is told by whoever calls.
"""

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import CorruptLedgerError, InvalidNoteError, SignerMismatchError
from ledger.merkle import HashReader, check_consistency, consistency_path
from ledger.note import key_id, parse_note
from ledger.signer import Signer


def parse_kept(data: bytes, path: str, checkpoint_path: str, signer: Signer | None) -> Checkpoint:
    """Return the checkpoint in the note `data` that the ledger at `path` keeps, checked to be the signer's if one is given.

    Raises SignerMismatchError when others have signed it, CorruptLedgerError when it is damaged.
    """
    try:
        if signer is not None:
            _check_signer(data, path, signer)
        return parse_checkpoint(data, None if signer is None else signer.verifier())
    except InvalidNoteError as error:
        raise CorruptLedgerError(checkpoint_path, 0, error.reason) from error


def check_not_cut(last: Checkpoint, size: int, checkpoint_path: str) -> None:
    """Raise CorruptLedgerError when a log of `size` is shorter than what it signed last."""
    if last.size > size:
        reason = f"it says {last.size} events, the log holds {size}: the log was cut"
        raise CorruptLedgerError(checkpoint_path, 0, reason)


def prove_growth(last: Checkpoint, size: int, root: bytes, read: HashReader) -> None:
    """Raise InvalidProofError unless the tree of `size` and `root` begins with that of `last`, by the hashes of `read`."""
    check_consistency(last.size, last.root, size, root, consistency_path(last.size, size, read))


def _check_signer(data: bytes, path: str, signer: Signer) -> None:
    keys = [(each.name, each.key_id) for each in parse_note(data).signatures]
    if (signer.name, key_id(signer.verifier())) not in keys:
        found = ", ".join(f"{name}+{each.hex()}" for name, each in keys)
        raise SignerMismatchError(path, signer.vkey, found)
