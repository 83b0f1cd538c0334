"""Is content sent as clients, caches and browsers expect it?"""

import hashlib

import pytest

from engines.http import artifact_routes
from engines.http.tests.served import Client
from engines.media_v2.registry import Registry
from engines.media_v2.scope import scope_of
from tests.fixtures import SVG, png


def _large_picture() -> bytes:
    """A PNG with more bytes behind its end, which decoders ignore: larger than one piece, quick to make."""
    return png() + bytes(range(251)) * 12_533


def test_content_has_its_hash_as_tag_and_its_own_name(client: Client) -> None:
    """A client can check the bytes, keep them for ever, and save them under the deterministic name."""
    artifact_id = client.upload(png())
    artifact = client.get(f"artifacts/{artifact_id}").json()
    answer = client.get(f"artifacts/{artifact_id}/content")
    assert answer.content == png()
    assert answer.headers["etag"] == f'"{hashlib.sha256(png()).hexdigest()}"'
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert "private" in answer.headers["cache-control"]
    assert answer.headers["content-disposition"] == f'inline; filename="{artifact["uri"].rsplit("/", 1)[1]}"'
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_client_that_has_it_is_not_sent_it_again(client: Client) -> None:
    path = f"artifacts/{client.upload(png())}/content"
    tag = client.get(path).headers["etag"]
    answer = client.get(path, 304, headers={"If-None-Match": tag})
    assert answer.content == b""
    assert answer.headers["etag"] == tag
    assert client.get(path, 200, headers={"If-None-Match": '"other"'}).content == png()


@pytest.mark.parametrize("content", [png(), _large_picture()], ids=["one piece", "many pieces"])
def test_ranges_put_together_are_the_content(client: Client, content: bytes) -> None:
    """A download that broke off goes on where it stopped; large content comes in pieces, whole and in part."""
    path = f"artifacts/{client.upload(content)}/content"
    assert client.get(path).content == content
    middle = len(content) // 3
    parts = [client.get(path, 206, headers={"Range": span}) for span in (f"bytes=0-{middle - 1}", f"bytes={middle}-")]
    assert b"".join(part.content for part in parts) == content
    assert parts[0].headers["content-range"] == f"bytes 0-{middle - 1}/{len(content)}"
    assert parts[1].headers["content-length"] == str(len(content) - middle)
    refused = client.get(path, 416, headers={"Range": f"bytes={len(content)}-"})
    assert refused.headers["content-range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize("content", [png(), _large_picture()], ids=["one piece", "many pieces"])
def test_head_says_what_get_would(client: Client, content: bytes) -> None:
    """Sizes and tags without the bytes."""
    path = f"artifacts/{client.upload(content)}/content"
    head, whole = client.ask("HEAD", path), client.get(path)
    assert head.content == b""
    ours = ("content-type", "content-length", "etag", "cache-control", "content-disposition", "accept-ranges")
    assert {name: head.headers[name] for name in ours} == {name: whole.headers[name] for name in ours}
    assert client.ask("HEAD", f"artifacts/{'0' * 32}/content", 404).content == b""


def test_a_drawing_is_sent_into_a_sandbox(client: Client) -> None:
    """A stored SVG that is opened in a browser must not run anything on the service's origin, whatever the guard let through."""
    answer = client.get(f"artifacts/{client.upload(SVG)}/content")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_damaged_content_is_never_sent(client: Client) -> None:
    """Not even the first byte of it: the hash is checked before."""
    for content in (png(), _large_picture()):
        artifact_id = client.upload(content)
        sha256 = client.get(f"artifacts/{artifact_id}").json()["sha256"]
        blob = client.app.service.registry.blobs.path(scope_of("acme", "test"), sha256)
        blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        client.problem("GET", f"artifacts/{artifact_id}/content", 500, "blob-damaged")
        blob.unlink()
        client.problem("GET", f"artifacts/{artifact_id}/content", 500, "blob-missing")


def test_retracted_content_is_gone_and_its_record_stays(client: Client) -> None:
    """Whoever used it can read why, and nobody gets it any more; what was made from it neither."""
    composition = client.composition()
    render = client.post(f"compositions/{composition}/renders", {"preset_id": "web_small"})["artifact_id"]
    retracted = client.post(f"artifacts/{composition}/retraction", {"reason": "wrong logo"}, 200)
    assert retracted["retracted"]["cause"] == composition
    for one in (composition, render):
        problem = client.problem("GET", f"artifacts/{one}/content", 410, "retracted-artifact")
        assert problem["reason"] == "wrong logo"
        assert problem["cause"] == composition
        assert client.get(f"artifacts/{one}").json()["retracted"]["reason"] == "wrong logo"
        assert client.get(f"artifacts/{one}/lineage").json()["artifact_id"] == one
    client.problem("GET", f"compositions/{composition}", 410, "retracted-artifact")
    path = f"compositions/{composition}/renders"
    client.problem("POST", path, 410, "retracted-artifact", json={"preset_id": "web_small"})
    again = client.post(f"artifacts/{composition}/retraction", {"reason": "another"}, 200)
    assert again["retracted"]["reason"] == "wrong logo"


def test_pages_cover_all_artifacts_once(client: Client) -> None:
    """A client that follows next_cursor sees each artifact once, in order of registration, whatever the size of pages."""
    made = [client.upload(png(seed=seed)) for seed in range(7)]
    for limit in (1, 3, 7, 100):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = client.get("artifacts", params={"limit": limit} | ({"cursor": cursor} if cursor else {})).json()
            seen += [item["artifact_id"] for item in page["items"]]
            assert len(page["items"]) <= limit
            if (cursor := page["next_cursor"]) is None:
                break
        assert seen == made


def test_lists_are_filtered(client: Client) -> None:
    composition = client.composition()
    render = client.post(f"compositions/{composition}/renders", {"preset_id": "web_small"})["artifact_id"]
    for query in ("kind=image_render", "preset_id=web_small", f"parent={composition}"):
        assert [item["artifact_id"] for item in client.get(f"artifacts?{query}").json()["items"]] == [render]
    assert client.get("artifacts?preset_id=print_300dpi").json() == {"items": [], "next_cursor": None}


def test_lineage_comes_as_data_diagram_and_picture(client: Client) -> None:
    composition = client.composition()
    path = f"artifacts/{composition}/lineage"
    assert len(client.get(path).json()["ancestors"]) == 2
    assert client.get(f"{path}?format=mermaid").text.startswith("flowchart LR")
    picture = client.get(f"{path}?format=svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith("<svg")


def test_registry_and_service_see_the_same(client: Client) -> None:
    """Another process that writes to the store is seen by the next request."""
    service = client.app.service
    with Registry.open(service.store) as other:
        from engines.workspace import Workspace

        added = Workspace(other, scope_of("acme", "test")).add_asset(png(), "theirs.png").artifact
    assert client.get(f"artifacts/{added.artifact_id}").json()["meta"]["name"] == "theirs.png"


assert artifact_routes._PIECE_BYTES < 3 << 20, "the large picture above must need several pieces"
