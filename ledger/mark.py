"""Up to where is the log durable? The mark's two slots as bytes. Pure; docs/specs/ledger-format.md §5.

The mark tells a torn tail from a damaged byte: what lies below it was acknowledged and is never cut. What lies above it
was acknowledged only if the mark's last write was lost in a power cut, so whole commits there are kept (see `repair`).
It names the root of the tree over those events, so that (size, root) is always the durable state of the log.
Slots are written in turn, so that a write which is torn leaves the other slot; losing the newer slot only makes the mark
older, which is safe.
"""

import struct
from typing import Final, NamedTuple

from ledger.errors import DamagedBytesError
from ledger.layout import SEGMENT_HEADER_BYTES, checksum
from ledger.merkle import EMPTY_ROOT
from ledger.tiles import TILE_WIDTH

MARK_MAGIC: Final = b"LEDGMRK\n"
SLOT_BYTES: Final = 4096
"""One slot fills the sector of a modern disk, so that tearing one cannot touch the other. What changes in it lies in
the first 512 bytes, the sector of an old disk, so that even two slots that are torn at once are each old or new."""

SLOT_COUNT: Final = 2
MARK_BYTES: Final = SLOT_COUNT * SLOT_BYTES

_SLOT: Final = struct.Struct("<8s16sQQQQQ32sQQQQ")
_CRC: Final = struct.Struct("<I")
_PADDING: Final = bytes(SLOT_BYTES - _SLOT.size - _CRC.size)


class Mark(NamedTuple):
    """The durable end: `size` events; segment `segment`, which begins at `segment_first_index`, to `end_offset` bytes.

    `sequence` grows by one with every write of the mark and names its slot: sequence modulo 2. `root` is the root of the
    tree over the events. `tiled` says for how many events the full tiles are durable. The last three save a writer from
    reading a whole segment when it opens the log: the leaves of the unfinished tile are found from the commit at
    `leaves_offset` on, in the segment that begins at event `leaves_segment`; its first event is `leaves_index`.
    """

    ledger_id: bytes
    sequence: int
    size: int
    segment: int
    segment_first_index: int
    end_offset: int
    root: bytes = EMPTY_ROOT
    tiled: int = 0
    leaves_segment: int = 0
    leaves_index: int = 0
    leaves_offset: int = SEGMENT_HEADER_BYTES


def slot_offset(sequence: int) -> int:
    """Return where in the mark file the slot of `sequence` begins, in bytes."""
    return sequence % SLOT_COUNT * SLOT_BYTES


def encode_slot(mark: Mark) -> bytes:
    """Return the 4,096 bytes of one slot. Inverse of `decode_slot`."""
    unsigned = _SLOT.pack(MARK_MAGIC, *mark)
    return unsigned + _CRC.pack(checksum(unsigned)) + _PADDING


def decode_slot(data: bytes, slot: int) -> Mark:
    """Return the mark in `data`, the bytes of slot 0 or 1. Raises DamagedBytesError."""
    offset = slot * SLOT_BYTES
    if len(data) != SLOT_BYTES:
        raise DamagedBytesError(offset + len(data), f"slot {slot} of the mark is cut short")
    (crc,) = _CRC.unpack_from(data, _SLOT.size)
    if checksum(data[: _SLOT.size]) != crc or not data.endswith(_PADDING):
        raise DamagedBytesError(offset, f"slot {slot} of the mark does not match its checksum")
    magic, *fields = _SLOT.unpack_from(data)
    mark = Mark(*fields)
    if magic != MARK_MAGIC or mark.sequence % SLOT_COUNT != slot:
        raise DamagedBytesError(offset, f"slot {slot} of the mark holds what belongs elsewhere")
    return mark


class LeavesPlace(NamedTuple):
    """From which commit on the leaves of the unfinished tile are found: the last fields of the mark."""

    segment: int
    first_index: int
    offset: int


def leaves_after(place: LeavesPlace, commit: LeavesPlace, size: int, end: int) -> LeavesPlace:
    """Return where the unfinished tile of a log of `size` begins, after `commit` was added that ends at the byte `end`.

    `place` is the answer before. It is the newest commit that begins at or before the tile, or the end itself.
    """
    tile_start = size - size % TILE_WIDTH
    if tile_start == size:
        return LeavesPlace(commit.segment, size, end)
    return commit if tile_start >= commit.first_index else place


class SlotReading(NamedTuple):
    """What the mark file holds: the newest whole slot, if any, and what is wrong with the others."""

    newest: Mark | None
    damage: tuple[DamagedBytesError, ...]


def decode_mark(data: bytes) -> SlotReading:
    """Read both slots from the bytes of a mark file; damage is returned, because one bad slot is no failure."""
    marks: list[Mark] = []
    damage: list[DamagedBytesError] = []
    for slot in range(SLOT_COUNT):
        try:
            marks.append(decode_slot(data[slot * SLOT_BYTES : (slot + 1) * SLOT_BYTES], slot))
        except DamagedBytesError as error:
            damage.append(error)
    return SlotReading(max(marks, key=lambda mark: mark.sequence, default=None), tuple(damage))
