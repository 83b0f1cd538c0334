"""What state do the events make? A pure fold of a projection over the log, up to any past index or moment.

The law that makes snapshots, tails and what-if questions possible, and that the tests state: folding a prefix and then
the rest from where it ended gives what folding the whole gives.

The main path is `replay`: find where to stop, take the newest snapshot below that, fold the batches in between.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar

from ledger.errors import BeyondHeadError, OutOfRangeError
from ledger.log import Ledger
from ledger.prefixes import Prefixes
from ledger.snapshots import Snapshots

S = TypeVar("S")


class Projection(Protocol[S]):
    """A way to read the log. `apply` must depend on nothing but its arguments.

    State may be changed in place, as long as `initial` gives a fresh one each time and `apply` returns it. `name` and
    `version` identify the projection where its states are kept: a change of meaning needs a new version.

    A projection may also have any of these:

    - `prefixes: Prefixes`, when it needs only the first fields of events; `apply` then gets those shorter Structs;
    - `apply_batch(state, first, events) -> state`, which must equal `apply` on each of the list `events` from index
      `first` on, and saves one call for each event;
    - `state_type`, a type that msgspec can encode and decode, so that its states can be kept as snapshots.
    """

    @property
    def name(self) -> str:
        """Say which projection this is."""
        ...

    @property
    def version(self) -> int:
        """Say which meaning of it."""
        ...

    def initial(self) -> S:
        """Return the state before the first event."""
        ...

    def apply(self, state: S, index: int, event: Any, /) -> S:
        """Return the state after `event`, which stands at `index`."""
        ...


class Sized(Protocol):
    """The end of something that can be replayed."""

    @property
    def size(self) -> int:
        """Count the events: one more than the last index."""
        ...


class Source(Protocol):
    """What can be replayed: a Ledger, or what `what_if` makes of one."""

    def head(self) -> Sized:
        """Say where the events end."""
        ...

    def batches(
        self, start: int = 0, stop: int | None = None, prefixes: Prefixes | None = None
    ) -> Iterator[tuple[int, list[Any]]]:
        """Yield (first index, events) in order of index; the events of one list follow each other without gaps."""
        ...


class Moment(NamedTuple):
    """A time to ask for: the events before the first that is later than `at_us`, microseconds since 1970.

    `time_of` reads the time of an event in the same unit, or None from an event that has none. Times come from clocks,
    which go backwards now and then; so the events are scanned in order, because a bisection would stop anywhere.
    `prefixes` make the scan faster when the time is among the first fields.
    """

    at_us: int
    time_of: Callable[[Any], int | None]
    prefixes: Prefixes | None = None


def fold(projection: Projection[S], state: S, events: Iterable[Any], start: int) -> S:
    """Return `state` after `events`, the first of which stands at index `start`."""
    apply_batch = getattr(projection, "apply_batch", None)
    if apply_batch is not None:
        folded: S = apply_batch(state, start, events if isinstance(events, list) else list(events))
        return folded
    apply = projection.apply
    index = start
    for event in events:
        state = apply(state, index, event)
        index += 1
    return state


def fold_batches(projection: Projection[S], state: S, source: Source, start: int, stop: int) -> S:
    """Return `state` after the events [start, stop) of `source`, read as the projection wants them.

    Python's cycle collector rests meanwhile, in all threads: it would visit the growing state again and again and find
    nothing.
    """
    with collector_resting():
        for first, batch in source.batches(start, stop, getattr(projection, "prefixes", None)):
            state = fold(projection, state, batch, first)
    return state


def replay(
    source: Source, projection: Projection[S], at: int | Moment | None = None, *, snapshots: Snapshots | None = None
) -> S:
    """Return the state after the events [0, at), or up to a moment; by default after all that are durable now.

    With `snapshots` the fold begins at the newest one that fits, and leaves a new one when it has gone far; the state is
    the same as without. Raises BeyondHeadError naming `at` and the head, ProjectionError for a projection whose states
    cannot be kept, CorruptLedgerError, UndecodableEventError, StorageError.
    """
    size = source.head().size
    stop = _stop(source, size, at)
    if snapshots is None:
        return fold_batches(projection, projection.initial(), source, 0, stop)
    if not isinstance(source, Ledger):
        raise OutOfRangeError("snapshots", snapshots, "None for a what-if, whose events are not in the log")
    with collector_resting():
        found = snapshots.load(source, projection, stop)
    start, state = (0, projection.initial()) if found is None else found
    state = fold_batches(projection, state, source, start, stop)
    if stop == size:
        snapshots.keep(source, projection, stop, state, stop - start)
    return state


def index_at(source: Source, moment: Moment) -> int:
    """Return how many events `moment` includes: the index of the first later one. Scans the log from its beginning."""
    index = 0
    for first, batch in source.batches(0, None, moment.prefixes):
        for index, event in enumerate(batch, first):
            at_us = moment.time_of(event)
            if at_us is not None and at_us > moment.at_us:
                return index
        index += 1
    return index


def _stop(source: Source, size: int, at: int | Moment | None) -> int:
    if isinstance(at, Moment):
        return index_at(source, at)
    stop = size if at is None else at
    if stop < 0:
        raise OutOfRangeError("at", stop, "an index from 0 on")
    if stop > size:
        raise BeyondHeadError("at", stop, size)
    return stop


@contextmanager
def collector_resting() -> Iterator[None]:
    """Keep Python's cycle collector off inside the block."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
