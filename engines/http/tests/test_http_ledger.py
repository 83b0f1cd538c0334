"""Is the ledger a transparency log over HTTP: would a stranger's client believe it, and does it tell nothing of tenants?"""

from pathlib import Path

from engines.http.settings import Settings
from engines.http.tests.served import Client, served
from engines.media_v2.proofs import check_content, told_event
from engines.media_v2.registry import Registry
from engines.media_v2.signing import own_vkey
from engines.media_v2.stores import init_store
from ledger import check_proof, export, parse_checkpoint, parse_vkey
from tests.fixtures import png


def _grow(client: Client, events: int) -> None:
    """Make the ledger at least so many events long: every hit is one."""
    path = f"compositions/{client.composition()}/renders"
    client.post(path, {"preset_id": "web_small"})
    while client.app.service.registry.head().size < events:
        client.post(path, {"preset_id": "web_small"}, 200)


def test_the_checkpoint_is_signed_and_grows(client: Client, signed_store: Path) -> None:
    """Each answer covers everything that was durable when it was asked for."""
    vkey = own_vkey(signed_store / "keys")
    assert vkey is not None
    sizes = []
    for seed in range(3):
        client.upload(png(seed=seed))
        answer = client.get("/v1/ledger/checkpoint")
        assert answer.headers["cache-control"] == "no-cache"
        sizes.append(parse_checkpoint(answer.content, parse_vkey(vkey)).size)
    assert sizes == [1, 2, 3]


def test_the_tiles_are_those_of_an_export(signed_store: Path, tmp_path: Path) -> None:
    """Byte for byte and path for path, entries included where they are published: what verifies a folder verifies the service."""
    with served(signed_store, Settings(publish_entries=True)) as client:
        _grow(client, 300)
        with Registry.open(signed_store) as registry:
            export(registry.ledger, tmp_path / "log")
        assert client.get("/v1/ledger/checkpoint").content == (tmp_path / "log" / "checkpoint").read_bytes()
        files = sorted(path for path in (tmp_path / "log").rglob("*") if path.is_file() and path.name != "checkpoint")
        assert len(files) >= 5
        for path in files:
            answer = client.get(f"/v1/ledger/{path.relative_to(tmp_path / 'log').as_posix()}")
            assert answer.content == path.read_bytes()
            assert "immutable" in answer.headers["cache-control"]


def test_tiles_beyond_the_checkpoint_and_other_spellings_are_missing(client: Client) -> None:
    """One path for each tile: caches and mirrors must not hold two."""
    client.upload(png())
    client.get("/v1/ledger/checkpoint")
    assert len(client.get("/v1/ledger/tile/0/000.p/1").content) == 32
    for path in (
        "0/000",
        "0/000.p/2",
        "0/000.p/0",
        "0/000.p/01",
        "0/001",
        "1/000.p/1",
        "00/000.p/1",
        "64/000",
        "x/000",
        "0/0",
        "-1/000",
    ):
        client.problem("GET", f"/v1/ledger/tile/{path}", 404, "unknown-tile")


def test_entries_are_not_published_unasked(client: Client) -> None:
    """They name every tenant, artifact and preset."""
    client.upload(png())
    client.get("/v1/ledger/checkpoint")
    client.problem("GET", "/v1/ledger/tile/entries/000.p/1", 404, "entries-not-published")


def test_a_proof_convinces_whoever_has_the_key(client: Client, signed_store: Path, tmp_path: Path) -> None:
    """The downloaded proof and the downloaded bytes, checked with nothing but the verifier key."""
    artifact_id = client.upload(png())
    proof = client.get(f"artifacts/{artifact_id}/proof").content
    content = tmp_path / "content"
    content.write_bytes(client.get(f"artifacts/{artifact_id}/content").content)
    event = told_event(check_proof(proof, own_vkey(signed_store / "keys") or "").entry)
    assert event is not None
    assert event["artifact_id"] == artifact_id
    check_content(event, content)


def test_a_store_without_a_key_says_that_it_proves_nothing(tmp_path: Path) -> None:
    """404 with the reason, for all three."""
    init_store(tmp_path / "store")
    with served(tmp_path / "store") as client:
        artifact_id = client.upload(png())
        for path in (f"artifacts/{artifact_id}/proof", "/v1/ledger/checkpoint", "/v1/ledger/tile/0/000.p/1"):
            assert "no key" in client.problem("GET", path, 404, "not-signed")["detail"]


def test_stopping_signs_what_has_grown(signed_store: Path) -> None:
    """An orderly end leaves nothing unsigned."""
    with served(signed_store) as client:
        client.upload(png())
    with Registry.open(signed_store, read_only=True) as registry:
        last = registry.ledger.last_checkpoint()
        assert last is not None
        assert last.size == registry.head().size == 1
