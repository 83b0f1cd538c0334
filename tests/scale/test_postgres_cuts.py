"""Is every commit there exactly once, wherever the connection to the server is cut? Every step is met, in every way."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from postgres_relay import HOWS, CuttingProxy, How
from sample_events import Event, painted

from ledger import ConflictError, Ledger, Signer, Snapshots, StorageError, verified
from ledger.postgres import writing
from ledger.postgres.log import open_log
from tests.postgres_server import PASSWORD

SIGNER = Signer("example.com/cuts", bytes(range(32)))
MESSAGES_MAX = 100
PUBLISHING = 1
"""The message of an early append that is the first of its second half: the head is locked, nothing has been sent."""


@pytest.fixture
def proxy(postgres_address: str) -> Iterator[CuttingProxy]:
    Ledger.open(postgres_address, events=Event, create=True).close()
    made = CuttingProxy(postgres_address)
    yield made
    made.close()


def steps(proxy: CuttingProxy, how: How) -> Iterator[int]:
    """Arm `proxy` for each message of what the loop does, one after the other, until that takes no more messages."""
    for at in range(MESSAGES_MAX):
        proxy.arm(at, how)
        yield at
        if not proxy.fired.wait(0.2):
            proxy.disarm()
            return
    raise AssertionError("an append does not take so many messages")


@pytest.mark.slow
@pytest.mark.parametrize("how", HOWS)
def test_an_append_that_is_cut_anywhere_is_there_exactly_once(
    proxy: CuttingProxy, how: How, postgres_address: str, tmp_path: Path
) -> None:
    """The retry may neither give up what could be done nor do twice what was done: each would be a wrong history."""
    given = []
    with Ledger.open(proxy.address, events=Event, wait_s=30) as ledger:
        for at in steps(proxy, how):
            new = painted(20, 20 * at)  # the 256th event fills a tile
            assert ledger.append(new, expected_index=len(given)) == len(given)
            given += new
    assert at > 10, "the append went through the proxy"
    with Ledger.open(postgres_address, events=Event) as direct:
        assert [event for _, event in direct.read()] == given
        assert verified(direct, Snapshots(tmp_path)).size == len(given)


@pytest.mark.parametrize("how", ["before", "after"])
def test_whoever_appends_while_a_writer_is_cut_off_comes_before_or_after_it(
    proxy: CuttingProxy, how: How, postgres_address: str
) -> None:
    """The index that the writer had planned with is then another's, and its own events get the next ones."""
    with (
        Ledger.open(proxy.address, events=Event, wait_s=30) as ledger,
        Ledger.open(postgres_address, events=Event, wait_s=30) as other,
    ):
        given = {}
        numbers = itertools.count()

        def append_elsewhere() -> None:
            (event,) = painted(1, 5_000 + next(numbers))
            given[other.append([event])] = event

        for at in range(0, 20, 3):
            proxy.arm(at, how, append_elsewhere)
            new = painted(2, 2 * at)
            given |= dict(enumerate(new, ledger.append(new)))
            assert proxy.fired.wait(20)
        assert dict(other.read()) == given


def test_a_conditional_append_that_is_cut_off_and_overtaken_is_refused(
    proxy: CuttingProxy, postgres_address: str
) -> None:
    """Its condition was true when it was sent, and is not when it is sent again; nothing of it is there."""
    with (
        Ledger.open(proxy.address, events=Event, wait_s=30) as ledger,
        Ledger.open(postgres_address, events=Event, wait_s=30) as other,
    ):
        ledger.append(painted(1))
        proxy.arm(PUBLISHING + 1, "before", lambda: other.append(painted(1, 1)))
        with pytest.raises(ConflictError) as caught:
            ledger.append(painted(1, 2), expected_index=1)
        assert proxy.fired.is_set()
        assert (caught.value.expected_index, caught.value.actual_index) == (1, 2)
        assert [event for _, event in other.read()] == painted(2)


def test_an_outcome_that_cannot_be_found_out_ends_all_use_of_the_object(
    proxy: CuttingProxy, postgres_address: str
) -> None:
    """The caller is told that he does not know; whoever opens the ledger again does."""

    def refuse() -> None:
        proxy.refuses = True

    with Ledger.open(proxy.address, events=Event, wait_s=0.5) as ledger:
        ledger.append(painted(1))
        proxy.arm(PUBLISHING, "swallowed", refuse)
        with pytest.raises(StorageError, match="connection failed") as caught:
            ledger.append(painted(1, 1))
        assert PASSWORD not in str(caught.value)
        with pytest.raises(StorageError, match="takes no more calls"):
            ledger.append(painted(1, 2))
        with pytest.raises(StorageError, match="takes no more calls"):
            ledger.head()
    with Ledger.open(postgres_address, events=Event) as direct:
        assert [event for _, event in direct.read()] in (painted(1), painted(2))


def test_a_client_that_stops_in_the_middle_of_a_message_does_not_hold_the_ledger(
    proxy: CuttingProxy, postgres_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends its transaction; others go on, and it comes after them when it is back."""
    monkeypatch.setattr(writing, "IDLE_S_MAX", 0.4)
    with (
        Ledger.open(proxy.address, events=Event, wait_s=30) as ledger,
        Ledger.open(postgres_address, events=Event, wait_s=30) as other,
    ):
        ledger.append(painted(1))
        # Between two messages of one statement the server does not count; there are few of those.
        proxy.arm(PUBLISHING, "stall")
        got: list[int] = []
        stopped = threading.Thread(target=lambda: got.append(ledger.append(painted(1, 2))))
        stopped.start()
        assert proxy.fired.wait(20)
        assert other.append(painted(1, 1)) == 1
        stopped.join(40)
        assert got == [2]
        assert [event for _, event in other.read()] == painted(3)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["half", "answered"])
def test_a_read_that_is_cut_anywhere_goes_on(proxy: CuttingProxy, how: How, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies below a head never changes, so that a page may be asked for again."""
    monkeypatch.setattr("ledger.postgres.reading.PAGE_COMMITS", 3)
    with Ledger.open(proxy.address, events=Event, wait_s=30) as ledger:
        ledger.append_many([painted(1, at) for at in range(10)])
        for at in range(10, 20):
            ledger.append(painted(1, at))
        for _ in steps(proxy, how):
            assert [event for _, event in ledger.read()] == painted(20)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["before", "swallowed"])
def test_a_checkpoint_that_is_cut_anywhere_is_signed(proxy: CuttingProxy, how: How) -> None:
    """Signing twice gives the same checkpoint, so the whole of it is done again."""
    with Ledger.open(proxy.address, events=Event, wait_s=30, signer=SIGNER) as ledger:
        size = 0
        for _ in steps(proxy, how):
            checkpoint = ledger.checkpoint()
            assert (checkpoint.size, checkpoint.root) == (size, ledger.head().root)
            proxy.disarm()
            size = ledger.append(painted(3, size)) + 3


def test_a_lost_connection_is_not_tried_for_ever(proxy: CuttingProxy) -> None:
    """A server that stays away is told after about `wait_s`; nothing was sent, so the object may be used again."""
    log = open_log(proxy.address, wait_s=0.3)
    proxy.refuses = True
    proxy.arm(0, "before")
    with pytest.raises(StorageError, match="read failed"):
        log.head()
    proxy.refuses = False
    assert cast("int", log.head().size) == 0
    log.close()
