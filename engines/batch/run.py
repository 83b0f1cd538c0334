"""How does a plan become renders? Its compositions are stored one after the other, each becomes tasks, and answers become outcomes.

Storing goes on while workers render. This is also where it is decided what is tried again, and when a batch stops: schedulers only do.
The main path is `run_batch`.
"""

import collections
import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from engines.batch import results
from engines.batch.doing import ROW_FAULTS
from engines.batch.errors import BatchRowError, BatchStoppedError
from engines.batch.plan import OnError, Plan, Planned, Source, row_fault
from engines.batch.schedulers import Scheduler
from engines.batch.tasks import Answer, Done, Failed, Task
from engines.image_core import layer_sources
from engines.image_core.sources import ARTIFACT_SCHEME, FolderReader
from engines.media_v2.presets import NO_OVERRIDES, Overrides
from engines.workspace import Workspace

ATTEMPTS_MAX = 3
"""How often a task is tried that its worker died on, or that the store failed: twice may be an accident."""

NOT_RENDERED = "not-rendered"
"""The cause told for rows that a batch which stopped did not begin."""


class Outcome(NamedTuple):
    """What became of one row with one preset: a render, or the reason why there is none."""

    row: int
    name: str
    preset_id: str
    rendered: Done | None
    fault: BatchRowError | None
    attempts: int = 0


class Batch(NamedTuple):
    """The outcomes in the order of the rows, and the columns that the template does not use."""

    outcomes: tuple[Outcome, ...]
    unused: tuple[str, ...]


Hear = Callable[[Outcome, int, int], None]
"""Told (an outcome as it comes, how many there are now, of how many)."""


def run_batch(
    work: Workspace,
    plan: Plan,
    presets: Sequence[str],
    scheduler: Scheduler,
    *,
    overrides: Overrides = NO_OVERRIDES,
    out_dir: Path | None = None,
    on_error: OnError = "stop",
    results_file: Path | None = None,
    hear: Hear | None = None,
) -> Batch:
    """Store the files and compositions of `plan` in the order of the rows, and render them with `scheduler`, which was started.

    A row rendered before is answered from the store. Also writes the pictures to `out_dir` and the outcomes to `results_file` where there
    are any, each as it comes. With `stop`, nothing is handed out after a fault; what workers have is finished; then the fault of the first
    row that has one is raised. Raises `BatchRowError`, `BatchStoppedError`, `ResultsFileError`, and what `Scheduler.run` raises.
    """
    hand = _Hand(work, plan, presets, overrides, on_error)
    outcomes: dict[int, Outcome] = {}
    with contextlib.ExitStack() as holding:
        kept = holding.enter_context(results.Results(results_file)) if results_file else None
        for number, outcome in _outcomes(hand, scheduler):
            outcomes[number] = outcome
            if outcome.rendered is not None and out_dir is not None:
                _write(work, outcome.rendered, out_dir)
            if kept is not None:
                kept.add(_line(outcome))
            if hear is not None:
                hear(outcome, len(outcomes), hand.total)
        assert hand.is_stopping or len(outcomes) == hand.total, "the scheduler left tasks without an answer"
        every = [outcomes.get(number) or hand.not_rendered(number) for number in range(hand.total)]
        if kept is not None:
            kept.finish([_line(outcome) for outcome in every])
    hand.raise_what_stopped(every)
    return Batch(tuple(every), plan.unused)


def _outcomes(hand: "_Hand", scheduler: Scheduler) -> Iterator[tuple[int, Outcome]]:
    for answer in scheduler.run(hand.next_task):
        yield from hand.faults()
        if (outcome := hand.judged(answer)) is not None:
            yield answer.number, outcome
    yield from hand.faults()


