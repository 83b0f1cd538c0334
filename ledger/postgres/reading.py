"""Which rows hold a range of events, and is every byte of them what was written? Reads commits and tiles; changes nothing.

Commits are read in pages, each by one question over the primary key: no cursor, so that no connection is held while the
caller works on a page, a reader that is left half-way leaves nothing behind, and a lost connection costs one page. Rows
below a head never change, so that pages of one read agree. Memory is bounded by `PAGE_BYTES` or one commit, whichever is
larger.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Cursor
from psycopg.sql import SQL, Placeholder

from ledger.errors import CorruptLedgerError, DamagedBytesError
from ledger.frame import FRAME_COMMIT, FRAME_HEADER_BYTES, Frame, decode_frame, frame_salt, split_run
from ledger.postgres.connections import Connection
from ledger.tiles import Tile

PAGE_BYTES: Final = 4 << 20
"""Bytes of frames asked for at once; the commit that crosses the limit is the last of its page."""

PAGE_COMMITS: Final = 4096
"""Most commits asked for at once: commits of one event are a few hundred bytes each."""

_PAGE: Final = """
SELECT first_index, event_count, frame FROM (
    SELECT first_index, event_count, frame, sum(octet_length(frame)) OVER (ORDER BY first_index) AS upto
    FROM impasto_ledger.commits
    WHERE ledger = %(ledger)s AND first_index < %(stop)s AND first_index >= coalesce((
        SELECT max(first_index) FROM impasto_ledger.commits WHERE ledger = %(ledger)s AND first_index <= %(start)s
    ), 0)
    ORDER BY first_index LIMIT %(commits)s
) AS page
WHERE upto - octet_length(frame) < %(bytes)s
ORDER BY first_index
"""
"""The size of a frame is known without reading it, so that the sum costs nothing."""

_TILES: Final = """
SELECT level, tile_index, data FROM impasto_ledger.tiles
WHERE ledger = %(ledger)s
    AND (level, tile_index) IN (SELECT * FROM unnest(%(levels)s::smallint[], %(indexes)s::bigint[]))
"""

HEAD_QUERY: Final = """
SELECT ledger, size, root, bytes, epoch, restriction, other FROM impasto_ledger.heads WHERE name = {name}
"""
"""Reads the row that `last_head` understands; whoever writes adds FOR UPDATE."""


class HeadRow(NamedTuple):
    """The row of a ledger: where it ends, and who may append."""

    ledger_id: bytes
    size: int
    root: bytes
    bytes: int
    """Of all commit frames."""
    epoch: int
    restriction: str | None
    other: str | None


class CommitRow(NamedTuple):
    """A commit as the database gives it, unchecked."""

    first_index: int
    event_count: int
    frame: bytes


Pages = Callable[[int, int], list[CommitRow]]
"""Gives, from the commit that holds the first index on, as many commits as a page takes of those that begin below the second."""


def read_head(connection: Connection, name: str) -> HeadRow | None:
    """Return the head of the ledger `name`, None when there is none."""
    return last_head(connection.execute(SQL(HEAD_QUERY).format(name=Placeholder()), (name,)))


def last_head(cursor: Cursor[tuple[Any, ...]]) -> HeadRow | None:
    """Return the head that the last of the statements of `cursor` has read, None when there is no such row."""
    while cursor.nextset():
        pass
    row = cursor.fetchone()
    if row is None:
        return None
    ledger, *rest = row
    assert isinstance(ledger, UUID), "the column says so"
    return HeadRow(ledger.bytes, *rest)


def read_page(connection: Connection, ledger_id: bytes, start: int, stop: int) -> list[CommitRow]:
    """Return the next commits from the one that holds event `start` on, of those that begin below `stop`."""
    limits = {"start": start, "stop": stop, "commits": PAGE_COMMITS, "bytes": PAGE_BYTES}
    rows = connection.execute(_PAGE, {"ledger": UUID(bytes=ledger_id)} | limits, binary=True).fetchall()
    return [CommitRow(*row) for row in rows]


def read_full_tiles(connection: Connection, ledger_id: bytes, tiles: Sequence[Tile]) -> list[bytes]:
    """Return what is kept of each of `tiles`: the whole tile, or b"" where there is none."""
    keys = {"levels": [tile.level for tile in tiles], "indexes": [tile.index for tile in tiles]}
    rows = connection.execute(_TILES, {"ledger": UUID(bytes=ledger_id)} | keys, binary=True).fetchall()
    found = {(level, index): data for level, index, data in rows}
    return [found.get(tile[:2], b"") for tile in tiles]


def row_path(path: str, first_index: int) -> str:
    """Spell where the commit of `first_index` is, for messages: the table and the key."""
    return f"{path}/commits/{first_index}"


class Commits:
    """The commits of one ledger, each checked before it is given."""

    def __init__(self, path: str, ledger_id: bytes, pages: Pages) -> None:
        """`path` is for messages."""
        self._path = path
        self._salt = frame_salt(ledger_id, 0)
        self._pages = pages

    def read(self, start: int, stop: int) -> Iterator[Frame]:
        """Yield, in order, every commit that holds an event of [start, stop), which is not empty.

        Raises CorruptLedgerError for any gap, disorder or changed byte.
        """
        index = start
        first_page = True
        while index < stop:
            rows = self._pages(index, stop)
            if not rows:
                raise CorruptLedgerError(
                    row_path(self._path, index), 0, f"the commits end at event {index}, not {stop}"
                )
            for row in rows:
                frame = self._checked(row)
                begins = frame.first_index <= index if first_page else frame.first_index == index
                if not begins or frame.first_index + frame.event_count <= index:
                    reason = f"event {index} is due, but there is the commit of {frame.event_count} from {frame.first_index} on"
                    raise CorruptLedgerError(row_path(self._path, index), 0, reason)
                index = frame.first_index + frame.event_count
                first_page = False
                yield frame

    def _checked(self, row: CommitRow) -> Frame:
        """Return the frame of `row`. Raises CorruptLedgerError unless it is whole, and of this row and this ledger."""
        path = row_path(self._path, row.first_index)
        try:
            frame = decode_frame(row.frame, 0, self._salt)
        except DamagedBytesError as error:
            raise CorruptLedgerError(path, error.offset, error.reason) from error
        says = (frame.first_index, frame.event_count, frame.kind, frame.size)
        if says != (row.first_index, row.event_count, FRAME_COMMIT, len(row.frame)):
            raise CorruptLedgerError(
                path, 0, f"the frame is one of {says[1]} events from {says[0]} on, the row says else"
            )
        return frame

    def entries(self, frame: Frame, start: int, stop: int) -> tuple[int, list[bytes]]:
        """Return the entries of `frame` that lie in [start, stop), with the index of the first. Raises CorruptLedgerError."""
        try:
            entries = split_run(frame.body, frame.event_count)
        except DamagedBytesError as error:
            offset = FRAME_HEADER_BYTES + error.offset
            raise CorruptLedgerError(row_path(self._path, frame.first_index), offset, error.reason) from error
        first = frame.first_index
        if first < start or first + len(entries) > stop:
            entries, first = entries[max(start - first, 0) : stop - first], max(start, first)
        return first, entries
