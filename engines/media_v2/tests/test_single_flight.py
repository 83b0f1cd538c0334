"""Turns: one at a time for a key, among threads and processes; others never wait; the dead let go."""

import subprocess
import sys
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engines.media_v2.single_flight import _OFFSET_DIGITS, FolderTurns

KEY, OTHER = "ab" * 16, "cd" * 16
HOLD = """
import sys
from pathlib import Path
from engines.media_v2.single_flight import FolderTurns
with FolderTurns(Path(sys.argv[1])).turn(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.readline()
"""


def _held_elsewhere(folder: Path, key: str) -> subprocess.Popen[str]:
    """A process that holds the turn until it is told to let go, or dies."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def _waiter(folder: Path, key: str) -> tuple[threading.Thread, threading.Event]:
    """A thread that takes the turn and says when it had it."""
    had = threading.Event()

    def take() -> None:
        with FolderTurns(folder).turn(key):
            had.set()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread, had


def test_threads_exclude_each_other(tmp_path: Path) -> None:
    """Twenty threads count without losing a step: each reads, yields and writes inside its turn."""
    count = 0

    def step() -> None:
        nonlocal count
        with FolderTurns(tmp_path).turn(KEY):
            seen = count
            threading.Event().wait(0.001)
            count = seen + 1

    threads = [threading.Thread(target=step) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count == 20


def test_a_thread_waits_for_another_process_and_other_keys_do_not(tmp_path: Path) -> None:
    process = _held_elsewhere(tmp_path, KEY)
    thread, had = _waiter(tmp_path, KEY)
    with FolderTurns(tmp_path).turn(OTHER):
        assert not had.wait(0.2)
    process.communicate("go\n")
    assert had.wait(10)
    thread.join()


def test_a_process_that_is_killed_lets_go(tmp_path: Path) -> None:
    """No lock outlives its holder: a crashed renderer must not block the next one."""
    process = _held_elsewhere(tmp_path, KEY)
    thread, had = _waiter(tmp_path, KEY)
    process.kill()
    process.communicate()
    assert had.wait(10)
    thread.join()


def test_an_error_lets_go(tmp_path: Path) -> None:
    try:
        with FolderTurns(tmp_path).turn(KEY):
            raise ValueError
    except ValueError:
        pass
    with FolderTurns(tmp_path).turn(KEY):
        pass


@given(st.text("0123456789abcdef", min_size=32, max_size=64))
def test_every_key_has_a_place(key: str) -> None:
    """The largest key is a valid offset for the system call."""
    assert int(key[:_OFFSET_DIGITS], 16) + 1 < 2**63
