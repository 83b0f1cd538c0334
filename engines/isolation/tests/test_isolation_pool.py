"""Tests of worker processes: what they give back, how they are killed, and that nothing of them stays behind."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.errors import RequestError
from engines.isolation.errors import (
    WorkerDiedError,
    WorkerFaultError,
    WorkerMemoryLimitError,
    WorkerStartError,
    WorkerTimeLimitError,
)
from engines.isolation.pool import Pool
from engines.isolation.tests import tasks
from engines.media_v2.errors import UnsupportedMediaError

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """One worker, shared by the tests, however often they kill it."""
    with Pool(tasks.TABLE, workers=1) as made:
        yield made


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _has_ended(pid: int) -> bool:
    """Gone, or dead and not yet buried by its parent."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return True


def _children() -> set[str]:
    task = Path(f"/proc/self/task/{os.getpid()}/children")
    return set(task.read_text(encoding="utf-8").split())


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(_VALUES, st.lists(st.binary(max_size=200), max_size=5))
@settings(max_examples=60, deadline=None)
def test_values_and_buffers_come_back_as_they_went(pool: Pool, value: object, buffers: list[bytes]) -> None:
    """Both ways of a frame, empty buffers too."""
    found = pool.call("echo", value, buffers)
    assert found.value["value"] == value
    assert [bytes(one) for one in found.buffers] == buffers


@pytest.mark.parametrize("size", [0, 1, 65_536, 5_000_000])
def test_buffers_of_any_size_travel(pool: Pool, size: int) -> None:
    """Longer than the socket holds: sender and reader must not wait for each other."""
    content = os.urandom(size)
    assert pool.call("echo", None, [content]).buffers == (content,)


def test_a_worker_is_kept_and_asked_again(pool: Pool) -> None:
    """Starting one takes as long as drawing a hundred icons."""
    assert len({pool.call("echo").value["pid"] for _ in range(5)}) == 1


