"""A ledger at an S3-speaking server whose connections are cut, which is killed, and which many processes write to."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="obstore is not installed: nothing was tested on object storage")

from cutting_proxy import Cut, CuttingProxy, cutting_proxy
from s3_server import BUCKET, SECRET_CANARY, S3Server, running_s3, s3_environment
from sample_events import Event, Painted, painted

from ledger import ConflictError, Ledger, LedgerNotFoundError, Signer, StorageError
from ledger.copying import copy_ledger

WRITERS = 3
ROUNDS = 15
_numbers = count()

WRITER = """
import sys
from sample_events import Event, Painted
from ledger import Ledger
address, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Ledger.open(address, events=Event, wait_s=60) as ledger:
    for at in range(rounds):
        print(at, ledger.append([Painted(name, at)] * (1 + at % 3)), flush=True)
"""


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def address() -> str:
    return f"s3://{BUCKET}/faults-{next(_numbers)}/ledger"


@pytest.fixture
def proxy(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[CuttingProxy]:
    """Clients go through a proxy that cuts nothing yet, and do not pause for long between tries."""
    monkeypatch.setattr("ledger.objects.store.PAUSE_FIRST_S", 0.002)
    with cutting_proxy(s3.port) as running, s3_environment(running.url):
        yield running


def opened(address: str) -> Ledger:
    return Ledger.open(address, events=Event, create=True, wait_s=60)


def fresh(address: str, s3: S3Server) -> list[Event]:
    """Read everything anew, past the proxy."""
    with s3_environment(s3.url), Ledger.open(address, events=Event, read_only=True) as ledger:
        return [event for _, event in ledger.read()]


@pytest.mark.parametrize("cut", ["before", "during", "after"])
@pytest.mark.parametrize("times", [1, 3])
def test_a_connection_that_is_cut_around_a_commit_loses_and_doubles_nothing(
    proxy: CuttingProxy, s3: S3Server, address: str, cut: Cut, times: int
) -> None:
    """The put is tried again under the same name; if it was done, the name is taken, by the same bytes."""
    with opened(address) as ledger:
        ledger.append(painted(3))
        left = [times]

        def choose(method: str, path: str) -> Cut | None:
            if method == "PUT" and "/log/" in path and left[0]:
                left[0] -= 1
                return cut
            return None

        proxy.choose = choose
        assert ledger.append(painted(40, 3), expected_index=3) == 3
        assert len(proxy.cuts) == times
        assert ledger.append([Painted("next")]) == 43
    assert fresh(address, s3) == [*painted(43), Painted("next")]


@pytest.mark.parametrize("cut", ["before", "during", "after"])
def test_a_connection_that_stays_cut_ends_in_an_error_and_at_most_one_commit(
    proxy: CuttingProxy, s3: S3Server, address: str, cut: Cut
) -> None:
    """What is there afterwards is told by a fresh look only, and the secret by nobody."""
    ledger = opened(address)
    ledger.append(painted(3))
    proxy.choose = lambda method, _path: cut if method == "PUT" else "before" if proxy.cuts else None
    with pytest.raises(StorageError) as caught:
        ledger.append(painted(2, 3))
    assert SECRET_CANARY not in str(caught.value) + repr(caught.value.__cause__)
    proxy.choose = lambda _method, _path: None
    with pytest.raises(StorageError, match="open the ledger again"):
        ledger.append(painted(1))
    ledger.close()
    assert fresh(address, s3) == painted(5 if cut == "after" else 3)


def test_a_commit_that_no_answer_ever_came_to_is_found_by_reading(
    proxy: CuttingProxy, s3: S3Server, address: str
) -> None:
    """All tries are carried out and none is answered; one look at the name tells."""
    with opened(address) as ledger:
        proxy.choose = lambda method, path: "after" if method == "PUT" and "/log/" in path else None
        assert ledger.append(painted(2)) == 0
        proxy.choose = lambda _method, _path: None
        assert ledger.append(painted(2, 2)) == 2
    assert fresh(address, s3) == painted(4)


def test_a_conditional_append_whose_answer_was_lost_is_no_conflict_with_itself(
    proxy: CuttingProxy, s3: S3Server, address: str
) -> None:
    """The second try finds the name taken; whoever took that for another's would decide twice."""
    with opened(address) as ledger, opened(address) as other:
        ledger.append(painted(1))
        cuts: list[Cut | None] = ["after"]
        proxy.choose = lambda method, path: cuts.pop() if cuts and method == "PUT" and "/log/" in path else None
        assert ledger.append(painted(1, 1), expected_index=1) == 1
        with pytest.raises(ConflictError):
            other.append(painted(1, 1), expected_index=1)
    assert fresh(address, s3) == painted(2)


