"""What state do the events make? A pure fold of a projection over the log, up to any past index.

The law that makes snapshots, tails and what-if questions possible, and that the tests state: folding a prefix and then
the rest from where it ended gives what folding the whole gives.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ledger.errors import BeyondHeadError, OutOfRangeError
from ledger.log import Ledger

S = TypeVar("S")


class Projection(Protocol[S]):
    """A way to read the log. `apply` must depend on nothing but its arguments.

    State may be changed in place, as long as `initial` gives a fresh one each time and `apply` returns it. `name` and
    `version` identify the projection where its states are kept: a change of meaning needs a new version.
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


def fold(projection: Projection[S], state: S, events: Iterable[Any], start: int) -> S:
    """Return `state` after `events`, the first of which stands at index `start`."""
    apply = projection.apply
    for index, event in enumerate(events, start):
        state = apply(state, index, event)
    return state


def replay(ledger: Ledger, projection: Projection[S], at: int | None = None) -> S:
    """Return the state after the events [0, at), by default after all that are durable now.

    Python's cycle collector rests meanwhile, in all threads: it would visit the growing state again and again and find
    nothing. Raises BeyondHeadError naming `at` and the head, CorruptLedgerError, UndecodableEventError.
    """
    size = ledger.head().size
    stop = size if at is None else at
    if stop < 0:
        raise OutOfRangeError("at", stop, "an index from 0 on")
    if stop > size:
        raise BeyondHeadError("at", stop, size)
    state = projection.initial()
    with _collector_resting():
        for first, batch in ledger.batches(0, stop):
            state = fold(projection, state, batch, first)
    return state


@contextmanager
def _collector_resting() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
