"""How is a batch done on a Dask cluster? The only file that knows distributed.

The cluster is somebody else's (`tcp://host:port`), or `local[:N]`, made for this batch with N processes of one thread. Dask does what it is
good at: it finds a worker for a task, and another when that one dies. Nothing of ours queues or elects, and nothing stays on the cluster
when a batch is over, except code that was imported. Tasks carry ids and return ids. The main path is `DaskCluster.run`.
"""

import contextlib
import importlib.util
import itertools
import logging
import queue
import time
import uuid
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from engines.batch import doing
from engines.batch.errors import SchedulerLostError, SchedulerMissingError, WorkerNotReadyError, WorkerVersionError
from engines.batch.tasks import Answer, Done, Failed, NotReady, Place, Ready, Source, Task, Terms
from engines.batch.versions import terms_for

if TYPE_CHECKING:
    from distributed import Future

AHEAD = 2
"""Tasks for each thread of the cluster: one at work, one waiting."""

CONNECT_S_MAX = 30.0
"""Until the scheduler answers."""

WORKERS_S_MAX = 300.0
"""Without any worker before the batch gives up: time for a cluster that starts its workers when there is work."""

LOOK_S = 2.0
"""Between looks at how many workers there are."""

ATTEMPTS_LOST = 2
"""What a task that Dask gives up counts: several workers died in turn while they had it, it or a neighbour being the cause. Such a task is
handed in once more, without that neighbour."""


def check_installed() -> None:
    """Raises `SchedulerMissingError`."""
    if importlib.util.find_spec("distributed") is None:
        raise SchedulerMissingError


def do_there(terms: dict[str, Any], task: dict[str, Any]) -> Any:
    """Render a task on a worker: plain values in, plain values out, so that a worker with other code of ours can still say so."""
    return msgspec.to_builtins(doing.do_in(msgspec.convert(terms, Terms), msgspec.convert(task, Task)))


def make_ready(terms: dict[str, Any]) -> Any:
    """Import, compare versions and open the store, before the first task is there."""
    return msgspec.to_builtins(doing.ready(msgspec.convert(terms, Terms)))


def close_there(place: dict[str, Any]) -> int:
    """Close the store on a worker, unless another batch is using it."""
    return doing.close(msgspec.convert(place, Place))


