"""How does an append become durable, and what puts a ledger right after a crash? The log of entries, over a Storage.

Everything that changes a ledger happens here, under the writer lock, in one order: catch up with other processes and
repair what a crash left, check what the caller expects, write the commit, sync it, then advance the mark. The mark is
not synced each time: losing it makes it older, and `repair` finds the commits above it again. It is synced before a
segment is sealed and a new one made, so that at most one segment lies above it. The tree over the events grows with each
commit, between sync and mark; `tree` says where its hashes go.

Entries are opaque bytes here; `log` gives them meaning. After any failed write or sync the object refuses all
work: what the disk holds is then unknown, and only a fresh open, which reads it, can tell.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from ledger.edge import Edge, edge_root, grow
from ledger.errors import (
    BusyError,
    CorruptLedgerError,
    LedgerExistsError,
    LedgerNotFoundError,
    ReadOnlyLedgerError,
    StorageError,
    check_open,
)
from ledger.frame import (
    FOOTER_FRAME_BYTES,
    FRAME_HEADER_BYTES,
    Footer,
    SegmentHeader,
    encode_footer,
    encode_frame,
    encode_header,
    encode_run,
    frame_salt,
)
from ledger.layout import (
    CHECKPOINT_NAME,
    LOCK_NAME,
    MARK_NAME,
    NO_ROOM,
    SEGMENT_BYTES_MAX,
    SEGMENT_FOLDER,
    SEGMENT_HEADER_BYTES,
    TEMPORARY_SUFFIX,
    TILE_FOLDER,
    segment_name,
)
from ledger.mark import (
    MARK_BYTES,
    LeavesPlace,
    Mark,
    SlotReading,
    decode_mark,
    encode_slot,
    leaves_after,
    slot_offset,
)
from ledger.merkle import EMPTY_ROOT, leaf_hashes
from ledger.reading import (
    WINDOW_BYTES,
    Commit,
    check_header,
    entries_of,
    file_path,
    read_commits,
    read_header,
    read_segment,
)
from ledger.repair import Recovery, plan_repair
from ledger.restriction import check_unrestricted, read_restriction
from ledger.storage import Storage
from ledger.tiles import TILE_WIDTH
from ledger.tree import extend_edge, put_tiles, restore_edge, settle_tiles

MARK_TRIES: Final = 16
"""How often a reader without lock looks at the mark before it calls both slots damaged: a writer at work may be
caught in the middle of one slot, and between two looks in the middle of the other, but not sixteen times."""

FOLLOW_EVENTS_MAX: Final = 1 << 16
"""A writer that has missed more events than this reads the tree's edge from tiles, which costs about as many hashes."""

RepairEntry = Callable[[Recovery], bytes | None]
"""Gives the entry that records a cut tail in the log itself, or None to leave it unrecorded."""