class _Hand:
    """Hands out the tasks of a batch, and decides what an answer means. Task number n is row n // presets with preset n % presets."""

    def __init__(
        self, work: Workspace, plan: Plan, presets: Sequence[str], overrides: Overrides, on_error: OnError
    ) -> None:
        self.total = len(plan.rows) * len(presets)
        self._work = work
        self._plan = plan
        self._presets = tuple(presets)
        self._overrides: dict[str, object] = msgspec.to_builtins(overrides)
        self._on_error = on_error
        self._shelf = _Shelf(work, plan.files)
        self._coming = iter(range(self.total))
        self._stored: tuple[int, str | BatchRowError] = (-1, "")
        self._tasks: dict[int, Task] = {}
        self._again: collections.deque[Task] = collections.deque()
        self._attempts: collections.Counter[int] = collections.Counter()
        self._faults: list[tuple[int, Outcome]] = []
        self._stopped_by: Exception | None = None
        self.is_stopping = False

    def next_task(self) -> Task | None:
        """The next task, its composition stored; None when there is none now, or no more is to be begun."""
        if self.is_stopping:
            return None
        if self._again:
            return self._again.popleft()
        for number in self._coming:
            stored = self._composition(number // len(self._presets))
            if isinstance(stored, str):
                task = Task(number, stored, self._presets[number % len(self._presets)], self._overrides)
                self._tasks[number] = task
                return task
            self._faults.append((number, self._outcome(number, fault=stored)))
            if self._on_error == "stop":
                self.is_stopping = True
                return None
        return None

    def faults(self) -> list[tuple[int, Outcome]]:
        """Outcomes of rows that did not get as far as a task, since the last call."""
        told, self._faults = self._faults, []
        return told

    def judged(self, answer: Answer) -> Outcome | None:
        """The outcome that `answer` is; None where its task is tried again, or was given up."""
        number = answer.number
        self._attempts[number] += answer.attempts if isinstance(answer, Failed) else 1
        task = self._tasks[number]
        if isinstance(answer, Done):
            del self._tasks[number]
            return self._outcome(number, rendered=answer)
        if answer.standing in ("store", "lost") and self._attempts[number] < ATTEMPTS_MAX:
            self._again.append(task)  # where the batch stops, it is told as not rendered
            return None
        row = self._row(number).row
        if answer.standing == "store":
            self._stop(BatchStoppedError(row, answer.worker, answer.cause, answer.message))
        elif answer.standing == "bug":
            self._stop(RuntimeError(f"row {row}, worker {answer.worker}:\n{answer.message}"))
        elif self._on_error == "stop":
            self.is_stopping = True
        return self._outcome(number, fault=BatchRowError(row, answer.cause, answer.message, answer.fields))

    def not_rendered(self, number: int) -> Outcome:
        """What is told of a row that was not begun, or was given up."""
        reason = "the batch stopped before it was rendered"
        return self._outcome(number, fault=BatchRowError(self._row(number).row, NOT_RENDERED, reason, {}))

    def raise_what_stopped(self, outcomes: Sequence[Outcome]) -> None:
        """Raise what stopped the batch; of several rows with faults, the first row's."""
        if self._stopped_by is not None:
            raise self._stopped_by
        if self._on_error == "stop":
            for outcome in outcomes:
                if outcome.fault is not None and outcome.fault.fields["cause"] != NOT_RENDERED:
                    raise outcome.fault

    def _stop(self, error: Exception) -> None:
        self.is_stopping = True
        self._stopped_by = self._stopped_by or error

    def _row(self, number: int) -> Planned:
        return self._plan.rows[number // len(self._presets)]

    def _outcome(self, number: int, *, rendered: Done | None = None, fault: BatchRowError | None = None) -> Outcome:
        row, preset_id = self._row(number), self._presets[number % len(self._presets)]
        return Outcome(row.row, row.name, preset_id, rendered, fault, self._attempts[number])

    def _composition(self, index: int) -> str | BatchRowError:
        """The id of the stored composition of a row, or its fault; rows come in order, each for all presets."""
        if self._stored[0] != index:
            self._stored = (index, _stored(self._work, self._shelf, self._plan.rows[index]))
        return self._stored[1]


class _Shelf:
    """The files of a batch as artifacts, each stored when the first row needs it."""

    def __init__(self, work: Workspace, files: FolderReader) -> None:
        self._work = work
        self._files = files
        self._ids: dict[Source, str] = {}

    def ref(self, source: Source) -> str:
        """How a stored composition names `source`."""
        if source.ref.startswith(ARTIFACT_SCHEME):
            return source.ref
        if source not in self._ids:
            content, name = self._files.read(source.ref, source.kinds), source.ref.rsplit("/", 1)[-1]
            store = self._work.add_vector if source.drawing else self._work.add_asset
            self._ids[source] = store(content, name).artifact.artifact_id
        return ARTIFACT_SCHEME + self._ids[source]


def _stored(work: Workspace, shelf: _Shelf, planned: Planned) -> str | BatchRowError:
    if planned.document is None:
        assert planned.fault is not None
        return planned.fault
    try:
        layers = layer_sources.renamed(planned.document.layers, lambda ref, drawing: shelf.ref(Source(ref, drawing)))
        by_artifact = msgspec.structs.replace(planned.document, layers=layers)
        return work.compose(by_artifact).artifact.artifact_id
    except ROW_FAULTS as error:
        return row_fault(planned.row, error)


def _write(work: Workspace, rendered: Done, out_dir: Path) -> None:
    """Write a render's bytes to `out_dir` under the last part of its uri."""
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / rendered.uri.rsplit("/", 1)[-1]).write_bytes(work.content(rendered.artifact_id))


def _line(outcome: Outcome) -> results.Line:
    row, name, preset, rendered, fault, attempts = outcome
    if rendered is None:
        assert fault is not None
        cause = str(fault.fields["cause"])
        return results.Line(
            row=row, name=name, preset=preset, attempts=attempts, error_type=cause, error_message=str(fault)
        )
    return results.Line(
        row=row,
        name=name,
        preset=preset,
        artifact_id=rendered.artifact_id,
        uri=rendered.uri,
        sha256=rendered.sha256,
        cache=rendered.cache,
        attempts=attempts,
        elapsed_ms=rendered.elapsed_us / 1000,
    )
