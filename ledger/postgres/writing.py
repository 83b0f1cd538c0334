"""How does a commit become durable exactly once, when connections are cut? One transaction that holds the head row.

The row is the writer lock: whoever has it in a transaction knows which index is next, and gives it back with COMMIT. When
the connection is lost after that was on its way, nobody knows whether it arrived; so the row is locked anew, which waits
until the old transaction is over, one way or the other. Then the commit is there, with its random token, or it never will
be, and may be written again: see `HeldHead.publish`.

A client that stops in the middle must not keep the row for ever. The server ends a transaction that has been idle for
`IDLE_S_MAX`, and what wakes up later finds its connection gone and goes the same way: nothing of it is there.
"""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Final, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from psycopg.errors import LockNotAvailable
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Literal

from ledger.edge import FullTile
from ledger.errors import BusyError, CorruptLedgerError, LostRaceError, StorageError
from ledger.frame import encode_frame, frame_salt
from ledger.postgres.connections import Connection, Connections, is_lost
from ledger.postgres.listening import channel_of
from ledger.postgres.reading import HEAD_QUERY, CommitRow, HeadRow, last_head

IDLE_S_MAX: Final = 10.0
"""Seconds after which the server ends a transaction that holds a head and says nothing: a group is planned and hashed in
milliseconds, and other writers wait meanwhile."""

PUBLISH_TRIES_MAX: Final = 5
"""Times that one commit is sent at most. Each has met a connection that worked a moment before and was then cut."""

_LOCK: Final = """
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT set_config('lock_timeout', {wait}, true), set_config('idle_in_transaction_session_timeout', {idle}, true),
    set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
        ELSE current_setting('synchronous_commit') END, true);
"""
"""Sent with what reads the head as one message of the simple protocol: in one round trip, and without the Flush by which
the driver ends a pipeline, since after that the server does not count how long a transaction is idle."""

_ADVANCE: Final = """
UPDATE impasto_ledger.heads SET size = %(size)s, root = %(root)b, bytes = %(bytes)s
WHERE ledger = %(ledger)s AND size = %(expected)s AND epoch = %(epoch)s RETURNING size
"""

_COMMIT: Final = """
INSERT INTO impasto_ledger.commits (ledger, first_index, event_count, token, frame) VALUES (%b, %b, %b, %b, %b)
"""

_TILES: Final = """
INSERT INTO impasto_ledger.tiles (ledger, level, tile_index, data)
SELECT %b, * FROM unnest(%b::smallint[], %b::bigint[], %b::bytea[]) ON CONFLICT DO NOTHING
"""
"""A tile that is there already is left: it cannot be changed, and nobody believes it without a root."""

T = TypeVar("T")


class Publication(NamedTuple):
    """What one transaction adds to a ledger: commits, the tiles that they fill, and the head after them."""

    before: HeadRow
    after: HeadRow
    commits: Sequence[CommitRow]
    tiles: Sequence[FullTile]
    token: UUID


def commit_row(ledger_id: bytes, first_index: int, body: bytes, count: int) -> CommitRow:
    """Return the row for the entry run `body` of `count` events. Its frame is that of a ledger's first segment."""
    return CommitRow(first_index, count, encode_frame(body, first_index, count, frame_salt(ledger_id, 0)))


