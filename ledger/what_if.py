"""What would the state be without these events, or with those? Questions to a ledger that never touch its files."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from ledger.errors import BeyondHeadError, OutOfRangeError
from ledger.log import Ledger
from ledger.prefixes import Prefixes


class WhatIfHead(NamedTuple):
    """Where the supposed events end."""

    size: int


class WhatIf:
    """A ledger as it would be; `replay` takes it in place of the ledger. Made by `what_if`."""

    def __init__(
        self, ledger: Ledger, without: Callable[[int, Any], bool] | None, plus: Sequence[msgspec.Struct]
    ) -> None:
        self._ledger = ledger
        self._without = without
        self._real_size = ledger.head().size
        self._plus = ledger.codec.encode(plus)

    def head(self) -> WhatIfHead:
        """Say where the supposed events end; what is appended to the ledger later does not count."""
        return WhatIfHead(self._real_size + len(self._plus))

    def batches(
        self, start: int = 0, stop: int | None = None, prefixes: Prefixes | None = None
    ) -> Iterator[tuple[int, list[Any]]]:
        """Yield (first index, events) for [start, stop), split wherever an event is left out. Raises as the ledger."""
        size = self.head().size
        stop = size if stop is None else stop
        for field, index in (("stop", stop), ("start", start)):
            if index < 0:
                raise OutOfRangeError(field, index, "an index from 0 on")
            if index > size:
                raise BeyondHeadError(field, index, size)
        real = min(stop, self._real_size)
        there = self._ledger.batches(min(start, real), real, prefixes)
        added = self._added(start, stop, prefixes)
        return chain((run for first, batch in there for run in self._kept(first, batch)), added)

    def _kept(self, first: int, batch: list[Any]) -> Iterator[tuple[int, list[Any]]]:
        """Yield the runs of `batch` that stay."""
        if self._without is None:
            yield first, batch
            return
        run: list[Any] = []
        for index, event in enumerate(batch, first):
            if not self._without(index, event):
                run.append(event)
            elif run:
                yield index - len(run), run
                run = []
        if run:
            yield first + len(batch) - len(run), run

    def _added(self, start: int, stop: int, prefixes: Prefixes | None) -> Iterator[tuple[int, list[Any]]]:
        begin = max(start - self._real_size, 0)
        entries = self._plus[begin : max(stop - self._real_size, 0)]
        if entries:
            yield self._real_size + begin, self._ledger.codec.reader(prefixes).decode(entries)


def what_if(
    ledger: Ledger, *, without: Callable[[int, Any], bool] | None = None, plus: Sequence[msgspec.Struct] = ()
) -> WhatIf:
    """Return `ledger` as it is now, but without some events and with others after its end.

    `without(index, event)` tells which events are left out; the others keep their indexes, so that what refers to one
    still finds it. It sees the events as the projection does, cut to its prefixes if it has any. The events `plus` get
    the indexes from the ledger's size on. Nothing is written. Raises InvalidEventError or EntryTooLargeError for events
    that could not be appended.
    """
    return WhatIf(ledger, without, plus)
