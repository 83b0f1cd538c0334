"""How fast is the ledger on PostgreSQL, and against whom?

The job: seeded events of 13 fields (`ledger_events`), appended one, 100 and 1,000 at a time by one writer and by four (each
in a thread, with a handle of its own), and replayed to typed state; beside plain INSERTs and the PostgreSQL recorder of
`eventsourcing` when that is installed, in one process on one server, taking turns (`rates`). Every store is first filled and
replayed, and what comes back is compared event by event.

The server is the caller's, named by a URL; all is done in a database of its own on it, which is dropped in the end.
`python -m bench.ledger_postgres --url postgresql://user@host/db --quick` prints JSON.
"""

import argparse
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from bench.environment import environment
from bench.ledger import told_rates
from bench.ledger_events import Event, make_events
from bench.ledger_stores import says_the_same
from bench.rates import Contender, race
from bench.targets import Target, judged
from ledger import MissingExtraError, OutOfRangeError

EVENTS, EVENTS_QUICK = 100_000, 10_000
TURNS, TURNS_QUICK = 5, 3
APPENDS: Final = {1: 1_000, 100: 20_000, 1_000: 100_000}
"""Events in one durable append -> events appended in one turn, at most."""

WRITERS: Final = (1, 4)
TARGETS: Final = (
    Target("append_1000_writers_1", "at least", 100_000, "events a second, durable appends of 1,000"),
    Target("append_1000_writers_1/eventsourcing", "at least", 5.0, "times eventsourcing, durable appends of 1,000"),
    Target("replay", "at least", 250_000, "events a second, replay to typed state"),
)
"""`CASE` is our best rate there, `CASE/PEER` the ratio of the best."""

Tell = Callable[[str, int, int], None]


