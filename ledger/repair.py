"""What is to be done with the bytes above the mark? Pure: makes a plan from bytes, `segments` carries it out.

Bytes above the mark belong to appends that were never acknowledged, or whose newer mark was lost in a power cut.
Whole commits there are kept, for they may have been acknowledged. A torn commit can only be the very last thing in the
file, because every commit is synced before the next is written; so bad bytes with a whole commit after them are no torn
tail but damage, and damage is never cut. A footer at the very end belongs to a sealing that did not get as far as the next
segment: it says nothing that the log does not, so it is taken away, and the segment sealed again when it is time.
"""

from typing import NamedTuple

from ledger.errors import DamagedBytesError
from ledger.frame import FRAME_FOOTER, decode_frame, find_frame


class RepairPlan(NamedTuple):
    """Keep `kept_bytes` with `kept_events`, cut the `cut_bytes` after them, unless `intact_at` shows damage.

    `intact_at` is the offset in the tail of a whole frame behind bad bytes, None in every honest crash. The
    `footer_bytes` after those that are kept are taken away as well, but are no loss.
    """

    kept_bytes: int
    kept_events: int
    cut_bytes: int
    intact_at: int | None
    footer_bytes: int = 0


class Recovery(NamedTuple):
    """What opening or appending had to repair: kept events, and `cut_bytes` (hash `sha256`) cut at `offset`."""

    segment: int
    offset: int
    kept_events: int
    cut_bytes: int
    sha256: bytes


def plan_repair(tail: bytes, salt: int, next_index: int) -> RepairPlan:
    """Plan what to do with `tail`, all bytes above the mark, where event `next_index` would come next."""
    offset, index = 0, next_index
    while offset < len(tail):
        try:
            frame = decode_frame(tail, offset, salt)
        except DamagedBytesError:
            break
        if frame.first_index != index:
            break
        if frame.kind == FRAME_FOOTER:
            at_end = offset + frame.size == len(tail)
            footer, cut = (frame.size, 0) if at_end else (0, len(tail) - offset)
            return RepairPlan(offset, index - next_index, cut, None if at_end else offset, footer)
        offset += frame.size
        index += frame.event_count
    cut = len(tail) - offset
    intact_at = find_frame(tail, offset, salt, index + 1) if cut else None
    return RepairPlan(offset, index - next_index, cut, intact_at)
