"""S3-speaking servers for tests, on loopback, and a wire between them and us that can be cut.

moto keeps objects in memory, localbucket keeps them in a folder: a killed server has lost everything, or nothing. Neither checks
signatures. Both come from the package registry; a test that lacks one is skipped and says so.
"""

import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

HOST = "127.0.0.1"
BUCKET = "impasto-test"
START_S_MAX = 60
SERVERS: Mapping[str, Callable[[int, Path], list[str]]] = {
    "moto": lambda port, _: ["-m", "moto.server", "-H", HOST, "-p", str(port)],
    "localbucket": lambda port, folder: ["-m", "localbucket", "--host", HOST, "--port", str(port), str(folder)],
}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIACANARYKEYID", "AWS_SECRET_ACCESS_KEY": "canary-secret/ACCESS+key"}
"""For the environment. Nothing that we write may ever contain them."""


_SOMEBODY = (
    "AWS4-HMAC-SHA256 Credential=SOMEBODY/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=unchecked"
)


class ObjectServer:
    """One server in a process of its own."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def forgets(self) -> bool:
        """Whether a kill takes the objects with it."""
        return self.kind == "moto"

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers and has the bucket."""
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, *SERVERS[self.kind](self.port, self._folder)]
        silent = subprocess.DEVNULL
        # The tests' own folders are no part of the server's path: tests/conformance may hold a module of the same name as one of its own.
        self._process = subprocess.Popen(command, stdin=silent, stdout=silent, stderr=silent, cwd=self._folder)
        _until(self._answers)

    def kill(self) -> None:
        """End it as a power cut would: no chance to save anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"{self.kind} ended by itself"
        with suppress(OSError):
            self.ask("PUT", BUCKET)
            return True
        with suppress(OSError):
            self.ask("GET", f"{BUCKET}?list-type=2")  # it has kept the bucket, and refuses to make it again
            return True
        return False

    def ask(self, method: str, path: str, content: bytes | None = None) -> bytes:
        """Send a request past what is tested, as somebody else would. Raises `OSError` for every status that is no success."""
        headers = {"Content-Type": "application/octet-stream", "Authorization": _SOMEBODY}  # moto would wait for a form
        request = urllib.request.Request(f"{self.endpoint}/{path}", content, headers, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
            return bytes(answer.read())


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + START_S_MAX
    while not happened():
        assert time.monotonic() < end, f"not ready after {START_S_MAX} s"
        time.sleep(0.02)


@contextmanager
def running(kind: str, folder: Path) -> Iterator[ObjectServer]:
    """A running server; skips the test where it is not installed."""
    if importlib.util.find_spec(kind) is None:
        pytest.skip(f"SKIPPED LOUDLY: {kind} is not installed, so blobs on object storage are not tested against it")
    server = ObjectServer(kind, folder / kind)
    try:
        server.start()
        yield server
    finally:
        server.kill()


class Wire:
    """A TCP relay to a port. `fault` says what befalls each connection, from the next one on; `faults_left` how many of them.

    `refuse`: closed before a byte was read. `cut-request`: closed after `cut_at` bytes went to the server. `cut-answer`: the server
    gets all, and its answer is dropped after `cut_at` bytes. `silent`: the server gets all, and its answer never comes. `flip`: one
    bit of the answer is turned at `cut_at` bytes.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.fault = ""
        self.faults_left = 0
        self.cut_at = 0
        self.connections = 0
        self._listening = socket.create_server((HOST, 0))
        self.port = int(self._listening.getsockname()[1])
        self._open: list[socket.socket] = []
        self._waiting = threading.Event()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def befall(self, fault: str, times: int, cut_at: int = 0) -> None:
        """Let `fault` befall the next `times` connections, and break those that stand."""
        self.fault, self.faults_left, self.cut_at, self.connections = fault, times, cut_at, 0
        self._waiting.set()
        self._waiting = threading.Event()
        for one in self._open:
            _drop(one)
        self._open.clear()

    def close(self) -> None:
        """End all connections, and the relay."""
        self.befall("", 0)
        _drop(self._listening)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self.connections += 1
                fault = self.fault if self.faults_left > 0 else ""
                self.faults_left -= bool(fault)
                self._open.append(client)
                threading.Thread(target=self._relay, args=(client, fault), daemon=True).start()

    def _relay(self, client: socket.socket, fault: str) -> None:
        if fault == "refuse":
            _drop(client)
            return
        try:
            server = socket.create_connection((HOST, self._target), timeout=60)
        except OSError:
            _drop(client)
            return
        self._open.append(server)
        back = threading.Thread(target=self._pass_on, args=(server, client, fault, "answer"), daemon=True)
        back.start()
        self._pass_on(client, server, fault, "request")
        back.join()

    def _pass_on(self, source: socket.socket, sink: socket.socket, fault: str, what: str) -> None:
        passed, waiting = 0, self._waiting
        with suppress(OSError):
            while piece := source.recv(1 << 16):
                if fault == "silent" and what == "answer":
                    continue
                if fault == f"cut-{what}" and passed + len(piece) >= self.cut_at:
                    sink.sendall(piece[: max(0, self.cut_at - passed)])
                    break
                if fault == "flip" and what == "answer" and passed <= self.cut_at < passed + len(piece):
                    at = self.cut_at - passed
                    piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
                passed += len(piece)
                sink.sendall(piece)
        if fault == "silent" and what == "answer":
            waiting.wait()
        if fault == f"cut-{what}" or what == "answer":
            _drop(source)
            _drop(sink)
        else:
            with suppress(OSError):
                sink.shutdown(socket.SHUT_WR)


def _drop(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def wire_to(server: ObjectServer) -> Iterator[Wire]:
    """A wire to a server."""
    wire = Wire(server.port)
    try:
        yield wire
    finally:
        wire.close()


def clean_environment(patch: pytest.MonkeyPatch, home: Path) -> None:
    """Leave nothing of the machine's own credentials and settings, and put the canaries in."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    patch.setenv("HOME", str(home))
    for name, value in CREDENTIALS.items():
        patch.setenv(name, value)
