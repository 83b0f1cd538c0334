"""How do events become the bytes of a segment, and how are those bytes checked? Pure; docs/specs/ledger-format.md §2-4.

A segment is a header followed by commit frames; a frame is one append, whole or absent. A sealed segment ends with one
more frame, its footer, which says what the segment holds. Decoders refuse anything that
the encoders here would not have written, with the offset of the first byte that is wrong as far as that can be told.
This module knows bytes only: what an event means is decided in `events`, where bytes lie in `segments`.
"""

import re
import struct
from collections.abc import Sequence
from io import BytesIO
from typing import Final, NamedTuple

from ledger.errors import DamagedBytesError
from ledger.layout import COMMIT_BYTES_MAX, LEDGER_ID_BYTES, SEGMENT_HEADER_BYTES, checksum
from ledger.merkle import HASH_BYTES

SEGMENT_MAGIC: Final = b"LEDGSEG\n"
FORMAT_VERSION: Final = 1

FRAME_COMMIT: Final = 1
"""The type of a frame that holds a run of entries."""

FRAME_FOOTER: Final = 2
"""The type of the frame that seals a segment."""

_HEADER: Final = struct.Struct("<8sHHI16sQQ32s12sI")
_FRAME: Final = struct.Struct("<IIQHBB")
_FRAME_REST: Final = struct.Struct("<QHBB")
_LENGTH: Final = struct.Struct("<I")
_CRC: Final = struct.Struct("<I")
_ENTRY_LENGTH: Final = struct.Struct(">H")
_FOOTER: Final = struct.Struct("<Q32s32s")
_TYPE_AND_FLAGS: Final = rb"[\x01\x02]\x00"
_TYPE_OFFSET: Final = 18

FRAME_HEADER_BYTES: Final = _FRAME.size
FOOTER_FRAME_BYTES: Final = FRAME_HEADER_BYTES + _FOOTER.size


class SegmentHeader(NamedTuple):
    """What a segment says of itself: `number` counts segments from 0, `first_index` is that of its first event.

    `root` is that of the tree over all events before; b"" stands for one that is not known.
    """

    ledger_id: bytes
    number: int
    first_index: int
    root: bytes = b""


class Footer(NamedTuple):
    """What a sealed segment holds: `event_count` events, after which the tree has `root`, in bytes with this `sha256`.

    The hash is taken over all bytes of the segment before the footer, its header included.
    """

    event_count: int
    root: bytes
    sha256: bytes


class Frame(NamedTuple):
    """One commit: `event_count` events from `first_index` on, as the entry run `body`; `size` bytes with its header.

    A footer has no events, the index after the last one as `first_index`, and what `decode_footer` reads as `body`.
    """

    first_index: int
    event_count: int
    body: bytes
    size: int
    kind: int = FRAME_COMMIT


def encode_header(header: SegmentHeader) -> bytes:
    """Return the 96 bytes that open a segment. Inverse of `decode_header`."""
    assert len(header.ledger_id) == LEDGER_ID_BYTES, "a ledger id has 16 bytes"
    assert len(header.root) == HASH_BYTES, "a root has 32 bytes"
    fields = (SEGMENT_MAGIC, FORMAT_VERSION, SEGMENT_HEADER_BYTES, 0, *header, bytes(12))
    unsigned = _HEADER.pack(*fields, 0)[: -_CRC.size]
    return unsigned + _CRC.pack(checksum(unsigned))


def decode_header(data: bytes) -> SegmentHeader:
    """Return what the first 96 bytes of a segment say. Raises DamagedBytesError."""
    if len(data) < SEGMENT_HEADER_BYTES:
        raise DamagedBytesError(len(data), f"a segment header takes {SEGMENT_HEADER_BYTES} bytes")
    data = data[:SEGMENT_HEADER_BYTES]
    magic, version, size, flags, ledger_id, number, first_index, root, reserved, crc = _HEADER.unpack(data)
    if magic != SEGMENT_MAGIC:
        raise DamagedBytesError(0, "the segment header does not begin with its magic")
    if checksum(data[: -_CRC.size]) != crc:
        raise DamagedBytesError(0, "the segment header does not match its checksum")
    if (version, size, flags, reserved) != (FORMAT_VERSION, SEGMENT_HEADER_BYTES, 0, bytes(12)):
        raise DamagedBytesError(8, f"segment format version {version} with flags {flags} is not known")
    return SegmentHeader(ledger_id, number, first_index, root)


def frame_salt(ledger_id: bytes, number: int) -> int:
    """Return the checksum state from which every frame of segment `number` starts.

    A frame that was copied from another ledger or another segment therefore never passes, however whole it is.
    """
    return checksum(ledger_id + number.to_bytes(8, "little"))


