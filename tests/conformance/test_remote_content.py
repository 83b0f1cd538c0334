"""Does all that reads and writes blobs work when they lie in a bucket: the service with ranges and redirects, audits, remakes?"""

import hashlib
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from object_servers import BUCKET, CREDENTIALS, ObjectServer, Wire, clean_environment, running, wire_to

from engines.http import artifact_routes
from engines.http.tests.served import Client, served
from engines.image_core.service import remake
from engines.media_v2 import keys, object_client
from engines.media_v2.audit import audit
from engines.media_v2.blob_cache import CachedBlobs
from engines.media_v2.blob_objects import ObjectBlobs
from engines.media_v2.blobs import BlobStore
from engines.media_v2.errors import BlobStoreError
from engines.media_v2.object_settings import ObjectSettings
from engines.media_v2.registry import Registry
from engines.media_v2.scope import scope_of
from engines.media_v2.stores import init_store
from engines.workspace import Workspace
from tests.fixtures import png

LARGE = png() + bytes(range(251)) * 12_533
"""A PNG with more bytes behind its end, which decoders ignore: larger than one piece."""
ACME = scope_of("acme", "test")
CARD = {
    "version": 1,
    "name": "card",
    "width": 96,
    "height": 64,
    "background": "#102030",
    "layers": [{"type": "text", "text": "AVA", "font": "Inter", "size": 14, "color": "#fff", "x": 6, "y": 38}],
}
_numbers = iter(range(1_000_000))


