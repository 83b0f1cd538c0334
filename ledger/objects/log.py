"""How does a ledger live on object storage? One object for each commit, created by whoever comes first.

There is no lock. The name of a commit's object is the index of its first event, and object storage gives a name to one
creator only: that is the order, the fence against a writer that wakes up late, and the reason why indexes have no gaps.
Who comes second finds the name taken, follows what others wrote, and has its commit planned anew (LostRaceError; see
`group_commit`). A try whose answer was lost is told from another's commit by its bytes, which hold a random token.

Start at `open_log`; the main path is `ObjectLog.writing` -> `commit` -> `_claim`. For low rates and for archives: a commit
takes two requests, one that looks for others' commits and one that creates.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from ledger.backend import Head, Position, Restriction, Span
from ledger.checkpoint import Checkpoint
from ledger.edge import EMPTY_EDGE, Edge, FullTile, edge_root, grow
from ledger.errors import (
    BusyError,
    CopyTargetError,
    CorruptLedgerError,
    DamagedBytesError,
    LedgerExistsError,
    LostRaceError,
    OutOfRangeError,
    ReadOnlyLedgerError,
    StorageError,
    check_open,
)
from ledger.frame import split_run
from ledger.merkle import HashReader, leaf_hashes
from ledger.objects.address import objects_at
from ledger.objects.commit import (
    KIND_SEAL,
    SEAL_BYTES_MAX,
    TOKEN_BYTES,
    CommitObject,
    encode_commit,
    log_name,
)
from ledger.objects.head import (
    HINT_COMMITS,
    End,
    edge_of_hint,
    empty_end,
    encode_hint,
    end_after,
    newest_name,
    read_hint,
)
from ledger.objects.identity import (
    HINT_NAME,
    PROMOTED_NAME,
    announce_move,
    announced_successor,
    check_copy,
    copy_restriction,
    create_identity,
    load_identity,
)
from ledger.objects.reading import CommitReader
from ledger.objects.signing import issue, keep, read_checkpoint
from ledger.objects.store import Objects
from ledger.objects.tree import EntryReader, object_tiles, restore_edge
from ledger.repair import Recovery
from ledger.restriction import check_unrestricted
from ledger.signer import Signer
from ledger.storage_file import random_ledger_id
from ledger.tile_hashes import TileHashes
from ledger.tiles import format_path

FOLLOW_EVENTS_MAX: Final = 1 << 13
"""A writer that has missed more events than this reads the tree's edge from tiles, which takes fewer requests."""

CLAIM_PAUSES_S: Final = (0.0, 0.02, 0.1, 0.5)
"""Pauses before each try of a commit. S3 says that a name is taken also while another put under it is still being decided
(409, ConditionalRequestConflict); when neither is there afterwards, it has to be asked again."""

LOOK_COMMITS: Final = 16
"""Commits of one writer between two looks for whether the ledger is to be sealed."""

TILES_DUE_MAX: Final = 1 << 10
"""Full tiles, 8 KiB each, that wait to be put after the store has refused some; beyond that they are left to be computed."""


def open_log(address: str, *, create: bool = False, read_only: bool = False, wait_s: float = 10.0) -> "ObjectLog":
    """Open the log at ``s3://bucket/prefix`` or ``memory://name/prefix``; `create` makes it where there is none.

    `wait_s` is how long signing and closing may wait for other threads. Raises OutOfRangeError, LedgerNotFoundError,
    LedgerExistsError, CorruptLedgerError, StorageError, and CopiedLedgerError or MovedLedgerError unless `read_only`.
    """
    return open_objects(objects_at(address), create=create, read_only=read_only, wait_s=wait_s)


def open_objects(
    objects: Objects, *, create: bool = False, read_only: bool = False, wait_s: float = 10.0
) -> "ObjectLog":
    """Open the log below the prefix of `objects`, as `open_log` does."""
    if create:
        create_identity(objects, random_ledger_id())
    return ObjectLog(objects, read_only=read_only, wait_s=wait_s)


def open_copy(address: str, *, ledger_id: bytes, original: str, wait_s: float = 10.0) -> "ObjectLog":
    """Open the copy at `address`, making it where there is nothing; see `backend.MovableLog`. Raises CopyTargetError."""
    return open_objects_copy(objects_at(address), ledger_id=ledger_id, original=original, wait_s=wait_s)


def open_objects_copy(objects: Objects, *, ledger_id: bytes, original: str, wait_s: float = 10.0) -> "ObjectLog":
    """Open the copy below the prefix of `objects`, as `open_copy` does."""
    try:
        create_identity(objects, ledger_id, original)
    except LedgerExistsError as error:
        raise CopyTargetError(error.path, error.reason) from error
    check_copy(objects, load_identity(objects), ledger_id)
    return ObjectLog(objects, wait_s=wait_s, is_copying=True)


