"""What every scheduler promises: the same artifacts, each once, whatever worker dies and whoever asks twice. Real processes, real Dask."""

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from batch_design import PRESET, completed, design, planned

from engines.batch import dask_cluster, processes
from engines.batch.errors import SchedulerLostError, WorkerNotReadyError, WorkerVersionError
from engines.batch.processes import Processes
from engines.batch.run import ATTEMPTS_MAX, Batch, Outcome, run_batch
from engines.batch.schedulers import Scheduler
from engines.batch.tasks import Done, Failed, Place, Task, Terms
from engines.batch.threads import Threads
from engines.batch.versions import terms_for
from engines.media_v2.stores import init_store
from engines.workspace import Workspace

ROWS = 8
COMMAND = "import sys; from engines.cli.app import run; sys.exit(run(sys.argv[1:]))"
PATIENCE_S = 120.0

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="DASK IS NOT TESTED: pip install 'impasto[scale]'"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return design(tmp_path / "design", ROWS)


@pytest.fixture
def work(store: Path) -> Iterator[Workspace]:
    with Workspace.open(store, tenant="acme", env="test", threads=1) as opened:
        yield opened


@pytest.fixture
def expected(tmp_path: Path, folder: Path) -> list[tuple[str, str]]:
    """artifact_id and sha256 of each row, as another store of the same scope has them; an artifact_id is also the name of a turn."""
    init_store(tmp_path / "other")
    with Workspace.open(tmp_path / "other", tenant="acme", env="test", threads=1) as other:
        return _made(run_batch(other, planned(other, folder), [PRESET], Threads(other, 1)))


def _made(batch: Batch) -> list[tuple[str, str]]:
    return [(one.rendered.artifact_id, one.rendered.sha256) for one in batch.outcomes if one.rendered]


def _place(work: Workspace) -> Place:
    return Place(str(work.registry.name), work.scope.tenant, work.scope.env)


@contextlib.contextmanager
def _cluster(workers: int) -> Iterator[str]:
    """A cluster that somebody else runs: a process of its own. Yields its address."""
    program = (
        "import sys; from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        f"    with LocalCluster(n_workers={workers}, threads_per_worker=1, dashboard_address=None) as cluster:\n"
        "        print(cluster.scheduler_address, flush=True); sys.stdin.read()\n"
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        running = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"DASK_TEMPORARY_DIRECTORY": scratch},
            start_new_session=True,
        )
        assert running.stdout is not None
        assert running.stdin is not None
        try:
            yield running.stdout.readline().decode().strip()
        finally:
            os.killpg(running.pid, signal.SIGKILL)  # scheduler and workers at once, as when a host goes
            running.wait()
            running.stdin.close()
            running.stdout.close()


def _schedulers() -> list[object]:
    slow = [pytest.mark.slow, needs_dask]
    return [
        pytest.param(lambda work: Threads(work, 2), id="threads"),
        pytest.param(lambda _: Processes(2), id="processes"),
        pytest.param(lambda _: dask_cluster.DaskCluster(workers=2), id="dask", marks=slow),
    ]


@pytest.mark.parametrize("make", _schedulers())
def test_every_scheduler_makes_the_same_artifacts_each_once(
    store: Path,
    work: Workspace,
    folder: Path,
    expected: list[tuple[str, str]],
    make: Callable[[Workspace], Scheduler],
    tmp_path: Path,
) -> None:
    """Ids and bytes do not depend on who rendered; rows and presets are told in their order; a second batch draws nothing."""
    caches = []
    for _ in range(2):
        with make(work) as scheduler:
            scheduler.start(_place(work))
            batch = run_batch(work, planned(work, folder), [PRESET], scheduler, out_dir=tmp_path / "out")
        assert _made(batch) == expected
        assert [one.row for one in batch.outcomes] == list(range(1, ROWS + 1))
        caches.append({one.rendered.cache for one in batch.outcomes if one.rendered})
    assert caches == [{"miss"}, {"hit"}]
    assert completed(store) == [1] * ROWS
    assert len(list((tmp_path / "out").iterdir())) == ROWS


@pytest.mark.parametrize("make", _schedulers())
def test_a_task_that_comes_twice_changes_nothing_and_one_that_cannot_be_is_told(
    store: Path, work: Workspace, folder: Path, make: Callable[[Workspace], Scheduler]
) -> None:
    """Schedulers promise at least once; the store makes it once. Each task has exactly one answer."""
    plan = planned(work, folder)
    ids = [work.compose(row.document, root=folder).artifact.artifact_id for row in plan.rows[:3] if row.document]
    tasks = [Task(number, ids[number % 3], PRESET, {}) for number in range(9)]
    tasks += [Task(9, "0" * 32, PRESET, {}), Task(10, ids[0], "poster", {})]
    coming = iter(tasks)
    with make(work) as scheduler:
        scheduler.start(_place(work))
        answers = {answer.number: answer for answer in scheduler.run(lambda: next(coming, None))}
    assert sorted(answers) == list(range(11))
    done = [answer for answer in answers.values() if isinstance(answer, Done)]
    assert sorted(one.cache for one in done) == ["hit"] * 6 + ["miss"] * 3
    told = [(one.standing, one.cause) for one in (answers[9], answers[10]) if isinstance(one, Failed)]
    assert told == [("row", "unknown-artifact"), ("row", "unknown-preset")]
    assert completed(store) == [1] * 3


