"""How is a small batch done in this process, by threads?

Nothing has to start, so that this is the quickest way for a handful of rows. A library that crashes takes the batch with it.
"""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self

from engines.batch import doing
from engines.batch.tasks import Answer, Place, Source, Task, Tell
from engines.workspace import Workspace

AT_ONCE_MAX = 4
"""Tasks that are drawn at the same time, each with a canvas of its own in memory. More threads than that wait for the interpreter's lock
rather than draw."""


def threads_of_each(cores: int) -> int:
    """How many threads the compositor should use for each of the tasks that are drawn at the same time on `cores`. Two tasks with one
    thread each are done a sixth sooner than two with two."""
    return max(1, cores // AT_ONCE_MAX)


class Threads:
    """Implements `schedulers.Scheduler` with `workers` threads."""

    def __init__(self, work: Workspace, workers: int, tell: Tell | None = None) -> None:
        """Work in the scope of `work`, which stays the caller's."""
        self._work = work
        self._workers = min(workers, AT_ONCE_MAX)
        self._tell = tell

    def start(self, place: Place) -> None:
        """Nothing has to start: the store is open already."""

    def run(self, source: Source) -> Iterator[Answer]:
        """Yield an answer for each task of `source`, in the order of being done."""
        at_work: set[Future[Answer]] = set()
        with ThreadPoolExecutor(self._workers) as pool:
            while True:
                while len(at_work) < self._workers and (task := source()) is not None:
                    at_work.add(pool.submit(self._do, task))
                if not at_work:
                    return
                done, at_work = wait(at_work, return_when=FIRST_COMPLETED)
                for one in done:
                    yield one.result()

    def close(self) -> None:
        """Nothing was started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _do(self, task: Task) -> Answer:
        return doing.do(self._work, task, self._preparing)

    def _preparing(self, done: int, total: int) -> None:
        if self._tell is not None:
            self._tell("preparing kernels (once)", done, total)
