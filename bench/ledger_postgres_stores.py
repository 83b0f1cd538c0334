"""What can be raced with a ledger in PostgreSQL? Adapters with the same verbs, all in one database of one server.

All of them are durable when an append returns, with the server's settings as they are. What a store wants to be handed is
made before the clock starts, encoded bytes for the peers included. `name` tells places of one store apart: tables, or
ledgers. Importing this module needs psycopg; the recorder of `eventsourcing` is imported when it is asked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import msgspec
import psycopg
from psycopg.sql import SQL, Identifier

from bench.ledger_events import Event
from bench.ledger_projections import LatestById
from ledger import Ledger, Signer, replay

_PAGE: Final = 1000
_decode = msgspec.msgpack.Decoder(Event).decode
_encode = msgspec.msgpack.Encoder().encode


class DatabaseStore(Protocol):
    """One kind of store. A handle is good for one thread; a place may have several handles."""

    name: str
    package: str
    """The distribution whose version is told."""

    def create(self, place: str) -> None:
        """Make an empty store."""
        ...

    def open(self, place: str) -> Any:
        """Return a handle of the store there."""
        ...

    def close(self, handle: Any) -> None:
        """Let go of it."""
        ...

    def handed(self, events: Sequence[Event]) -> Sequence[Any]:
        """Return one thing to append per event."""
        ...

    def append(self, handle: Any, things: Sequence[Any]) -> None:
        """Append all in one transaction; durable on return."""
        ...

    def state(self, handle: Any) -> Mapping[Any, Event]:
        """Replay all events to a dict from artifact id to the newest typed event."""
        ...


class PostgresLedger:
    """Ours, with its hash tree."""

    name, package = "ours", "impasto"

    def __init__(self, url: str) -> None:
        self._url = url

    def _address(self, place: str) -> str:
        return f"{self._url}#{place}"

    def create(self, place: str) -> None:
        """See DatabaseStore."""
        Ledger.open(self._address(place), events=Event, create=True).close()

    def open(self, place: str) -> Ledger:
        """See DatabaseStore."""
        return Ledger.open(self._address(place), events=Event, wait_s=60, signer=Signer("bench.local/pg", bytes(32)))

    def close(self, handle: Ledger) -> None:
        """See DatabaseStore. Signs, if it has appended."""
        handle.close()

    def handed(self, events: Sequence[Event]) -> Sequence[Event]:
        """See DatabaseStore."""
        return events

    def append(self, handle: Ledger, things: Sequence[Event]) -> None:
        """See DatabaseStore."""
        handle.append(things)

    def state(self, handle: Ledger) -> Mapping[Any, Event]:
        """See DatabaseStore."""
        return replay(handle, LatestById())


class PlainInserts:
    """A row for each event in one table, written by `executemany`, its position given by the server's identity column.

    What a careful team writes in an afternoon: no evidence, and positions with gaps that readers have to wait for.
    """

    name, package = "inserts", "psycopg"

    def __init__(self, url: str) -> None:
        self._url = url

    def create(self, place: str) -> None:
        """See DatabaseStore."""
        columns = "(seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, artifact_id bytea, payload bytea)"
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(SQL("CREATE TABLE {} " + columns).format(Identifier(place)))

    def open(self, place: str) -> tuple[psycopg.Connection[Any], str]:
        """See DatabaseStore."""
        return psycopg.connect(self._url, autocommit=True), place

    def close(self, handle: tuple[psycopg.Connection[Any], str]) -> None:
        """See DatabaseStore."""
        handle[0].close()

    def handed(self, events: Sequence[Event]) -> list[tuple[bytes, bytes]]:
        """See DatabaseStore."""
        return [(event.artifact_id, _encode(event)) for event in events]

    def append(self, handle: tuple[psycopg.Connection[Any], str], things: Sequence[tuple[bytes, bytes]]) -> None:
        """See DatabaseStore."""
        connection, place = handle
        insert = SQL("INSERT INTO {} (artifact_id, payload) VALUES (%b, %b)").format(Identifier(place))
        if len(things) == 1:
            connection.execute(insert, things[0])
            return
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(insert, things)

    def state(self, handle: tuple[psycopg.Connection[Any], str]) -> Mapping[Any, Event]:
        """See DatabaseStore. By a server-side cursor, so that memory is constant as it is for the others."""
        connection, place = handle
        found = {}
        with connection.transaction(), connection.cursor("replay", binary=True) as cursor:
            cursor.itersize = 5_000
            cursor.execute(SQL("SELECT payload FROM {} ORDER BY seq").format(Identifier(place)))
            for (payload,) in cursor:
                event = _decode(payload)
                found[event.artifact_id] = event
        return found


class EventsourcingRecorder:
    """The PostgreSQL recorder of `eventsourcing`, without its mapper: it is handed and gives back msgpack bytes."""

    name, package = "eventsourcing", "eventsourcing"

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._where = {
            "dbname": parts.path.lstrip("/"),
            "host": parts.hostname or "",
            "port": parts.port or 5432,
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
        }

    def create(self, place: str) -> None:
        """See DatabaseStore."""
        recorder = self.open(place)
        recorder.create_table()
        self.close(recorder)

    def open(self, place: str) -> Any:
        """See DatabaseStore."""
        from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

        return PostgresApplicationRecorder(PostgresDatastore(**self._where), events_table_name=place)

    def close(self, handle: Any) -> None:
        """See DatabaseStore."""
        handle.datastore.close()

    def handed(self, events: Sequence[Event]) -> list[Any]:
        """See DatabaseStore."""
        from eventsourcing.persistence import StoredEvent

        return [
            StoredEvent(UUID(bytes=event.artifact_id[:16]), 1, type(event).__name__, _encode(event)) for event in events
        ]

    def append(self, handle: Any, things: Sequence[Any]) -> None:
        """See DatabaseStore."""
        handle.insert_events(things)

    def state(self, handle: Any) -> Mapping[Any, Event]:
        """See DatabaseStore."""
        found, start = {}, 1
        while page := handle.select_notifications(start=start, limit=_PAGE):
            for notification in page:
                event = _decode(notification.state)
                found[event.artifact_id] = event
            start = page[-1].id + 1
        return found


def database_stores(url: str, names: Sequence[str] | None = None) -> tuple[list[DatabaseStore], dict[str, str]]:
    """Return ours and the peers that can be imported (of `names`, if any), and the others with the reason."""
    found: list[DatabaseStore] = [PostgresLedger(url)]
    skipped: dict[str, str] = {}
    if names is None or PlainInserts.name in names:
        found.append(PlainInserts(url))
    if names is None or EventsourcingRecorder.name in names:
        try:
            import eventsourcing.postgres  # noqa: F401
        except ImportError as error:
            skipped["eventsourcing"] = f"its PostgreSQL recorder cannot be imported: {error}"
        else:
            found.append(EventsourcingRecorder(url))
    return found, skipped
