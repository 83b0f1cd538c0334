"""What can be raced with a ledger? One small adapter for each store, with the same verbs, each used as its users use it.

All of them are durable when an append returns: SQLite in WAL mode with synchronous=FULL. What a store wants to be
handed is made before the clock starts.
"""

import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from bench.ledger_events import FIELDS, Event, Registered, Rendered, Tagged
from bench.ledger_projections import LatestById
from ledger import Ledger, Signer, replay

_TAGS = {member: member.__struct_config__.tag for member in (Registered, Rendered, Tagged)}


class Store(Protocol):
    """One kind of store. `handed` makes of events what `append` takes; a handle is good for many threads."""

    name: str
    package: str
    """The distribution whose version is told."""

    def create(self, folder: Path) -> Any:
        """Make an empty store in the new folder and return a handle."""
        ...

    def open(self, folder: Path) -> Any:
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

    def state(self, handle: Any) -> Mapping[Any, Any]:
        """Replay all events to a dict from artifact id to the newest typed event."""
        ...


class LedgerStore:
    """Ours, with its hash tree, and signed when it is closed."""

    name, package = "ours", "impasto"
    signer = Signer("bench.local/ledger", bytes(32))

    def create(self, folder: Path) -> Ledger:
        """See Store."""
        return Ledger.open(folder, events=Event, create=True, signer=self.signer)

    def open(self, folder: Path) -> Ledger:
        """See Store."""
        return Ledger.open(folder, events=Event, signer=self.signer)

    def close(self, handle: Ledger) -> None:
        """See Store."""
        handle.close()

    def handed(self, events: Sequence[Event]) -> Sequence[Event]:
        """See Store."""
        return events

    def append(self, handle: Ledger, things: Sequence[Event]) -> None:
        """See Store."""
        handle.append(things)

    def state(self, handle: Ledger) -> dict[bytes, Event]:
        """See Store."""
        return replay(handle, LatestById())


class SqliteStore:
    """The same encoded events in one table: what a careful team writes without a library, and no evidence."""

    name, package = "sqlite3", "sqlite3"

    def __init__(self) -> None:
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Event).decode
        self._turn = threading.Lock()

    def create(self, folder: Path) -> sqlite3.Connection:
        """See Store."""
        folder.mkdir()
        handle = self.open(folder)
        handle.execute("CREATE TABLE ev(seq INTEGER PRIMARY KEY, artifact_id BLOB, type INT, payload BLOB) STRICT")
        return handle

    def open(self, folder: Path) -> sqlite3.Connection:
        """See Store. One connection under a lock serves threads better than one each, which wait for each other by polling."""
        handle = sqlite3.connect(folder / "events.db", isolation_level=None, check_same_thread=False)
        handle.execute("PRAGMA journal_mode=WAL")
        handle.execute("PRAGMA synchronous=FULL")
        return handle

    def close(self, handle: sqlite3.Connection) -> None:
        """See Store."""
        handle.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        handle.close()

    def handed(self, events: Sequence[Event]) -> Sequence[Event]:
        """See Store."""
        return events

    def append(self, handle: sqlite3.Connection, things: Sequence[Event]) -> None:
        """See Store. A single row commits by itself, which is quicker than a transaction around it."""
        rows = [(one.artifact_id, _TAGS[type(one)], self._encode(one)) for one in things]
        insert = "INSERT INTO ev(artifact_id, type, payload) VALUES(?, ?, ?)"
        with self._turn:
            if len(rows) == 1:
                handle.execute(insert, rows[0])
                return
            handle.execute("BEGIN IMMEDIATE")
            handle.executemany(insert, rows)
            handle.execute("COMMIT")

    def state(self, handle: sqlite3.Connection) -> dict[bytes, Event]:
        """See Store."""
        state = {}
        decode = self._decode
        for (payload,) in handle.execute("SELECT payload FROM ev ORDER BY seq"):
            event = decode(payload)
            state[event.artifact_id] = event
        return state


def says_the_same(state: Mapping[Any, Any], events: Sequence[Event]) -> bool:
    """Tell whether a replayed state, of whatever store, holds exactly `events`, in their order."""
    if len(state) != len(events):
        return False
    return all(_same(one, event) for one, event in zip(state.values(), events, strict=True))


def _same(event: Any, expected: Event) -> bool:
    if isinstance(event, Event):
        return event == expected
    said = as_json(expected)
    return all(getattr(event, field) == said[field] for field in FIELDS)


def as_json(event: Event) -> dict[str, Any]:
    """Return the fields as JSON can hold them: hashes in hex, meta as a dict."""
    fields = {field: getattr(event, field) for field in FIELDS}
    fields |= {field: fields[field].hex() for field in ("artifact_id", "sha256")}
    fields["parents"] = [parent.hex() for parent in event.parents]
    fields["meta"] = msgspec.msgpack.decode(event.meta)
    return fields


def stores(names: Sequence[str] | None = None) -> tuple[list[Store], dict[str, str]]:
    """Return ours and the peers that can be imported (of `names`, if any), and the others with the reason."""
    found: list[Store] = [LedgerStore()]
    skipped: dict[str, str] = {}
    if names is None or SqliteStore.name in names:
        found.append(SqliteStore())
    if names is None or "eventsourcing" in names:
        try:
            from bench.ledger_eventsourcing import EventsourcingStore
        except ImportError as error:
            skipped["eventsourcing"] = f"it cannot be imported: {error}"
        else:
            found.append(EventsourcingStore())
    return found, skipped


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below `folder`."""
    return sum(path.stat().st_size for path in _files(folder))


def remove(folder: Path) -> None:
    """Delete a store's folder."""
    shutil.rmtree(folder)


def _files(folder: Path) -> Iterator[Path]:
    for above, _, names in os.walk(folder):
        yield from (Path(above) / name for name in names)
