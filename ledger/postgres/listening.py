"""How does a follower learn of an append at once? By LISTEN, on a connection of its own.

Whoever appends notifies the channel of its ledger in the same transaction, so the notice comes when the events are there,
never before. A notice only ends a pause: who follows looks at the head either way, and without a connection it just waits.
"""

import os
import threading
import time
from contextlib import suppress
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier

from ledger.postgres.connections import Connection, Connections

SLICE_S: Final = 0.1
"""Seconds after which a waiting thread looks whether it has been ended: the driver can wait for one thing only."""

RETRY_S: Final = 1.0
"""Seconds for which nobody tries to connect again after it failed."""


def channel_of(ledger_id: bytes) -> str:
    """Return the name of the channel on which appends to this ledger are told."""
    return f"impasto_ledger_{ledger_id.hex()}"


class Listener:
    """Waits for notices of one ledger, for any number of threads: one of them listens, and wakes the others."""

    def __init__(self, connections: Connections, ledger_id: bytes) -> None:
        """Nothing is connected before the first wait."""
        self._connections = connections
        self._channel = channel_of(ledger_id)
        self._turn = threading.Lock()
        self._told = threading.Condition()
        self._connection: Connection | None = None
        self._not_before_s = 0.0
        self._process = os.getpid()
        self._inherited: list[Connection] = []
        self._closed = False

    def wait(self, seconds: float, ended: threading.Event | None) -> None:
        """Return when something was told, after about so many seconds, or soon after `ended` is set."""
        deadline_s = time.monotonic() + seconds
        while (left_s := min(deadline_s - time.monotonic(), SLICE_S)) > 0:
            if self._closed or (ended is not None and ended.is_set()):
                return
            if self._turn.acquire(blocking=False):
                try:
                    heard = self._listen(left_s)
                finally:
                    self._turn.release()
                if heard:
                    with self._told:
                        self._told.notify_all()
            else:
                with self._told:
                    heard = self._told.wait(left_s)
            if heard:
                return

    def _listen(self, seconds: float) -> bool:
        """Wait for a notice; true also when listening has only begun, since before that something may have been missed."""
        if self._process != os.getpid() and self._connection is not None:
            self._inherited.append(self._connection)  # the socket is the parent's, too
            self._connection, self._process = None, os.getpid()
        if self._connection is None:
            if time.monotonic() < self._not_before_s:
                time.sleep(seconds)
                return False
            return self._begin()
        try:
            return any(True for _ in self._connection.notifies(timeout=seconds, stop_after=1))
        except psycopg.Error:
            self._drop()
            return True

    def _begin(self) -> bool:
        try:
            self._connection = self._connections.connect()
            self._connection.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
        except psycopg.Error:
            self._drop()
            return False
        return True

    def _drop(self) -> None:
        self._not_before_s = time.monotonic() + RETRY_S
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """End all waiting; a thread that listens lets go of the connection within a slice."""
        self._closed = True
        with self._turn, suppress(psycopg.Error):
            self._drop()
