"""Who may work on what now, among all hosts that use one database? Advisory locks, one for each key.

A turn belongs to a connection, so a process that dies or is cut off lets go of it. It saves work and keeps nothing safe: where
the server cannot be asked, the caller goes on without a turn. Needs a session of its own, which a pool of transactions
(PgBouncer's `transaction` mode) does not give.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

import psycopg

from ledger.errors import BusyError
from ledger.postgres.address import parse_address
from ledger.postgres.connections import Connection, Connections

WAIT_S: Final = 10.0
"""Longest wait for one of the few connections that turns have, in seconds; then the caller goes on without."""

_LOCK: Final = "SELECT pg_advisory_lock(%s)"
_UNLOCK: Final = "SELECT pg_advisory_unlock(%s)"


class DatabaseTurns:
    """Turns among all threads, processes and hosts that use the database at an address."""

    def __init__(self, address: str) -> None:
        """Nothing is connected before the first turn."""
        self._place = parse_address(address)
        self._connections = Connections(self._place, WAIT_S)

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Hold the turn for `key`, waiting while somebody else holds it; at once where the server cannot be asked. Not reentrant."""
        with ExitStack() as stack:
            with suppress(psycopg.Error, BusyError):
                connection = stack.enter_context(self._connections.lent())
                number = lock_number(self._place.name, key)
                connection.execute(_LOCK, (number,))
                stack.callback(_let_go, connection, number)
            yield

    def close(self) -> None:
        """Let go of all connections, and so of all turns."""
        self._connections.close()


def lock_number(ledger: str, key: str) -> int:
    """Return the number of 64 bits, signed, that stands for a key of a ledger; two keys that share one cost a wait."""
    return int.from_bytes(hashlib.sha256(f"{ledger}\0{key}".encode()).digest()[:8], signed=True)


def _let_go(connection: Connection, number: int) -> None:
    try:
        connection.execute(_UNLOCK, (number,))
    except psycopg.Error:
        connection.close()  # which lets go, too