def test_a_worker_that_dies_is_replaced_and_its_row_is_done_again(
    store: Path, work: Workspace, folder: Path, expected: list[tuple[str, str]]
) -> None:
    """A worker cannot finish a row whose turn somebody else holds, and is killed there: the row is tried again, and done once."""
    held = contextlib.ExitStack()
    held.enter_context(work.registry.turn(expected[1][0]))
    seen: list[Outcome] = []

    def hear(outcome: Outcome, *_: int) -> None:
        seen.append(outcome)
        if len(seen) == 1:
            (pid,) = pool.pids()
            os.kill(pid, signal.SIGKILL)
            held.close()

    with held, Processes(1) as pool:
        pool.start(_place(work))
        first = pool.pids()
        batch = run_batch(work, planned(work, folder), [PRESET], pool, hear=hear)
        assert len(pool.pids()) == 1
        assert pool.pids() != first
    assert _made(batch) == expected
    assert [one.attempts for one in batch.outcomes] == [1, 2, *[1] * (ROWS - 2)]
    assert completed(store) == [1] * ROWS


def _until(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_all_workers_may_die_at_any_moment(
    store: Path, work: Workspace, folder: Path, expected: list[tuple[str, str]]
) -> None:
    """A killer goes round while the batch runs, once less than a row is tried: nothing is lost, nothing rendered twice."""
    assert ATTEMPTS_MAX == 3

    def hear(_: Outcome, done: int, __: int) -> None:
        if done in (1, 4):
            for pid in pool.pids():
                os.kill(pid, signal.SIGKILL)

    with Processes(2) as pool:
        pool.start(_place(work))
        batch = run_batch(work, planned(work, folder), [PRESET], pool, hear=hear)
    assert _made(batch) == expected
    assert completed(store) == [1] * ROWS


def test_no_process_stays_behind(work: Workspace) -> None:
    """Neither after a batch nor after one that was given up half way."""
    with Processes(2) as pool:
        pool.start(_place(work))
        pids = pool.pids()
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_workers_that_cannot_start_end_the_batch(work: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation must not start processes for ever."""
    monkeypatch.setattr(processes, "_BOOT", "raise SystemExit(9)")
    tasks = iter([Task(0, "0" * 32, PRESET, {})])
    with Processes(1) as pool:
        pool.start(_place(work))
        with pytest.raises(WorkerNotReadyError, match=r"ended while it started \(exit code 9\)"):
            list(pool.run(lambda: next(tasks, None)))


def _with_other_versions(place: Place) -> Terms:
    terms = terms_for(place)
    return Terms(place=place, versions=terms.versions | {"libwebp": "0.1", "impasto-brush": "7"})


@pytest.mark.parametrize("make", _schedulers()[1:])
def test_a_worker_with_other_versions_is_refused_by_name(
    store: Path, work: Workspace, make: Callable[[Workspace], Scheduler], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would register other artifacts for the same rows; both versions are named, and nothing was rendered."""
    for module in (processes, dask_cluster):
        monkeypatch.setattr(module, "terms_for", _with_other_versions)
    tasks = iter([Task(0, "0" * 32, PRESET, {})])
    with make(work) as scheduler:
        scheduler.start(_place(work))
        with pytest.raises(
            WorkerVersionError, match=r"impasto-brush 7 here, absent there, libwebp 0\.1 here, 1"
        ) as caught:
            list(scheduler.run(lambda: next(tasks, None)))
    assert caught.value.fields["differences"].keys() == {"libwebp", "impasto-brush"}  # type: ignore[attr-defined]
    assert completed(store) == []


@pytest.mark.parametrize("make", _schedulers()[1:])
def test_a_worker_that_does_not_find_the_store_says_so(
    work: Workspace, tmp_path: Path, make: Callable[[Workspace], Scheduler]
) -> None:
    """On another host a folder of this one is not there; the batch must not tell that of every row."""
    tasks = iter([Task(0, "0" * 32, PRESET, {})])
    with make(work) as scheduler:
        scheduler.start(Place(str(tmp_path / "nowhere"), "acme", "test"))
        with pytest.raises(WorkerNotReadyError, match="no store at"):
            list(scheduler.run(lambda: next(tasks, None)))


@pytest.mark.slow
def test_a_killed_coordinator_loses_nothing(
    store: Path, work: Workspace, folder: Path, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    """It is killed while row 6 cannot go on: what was done is in the result file's part and in the store; the workers go by themselves; the
    same command again makes the rest."""
    asked = [
        "render",
        str(folder / "card.json"),
        "--data",
        str(folder / "rows.csv"),
        "--preset",
        PRESET,
        "--store",
        str(store),
    ]
    asked += ["--tenant", "acme", "--env", "test", "--results", str(tmp_path / "done.jsonl"), "--json"]
    program = f"import engines.batch.schedulers as s; s.TASKS_FOR_PROCESSES = 1; {COMMAND}"
    part = tmp_path / "done.jsonl.part"
    with work.registry.turn(expected[5][0]):
        running = subprocess.Popen([sys.executable, "-c", program, *asked, "--workers", "2"], stdout=subprocess.DEVNULL)
        _until(lambda: part.exists() and part.read_bytes().count(b"\n") >= 3)
        workers = [int(one) for one in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()]
        running.kill()
        running.wait()
    done = [json.loads(line) for line in part.read_text(encoding="utf-8").splitlines()]
    assert len(workers) in (2, 3)  # and maybe the coordinator's own, for drawings
    assert {(one["artifact_id"], one["sha256"]) for one in done} <= set(expected)
    _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    again = subprocess.run([sys.executable, "-c", program, *asked], capture_output=True, check=True, text=True)
    answers = json.loads(again.stdout)
    assert [(one["artifact_id"], one["sha256"]) for one in answers] == expected
    assert [answers[one["row"] - 1]["cache"] for one in done] == ["hit"] * len(done)
    assert not part.exists()
    assert completed(store) == [1] * ROWS


@pytest.mark.slow
def test_two_coordinators_with_the_same_batch_render_it_once(
    store: Path, folder: Path, expected: list[tuple[str, str]]
) -> None:
    """Somebody who is impatient starts it again beside the first: four workers, one render of each row."""
    asked = [
        "render",
        str(folder / "card.json"),
        "--data",
        str(folder / "rows.csv"),
        "--preset",
        PRESET,
        "--store",
        str(store),
    ]
    asked += ["--tenant", "acme", "--env", "test", "--workers", "2", "--json"]
    program = f"import engines.batch.schedulers as s; s.TASKS_FOR_PROCESSES = 1; {COMMAND}"
    both = [subprocess.Popen([sys.executable, "-c", program, *asked], stdout=subprocess.PIPE) for _ in range(2)]
    answers = [json.loads(one.communicate(timeout=PATIENCE_S)[0]) for one in both]
    assert [one.returncode for one in both] == [0, 0]
    for answer in answers:
        assert [(one["artifact_id"], one["sha256"]) for one in answer] == expected
    assert sorted(one["cache"] for answer in answers for one in answer) == ["hit"] * ROWS + ["miss"] * ROWS
    assert completed(store) == [1] * ROWS


@needs_dask
@pytest.mark.slow
def test_a_worker_of_a_cluster_dies_in_the_middle_of_a_batch(
    store: Path, work: Workspace, folder: Path, expected: list[tuple[str, str]]
) -> None:
    """A cluster that somebody else runs; one of its two workers is killed while a row cannot go on. Dask finds another; nothing is lost
    or done twice, and the cluster is there for the next batch, without our store."""
    held = contextlib.ExitStack()
    held.enter_context(work.registry.turn(expected[2][0]))
    killed: list[int] = []

    def hear(_: Outcome, done: int, __: int) -> None:
        if done == 2:
            from distributed import Client

            with Client(address, set_as_default=False) as client:
                pids = client.run(os.getpid).values()
            killed.append(min(pids))
            os.kill(min(pids), signal.SIGKILL)
            held.close()

    with held, _cluster(2) as address:
        with dask_cluster.DaskCluster(address) as cluster:
            cluster.start(_place(work))
            batch = run_batch(work, planned(work, folder), [PRESET], cluster, hear=hear)
        with dask_cluster.DaskCluster(address) as cluster:
            cluster.start(_place(work))
            again = run_batch(work, planned(work, folder), [PRESET], cluster)
    assert len(killed) == 1
    assert _made(batch) == _made(again) == expected
    assert {one.rendered.cache for one in again.outcomes if one.rendered} == {"hit"}
    assert completed(store) == [1] * ROWS


@needs_dask
@pytest.mark.slow
def test_a_cluster_that_is_gone_is_told_as_such(
    store: Path, work: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not as a fault of rows; what was done is in the store."""
    monkeypatch.setattr(dask_cluster, "CONNECT_S_MAX", 1.0)
    with (
        dask_cluster.DaskCluster("tcp://127.0.0.1:9") as cluster,
        pytest.raises(SchedulerLostError, match="does not answer"),
    ):
        cluster.start(_place(work))
    seen: list[int] = []
    with contextlib.ExitStack() as ending:
        address = ending.enter_context(_cluster(1))

        def hear(_: Outcome, done: int, __: int) -> None:
            seen.append(done)
            if done == 2:
                ending.close()

        with dask_cluster.DaskCluster(address) as cluster:
            cluster.start(_place(work))
            with pytest.raises(SchedulerLostError):
                run_batch(work, planned(work, folder), [PRESET], cluster, hear=hear)
    counts = completed(store)
    assert len(counts) >= len(seen) >= 2
    assert set(counts) == {1}
