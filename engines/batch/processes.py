"""How is a batch done by a pool of processes on this machine, and what becomes of a task whose process dies?

The coordinator is one thread with a socket to each worker. A worker has one task at work and one waiting, so that it is never idle while
the coordinator stores the next row. When a worker dies, another takes its place: the task that was at work is told as lost, the one that
waited is handed out again. The main path is `Processes.run`.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import msgspec

from engines.batch.errors import WorkerNotReadyError, WorkerVersionError
from engines.batch.tasks import Answer, Done, Failed, NotReady, Place, Preparing, Ready, Source, Task, Tell, Terms
from engines.batch.versions import terms_for
from engines.isolation import frames

AHEAD = 2
"""Tasks that a worker is given: one at work, one waiting."""

START_S_MAX = 300.0
"""Until a worker is ready: some 2 s, ten more where kernels are compiled for the first time, much more on a machine that is busy."""

STARTS_FAILED_MAX = 3
"""Workers that die before they are ready, one after the other, before the batch gives up."""

CLOSE_S_MAX = 20.0
"""Until a worker without tasks has closed the store, which may be waiting for its turn to sign the ledger."""

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[2]); "
    "from engines.batch import worker_process; worker_process.main(int(sys.argv[1]))"
)

Said = Ready | NotReady | Preparing | Done | Failed


class Processes:
    """Implements `schedulers.Scheduler` with `workers` processes of this interpreter."""

    def __init__(self, workers: int, tell: Tell | None = None) -> None:
        """Nothing is started yet."""
        self._wanted = workers
        self._tell = tell
        self._workers: list[_Worker] = []
        self._starts_failed = 0
        self._again: deque[Task] = deque()
        self._selector = selectors.DefaultSelector()

    def start(self, place: Place) -> None:
        """Start the workers; they open the store while the caller goes on."""
        self._terms = terms_for(place)
        for _ in range(self._wanted):
            self._hire()

    def run(self, source: Source) -> Iterator[Answer]:
        """Yield an answer for each task of `source`, in the order of being done. Raises `WorkerVersionError`, `WorkerNotReadyError`."""
        while True:
            self._hand_out(source)
            if not any(worker.tasks for worker in self._workers):
                return
            for worker in self._heard():
                said = worker.listen()
                if isinstance(said, Done | Failed):
                    worker.tasks.popleft()
                    yield said
                elif said is None:
                    yield from self._replace(worker)
                else:
                    self._note(worker, said)

    def close(self) -> None:
        """End the workers: those that are idle close the store, those at work are killed, which no store minds."""
        self._selector.close()
        deadline = time.monotonic() + CLOSE_S_MAX
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.bury(max(0.0, deadline - time.monotonic()))
        self._workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def pids(self) -> tuple[int, ...]:
        """The processes that work now, for people who look after a machine."""
        return tuple(worker.pid for worker in self._workers)

    def _hire(self) -> None:
        worker = _Worker(self._terms)
        self._workers.append(worker)
        self._selector.register(worker.link, selectors.EVENT_READ, worker)

    def _hand_out(self, source: Source) -> None:
        """Give every worker what it has room for: first all something to do, then all something to go on with. A worker that is still
        starting gets nothing where another is ready; where none is, tasks wait with those that start."""
        for level in range(1, AHEAD + 1):
            for worker in self._workers:
                if len(worker.tasks) < level and (worker.is_ready or not self._someone_is_ready()):
                    task = self._again.popleft() if self._again else source()
                    if task is None:
                        return
                    worker.hand(task)

    def _someone_is_ready(self) -> bool:
        return any(worker.is_ready for worker in self._workers)

    def _heard(self) -> list["_Worker"]:
        """The workers that said something, or died; waits for one. Raises `WorkerNotReadyError` for one that does not get ready."""
        starting = [worker.deadline for worker in self._workers if not worker.is_ready]
        wait = max(0.0, min(starting) - time.monotonic()) if starting else None
        heard = [key.data for key, _ in self._selector.select(wait)]
        late = [worker for worker in self._workers if not worker.is_ready and time.monotonic() > worker.deadline]
        if late and not heard:
            raise WorkerNotReadyError(late[0].name, "late", f"it has not opened the store within {START_S_MAX:g} s")
        return heard

    def _replace(self, worker: "_Worker") -> Iterator[Answer]:
        """Put another worker in the place of one that died, and tell which task died with it."""
        self._selector.unregister(worker.link)
        self._workers.remove(worker)
        how = worker.bury(CLOSE_S_MAX)
        lost = worker.tasks.popleft() if worker.tasks and worker.is_ready else None
        self._again.extend(worker.tasks)
        if not worker.is_ready:
            self._starts_failed += 1
            if self._starts_failed >= STARTS_FAILED_MAX:
                raise WorkerNotReadyError(worker.name, "worker-died", f"it ended while it started ({how})")
        self._hire()
        if lost is not None:
            told = f"the worker process died ({how})"
            yield Failed(
                number=lost.number, standing="lost", cause="worker-died", message=told, fields={}, worker=worker.name
            )

    def _note(self, worker: "_Worker", said: Ready | NotReady | Preparing) -> None:
        match said:
            case Ready():
                worker.is_ready, self._starts_failed = True, 0
            case Preparing(done, total):
                if self._tell is not None:
                    self._tell("preparing kernels (once)", done, total)
            case NotReady():
                if said.differences:
                    raise WorkerVersionError(worker.name, said.differences)
                raise WorkerNotReadyError(worker.name, said.cause, said.message)


class _Worker:
    """One process, seen from the coordinator."""

    def __init__(self, terms: Terms) -> None:
        """Start it and tell it the terms; it answers when it is ready."""
        self.tasks: deque[Task] = deque()
        self.is_ready = False
        self.deadline = time.monotonic() + START_S_MAX
        self.link, theirs = socket.socketpair()
        with theirs:
            self._child = _start(theirs.fileno())
        self.pid = self._child.pid
        self.name = f"process {self.pid}"
        self._send(terms)

    def hand(self, task: Task) -> None:
        """Give it a task, which it begins when it is done with the one before."""
        self.tasks.append(task)
        self._send(task)

    def listen(self) -> Said | None:
        """The next thing that it says; None when it died."""
        try:
            said: Said = msgspec.convert(frames.receive(self.link, 0).value, Said)
        except (EOFError, OSError, frames.FrameError, msgspec.ValidationError):
            return None
        return said

    def dismiss(self) -> None:
        """Ask it to go; one that is at work, or still starting, is not waited for."""
        self.link.close()
        if self.tasks or not self.is_ready:
            self._child.kill()

    def bury(self, seconds: float) -> str:
        """Wait for its end, after `seconds` by force, and tell how it ended."""
        self.link.close()
        try:
            code = self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            code = self._child.wait()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def _send(self, value: object) -> None:
        with contextlib.suppress(OSError):  # it died, which `listen` is about to notice
            frames.send(self.link, value)


def _start(link_fd: int) -> "subprocess.Popen[bytes]":
    path = json.dumps([entry or str(os.getcwd()) for entry in sys.path])  # noqa: PTH109 - what "" means there
    flags = ["-B"] if sys.dont_write_bytecode else []
    return subprocess.Popen(  # noqa: S603 - this interpreter, with a program that is a constant
        [sys.executable, *flags, "-X", "utf8", "-c", _BOOT, str(link_fd), path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # the coordinator's own is data
        pass_fds=(link_fd,),
        start_new_session=True,  # the terminal's ^C is for the coordinator, which decides
    )