def encode_frame(body: bytes, first_index: int, count: int, salt: int, kind: int = FRAME_COMMIT) -> bytes:
    """Return the commit frame that holds `count` events as the entry run `body`. Inverse of `decode_frame`."""
    assert 0 < len(body) <= COMMIT_BYTES_MAX, "the caller has checked the size of the commit"
    length, rest = _LENGTH.pack(len(body)), _FRAME_REST.pack(first_index, count, kind, 0)
    crc = checksum(body, checksum(rest, checksum(length, salt)))
    return b"".join((length, _CRC.pack(crc), rest, body))


def encode_footer(footer: Footer, first_index: int, salt: int) -> bytes:
    """Return the frame that seals a segment after event ``first_index - 1``. Inverse of `decode_footer`."""
    return encode_frame(_FOOTER.pack(*footer), first_index, 0, salt, FRAME_FOOTER)


def decode_footer(frame: Frame) -> Footer:
    """Return what a footer frame says."""
    assert frame.kind == FRAME_FOOTER, "the caller has looked at the kind"
    return Footer._make(_FOOTER.unpack(frame.body))


def frame_size(data: bytes, offset: int = 0) -> int | None:
    """Return the whole size that the frame at `offset` claims, or None when its header is not in `data`.

    The claim is unchecked. Raises DamagedBytesError for a length that no frame has.
    """
    if len(data) - offset < FRAME_HEADER_BYTES:
        return None
    (length,) = _LENGTH.unpack_from(data, offset)
    if not 0 < length <= COMMIT_BYTES_MAX:
        raise DamagedBytesError(offset, f"a commit frame cannot be {length} bytes long")
    return FRAME_HEADER_BYTES + int(length)


def decode_frame(data: bytes, offset: int, salt: int) -> Frame:
    """Return the frame, commit or footer, that begins at `offset`; copies its body. Raises DamagedBytesError."""
    size = frame_size(data, offset)
    if size is None or offset + size > len(data):
        raise DamagedBytesError(offset, "the commit frame is cut short")
    length, crc, first_index, count, kind, flags = _FRAME.unpack_from(data, offset)
    head = data[offset : offset + FRAME_HEADER_BYTES]
    body = data[offset + FRAME_HEADER_BYTES : offset + size]
    if checksum(body, checksum(head[8:], checksum(head[:4], salt))) != crc:
        raise DamagedBytesError(offset, f"a commit frame of {length} bytes does not match its checksum")
    is_commit = kind == FRAME_COMMIT and count
    is_footer = kind == FRAME_FOOTER and not count and size == FOOTER_FRAME_BYTES
    if flags or not (is_commit or is_footer):
        raise DamagedBytesError(offset, f"frame type {kind} with flags {flags} and {count} events is not known")
    return Frame(first_index, count, body, size, kind)


def find_frame(data: bytes, start: int, salt: int, index_min: int) -> int | None:
    """Return the offset of the first whole frame at or after `start` whose first index is at least `index_min`.

    This is how a torn commit is told from a damaged one: nothing whole ever follows a torn commit.
    """
    # An event takes at least three bytes, which bounds the index that a frame in these bytes can have.
    index_max = index_min + len(data)
    for found in re.compile(_TYPE_AND_FLAGS).finditer(data, start + _TYPE_OFFSET):
        offset = found.start() - _TYPE_OFFSET
        first_index = int.from_bytes(data[offset + 8 : offset + 16], "little")
        if index_min <= first_index <= index_max:
            try:
                decode_frame(data, offset, salt)
            except DamagedBytesError:
                pass
            else:
                return offset
    return None


def encode_run(entries: Sequence[bytes]) -> bytes:
    """Return `entries` as a C2SP entry run: for each a big-endian 16-bit length, then its bytes. See `split_run`."""
    parts = [b""] * (2 * len(entries))
    parts[0::2] = map(_ENTRY_LENGTH.pack, map(len, entries))
    parts[1::2] = entries
    return b"".join(parts)


def split_run(body: bytes, count: int) -> list[bytes]:
    """Return the `count` entries of a run. Raises DamagedBytesError when they do not fill `body` exactly."""
    # Reading from a stream takes half the time of slicing at offsets, and this runs once per event of every replay.
    read, number = BytesIO(body).read, int.from_bytes
    entries = [read(number(read(2))) for _ in range(count)]
    lengths = list(map(len, entries))
    # A stream gives less at its end without complaint. Then an entry is empty, or the last is not as long as it says.
    if 0 in lengths or sum(lengths) + 2 * count != len(body) or not body.endswith(encode_run(entries[-1:])):
        raise DamagedBytesError(_run_end(body), f"the entry run does not hold exactly {count} entries")
    return entries


def _run_end(body: bytes) -> int:
    """Return the offset at which the entries of a run end, or the first that is not whole begins."""
    offset = 0
    while offset + 2 < len(body):
        length = int.from_bytes(body[offset : offset + 2])
        if not length or offset + 2 + length > len(body):
            break
        offset += 2 + length
    return offset
