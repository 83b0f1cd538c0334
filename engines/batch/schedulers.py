"""Who does the tasks of a batch, and what does every scheduler promise?

Three keep the promise: threads of this process (`threads`), a pool of local processes (`processes`), and a Dask cluster that somebody else
runs, or one that is made for the batch (`dask_cluster`). `scheduler_for` chooses.
"""

import os
import re
from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self

from engines.batch.errors import SchedulerAddressError
from engines.batch.tasks import Answer, Place, Source, Tell
from engines.workspace import Workspace

TASKS_FOR_PROCESSES = 50
"""From so many tasks on a pool of processes is the default. A worker takes 2.5 s of processor time to start, as long as 30 cards; below
that, threads are done before it pays. Threads do not draw on more than about four cores, and a library that crashes ends all of them."""

WORKERS_MAX = 256
"""Processes of a local pool: more than any machine has cores for, each some 250 MB."""

ADDRESS_RULE = (
    "name tcp://HOST:PORT or tls://HOST:PORT of a running Dask scheduler, or local[:N] for N Dask workers here"
)

_LOCAL = re.compile(r"local(?::([1-9][0-9]{0,3}))?")
_REMOTE = re.compile(r"(tcp|tls)://\S+:[0-9]{1,5}")


class Scheduler(Protocol):
    """Does tasks, several at a time, each at least once.

    Between `start` and `close` a batch calls `run` once. A scheduler takes as many tasks as it has room for and few more, asks for the next
    after every answer, and stops when it has none at work and the source has none left. It tries a task again by itself only where the
    task was never begun; all else is the source's to decide, which gets `Failed` and may hand the task out again.
    """

    def start(self, place: Place) -> None:
        """Begin to make workers ready for tasks at `place`, and return at once."""

    def run(self, source: Source) -> Iterator[Answer]:
        """Yield an answer for each task of `source`, in the order of being done. Raises `WorkerVersionError`, `WorkerNotReadyError`,
        `SchedulerLostError`."""

    def close(self) -> None:
        """Let go of the workers, and end those that were started here. Tasks that are at work then are given up."""

    def __enter__(self) -> Self:
        """Return the scheduler itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def check(address: str | None, workers: int | None) -> None:
    """Refuse what `scheduler_for` cannot mean, before anything is read. Raises `SchedulerAddressError`, `SchedulerMissingError`."""
    if workers is not None and not 1 <= workers <= WORKERS_MAX:
        raise SchedulerAddressError("workers", workers, f"give 1 to {WORKERS_MAX}")
    if address is None:
        return
    if workers is not None:
        raise SchedulerAddressError("workers", workers, "goes without --scheduler; write local:N for N Dask workers")
    local = _LOCAL.fullmatch(address)
    if local is None and not _REMOTE.fullmatch(address):
        raise SchedulerAddressError("scheduler", address, ADDRESS_RULE)
    if local is not None and int(local[1] or 1) > WORKERS_MAX:
        raise SchedulerAddressError("scheduler", address, f"at most {WORKERS_MAX} workers")
    from engines.batch import dask_cluster

    dask_cluster.check_installed()


def scheduler_for(
    work: Workspace, tasks: int, address: str | None = None, workers: int | None = None, tell: Tell | None = None
) -> Scheduler:
    """The scheduler for about `tasks` tasks: Dask where `address` names one, else `workers` local processes, or by default one for each
    core where there is enough for them to do. Raises what `check` raises."""
    check(address, workers)
    if address is not None:
        from engines.batch.dask_cluster import DaskCluster

        local = _LOCAL.fullmatch(address)
        return DaskCluster(address) if local is None else DaskCluster(workers=int(local[1] or cores()))
    wanted = workers or min(cores(), WORKERS_MAX)
    if wanted == 1 or (workers is None and tasks < TASKS_FOR_PROCESSES):
        from engines.batch.threads import Threads

        return Threads(work, wanted, tell)
    from engines.batch.processes import Processes

    return Processes(wanted, tell)
