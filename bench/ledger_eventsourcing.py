"""How is the `eventsourcing` library used for the same events? As its manual shows: aggregates, saved by an application.

Its SQLite recorder writes in WAL mode with synchronous=FULL, SQLite's default, so that it is as durable as we are. Importing
this module needs the library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

from bench.ledger_events import Event
from bench.ledger_stores import as_json

_PAGE: Final = 1000
_BUSY_S: Final = "60"
"""How long one of many threads waits for SQLite's lock."""


@dataclass
class Artifact(Aggregate):  # type: ignore[misc]  # the library is not installed where types are checked
    """One aggregate per artifact; making one makes its first event, with these fields."""

    artifact_id: str
    parents: list[str]
    kind: str
    tenant: str
    env: str
    sha256: str
    uri: str
    width: int
    height: int
    format: str
    preset_id: str
    at_us: int
    meta: dict[str, str]


class EventsourcingStore:
    """See `bench.ledger_stores.Store`."""

    name, package = "eventsourcing", "eventsourcing"

    def create(self, folder: Path) -> Application:
        """See Store."""
        folder.mkdir()
        return self.open(folder)

    def open(self, folder: Path) -> Application:
        """See Store."""
        database = {"SQLITE_DBNAME": str(folder / "events.db"), "SQLITE_LOCK_TIMEOUT": _BUSY_S}
        return Application(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", **database})

    def close(self, handle: Application) -> None:
        """See Store."""
        handle.close()

    def handed(self, events: Sequence[Event]) -> list[Artifact]:
        """Return one aggregate with its pending event each: they can be saved once."""
        return [Artifact(**as_json(event)) for event in events]

    def append(self, handle: Application, things: Sequence[Artifact]) -> None:
        """See Store."""
        handle.save(*things)

    def state(self, handle: Application) -> dict[str, Any]:
        """See Store."""
        state = {}
        to_event, start = handle.mapper.to_domain_event, 1
        while page := handle.recorder.select_notifications(start=start, limit=_PAGE):
            for notification in page:
                event = to_event(notification)
                state[event.artifact_id] = event
            start = page[-1].id + 1
        return state
