"""How is a text signed so that others can check it? C2SP signed-note with Ed25519. Pure.

A note is a text, a blank line, and lines that each name a key and hold its signature of the text. Signatures of keys that
are not known are ignored, so that witnesses may add theirs. Keys are spelled as Go's `sumdb/note` spells them.
"""

import binascii
from hashlib import sha256
from typing import Final, NamedTuple

from ledger import ed25519
from ledger.errors import InvalidKeyError, InvalidNoteError

NOTE_BYTES_MAX: Final = 1_000_000
"""Longest note that is looked at, in bytes; the limit of Go's reader."""

SIGNATURES_MAX: Final = 100
"""Most signatures in a note; the limit of Go's reader, and C2SP asks for 16 at least."""

KEY_ID_BYTES: Final = 4
ALGORITHM: Final = b"\x01"
"""Stands for Ed25519 in key ids and in the spelling of keys."""

PRIVATE_PREFIX: Final = "PRIVATE+KEY+"

_DASH: Final = "\u2014 "


class VerifierKey(NamedTuple):
    """The public side of a signer: its `name` and the 32 bytes of its `public` key."""

    name: str
    public: bytes


class Signature(NamedTuple):
    """One line under a note: who says to have signed it."""

    name: str
    key_id: bytes
    signature: bytes


class Note(NamedTuple):
    """A text, which ends with a newline, and the signatures under it, none of them checked."""

    text: str
    signatures: tuple[Signature, ...]


def key_id(key: VerifierKey) -> bytes:
    """Return the four bytes that tell keys of one name apart."""
    return sha256(key.name.encode() + b"\n" + ALGORITHM + key.public).digest()[:KEY_ID_BYTES]


def format_vkey(key: VerifierKey) -> str:
    """Spell a verifier key: `name+id+base64`. Inverse of `parse_vkey`."""
    return f"{key.name}+{key_id(key).hex()}+{encode_base64(ALGORITHM + key.public)}"


def parse_vkey(text: str) -> VerifierKey:
    """Return the key that `text` spells. Raises InvalidKeyError."""
    name, public = split_key(text, "the verifier key", ed25519.PUBLIC_BYTES)
    key = VerifierKey(name, public)
    if format_vkey(key) != text:
        raise InvalidKeyError("the verifier key", "its id does not belong to it")
    return key


def split_key(text: str, source: str, size: int) -> tuple[str, bytes]:
    """Return the name and the `size` bytes of a key spelled `name+id+base64`. Raises InvalidKeyError naming `source`."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not is_key_name(parts[0]):
        raise InvalidKeyError(source, "it is not spelled name+id+base64")
    data = decode_base64(parts[2])
    if data is None or len(data) != 1 + size or data[:1] != ALGORITHM:
        raise InvalidKeyError(source, f"it does not hold {size} bytes of an Ed25519 key")
    return parts[0], data[1:]


def is_key_name(name: str) -> bool:
    """Tell whether a key may be called `name`: not empty, no space, no plus, no control character."""
    return bool(name) and not any(char.isspace() or char == "+" or char < " " for char in name)


def sign_note(text: str, name: str, seed: bytes) -> bytes:
    """Return the note of `text`, which must end with a newline, signed by the key `name` with the private `seed`."""
    assert text.endswith("\n"), "a note's text ends with a newline"
    key = VerifierKey(name, ed25519.public_key(seed))
    line = encode_base64(key_id(key) + ed25519.sign(seed, text.encode()))
    return f"{text}\n{_DASH}{name} {line}\n".encode()


def parse_note(data: bytes) -> Note:
    """Return the note in `data`; its signatures are not checked. Raises InvalidNoteError."""
    if len(data) > NOTE_BYTES_MAX:
        raise InvalidNoteError(f"it takes {len(data):,} bytes, more than {NOTE_BYTES_MAX:,}")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise InvalidNoteError("it is not UTF-8") from None
    if any(char < " " and char != "\n" for char in whole):
        raise InvalidNoteError("it holds control characters")
    text, blank, below = whole.rpartition("\n\n")
    if not blank or not below.endswith("\n"):
        raise InvalidNoteError("it has no signatures below a blank line")
    lines = below[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise InvalidNoteError(f"it has {len(lines)} signatures, more than {SIGNATURES_MAX}")
    return Note(text + "\n", tuple(map(_parse_signature, lines)))


def verify_note(data: bytes, key: VerifierKey) -> str:
    """Return the text of the note in `data`, which `key` has signed. Raises InvalidNoteError."""
    note = parse_note(data)
    ours = [each for each in note.signatures if (each.name, each.key_id) == (key.name, key_id(key))]
    if not ours:
        raise InvalidNoteError(f"it is not signed by {format_vkey(key)}")
    if not all(ed25519.is_signature(key.public, each.signature, note.text.encode()) for each in ours):
        raise InvalidNoteError(f"the signature in the name of {key.name} is not one of this text")
    return note.text


def encode_base64(data: bytes) -> str:
    """Return standard base64 with padding (RFC 4648 section 4)."""
    return binascii.b2a_base64(data, newline=False).decode()


def decode_base64(text: str) -> bytes | None:
    """Return what `text` spells, None unless it is exactly what `encode_base64` gives."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return None
    # Unused bits at the end may be anything for the decoder, which would make two spellings of one signature.
    return data if encode_base64(data) == text else None


def _parse_signature(line: str) -> Signature:
    name, space, signature = line.removeprefix(_DASH).partition(" ")
    data = decode_base64(signature)
    if not line.startswith(_DASH) or not space or not is_key_name(name) or not data or len(data) <= KEY_ID_BYTES:
        raise InvalidNoteError(f"{line[:100]!r} is no signature line")
    return Signature(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])
