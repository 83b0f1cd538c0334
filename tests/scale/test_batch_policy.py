"""What is tried again, when does a batch stop, and what does its result file say? With a scheduler that answers by script."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from batch_design import PRESET, design, planned
from hypothesis import given
from hypothesis import strategies as st

from engines.batch import doing, results
from engines.batch.errors import (
    BatchRowError,
    BatchStoppedError,
    ResultsFileError,
    SchedulerAddressError,
    SchedulerMissingError,
    WorkerNotReadyError,
)
from engines.batch.processes import Processes
from engines.batch.run import ATTEMPTS_MAX, Batch, Outcome, run_batch
from engines.batch.schedulers import TASKS_FOR_PROCESSES, check, scheduler_for
from engines.batch.tasks import Answer, Failed, Place, Source, Standing, Task, address
from engines.batch.threads import Threads
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.workspace import Workspace

ROWS = 4


class Scripted(Threads):
    """Renders in this process, except where `script` (number, try from 1 on) says how the task fails instead."""

    def __init__(self, work: Workspace, script: Callable[[int, int], Standing | None]) -> None:
        super().__init__(work, 1)
        self._work, self._script = work, script
        self.begun: list[int] = []

    def run(self, source: Source) -> Iterator[Answer]:
        while (task := source()) is not None:
            self.begun.append(task.number)
            yield self._scripted(task)

    def _scripted(self, task: Task) -> Answer:
        standing = self._script(task.number, self.begun.count(task.number))
        if standing is None:
            return doing.do(self._work, task)
        words = {"row": "invalid-request", "store": "storage", "lost": "worker-died", "bug": "ZeroDivisionError"}
        return Failed(
            number=task.number, standing=standing, cause=words[standing], message="no luck", fields={}, worker="w"
        )


class Pairs(Scripted):
    """As Scripted, with two tasks handed out before the first answer."""

    def run(self, source: Source) -> Iterator[Answer]:
        while tasks := [task for task in (source(), source()) if task is not None]:
            self.begun += [task.number for task in tasks]
            yield from [self._scripted(task) for task in tasks]


@pytest.fixture
def work(registry: Registry, scope: Scope) -> Workspace:
    return Workspace(registry, scope, threads=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return design(tmp_path / "design", ROWS)


def _run(
    work: Workspace, folder: Path, scheduler: Scripted, on_error: str = "stop", results_file: Path | None = None
) -> Batch:
    plan = planned(work, folder)
    return run_batch(work, plan, [PRESET], scheduler, on_error=on_error, results_file=results_file)  # type: ignore[arg-type]


@pytest.mark.parametrize("standing", ["store", "lost"])
def test_an_accident_is_tried_again(work: Workspace, folder: Path, standing: Standing) -> None:
    """A worker that was killed, or a store that was away for a moment, is nobody's fault."""
    scheduler = Scripted(work, lambda number, tried: standing if number == 1 and tried < ATTEMPTS_MAX else None)
    outcomes = _run(work, folder, scheduler).outcomes
    assert [one.attempts for one in outcomes] == [1, ATTEMPTS_MAX, 1, 1]
    assert all(one.rendered is not None for one in outcomes)


def test_a_row_that_workers_die_on_is_given_up_and_told(work: Workspace, folder: Path) -> None:
    """A row that crashes a library must not kill workers for ever, nor keep the other rows from being rendered."""
    scheduler = Scripted(work, lambda number, _: "lost" if number == 1 else None)
    outcomes = _run(work, folder, scheduler, "continue").outcomes
    assert [one.rendered is None for one in outcomes] == [False, True, False, False]
    assert outcomes[1].attempts == scheduler.begun.count(1) == ATTEMPTS_MAX
    assert outcomes[1].fault is not None
    assert outcomes[1].fault.fields["cause"] == "worker-died"
    assert str(outcomes[1].fault) == "row 2: no luck"


