"""How is one worker process started, asked, and ended? The parent's side of `worker`."""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from engines.errors import EngineError
from engines.isolation import frames, worker
from engines.isolation.errors import (
    WorkerDiedError,
    WorkerFaultError,
    WorkerMemoryLimitError,
    WorkerStartError,
    WorkerTimeLimitError,
)

START_S_MAX = 60.0
"""Until a worker has imported a task: 0.05 to 0.3 s, much more on a machine that is busy with other things."""

TOLD_BYTES_MAX = 2_000
"""Of what a dying worker said."""

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[3]); "
    "from engines.isolation import worker; worker.main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[4].encode())"
)
_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 1024 * 1024),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 1024 * 1024),
}
"""All that a worker knows of its surroundings. Threads of libraries that no task uses would reserve address space. glibc keeps up to 64 MB
of what was freed: else every picture's pages are faulted in anew, a tenth of the time of a drawing of 512 px."""

_OUT_OF_MEMORY = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"out of memory")
"""What Rust, C++ and Python say before they give up."""


class Outcome(NamedTuple):
    """What a task returned; see `frames.Frame`."""

    value: Any
    buffers: tuple[bytearray, ...]


class Process:
    """One worker. Not for several threads at once; `is_usable` tells whether it may be asked again."""

    def __init__(self, terms: worker.Terms) -> None:
        """Start a worker; it gets ready by itself. Raises WorkerStartError."""
        self.is_usable = True
        self.asked = 0
        self._told_to_load: set[str] = set()
        self._loading = 0
        self._terms = terms
        self._said = os.memfd_create("impasto-worker", os.MFD_CLOEXEC)
        try:
            self._link, self._lifeline, self._child = _start(terms, self._said)
        except OSError as error:
            os.close(self._said)
            raise WorkerStartError(str(error)) from error

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def is_alive(self) -> bool:
        """Tell whether the process is there."""
        return self._child.poll() is None

    def load(self, task: str) -> None:
        """Tell the worker to import what `task` needs; does not wait for it. Raises WorkerStartError."""
        if task in self._told_to_load:
            return
        self._told_to_load.add(task)
        try:
            frames.send(self._link, worker.Load(task), (), time.monotonic() + START_S_MAX)
        except (frames.Late, OSError) as error:
            raise self._not_started() from error
        self._loading += 1

    def ask(self, request: worker.Request, buffers: Sequence[frames.Buffer]) -> Outcome:
        """Do a request within its limits; not counted is what its task imports first.

        Raises the typed error that the task raised, or an IsolationError; then look at `is_usable`.
        """
        if sum(memoryview(buffer).nbytes for buffer in buffers) > self._terms.request_bytes:
            raise WorkerMemoryLimitError(request.task, self._terms.request_bytes)
        self.load(request.task)
        self._await_loaded()
        deadline = time.monotonic() + request.seconds
        self.asked += 1
        try:
            frames.send(self._link, request, buffers, deadline)
            frame = frames.receive(self._link, self._terms.memory_bytes, deadline)
            answer = _answer(frame)
        except frames.Late as error:
            self.close()
            raise WorkerTimeLimitError(request.task, request.seconds) from error
        except (EOFError, OSError, frames.FrameError, msgspec.ValidationError) as error:
            raise self._epitaph(request) from error
        except BaseException:
            self.close()  # the answer to this request must not be taken for the next one's
            raise
        return self._outcome(request, answer, frame.buffers)

    def close(self) -> None:
        """Kill the process, wait for its end, and let go of all that it held."""
        if not self.is_usable:
            return
        self.is_usable = False
        self._child.kill()
        self._link.close()
        os.close(self._lifeline)
        os.close(self._said)
        self._child.wait()

    def _await_loaded(self) -> None:
        try:
            while self._loading:
                answer = _answer(frames.receive(self._link, 0, time.monotonic() + START_S_MAX))
                self._loading -= 1
                if isinstance(answer, worker.Fault):
                    raise self._not_started(answer.told)
        except (frames.Late, frames.FrameError, EOFError, OSError, msgspec.ValidationError) as error:
            raise self._not_started() from error
        except BaseException:
            self.close()
            raise

    def _not_started(self, told: str = "") -> WorkerStartError:
        """Say why the process is of no use, and bury it."""
        said = told or self._told()
        self.close()
        return WorkerStartError(said or "it says nothing")

    def _outcome(self, request: worker.Request, answer: worker.Answer, buffers: tuple[bytearray, ...]) -> Outcome:
        match answer:
            case worker.Done(value):
                return Outcome(value, buffers)
            case worker.Refused():
                raise _rebuilt(answer)
            case worker.OutOfMemory():
                self.close()
                raise self._too_large(request)
            case worker.Fault(told):
                self.close()
                raise WorkerFaultError(request.task, told)

    def _epitaph(self, request: worker.Request) -> EngineError:
        """Say why the process died, and bury it."""
        try:
            code = self._child.wait(1.0)
        except subprocess.TimeoutExpired:  # it wrote something that is no frame, and lives
            code = 0
        told = self._told().encode()
        self.close()
        if code in (-signal.SIGXCPU, -signal.SIGPROF):
            return WorkerTimeLimitError(request.task, request.cpu_seconds or request.seconds)
        if any(words in told for words in _OUT_OF_MEMORY):
            return self._too_large(request)
        return WorkerDiedError(request.task, signal.Signals(-code).name if code < 0 else f"exit code {code}")

    def _too_large(self, request: worker.Request) -> WorkerMemoryLimitError:
        return WorkerMemoryLimitError(request.task, request.memory_bytes or self._terms.memory_bytes)

    def _told(self) -> str:
        size = os.fstat(self._said).st_size
        return os.pread(self._said, TOLD_BYTES_MAX, max(0, size - TOLD_BYTES_MAX)).decode("utf-8", "replace").strip()


