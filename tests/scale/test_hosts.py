"""Do several hosts work on one store, with one PostgreSQL and one bucket and nothing else in common? Real servers, real processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from bench.servers import ACCESS_KEY, SECRET_KEY, object_server
from engines.http.tests.test_server import _stopped, process
from engines.image_core.service import remake
from engines.media_v2.audit import audit
from engines.media_v2.errors import MissingOptionError, StoreNotFoundError
from engines.media_v2.events import RenderCompleted
from engines.media_v2.places import places_of
from engines.media_v2.registry import Registry
from engines.media_v2.stores import check_ledger, init_store
from engines.workspace import Workspace
from ledger import CopiedLedgerError
from ledger.copying import copy_ledger, promote_orphan
from ledger.postgres.turns import DatabaseTurns, lock_number
from tests.postgres_server import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
COMPOSED: dict[str, Any] = {
    "version": 1,
    "width": 320,
    "height": 200,
    "layers": [
        {"type": "text", "text": "two hosts", "font": "Inter", "size": 40, "color": "#203040", "x": 20, "y": 60}
    ],
}
ROWS = 24
PLACE = "/v1/acme/test"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """A bucket on loopback, and credentials where clients look for them."""
    before = dict(os.environ)
    os.environ.update({"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": "us-east-1"})
    with object_server("media") as found:
        os.environ["AWS_ENDPOINT_URL_S3"] = found
        yield found
    os.environ.clear()
    os.environ.update(before)


def _host(folder: Path, address: str, endpoint: str) -> Path:
    """A store file in a folder of its own, as it lies on one host."""
    folder.mkdir()
    file = folder / "store.toml"
    file.write_text(
        f'ledger = "{address}"\nblobs = "s3://media/{address.rpartition("#")[2]}"\ncache = "cache"\n'
        f'[objects]\nendpoint = "{endpoint}"\nregion = "us-east-1"\n',
        encoding="utf-8",
    )
    return file


def _completed(store: Path | str) -> list[RenderCompleted]:
    with Registry.open(store, read_only=True) as registry:
        return [event for _, event in registry.ledger.read() if isinstance(event, RenderCompleted)]


def test_a_render_that_two_hosts_are_asked_for_is_drawn_once(
    tmp_path: Path, postgres_address: str, endpoint: str
) -> None:
    """Sixteen requests, half to each service of two processes; they have no folder in common. Then each host audits and remakes what
    the other drew."""
    here, there = (_host(tmp_path / name, postgres_address, endpoint) for name in ("here", "there"))
    assert init_store(here, with_key=True)
    assert not init_store(there)
    with ExitStack() as stack:
        (first, one), (second, other) = (stack.enter_context(process(host, workers=2)) for host in (here, there))
        for client in (one, other):
            client.headers["Connection"] = "close"  # so that the processes of a service share the requests
        made = one.post(f"{PLACE}/compositions", json=COMPOSED).json()["artifact_id"]
        path = f"{PLACE}/compositions/{made}/renders"
        with ThreadPoolExecutor(16) as threads:
            asked = [
                threads.submit((one, other)[at % 2].post, path, json={"preset_id": "web_small"}) for at in range(16)
            ]
            answers = [each.result() for each in asked]
        assert {answer.status_code for answer in answers} <= {200, 201}
        assert sorted(answer.status_code for answer in answers).count(201) == 1
        (artifact_id,) = {answer.json()["artifact_id"] for answer in answers}
        content = f"{PLACE}/artifacts/{artifact_id}/content"
        picture = one.get(content).content
        assert other.get(content).content == picture
        sent = other.get(f"{content}?redirect=1")
        assert sent.status_code == 307
        assert sent.headers["location"].startswith(f"{endpoint}/media/")
        assert "SECRET" not in sent.headers["location"].upper()
        log = [line for running in (first, second) for line in _stopped(running)]
        assert sum(line.get("method") == "POST" for line in log) == 17
    assert len(_completed(there)) == 1
    for host in (here, there):
        report = audit(host, remake)
        assert report.ok, report.findings
        assert report.remade == 1
    assert check_ledger(places_of(there), None).ok


def test_an_address_alone_is_enough_where_nothing_is_signed(postgres_address: str, endpoint: str) -> None:  # noqa: ARG001
    """The database says where the blobs are; secrets of the address are in nothing that anybody sees."""
    with pytest.raises(MissingOptionError, match="say where they are to be"):
        init_store(postgres_address)
    with pytest.raises(StoreNotFoundError) as missing:
        Registry.open(postgres_address)
    assert PASSWORD not in str(missing.value)
    assert init_store(postgres_address, blobs="s3://media/alone")
    assert not init_store(postgres_address, blobs="s3://media/elsewhere")
    with Workspace.open(postgres_address, tenant="acme", env="test") as work:
        composition = work.compose(COMPOSED).artifact
        rendered = work.render(composition.artifact_id, "web_small")
        assert work.content(rendered.artifact)[:4] == b"RIFF"
        assert PASSWORD not in work.registry.name
        assert not work.registry.ledger.signs
    assert audit(postgres_address).ok


def test_a_backup_is_audited_as_it_is_and_takes_over_when_the_original_is_lost(
    tmp_path: Path, postgres_address: str, endpoint: str
) -> None:
    """The drill of the guide: a copy of the ledger beside the blobs is checked and made again, refuses events, and then takes them."""
    host = _host(tmp_path / "host", postgres_address, endpoint)
    init_store(host, with_key=True)
    with Workspace.open(host, tenant="acme", env="test") as work:
        work.render(work.compose(COMPOSED).artifact.artifact_id, "web_small")
    copied = copy_ledger(postgres_address, tmp_path / "host" / "copy")
    backup = tmp_path / "host" / "backup.toml"
    backup.write_text(host.read_text(encoding="utf-8").replace(f'"{postgres_address}"', '"copy"'), encoding="utf-8")
    report = audit(backup, remake)
    assert report.ok, report.findings
    assert (report.remade, report.events) == (1, copied.size)
    with pytest.raises(CopiedLedgerError):
        Workspace.open(backup, tenant="acme", env="test").__enter__()
    promote_orphan(tmp_path / "host" / "copy")
    with Workspace.open(backup, tenant="acme", env="test") as work:
        work.compose(COMPOSED | {"width": 64})
    assert audit(backup).ok


def test_a_bucket_alone_is_a_store(endpoint: str) -> None:  # noqa: ARG001
    """Ledger and blobs under one prefix, without any database: for archives."""
    assert init_store("s3://media/archive")
    assert not init_store("s3://media/archive")
    with Workspace.open("s3://media/archive", tenant="acme", env="test") as work:
        composition = work.compose(COMPOSED).artifact
        first = work.render(composition.artifact_id, "web_small")
        assert work.render(composition.artifact_id, "web_small").artifact == first.artifact
    assert len(_completed("s3://media/archive")) == 1
    assert check_ledger(places_of("s3://media/archive"), None).ok


def test_turns_exclude_each_other_among_hosts_and_the_dead_let_go(postgres_address: str) -> None:
    """A process that is killed in the middle of its turn holds nobody up."""
    program = (
        "import sys\nfrom ledger.postgres.turns import DatabaseTurns\n"
        "with DatabaseTurns(sys.argv[1]).turn('aa'):\n    print('held', flush=True)\n    sys.stdin.readline()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, postgres_address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    turns, had = DatabaseTurns(postgres_address), threading.Event()

    def take() -> None:
        with turns.turn("aa"):
            had.set()

    waiting = threading.Thread(target=take)
    waiting.start()
    with turns.turn("bb"):
        assert not had.wait(0.3)
    other.kill()
    other.communicate()
    assert had.wait(30)
    waiting.join()
    turns.close()
    assert lock_number("one", "aa") != lock_number("two", "aa")


def test_work_goes_on_without_turns_where_the_server_is_gone() -> None:
    """A turn saves work and keeps nothing safe, so that no render fails for want of one."""
    with DatabaseTurns("postgresql://127.0.0.1:9/nowhere?connect_timeout=1#x").turn("aa"):
        pass


@pytest.mark.slow
def test_a_worker_that_is_killed_in_a_batch_loses_nothing_and_draws_nothing_twice(
    tmp_path: Path, postgres_address: str, endpoint: str
) -> None:
    """Two processes on one database and bucket; one is killed with rows at work, and its turns and its row go to the other."""
    host = _host(tmp_path / "host", postgres_address, endpoint)
    init_store(host)
    template, rows, results = (tmp_path / name for name in ("card.json", "rows.csv", "done.jsonl"))
    card = COMPOSED | {"layers": [COMPOSED["layers"][0] | {"text": "{{word}}"}]}
    template.write_text(json.dumps(card), encoding="utf-8")
    rows.write_text("word\n" + "".join(f"row {number}\n" for number in range(ROWS)), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "engines.cli",
        "render",
        str(template),
        "--data",
        str(rows),
        "--preset",
        "web_small",
    ]
    command += ["--store", str(host), "--tenant", "acme", "--env", "test", "--workers", "2", "--results", str(results)]
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    part = results.with_name("done.jsonl.part")
    while running.poll() is None and not (part.exists() and part.read_bytes().count(b"\n") >= 2):
        time.sleep(0.01)
    killed = [pid for pid in _children(running.pid) if b"worker_process" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(killed[0], signal.SIGKILL)
    _, told = running.communicate(timeout=240)
    assert running.returncode == 0, told
    done = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    assert [one["row"] for one in done] == list(range(1, ROWS + 1))
    assert not any(one["error_type"] for one in done)
    completed = _completed(host)
    assert len(completed) == len({event.render_key for event in completed}) == ROWS
    assert audit(host).ok


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


@pytest.mark.slow
def test_the_scale_demo_walks_the_whole_way(tmp_path: Path, postgres_address: str) -> None:
    """With few cards: its servers, cluster, audit, copy and comparison are those of `make scale-demo`."""
    del postgres_address  # only so that this is skipped where PostgreSQL is missing
    command = [sys.executable, "docs/examples/scaling/scale_demo.py", "--dir", str(tmp_path / "demo"), "--cards", "6"]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "demo" / "shared.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 6
    assert json.dumps(rows).count("web_small") >= 6
    assert "root of the copy in a folder" in done.stdout
