"""The suite for backends, run on a real PostgreSQL, which is killed and restarted in the crash case."""

import os
import random
from collections.abc import Iterator

import pytest
from ledger_backend import LedgerBackend, LedgerBackendSuite, Place
from sample_events import Event
from test_ledger_backends import LedgerHandle

from ledger import Ledger
from tests.postgres_server import PostgresServer


class PostgresPlace:
    """A ledger in a database; a crash ends the server in the middle of whatever it does, with all handles open."""

    def __init__(self, address: str, server: PostgresServer | None) -> None:
        self.address = address
        self.server = server
        self.handles: list[Ledger] = []

    def open(self) -> LedgerBackend:
        ledger = Ledger.open(self.address, events=Event, create=True, wait_s=60)
        self.handles.append(ledger)
        return LedgerHandle(ledger)

    def crash(self, chance: random.Random) -> None:
        if self.server is None:
            pytest.skip("the server of IMPASTO_POSTGRES is not ours to kill")
        if chance.random() < 0.3:  # a server takes a second to come back; the other times only its clients vanish
            self.server.crash()
        else:
            self.close()

    def close(self) -> None:
        for handle in self.handles:
            handle.close()
        self.handles.clear()


class TestPostgres(LedgerBackendSuite):
    """Many writers, conditional appends and crashes, over a network."""

    @pytest.fixture
    def place(self, postgres_address: str, request: pytest.FixtureRequest) -> Iterator[Place]:
        server = None if os.environ.get("IMPASTO_POSTGRES") else request.getfixturevalue("postgres")
        made = PostgresPlace(postgres_address, server)
        yield made
        made.close()
