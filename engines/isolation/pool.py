"""Which worker does a task, and when is there a new one?

A `Pool` belongs to whoever makes it and is closed with its owner; nothing here is global. Workers start when they are first needed, wait
for more work, and are replaced when they die, are killed, or have worked for long. Threads may ask at once: each has a worker of
its own, and waits for one when all are taken. The main path is `Pool.call`.
"""

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from engines.isolation import frames, worker
from engines.isolation.process import Outcome, Process

__all__ = ["Outcome", "Pool"]

WORKERS_MAX = 64
"""Of one pool: more than any machine has use for, each some 60 MB."""

MEMORY_BYTES = 2 * 1024**3
"""Address space of a worker, its libraries' included (0.3 GB, little of it in use): pictures of 100 million pixels with room to work."""

REQUEST_BYTES_MAX = 256 * 1024 * 1024
"""Of the buffers that a task is given: files of 64 MB, several of them."""

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
        self._room = threading.Semaphore(min(wanted, WORKERS_MAX))
        self._lock = threading.Lock()
        self._idle: list[Process] = []
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
        once: bool = False,
    ) -> Outcome:
        """Run `task` in a worker within `seconds`, not counting the wait for a free one. With `once` the worker ends after it, so that
        nothing of this input is left where another's is worked on.

        `value` is anything that msgspec writes; structs arrive as mappings. The buffers that come back are the caller's. Raises the
        EngineError that the task raised, WorkerTimeLimitError, WorkerMemoryLimitError, WorkerDiedError; WorkerFaultError and
        WorkerStartError, which are not the input's fault. Costs about 0.1 ms over the task itself, and 0.2 ms per MB.
        """
        assert task in self._terms.tasks, "tasks are a fixed table"
        with self._room:
            process = self._taken()
            try:
                return process.ask(task, value, buffers, seconds)
            finally:
                if once:
                    process.close()
                self._put_back(process)

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
                self._owner, self._idle[:] = os.getpid(), []
            process = self._idle.pop() if self._idle else None
        if process is not None and not process.is_alive():
            process.close()
            process = None
        return process or Process(self._terms)

    def _put_back(self, process: Process) -> None:
        with self._lock:
            if process.is_usable and not self._closed and process.asked < TASKS_PER_WORKER_MAX:
                self._idle.append(process)
                return
        process.close()


def _end_all(idle: list[Process]) -> None:
    for process in idle:
        process.close()
