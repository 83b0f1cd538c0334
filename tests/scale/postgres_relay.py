"""A TCP proxy in front of PostgreSQL that cuts a connection at a chosen message of the client, in a chosen way.

It knows the frames of the frontend protocol (a type byte and a length, after a first message without type), and nothing of
what they mean: a test that counts through all messages of an append meets every step of it without naming any.
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Literal
from urllib.parse import urlsplit

How = Literal["before", "half", "after", "swallowed", "answered", "stall"]
"""What becomes of the chosen message: it is not sent on; half of it is; all of it is, and nothing after it; it is sent on
with all that follows, but no answer comes back, or one byte of it; half of it is sent on, and then nothing moves until the
server gives up."""

HOWS: tuple[How, ...] = ("before", "half", "after", "swallowed", "answered")


class CuttingProxy:
    """Listens on loopback; `address` is what to connect to instead of `target`, an address of a ledger."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self._server = (parts.hostname, parts.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        user = parts.netloc.rpartition("@")[0]
        self.address = (
            f"postgresql://{user}@127.0.0.1:{port}{parts.path}?sslmode=disable&gssencmode=disable#{parts.fragment}"
        )
        self.fired = threading.Event()
        self.refuses = False
        self._lock = threading.Lock()
        self._left: int | None = None
        self._how: How = "before"
        self._then: Callable[[], object] = lambda: None
        self._sockets: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def arm(self, at: int, how: How, then: Callable[[], object] = lambda: None) -> None:
        """Cut at the message number `at` from now on, counted over all connections.

        `then` is called when the server has been cut off and the client does not know it yet.
        """
        with self._lock:
            self._left, self._how, self._then = at, how, then
            self.fired.clear()

    def disarm(self) -> None:
        """Let everything pass."""
        with self._lock:
            self._left = None

    def close(self) -> None:
        """Cut all connections and end all threads."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in list(self._sockets):
            _end(one)
        for thread in self._threads:
            thread.join(20)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            try:
                server = socket.create_connection(self._server)
            except OSError:
                client.close()
                continue
            self._sockets |= {client, server}
            link = _Link(self, client, server)
            threads = [threading.Thread(target=link.forward), threading.Thread(target=link.back)]
            self._threads += threads
            for thread in threads:
                thread.start()

    def due(self) -> How | None:
        """Count one message; tell how to cut at it, if it is the one."""
        with self._lock:
            if self._left is None:
                return None
            if self._left:
                self._left -= 1
                return None
            self._left = None
            return self._how

    def done(self) -> None:
        """Note that the cut has been made."""
        then, self._then = self._then, lambda: None
        then()
        self.fired.set()


class _Link:
    """One connection through the proxy."""

    def __init__(self, proxy: CuttingProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._answer_bytes: int | None = None

    def forward(self) -> None:
        """Send on what the client sends, message by message."""
        with suppress(OSError), self._client.makefile("rb") as stream:
            head_size = 4
            while len(head := stream.read(head_size)) == head_size:
                (length,) = struct.unpack(">I", head[-4:])
                message = head + stream.read(length - 4)
                head_size = 5
                how = self._proxy.due()
                if how in ("swallowed", "answered"):
                    self._answer_bytes = 1 if how == "answered" else 0
                elif how is not None:
                    self._cut(message, how)
                    return
                self._server.sendall(message)
        _end(self._server)

    def _cut(self, message: bytes, how: How) -> None:
        if how == "stall":
            self._server.sendall(message[: len(message) // 2])
            self._proxy.done()
            return
        with suppress(OSError):
            self._server.sendall({"before": b"", "half": message[: len(message) // 2]}.get(how, message))
            self._server.shutdown(socket.SHUT_WR)
        self._proxy.done()
        _end(self._client)

    def back(self) -> None:
        """Send back what the server answers, or only take it."""
        with suppress(OSError):
            while data := self._server.recv(1 << 16):
                if self._answer_bytes is None:
                    self._client.sendall(data)
                    continue
                if self._answer_bytes:
                    self._client.sendall(data[: self._answer_bytes])
                break
        _end(self._server)
        if self._answer_bytes is not None:
            self._proxy.done()
        _end(self._client)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