@pytest.fixture(scope="module", params=["moto", "localbucket"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    folder = tmp_path_factory.mktemp("servers")
    with pytest.MonkeyPatch.context() as patch, running(request.param, folder) as started:
        clean_environment(patch, folder)
        patch.setenv("AWS_SESSION_TOKEN", "canary-token")
        patch.setattr(object_client, "PAUSE_S_FIRST", 0.001)
        yield started


@pytest.fixture
def wire(server: ObjectServer) -> Iterator[Wire]:
    with wire_to(server) as made:
        yield made


@pytest.fixture
def settings(server: ObjectServer, wire: Wire) -> ObjectSettings:
    """Requests go through the wire; what clients are told names the server itself."""
    url = f"s3://{BUCKET}/content/{next(_numbers)}"
    return ObjectSettings(url=url, endpoint=wire.endpoint, public_endpoint=server.endpoint, attempts=2)


@pytest.fixture(params=["bucket", "bucket behind a cache"])
def make(request: pytest.FixtureRequest, settings: ObjectSettings, tmp_path: Path) -> Callable[[], BlobStore]:
    """Makes a store over the bucket, as each process does."""

    def made() -> BlobStore:
        blobs = ObjectBlobs(settings)
        return blobs if request.param == "bucket" else CachedBlobs(blobs, tmp_path / "cache", 64 << 20)

    return made


@pytest.fixture
def client(make: Callable[[], BlobStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The service, its ledger in a folder and its blobs in the bucket."""
    init_store(tmp_path / "store", with_key=True)
    original = Registry.open.__func__  # type: ignore[attr-defined]
    there = classmethod(lambda cls, path, **more: original(cls, path, **({"blobs": make()} | more)))
    monkeypatch.setattr(Registry, "open", there)
    with served(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def remote(make: Callable[[], BlobStore]) -> Iterator[BlobStore]:
    blobs = make()
    yield blobs
    blobs.close()


def test_content_ranges_and_tags_are_as_on_files(client: Client) -> None:
    """A client cannot tell where the bytes lie."""
    for content in (png(), LARGE):
        path = f"artifacts/{client.upload(content)}/content"
        for _ in range(2):
            middle = len(content) // 3
            spans = (f"bytes=0-{middle - 1}", f"bytes={middle}-")
            parts = [client.get(path, 206, headers={"Range": span}) for span in spans]
            assert b"".join(part.content for part in parts) == content
            assert parts[1].headers["content-range"] == f"bytes {middle}-{len(content) - 1}/{len(content)}"
        whole = client.get(path)
        assert whole.content == content
        assert whole.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
        assert client.get(path, 304, headers={"If-None-Match": whole.headers["etag"]}).content == b""
        assert client.ask("HEAD", path).headers["content-length"] == str(len(content))
        client.get(path, 416, headers={"Range": f"bytes={len(content)}-"})


def test_a_redirect_leads_to_the_bytes_without_credentials(client: Client, server: ObjectServer) -> None:
    """For as long as the limit says and no longer than that; the service sends nothing but the place."""
    for content in (png(), LARGE):
        path = f"artifacts/{client.upload(content)}/content?redirect=1"
        answer = client.get(path, 307, follow_redirects=False)
        assert answer.content == b""
        assert answer.headers["cache-control"] == "no-store"
        place = answer.headers["location"]
        assert place.startswith(f"{server.endpoint}/{BUCKET}/content/")
        assert parse_qs(urlsplit(place).query)["X-Amz-Expires"] == [str(artifact_routes.REDIRECT_LIFETIME_S)]
        with urllib.request.urlopen(place, timeout=20) as file:  # noqa: S310 - loopback
            assert file.read() == content
        assert client.ask("HEAD", path, 307, follow_redirects=False).headers["location"].startswith(server.endpoint)


def test_what_the_client_has_is_not_sent_by_redirect_either(client: Client) -> None:
    path = f"artifacts/{client.upload(png())}/content"
    tag = client.get(path).headers["etag"]
    client.get(f"{path}?redirect=1", 304, headers={"If-None-Match": tag}, follow_redirects=False)


def test_a_redirect_is_refused_where_content_is(client: Client, settings: ObjectSettings, server: ObjectServer) -> None:
    """Another tenant's id, a retracted artifact, a blob that is lost: told as without it, and before anything is signed."""
    mine = client.upload(png())
    other = client.upload(png(seed=2), base="/v1/globex/test")
    for one in (other, "0" * 32):
        client.problem("GET", f"artifacts/{one}/content?redirect=1", 404, "unknown-artifact", follow_redirects=False)
    gone = client.upload(png(seed=3))
    client.post(f"artifacts/{gone}/retraction", {"reason": "wrong logo"}, 200)
    client.problem("GET", f"artifacts/{gone}/content?redirect=1", 410, "retracted-artifact", follow_redirects=False)
    for value in ("2", "yes", "", "true"):
        client.problem("GET", f"artifacts/{mine}/content?redirect={value}", 400, "invalid-parameter")
    assert client.get(f"artifacts/{mine}/content?redirect=0").content == png()
    key = keys.blob_key(ACME, hashlib.sha256(png()).hexdigest())
    server.ask("DELETE", f"{settings.url.removeprefix('s3://')}/{key}")
    client.problem("GET", f"artifacts/{mine}/content?redirect=1", 500, "blob-missing", follow_redirects=False)


def test_a_place_without_urls_sends_the_bytes(tmp_path: Path) -> None:
    """A client may always ask for a redirect: where blobs are files, it is answered as before."""
    init_store(tmp_path / "plain")
    with served(tmp_path / "plain") as client:
        path = f"artifacts/{client.upload(png())}/content"
        assert client.get(f"{path}?redirect=1").content == png()
        assert client.get(f"{path}?redirect=1", 206, headers={"Range": "bytes=0-3"}).content == png()[:4]


def test_damage_in_the_bucket_is_never_sent(client: Client, settings: ObjectSettings, server: ObjectServer) -> None:
    """A cache may still have the sound bytes, which are then sent; a bucket alone has none."""
    for content in (png(), LARGE):
        artifact_id = client.upload(content)
        key = keys.blob_key(ACME, hashlib.sha256(content).hexdigest())
        server.ask("PUT", f"{settings.url.removeprefix('s3://')}/{key}", content[:-1] + bytes([content[-1] ^ 1]))
        path = f"artifacts/{artifact_id}/content"
        if isinstance(client.app.service.registry.blobs, CachedBlobs):
            assert client.get(path).content == content
        else:
            client.problem("GET", path, 500, "blob-damaged")
            client.problem("GET", path, 500, "blob-damaged", headers={"Range": "bytes=0-3"})


def test_a_bucket_that_does_not_answer_is_503_and_nothing_secret_is_said(
    client: Client, wire: Wire, tmp_path: Path
) -> None:
    """In the answer, in the log with its traceback, in the ledger: none of the credentials, and none of the URLs that hold a token."""
    artifact_id = client.upload(png())
    client.get(f"artifacts/{artifact_id}/content?redirect=1", 307, follow_redirects=False)
    wire.befall("refuse", 1_000)
    body = {"content": png(seed=9), "headers": {"content-type": "application/octet-stream"}}
    answer = client.ask("POST", "assets", 503, **body)
    assert answer.headers["retry-after"]
    client.get(f"artifacts/{artifact_id}/content?redirect=1", 503, follow_redirects=False)
    wire.befall("", 0)
    client.ask("POST", "assets", 201, **body)
    lines = client.logged()
    assert [line["problem"] for line in lines if line.get("status") == 503] == ["blob-store"] * 2
    written = client.log.getvalue().encode() + answer.content
    written += b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    for secret in (*CREDENTIALS.values(), "canary-token", "X-Amz-Signature"):
        assert secret.encode() not in written


def test_a_journey_is_the_same_as_on_files(make: Callable[[], BlobStore], tmp_path: Path, server: ObjectServer) -> None:
    """Composition, render, audit and remake over a bucket: the same ids, the same bytes, no finding; and a lost blob is found."""
    ids, contents = [], []
    for name, blobs in (("files", None), ("bucket", make())):
        init_store(tmp_path / name)
        with Registry.open(tmp_path / name, blobs=blobs) as registry:
            work = Workspace(registry, ACME)
            composed = work.compose(CARD)
            made = work.render(composed.artifact.artifact_id, "web_small")
            ids.append((composed.artifact.artifact_id, made.artifact.artifact_id))
            contents.append(registry.content(made.artifact))
    assert ids[0] == ids[1]
    assert contents[0] == contents[1]
    assert not list((tmp_path / "bucket" / "blobs").iterdir())
    report = audit(tmp_path / "bucket", remake, blobs=make())
    assert (report.ok, report.remade, report.blobs_checked) == (True, 1, 2)
    name = f"content/{next(_numbers) - 1}"
    sha256 = hashlib.sha256(contents[0]).hexdigest()
    path = f"{BUCKET}/{name}/{keys.blob_key(ACME, sha256)}"
    server.ask("PUT", path, b"other")
    assert {one.check for one in audit(tmp_path / "bucket", blobs=make()).findings} == {"blob-changed", "blob-size"}
    server.ask("DELETE", path)
    server.ask("PUT", f"{BUCKET}/{name}/note.txt", b"hello")
    assert {one.check for one in audit(tmp_path / "bucket", blobs=make()).findings} == {"blob-missing", "blob-name"}


def test_an_audit_of_a_bucket_that_does_not_answer_is_no_finding(
    make: Callable[[], BlobStore], wire: Wire, tmp_path: Path
) -> None:
    """Trouble of the network says nothing about the store."""
    init_store(tmp_path / "store")
    with Registry.open(tmp_path / "store", blobs=make()) as registry:
        work = Workspace(registry, ACME)
        work.render(work.compose(CARD).artifact.artifact_id, "web_small")
    assert audit(tmp_path / "store", blobs=make()).ok

    def cut(*_: object) -> str:
        raise BlobStoreError("s3://bucket", "get", "connection lost")

    with pytest.raises(BlobStoreError):
        audit(tmp_path / "store", cut, blobs=make())
    wire.befall("refuse", 1_000)
    with pytest.raises(BlobStoreError):
        audit(tmp_path / "store", remake, blobs=make())


def test_a_presigned_url_ends(settings: ObjectSettings, remote: BlobStore) -> None:
    """Its lifetime is signed with it; what a server does after that is the server's (these two do not check)."""
    sha256 = remote.put(ACME, b"content")
    place = remote.presign(ACME, sha256, 60)
    assert place is not None
    assert re.search(r"[?&]X-Amz-Expires=60(&|$)", place)
    assert settings.url.removeprefix("s3://") in place
    with urllib.request.urlopen(place, timeout=20) as file:  # noqa: S310 - loopback
        assert file.read() == b"content"
    missing = remote.presign(ACME, "ab" * 32, 60)
    assert missing is not None
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(missing, timeout=20)  # noqa: S310 - loopback
