"""What do the files beside a ledger have in common? One envelope for snapshots, memories and keys. Pure.

docs/specs/ledger-side-files.md §1. An envelope says what it is, carries a head that is read alone to decide whether the
body is of use, and ends in a checksum over everything. It finds accidents; what a body proves is another matter.
"""

import struct
from typing import Final, NamedTuple

from ledger.errors import DamagedBytesError
from ledger.layout import checksum

SIDE_MAGIC: Final = b"LEDGSID\n"
SIDE_VERSION: Final = 1

KIND_SNAPSHOT: Final = 1
KIND_VERIFIED: Final = 2
KIND_KEY: Final = 3

HEAD_BYTES_MAX: Final = 65_536
"""Longest head: names, hashes and numbers; whatever grows belongs in the body."""

_PREAMBLE: Final = struct.Struct("<8sHHIQ")
_CRC: Final = struct.Struct("<I")

PREAMBLE_BYTES: Final = _PREAMBLE.size


class Envelope(NamedTuple):
    """The two parts of a side file; `body` is a view into the bytes that were decoded."""

    head: bytes
    body: memoryview


def encode_envelope(kind: int, head: bytes, body: bytes) -> bytes:
    """Return the bytes of a side file. Inverse of `decode_envelope`."""
    assert len(head) <= HEAD_BYTES_MAX, "heads are small by construction"
    unsigned = b"".join((_PREAMBLE.pack(SIDE_MAGIC, SIDE_VERSION, kind, len(head), len(body)), head, body))
    return unsigned + _CRC.pack(checksum(unsigned))


def decode_head(kind: int, data: bytes) -> bytes:
    """Return the head from the first bytes of a side file, unchecked. Raises DamagedBytesError."""
    size, _ = _sizes(kind, data)
    if len(data) < PREAMBLE_BYTES + size:
        raise DamagedBytesError(len(data), "the head is cut short")
    return data[PREAMBLE_BYTES : PREAMBLE_BYTES + size]


def decode_envelope(kind: int, data: bytes) -> Envelope:
    """Return head and body of a whole side file. Raises DamagedBytesError unless every byte is as it was written."""
    head_size, body_size = _sizes(kind, data)
    end = PREAMBLE_BYTES + head_size + body_size
    if len(data) != end + _CRC.size:
        raise DamagedBytesError(min(len(data), end), f"the file has {len(data)} bytes instead of {end + _CRC.size}")
    view = memoryview(data)
    if _CRC.unpack_from(data, end) != (checksum(view[:end]),):
        raise DamagedBytesError(0, "the file does not match its checksum")
    begin = PREAMBLE_BYTES + head_size
    return Envelope(data[PREAMBLE_BYTES:begin], view[begin:end])


def _sizes(kind: int, data: bytes) -> tuple[int, int]:
    if len(data) < PREAMBLE_BYTES:
        raise DamagedBytesError(len(data), f"a side file begins with {PREAMBLE_BYTES} bytes")
    magic, version, found, head_size, body_size = _PREAMBLE.unpack_from(data)
    if magic != SIDE_MAGIC:
        raise DamagedBytesError(0, "the file does not begin with its magic")
    if (version, found) != (SIDE_VERSION, kind):
        raise DamagedBytesError(8, f"version {version} of kind {found}, where version {SIDE_VERSION} of {kind} is due")
    if head_size > HEAD_BYTES_MAX:
        raise DamagedBytesError(12, f"a head of {head_size} bytes")
    return head_size, body_size