class HeldHead:
    """The head row of one ledger, locked in a transaction. For one thread, and one turn."""

    def __init__(self, connections: Connections, path: str, name: str) -> None:
        """Nothing is locked yet."""
        self._connections = connections
        self._path = path
        self._name = name
        self._stack = ExitStack()
        self._connection: Connection | None = None
        self.outcome_is_unknown = False
        """Whether a commit was sent and nobody could tell what became of it."""

    def take(self, deadline_s: float, ready: Callable[[Connection, HeadRow], T]) -> T:
        """Lock the row, waiting for others until `deadline_s` on the monotonic clock, and return what `ready` makes of it.

        Done again on a new connection when one is lost, `ready` included. Raises BusyError, StorageError,
        CorruptLedgerError when the row is gone, and what `ready` raises.
        """
        wait_s = max(0.0, deadline_s - time.monotonic())
        for is_last in self._connections.tries(deadline_s):
            self.release()
            try:
                connection = self._connection = self._stack.enter_context(self._connections.lent())
                return ready(connection, self._locked(connection, deadline_s))
            except LockNotAvailable:
                raise BusyError(self._path, wait_s) from None
            except psycopg.Error as error:
                if is_last or not is_lost(error):
                    raise self._connections.told(error, "lock the head") from error
        raise AssertionError("the last try returns or raises")

    def _locked(self, connection: Connection, deadline_s: float) -> HeadRow:
        wait_ms = max(1, math.ceil(1000 * (deadline_s - time.monotonic())))  # 0 would mean to wait for ever
        settings = {"wait": Literal(f"{wait_ms}ms"), "idle": Literal(f"{math.ceil(1000 * IDLE_S_MAX)}ms")}
        query = SQL(_LOCK + HEAD_QUERY + " FOR UPDATE").format(name=Literal(self._name), **settings)
        row = last_head(connection.execute(query))
        if row is None:
            raise CorruptLedgerError(f"{self._path}/heads/{self._name}", 0, "the head of the ledger is gone")
        return row

    def publish(self, publication: Publication, deadline_s: float) -> None:
        """Make `publication` durable, while the row is held; it is let go in any case.

        Raises LostRaceError when the connection was lost and others appended before a new one was made, StorageError.
        Nothing was written then, unless `outcome_is_unknown`.
        """
        for _ in range(PUBLISH_TRIES_MAX):
            try:
                assert self._connection is not None, "whoever publishes holds the row"
                return send(self._connection, publication)
            except psycopg.Error as error:
                if not is_lost(error):
                    raise self._connections.told(error, "append") from error
            self.outcome_is_unknown = True
            is_there = self._resolve(publication, deadline_s)
            self.outcome_is_unknown = False
            if is_there:
                return None
        raise StorageError(self._path, "append", f"the connection was lost {PUBLISH_TRIES_MAX} times while it was sent")

    def _resolve(self, publication: Publication, deadline_s: float) -> bool:
        """Hold the row again, and tell whether `publication` is there; if not, it never will be by what was sent so far."""

        def look(connection: Connection, row: HeadRow) -> bool:
            if is_published(connection, publication):
                return True
            if row != publication.before:
                raise LostRaceError(self._path, publication.before.size)
            return False

        try:
            return self.take(deadline_s, look)
        except LostRaceError:
            self.outcome_is_unknown = False
            raise
        except BusyError as error:
            reason = "the connection was lost, and the transaction on it did not end in time"
            raise StorageError(self._path, "append", reason) from error

    def release(self) -> None:
        """Let go of the row, and of all that was not committed. Harmless when it is not held."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.info.transaction_status != TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                connection.execute("ROLLBACK")
        self._stack.close()


def send(connection: Connection, publication: Publication) -> None:
    """Write all of `publication` in the transaction of `connection`, which holds its head, and commit; one round trip.

    Raises psycopg.Error, after which it is there or not.
    """
    before, after, commits, tiles, token = publication
    ledger = UUID(bytes=before.ledger_id)
    head = {"ledger": ledger, "expected": before.size, "epoch": before.epoch}
    head |= {"size": after.size, "root": after.root, "bytes": after.bytes}
    with connection.pipeline() as pipeline:
        moved = connection.execute(_ADVANCE, head)
        for commit in commits:
            # Between two of these, and only there, the server counts how long it has heard nothing.
            pipeline.sync()
            connection.execute(
                _COMMIT, (ledger, commit.first_index, commit.event_count, token, commit.frame), prepare=True
            )
        pipeline.sync()
        if tiles:
            columns = [tile.level for tile, _ in tiles], [tile.index for tile, _ in tiles], [data for _, data in tiles]
            connection.execute(_TILES, (ledger, *columns))
        connection.execute("SELECT pg_notify(%s, '')", (channel_of(before.ledger_id),))
        ended = connection.execute("COMMIT")
    assert (moved.rowcount, ended.statusmessage) == (1, "COMMIT"), "the server would have refused the commit otherwise"


def is_published(connection: Connection, publication: Publication) -> bool:
    """Tell whether the commits of `publication` are in the database."""
    key = (UUID(bytes=publication.before.ledger_id), publication.before.size)
    query = "SELECT token FROM impasto_ledger.commits WHERE ledger = %s AND first_index = %s"
    found = connection.execute(query, key).fetchone()
    return found is not None and found[0] == publication.token
