"""Real processes: many that append at once, and one that is killed again and again."""

import os
import random
import subprocess
import sys
from pathlib import Path

from sample_events import Event, EventWithRepair, Painted, painted

from ledger import Ledger, TailRepaired, verify

HERE = Path(__file__).parent
KILL_ROUNDS = 12
WRITERS = 8


def start_worker(path: Path, worker: int, appends: int) -> subprocess.Popen[str]:
    """Start `append_worker` on the ledger at `path`."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE.parents[1]), str(HERE)))}
    arguments = [sys.executable, str(HERE / "append_worker.py"), str(path), str(worker), str(appends)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment)


def acknowledged_by(worker: subprocess.Popen[str]) -> list[tuple[int, int]]:
    """Wait for the worker to end well; return (first index, count) of every append that it reported."""
    text, _ = worker.communicate()
    assert worker.returncode == 0
    return [(int(first), int(count)) for first, count in map(str.split, text.splitlines())]


def test_processes_that_create_and_append_at_once_lose_nothing_and_leave_no_gap(tmp_path: Path) -> None:
    """One gap-free index for all, and whoever is acknowledged finds its events exactly there."""
    path = tmp_path / "ledger"
    workers = [start_worker(path, worker, 25) for worker in range(WRITERS)]
    ranges = []
    for number, worker in enumerate(workers):
        ranges += [(first, count, number) for first, count in acknowledged_by(worker)]
    with Ledger.open(path, events=EventWithRepair, read_only=True) as ledger:
        events = dict(ledger.read())
    taken = sorted(ranges)
    assert [first for first, _, _ in taken] == [sum(count for _, count, _ in taken[:at]) for at in range(len(taken))]
    assert len(events) == sum(count for _, count, _ in taken)
    for first, count, number in taken:
        assert {events[at].colour for at in range(first, first + count)} == {f"worker-{number}"}
    assert verify(path, events=EventWithRepair).ok


def test_kill_9_at_random_moments_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """The ledger opens by itself, holds all that was acknowledged, and nothing that was not appended."""
    chance = random.Random(5)
    path = tmp_path / "ledger"
    expected: dict[int, tuple[str, int]] = {}
    for number in range(KILL_ROUNDS):
        worker = start_worker(path, number, 1_000_000)
        assert worker.stdout is not None
        lines = [worker.stdout.readline() for _ in range(chance.randrange(1, 20))]
        worker.kill()
        lines += [line for line in worker.stdout if line[-1] == "\n"]
        worker.wait()
        worker.stdout.close()
        done = 0
        for first, count in (map(int, line.split()) for line in lines):
            expected |= {first + each: (f"worker-{number}", done + each) for each in range(count)}
            done += count
        with Ledger.open(path, events=EventWithRepair, create=True) as ledger:
            events = dict(ledger.read())
        found = {at: (event.colour, event.width) for at, event in events.items() if isinstance(event, Painted)}
        assert expected.items() <= found.items()
        assert set(found.values()) - set(expected.values()) <= {(f"worker-{number}", done + each) for each in range(3)}
        assert all(isinstance(event, Painted | TailRepaired) for event in events.values())
        expected = found
    assert verify(path, events=EventWithRepair).ok


def test_readers_of_a_ledger_that_is_being_written_see_a_growing_whole_prefix(tmp_path: Path) -> None:
    """Readers take no lock, so they must never see half a commit or a log that shrinks."""
    path = tmp_path / "ledger"
    Ledger.open(path, events=EventWithRepair, create=True).close()
    writer = start_worker(path, 0, 150)
    seen = 0
    with Ledger.open(path, events=EventWithRepair, read_only=True) as reader:
        while seen < 300:
            events = [event for _, event in reader.read()]
            assert len(events) >= seen
            assert [event.width for event in events] == list(range(len(events)))
            seen = len(events)
    assert len(acknowledged_by(writer)) == 150


def test_a_child_of_fork_and_its_parent_exclude_each_other(tmp_path: Path) -> None:
    """A lock belongs to the open file, which fork shares: without care both would hold it at once."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(1))
        child = os.fork()
        if not child:
            for _ in range(40):
                ledger.append(painted(1))
            os._exit(0)
        for _ in range(40):
            ledger.append(painted(1))
        assert os.waitpid(child, 0)[1] == 0
        assert ledger.append(painted(1)) == 81
    assert verify(tmp_path / "ledger", events=Event).ok