def run(
    url: str,
    quick: bool = False,
    events: int | None = None,
    peers: Sequence[str] | None = None,
    tell: Tell | None = None,
    cases: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Measure `cases` (all) on `events` events (100,000; 10,000 when `quick`) on the server of `url`, beside `peers` (all).

    Returns `rows`, `targets`, `skipped` and `environment` as `bench.ledger.run` does, and `server`, its version and settings.
    Raises OutOfRangeError for fewer than 1,000 events or an unknown case, MissingExtraError, psycopg.Error.
    """
    count = events if events is not None else EVENTS_QUICK if quick else EVENTS
    if count < max(APPENDS):
        raise OutOfRangeError("events", count, f"{max(APPENDS):,} or more: a batch has as many")
    names = case_names()
    for name in cases or ():
        if name not in names:
            raise OutOfRangeError("case", name, ", ".join(names))
    try:
        from bench.ledger_postgres_stores import database_stores
    except ModuleNotFoundError as error:
        raise MissingExtraError("this benchmark", "scale", error.name or "psycopg") from error
    say = tell or (lambda *_: None)
    made = make_events(count)
    with _own_database(url) as (own, server):
        stores, skipped = database_stores(own, peers)
        arena = _Arena(stores, made, TURNS_QUICK if quick else TURNS)
        say("filling the stores", 0, 1)
        arena.fill()
        rows = []
        chosen = [name for name in names if name in (cases or names)]
        for done, name in enumerate(chosen):
            say("measuring", done, len(chosen))
            rows.append(arena.row(name))
        say("measuring", len(chosen), len(chosen))
    packages = {store.name: store.package for store in stores[1:]} | {"psycopg": "psycopg"}
    report = {"rows": rows, "skipped": skipped, "server": server, "environment": environment(packages, events=count)}
    return report | {"targets": _judge(rows)}


def case_names() -> tuple[str, ...]:
    """Return what can be measured."""
    return (*(f"append_{batch}_writers_{writers}" for batch in APPENDS for writers in WRITERS), "replay")


@contextmanager
def _own_database(url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the URL of a new database on the server of `url`, and what the server says of itself."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    name = f"impasto_bench_{uuid4().hex[:12]}"
    settings = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")
    with psycopg.connect(url, autocommit=True) as admin:
        server = {one: str(admin.execute("SELECT current_setting(%s)", (one,)).fetchone()[0]) for one in settings}  # type: ignore[index]
        admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield urlsplit(url)._replace(path=f"/{name}", fragment="").geturl(), server
        finally:
            admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


class _Arena:
    """Stores in numbered places of one database."""

    def __init__(self, stores: Sequence[Any], events: Sequence[Event], turns: int) -> None:
        self._stores = stores
        self._events = events
        self._turns = turns
        self._numbers = itertools.count()
        self._filled: dict[str, str] = {}

    def fill(self) -> None:
        """Append all events to one place of each store, and check that each replays to exactly them."""
        for store in self._stores:
            place = self._filled[store.name] = self._place(store)
            handle = store.open(place)
            things = store.handed(self._events)
            for at in range(0, len(things), 1_000):
                store.append(handle, things[at : at + 1_000])
            assert says_the_same(store.state(handle), self._events), (
                f"{store.name} does not replay to what was appended"
            )
            store.close(handle)

    def row(self, name: str) -> dict[str, Any]:
        """Race for one case."""
        if name == "replay":
            says = "replay to typed state"
            contenders = [self._reader(store) for store in self._stores]
        else:
            _, batch, _, writers = name.split("_")
            says = f"durable appends of {int(batch):,} by {writers} writer{'s' * (writers != '1')}"
            contenders = [self._appender(store, int(batch), int(writers)) for store in self._stores]
        rates = race(contenders, self._turns)
        counts = {one.name: one.count for one in contenders}
        return {"case": name, "says": says, "events": counts} | told_rates(rates)

    def _place(self, store: Any) -> str:
        place = f"place_{next(self._numbers)}"
        store.create(place)
        return place

    def _reader(self, store: Any) -> Contender:
        place = self._filled[store.name]
        return Contender(store.name, len(self._events), lambda: store.open(place), store.state, store.close)

    def _appender(self, store: Any, batch: int, writers: int) -> Contender:
        events = self._events[: min(APPENDS[batch], len(self._events))]
        share = len(events) // writers // batch * batch or batch
        parts = [events[at * share : (at + 1) * share] for at in range(writers)]

        def prepare() -> list[tuple[Any, list[Sequence[Any]]]]:
            place = self._place(store)
            handed = [store.handed(part) for part in parts]
            return [(store.open(place), [one[at : at + batch] for at in range(0, len(one), batch)]) for one in handed]

        def finish(shares: list[tuple[Any, object]]) -> None:
            for handle, _ in shares:
                store.close(handle)

        count = sum(map(len, parts))
        return Contender(store.name, count, prepare, lambda shares: _append_all(store, shares), finish)


def _append_all(store: Any, shares: Sequence[tuple[Any, Sequence[Sequence[Any]]]]) -> None:
    """Append every share, each in a thread of its own if there are several."""

    def work(share: tuple[Any, Sequence[Sequence[Any]]]) -> None:
        handle, batches = share
        for batch in batches:
            store.append(handle, batch)

    if len(shares) == 1:
        work(shares[0])
        return
    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(work, shares))


def _judge(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `{figure, says, sense, target, value, met}` per target."""
    by_case = {row["case"]: row for row in rows}

    def value(figure: str) -> float | None:
        case, _, peer = figure.partition("/")
        row = by_case.get(case)
        return None if row is None else row["ratio"].get(peer) if peer else row["ours_per_s"]

    return [judged(target, value(target.figure)) for target in TARGETS]


def main() -> None:
    """Print the result of `run` as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=os.environ.get("IMPASTO_POSTGRES"), help="server; IMPASTO_POSTGRES by default")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--events", type=int)
    parser.add_argument("--peers", nargs="*")
    parser.add_argument("--cases", nargs="+", choices=case_names())
    options = parser.parse_args()
    if not options.url:
        parser.error("name a server by --url or IMPASTO_POSTGRES")
    report = run(options.url, options.quick, options.events, options.peers, None, options.cases)
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
