"""The bytes of a segment: what is encoded comes back, and nothing else is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import DamagedBytesError
from ledger.frame import (
    FOOTER_FRAME_BYTES,
    FRAME_FOOTER,
    FRAME_HEADER_BYTES,
    Footer,
    SegmentHeader,
    decode_footer,
    decode_frame,
    decode_header,
    encode_footer,
    encode_frame,
    encode_header,
    encode_run,
    find_frame,
    frame_salt,
    frame_size,
    split_run,
)
from ledger.layout import COMMIT_BYTES_MAX, SEGMENT_HEADER_BYTES, parse_segment_name, segment_name

LEDGER_ID = bytes(range(16))
SALT = frame_salt(LEDGER_ID, 3)
u64 = st.integers(0, 2**64 - 1)
roots = st.binary(min_size=32, max_size=32)
entry_runs = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20)


@given(u64)
def test_segment_names_round_trip_and_sort_as_their_numbers(first: int) -> None:
    """The order of a folder listing is the order of the log."""
    assert parse_segment_name(segment_name(first)) == first
    assert first == 2**64 - 1 or segment_name(first) < segment_name(first + 1)


@pytest.mark.parametrize(
    "name", ["segments/1.seg", "segments/٠0000000000000000001.seg", "mark", "segments/.seg.new", ""]
)
def test_other_spellings_are_no_segment_names(name: str) -> None:
    """A file that is merely similar must not be read as part of the log."""
    assert parse_segment_name(name) is None


@given(st.binary(min_size=16, max_size=16), u64, u64, roots)
def test_headers_round_trip(ledger_id: bytes, number: int, first: int, root: bytes) -> None:
    """The header is how a segment is told from that of another ledger."""
    header = SegmentHeader(ledger_id, number, first, root)
    data = encode_header(header)
    assert len(data) == SEGMENT_HEADER_BYTES
    assert decode_header(data + b"frames") == header


@given(entry_runs, st.integers(0, 2**63))
def test_frames_and_runs_round_trip(entries: list[bytes], first: int) -> None:
    """A commit comes back entry by entry, at any place in a file."""
    data = b"before" + encode_frame(encode_run(entries), first, len(entries), SALT) + b"after"
    frame = decode_frame(data, 6, SALT)
    assert (frame.first_index, frame.event_count, frame.size) == (first, len(entries), len(data) - 11)
    assert split_run(frame.body, frame.event_count) == entries


@given(u64, roots, roots, u64)
def test_footers_round_trip(count: int, root: bytes, digest: bytes, first: int) -> None:
    """The footer is a frame like others, so that its checksum ties it to its place as well."""
    data = encode_footer(Footer(count, root, digest), first, SALT)
    frame = decode_frame(data, 0, SALT)
    assert (frame.kind, frame.first_index, frame.event_count, frame.size) == (FRAME_FOOTER, first, 0, len(data))
    assert decode_footer(frame) == Footer(count, root, digest)
    assert len(data) == FOOTER_FRAME_BYTES


@pytest.mark.parametrize(("count", "kind", "size"), [(0, 1, 72), (1, 2, 72), (0, 2, 71), (0, 3, 72)])
def test_frames_that_are_neither_commit_nor_footer_are_refused(count: int, kind: int, size: int) -> None:
    """A right checksum is not enough: there is one way to write each thing."""
    with pytest.raises(DamagedBytesError, match="is not known"):
        decode_frame(encode_frame(bytes(size), 5, count, SALT, kind), 0, SALT)


def test_any_changed_byte_of_a_header_or_frame_is_refused() -> None:
    """Each byte counts, so each byte must be covered by the checksum."""
    for good, decode in (
        (encode_header(SegmentHeader(LEDGER_ID, 3, 7, bytes(32))), decode_header),
        (encode_frame(encode_run([b"one", b"two"]), 7, 2, SALT), lambda data: decode_frame(data, 0, SALT)),
        (encode_footer(Footer(2, bytes(32), bytes(32)), 7, SALT), lambda data: decode_frame(data, 0, SALT)),
    ):
        for at in range(len(good)):
            for change in (1, 128, 255):
                bad = good[:at] + bytes([good[at] ^ change]) + good[at + 1 :]
                with pytest.raises(DamagedBytesError):
                    decode(bad)
        for size in range(len(good)):
            with pytest.raises(DamagedBytesError):
                decode(good[:size])


def test_a_frame_of_another_segment_or_ledger_is_refused() -> None:
    """A stale or misplaced block is whole in itself; only the salt shows that it is not from here."""
    frame = encode_frame(encode_run([b"one"]), 7, 1, SALT)
    for salt in (frame_salt(LEDGER_ID, 4), frame_salt(bytes(16), 3)):
        with pytest.raises(DamagedBytesError):
            decode_frame(frame, 0, salt)


@pytest.mark.parametrize("length", [0, COMMIT_BYTES_MAX + 1, 2**32 - 1])
def test_impossible_lengths_are_refused_before_memory_is_asked_for(length: int) -> None:
    """A changed length must not make a reader ask for four gigabytes; zeros are unwritten space."""
    with pytest.raises(DamagedBytesError):
        frame_size(length.to_bytes(4, "little") + bytes(FRAME_HEADER_BYTES))


@pytest.mark.parametrize(
    ("body", "count"),
    [(b"\0\1a", 2), (b"\0\1a\0\1b", 1), (b"\0\2a", 1), (b"\0\0", 1), (b"\0", 1), (b"\0\1a\0", 1), (b"\0\1a\0\0", 2)],
)
def test_a_run_must_be_filled_exactly_by_its_entries(body: bytes, count: int) -> None:
    """A reader that tolerates slack would give two readings of the same bytes."""
    with pytest.raises(DamagedBytesError):
        split_run(body, count)


@given(st.binary(max_size=200), st.integers(0, 5))
def test_a_whole_frame_is_found_behind_noise(noise: bytes, first: int) -> None:
    """Finding it is what tells damage in the middle from a torn end."""
    frame = encode_frame(encode_run([b"one", b"two"]), first, 2, SALT)
    assert find_frame(noise + frame, 0, SALT, 0) == len(noise)
    assert find_frame(noise + frame[:-1], 0, SALT, 0) is None
    assert find_frame(noise + frame, 0, SALT, first + 1) is None
    footer = encode_footer(Footer(2, bytes(32), bytes(32)), first, SALT)
    assert find_frame(noise + footer, 0, SALT, 0) == len(noise)
