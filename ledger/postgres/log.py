"""How does a ledger lie in a PostgreSQL database? The `backend.Log` over its tables; start at `open_log`.

One row in `heads` says where a ledger ends and is its writer lock; `commits` holds what a segment file would hold, a frame
in each row; `tiles` the full tiles of the tree; `checkpoints` what was signed. An append is one transaction over all of
them (`writing`). The database refuses changes of what is there (`migrations`), and readers check every byte all the same
(`reading`). Positions come from the head row alone: a sequence gives numbers that a transaction then does not use, or
uses after a later one, and readers would skip events.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Final, NamedTuple, TypeVar
from uuid import UUID, uuid4

from ledger.backend import Head, Position, Restriction, Span
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.edge import Edge, FullTile, edge_root, grow
from ledger.errors import (
    BusyError,
    CorruptLedgerError,
    LedgerNotFoundError,
    ReadOnlyLedgerError,
    StorageError,
    check_open,
)
from ledger.frame import FRAME_HEADER_BYTES, Frame, split_run
from ledger.growth import parse_kept
from ledger.merkle import HashReader
from ledger.postgres.address import Address, parse_address
from ledger.postgres.connections import Connection, Connections
from ledger.postgres.heads import (
    NewHead,
    check_copy,
    insert_checkpoint,
    insert_head,
    restriction_of,
    set_restriction,
)
from ledger.postgres.listening import Listener
from ledger.postgres.reading import CommitRow, Commits, HeadRow, read_full_tiles, read_head, read_page, row_path
from ledger.postgres.schema import apply_migrations, check_schema
from ledger.postgres.tree import RowTree, read_leaves
from ledger.postgres.writing import HeldHead, Publication, commit_row
from ledger.repair import Recovery
from ledger.restriction import check_unrestricted
from ledger.signer import Signer
from ledger.storage_file import random_ledger_id
from ledger.tile_hashes import TileHashes
from ledger.tiles import Tile

UNSAFE: Final = "the server runs with fsync=off, so that a crash would take appends that were acknowledged"

T = TypeVar("T")


class DatabaseEnd(NamedTuple):
    """A durable end of a ledger in a database. See `backend.Position`."""

    ledger_id: bytes
    size: int
    root: bytes
    bytes: int
    """Of all commit frames below."""


class Draft(NamedTuple):
    """What was committed while `writing` is held, and is to be published when it is left."""

    before: HeadRow
    edge: Edge
    commits: list[CommitRow]
    tiles: list[FullTile]


def open_log(
    address: str,
    *,
    create: bool = False,
    read_only: bool = False,
    wait_s: float = 10.0,
    ledger_id: bytes | None = None,
) -> "PostgresLog":
    """Open the ledger at `address` (see `address`); `create` makes it, and the tables, where there are none.

    A new ledger gets the `ledger_id` of 16 bytes, a random one by default. A server that cannot be reached, or refuses, is
    not tried again. Raises OutOfRangeError, LedgerNotFoundError, SchemaVersionError, StorageError.
    """
    place = parse_address(address)
    connections = Connections(place, wait_s)
    try:
        new = NewHead(ledger_id or random_ledger_id()) if create else None
        row = connections.ask_once(partial(_prepare, place, new, read_only), "open the ledger")
        return PostgresLog(place, connections, row, read_only=read_only, wait_s=wait_s)
    except BaseException:
        connections.close()
        raise


def open_copy(address: str, *, ledger_id: bytes, original: str, wait_s: float = 10.0) -> "PostgresLog":
    """Open the copy at `address`, making it where there is nothing; see `backend.MovableLog`. Raises CopyTargetError."""
    place = parse_address(address)
    connections = Connections(place, wait_s)
    new = NewHead(ledger_id, Restriction("copy", original))
    try:
        row = connections.ask_once(partial(_prepare, place, new, False), "open the copy")
        check_copy(place.shown, row, ledger_id)
        return PostgresLog(place, connections, row, read_only=False, wait_s=wait_s, is_copying=True)
    except BaseException:
        connections.close()
        raise


def _prepare(place: Address, new: NewHead | None, read_only: bool, connection: Connection) -> HeadRow:
    """Return the head of the ledger, having made it if there is none and one is given."""
    fsync = connection.execute("SELECT current_setting('fsync')").fetchone()
    if fsync == ("off",) and not read_only:
        raise StorageError(place.shown, "open the ledger", UNSAFE)
    if new is not None:
        apply_migrations(connection, place.shown)
    check_schema(connection, place.shown)
    if new is not None:
        insert_head(connection, place, new)
    row = read_head(connection, place.name)
    if row is None:
        raise LedgerNotFoundError(place.shown)
    return row


class PostgresLog:
    """An append-only log in a database. Safe for many threads; many processes on many hosts may open one each."""

    def __init__(
        self,
        place: Address,
        connections: Connections,
        row: HeadRow,
        *,
        read_only: bool,
        wait_s: float,
        is_copying: bool = False,
    ) -> None:
        """Use what `open_log` has made ready. A log that is copied to is written to although it is restricted."""
        if not (read_only or is_copying):
            check_unrestricted(place.shown, restriction_of(row))
        self._is_copying = is_copying
        self._place = place
        self._connections = connections
        self._read_only = read_only
        self._wait_s = wait_s
        self._ledger_id = row.ledger_id
        self._epoch = row.epoch
        self._seen = _end_of(row)
        self._turn = threading.Lock()
        self._listener = Listener(connections, row.ledger_id)
        self._commits = Commits(self.path, row.ledger_id, self._page)
        self._edge: Edge | None = None
        self._draft: Draft | None = None
        self._failure: StorageError | None = None
        self._closed = False
        self._has_appended = False
        self.recovery: Recovery | None = None
        """Always None: what a crash leaves, the server puts right before it takes connections."""

    @property
    def path(self) -> str:
        """The address without user, password and options."""
        return self._place.shown

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

    def head(self) -> DatabaseEnd:
        """Return the durable end as it is now; one row is read. Raises CorruptLedgerError if it was put back."""
        self.check_usable()
        known = self._seen
        row = self._connections.ask(lambda connection: read_head(connection, self._place.name))
        return self._believe(row, known)

    def describe(self, at: Position) -> Head:
        """Return what callers are told of `at`: there are no segments, and bytes are those of commit frames."""
        end = _end(at)
        return Head(ledger_id=end.ledger_id, size=end.size, segments=0, end_offset=end.bytes, root=end.root)

    def spans(self, start: int, stop: int, at: Position, known: Position | None = None) -> Iterator[Span]:
        """Yield, commit by commit, the entries of [start, stop). Raises CorruptLedgerError, StorageError.

        An older end `known` is of no use: the primary key finds any commit at the same cost.
        """
        self.check_usable()
        del known
        assert stop <= _end(at).size, "the caller has checked the range"
        for frame in self._commits.read(start, stop):
            first, entries = self._commits.entries(frame, start, stop)
            yield Span(first, entries, frame)

    def place(self, span: Span, position: int) -> tuple[str, int]:
        """Say in which row of commits, and at which byte of its frame, the entry lies."""
        frame = span.commit
        assert isinstance(frame, Frame), "a span is given back to the log that it is from"
        whole = split_run(frame.body, frame.event_count)
        before = sum(2 + len(entry) for entry in whole[: span.first + position - frame.first_index])
        return row_path(self.path, frame.first_index), FRAME_HEADER_BYTES + before

    def tree(self, at: Position) -> HashReader:
        """Return a reader of the hashes of the tree at `at`: from full tiles, and from the entries after the last of them."""
        del at  # What lies below it is the same at any later end.

        def read_tiles(tiles: Sequence[Tile]) -> list[bytes]:
            return self._connections.ask(lambda connection: read_full_tiles(connection, self._ledger_id, tiles))

        return TileHashes(read_tiles, partial(read_leaves, self._commits)).nodes

    @contextmanager
    def writing(self, wait_s: float) -> Iterator[int]:
        """Hold the head row, caught up with all other writers, and give the index that comes next.

        What was committed is one transaction, durable when the block is left. Raises BusyError after `wait_s` seconds,
        StorageError, CorruptLedgerError; and LostRaceError on leaving, when the connection was lost and others appended
        before there was a new one: then nothing was written.
        """
        self.check_writable()
        deadline_s = time.monotonic() + wait_s
        with self._held(wait_s) as held:
            row, edge = held.take(deadline_s, self._catch_up)
            self._draft = Draft(row, edge, [], [])
            try:
                yield row.size
                draft = self._draft
            finally:
                self._draft = None
            if draft.commits:
                self._publish(held, draft, deadline_s)

    def commit(self, body: bytes, leaves: Sequence[bytes]) -> int:
        """Append the entry run `body`, with these leaf hashes, as one commit; durable when `writing` is left.

        Returns the index of the first.
        """
        draft = self._draft
        assert draft is not None, "whoever commits is writing"
        edge, full = grow(draft.edge, leaves)
        draft.commits.append(commit_row(self._ledger_id, draft.edge.size, body, len(leaves)))
        draft.tiles.extend(full)
        self._draft = draft._replace(edge=edge)
        return draft.edge.size

    def last_checkpoint(self, signer: Signer | None = None) -> Checkpoint | None:
        """Return the newest checkpoint, checked to be the signer's if one is given. See `growth.parse_kept`."""
        self.check_usable()
        return self._connections.ask(lambda connection: self._last_checkpoint(connection, signer))

    def sign(self, signer: Signer) -> Checkpoint:
        """Sign the durable end, keep the checkpoint and return it; the last one if nothing grew. See `backend.Log`."""
        checkpoint = self._change(partial(self._sign, signer))
        self._has_appended = False
        return checkpoint

    def fence(self) -> None:
        """Refuse all appends of every object that opened the ledger before now, but for this one.

        For whoever has moved the database, and cannot be sure that no old writer wakes up. Raises as `sign`.
        """

        def advance(connection: Connection, row: HeadRow) -> int:
            query = "UPDATE impasto_ledger.heads SET epoch = epoch + 1 WHERE ledger = %s"
            connection.execute(query, (UUID(bytes=row.ledger_id),))
            return row.epoch + 1

        self._epoch = self._change(advance)

    def restriction(self) -> Restriction | None:
        """Return why nobody may append here, as it is now; None when everybody may."""
        self.check_usable()
        row = self._connections.ask(lambda connection: read_head(connection, self._place.name))
        self._believe(row, self._seen)
        return None if row is None else restriction_of(row)

    def seal(self, successor: str) -> DatabaseEnd:
        """Refuse all appends from now on; see `backend.MovableLog`. The database refuses them, too."""

        def restrict(connection: Connection, row: HeadRow) -> DatabaseEnd:
            if restriction_of(row) != ("moved", successor):
                check_unrestricted(self.path, restriction_of(row))
                set_restriction(connection, row, Restriction("moved", successor))
            return _end_of(row)

        return self._change(restrict)

    def promote(self) -> None:
        """Make a copy a ledger of its own. Harmless when it is one already. Raises MovedLedgerError; see `MovableLog`."""

        def lift(connection: Connection, row: HeadRow) -> None:
            if row.restriction == "copy":
                set_restriction(connection, row, None)
            else:
                check_unrestricted(self.path, restriction_of(row))

        self._change(lift)

    def keep_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint that was signed elsewhere over the same events; see `backend.MovableLog`."""

        def keep(connection: Connection, row: HeadRow) -> None:
            RowTree(connection, self.path, row).check_growth(checkpoint, self._checkpoint_path(checkpoint.size))
            if not insert_checkpoint(connection, row, checkpoint):
                reason = "another checkpoint of that size is kept already"
                raise CorruptLedgerError(self._checkpoint_path(checkpoint.size), 0, reason)

        self._change(keep)

    def _change(self, change: Callable[[Connection, HeadRow], T]) -> T:
        """Do `change` while the head is held, commit it, and return what it returns. Done again when a connection is lost."""
        self.check_writable()

        def committed(connection: Connection, row: HeadRow) -> T:
            result = change(connection, row)
            connection.execute("COMMIT")
            return result

        with self._held(self._wait_s) as held:
            return held.take(time.monotonic() + self._wait_s, committed)

    def wait(self, seconds: float, ended: threading.Event | None = None) -> None:
        """Wait until something was appended, for about so many seconds, or until `ended` is set."""
        self._listener.wait(seconds, ended)

    def close(self) -> None:
        """Let go of all connections. Closing twice is harmless."""
        self._closed = True
        self._listener.close()
        self._connections.close()

    def _page(self, start: int, stop: int) -> list[CommitRow]:
        self.check_usable()
        return self._connections.ask(lambda connection: read_page(connection, self._ledger_id, start, stop))

    @contextmanager
    def _held(self, wait_s: float) -> Iterator[HeldHead]:
        """Give the one thread whose turn it is a row to hold, and let go of it in the end."""
        if not self._turn.acquire(timeout=wait_s):
            raise BusyError(self.path, wait_s)
        held = HeldHead(self._connections, self.path, self._place.name)
        try:
            yield held
        finally:
            held.release()
            self._turn.release()

    def _believe(self, row: HeadRow | None, known: DatabaseEnd) -> DatabaseEnd:
        """Return the end that `row` says. Raises CorruptLedgerError when it is gone, or older than one `known`."""
        if row is None:
            raise CorruptLedgerError(self._head_path, 0, "the head of the ledger is gone")
        end = _end_of(row)
        forked = end.size == known.size and end.root != known.root
        if end.ledger_id != known.ledger_id or end.size < known.size or forked:
            raise CorruptLedgerError(self._head_path, 0, "the head was put back or exchanged")
        if end.size > self._seen.size:
            self._seen = end
        return end

    def _may_append(self, row: HeadRow) -> None:
        """Raise unless the row lets this object append."""
        if not (self._is_copying and row.restriction == "copy"):
            check_unrestricted(self.path, restriction_of(row))
        if row.epoch != self._epoch:
            reason = "another writer has fenced off all that opened the ledger before it"
            self._failure = StorageError(self.path, "append", reason)
            raise self._failure

    def _catch_up(self, connection: Connection, row: HeadRow) -> tuple[HeadRow, Edge]:
        """While the row is held: learn what others appended. Returns the edge of the tree at it."""
        self._believe(row, self._seen)
        self._may_append(row)
        self._edge = RowTree(connection, self.path, row).edge(self._edge, self._head_path)
        return row, self._edge

    def _publish(self, held: HeldHead, draft: Draft, deadline_s: float) -> None:
        """Make a draft durable. An outcome that cannot be found out ends all use of this object."""
        size, root = draft.edge.size, edge_root(draft.edge)
        added = sum(len(commit.frame) for commit in draft.commits)
        after = draft.before._replace(size=size, root=root, bytes=draft.before.bytes + added)
        try:
            # Who has sent a commit wants to know what became of it, though he would not have waited so long for a turn.
            deadline_s = max(deadline_s, time.monotonic() + self._wait_s)
            held.publish(Publication(draft.before, after, draft.commits, draft.tiles, uuid4()), deadline_s)
        except StorageError as error:
            if held.outcome_is_unknown:
                self._failure = error
            raise
        self._edge = draft.edge
        self._has_appended = True

    def _last_checkpoint(self, connection: Connection, signer: Signer | None) -> Checkpoint | None:
        query = "SELECT size, note FROM impasto_ledger.checkpoints WHERE ledger = %s ORDER BY size DESC LIMIT 1"
        found = connection.execute(query, (UUID(bytes=self._ledger_id),), binary=True).fetchone()
        if found is None:
            return None
        size, note = found
        checkpoint = parse_kept(note, self.path, self._checkpoint_path(size), signer)
        if checkpoint.size != size:
            reason = f"it says {checkpoint.size} events, its row says {size}"
            raise CorruptLedgerError(self._checkpoint_path(size), 0, reason)
        return checkpoint

    @property
    def _head_path(self) -> str:
        return f"{self.path}/heads/{self._place.name}"

    def _checkpoint_path(self, size: int) -> str:
        return f"{self.path}/checkpoints/{size}"

    def _sign(self, signer: Signer, connection: Connection, row: HeadRow) -> Checkpoint:
        """While the row is held: sign it."""
        _, edge = self._catch_up(connection, row)
        last = self._last_checkpoint(connection, signer)
        if last is not None:
            RowTree(connection, self.path, row).check_growth(last, self._checkpoint_path(last.size))
            if last.size == row.size:
                return last
        checkpoint = sign_checkpoint(signer, row.size, edge_root(edge))
        insert_checkpoint(connection, row, checkpoint)
        return checkpoint


def _end_of(row: HeadRow) -> DatabaseEnd:
    return DatabaseEnd(row.ledger_id, row.size, row.root, row.bytes)


def _end(at: Position) -> DatabaseEnd:
    assert isinstance(at, DatabaseEnd), "a position is given back to the log that it is from"
    return at
