"""Which worker does a task, and when is there a new one?

A `Pool` belongs to whoever makes it and is closed with its owner; nothing here is global. Workers start when they are first needed (or
announced by `Pool.start`), wait for more work, and are replaced when they die, are killed, or have worked for long. Threads may ask at
once: each has a worker of its own, and waits for one when all are taken. The main path is `Pool.call`.
"""

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from engines.isolation import frames, worker
from engines.isolation.errors import WorkerStartError
from engines.isolation.process import Outcome, Process
from engines.isolation.worker import Request

__all__ = ["Outcome", "Pool"]

WORKERS_MAX = 64
"""Of one pool: more than any machine has use for, each some 60 MB."""

MEMORY_BYTES = 4 * 1024**3
"""Address space of a worker, its libraries' included (0.3 GB, little of it in use): pictures of 100 million pixels, 0.4 GB each, eight
at a time. A task that needs less says so (`memory_bytes` of `Pool.call`)."""

REQUEST_BYTES_MAX = 640 * 1024 * 1024
"""Of the buffers that a task is given: a folder of fonts, 512 MB, and a document of 64 MB."""

TASK_S = 10.0
"""Wall-clock seconds of a task that asks for no others."""

TASKS_PER_WORKER_MAX = 10_000
"""Then a worker is replaced, so that what a library leaks or a hostile file left behind does not stay for ever."""


class Pool:
    """Workers for a fixed table of `tasks`: name -> "module:function", a `worker.Task`. Several threads may use one object."""

    def __init__(
        self, tasks: Mapping[str, str], *, workers: int | None = None, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        """Nothing is started yet. `workers` is how many there may be at once: as many as processors without it."""
        wanted = os.cpu_count() or 1 if workers is None else workers
        assert wanted >= 1
        self._terms = worker.Terms(dict(tasks), memory_bytes, REQUEST_BYTES_MAX)
        self._workers_max = min(wanted, WORKERS_MAX)
        self._room = threading.Semaphore(self._workers_max)
        self._lock = threading.Lock()
        self._idle: list[Process] = []
        self._busy = 0
        self._closed = False
        self._owner = os.getpid()
        self._end = weakref.finalize(self, _end_all, self._idle)

    def call(
        self,
        task: str,
        value: object = None,
        buffers: Sequence[frames.Buffer] = (),
        *,
        seconds: float = TASK_S,
        cpu_seconds: float | None = None,
        memory_bytes: int | None = None,
        once: bool = False,
    ) -> Outcome:
        """Run `task` in a worker within `seconds`, not counting the wait for a free one and its start. With `cpu_seconds` also within so
        much time of a processor, which does not run faster on a machine that is busy. With `memory_bytes` it may take so much beside
        what its worker has already, instead of all that a worker may. With `once` the worker ends after it, so that nothing of this
        input is left where another's is worked on.

        `value` is anything that msgspec writes; structs arrive as mappings. The buffers that come back are the caller's. Raises the
        EngineError that the task raised, WorkerTimeLimitError, WorkerMemoryLimitError, WorkerDiedError; WorkerFaultError and
        WorkerStartError, which are not the input's fault. Costs about 0.1 ms over the task itself, and 0.2 ms per MB.
        """
        assert task in self._terms.tasks, "tasks are a fixed table"
        request = Request(task, value, seconds, cpu_seconds, memory_bytes)
        with self._room:
            process = self._taken()
            try:
                return process.ask(request, buffers)
            finally:
                if once:
                    process.close()
                self._put_back(process)

    def start(self, task: str, workers: int = 1) -> None:
        """Have up to `workers` workers start and import what `task` needs, while the caller does something else; returns in some ms.

        A hint: where workers wait already, or none can be started, nothing happens.
        """
        assert task in self._terms.tasks, "tasks are a fixed table"
        with self._lock:
            if self._closed or self._owner != os.getpid():
                return
            for _ in range(len(self._idle), min(workers, self._workers_max - self._busy)):
                try:
                    process = Process(self._terms)
                    process.load(task)
                except WorkerStartError:
                    return
                self._idle.append(process)

    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the workers that wait for work."""
        with self._lock:
            return tuple(process.pid for process in self._idle)

    def close(self) -> None:
        """End all workers; those at work end when their task does. A closed pool is asked nothing any more."""
        with self._lock:
            self._closed = True
            idle, self._idle[:] = list(self._idle), []
        for process in idle:
            process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _taken(self) -> Process:
        """Return an idle worker, the one that worked last, or a new one."""
        with self._lock:
            assert not self._closed, "the pool is closed"
            if self._owner != os.getpid():  # a fork: these workers are the other process's
                self._owner, self._idle[:], self._busy = os.getpid(), [], 0
            process = self._idle.pop() if self._idle else None
            self._busy += 1
        if process is not None and not process.is_alive():
            process.close()
            process = None
        try:
            return process or Process(self._terms)
        except BaseException:
            with self._lock:
                self._busy -= 1
            raise

    def _put_back(self, process: Process) -> None:
        with self._lock:
            self._busy -= 1
            if process.is_usable and not self._closed and process.asked < TASKS_PER_WORKER_MAX:
                self._idle.append(process)
                return
        process.close()


def _end_all(idle: list[Process]) -> None:
    for process in idle:
        process.close()
