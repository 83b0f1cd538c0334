"""What is left of a ledger in a database when servers are killed, and writers are stopped and wake up?"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from sample_events import Event, Painted, painted

from ledger import Ledger, Snapshots, StorageError, verified
from ledger.merkle import leaf_hashes
from ledger.postgres import writing
from ledger.postgres.log import open_log
from tests.postgres_server import PostgresServer

ROOT = Path(__file__).resolve().parents[2]

STOPPING_WRITER = """
import os, signal, sys
sys.path[:0] = ["tests/ledger"]
from sample_events import Event, painted
from ledger import Ledger, LedgerError
from ledger.postgres import log, writing
writing.IDLE_S_MAX = 0.3
address, wait_s = sys.argv[1], float(sys.argv[2])
with Ledger.open(address, events=Event, wait_s=wait_s) as ledger:
    commit = log.PostgresLog.commit
    def stopping(*arguments):
        log.PostgresLog.commit = commit
        os.kill(os.getpid(), signal.SIGSTOP)
        return commit(*arguments)
    log.PostgresLog.commit = stopping
    try:
        print(ledger.append(painted(3, 900)))
    except LedgerError as error:
        print(type(error).__name__)
"""


def stopped_writer(address: str, wait_s: float) -> subprocess.Popen[str]:
    """Start a process that holds the head of the ledger, and return it when it has been stopped in the middle of that."""
    command = [sys.executable, "-c", STOPPING_WRITER, address, str(wait_s)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": "."})
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "it has stopped itself"
    return child


def woken(child: subprocess.Popen[str]) -> str:
    """Wake it up and return what it says in the end."""
    child.send_signal(signal.SIGCONT)
    said, _ = child.communicate(timeout=60)
    return said.strip()


@pytest.fixture
def address(postgres_address: str) -> str:
    Ledger.open(postgres_address, events=Event, create=True).close()
    return postgres_address


def test_a_stopped_writer_does_not_hold_the_ledger_and_writes_nothing_when_its_time_is_over(address: str) -> None:
    """It wakes up as the writer that it no longer is: it gets a typed error, and nothing of it is there."""
    child = stopped_writer(address, 0.2)
    with Ledger.open(address, events=Event, wait_s=60) as ledger:
        assert ledger.append(painted(2)) == 0
        assert woken(child) == "BusyError"
        assert [event for _, event in ledger.read()] == painted(2)


def test_a_stopped_writer_that_has_time_left_comes_after_those_who_overtook_it(address: str) -> None:
    """Nobody has promised it an index yet, so that it takes the next one, once."""
    child = stopped_writer(address, 60)
    with Ledger.open(address, events=Event, wait_s=60) as ledger:
        assert ledger.append(painted(2)) == 0
        assert woken(child) == "2"
        assert [event for _, event in ledger.read()] == [*painted(2), *painted(3, 900)]


def test_a_writer_that_was_fenced_off_writes_nothing_however_long_it_waits(address: str) -> None:
    """After a database was moved there must be one history, whoever wakes up."""
    child = stopped_writer(address, 60)
    log = open_log(address, wait_s=60)
    log.fence()
    log.close()
    assert woken(child) == "StorageError"
    with Ledger.open(address, events=Event, wait_s=60) as ledger:
        assert ledger.head().size == 0
        assert ledger.append(painted(1)) == 0


def test_the_object_that_fences_goes_on_and_every_older_one_is_refused_for_good(address: str) -> None:
    """Opening anew is what makes a writer one of the new time."""
    mine, older = open_log(address), open_log(address)
    mine.fence()
    entries = [b"\x93\x01\xa1a\x01"]
    with mine.writing(5):
        mine.commit(b"\0\x05" + entries[0], leaf_hashes(entries))
    for _ in range(2):
        with pytest.raises(StorageError, match="fenced off"), older.writing(5):
            pass
    newer = open_log(address)
    with newer.writing(5) as index:
        assert index == 1
    for log in (mine, older, newer):
        log.close()


def test_a_writer_whose_session_is_ended_in_the_middle_writes_once(
    address: str, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an administrator does, or a server that shuts down: what had not been committed is sent again."""
    monkeypatch.setattr(writing, "IDLE_S_MAX", 60)
    with (
        Ledger.open(address, events=Event, wait_s=60) as ledger,
        psycopg.connect(postgres.url, autocommit=True) as admin,
    ):
        send = writing.send

        def send_after_the_end(connection: psycopg.Connection[object], *rest: object) -> None:
            monkeypatch.setattr(writing, "send", send)
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
            send(connection, *rest)  # type: ignore[arg-type]  # as it was called

        monkeypatch.setattr(writing, "send", send_after_the_end)
        assert ledger.append(painted(2)) == 0
        assert [event for _, event in ledger.read()] == painted(2)


@pytest.mark.slow
def test_a_server_that_is_killed_while_many_write_loses_nothing_and_doubles_nothing(
    address: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    """Writers go on when it is back: each gets all of its events in, once, with indexes that are its own."""
    done: dict[int, Painted] = {}
    ended = threading.Event()
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with Ledger.open(address, events=Event, wait_s=60) as ledger:
                at = 10_000 * number
                while not ended.is_set():
                    new = painted(1 + at % 3, at)
                    done.update(enumerate(new, ledger.append(new)))
                    at += len(new)
        except BaseException as error:  # noqa: BLE001 - it is told below, in the thread of the test
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    sizes = []
    with Ledger.open(address, events=Event, read_only=True, wait_s=60) as reader:
        for how in (signal.SIGQUIT, signal.SIGINT, signal.SIGQUIT):
            before = reader.head().size
            while reader.head().size < before + 5 and not failures:
                reader._log.wait(0.05)
            postgres.stop(how)
            postgres.start()
            sizes.append(reader.head().size)
        ended.set()
        for thread in threads:
            thread.join(90)
        assert failures == []
        assert sizes == sorted(sizes)
        assert dict(reader.read()) == done
        assert verified(reader, Snapshots(tmp_path)).size == len(done)
