"""Can an operator see what happened: by the log, the metrics and the health of the service?"""

import io
import threading
from pathlib import Path

import pytest

from engines.http.endpoints import Endpoint
from engines.http.logs import json_log
from engines.http.routes import ENDPOINTS
from engines.http.service import Service
from engines.http.settings import Settings
from engines.http.tests.served import Client, served
from engines.media_v2.errors import StoreNotFoundError
from tests.fixtures import png


def test_every_answer_is_one_line_with_the_id_that_the_client_saw(client: Client) -> None:
    """From a client's report to the line in the log."""
    given = client.get("presets", headers={"X-Request-Id": "job-7.a_b"})
    assert given.headers["x-request-id"] == "job-7.a_b"
    made = client.ask("POST", "assets", 201, content=png())
    missing = client.ask("GET", f"artifacts/{'0' * 32}", 404)
    lines = [line for line in client.logged() if line["event"] == "answered"]
    assert [line["request_id"] for line in lines] == [one.headers["x-request-id"] for one in (given, made, missing)]
    assert [line["status"] for line in lines] == [200, 201, 404]
    assert lines[1]["artifact_id"] == made.json()["artifact_id"]
    assert lines[1]["cache"] == "miss"
    assert lines[1]["bytes"] == len(made.content)
    assert lines[1]["megapixels"] == 0.002
    assert lines[1]["route"] == "/v1/{tenant}/{env}/assets"
    assert lines[2]["problem"] == "unknown-artifact"
    assert all(line["ms"] > 0 and line["timestamp"].endswith("Z") for line in lines)


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\tb", 'a"b'])
def test_an_id_that_could_forge_a_log_is_replaced(client: Client, given: str) -> None:
    """Ids end up in logs and headers."""
    answer = client.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 32


def test_what_we_did_not_foresee_is_logged_with_its_traceback(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client is told nothing but the id."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr(type(client.app.service.registry), "artifact", broken)
    answer = client.ask("GET", f"artifacts/{'0' * 32}", 500)
    assert "secret" not in answer.text
    assert answer.json()["type"] == "urn:impasto:problem:internal"
    (failed,) = [line for line in client.logged() if line["event"] == "failed"]
    assert failed["request_id"] == answer.headers["x-request-id"]
    assert "ZeroDivisionError: the secret of the house" in failed["exception"]
    assert "in broken" in failed["exception"]


def test_metrics_count_by_route_and_never_by_tenant(client: Client) -> None:
    """A dashboard sees traffic, results, cache and room; tenants are nobody's label."""
    client.upload(png())
    client.upload(png(), status=200)
    client.get("/nowhere", 404)
    client.http.request("BREW", "/v1/acme/test/presets")
    text = client.get("/metrics").text
    route = 'route="/v1/{tenant}/{env}/assets"'
    assert f'impasto_http_requests_total{{method="POST",{route},status="201"}} 1.0' in text
    assert f'impasto_http_requests_total{{method="POST",{route},status="200"}} 1.0' in text
    assert 'impasto_http_requests_total{method="GET",route="unknown",status="404"} 1.0' in text
    assert 'method="other"' in text
    assert 'impasto_creations_total{cache="hit",kind="source_asset"} 1.0' in text
    assert 'impasto_creations_total{cache="miss",kind="source_asset"} 1.0' in text
    assert f'impasto_http_request_seconds_count{{method="POST",{route}}} 2.0' in text
    assert "impasto_creations_running 0.0" in text
    assert "acme" not in text


def test_health_means_that_the_store_can_be_read(client: Client, signed_store: Path) -> None:
    """A process whose ledger is gone is no use behind a load balancer."""
    assert client.get("/healthz").json()["status"] == "ok"
    (signed_store / "ledger").rename(signed_store / "gone")
    answer = client.http.get("/healthz")
    (signed_store / "gone").rename(signed_store / "ledger")
    assert answer.status_code >= 500


def test_a_service_without_a_store_does_not_start(tmp_path: Path) -> None:
    """No store is made unasked, and no request is taken that could only fail."""
    with pytest.raises(ExceptionGroup) as told, served(tmp_path / "nothing"):
        raise AssertionError("must not start")
    assert told.group_contains(StoreNotFoundError)


def test_closing_waits_for_what_runs(signed_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is closed after the last thread that uses it, not under its hands."""
    service = Service(signed_store, Settings(), json_log(io.StringIO()))
    service.__enter__()
    started, go, closed = threading.Event(), threading.Event(), threading.Event()
    registry = service.registry
    close = registry.close
    monkeypatch.setattr(registry, "close", lambda: (closed.set(), close()))

    def work() -> bool:
        started.set()
        assert go.wait(30)
        return closed.wait(0.2)  # it is not, and so this never comes too early

    running = service.threads.submit(work)
    assert started.wait(30)
    closing = threading.Thread(target=service.__exit__, args=(None, None, None))
    closing.start()
    with service.admission._changed:
        assert service.admission._changed.wait_for(lambda: service.admission._stopped, 30)
    go.set()
    assert not running.result(30)
    closing.join(30)
    assert closed.is_set()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda one: one.name)
def test_every_route_says_what_it_is_for(endpoint: Endpoint) -> None:
    """The guide and the OpenAPI document are made from these words."""
    assert endpoint.summary.endswith(".")
    assert endpoint.replies
    assert len({one.name for one in ENDPOINTS}) == len(ENDPOINTS)