def test_a_server_that_is_killed_between_two_appends_is_told_as_such(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Readers and writers get a typed error without a secret; once the server is back, a copy restores what it lost."""
    monkeypatch.setattr("ledger.objects.store.PAUSE_FIRST_S", 0.002)
    with running_s3() as server:
        ledger = opened(address)
        ledger.append(painted(5))
        copied = copy_ledger(address, f"memory://faults-{next(_numbers)}/kept")
        server.kill()
        for action in (ledger.head, lambda: ledger.append(painted(1)), lambda: opened(address)):
            with pytest.raises(StorageError) as caught:
                action()
            assert SECRET_CANARY not in str(caught.value)
        server.start()  # this server keeps nothing
        with pytest.raises(LedgerNotFoundError):
            Ledger.open(address, events=Event)
        restored = copy_ledger(copied.target, address)
        assert restored.root == copied.root
        assert fresh(address, server) == painted(5)


def test_many_processes_leave_no_gap_and_lose_nothing(s3: S3Server, address: str) -> None:
    """What each was told is what is there."""
    opened(address).close()
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "tests" / "ledger")])}
    commands = [[sys.executable, "-c", WRITER, address, f"writer-{number}", str(ROUNDS)] for number in range(WRITERS)]
    writers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=root, text=True) for command in commands
    ]
    told: dict[int, Event] = {}
    for number, writer in enumerate(writers):
        output, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0
        for line in output.splitlines():
            at, first = map(int, line.split())
            told.update((first + n, Painted(f"writer-{number}", at)) for n in range(1 + at % 3))
    assert fresh(address, s3) == [told[index] for index in range(WRITERS * sum(1 + at % 3 for at in range(ROUNDS)))]


def test_a_writer_that_is_killed_leaves_whole_commits(s3: S3Server, address: str) -> None:
    """Again and again, in the middle of its work; those that were told are there."""
    opened(address).close()
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "tests" / "ledger")])}
    told = 0
    for round_ in range(3):
        command = [sys.executable, "-c", WRITER, address, f"round-{round_}", "1000"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=root, text=True) as writer:
            assert writer.stdout is not None
            for _ in range(4 + round_):
                at, first = map(int, writer.stdout.readline().split())
                told = first + 1 + at % 3
            writer.kill()
        there = fresh(address, s3)
        assert len(there) >= told
        with opened(address) as ledger:
            assert ledger.append([Painted("after")]) == len(there)
            told = len(there) + 1


def test_a_checkpoint_whose_answer_was_lost_is_there_once_and_taken_for_ones_own(
    proxy: CuttingProxy, s3: S3Server, address: str
) -> None:
    """The second try finds another tag: its own."""
    signer = Signer.generate("ledger.example/faults")
    with Ledger.open(address, events=Event, create=True, signer=signer) as ledger:
        ledger.append(painted(2))
        ledger.checkpoint()
        ledger.append(painted(2, 2))
        left = [1]

        def choose(method: str, path: str) -> Cut | None:
            if method == "PUT" and path.endswith("/checkpoint") and left[0]:
                left[0] -= 1
                return "after"
            return None

        proxy.choose = choose
        assert ledger.checkpoint().size == 4
        assert proxy.cuts == [("after", f"/{address.removeprefix('s3://')}/checkpoint")]
    with s3_environment(s3.url), Ledger.open(address, events=Event, read_only=True) as ledger:
        last = ledger.last_checkpoint()
        assert last is not None
        assert last.size == 4


def test_plain_http_is_for_loopback_only(s3: S3Server, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials and events do not cross a network in the clear; nothing is sent to find that out."""
    assert s3.url.startswith("http://127.0.0.1")
    monkeypatch.setattr("ledger.objects.store.PAUSE_FIRST_S", 0.0)
    with s3_environment("http://198.51.100.7:9"), pytest.raises(StorageError) as caught:
        opened(address)
    assert SECRET_CANARY not in str(caught.value)
    assert "refuses the address" in str(caught.value)
