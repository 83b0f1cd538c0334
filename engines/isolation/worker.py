"""What does a worker process do? It limits itself, imports tasks when it is told to, and answers one request after the other.

Runs in a process of its own; `process` starts it. What holds inside: no more memory than `Terms.memory_bytes` of address space, no
file written beyond some kB, no core dump, few descriptors, an empty environment, processor time for each request; it dies with its
parent, in the middle of native code too. What does not: code that took the process over may still read what the user may read.
The main path is `main` -> `serve`.
"""

import contextlib
import fcntl
import importlib
import math
import os
import resource
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from engines.errors import EngineError
from engines.isolation import frames

DESCRIPTORS_MAX = 64
"""Open files: some dozens of libraries and fonts while they are loaded."""

WRITTEN_BYTES_MAX = 65_536
"""Of a file: room for what a dying library says."""

LENT_BYTES_MAX = 64 * 1024 * 1024
"""Of a file in memory, for a task that asks (`may_write`): a font for a library that opens nothing but files."""

CPU_SLACK_S = 2
"""Processor seconds above a request's own limit: the parent's clock strikes first, this is for when there is no parent to look."""

Task = Callable[[Any, Sequence[bytearray]], tuple[object, Sequence[frames.Buffer]]]
"""(value, buffers) -> (value, buffers); values as `frames` carries them."""


class Terms(msgspec.Struct, frozen=True):
    """What a worker is started with; `tasks` is name -> "module:function"."""

    tasks: dict[str, str]
    memory_bytes: int
    request_bytes: int


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Import what `task` needs, so that no request's time is spent on it."""

    task: str


class Request(msgspec.Struct, frozen=True, tag="request"):
    """A task by its name, and its value; buffers travel beside it. `seconds` are by the parent's clock, `cpu_seconds` of the processor;
    `memory_bytes` is what it may take beside what the worker has."""

    task: str
    value: Any
    seconds: float
    cpu_seconds: float | None = None
    memory_bytes: int | None = None


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The value that a task returned; buffers travel beside it."""

    value: Any


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The typed error that a task raised."""

    module: str
    name: str
    message: str
    fields: dict[str, Any]


class OutOfMemory(msgspec.Struct, frozen=True, tag="memory"):
    """The task needs more memory than there is; the worker ends after this."""


class Fault(msgspec.Struct, frozen=True, tag="fault"):
    """The task raised something that is no typed error."""

    told: str


Asked = Load | Request
Answer = Done | Refused | OutOfMemory | Fault


def main(link_fd: int, lifeline_fd: int, terms: bytes) -> None:
    """Serve until the parent hangs up. `terms` are `Terms` as JSON; whoever reads `lifeline_fd` sees its end when the parent dies."""
    die_with_parent(lifeline_fd)
    agreed = msgspec.json.decode(terms, type=Terms)
    limit(agreed.memory_bytes)
    with socket.socket(fileno=link_fd) as link:
        serve(link, agreed)


def die_with_parent(lifeline_fd: int) -> None:
    """Be killed by the kernel when the other end of the pipe closes (SIGIO ends a process that does not catch it).

    PR_SET_PDEATHSIG would strike when the thread that started the worker ends, not the process.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline_fd, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline_fd, fcntl.F_SETFL, fcntl.fcntl(lifeline_fd, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(lifeline_fd, select.POLLHUP)
    if poll.poll(0):  # it died before the kernel was asked to tell
        os._exit(0)


def limit(memory_bytes: int) -> None:
    """Take away from this process what a task does not need."""
    for what, now, most in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_FSIZE, WRITTEN_BYTES_MAX, LENT_BYTES_MAX),
        (resource.RLIMIT_NOFILE, DESCRIPTORS_MAX, DESCRIPTORS_MAX),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (min(now, most), most))


@contextlib.contextmanager
def may_write(size: int) -> Iterator[None]:
    """Let the task that runs write files of `size` bytes, at most `LENT_BYTES_MAX`, until it leaves. Raises MemoryError beyond that."""
    now, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if hard != resource.RLIM_INFINITY and size > hard:
        raise MemoryError(size)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size if now == resource.RLIM_INFINITY else max(size, now), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (now, hard))


def serve(link: socket.socket, agreed: Terms) -> None:
    """Answer requests until the other side hangs up, or memory ran out."""
    tasks: dict[str, Task] = {}
    while True:
        try:
            frame = frames.receive(link, agreed.request_bytes)
        except EOFError:
            return
        buffers: Sequence[frames.Buffer] = ()
        match msgspec.convert(frame.value, Asked):
            case Load(task):
                answer = _loaded(tasks, agreed.tasks, task)
            case Request() as request:
                _forget_what_was_said()
                _limit_cpu(request.seconds)
                signal.setitimer(
                    signal.ITIMER_PROF, request.cpu_seconds or 0
                )  # SIGPROF ends a process that does not catch it
                _limit_memory(agreed.memory_bytes, request.memory_bytes)
                answer, buffers = _answered(tasks[request.task], request, frame.buffers)
                signal.setitimer(signal.ITIMER_PROF, 0)
                _limit_memory(agreed.memory_bytes, None)
        del frame
        frames.send(link, answer, buffers)
        if isinstance(answer, OutOfMemory):
            return


def _loaded(tasks: dict[str, Task], named: Mapping[str, str], task: str) -> Answer:
    module, _, name = named[task].partition(":")
    try:
        tasks[task] = getattr(importlib.import_module(module), name)
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
        _say_why()
        return Fault(f"{type(error).__name__}: {error}"[:1000])
    return Done(None)


def _answered(task: Task, request: Request, buffers: Sequence[bytearray]) -> tuple[Answer, Sequence[frames.Buffer]]:
    try:
        value, made = task(request.value, buffers)
        return Done(msgspec.to_builtins(value, builtin_types=(bytes, bytearray))), made
    except EngineError as error:
        fields = msgspec.to_builtins(error.fields, enc_hook=repr)
        return Refused(type(error).__module__, type(error).__qualname__, str(error), fields), ()
    except MemoryError:
        return OutOfMemory(), ()
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller is told
        _say_why()
        return Fault(f"{type(error).__name__}: {error}"[:1000]), ()


def _say_why() -> None:
    """Leave the traceback where whoever looks into a dead worker finds it, if there is room."""
    with contextlib.suppress(OSError):
        traceback.print_exc(file=sys.stderr)


def _limit_cpu(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + seconds) + CPU_SLACK_S
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _limit_memory(most: int, headroom: int | None) -> None:
    """Leave `headroom` bytes of address space beside what is in use now, never more than `most` in all."""
    if headroom is not None:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - half the time of a Path
            most = min(most, int(file.read().split()[0]) * resource.getpagesize() + headroom)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _forget_what_was_said() -> None:
    """Empty the file behind stderr: what a library said of an earlier input must neither fill it nor be taken for this one's."""
    with contextlib.suppress(OSError):  # no file, where a test calls this
        os.ftruncate(2, 0)
        os.lseek(2, 0, os.SEEK_SET)
