"""What is noted about one request and its answer: its id, one line of the log, and its place in the metrics."""

import re
import secrets
import time

from engines.http.service import Service

REQUEST_ID_HEADER = "x-request-id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What a client may choose: nothing that could forge a header or a line of a log."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Labels of metrics; anybody can send any other."""
_UNKNOWN = "unknown"
"""Stands for the route of a request that has none."""


class Exchange:
    """One request and its answer, filled in while it goes on. `given_id` is the id that the client chose, or empty."""

    def __init__(self, method: str, path: str, given_id: str) -> None:
        self.request_id = given_id if _REQUEST_ID.fullmatch(given_id) else secrets.token_hex(16)
        self.method = method
        self.path = path
        self.route = _UNKNOWN
        self.facts: dict[str, object] = {}
        """What the route adds to the line."""
        self.status = 0
        """0 while nothing was sent; it stays so for a client that went away."""
        self.sent_bytes = 0
        self._started = time.perf_counter()

    def record(self, service: Service) -> None:
        """Write the line, and count."""
        elapsed_s = time.perf_counter() - self._started
        method = self.method if self.method in _METHODS else "other"
        service.metrics.requests.labels(method, self.route, self.status).inc()
        service.metrics.seconds.labels(method, self.route).observe(elapsed_s)
        service.metrics.sent.labels(self.route).inc(self.sent_bytes)
        service.log.info(
            "answered",
            request_id=self.request_id,
            method=self.method,
            path=self.path,
            route=self.route,
            status=self.status,
            ms=round(elapsed_s * 1000, 3),
            bytes=self.sent_bytes,
            **self.facts,
        )