def check_free(storage: Storage) -> None:
    """Raise LedgerExistsError when the folder holds anything that is neither a ledger nor the beginning of one.

    The beginning of a copy, which has a restriction but no mark yet, is such a thing too.
    """
    ours = (MARK_NAME, LOCK_NAME, SEGMENT_FOLDER, TILE_FOLDER, CHECKPOINT_NAME, MARK_NAME + TEMPORARY_SUFFIX)
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
        storage.create(first, encode_header(SegmentHeader(ledger_id, 0, 0, EMPTY_ROOT)))
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
        is_copying: bool = False,
    ) -> None:
        """Open an existing log and repair what a crash left; a read-only log is only looked at.

        A log that is copied to is written to although it is restricted. Raises LedgerNotFoundError, CopiedLedgerError,
        MovedLedgerError, CorruptLedgerError, BusyError, StorageError.
        """
        self._storage = storage
        self._read_only = read_only
        self._wait_s = wait_s
        self._segment_bytes_max = segment_bytes_max
        self._repair_entry = repair_entry
        self._is_copying = is_copying
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
        self._edge: Edge | None = None
        self._has_appended = False
        if not read_only:
            with self._writing():
                self._catch_up()

    @property
    def has_appended(self) -> bool:
        """Whether this object may still be used, and has appended since it was last settled."""
        return self._has_appended and self._failure is None and not self._closed

    @property
    def path(self) -> str:
        """Say where the log is, for messages."""
        return self._storage.path

    @property
    def ledger_id(self) -> bytes:
        """The 16 bytes that tell this ledger from every other."""
        return self._mark.ledger_id

    def head(self) -> Mark:
        """Return the durable end as it is now, other processes' appends included."""
        self.check_usable()
        return self._read_mark(known=self._mark)

    def commits(self, start: int, stop: int, mark: Mark, known: Mark | None = None) -> Iterator[Commit]:
        """Yield the commits that hold events of [start, stop), below `mark`. Raises CorruptLedgerError.

        Reading begins at the older mark `known`, by default that of the last call, unless it lies beyond `start`.
        """
        self.check_usable()
        if known is None:
            known, self._followed = self._followed, mark
        return read_commits(self._storage, mark, start, stop, known)

    def check_writable(self) -> None:
        """Raise LedgerClosedError, StorageError or ReadOnlyLedgerError unless this object may append."""
        self.check_usable()
        if self._read_only:
            raise ReadOnlyLedgerError(self._storage.path)

    @contextmanager
    def writing(self, wait_s: float) -> Iterator[int]:
        """Hold the writer lock, caught up with all other writers, and give the index that comes next.

        Raises BusyError after `wait_s` seconds, StorageError, CorruptLedgerError. Any StorageError that leaves the block
        is fatal for this object.
        """
        with self._writing(wait_s):
            self._catch_up()
            yield self._mark.size

    def commit(self, body: bytes, leaves: Sequence[bytes]) -> int:
        """Append the entry run `body`, with these leaf hashes, as one commit; durable on return. Only while `writing`.

        The caller has checked that a frame can hold them. Returns the index of the first. Raises StorageError, after
        which it is unknown whether the commit will be there when the log is opened again.
        """
        return self._commit(body, leaves)

    @contextmanager
    def settled(self) -> Iterator[tuple[Mark, Edge]]:
        """Hold the lock, with the mark, the edge of the tree at it, and both and all full tiles durable.

        Raises ReadOnlyLedgerError, BusyError, StorageError, CorruptLedgerError.
        """
        self.check_usable()
        if self._read_only:
            raise ReadOnlyLedgerError(self._storage.path)
        with self._writing():
            edge = self._catch_up()
            self._settle()
            if not self._mark_is_synced:
                self._storage.sync(MARK_NAME)
                self._mark_is_synced = True
            yield self._mark, edge
            self._has_appended = False

    def close(self) -> None:
        """Make the mark and the tiles durable as well and let go of the files. Closing twice is harmless.

        Whoever opens the log next has to compute anew the tiles that are not durable; when another writer is at work,
        that is left to it. Raises StorageError.
        """
        if self._closed:
            return
        try:
            if self._failure is None and not self._read_only:
                if not self._mark_is_synced:
                    self._storage.sync(MARK_NAME)
                self._settle_if_free()
        finally:
            self._closed = True
            self._storage.close()

    def check_usable(self) -> None:
        """Raise LedgerClosedError, or the StorageError that ended all use of this object."""
        check_open(self.path, self._failure, is_closed=self._closed)

    @contextmanager
    def _writing(self, wait_s: float | None = None) -> Iterator[None]:
        """Hold the lock; any refusal of the storage while it is held is fatal for this object.

        Raises CopiedLedgerError or MovedLedgerError when nobody may append.
        """
        with self._storage.lock(self._wait_s if wait_s is None else wait_s):
            self.check_usable()
            try:
                if not self._is_copying:
                    check_unrestricted(self._storage.path, read_restriction(self._storage))
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

    def _catch_up(self) -> Edge:
        """Under the lock: learn what others appended, and put right what a crash of theirs left. Returns the edge."""
        mark_bytes = self._storage.read(MARK_NAME, 0, MARK_BYTES)
        reading = decode_mark(mark_bytes)
        # An interrupt may have come between the mark and the edge, which are only of use together.
        if mark_bytes != self._mark_bytes or self._edge is None or self._edge.size != self._mark.size:
            known, self._mark = self._mark, self._believe(reading, self._mark)
            self._check_segment(self._mark)
            self._mark_bytes = mark_bytes
            self._edge = self._follow_tree(known)
        self._adopt_segment()
        size = self._storage.size(segment_name(self._mark.segment_first_index)) or 0
        if size != self._mark.end_offset:
            self._edge = self._repair(self._edge, self._check_segment(self._mark))
        elif reading.damage:
            self._advance(self._mark)
        return self._edge

    def _follow_tree(self, known: Mark) -> Edge:
        """Return the edge at the mark: what others appended is added to the edge at `known`, unless that is much."""
        if self._edge is not None and self._mark.size - self._edge.size <= FOLLOW_EVENTS_MAX:
            edge = extend_edge(self._storage, self._mark, self._edge, known if known.size == self._edge.size else None)
            if edge_root(edge) == self._mark.root:
                return edge
        return restore_edge(self._storage, self._mark)

    def _settle(self) -> None:
        """Make all full tiles durable and say so in the mark."""
        mark = self._mark
        if settle_tiles(self._storage, mark.tiled, mark.size):
            self._advance(mark._replace(tiled=mark.size))

    def _settle_if_free(self) -> None:
        if self._mark.size // TILE_WIDTH > self._mark.tiled // TILE_WIDTH:
            with suppress(BusyError), self._storage.lock(0.0):
                self._catch_up()
                self._settle()

    def _adopt_segment(self) -> None:
        """Take over a segment that a crash left between its creation and the mark's step into it."""
        mark = self._mark
        name = segment_name(mark.size)
        if mark.size == mark.segment_first_index or self._storage.size(name) is None:
            return
        check_header(self._storage, name, SegmentHeader(mark.ledger_id, mark.segment + 1, mark.size, mark.root))
        sealed = segment_name(mark.segment_first_index)
        footer = self._storage.read(sealed, mark.end_offset, FOOTER_FRAME_BYTES + 1)
        if footer != _footer_after(self._storage, mark):
            reason = "the segment is sealed, but this is not its footer"
            raise CorruptLedgerError(file_path(self._storage, sealed), mark.end_offset, reason)
        self._advance(_first_mark_in_next_segment(mark))

    def _repair(self, edge: Edge, size: int) -> Edge:
        """Deal with the bytes between the mark and `size`, the end of the file. See `repair`. Returns the edge after."""
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
        if plan.cut_bytes or plan.footer_bytes:
            self._storage.truncate(name, end)
        self._storage.sync(name)
        self._edge = self._keep(edge, end)
        if plan.kept_bytes or plan.cut_bytes:
            cut = hashlib.sha256(tail[plan.kept_bytes :] if plan.cut_bytes else b"").digest()
            self.recovery = Recovery(mark.segment, end, plan.kept_events, plan.cut_bytes, cut)
            entry = self._repair_entry(self.recovery) if plan.cut_bytes else None
            if entry is not None:
                self._record_cut(entry)
        return self._edge

    def _record_cut(self, entry: bytes) -> None:
        """Append the entry that tells of a cut, or leave it out on a full disk: a log must open there, too.

        A write that finds no room is refused at once and for certain, unlike a sync, so it is safe to take back what
        there is of it.
        """
        try:
            self._commit(encode_run([entry]), leaf_hashes([entry]))
        except StorageError as error:
            if error.errno not in NO_ROOM or error.operation == "sync":
                raise
            name = segment_name(self._mark.segment_first_index)
            self._storage.truncate(name, self._mark.end_offset)
            self._storage.sync(name)

    def _keep(self, edge: Edge, end: int) -> Edge:
        """Advance the mark, and the tree from `edge` on, over the whole commits between the mark and the byte `end`."""
        kept = self._mark
        header = SegmentHeader(kept.ledger_id, kept.segment, kept.segment_first_index)
        for commit in read_segment(self._storage, header, kept.end_offset, kept.size, end):
            _, entries = entries_of(self._storage, commit, 0, commit.frame.first_index + commit.frame.event_count)
            edge, full = grow(edge, leaf_hashes(entries))
            put_tiles(self._storage, full)
            kept = _mark_after(kept, edge, commit.frame.size)
        self._advance(kept)
        return edge

    def _commit(self, body: bytes, leaves: Sequence[bytes]) -> int:
        """Write one commit at the end, sync it, advance the mark. The only way in which a log grows."""
        if self._mark.end_offset > SEGMENT_HEADER_BYTES:
            size = self._mark.end_offset + FRAME_HEADER_BYTES + len(body)
            if size > self._segment_bytes_max:
                self._roll()
        mark, name = self._mark, segment_name(self._mark.segment_first_index)
        assert self._edge is not None, "whoever commits has caught up"
        frame = encode_frame(body, mark.size, len(leaves), frame_salt(mark.ledger_id, mark.segment))
        edge, full = grow(self._edge, leaves)
        self._storage.write(name, mark.end_offset, frame)
        self._storage.sync(name)
        put_tiles(self._storage, full)
        self._advance(_mark_after(mark, edge, len(frame)))
        self._edge = edge
        self._has_appended = True
        return mark.size

    def _roll(self) -> None:
        """Seal the newest segment and begin the next; the mark goes to disk first, see the module's docstring."""
        # Written once more, so that there is something to sync: after a sync of the mark that failed, a writer that opens
        # the ledger anew is shown a mark that the disk never got, and that the kernel calls clean.
        self._advance(self._mark)
        self._storage.sync(MARK_NAME)
        mark, name = self._mark, segment_name(self._mark.segment_first_index)
        self._storage.write(name, mark.end_offset, _footer_after(self._storage, mark))
        self._storage.sync(name)
        header = SegmentHeader(mark.ledger_id, mark.segment + 1, mark.size, mark.root)
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


