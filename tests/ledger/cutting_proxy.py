"""An HTTP proxy on loopback that cuts connections where a test says so: before, during or after a request is carried out."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Cut = Literal["before", "during", "after"]
"""The request never gets to the server; half of it does; all of it does, but the answer does not come back."""

Choose = Callable[[str, str], Cut | None]
"""Given method and path of a request, says whether to cut it."""


class CuttingProxy(ThreadingHTTPServer):
    """Passes requests on to `port` of loopback."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = port
        self.choose: Choose = lambda _method, _path: None
        self.cuts: list[tuple[Cut, str]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: CuttingProxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        cut = self.server.choose(self.command, self.path)
        if cut is not None:
            self.server.cuts.append((cut, self.path))
            self._carry_out(cut, body)
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        connection = HTTPConnection("127.0.0.1", self.server.target, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers.items()))
        answer = connection.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        connection.close()

    def _carry_out(self, cut: Cut, body: bytes) -> None:
        if cut == "before":
            return
        connection = HTTPConnection("127.0.0.1", self.server.target, timeout=60)
        if cut == "after":
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            connection.getresponse().read()
        else:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            connection.send(body[: len(body) // 2])
        connection.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass  # noqa: N815 - the names that the base class looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def cutting_proxy(port: int) -> Iterator[CuttingProxy]:
    """A proxy that runs while the block does."""
    proxy = CuttingProxy(port)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
