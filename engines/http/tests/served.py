"""The service as its clients see it, in this process: an application over a store of a test, and short ways to ask it."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar.testing import TestClient

from engines.http.app import HttpApp, create_app
from engines.http.settings import Settings
from tests.fixtures import SVG, png

BASE = "/v1/acme/test"
COMPOSED = {"version": 1, "width": 96, "height": 64, "background": "#102030"}


class Client:
    """A client of one application. Every answer is checked for what all answers have."""

    def __init__(self, http: TestClient[HttpApp], log: io.StringIO) -> None:
        self.http = http
        self.log = log

    @property
    def app(self) -> HttpApp:
        return self.http.app

    def ask(self, method: str, path: str, status: int = 200, **options: Any) -> httpx.Response:
        """Send a request to a path, below the scope `BASE` unless it begins with a slash; the answer must have `status`."""
        answer = self.http.request(method, path if path.startswith("/") else f"{BASE}/{path}", **options)
        assert answer.status_code == status, f"{answer.status_code}: {answer.text}"
        assert answer.headers["x-request-id"]
        if status >= 400 and method != "HEAD":
            problem = answer.json()
            assert answer.headers["content-type"] == "application/problem+json"
            assert problem["status"] == status
            assert problem["type"].startswith("urn:impasto:problem:")
            assert problem["instance"] == f"urn:impasto:request:{answer.headers['x-request-id']}"
        return answer

    def get(self, path: str, status: int = 200, **options: Any) -> httpx.Response:
        return self.ask("GET", path, status, **options)

    def post(self, path: str, body: object, status: int = 201, **options: Any) -> Any:
        """Send JSON and return the answer's."""
        return self.ask("POST", path, status, json=body, **options).json()

    def problem(self, method: str, path: str, status: int, slug: str, **options: Any) -> dict[str, Any]:
        """Send a request that must be refused so, and return the problem."""
        problem: dict[str, Any] = self.ask(method, path, status, **options).json()
        assert problem["type"] == f"urn:impasto:problem:{slug}"
        return problem

    def upload(self, content: bytes, path: str = "assets", status: int = 201, base: str = BASE) -> str:
        """Store a file and return its id."""
        answer = self.ask(
            "POST", f"{base}/{path}", status, content=content, headers={"content-type": "application/octet-stream"}
        )
        return str(answer.json()["artifact_id"])

    def composition(self, base: str = BASE) -> str:
        """Store a picture, a drawing and a composition of both, and return the composition's id."""
        photo, drawing = self.upload(png(), base=base), self.upload(SVG, "vectors", base=base)
        layers = [
            {"type": "raster", "src": f"artifact:{photo}", "width": 96, "height": 64, "fit": "cover"},
            {"type": "vector", "src": f"artifact:{drawing}", "x": 10.5, "y": 8.25, "width": 40, "blend": "screen"},
        ]
        return str(self.post(f"{base}/compositions?name=card", COMPOSED | {"layers": layers})["artifact_id"])

    def logged(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


@contextmanager
def served(store: Path, settings: Settings | None = None) -> Iterator[Client]:
    """Serve the store at `store` while the context lasts."""
    log = io.StringIO()
    with TestClient(create_app(store, settings, log), raise_server_exceptions=False) as http:
        client = Client(http, log)
        yield client
    service = client.app.service
    assert (service.bodies.taken, service.requests.taken) == (0, 0), "a request kept its room"