def _start(terms: worker.Terms, said: int) -> tuple[socket.socket, int, "subprocess.Popen[bytes]"]:
    """Return the parent's end of the link, that of the lifeline, and the child."""
    ours, theirs = socket.socketpair()
    watched, lifeline = os.pipe()
    for link in (ours, theirs):
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, frames.SOCKET_BYTES)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, frames.SOCKET_BYTES)
    path = json.dumps([entry or str(os.getcwd()) for entry in sys.path])  # noqa: PTH109 - what "" means there
    command = [sys.executable, "-I", "-S", "-X", "utf8", *(["-B"] if sys.dont_write_bytecode else [])]
    arguments = [str(theirs.fileno()), str(watched), path, msgspec.json.encode(terms).decode()]
    try:
        child = subprocess.Popen(  # noqa: S603 - this interpreter, with a program that is a constant
            [*command, "-c", _BOOT, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            env=_ENVIRONMENT,
            cwd="/",
            pass_fds=(theirs.fileno(), watched),
            start_new_session=True,  # the terminal's ^C is for the parent, which decides
        )
    except OSError:
        ours.close()
        os.close(lifeline)
        raise
    finally:
        theirs.close()
        os.close(watched)
    return ours, lifeline, child


def _answer(frame: frames.Frame) -> worker.Answer:
    answer: worker.Answer = msgspec.convert(frame.value, worker.Answer)
    return answer


def _rebuilt(refused: worker.Refused) -> EngineError:
    """Return the error that a task raised, as if it had been raised here. What names no error of an engine is a WorkerFaultError."""
    kind: object = None
    if refused.module.startswith("engines."):
        kind = getattr(importlib.import_module(refused.module), refused.name, None)
    if not (isinstance(kind, type) and issubclass(kind, EngineError)):
        return WorkerFaultError(refused.name, refused.message)
    error = kind.__new__(kind)
    EngineError.__init__(error, refused.message, **refused.fields)
    return error
