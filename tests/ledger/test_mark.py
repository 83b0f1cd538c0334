"""The mark's two slots: one may be torn at any time, and the other still tells the truth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import DamagedBytesError
from ledger.mark import (
    MARK_BYTES,
    SLOT_BYTES,
    LeavesPlace,
    Mark,
    decode_mark,
    decode_slot,
    encode_slot,
    leaves_after,
    slot_offset,
)

u64 = st.integers(0, 2**64 - 1)
roots = st.binary(min_size=32, max_size=32)
marks = st.builds(Mark, st.binary(min_size=16, max_size=16), u64, u64, u64, u64, u64, roots, u64, u64, u64, u64)


@given(marks)
def test_a_mark_round_trips_through_its_own_slot_only(mark: Mark) -> None:
    """A slot found in the other's place is no honest write."""
    data, slot = encode_slot(mark), mark.sequence % 2
    assert len(data) == SLOT_BYTES
    assert decode_slot(data, slot) == mark
    with pytest.raises(DamagedBytesError):
        decode_slot(data, 1 - slot)


@given(marks, st.integers(0, SLOT_BYTES), st.binary(min_size=1, max_size=8))
def test_a_torn_slot_leaves_the_other(mark: Mark, cut: int, junk: bytes) -> None:
    """This is the reason for two slots."""
    mark = mark._replace(sequence=mark.sequence % 1000)
    newer = mark._replace(sequence=mark.sequence + 1, size=mark.size // 2)
    data = bytearray(MARK_BYTES)
    for each in (mark, newer):
        data[slot_offset(each.sequence) : slot_offset(each.sequence) + SLOT_BYTES] = encode_slot(each)
    assert decode_mark(bytes(data)) == (newer, ())
    at = slot_offset(newer.sequence)
    data[at + cut : at + SLOT_BYTES] = bytes(SLOT_BYTES - cut)
    data[at + 8 : at + 8 + len(junk)] = junk
    reading = decode_mark(bytes(data))
    assert reading.newest in (mark, newer)
    assert (reading.newest == newer) == (not reading.damage)


def test_any_changed_or_missing_byte_of_a_slot_is_noticed() -> None:
    """The padding counts too: a file of the ledger has no byte that may change unseen."""
    good = encode_slot(Mark(bytes(16), 4, 10, 1, 5, 300))
    for at in range(SLOT_BYTES):
        with pytest.raises(DamagedBytesError):
            decode_slot(good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1 :], 0)
    assert decode_mark(b"").newest is None
    assert len(decode_mark(good[:-1]).damage) == 2


def test_the_unfinished_tile_begins_in_the_newest_commit_that_reaches_its_start() -> None:
    """A writer that opens the log reads from there on; a commit too early costs time, one too late loses leaves."""
    before = LeavesPlace(0, 200, 900)
    for first, size, expected in (
        (250, 255, before),
        (250, 256, LeavesPlace(7, 256, 1_500)),
        (250, 257, LeavesPlace(7, 250, 1_000)),
        (256, 257, LeavesPlace(7, 256, 1_000)),
        (257, 300, before),
        (100, 900, LeavesPlace(7, 100, 1_000)),
    ):
        assert leaves_after(before, LeavesPlace(7, first, 1_000), size, 1_500) == expected