class Tip(NamedTuple):
    """What a writer works from: an end, and the edge of the tree at it."""

    end: End
    edge: Edge


class ObjectLog:
    """The `backend.MovableLog` of objects. Positions are `head.End`s. Safe for many threads; not for a child of fork."""

    recovery: Recovery | None = None
    """Nothing is ever torn: an object is there whole, or not at all."""

    def __init__(
        self, objects: Objects, *, read_only: bool = False, wait_s: float = 10.0, is_copying: bool = False
    ) -> None:
        """Open the log that is there. A log that is copied to is written to although it is restricted."""
        self._objects = objects
        self._read_only = read_only
        self._wait_s = wait_s
        self._is_copying = is_copying
        self._identity = load_identity(objects)
        ledger_id = bytes.fromhex(self._identity.ledger_id)
        self._reader = CommitReader(objects, ledger_id)
        self._turn = threading.Lock()
        self._closed = False
        self._failure: StorageError | None = None
        self._has_appended = False
        self._successor: str | None = None
        self._tip = Tip(empty_end(ledger_id), EMPTY_EDGE)
        self._tiles_due: dict[str, bytes] = {}
        self._commits_since_hint = self._commits_until_look = 0
        self._end = self._first_end(empty_end(ledger_id))
        if not read_only:
            self._check_unrestricted(copy_restriction(objects, self._identity))
            self.head()
            self._check_unrestricted(self._moved())

    @property
    def path(self) -> str:
        """The address, for messages."""
        return self._objects.path

    @property
    def has_appended(self) -> bool:
        """Whether this object may still be used, and has appended since it last signed."""
        return self._has_appended and self._failure is None and not self._closed

    def check_usable(self) -> None:
        """Raise LedgerClosedError, or the StorageError that ended all use of this object."""
        check_open(self.path, self._failure, is_closed=self._closed)

    def check_writable(self) -> None:
        """Raise as `check_usable`, or ReadOnlyLedgerError."""
        self.check_usable()
        if self._read_only:
            raise ReadOnlyLedgerError(self.path)

    def head(self) -> End:
        """Return the durable end as it is now, mostly at the cost of one request for an object that is not there."""
        self.check_usable()
        end = self._end
        if self._successor is not None:
            return end
        for commit in self._reader.news(end.size):
            self._reader.check_chain(commit, end.root)
            if commit.kind == KIND_SEAL:
                self._successor = commit.body.decode("utf-8", "replace")
                break
            end = end_after(commit)
        if end.size > self._end.size:
            self._end = end
        return end

    def describe(self, at: Position) -> Head:
        """Return what callers are told of `at`."""
        end = _end(at)
        return Head(ledger_id=end.ledger_id, size=end.size, segments=0, end_offset=end.run_bytes, root=end.root)

    def spans(self, start: int, stop: int, at: Position, known: Position | None = None) -> Iterator[Span]:
        """Yield, commit by commit, the entries of [start, stop). Raises CorruptLedgerError, StorageError."""
        self.check_usable()
        for commit in self._reader.commits(start, stop, _end(at), None if known is None else _end(known)):
            try:
                entries = split_run(commit.body, commit.event_count)
            except DamagedBytesError as error:
                path = self._reader.path_of(commit.first_index)
                raise CorruptLedgerError(path, commit.body_offset + error.offset, error.reason) from error
            first = max(start, commit.first_index)
            yield Span(first, entries[first - commit.first_index : stop - commit.first_index], commit)

    def place(self, span: Span, position: int) -> tuple[str, int]:
        """Say in which object, and at which byte of it, the entry lies."""
        commit = span.commit
        assert isinstance(commit, CommitObject), "a span is given back to the log that it is from"
        whole = split_run(commit.body, commit.event_count)
        before = sum(2 + len(entry) for entry in whole[: span.first + position - commit.first_index])
        return self._reader.path_of(commit.first_index), commit.body_offset + before

    def tree(self, at: Position) -> HashReader:
        """Return a reader of the hashes of the tree at `at`."""
        return self._tiles(_end(at)).nodes

    @contextmanager
    def writing(self, wait_s: float) -> Iterator[int]:
        """Give the index that comes next as far as is known; another process may take it before `commit` does.

        The threads of one object take turns. Raises BusyError, StorageError, CorruptLedgerError, and CopiedLedgerError or
        MovedLedgerError when nobody may append.
        """
        with self._taking_turns(wait_s):
            end = self.head()
            self._check_unrestricted(self._moved())
            if self._commits_until_look <= 0:
                announced = announced_successor(self._objects)
                self._check_unrestricted(None if announced is None else Restriction("moved", announced))
                self._commits_until_look = LOOK_COMMITS
            self._follow_tree(end)
            yield end.size

    def commit(self, body: bytes, leaves: Sequence[bytes]) -> int:
        """Append the entry run `body`, with these leaf hashes, as one commit; durable on return. Only while `writing`.

        Returns the index of the first. Raises LostRaceError with nothing written, or StorageError, after which the object
        refuses all work: the store may carry out what it did not answer to.
        """
        edge, full = grow(self._tip.edge, leaves)
        commit = self._next_commit(self._tip.end, len(leaves), edge.peaks, body)
        if not self._claim(commit):
            raise LostRaceError(self.path, commit.first_index)
        self._reader.remember(commit)
        self._tip = Tip(end_after(commit), edge)
        self._end, self._has_appended = self._tip.end, True
        self._commits_since_hint += 1
        self._commits_until_look -= 1
        self._leave_tiles(full)
        return commit.first_index

    def last_checkpoint(self, signer: Signer | None = None) -> Checkpoint | None:
        """Return the checkpoint that is there, checked to be the signer's if one is given."""
        self.check_usable()
        return read_checkpoint(self._objects, signer).checkpoint

    def sign(self, signer: Signer) -> Checkpoint:
        """Sign the durable end and replace the checkpoint, unless somebody else does meanwhile; then look again.

        See `signing.issue` for what is checked and raised.
        """
        self.check_writable()
        with self.writing(self._wait_s):
            checkpoint = issue(self._objects, signer, self.head, self._prove)
            self._leave_hint()
            self._has_appended = False
            return checkpoint

    def keep_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint that was signed elsewhere; see `backend.MovableLog`."""
        with self._taking_turns(self._wait_s):
            keep(self._objects, checkpoint, self.head(), self._prove)
            self._leave_hint()
            self._has_appended = False

    def restriction(self) -> Restriction | None:
        """Return why nobody may append here, as it is now."""
        self.head()
        return copy_restriction(self._objects, self._identity) or self._moved()

    def seal(self, successor: str) -> End:
        """End the log with a seal that names `successor`: it takes the name that any next commit would need."""
        text = successor.encode()
        if not 0 < len(text) <= SEAL_BYTES_MAX:
            raise OutOfRangeError("successor", successor, f"1 to {SEAL_BYTES_MAX:,} bytes")
        self.check_writable()
        if self.restriction() != ("moved", successor):
            announced = announce_move(self._objects, successor)
            self._check_unrestricted(self._moved() or _moved_elsewhere(announced, successor))
        deadline = time.monotonic() + self._wait_s
        while True:
            with self._taking_turns(self._wait_s):
                end = self.head()
                if self._successor is None and not self._put_seal(end, text):
                    if time.monotonic() > deadline:
                        raise BusyError(self.path, self._wait_s)
                    continue
                self._check_unrestricted(_moved_elsewhere(self._successor or successor, successor))
                return end

    def _put_seal(self, end: End, text: bytes) -> bool:
        """Put a seal behind `end`; tells whether it is there, or somebody was first."""
        self._follow_tree(end)
        seal = self._next_commit(end, 0, self._tip.edge.peaks, text)._replace(kind=KIND_SEAL)
        if not self._claim(seal):
            return False
        self._successor = text.decode()
        return True

    def promote(self) -> None:
        """Make a copy a ledger of its own."""
        self.check_writable()
        self._objects.create(PROMOTED_NAME, b"{}\n")

    def wait(self, seconds: float, ended: threading.Event | None = None) -> None:
        """Object storage calls nobody: sleep, or until `ended` is set. Each look costs a request, so ask for long pauses."""
        (ended.wait if ended is not None else time.sleep)(seconds)

    def close(self) -> None:
        """Leave a hint for whoever opens the log next. Closing twice is harmless, and nothing that counts can fail."""
        if self._closed:
            return
        if self._failure is None and not self._read_only and self._commits_since_hint:
            with suppress(StorageError, RuntimeError):  # threads take no more work while the interpreter ends
                self._leave_tiles([])
                self._leave_hint()
        self._closed = True

    @contextmanager
    def _taking_turns(self, wait_s: float) -> Iterator[None]:
        if not self._turn.acquire(timeout=wait_s):
            raise BusyError(self.path, wait_s)
        try:
            self.check_writable()
            yield
        finally:
            self._turn.release()

    def _check_unrestricted(self, restriction: Restriction | None) -> None:
        if not self._is_copying:
            check_unrestricted(self.path, restriction)

    def _moved(self) -> Restriction | None:
        return None if self._successor is None else Restriction("moved", self._successor)

    def _first_end(self, empty: End) -> End:
        """Return some end near the newest, by the hint where there is one that holds."""
        hint = read_hint(self._objects)
        commit = None if hint is None else self._reader.find(hint.first_index)
        if hint is not None and commit is not None and commit.kind != KIND_SEAL:
            end = end_after(commit)
            if (edge := edge_of_hint(hint, end)) is not None:
                self._tip = Tip(end, edge)
            return end
        newest = newest_name(self._objects)
        commit = None if newest is None else self._reader.find(newest)
        if commit is not None and commit.kind == KIND_SEAL and commit.first_index:
            commit = self._reader.last_before(commit.first_index)
        return empty if commit is None or commit.kind == KIND_SEAL else end_after(commit)

    def _next_commit(self, end: End, count: int, peaks: tuple[bytes, ...], body: bytes) -> CommitObject:
        token = os.urandom(TOKEN_BYTES)
        return CommitObject(end.ledger_id, token, end.size, count, end.run_bytes, end.root, peaks, body)

    def _claim(self, commit: CommitObject) -> bool:
        """Create the object of `commit`, and tell whether it is this one that is there now. Raises StorageError.

        The object is asked for when its name is taken, since a try whose answer was lost may have been done, and when no
        try was answered. Where that is not answered either, or there is no object yet, the outcome is unknown.
        """
        name, data = log_name(commit.first_index), encode_commit(commit)
        unknown = StorageError(f"{self.path}/{name}", "create", "its name is called taken, but there is no such object")
        for pause_s in CLAIM_PAUSES_S:
            time.sleep(pause_s)
            try:
                if self._objects.create(name, data):
                    return True
                if (there := self._objects.read(name)) is not None:
                    return there == data
            except StorageError as error:
                unknown = error
                break
        with suppress(StorageError):
            if (there := self._objects.read(name)) is not None:
                return there == data
        self._failure = unknown
        raise unknown

    def _follow_tree(self, end: End) -> None:
        """Bring the edge to `end`: grow it over what others appended, or read it from tiles where that is much."""
        edge, full = self._tip.edge, list[FullTile]()
        if edge.size <= end.size <= edge.size + FOLLOW_EVENTS_MAX:
            for entries in self._entries(edge.size, end.size, end):
                edge, filled = grow(edge, leaf_hashes(entries))
                full += filled
        if edge.size != end.size or edge_root(edge) != end.root:
            restored = restore_edge(self._objects, self._reading(end), end.size, end.root)
            if restored is None:
                path = self._reader.path_of(end.last)
                raise CorruptLedgerError(
                    path, 0, f"the {end.size} entries of the log do not give the root that it says"
                )
            edge = restored
        self._tip = Tip(end, edge)
        if full:
            self._leave_tiles(full)

    def _entries(self, start: int, stop: int, end: End) -> Iterator[list[bytes]]:
        return (span.entries for span in self.spans(start, stop, end))

    def _reading(self, end: End) -> EntryReader:
        return lambda start, stop: self._entries(start, stop, end)

    def _tiles(self, end: End, *, trusting: bool = True) -> TileHashes:
        tip = self._tip
        edge = tip.edge if tip.end == end and trusting else None
        return object_tiles(self._objects, self._reading(end), edge, trusting=trusting)

    def _prove(self, end: End, *, trusting: bool) -> HashReader:
        return self._tiles(end, trusting=trusting).nodes

    def _leave_tiles(self, full: Sequence[FullTile]) -> None:
        """Put full tiles, and now and then a hint. Nothing rests on either, so a refusal only means to try again later."""
        self._tiles_due.update((format_path(tile), data) for tile, data in full)
        if len(self._tiles_due) > TILES_DUE_MAX:
            self._tiles_due.clear()
        with suppress(StorageError):
            self._objects.create_all(self._tiles_due)
            self._tiles_due.clear()
            if self._commits_since_hint >= HINT_COMMITS:
                self._leave_hint()

    def _leave_hint(self) -> None:
        if self._tip.end.size:
            self._objects.overwrite(HINT_NAME, encode_hint(*self._tip))
        self._commits_since_hint = 0


def _moved_elsewhere(found: str, successor: str) -> Restriction | None:
    return None if found == successor else Restriction("moved", found)


def _end(at: Position) -> End:
    assert isinstance(at, End), "a position is given back to the log that it is from"
    return at
