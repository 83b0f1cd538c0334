"""What does each row of the ledger's race measure? The contenders of a case, over stores in fresh folders.

Every case appends or replays the same events. `Arena` knows where stores lie; which of them are filled is its only state.
"""

import itertools
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.ledger_events import Event
from bench.ledger_projections import HEADS
from bench.ledger_stores import LedgerStore, Store, folder_bytes, remove, says_the_same
from bench.rates import Contender
from ledger import Ledger, Lineage, Prefixes, Snapshots, parse_checkpoint, parse_vkey, verified

BATCH: Final = 1000
"""Events in one durable append of the batch case, and of filling a store."""

THREADS: Final = 64
SLOW_SHARE: Final = 4
"""`eventsourcing` gets one event in so many: it needs ten times as long for each, and its rate does not depend on the number."""


class Case(NamedTuple):
    """A row of the race: what it is called, what it measures, and who takes part."""

    name: str
    says: str
    contenders: list[Contender]


class Filled(NamedTuple):
    """A closed store that holds `events`."""

    store: Store
    folder: Path
    events: Sequence[Event]

    @property
    def bytes_per_event(self) -> float:
        """Size of all its files, per event."""
        return folder_bytes(self.folder) / len(self.events)


class Arena:
    """Stores in numbered folders below `root`."""

    def __init__(self, root: Path, stores: Sequence[Store], events: Sequence[Event]) -> None:
        self._root = root
        self._stores = stores
        self._events = events
        self._numbers = itertools.count()

    def fill(self) -> list[Filled]:
        """Append all events to one store of each kind, and check that each replays to exactly them.

        Raises AssertionError: there is no number for a store that gives back something else.
        """
        filled = [Filled(store, self._folder(), self._share(store)) for store in self._stores]
        for store, folder, events in filled:
            handle = store.create(folder)
            _append_batches(store, handle, _chunks(store.handed(events), BATCH))
            store.close(handle)
            handle = store.open(folder)
            assert says_the_same(store.state(handle), events), f"{store.name} does not replay to what was appended"
            store.close(handle)
        return filled

    def append_batches(self) -> Case:
        """Batches of 1,000 events, each durable before the next begins."""
        says = f"durable appends of {BATCH:,} events"
        return Case("append_1000", says, [self._appender(one, self._share(one), BATCH) for one in self._stores])

    def append_singles(self, count: int) -> Case:
        """One event at a time."""
        says = "durable appends of one event, one thread"
        return Case("append_1", says, [self._appender(one, self._events[:count], 1) for one in self._stores])

    def append_threads(self, count: int) -> Case:
        """One event at a time, from 64 threads that share a handle."""
        says = f"durable appends of one event from {THREADS} threads"
        events = self._events[: max(count // THREADS, 1) * THREADS]
        return Case(f"append_1_threads_{THREADS}", says, [self._crowd(store, events) for store in self._stores])

    def _appender(self, store: Store, events: Sequence[Event], batch: int) -> Contender:
        def prepare() -> tuple[Path, Any, list[Sequence[Any]]]:
            folder = self._folder()
            return folder, store.create(folder), _chunks(store.handed(events), batch)

        def finish(handed: tuple[Path, Any, object]) -> None:
            store.close(handed[1])
            remove(handed[0])

        return Contender(
            store.name, len(events), prepare, lambda handed: _append_batches(store, handed[1], handed[2]), finish
        )

    def _crowd(self, store: Store, events: Sequence[Event]) -> Contender:
        def prepare() -> tuple[Path, Any, "_Crowd"]:
            folder = self._folder()
            handle = store.create(folder)
            shares = _chunks(store.handed(events), len(events) // THREADS)
            jobs = [lambda share=share: [store.append(handle, [one]) for one in share] for share in shares]
            return folder, handle, _Crowd(jobs)

        def finish(handed: tuple[Path, Any, "_Crowd"]) -> None:
            folder, handle, crowd = handed
            crowd.close()
            store.close(handle)
            remove(folder)

        return Contender(store.name, len(events), prepare, lambda handed: handed[2].run(), finish)

    def _folder(self) -> Path:
        return self._root / f"{next(self._numbers):04d}"

    def _share(self, store: Store) -> Sequence[Event]:
        return self._events[::SLOW_SHARE] if store.name == "eventsourcing" else self._events


def replay_state(filled: Sequence[Filled]) -> Case:
    """Every event decoded to its type, the newest kept for each artifact."""

    def replayer(one: Filled) -> Contender:
        return _reader(one, one.store.state)

    return Case("replay", "replay to typed state, checksums only", [replayer(one) for one in filled])


def replay_verified(filled: Filled) -> Case:
    """Signature, every hash up to the signed root, then the replay; ours only.

    What was verified before is not remembered: each turn does all of it.
    """
    key = parse_vkey(LedgerStore.signer.vkey)

    def verified_state(ledger: Ledger) -> object:
        last = ledger.last_checkpoint()
        assert last is not None, "a ledger with a signer signs when it is closed"
        signed = parse_checkpoint(last.text, key)
        with tempfile.TemporaryDirectory(dir=filled.folder.parent) as memory:
            assert verified(ledger, Snapshots(memory)) == (signed.size, signed.root)
        return filled.store.state(ledger)

    return Case("replay_verified", "replay verified to the signed root", [_reader(filled, verified_state)])


def lineage(filled: Filled) -> Case:
    """The graph of parents, of which only the first fields of each event are decoded; ours only."""

    def graph(ledger: Any) -> Lineage:
        batches = ledger.batches(prefixes=Prefixes(HEADS))
        return Lineage.of((head.artifact_id, head.parents) for _, batch in batches for head in batch)

    return Case("lineage", "the graph of parents, from the log", [_reader(filled, graph)])


def _reader(filled: Filled, job: Callable[[Any], object]) -> Contender:
    store, folder, events = filled
    return Contender(store.name, len(events), lambda: store.open(folder), job, store.close)


def _append_batches(store: Store, handle: Any, batches: Sequence[Sequence[Any]]) -> None:
    for batch in batches:
        store.append(handle, batch)


def _chunks(things: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [things[start : start + size] for start in range(0, len(things), size)]


class _Crowd:
    """Threads that stand at a line and run when told, so that starting them is not timed."""

    def __init__(self, jobs: Sequence[Callable[[], object]]) -> None:
        self._line = threading.Barrier(len(jobs) + 1)
        self._pool = ThreadPoolExecutor(len(jobs))
        self._runs: list[Future[object]] = [self._pool.submit(self._start, job) for job in jobs]

    def _start(self, job: Callable[[], object]) -> object:
        self._line.wait()
        return job()

    def run(self) -> None:
        """Let all run and wait for the last. Raises what any of them raised."""
        self._line.wait()
        for run in self._runs:
            run.result()

    def close(self) -> None:
        """End the threads, also those that never ran."""
        self._line.abort()
        self._pool.shutdown()
