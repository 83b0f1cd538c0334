"""What does a ledger sign? Its size and its root, as a C2SP tlog-checkpoint. Pure.

Whoever keeps a checkpoint can tell later whether the ledger still begins with what it held then. Somebody who kept none
has only the word of the signer.
"""

import re
from typing import Final

import msgspec

from ledger.errors import InvalidNoteError
from ledger.merkle import HASH_BYTES
from ledger.note import VerifierKey, decode_base64, encode_base64, parse_note, verify_note
from ledger.signer import Signer

_SIZE: Final = "0|[1-9][0-9]{0,18}"
"""At most 19 digits: no reader has to hold more than 63 bits."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger `origin` held `size` events with `root` (32 bytes). `text` is the signed note that says so."""

    origin: str
    size: int
    root: bytes
    text: bytes


def sign_checkpoint(signer: Signer, size: int, root: bytes) -> Checkpoint:
    """Return the checkpoint of `size` and `root`. Inverse of `parse_checkpoint`."""
    text = signer.sign(f"{signer.name}\n{size}\n{encode_base64(root)}\n")
    return Checkpoint(origin=signer.name, size=size, root=root, text=text)


def parse_checkpoint(data: bytes, key: VerifierKey | None = None) -> Checkpoint:
    """Return the checkpoint in the note `data`, signed by `key`; without a key, nothing is checked but the form.

    The origin must be the name of the key, so that no other log of the same owner passes for this one. Extension lines
    are refused: nothing in them could be checked against the log. Raises InvalidNoteError.
    """
    text = parse_note(data).text if key is None else verify_note(data, key)
    lines = text.split("\n")
    root = decode_base64(lines[2]) if len(lines) == 4 else None
    if root is None or len(root) != HASH_BYTES or not lines[0] or not re.fullmatch(_SIZE, lines[1]):
        raise InvalidNoteError("its text is not an origin, a size and a root")
    if key is not None and lines[0] != key.name:
        raise InvalidNoteError(f"it is a checkpoint of {lines[0]}, not of {key.name}")
    return Checkpoint(origin=lines[0], size=int(lines[1]), root=root, text=data)
