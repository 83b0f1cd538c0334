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
"""Until a worker has imported its tasks: some 0.3 s, much more on a machine that is busy with other things."""

TOLD_BYTES_MAX = 2_000
"""Of what a dying worker said."""

_BOOT = (
    "import sys, json; sys.path[:] = json.loads(sys.argv[3]); "
    "from engines.isolation import worker; worker.main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[4].encode())"
)
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""All that a worker knows of its surroundings. Threads of libraries that no task uses would reserve address space."""

_OUT_OF_MEMORY = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"out of memory")
"""What Rust, C++ and Python say before they give up."""


class Outcome(NamedTuple):
    """What a task returned; see `frames.Frame`."""

    value: Any
    buffers: tuple[bytearray, ...]


class Process:
    """One worker. Not for several threads at once; `is_usable` tells whether it may be asked again."""

    def __init__(self, terms: worker.Terms) -> None:
        """Start a worker and wait until it is ready. Raises WorkerStartError."""
        self.is_usable = True
        self.asked = 0
        self._terms = terms
        self._said = os.memfd_create("impasto-worker", os.MFD_CLOEXEC)
        try:
            self._link, self._lifeline, self._child = _start(terms, self._said)
        except OSError as error:
            os.close(self._said)
            raise WorkerStartError(str(error)) from error
        try:
            frames.receive(self._link, 0, time.monotonic() + START_S_MAX)
        except (frames.Late, frames.FrameError, EOFError, OSError) as error:
            told = self._told()
            self.close()
            raise WorkerStartError(told or "it says nothing") from error

    def is_alive(self) -> bool:
        """Tell whether the process is there."""
        return self._child.poll() is None

    def ask(self, task: str, value: object, buffers: Sequence[frames.Buffer], seconds: float) -> Outcome:
        """Run `task` within `seconds`. Raises the typed error that it raised, or an IsolationError; then look at `is_usable`."""
        if sum(memoryview(buffer).nbytes for buffer in buffers) > self._terms.request_bytes:
            raise WorkerMemoryLimitError(task, self._terms.request_bytes)
        deadline = time.monotonic() + seconds
        self.asked += 1
        try:
            frames.send(self._link, worker.Request(task, value, seconds), buffers, deadline)
            frame = frames.receive(self._link, self._terms.memory_bytes, deadline)
            answer: worker.Answer = msgspec.convert(frame.value, worker.Answer)
        except frames.Late as error:
            self.close()
            raise WorkerTimeLimitError(task, seconds) from error
        except (EOFError, OSError, frames.FrameError, msgspec.ValidationError) as error:
            raise self._epitaph(task, seconds) from error
        except BaseException:
            self.close()  # the answer to this request must not be taken for the next one's
            raise
        return self._outcome(task, answer, frame.buffers)

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

    def _outcome(self, task: str, answer: worker.Answer, buffers: tuple[bytearray, ...]) -> Outcome:
        match answer:
            case worker.Done(value):
                return Outcome(value, buffers)
            case worker.Refused():
                raise _rebuilt(answer)
            case worker.OutOfMemory():
                self.close()
                raise WorkerMemoryLimitError(task, self._terms.memory_bytes)
            case worker.Fault(told):
                self.close()
                raise WorkerFaultError(task, told)

    def _epitaph(self, task: str, seconds: float) -> EngineError:
        """Say why the process died, and bury it."""
        try:
            code = self._child.wait(1.0)
        except subprocess.TimeoutExpired:  # it wrote something that is no frame, and lives
            code = 0
        told = self._told().encode()
        self.close()
        if code == -signal.SIGXCPU:
            return WorkerTimeLimitError(task, seconds)
        if any(words in told for words in _OUT_OF_MEMORY):
            return WorkerMemoryLimitError(task, self._terms.memory_bytes)
        return WorkerDiedError(task, signal.Signals(-code).name if code < 0 else f"exit code {code}")

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
