"""How does a log talk to its server, when connections are cut? A few of them, lent out one at a time, made anew when lost.

Whoever asks something that may be asked twice calls `Connections.ask`, which asks again on a new connection when one is
lost, until time is up; a change is `writing`'s matter, because it must not be made twice. What the server refuses becomes
a StorageError, in which no secret of the address stands.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from ledger.errors import BusyError, StorageError
from ledger.postgres.address import Address

CONNECTIONS_MAX: Final = 8
"""Connections of one log object: each is lent for one question or one commit, so that few serve many threads."""

CONNECT_S_MAX: Final = 10
"""Longest wait for one connection to be made, in seconds, unless the address says otherwise."""

PAUSE_S_FIRST: Final = 0.05
PAUSE_S_MAX: Final = 1.0
"""Pauses between two tries to reach a lost server, in seconds: each is twice the last. A server that restarts is back
within a few seconds, and whoever waits for it should not be what keeps it busy."""

DEFAULTS: Final = {
    "connect_timeout": str(CONNECT_S_MAX),
    "application_name": "impasto",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""What the address need not say. A host that has vanished is noticed after half a minute, not after the system's hours."""

LOST_STATES: Final = ("08", "57P", "25P03")
"""Beginnings of the SQLSTATEs that tell of a connection that is or will be gone: connection exceptions, operator
intervention (shutdowns and crashes), and a transaction that idled too long."""

# The driver warns of errors that it ignores when a connection is lost, which is told by exceptions already.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

Connection = psycopg.Connection[tuple[Any, ...]]
T = TypeVar("T")


class Connections:
    """Up to `CONNECTIONS_MAX` connections to the server of one log. Safe for threads, and for a process that forks."""

    def __init__(self, address: Address, wait_s: float) -> None:
        """Nothing is connected yet. `wait_s` bounds, in seconds, every attempt to get back to a server that was lost."""
        self._address = address
        self._wait_s = wait_s
        self._closed = False
        self._inherited: list[Connection] = []
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._idle: list[Connection] = []
        self._free = threading.BoundedSemaphore(CONNECTIONS_MAX)

    def connect(self) -> Connection:
        """Return a new connection, which is the caller's to close. Raises psycopg.OperationalError."""
        parameters: dict[str, Any] = DEFAULTS | self._address.parameters
        return psycopg.connect(**parameters, autocommit=True)

    def ask(self, question: Callable[[Connection], T], operation: str = "read") -> T:
        """Return what `question` gets from a connection; it is asked again when that is lost, and must allow for it.

        Raises StorageError, and whatever else `question` raises.
        """
        for is_last in self.tries():
            try:
                with self.lent() as connection:
                    return question(connection)
            except psycopg.Error as error:
                if is_last or not is_lost(error):
                    raise self.told(error, operation) from error
        raise AssertionError("the last try returns or raises")

    def ask_once(self, question: Callable[[Connection], T], operation: str) -> T:
        """Return what `question` gets from a connection, without another try. Raises as `ask`."""
        try:
            with self.lent() as connection:
                return question(connection)
        except psycopg.Error as error:
            raise self.told(error, operation) from error

    def tries(self, deadline_s: float | None = None) -> Iterator[bool]:
        """Yield once for each try that there is time for, two at least, with pauses between; true marks the last.

        The time counts from the second try on, that is from when the connection was found lost, unless a deadline on the
        monotonic clock is given.
        """
        pause_s = PAUSE_S_FIRST
        yield False
        end_s = time.monotonic() + self._wait_s if deadline_s is None else deadline_s
        while (left_s := end_s - time.monotonic()) > pause_s:
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)
            yield False
        time.sleep(max(0.0, left_s))
        yield True

    @contextmanager
    def lent(self) -> Iterator[Connection]:
        """Lend a connection; one that is not left clean is closed. Raises BusyError, psycopg.OperationalError."""
        if self._process != os.getpid():
            # The sockets are the parent's, too: they must be neither used nor closed politely here.
            self._inherited += self._idle
            self._begin()
        free = self._free
        if not free.acquire(timeout=max(self._wait_s, CONNECT_S_MAX)):
            raise BusyError(self._address.shown, self._wait_s)
        try:
            connection = self._idle.pop() if self._idle else self.connect()
            try:
                yield connection
            finally:
                self._take_back(connection)
        finally:
            free.release()

    def _take_back(self, connection: Connection) -> None:
        clean = connection.info.transaction_status == TransactionStatus.IDLE
        if clean and not connection.closed and not self._closed and self._process == os.getpid():
            self._idle.append(connection)
        else:
            connection.close()

    def told(self, error: psycopg.Error, operation: str) -> StorageError:
        """Return what callers are told of a refusal: the first line of what the server or the driver said."""
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return StorageError(self._address.shown, operation, self._address.hide(lines[0].strip()))

    def close(self) -> None:
        """Close what is not lent; what is lent is closed when it comes back."""
        self._closed = True
        while self._idle:
            connection = self._idle.pop()
            if self._process == os.getpid():
                connection.close()
            else:
                self._inherited.append(connection)


def is_lost(error: psycopg.Error) -> bool:
    """Tell whether `error` means that the connection is gone or could not be made: asking elsewhere may help."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate.startswith(LOST_STATES)
