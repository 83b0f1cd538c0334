"""Are equal requests one, however many come at once and however often they are repeated?"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from engines.http.settings import Settings
from engines.http.tests.served import Client, served
from tests.fixtures import png

RACERS = 16


def _together(client: Client, path: str, body: object, headers: dict[str, str] | None = None) -> list[httpx.Response]:
    with ThreadPoolExecutor(RACERS) as threads:
        asked = [
            threads.submit(client.http.post, f"/v1/acme/test/{path}", json=body, headers=headers) for _ in range(RACERS)
        ]
        return [one.result(60) for one in asked]


def test_sixteen_equal_renders_are_one(client: Client) -> None:
    """One draws, fifteen wait and get the hit: one artifact, the same bytes, one RenderCompleted."""
    path = f"compositions/{client.composition()}/renders"
    answers = _together(client, path, {"preset_id": "social_1080p"})
    assert sorted(one.status_code for one in answers) == [200] * (RACERS - 1) + [201]
    assert sorted(one.json()["cache"] for one in answers) == ["hit"] * (RACERS - 1) + ["miss"]
    assert len({one.json()["artifact_id"] for one in answers}) == 1
    catalog = client.app.service.registry.catalog()
    assert (catalog.completed, catalog.reused) == (1, RACERS - 1)
    content = {client.get(f"artifacts/{one.json()['artifact_id']}/content").content for one in answers[:3]}
    assert len(content) == 1


def test_sixteen_renders_with_one_key_are_answered_alike(client: Client) -> None:
    """All are told what the first was told, fifteen of them with the word that it is repeated."""
    path = f"compositions/{client.composition()}/renders"
    answers = _together(client, path, {"preset_id": "web_small"}, {"Idempotency-Key": "job-1"})
    assert {one.status_code for one in answers} == {201}
    assert len({one.content for one in answers}) == 1
    assert sum(one.headers.get("idempotency-replayed") == "true" for one in answers) == RACERS - 1


def test_a_repeated_request_gets_the_same_answer(signed_store: Path) -> None:
    """Also after the service was restarted: the ledger remembers the key."""
    headers = {"Idempotency-Key": "a b c"}
    with served(signed_store) as client:
        first = client.ask("POST", "assets?name=a.png", 201, content=png(), headers=headers)
        assert "idempotency-replayed" not in first.headers
    with served(signed_store) as client:
        size = client.app.service.registry.head().size
        again = client.ask("POST", "assets?name=a.png", 201, content=png(), headers=headers)
        assert again.content == first.content
        assert again.headers["idempotency-replayed"] == "true"
        assert client.app.service.registry.head().size == size
        plain = client.ask("POST", "assets?name=a.png", 200, content=png())
        assert plain.json() == first.json() | {"cache": "hit"}


def test_a_form_is_the_same_request_whatever_its_boundary(client: Client) -> None:
    """Clients choose a new boundary for every attempt; what is asked for is the file and its name."""
    headers = {"Idempotency-Key": "k"}
    files = {"file": ("a.png", png(), "image/png")}
    first = client.ask("POST", "assets", 201, files=files, headers=headers)
    again = client.ask("POST", "assets", 201, files=files, headers=headers)
    assert first.request.headers["content-type"] != again.request.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"


def test_one_key_never_means_two_requests(client: Client) -> None:
    """Other bytes, another name, another route or another preset under a used key is a mistake, and told as one."""
    headers = {"Idempotency-Key": "k"}
    composition = client.composition()
    client.ask("POST", "assets?name=a.png", 201, content=png(seed=9), headers=headers)
    for path, options in (
        ("assets?name=a.png", {"content": png(seed=8)}),
        ("assets?name=b.png", {"content": png(seed=9)}),
        ("assets", {"files": {"file": ("a.png", png(seed=9))}}),
        (f"compositions/{composition}/renders", {"json": {"preset_id": "web_small"}}),
    ):
        client.problem("POST", path, 422, "idempotency-conflict", headers=headers, **options)
    other = client.ask("POST", "/v1/globex/test/assets?name=a.png", 201, content=png(seed=7), headers=headers)
    assert "idempotency-replayed" not in other.headers


def test_a_refused_request_leaves_its_key_free(client: Client) -> None:
    """A client mends its request and keeps its key."""
    headers = {"Idempotency-Key": "k"}
    path = f"compositions/{client.composition()}/renders"
    client.problem("POST", path, 404, "unknown-preset", json={"preset_id": "poster"}, headers=headers)
    client.post(path, {"preset_id": "web_small"}, 201, headers=headers)


def test_a_repeated_request_for_what_was_retracted_is_refused(client: Client) -> None:
    """The first answer is not true any more."""
    headers = {"Idempotency-Key": "k"}
    made = client.ask("POST", "assets", 201, content=png(), headers=headers).json()["artifact_id"]
    client.post(f"artifacts/{made}/retraction", {"reason": "no rights"}, 200)
    client.problem("POST", "assets", 410, "retracted-artifact", content=png(), headers=headers)


def test_keys_have_limits(client: Client) -> None:
    for key in ("", "k" * 256, "ключ".encode().decode("latin-1")):
        headers = [(b"idempotency-key", key.encode("latin-1"))]
        problem = client.problem("POST", "assets", 400, "invalid-parameter", content=png(), headers=headers)
        assert problem["field"] == "Idempotency-Key"


def test_one_tenant_cannot_take_the_whole_line(signed_store: Path) -> None:
    """The third of a tenant that has half of the line waiting is refused with 429, another tenant still gets in."""
    with (
        served(signed_store, Settings(running=1, queue=4)) as client,
        ThreadPoolExecutor(4) as threads,
        client.app.service.admission.hold("x", 1),
    ):
        admission = client.app.service.admission
        asked = []
        for tenant in ("a", "a", "b"):
            with admission._changed:
                before = admission.waiting
                asked.append(threads.submit(client.http.post, f"/v1/{tenant}/test/assets", content=png()))
                assert admission._changed.wait_for(lambda least=before: admission.waiting > least, 30)
        refused = client.ask("POST", "/v1/a/test/assets", 429, content=png(seed=2))
        assert refused.json()["type"].endswith(":too-many-requests")
        assert refused.headers["retry-after"] == "2"
    assert sorted(one.result().status_code for one in asked) == [200, 201, 201]


def test_waiting_renders_do_not_keep_questions_waiting(signed_store: Path) -> None:
    """Every thread that creations can take, running or waiting, is taken; a question is answered nevertheless."""
    with (
        served(signed_store, Settings(running=1, queue=2)) as client,
        ThreadPoolExecutor(2) as threads,
        client.app.service.admission.hold("x", 1),
    ):
        admission = client.app.service.admission
        asked = []
        for tenant in ("a", "b"):
            with admission._changed:
                before = admission.waiting
                asked.append(threads.submit(client.http.post, f"/v1/{tenant}/test/assets", content=png()))
                assert admission._changed.wait_for(lambda least=before: admission.waiting > least, 30)
        assert client.get("/healthz").json()["status"] == "ok"
        assert "impasto_creations_waiting 2.0" in client.get("/metrics").text
    assert [one.result().status_code for one in asked] == [201, 201]
