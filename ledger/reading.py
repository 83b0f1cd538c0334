"""Which commits hold a range of events? Reads segments up to a mark and checks every byte that it passes.

Only what lies below the mark is looked at, so that readers need no lock: those bytes never change again. Memory is
bounded by one window of `WINDOW_BYTES` or one commit, whichever is larger.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from ledger.errors import CorruptLedgerError, DamagedBytesError
from ledger.frame import (
    FRAME_FOOTER,
    FRAME_HEADER_BYTES,
    Frame,
    SegmentHeader,
    decode_footer,
    decode_frame,
    decode_header,
    find_frame,
    frame_salt,
    frame_size,
    split_run,
)
from ledger.layout import (
    COMMIT_BYTES_MAX,
    SEGMENT_FOLDER,
    SEGMENT_HEADER_BYTES,
    parse_segment_name,
    segment_name,
)
from ledger.mark import Mark
from ledger.storage import Storage

WINDOW_BYTES: Final = 4 << 20
"""Bytes asked for at once: large enough that calls cost nothing, small enough to stay in a processor's cache."""


class Commit(NamedTuple):
    """A frame and where it lies: `name` of the segment, `offset` of the frame in it."""

    name: str
    offset: int
    frame: Frame


def file_path(storage: Storage, name: str) -> str:
    """Spell the full path of `name`, for messages."""
    return f"{storage.path}/{name}"


@contextmanager
def damage_in(storage: Storage, name: str, base: int = 0) -> Iterator[None]:
    """Report what a pure decoder finds wrong as damage of the file `name`, whose byte `base` it was given first."""
    try:
        yield
    except DamagedBytesError as error:
        raise CorruptLedgerError(file_path(storage, name), base + error.offset, error.reason) from error


def segment_firsts(storage: Storage) -> list[int]:
    """Return the first index of every segment, ascending."""
    firsts = map(parse_segment_name, storage.names(SEGMENT_FOLDER))
    return sorted(first for first in firsts if first is not None)


def read_header(storage: Storage, name: str) -> SegmentHeader:
    """Return the header of the segment `name`. Raises CorruptLedgerError."""
    with damage_in(storage, name):
        return decode_header(storage.read(name, 0, SEGMENT_HEADER_BYTES))


def check_header(storage: Storage, name: str, expected: SegmentHeader) -> None:
    """Raise CorruptLedgerError unless the segment `name` says of itself what is `expected`, the root if it is known."""
    found = read_header(storage, name)
    if expected.root and found.root != expected.root:
        raise CorruptLedgerError(file_path(storage, name), 0, "the header names another root than the log has there")
    if found[:3] != expected[:3]:
        reason = (
            f"the header says segment {found.number} of ledger {found.ledger_id.hex()} from event {found.first_index}, "
            f"this is segment {expected.number} of {expected.ledger_id.hex()} from event {expected.first_index}"
        )
        raise CorruptLedgerError(file_path(storage, name), 0, reason)


def read_commits(storage: Storage, mark: Mark, start: int, stop: int, known: Mark | None = None) -> Iterator[Commit]:
    """Yield, in order, every commit that holds an event of [start, stop), where stop is at most `mark.size`.

    Reads the segment of `start` from its beginning, or from an older mark `known` at or before `start`: whoever follows
    the log pays only for what is new. Raises CorruptLedgerError for any gap, disorder or changed byte.
    """
    if start >= stop:
        return
    firsts = [first for first in segment_firsts(storage) if first <= mark.segment_first_index]
    chosen = bisect_right(firsts, start) - 1
    if chosen < 0:
        raise CorruptLedgerError(file_path(storage, segment_name(0)), 0, f"the segment of event {start} is missing")
    number, index = read_header(storage, segment_name(firsts[chosen])).number, firsts[chosen]
    for first in firsts[chosen:]:
        if first >= stop:
            return
        if first != index:
            reason = f"the segment begins at event {first}, the one before it ends at {index}"
            raise CorruptLedgerError(file_path(storage, segment_name(first)), 0, reason)
        header = SegmentHeader(mark.ledger_id, number, first)
        begin = SEGMENT_HEADER_BYTES
        if known and known.segment_first_index == first and known.size <= start:
            begin, index = known.end_offset, known.size
        end, is_sealed = segment_end(storage, mark, first), first != mark.segment_first_index
        for commit in read_segment(storage, header, begin, index, end, is_sealed=is_sealed):
            index = commit.frame.first_index + commit.frame.event_count
            if index > start:
                yield commit
            if index >= stop:
                return
        number += 1
    raise CorruptLedgerError(
        file_path(storage, segment_name(firsts[-1])), mark.end_offset, f"the log ends at event {index}, not {stop}"
    )


