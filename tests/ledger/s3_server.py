"""An S3-speaking server on loopback for tests: moto's, in a process of its own that can be killed and started again.

Its puts are made atomic, see `s3_atomic_server`. It keeps objects in memory only, so a kill takes them: it is for tests of
what clients do, not of what servers keep.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

import pytest

BUCKET = "impasto-tests"
ACCESS_KEY = "impasto-tests"
SECRET_CANARY = "canary-that-no-message-may-show"  # noqa: S105 - it guards nothing
"""The secret that clients sign with; tests look for it where it must not be."""

_START_S_MAX = 60.0


class S3Server:
    """One server on a free port of loopback."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, bucket: str = BUCKET) -> None:
        """Start, and make the bucket."""
        program = Path(__file__).with_name("s3_atomic_server.py")
        command = [sys.executable, str(program), "-H", "127.0.0.1", "-p", str(self.port)]
        folder = str(Path(__file__).parent)
        self._process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S_MAX
        while True:
            try:
                if self._put(f"/{bucket}") == HTTPStatus.OK:
                    return
            except OSError:
                assert self._process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.05)

    def _put(self, path: str) -> int:
        """Put an empty body; moto checks no signature, but takes a request without one for one of another service."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request"}
        try:
            connection.request("PUT", path, headers=signed)
            return connection.getresponse().status
        finally:
            connection.close()

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextlib.contextmanager
def s3_environment(url: str) -> Iterator[None]:
    """Let clients find `url` and credentials where they look for them, in the environment."""
    names = {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_CANARY,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in names.items():
            patch.setenv(name, value)
        yield


@contextlib.contextmanager
def running_s3() -> Iterator[S3Server]:
    """A server that runs while the block does; skips the test where moto is not installed."""
    if find_spec("moto") is None or find_spec("flask") is None:
        pytest.skip("moto[server] is not installed: nothing was tested against S3")
    server = S3Server()
    server.start()
    try:
        with s3_environment(server.url):
            yield server
    finally:
        server.kill()