def _mark_after(mark: Mark, edge: Edge, frame_bytes: int) -> Mark:
    """Return the mark that follows `mark` when a frame of `frame_bytes` has made the tree grow to `edge`."""
    end = mark.end_offset + frame_bytes
    commit = LeavesPlace(mark.segment_first_index, mark.size, mark.end_offset)
    leaves = leaves_after(LeavesPlace(*mark[-3:]), commit, edge.size, end)
    return Mark(*mark[:2], edge.size, *mark[3:5], end, edge_root(edge), mark.tiled, *leaves)


def _footer_after(storage: Storage, mark: Mark) -> bytes:
    """Return the frame that seals the newest segment at `mark`. Reads the whole segment."""
    digest = hashlib.sha256()
    name = segment_name(mark.segment_first_index)
    for offset in range(0, mark.end_offset, WINDOW_BYTES):
        digest.update(storage.read(name, offset, min(WINDOW_BYTES, mark.end_offset - offset)))
    footer = Footer(mark.size - mark.segment_first_index, mark.root, digest.digest())
    return encode_footer(footer, mark.size, frame_salt(mark.ledger_id, mark.segment))


def _first_mark_in_next_segment(mark: Mark) -> Mark:
    """Return the mark that follows `mark` when the next segment holds no event yet."""
    return mark._replace(segment=mark.segment + 1, segment_first_index=mark.size, end_offset=SEGMENT_HEADER_BYTES)
