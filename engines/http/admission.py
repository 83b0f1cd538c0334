"""May this creation start now, wait, or must it be refused? A budget of megapixels that all creations of a process share.

First come, first served: a large render that waits is not overtaken for ever by small ones. Whoever waits holds a thread and nothing
else, and both the queue and each tenant's part of it are bounded.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from engines.http.errors import OverloadedError, StoppingError, TenantBusyError
from engines.http.settings import Settings

MEGAPIXELS_MIN = 0.1
"""What the smallest creation counts: decoding, hashing and recording cost something too."""


class _Ticket:
    """One creation that waits; compared by identity."""

    def __init__(self, tenant: str, megapixels: float) -> None:
        self.tenant = tenant
        self.megapixels = megapixels


class Admission:
    """The budget of one process. Use it from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._changed = threading.Condition()
        self._queue: list[_Ticket] = []
        self._running = 0
        self._megapixels = 0.0
        self._stopped = False

    @property
    def running(self) -> int:
        """Creations that run now."""
        return self._running

    @property
    def waiting(self) -> int:
        """Creations that wait now."""
        return len(self._queue)

    @property
    def megapixels(self) -> float:
        """Megapixels of those that run now."""
        return self._megapixels

    @contextmanager
    def hold(self, tenant: str, megapixels: float) -> Iterator[None]:
        """Hold `megapixels` of the budget, waiting for them if need be. One creation may take all of it, whatever it weighs.

        Raises `TenantBusyError`, `OverloadedError`, `StoppingError`; then nothing is held.
        """
        weight = min(max(megapixels, MEGAPIXELS_MIN), self._settings.megapixels)
        self._enter(_Ticket(tenant, weight))
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._megapixels = self._megapixels - weight if self._running else 0.0
                self._changed.notify_all()

    def stop(self) -> None:
        """Refuse whoever waits or comes; what runs may finish."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _enter(self, ticket: _Ticket) -> None:
        with self._changed:
            if not self._may_start(ticket):
                self._check_queue(ticket.tenant)
                self._queue.append(ticket)
                self._changed.notify_all()
                try:
                    self._wait(ticket)
                finally:
                    self._queue.remove(ticket)
                    self._changed.notify_all()
            if self._stopped:
                raise StoppingError
            self._running += 1
            self._megapixels += ticket.megapixels

    def _wait(self, ticket: _Ticket) -> None:
        wait_s = self._settings.queue_wait_s
        if not self._changed.wait_for(lambda: self._stopped or self._may_start(ticket), wait_s):
            raise OverloadedError(f"it waited {wait_s:g} s for its turn", wait_s, self._settings.retry_after_s)

    def _may_start(self, ticket: _Ticket) -> bool:
        """Whether nobody came before, and there is room."""
        if self._queue and self._queue[0] is not ticket:
            return False
        room = self._megapixels + ticket.megapixels <= self._settings.megapixels
        return self._running < self._settings.running and room

    def _check_queue(self, tenant: str) -> None:
        limit, retry_after_s = self._settings.queue, self._settings.retry_after_s
        share = (limit + 1) // 2
        mine = Counter(one.tenant for one in self._queue)[tenant]
        if len(self._queue) >= limit:
            raise OverloadedError(f"{len(self._queue)} requests are waiting already", limit, retry_after_s)
        if mine >= share:
            raise TenantBusyError(mine, share, retry_after_s)


class Room:
    """Something that all requests share, such as bytes of bodies in memory. Used on the event loop only."""

    def __init__(self, what: str, limit: int, retry_after_s: int) -> None:
        self._what = what
        self._limit = limit
        self._retry_after_s = retry_after_s
        self.taken = 0

    def take(self, size: int) -> int:
        """Hold `size` and return it; `give` lets go of it. Raises `OverloadedError`. One alone may take more than there is."""
        if self.taken and self.taken + size > self._limit:
            raise OverloadedError(f"too many {self._what} at a time", self._limit, self._retry_after_s)
        self.taken += size
        return size

    def give(self, size: int) -> None:
        """Let go of what `take` returned."""
        self.taken -= size

    @contextmanager
    def held(self, size: int) -> Iterator[None]:
        """Hold `size` while the context lasts. Raises as `take`."""
        self.take(size)
        try:
            yield
        finally:
            self.give(size)