class DaskCluster:
    """Implements `schedulers.Scheduler` with distributed."""

    def __init__(self, address: str | None = None, *, workers: int = 0) -> None:
        """Nothing is connected yet. `address` names a running scheduler; without one, `workers` are started here."""
        self._address = address
        self._count = workers
        self._name = address or f"local:{workers}"
        self._batch = uuid.uuid4().hex[:12]
        self._turns = itertools.count()
        self._finished: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._at_work: dict[str, tuple[Task, Future[Any]]] = {}
        self._readying: dict[str, Future[Any]] = {}
        self._holding = contextlib.ExitStack()
        self._client: Any = None  # distributed's methods have no types

    def start(self, place: Place) -> None:
        """Connect, and let every worker that is there now open the store while the caller goes on. Raises `SchedulerLostError`."""
        import distributed

        library: Any = distributed
        self._terms: Any = msgspec.to_builtins(terms_for(place))
        where: Any = self._address
        try:
            if where is None:
                where = self._holding.enter_context(self._made_here(library))
            self._client = self._holding.enter_context(
                library.Client(where, timeout=CONNECT_S_MAX, set_as_default=False)
            )
            for worker in self._client.nthreads():
                key = f"impasto-ready-{self._batch}-{worker}"
                future: Any = self._client.submit(make_ready, self._terms, key=key, workers=[worker], priority=1)
                self._readying[key] = future
                future.add_done_callback(self._finished.put)
        except (OSError, RuntimeError) as error:
            raise SchedulerLostError(self._name, f"it does not answer ({error})", CONNECT_S_MAX) from error

    def run(self, source: Source) -> Iterator[Answer]:
        """Yield an answer for each task of `source`, in the order of being done. Raises `WorkerVersionError`, `WorkerNotReadyError`,
        `SchedulerLostError`."""
        seen, room, look_at = time.monotonic(), 0, 0.0
        while True:
            now = time.monotonic()
            if now >= look_at:
                threads, look_at = self._threads(), now + LOOK_S
                room, seen = AHEAD * max(threads, 1), now if threads else seen
                if now - seen > WORKERS_S_MAX:
                    raise SchedulerLostError(self._name, f"it has had no worker for {WORKERS_S_MAX:g} s", WORKERS_S_MAX)
            while len(self._at_work) < room and (task := source()) is not None:
                self._submit(task)
            if not self._at_work:
                return
            with contextlib.suppress(queue.Empty):
                answer = self._answer(self._finished.get(timeout=LOOK_S))
                if answer is not None:
                    yield answer

    def close(self) -> None:
        """Take back what was not begun, let the workers close the store, and end what was started here."""
        client, self._client = self._client, None
        if client is not None and client.status == "running":
            with contextlib.suppress(OSError, RuntimeError, TimeoutError):  # a cluster that is gone needs no farewell
                client.cancel([*self._readying.values(), *(future for _, future in self._at_work.values())])
                client.run(close_there, self._terms["place"], on_error="return")
        self._readying.clear()
        self._at_work.clear()
        self._holding.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _made_here(self, library: Any) -> Any:
        """A cluster of this machine. Without the dashboard, which would want a port and another library; and without the profiler, which
        keeps frames of the drawing thread alive on another one, where some libraries' objects must not end."""
        import dask

        with dask.config.set({"distributed.worker.profile.enabled": False}):
            return library.LocalCluster(
                n_workers=self._count, threads_per_worker=1, dashboard_address=None, silence_logs=logging.ERROR
            )

    def _submit(self, task: Task) -> None:
        # A key of its own for each try: Dask must not answer from what it remembers of an earlier one.
        key = f"impasto-render-{self._batch}-{next(self._turns)}"
        future: Any = self._client.submit(do_there, self._terms, msgspec.to_builtins(task), key=key, pure=False)
        self._at_work[key] = (task, future)
        future.add_done_callback(self._finished.put)

    def _answer(self, future: "Future[Any]") -> Answer | None:
        """What a future that ended means; None where it was only about a worker that is ready. Raises what `run` raises."""
        key = str(future.key)
        about_ready = self._readying.pop(key, None) is not None
        task = None if about_ready else self._at_work.pop(key)[0]
        if future.status not in ("finished", "error"):
            raise SchedulerLostError(self._name, "the connection was lost", CONNECT_S_MAX)
        try:
            said = msgspec.convert(future.result(), Done | Failed | NotReady | Ready)
        except Exception as error:  # noqa: BLE001 - whatever a worker raised outside of our code
            return _unforeseen(task, error)
        match said:
            case NotReady():
                if said.differences:
                    raise WorkerVersionError(said.worker, said.differences)
                raise WorkerNotReadyError(said.worker, said.cause, said.message)
            case Ready():
                return None
            case _:
                return said

    def _threads(self) -> int:
        """How many threads all workers have together. Raises `SchedulerLostError`."""
        try:
            return sum(self._client.nthreads().values())
        except (OSError, RuntimeError) as error:
            raise SchedulerLostError(self._name, f"it does not answer any more ({error})", CONNECT_S_MAX) from error


def _unforeseen(task: Task | None, error: Exception) -> Answer | None:
    """A task that Dask gave up is lost; a worker that died before it was ready is nobody's loss. All else means that our code does not run
    there. Raises `WorkerNotReadyError`."""
    from distributed.scheduler import KilledWorker

    if not isinstance(error, KilledWorker):
        raise WorkerNotReadyError("of the cluster", type(error).__name__, f"{type(error).__name__}: {error}") from error
    if task is None:
        return None
    return Failed(
        number=task.number,
        standing="lost",
        cause="worker-died",
        message=f"{error.allowed_failures + 1} workers died one after the other",
        fields={},
        worker=error.last_worker.address,
        attempts=ATTEMPTS_LOST,
    )
