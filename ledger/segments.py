"""How does an append become durable, and what puts a ledger right after a crash? The log of entries, over a Storage.

Everything that changes a ledger happens here, under the writer lock, in one order: catch up with other processes and
repair what a crash left, check what the caller expects, write the commit, sync it, then advance the mark. The mark is
not synced each time: losing it makes it older, and `repair` finds the commits above it again. It is synced before a new
segment is made, so that at most one segment lies above it.

Entries are opaque bytes here; `log` gives them meaning. After any failed write or sync the object refuses all
work: what the disk holds is then unknown, and only a fresh open, which reads it, can tell.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from ledger.errors import (
    ConflictError,
    CorruptLedgerError,
    LedgerClosedError,
    LedgerExistsError,
    LedgerNotFoundError,
    OutOfRangeError,
    ReadOnlyLedgerError,
    StorageError,
)
from ledger.frame import (
    FRAME_HEADER_BYTES,
    SEGMENT_HEADER_BYTES,
    SegmentHeader,
    encode_frame,
    encode_header,
    encode_run,
    frame_salt,
)
from ledger.layout import (
    COMMIT_BYTES_MAX,
    COMMIT_EVENTS_MAX,
    LOCK_NAME,
    MARK_NAME,
    SEGMENT_BYTES_MAX,
    SEGMENT_FOLDER,
    TEMPORARY_SUFFIX,
    segment_name,
)
from ledger.mark import MARK_BYTES, Mark, SlotReading, decode_mark, encode_slot, slot_offset
from ledger.reading import Commit, check_header, file_path, read_commits, read_header
from ledger.repair import Recovery, plan_repair
from ledger.storage import Storage

MARK_TRIES: Final = 16
"""How often a reader without lock looks at the mark before it calls both slots damaged: a writer at work may be
caught in the middle of one slot, and between two looks in the middle of the other, but not sixteen times."""

RepairEntry = Callable[[Recovery], bytes | None]
"""Gives the entry that records a cut tail in the log itself, or None to leave it unrecorded."""


def check_free(storage: Storage) -> None:
    """Raise LedgerExistsError when the folder holds anything that is neither a ledger nor the beginning of one."""
    ours = (MARK_NAME, LOCK_NAME, SEGMENT_FOLDER, MARK_NAME + TEMPORARY_SUFFIX)
    strangers = [name for name in storage.names() if name not in ours]
    if strangers and storage.size(MARK_NAME) is None:
        raise LedgerExistsError(storage.path, f"the folder already holds {strangers[0]!r}")


def create_log(storage: Storage, ledger_id: bytes) -> None:
    """Make an empty log unless there is one; the caller holds the lock. An unfinished creation is finished.

    Raises CorruptLedgerError when a log with events has lost its mark: beginning anew would hide them.
    """
    if storage.size(MARK_NAME) is not None:
        return
    if not has_unfinished_creation(storage):
        raise CorruptLedgerError(file_path(storage, MARK_NAME), 0, "the mark is missing from a log with events")
    first = segment_name(0)
    if storage.size(first) is None:
        storage.create(first, encode_header(SegmentHeader(ledger_id, 0, 0)))
    header = read_header(storage, first)
    mark = Mark(header.ledger_id, 0, 0, 0, 0, SEGMENT_HEADER_BYTES)
    storage.create(MARK_NAME, encode_slot(mark) + encode_slot(mark._replace(sequence=1)))


def has_unfinished_creation(storage: Storage) -> bool:
    """Tell whether a folder without mark holds no more than a crash during creation leaves: nothing that counts."""
    first = segment_name(0)
    others = [name for name in storage.names(SEGMENT_FOLDER) if name not in (first, first + TEMPORARY_SUFFIX)]
    return not others and storage.size(first) in (None, SEGMENT_HEADER_BYTES)


class SegmentLog:
    """An append-only log of entries in segment files. Safe for many threads; many processes may open one each."""

    def __init__(
        self,
        storage: Storage,
        *,
        read_only: bool = False,
        wait_s: float = 10.0,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        repair_entry: RepairEntry = lambda _: None,
    ) -> None:
        """Open an existing log and repair what a crash left; a read-only log is only looked at.

        Raises LedgerNotFoundError, CorruptLedgerError, BusyError, StorageError.
        """
        self._storage = storage
        self._read_only = read_only
        self._wait_s = wait_s
        self._segment_bytes_max = segment_bytes_max
        self._repair_entry = repair_entry
        self._closed = False
        self._failure: StorageError | None = None
        self._mark_bytes = b""
        self._mark_is_synced = True
        self.recovery: Recovery | None = None
        if storage.size(MARK_NAME) is None:
            if has_unfinished_creation(storage):
                raise LedgerNotFoundError(storage.path)
            raise CorruptLedgerError(file_path(storage, MARK_NAME), 0, "the mark is missing from a log with events")
        self._mark = self._read_mark()
        self._check_segment(self._mark)
        self._followed = self._mark
        if not read_only:
            with self._writing():
                self._catch_up()

    @property
    def ledger_id(self) -> bytes:
        """The 16 bytes that tell this ledger from every other."""
        return self._mark.ledger_id

    def head(self) -> Mark:
        """Return the durable end as it is now, other processes' appends included."""
        self._check_usable()
        return self._read_mark(known=self._mark)

    def commits(self, start: int, stop: int, mark: Mark) -> Iterator[Commit]:
        """Yield the commits that hold events of [start, stop), below `mark`. Raises CorruptLedgerError."""
        self._check_usable()
        known, self._followed = self._followed, mark
        return read_commits(self._storage, mark, start, stop, known)

    def append(self, entries: Sequence[bytes], expected_index: int | None = None) -> int:
        """Append all of `entries` as one commit and return the index of the first; durable on return.

        Raises OutOfRangeError, ConflictError, BusyError, StorageError, CorruptLedgerError. Only after a StorageError
        it is unknown whether the commit will be there when the log is opened again.
        """
        self._check_usable()
        if self._read_only:
            raise ReadOnlyLedgerError(self._storage.path)
        if not 0 < len(entries) <= COMMIT_EVENTS_MAX:
            raise OutOfRangeError("number of events", len(entries), f"1 to {COMMIT_EVENTS_MAX:,} in one append")
        body = encode_run(entries)
        if len(body) > COMMIT_BYTES_MAX:
            raise OutOfRangeError("size of the events", len(body), f"at most {COMMIT_BYTES_MAX:,} bytes in one append")
        with self._writing():
            self._catch_up()
            if expected_index is not None and expected_index != self._mark.size:
                raise ConflictError(expected_index, self._mark.size)
            return self._commit(body, len(entries))

    def close(self) -> None:
        """Make the mark durable as well and let go of the files. Closing twice is harmless. Raises StorageError."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._failure is None and not self._mark_is_synced:
                self._storage.sync(MARK_NAME)
        finally:
            self._storage.close()

    def _check_usable(self) -> None:
        if self._closed:
            raise LedgerClosedError(self._storage.path)
        if self._failure is not None:
            failed = self._failure
            reason = f"{failed.reason}; this ledger object takes no more calls, close it and open the ledger again"
            raise StorageError(failed.path, failed.operation, reason, failed.errno) from failed

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the lock; any refusal of the storage while it is held is fatal for this object."""
        with self._storage.lock(self._wait_s):
            self._check_usable()
            try:
                yield
            except StorageError as error:
                self._failure = error
                raise

    def _read_mark(self, known: Mark | None = None) -> Mark:
        """Return the newest whole slot, without the lock. Raises CorruptLedgerError, see `_believe`."""
        for _ in range(MARK_TRIES):
            reading = decode_mark(self._storage.read(MARK_NAME, 0, MARK_BYTES))
            if reading.newest is not None:
                break
        return self._believe(reading, known)

    def _believe(self, reading: SlotReading, known: Mark | None) -> Mark:
        """Return the newest slot. Raises CorruptLedgerError when there is none, or it is older than one `known`."""
        path = file_path(self._storage, MARK_NAME)
        if reading.newest is None:
            raise CorruptLedgerError(path, reading.damage[0].offset, "neither slot of the mark is whole")
        if known and (reading.newest.ledger_id != known.ledger_id or reading.newest.sequence < known.sequence):
            raise CorruptLedgerError(path, slot_offset(reading.newest.sequence), "the mark was put back or exchanged")
        return reading.newest

    def _check_segment(self, mark: Mark) -> int:
        """Return the size of the newest segment, having checked that it is the one of the mark and not shorter."""
        name = segment_name(mark.segment_first_index)
        size = self._storage.size(name)
        if size is None or size < mark.end_offset:
            reason = f"the log is shorter than its mark, which says {mark.end_offset} bytes"
            raise CorruptLedgerError(file_path(self._storage, name), size or 0, reason)
        check_header(self._storage, name, SegmentHeader(mark.ledger_id, mark.segment, mark.segment_first_index))
        return size

    def _catch_up(self) -> None:
        """Under the lock: learn what others appended, and put right what a crash of theirs left."""
        mark_bytes = self._storage.read(MARK_NAME, 0, MARK_BYTES)
        reading = decode_mark(mark_bytes)
        if mark_bytes != self._mark_bytes:
            self._mark = self._believe(reading, self._mark)
            self._check_segment(self._mark)
            self._mark_bytes = mark_bytes
        self._adopt_segment()
        size = self._storage.size(segment_name(self._mark.segment_first_index)) or 0
        if size != self._mark.end_offset:
            self._repair(self._check_segment(self._mark))
        elif reading.damage:
            self._advance(self._mark)

    def _adopt_segment(self) -> None:
        """Take over a segment that a crash left between its creation and the mark's step into it."""
        mark = self._mark
        name = segment_name(mark.size)
        if mark.size == mark.segment_first_index or self._storage.size(name) is None:
            return
        check_header(self._storage, name, SegmentHeader(mark.ledger_id, mark.segment + 1, mark.size))
        sealed = segment_name(mark.segment_first_index)
        if self._storage.size(sealed) != mark.end_offset:
            raise CorruptLedgerError(file_path(self._storage, sealed), mark.end_offset, "bytes after a sealed segment")
        self._advance(_first_mark_in_next_segment(mark))

    def _repair(self, size: int) -> None:
        """Deal with the bytes between the mark and `size`, the end of the file. See `repair`."""
        mark, name = self._mark, segment_name(self._mark.segment_first_index)
        tail = self._storage.read(name, mark.end_offset, size - mark.end_offset)
        plan = plan_repair(tail, frame_salt(mark.ledger_id, mark.segment), mark.size)
        end = mark.end_offset + plan.kept_bytes
        if plan.intact_at is not None:
            reason = f"bad bytes above the mark, but a whole commit follows at byte {mark.end_offset + plan.intact_at}"
            raise CorruptLedgerError(file_path(self._storage, name), end, reason)
        if plan.kept_bytes:
            # Written again on purpose: after a failed sync the kernel shows these bytes and calls them clean, though
            # the disk never got them. Only bytes that are dirty anew are certain to be part of the next sync.
            self._storage.write(name, mark.end_offset, tail[: plan.kept_bytes])
        if plan.cut_bytes:
            self._storage.truncate(name, end)
        self._storage.sync(name)
        self._advance(mark._replace(size=mark.size + plan.kept_events, end_offset=end))
        cut = hashlib.sha256(tail[plan.kept_bytes :]).digest()
        self.recovery = Recovery(mark.segment, end, plan.kept_events, plan.cut_bytes, cut)
        entry = self._repair_entry(self.recovery) if plan.cut_bytes else None
        if entry is not None:
            self._commit(encode_run([entry]), 1)

    def _commit(self, body: bytes, count: int) -> int:
        """Write one commit at the end, sync it, advance the mark. The only way in which a log grows."""
        if self._mark.end_offset > SEGMENT_HEADER_BYTES:
            size = self._mark.end_offset + FRAME_HEADER_BYTES + len(body)
            if size > self._segment_bytes_max:
                self._roll()
        mark, name = self._mark, segment_name(self._mark.segment_first_index)
        frame = encode_frame(body, mark.size, count, frame_salt(mark.ledger_id, mark.segment))
        self._storage.write(name, mark.end_offset, frame)
        self._storage.sync(name)
        self._advance(mark._replace(size=mark.size + count, end_offset=mark.end_offset + len(frame)))
        return mark.size

    def _roll(self) -> None:
        """Seal the newest segment and begin the next; the mark goes to disk first, see the module's docstring."""
        mark = self._mark
        self._storage.sync(MARK_NAME)
        header = SegmentHeader(mark.ledger_id, mark.segment + 1, mark.size)
        self._storage.create(segment_name(mark.size), encode_header(header))
        self._advance(_first_mark_in_next_segment(mark))

    def _advance(self, mark: Mark) -> None:
        """Write `mark`, with the next sequence number, into the slot that is not in use."""
        mark = mark._replace(sequence=self._mark.sequence + 1)
        slot, offset = encode_slot(mark), slot_offset(mark.sequence)
        self._mark_is_synced = False
        self._storage.write(MARK_NAME, offset, slot)
        self._mark = mark
        self._mark_bytes = self._mark_bytes[:offset] + slot + self._mark_bytes[offset + len(slot) :]


def _first_mark_in_next_segment(mark: Mark) -> Mark:
    """Return the mark that follows `mark` when the next segment holds no event yet."""
    return mark._replace(segment=mark.segment + 1, segment_first_index=mark.size, end_offset=SEGMENT_HEADER_BYTES)
