"""Does a real process serve, share its store with others, and end as it should? Granian on a loopback port."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from engines.cli.serve_command import ServerMissingError, serve
from engines.errors import EnvironmentFault
from engines.http.server import AddressError, check_address
from engines.http.settings import SettingsError
from engines.media_v2.errors import MissingOptionError, StoreNotFoundError
from engines.media_v2.registry import Registry
from tests.fixtures import png

ROOT = Path(__file__).resolve().parents[3]
_SERVE = """
import sys
from pathlib import Path
from engines.cli.serve_command import serve
store, port, workers = sys.argv[1:]
sys.exit(serve(store=Path(store), port=int(port), workers=int(workers)))
"""
_BLUE = {"version": 1, "width": 64, "height": 64, "layers": [{"type": "solid", "color": "#0000ff"}]}
READY = "Started worker"
TIMEOUT_S = 60


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def process(store: Path, workers: int = 1) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A serving process and a client of it; the process is ended by SIGTERM when nobody did before."""
    port = free_port()
    command = [sys.executable, "-c", _SERVE, str(store), str(port), str(workers)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    with (
        subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as running,
        # A worker listens a moment after it says that it started; the transport tries again until then.
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT_S, transport=httpx.HTTPTransport(retries=8)
        ) as client,
    ):
        try:
            assert running.stderr is not None
            for _ in range(workers):
                assert any(READY in line for line in running.stderr)
            assert client.get("/healthz").status_code == 200
            yield running, client
        finally:
            if running.poll() is None:
                running.send_signal(signal.SIGTERM)
                running.communicate(timeout=TIMEOUT_S)


def _stopped(running: subprocess.Popen[str]) -> list[dict[str, object]]:
    """End a process by SIGTERM and return its log."""
    running.send_signal(signal.SIGTERM)
    _, log = running.communicate(timeout=TIMEOUT_S)
    assert running.returncode == 0, log
    return [json.loads(line) for line in log.splitlines()]


def test_a_process_serves_until_sigterm_and_signs_its_ledger(signed_store: Path) -> None:
    """Upload, content, end: exit 0, every line of the log is JSON, and nothing that was recorded is unsigned."""
    with process(signed_store) as (running, client):
        made = client.post("/v1/acme/test/assets?name=a.png", content=png())
        assert made.status_code == 201
        content = client.get(made.headers["location"] + "/content")
        assert content.content == png()
        lines = _stopped(running)
    answered = [line for line in lines if line["event"] == "answered"]
    assert [line["status"] for line in answered] == [200, 201, 200]
    with Registry.open(signed_store, read_only=True) as registry:
        last = registry.ledger.last_checkpoint()
        assert last is not None
        assert last.size == registry.head().size == 1


@pytest.mark.slow
def test_several_workers_serve_one_store(signed_store: Path) -> None:
    """What one of them registers is an artifact for all, metrics are those of all, and equal renders that race are drawn once."""
    with process(signed_store, workers=2) as (running, client):
        ids = {client.post("/v1/acme/test/assets", content=png(seed=seed)).json()["artifact_id"] for seed in range(8)}
        for _ in range(4):
            page = client.get("/v1/acme/test/artifacts", headers={"Connection": "close"}).json()
            assert {item["artifact_id"] for item in page["items"]} == ids
        text = client.get("/metrics", headers={"Connection": "close"}).text
        assert 'impasto_creations_total{cache="miss",kind="source_asset"} 8.0' in text
        composition = client.post("/v1/acme/test/compositions", json=_BLUE).json()["artifact_id"]
        path = f"/v1/acme/test/compositions/{composition}/renders"

        def render(_: int) -> httpx.Response:
            return client.post(path, json={"preset_id": "web_small"}, headers={"Connection": "close"})

        with ThreadPoolExecutor(16) as threads:
            answers = list(threads.map(render, range(16)))
        assert sorted(one.status_code for one in answers) == [200] * 15 + [201]
        assert len({one.json()["artifact_id"] for one in answers}) == 1
        _stopped(running)


def test_a_place_without_a_store_is_told_before_anything_listens(tmp_path: Path) -> None:
    """No store is made unasked, and there is no default place."""
    with pytest.raises(StoreNotFoundError):
        serve(store=tmp_path / "nothing", port=free_port())
    with pytest.raises(MissingOptionError):
        serve(store=None)


def test_an_address_that_is_taken_is_told(signed_store: Path) -> None:
    """Also when the limits are none."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(AddressError):
            serve(store=signed_store, port=taken.getsockname()[1])
    with pytest.raises(AddressError):
        check_address("203.0.113.1", 8000, 1)
    for port, workers in ((0, 1), (65_536, 1), (8000, 0), (8000, 65)):
        with pytest.raises(SettingsError):
            check_address("127.0.0.1", port, workers)
    with pytest.raises(SettingsError, match="megapixels"):
        serve(store=signed_store, port=free_port(), megapixels=0)


def test_without_the_extra_the_command_says_what_to_install(
    signed_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 3, and the name of the extra."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "granian" else name)
    with pytest.raises(ServerMissingError, match=r"granian.*pip install 'impasto\[server\]'") as told:
        serve(store=signed_store)
    assert isinstance(told.value, EnvironmentFault)


def test_the_command_line_loads_no_server() -> None:
    """Every other command would wait for it."""
    heavy = ("litestar", "granian", "structlog", "prometheus_client", "engines.http")
    code = f"import sys, engines.cli.app, engines.cli.serve_command; print([n for n in {heavy!r} if n in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
