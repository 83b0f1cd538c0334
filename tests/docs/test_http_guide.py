"""Does the guide of the HTTP service do what it shows, against a real server?"""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import runnable

from engines.http.tests.test_server import process
from engines.media_v2.stores import init_store

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/guides/http.md"
_ADDRESS = "http://127.0.0.1:8000"


def _shown(language: str) -> str:
    """All examples of one language, in order."""
    fences = runnable.fences(GUIDE.read_text(encoding="utf-8"))
    return "\n".join(fence.body for fence in fences if fence.info == (language, "served"))


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server, and a folder with the files of the guide to stand in."""
    init_store(tmp_path / "store", with_key=True)
    runnable.write_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    with process(tmp_path / "store") as (_, client):
        yield str(client.base_url).rstrip("/")


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="the examples are for curl and jq")
def test_the_walk_with_curl_runs(address: str, tmp_path: Path) -> None:
    """Every command of the page in one shell that stops at the first failure; the picture has its deterministic name."""
    script = _shown("sh").replace(_ADDRESS, address)
    assert script.count("curl ") >= 15
    ran = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert re.fullmatch(r"card--web_small--640x360--[0-9a-f]{16}\.webp", next(tmp_path.glob("*.webp")).name)
    assert (tmp_path / "lineage.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (tmp_path / "render.tlog-proof").read_text(encoding="utf-8").startswith("c2sp.org/tlog-proof@v1")


def test_the_walk_in_python_runs(address: str) -> None:
    """In a process of its own, as a reader would."""
    program = _shown("python").replace(_ADDRESS, address) + "\nassert picture[8:12] == b'WEBP'\n"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