def test_a_worker_knows_nothing_of_its_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No secret in the environment, no open ledger, no socket of the service is within reach of a hostile file."""
    monkeypatch.setenv("IMPASTO_SECRET", "hush")
    with (tmp_path / "ledger").open("wb") as held, Pool(tasks.TABLE, workers=1) as fresh:
        os.set_inheritable(held.fileno(), True)
        seen = fresh.call("surroundings").value
    named = {"LC_ALL", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"}
    assert set(seen["environment"]) == named
    opened = [one for one in seen["descriptors"] if "socket:" not in one and "pipe:" not in one]
    assert [one for one in opened if one != "/dev/null" and "memfd" not in one and "/fd" not in one] == []
    assert len(seen["descriptors"]) <= 6
    assert (seen["folder"], seen["core"], seen["numba"]) == ("/", [0, 0], False)


@pytest.mark.parametrize("task", ["sleep", "spin_in_c"])
def test_a_task_without_end_is_killed(pool: Pool, task: str) -> None:
    """In native code, too, where no exception reaches it; the next task finds a new worker."""
    with pytest.raises(WorkerTimeLimitError) as caught:
        pool.call(task, 600, seconds=0.3)
    assert (caught.value.fields["field"], caught.value.fields["limit"]) == (task, 0.3)
    assert pool.call("echo", 1).value["value"] == 1


def test_a_task_is_ended_by_its_own_time_and_not_by_others(pool: Pool) -> None:
    """A busy machine is no reason to refuse a file. Who waits uses no processor; who was just in time leaves nothing for the next one."""
    with pytest.raises(WorkerTimeLimitError) as caught:
        pool.call("work", 600, seconds=60, cpu_seconds=0.2)
    assert caught.value.fields["limit"] == 0.2
    pool.call("sleep", 0.5, seconds=60, cpu_seconds=0.2)
    for _ in range(3):
        pool.call("work", 0.1, seconds=60, cpu_seconds=0.3)
    pool.call("work", 0.4, seconds=60)


def test_a_task_that_needs_too_much_memory_is_told_so() -> None:
    """The machine must not start to swap for one file; what fits is fine, before and after."""
    with Pool(tasks.TABLE, workers=1, memory_bytes=600 * 1024**2) as small:
        assert small.call("eat", 1_000_000).value == 1_000_000
        with pytest.raises(WorkerMemoryLimitError) as caught:
            small.call("eat", 2**30)
        assert caught.value.fields["limit"] == 600 * 1024**2
        with pytest.raises(WorkerMemoryLimitError):
            small.call("echo", None, [bytes(220 * 1024**2)] * 3)  # more than a request may be
        with pytest.raises(WorkerMemoryLimitError):
            small.call("eat_twice", None, [bytes(200 * 1024**2)])
        assert small.call("echo", 1).value["value"] == 1
        with pytest.raises(WorkerMemoryLimitError):
            small.call("rust_ends")


def test_a_task_may_have_less_memory_than_its_worker(pool: Pool) -> None:
    """An icon is no reason for gigabytes. What the worker holds already does not count, and the next task is free again."""
    for _ in range(2):
        with pytest.raises(WorkerMemoryLimitError) as caught:
            pool.call("eat", 200_000_000, memory_bytes=100_000_000)
        assert caught.value.fields["limit"] == 100_000_000
        assert pool.call("eat", 50_000_000, memory_bytes=100_000_000).value == 50_000_000
        assert len(pool.call("echo", None, [bytes(150_000_000)]).buffers[0]) == 150_000_000


def test_a_file_may_be_lent_to_a_task_and_no_more(pool: Pool) -> None:
    """A library that opens nothing but files gets them in memory, as long as the task runs."""
    assert pool.call("write", [1_000_000, 1_000_000]).value == 1_000_000
    assert pool.call("write", [1_000_000, 0]).value == 65_536
    assert pool.call("write", [1_000_000, 500_000]).value == 500_000
    with pytest.raises(WorkerMemoryLimitError):
        pool.call("write", [1, 10**9])


def test_what_a_library_said_before_is_not_taken_for_its_last_words(pool: Pool) -> None:
    """Nor does it fill the file that those go to."""
    pool.call("mutter")
    with pytest.raises(WorkerDiedError, match="exit code 7"):
        pool.call("leave", 7)
    pool.call("mutter")
    with pytest.raises(WorkerMemoryLimitError):
        pool.call("rust_ends")


def test_workers_that_are_announced_start_at_once_and_are_used() -> None:
    """The caller goes on meanwhile; there are no more of them than the pool may have."""
    with Pool(tasks.TABLE, workers=2) as made:
        before = _children()
        for _ in range(3):
            made.start("echo", 5)
        started = {int(pid) for pid in _children() - before}
        assert len(started) == 2
        assert made.call("echo").value["pid"] in started
    made.start("echo")
    assert _children() == before, "a closed pool starts nothing"


@pytest.mark.parametrize(("task", "value", "how"), [("crash", None, "SIGSEGV"), ("leave", 7, "exit code 7")])
def test_a_crash_takes_only_the_worker(pool: Pool, task: str, value: object, how: str) -> None:
    """A hole in a library must not take the service with it."""
    with pytest.raises(WorkerDiedError, match=how):
        pool.call(task, value)
    assert pool.call("echo", 1).value["value"] == 1


def test_typed_errors_arrive_as_they_were_raised(pool: Pool) -> None:
    """Callers need not know where a task ran."""
    with pytest.raises(UnsupportedMediaError) as caught:
        pool.call("refuse", "a.bmp")
    here = UnsupportedMediaError("a.bmp", "by hand")
    assert (str(caught.value), caught.value.fields, caught.value.type) == (str(here), here.fields, here.type)


def test_other_errors_are_a_fault_of_ours(pool: Pool) -> None:
    """And no mistake of the caller's."""
    with pytest.raises(WorkerFaultError, match="ZeroDivisionError: by hand") as caught:
        pool.call("fail", "by hand")
    assert not isinstance(caught.value, RequestError)


def test_a_worker_that_speaks_nonsense_is_not_believed(pool: Pool) -> None:
    """It may have been taken over: its sizes are no reason to take memory."""
    with pytest.raises(WorkerDiedError):
        pool.call("speak_nonsense", seconds=20)


