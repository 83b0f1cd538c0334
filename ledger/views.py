"""Which version of a projection is served while the next one is being built? Bookkeeping for rebuilding beside.

A projection whose meaning changes gets a new version, and its state must be folded anew from the first event. Meanwhile
the old version goes on serving, fed with new events; when the new one has seen everything, it takes over at once.

    views = Views(ledger, CatalogV1())
    views.state()                       # served, up to date
    views.build(CatalogV2())
    while views.step(10_000):           # a bounded piece of work each time
        ...
    views.switch()

What a projection's state is used for outside, such as sending messages, belongs after the switch: whatever is being
built sees all old events once more. Nothing here knows of threads; whoever shares a Views guards it with a lock.
"""

from typing import Generic, NamedTuple, TypeVar

from ledger.errors import NotCaughtUpError, OutOfRangeError, ProjectionError
from ledger.log import Ledger
from ledger.replay import Projection, fold_batches
from ledger.snapshots import Snapshots

S = TypeVar("S")


class View(NamedTuple, Generic[S]):
    """A projection and its `state` after the events [0, size)."""

    projection: Projection[S]
    size: int
    state: S


class Views(Generic[S]):
    """One served view of a ledger, and perhaps its successor."""

    def __init__(self, ledger: Ledger, projection: Projection[S], *, snapshots: Snapshots | None = None) -> None:
        """Serve `projection`, from its newest snapshot if there is one; nothing is replayed yet."""
        self._ledger = ledger
        self._snapshots = snapshots
        self._served = self._begin(projection)
        self._next: View[S] | None = None

    @property
    def served(self) -> View[S]:
        """What is served, as far as it has been fed."""
        return self._served

    @property
    def next(self) -> View[S] | None:
        """What is being built, None most of the time."""
        return self._next

    def state(self) -> S:
        """Return the served state after all events that are durable now. It belongs to the view: do not change it."""
        try:
            self._served = self._fed(self._served, self._ledger.head().size)
        except BaseException:
            # The state may hold half of a batch by now; folding the batch again would count that half twice.
            self._served = View(self._served.projection, 0, self._served.projection.initial())
            raise
        return self._served.state

    def build(self, projection: Projection[S]) -> None:
        """Begin to build `projection`: the same name, a higher version than the one served. Raises ProjectionError."""
        now = self._served.projection
        if projection.name != now.name or projection.version <= now.version:
            reason = f"version {projection.version} does not follow version {now.version} of {now.name}"
            raise ProjectionError(projection.name, reason)
        self._next = self._begin(projection)

    def step(self, events_max: int) -> int:
        """Feed at most `events_max` events to what is being built and return how many are left. Raises OutOfRangeError."""
        if events_max < 1:
            raise OutOfRangeError("events_max", events_max, "at least 1")
        if self._next is None:
            return 0
        size = self._ledger.head().size
        built, self._next = self._next, None  # Abandoned if feeding fails: half a batch may be in its state.
        self._next = self._fed(built, min(size, built.size + events_max))
        return size - self._next.size

    def switch(self) -> View[S]:
        """Serve what was built and return what was served before.

        Raises NotCaughtUpError while it lacks events that are durable, so that nobody ever sees the state go back, and
        ProjectionError when nothing is being built. Either way the old version goes on being served.
        """
        before, built = self._served, self._next
        if built is None:
            raise ProjectionError(before.projection.name, "no next version is being built")
        size = self._ledger.head().size
        if built.size < size:
            raise NotCaughtUpError(built.projection.name, built.projection.version, built.size, size)
        self._served, self._next = built, None
        if self._snapshots is not None:
            self._snapshots.keep(self._ledger, built.projection, built.size, built.state, built.size)
        return before

    def abandon(self) -> None:
        """Stop building; harmless when nothing is."""
        self._next = None

    def _begin(self, projection: Projection[S]) -> View[S]:
        if self._snapshots is not None:
            found = self._snapshots.load(self._ledger, projection, self._ledger.head().size)
            if found is not None:
                return View(projection, *found)
        return View(projection, 0, projection.initial())

    def _fed(self, view: View[S], stop: int) -> View[S]:
        if stop <= view.size:
            return view
        state = fold_batches(view.projection, view.state, self._ledger, view.size, stop)
        return View(view.projection, stop, state)
