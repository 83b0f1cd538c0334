"""Tasks that misbehave on purpose, run in worker processes by the tests."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from engines.isolation import worker
from engines.isolation.errors import WorkerTimeLimitError
from engines.media_v2.errors import UnsupportedMediaError

MODULE = "engines.isolation.tests.tasks"
TABLE = {
    name: f"{MODULE}:{name}"
    for name in (
        "echo", "sleep", "spin_in_c", "eat", "crash", "leave", "refuse", "fail", "surroundings", "speak_nonsense", "rust_ends", "eat_twice",
        "mutter", "write", "work",
    )
}  # fmt: skip


def echo(value: Any, buffers: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Give back what came, and who gives it."""
    return {"value": value, "pid": os.getpid()}, buffers


def sleep(value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Wait so many seconds."""
    time.sleep(value)
    return os.getpid(), ()


def spin_in_c(value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Stay in native code that holds the interpreter's lock: no Python signal handler and no thread would ever run."""
    (pid_file,) = value if isinstance(value, list) else (None,)
    if pid_file is not None:
        with open(pid_file, "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(str(os.getpid()))
    ctypes.PyDLL(None).usleep(2_000_000_000)
    return None, ()


def eat(value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Ask for so many bytes."""
    return len(bytearray(value)), ()


def eat_twice(_value: Any, buffers: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Ask for two times what came."""
    return None, (buffers[0] * 2,)


def crash(_value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Read where nothing is."""
    ctypes.string_at(0)
    return None, ()


def leave(value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """End the process in the middle of a task."""
    os._exit(value)


def rust_ends(_value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """What Rust does when memory is out."""
    os.write(2, b"memory allocation of 123456 bytes failed\n")
    os.kill(os.getpid(), signal.SIGABRT)
    return None, ()


def work(value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Use so many seconds of a processor, in native code that holds the interpreter's lock."""
    until = time.process_time() + value
    while time.process_time() < until:
        sum(range(1_000_000))
    return None, ()


def mutter(_value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Say what Rust says when memory is out, at length, and go on."""
    with contextlib.suppress(OSError):  # the file is full; native code does not care
        for _ in range(100):
            os.write(2, b"memory allocation of 123456 bytes failed\n" * 100)
    return None, ()


def write(value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Write a file of so many bytes in memory, having asked for room for `[1]` or not."""
    size, asked = value
    with worker.may_write(asked), os.fdopen(os.memfd_create("written"), "wb", buffering=0) as file:
        return file.write(bytes(size)), ()


def refuse(value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Raise a typed error of another package."""
    raise UnsupportedMediaError(value, "by hand")


def fail(value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Raise what nobody foresaw."""
    raise ZeroDivisionError(value)


def surroundings(_value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Tell what can be seen from in here."""
    links = (os.path.realpath(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd"))  # noqa: PTH208
    return {
        "environment": dict(os.environ),
        "descriptors": sorted(links),
        "folder": os.getcwd(),  # noqa: PTH109
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "numba": "numba" in sys.modules,
        "error": WorkerTimeLimitError.__name__,
    }, ()


def speak_nonsense(_value: Any, _: Sequence[bytearray]) -> tuple[object, Sequence[bytearray]]:
    """Write what is no frame to every descriptor that takes it."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    time.sleep(30)
    return None, ()