def test_a_worker_that_died_while_idle_is_replaced(pool: Pool) -> None:
    """By the kernel, say; the next caller must not notice."""
    pid = pool.call("echo").value["pid"]
    os.kill(pid, 9)
    while not _has_ended(pid):
        time.sleep(0.01)
    assert pool.call("echo").value["pid"] != pid


def test_workers_are_replaced_after_long_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """What libraries leak does not add up for ever."""
    monkeypatch.setattr("engines.isolation.pool.TASKS_PER_WORKER_MAX", 2)
    with Pool(tasks.TABLE, workers=1) as pool:
        pids = [pool.call("echo").value["pid"] for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_worker_that_is_asked_once_is_not_asked_again() -> None:
    """What a hostile file left behind in it never meets another tenant's."""
    with Pool(tasks.TABLE, workers=1) as pool:
        one = pool.call("echo", once=True).value["pid"]
        assert not _is_there(one)
        assert pool.call("echo").value["pid"] != one


def test_threads_share_a_bounded_number_of_workers() -> None:
    """Two workers serve eight threads, and each gets its own answer."""
    with Pool(tasks.TABLE, workers=2) as pool, ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda index: pool.call("echo", index).value, range(60)))
    assert [one["value"] for one in found] == list(range(60))
    assert 1 <= len({one["pid"] for one in found}) <= 2


def test_a_waiting_thread_gets_its_turn_when_a_task_is_killed() -> None:
    """A place in the pool must not be lost with the worker."""
    with Pool(tasks.TABLE, workers=1) as pool, ThreadPoolExecutor(2) as threads:
        killed = threads.submit(pool.call, "sleep", 60, seconds=0.3)
        waited = threads.submit(pool.call, "echo", 5)
        assert waited.result(30).value["value"] == 5
        with pytest.raises(WorkerTimeLimitError):
            killed.result(30)


def test_nothing_is_left_after_the_pool() -> None:
    """Closed, or forgotten: no process, no descriptor."""
    before, open_before = _children(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for how in ("closed", "forgotten"):
        pool = Pool(tasks.TABLE, workers=2)
        pid = pool.call("echo").value["pid"]
        assert _is_there(pid)
        if how == "closed":
            pool.close()
        del pool
        assert not _is_there(pid)
    assert _children() == before
    assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208


def test_a_pool_that_is_closed_ends_its_busy_workers_with_their_task() -> None:
    """The thread at work still gets its answer."""
    pool = Pool(tasks.TABLE, workers=1)
    pool.call("echo")
    with ThreadPoolExecutor(1) as threads:
        begun = threading.Event()

        def work() -> int:
            begun.set()
            return int(pool.call("sleep", 0.5).value)

        working = threads.submit(work)
        begun.wait()
        while pool._idle:
            time.sleep(0.01)
        pool.close()
        assert not _is_there(working.result(30))


def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    """A killed service leaves no process behind that draws on, not even one deep in native code."""
    code = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from engines.isolation.pool import Pool
from engines.isolation.tests import tasks
Pool(tasks.TABLE, workers=1).call("spin_in_c", [{str(tmp_path / "pid")!r}], seconds=600)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text(encoding="utf-8")):
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        parent.kill()
        parent.wait()
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    while not _has_ended(pid):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_worker_that_cannot_start_says_why() -> None:
    """A task table that names nothing is found on first use, not by a hang; the other tasks go on."""
    with Pool({"lost": "engines.isolation.tests.tasks:nowhere", "echo": tasks.TABLE["echo"]}, workers=1) as pool:
        pool.start("lost")
        for _ in range(2):
            with pytest.raises(WorkerStartError, match="nowhere"):
                pool.call("lost")
            assert pool.call("echo", 1).value["value"] == 1


def test_the_time_of_a_task_does_not_count_what_it_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a library takes seconds to load: else no drawing would ever come off there."""
    (tmp_path / "slow_to_load.py").write_text(
        "import time; time.sleep(1)\nfrom engines.isolation.tests.tasks import echo\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with Pool({"slow": "slow_to_load:echo"}, workers=1) as pool:
        assert pool.call("slow", 1, seconds=0.9).value["value"] == 1