def test_a_fault_of_a_row_is_not_tried_again(work: Workspace, folder: Path) -> None:
    """It would be the same every time."""
    scheduler = Scripted(work, lambda number, _: "row" if number == 1 else None)
    outcomes = _run(work, folder, scheduler, "continue").outcomes
    assert scheduler.begun == [0, 1, 2, 3]
    assert [one.attempts for one in outcomes] == [1, 1, 1, 1]


def test_with_stop_nothing_is_begun_after_a_fault(work: Workspace, folder: Path, tmp_path: Path) -> None:
    """The rows that were not begun say so in the result file, which is complete even then."""
    scheduler = Scripted(work, lambda number, _: "row" if number == 1 else None)
    with pytest.raises(BatchRowError, match="row 2: no luck"):
        _run(work, folder, scheduler, "stop", tmp_path / "done.jsonl")
    assert scheduler.begun == [0, 1]
    lines = [json.loads(line) for line in (tmp_path / "done.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["error_type"] for one in lines] == [None, "invalid-request", "not-rendered", "not-rendered"]
    assert [one["attempts"] for one in lines] == [1, 1, 0, 0]


def test_an_accident_beside_a_fault_is_not_told_as_one(work: Workspace, folder: Path) -> None:
    """A worker dies on row 1, and row 2 fails before row 1 is tried again: it is row 2 that stops the batch."""
    scheduler = Pairs(work, lambda number, _: ("lost", "row", None, None)[number])
    with pytest.raises(BatchRowError, match="row 2: no luck"):
        _run(work, folder, scheduler)
    assert scheduler.begun == [0, 1]


def test_a_store_that_fails_again_and_again_stops_the_batch(work: Workspace, folder: Path) -> None:
    """A full disk is no fault of rows: a thousand rows must not be told as failed, even where rows with faults are passed over."""
    scheduler = Scripted(work, lambda number, _: "store" if number == 1 else None)
    with pytest.raises(BatchStoppedError) as caught:
        _run(work, folder, scheduler, "continue")
    assert (caught.value.fields["row"], caught.value.fields["cause"]) == (2, "storage")
    assert scheduler.begun.count(1) == ATTEMPTS_MAX


def test_a_fault_of_ours_stops_the_batch_and_keeps_its_trace(work: Workspace, folder: Path) -> None:
    """Whoever reports it needs the lines from the worker."""
    with pytest.raises(RuntimeError, match=r"row 1, worker w:\nno luck"):
        _run(work, folder, Scripted(work, lambda *_: "bug"), "continue")


def test_errors_of_a_worker_are_told_by_whose_fault_they_are() -> None:
    """It decides between trying again, passing over, and stopping."""
    from engines.errors import RequestError
    from engines.media_v2.errors import BlobMissingError
    from ledger import LedgerError

    faults = [RequestError("r", field="x"), BlobMissingError("k"), LedgerError("l"), OSError(28, "full"), KeyError("b")]
    told = [doing.failed(7, fault) for fault in faults]
    assert [one.standing for one in told] == ["row", "store", "store", "store", "bug"]
    assert (told[0].cause, told[0].fields) == ("invalid-request", {"field": "x"})
    assert "KeyError: 'b'" in told[4].message


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_the_result_file_is_in_the_order_of_the_rows(
    work: Workspace, folder: Path, tmp_path: Path, suffix: str
) -> None:
    """Rows come as they are done; the file that stays does not depend on that."""
    path = tmp_path / f"done{suffix}"
    script = Scripted(work, lambda number, tried: "lost" if number == 0 and tried == 1 else None)
    outcomes = _run(work, folder, script, results_file=path).outcomes
    text = path.read_text(encoding="utf-8")
    lines = (
        list(csv.DictReader(text.splitlines())) if suffix == ".csv" else [json.loads(one) for one in text.splitlines()]
    )
    assert [int(one["row"]) for one in lines] == [1, 2, 3, 4]
    assert tuple(lines[0]) == results.COLUMNS
    assert [one["artifact_id"] for one in lines] == [one.rendered.artifact_id for one in outcomes if one.rendered]
    assert [one["sha256"] for one in lines] == [work.artifact(one["artifact_id"]).sha256 for one in lines]
    assert list(tmp_path.glob("done*")) == [path]


def test_what_is_done_is_in_the_part_file_while_the_batch_runs(work: Workspace, folder: Path, tmp_path: Path) -> None:
    """Whoever kills a batch can still see what it has done; a file of an earlier batch stays until this one ends."""
    path, seen = tmp_path / "done.csv", []
    path.write_text("of yesterday", encoding="utf-8")

    def hear(_: Outcome, done: int, total: int) -> None:
        rows = (tmp_path / "done.csv.part").read_text(encoding="utf-8").splitlines()[1:]
        seen.append((len(rows), done, total, path.read_text(encoding="utf-8")))

    run_batch(work, planned(work, folder), [PRESET], Scripted(work, lambda *_: None), results_file=path, hear=hear)
    assert seen == [(number, number, ROWS, "of yesterday") for number in range(1, ROWS + 1)]


@pytest.mark.parametrize("name", ["done.txt", "nowhere/done.csv", "done"])
def test_a_result_file_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    """Before a night of rendering, not after it."""
    with pytest.raises(ResultsFileError, match=r"suffix|folder"):
        results.check(tmp_path / name)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_any_text_survives_the_result_file(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    """Names and messages come from tables: commas, quotes and line breaks must not move a column."""
    path = tmp_path_factory.mktemp("results") / "done.csv"
    with results.Results(path) as kept:
        kept.finish([results.Line(row=1, name=name, preset=PRESET, error_message=name) for name in names])
    with path.open(encoding="utf-8", newline="") as file:
        assert [(one["name"], one["error_message"]) for one in csv.DictReader(file)] == [(name, name) for name in names]


@pytest.mark.parametrize(
    ("scheduler", "workers", "reason"),
    [
        ("10.0.0.5:8786", None, "name tcp://HOST:PORT"),
        ("tcp://10.0.0.5", None, "name tcp://HOST:PORT"),
        ("http://10.0.0.5:80", None, "name tcp://HOST:PORT"),
        ("local:0", None, "name tcp://HOST:PORT"),
        ("local:999", None, "at most 256"),
        ("local:2", 2, "write local:N"),
        (None, 0, "give 1 to 256"),
        (None, 257, "give 1 to 256"),
    ],
)
def test_what_no_scheduler_is_called_is_refused(scheduler: str | None, workers: int | None, reason: str) -> None:
    """A typing error must not become a batch on another machine than was meant."""
    with pytest.raises(SchedulerAddressError, match=reason):
        check(scheduler, workers)


def test_a_cluster_without_its_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "distributed" else 1)
    with pytest.raises(SchedulerMissingError, match=r"pip install 'impasto\[scale\]'"):
        check("local:2", None)


def test_processes_are_the_default_where_they_are_worth_their_start(work: Workspace) -> None:
    """A handful of rows is done before a process is up; one worker is this process."""
    assert isinstance(scheduler_for(work, TASKS_FOR_PROCESSES, workers=2), Processes)
    assert isinstance(scheduler_for(work, 2, workers=2), Processes)
    assert isinstance(scheduler_for(work, TASKS_FOR_PROCESSES - 1), Threads)
    assert isinstance(scheduler_for(work, 10_000, workers=1), Threads)


def test_workers_are_told_a_store_that_they_find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stand elsewhere: paths become absolute, addresses stay as they are, to the letter."""
    monkeypatch.chdir(tmp_path)
    assert address(Path("store")) == str(tmp_path / "store")
    assert address("postgresql://host/db#ledger") == "postgresql://host/db#ledger"


def test_a_worker_opens_a_store_once_and_lets_go_of_it(store: Path, scope: Scope) -> None:
    """Opening reads the catalog; a cluster's worker lives longer than a batch, and must not keep every store of its life."""
    from engines.batch.versions import terms_for

    terms = terms_for(Place(str(store), scope.tenant, scope.env))
    assert type(doing.ready(terms)).__name__ == type(doing.ready(terms)).__name__ == "Ready"
    assert doing.close(Place("elsewhere", scope.tenant, scope.env)) == 0
    assert (doing.close(terms.place), doing.close()) == (1, 0)
    for number in range(doing.STORES_MAX + 2):
        doing.ready(terms_for(Place(str(store), scope.tenant, f"env{number}")))
    assert doing.close() == doing.STORES_MAX


def test_a_worker_warms_up_once_and_leaves_nothing(store: Path, scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels, fonts and engines are there before the first task, once for each process, and the store does not grow by it."""
    from engines.batch import warming
    from engines.batch.versions import terms_for

    warmed: list[Workspace] = []
    loaded: list[int] = []

    def counted(work: Workspace, _: object = None) -> None:
        warming.warm(work, lambda done, __: loaded.append(done))
        warmed.append(work)

    monkeypatch.setattr(doing, "warm", counted)
    terms = terms_for(Place(str(store), scope.tenant, scope.env))
    answers = [doing.do_in(terms, Task(number, "0" * 32, PRESET, {})) for number in range(3)]
    try:
        assert [type(one).__name__ for one in answers] == ["Failed"] * 3
        assert len(warmed) == 1
        assert len(loaded) > 5
        assert warmed[0].artifacts() == []
        assert warmed[0].registry.head().size == 0
    finally:
        doing.close()


@pytest.mark.parametrize("task", [None, Task(4, "0" * 32, PRESET, {})])
def test_what_dask_gives_up_is_lost_and_what_it_cannot_run_is_told(task: Task | None) -> None:
    """A task that several workers died on comes back once, then it is the row's; a worker without our code is no row's fault."""
    from types import SimpleNamespace

    scheduler = pytest.importorskip("distributed.scheduler", reason="DASK IS NOT TESTED: pip install 'impasto[scale]'")
    from engines.batch import dask_cluster

    killed = scheduler.KilledWorker("key", SimpleNamespace(address="tcp://w"), 3)
    answer = dask_cluster._unforeseen(task, killed)
    if task is not None:
        assert isinstance(answer, Failed)
        assert (answer.number, answer.standing, answer.worker) == (4, "lost", "tcp://w")
        assert answer.message == "4 workers died one after the other"
        assert answer.attempts < ATTEMPTS_MAX <= 2 * answer.attempts
    else:
        assert answer is None
    with pytest.raises(WorkerNotReadyError, match="No module named 'engines'"):
        dask_cluster._unforeseen(task, ModuleNotFoundError("No module named 'engines'"))


def test_the_command_line_takes_who_renders_and_where_outcomes_go(
    store: Path, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """From the options to the file; without a table they mean nothing, and a scheduler that is none is refused before any work."""
    from engines.cli.app import run

    scope = ["--preset", PRESET, "--store", str(store), "--tenant", "acme", "--env", "test"]
    batch = ["render", str(folder / "card.json"), "--data", str(folder / "rows.csv"), *scope]
    assert run([*batch, "--workers", "1", "--results", str(tmp_path / "done.csv")]) == 0
    assert len((tmp_path / "done.csv").read_text(encoding="utf-8").splitlines()) == ROWS + 1
    assert run(["render", str(folder / "card.json"), *scope, "--workers", "1"]) == 2
    assert run([*batch, "--scheduler", "10.0.0.5"]) == 1
    assert run([*batch, "--results", str(tmp_path / "done.txt")]) == 1
    told = capfd.readouterr().err
    assert [word in told for word in ("missing-option", "unknown-scheduler", "results-file")] == [True] * 3