def entries_of(storage: Storage, commit: Commit, start: int, stop: int) -> tuple[int, list[bytes]]:
    """Return the entries of `commit` that lie in [start, stop), with the index of the first. Raises CorruptLedgerError."""
    with damage_in(storage, commit.name, commit.offset + FRAME_HEADER_BYTES):
        entries = split_run(commit.frame.body, commit.frame.event_count)
    first = commit.frame.first_index
    if first < start or first + len(entries) > stop:
        entries, first = entries[max(start - first, 0) : stop - first], max(start, first)
    return first, entries


def segment_end(storage: Storage, mark: Mark, first_index: int) -> int:
    """Return up to where the segment of `first_index` counts: the mark in the newest one, else its whole size."""
    if first_index == mark.segment_first_index:
        return mark.end_offset
    return storage.size(segment_name(first_index)) or 0


def read_segment(
    storage: Storage, header: SegmentHeader, offset: int, index: int, end: int, *, is_sealed: bool = False
) -> Iterator[Commit]:
    """Yield the commits of one segment from `offset`, where event `index` is due, to the byte `end`.

    Raises CorruptLedgerError, also when a sealed segment does not end with its footer, or another one has a footer.
    """
    name = segment_name(header.first_index)
    check_header(storage, name, header)
    reader = FrameReader(storage, header, end)
    while offset < end:
        with damage_in(storage, name):
            frame = reader.frame_at(offset)
            if frame.first_index != index:
                raise DamagedBytesError(offset, f"a commit of event {frame.first_index} where {index} is due")
            if frame.kind == FRAME_FOOTER:
                is_last = is_sealed and offset + frame.size == end
                if not is_last or decode_footer(frame).event_count != index - header.first_index:
                    raise DamagedBytesError(offset, "a footer that does not belong here")
                return
        yield Commit(name, offset, frame)
        offset += frame.size
        index += frame.event_count
    if is_sealed:
        raise CorruptLedgerError(file_path(storage, name), end, "the segment is sealed, but its footer is missing")


class FrameReader:
    """Gives the frames of one segment by their offset, reading ahead so that neighbours cost one read together."""

    def __init__(self, storage: Storage, header: SegmentHeader, end: int) -> None:
        """Read the segment of `header` and nothing past the byte `end`."""
        self._storage = storage
        self._name = segment_name(header.first_index)
        self._salt = frame_salt(header.ledger_id, header.number)
        self._end = end
        self._base = 0
        self._data = b""

    def frame_at(self, offset: int) -> Frame:
        """Return the frame that begins at `offset` of the file. Raises DamagedBytesError with an offset in the file."""
        try:
            if not self._has_frame(offset):
                self._base, self._data = offset, self._read(offset, WINDOW_BYTES)
                size = frame_size(self._data)
                if size is not None and len(self._data) < size <= self._end - offset:
                    self._data = self._read(offset, size)
            return decode_frame(self._data, offset - self._base, self._salt)
        except DamagedBytesError as error:
            raise DamagedBytesError(offset, error.reason) from error

    def next_whole(self, offset: int, index_min: int) -> int | None:
        """Return where, at or after `offset`, a whole frame of event `index_min` or later begins."""
        rest = self._read(offset, 2 * COMMIT_BYTES_MAX)
        found = find_frame(rest, 0, self._salt, index_min)
        return None if found is None else offset + found

    def _has_frame(self, offset: int) -> bool:
        at = offset - self._base
        if not 0 <= at <= len(self._data):
            return False
        size = frame_size(self._data, at)
        return size is not None and at + size <= len(self._data)

    def _read(self, offset: int, size: int) -> bytes:
        return self._storage.read(self._name, offset, max(0, min(size, self._end - offset)))
