"""How does the checkpoint get onto object storage? Checked against the one that is there, and replaced only if it is still that.

Two signers may work at the same time; the one whose checkpoint was replaced meanwhile looks again, so that a checkpoint
is never followed by one that does not contain it. All that a checkpoint covers is durable before, since every object is.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.errors import BusyError, CorruptLedgerError, InvalidProofError
from ledger.growth import check_not_cut, parse_kept, prove_growth
from ledger.layout import CHECKPOINT_NAME
from ledger.merkle import HashReader
from ledger.objects.head import End
from ledger.objects.store import Objects
from ledger.signer import Signer

ROUNDS_MAX: Final = 8
"""How often a signer looks again when others have signed meanwhile; each time the log has grown, and is signed."""


class Kept(NamedTuple):
    """The checkpoint that is there, None where nobody has signed, and the tag of its object."""

    checkpoint: Checkpoint | None
    tag: str | None


class Prover(Protocol):
    """Gives the reader of hashes at an end, from the entries alone when it is not to trust tiles."""

    def __call__(self, end: End, *, trusting: bool) -> HashReader: ...


def read_checkpoint(objects: Objects, signer: Signer | None = None) -> Kept:
    """Return the checkpoint below the prefix. Raises SignerMismatchError when others have signed it, CorruptLedgerError."""
    found = objects.find(CHECKPOINT_NAME)
    if found is None:
        return Kept(None, None)
    path = f"{objects.path}/{CHECKPOINT_NAME}"
    return Kept(parse_kept(found.data, objects.path, path, signer), found.tag)


def issue(objects: Objects, signer: Signer, head: Callable[[], End], prover: Prover) -> Checkpoint:
    """Sign the end that `head` gives and put the checkpoint in place; the one that is there if nothing grew.

    Raises SignerMismatchError, StorageError, BusyError when others sign all the time, and CorruptLedgerError when the log
    does not begin with what the checkpoint says that is there.
    """
    for _ in range(ROUNDS_MAX):
        kept = read_checkpoint(objects, signer)
        end = head()
        if kept.checkpoint is not None:
            check_growth(objects, end, kept.checkpoint, prover)
            if kept.checkpoint.size == end.size:
                return kept.checkpoint
        checkpoint = sign_checkpoint(signer, end.size, end.root)
        if objects.replace(CHECKPOINT_NAME, checkpoint.text, kept.tag):
            return checkpoint
    raise BusyError(f"{objects.path}/{CHECKPOINT_NAME}", 0.0)


def keep(objects: Objects, checkpoint: Checkpoint, end: End, prover: Prover) -> None:
    """Put a checkpoint in place that was signed elsewhere. Raises CorruptLedgerError unless the log begins with it."""
    check_growth(objects, end, checkpoint, prover)
    for _ in range(ROUNDS_MAX):
        kept = read_checkpoint(objects)
        if kept.checkpoint is not None and kept.checkpoint.size >= checkpoint.size:
            return
        if objects.replace(CHECKPOINT_NAME, checkpoint.text, kept.tag):
            return
    raise BusyError(f"{objects.path}/{CHECKPOINT_NAME}", 0.0)


def check_growth(objects: Objects, end: End, last: Checkpoint, prover: Prover) -> None:
    """Raise CorruptLedgerError unless the log at `end` begins with what the checkpoint `last` says.

    A damaged tile would look the same as another history; hashes that are computed anew tell which it is.
    """
    path = f"{objects.path}/{CHECKPOINT_NAME}"
    check_not_cut(last, end.size, path)
    for trusting in (True, False):
        try:
            prove_growth(last, end.size, end.root, prover(end, trusting=trusting))
        except InvalidProofError as error:
            if not trusting:
                raise CorruptLedgerError(
                    path, 0, f"the log does not begin with what it says: {error.reason}"
                ) from error
        else:
            return
