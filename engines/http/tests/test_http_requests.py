"""What does the service refuse before any work, and how does it say so?"""

import json
from pathlib import Path
from typing import Any

import pytest

from engines.http.settings import Settings
from engines.http.tests.served import BASE, Client, served
from engines.typography_core.tests.forged_fonts import plain_file
from tests.fixtures import SVG, png

PRESET = {"preset_id": "tiny", "format": "png", "size": "scale_to_width", "width": 16}


def test_unknown_paths_and_methods(client: Client) -> None:
    """Both are problems too; a wrong method is told the right ones."""
    client.problem("GET", "/nowhere", 404, "unknown-route")
    client.problem("GET", "nowhere", 404, "unknown-route")
    client.problem("GET", "/v1/ledger/prod/artifacts", 404, "unknown-route")  # the guide says so: this name is taken
    answer = client.ask("DELETE", "presets", 405)
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert answer.json()["allowed"] == ["GET", "HEAD", "OPTIONS", "POST"]
    assert client.http.options(f"{BASE}/presets").headers["allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("kind=movie", "kind"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("limit=1&limit=2", "limit"),
        ("colour=red", "colour"),
        ("preset_id=../up", "preset_id"),
        ("cursor=xyz", "cursor"),
        ("kind=null", "kind"),
        ("parent=", "parent"),
    ],
)
def test_a_bad_parameter_is_named(client: Client, query: str, field: str) -> None:
    """Also one that is misspelt: a filter that silently does nothing lists what nobody asked for."""
    problem = client.problem("GET", f"artifacts?{query}", 400, "invalid-parameter")
    assert problem["field"] == field


def test_a_bad_choice_lists_the_known_ones(client: Client) -> None:
    assert "source_asset" in client.problem("GET", "artifacts?kind=movie", 400, "invalid-parameter")["detail"]
    assert (
        "mermaid" in client.problem("GET", f"artifacts/{'0' * 32}/lineage?format=x", 400, "invalid-parameter")["detail"]
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "$"),
        (b"{", "$"),
        (b"[]", "$"),
        (b"\xff", "$"),
        (b"[" * 100_000, "$"),
        (b'{"preset_id": 7}', "$.preset_id"),
        (b'{"preset_id": "web_small", "quality": "high"}', "$.quality"),
        (b'{"preset_id": "web_small", "overrides": {"focal": [2, 0]}}', "$.overrides.focal[0]"),
        (b'{"preset_id": "web_small", "qualty": 3}', "$"),
        (b'{"preset": "web_small"}', "$"),
    ],
)
def test_a_bad_body_is_told_where(client: Client, body: bytes, field: str) -> None:
    """The JSON path of the first fault."""
    headers = {"content-type": "application/json"}
    path = f"compositions/{'0' * 32}/renders"
    problem = client.problem("POST", path, 400, "malformed-body", content=body, headers=headers)
    assert problem["field"] == field


def test_a_fault_in_a_composition_is_told_by_its_path(client: Client) -> None:
    document: dict[str, Any] = {
        "version": 1,
        "width": 4,
        "height": 4,
        "layers": [{"type": "solid", "color": "blue-ish"}],
    }
    problem = client.problem("POST", "compositions", 400, "invalid-composition", json=document)
    assert problem["path"] == "$.layers[0].color"
    document["layers"] = [{"type": "raster", "src": "photo.jpg"}]
    problem = client.problem("POST", "compositions", 422, "unusable-source", json=document)
    assert problem["source"] == "photo.jpg"


def test_bodies_of_other_types_are_refused(client: Client) -> None:
    """A form that was meant as JSON is told so, instead of failing as malformed."""
    problem = client.problem("POST", "presets", 415, "unsupported-content-type", data={"preset_id": "x"})
    assert problem["accepted"] == ["application/json"]
    assert client.ask(
        "POST", "presets", 201, content=json.dumps(PRESET), headers={"content-type": "application/json; charset=utf-8"}
    )
    assert client.ask("POST", "presets", 200, content=json.dumps(PRESET))


def test_files_come_as_forms_or_as_bodies(client: Client) -> None:
    """Both give the same artifact; the name comes from the query, the form, or neither."""
    form = client.ask("POST", "assets", 201, files={"file": ("été.png", png(), "image/png")}).json()
    assert form["meta"]["name"] == "été.png"
    assert client.ask("POST", "assets?name=other", 200, content=png()).json()["artifact_id"] == form["artifact_id"]
    named = client.ask("POST", "assets?name=mine", 201, files={"file": ("a.png", png(seed=2))}).json()
    assert named["meta"]["name"] == "mine"
    assert client.ask("POST", "assets", 201, content=png(seed=3)).json()["meta"]["name"] == "upload"
    assert client.ask("POST", "assets", 201, content=SVG).json()["kind"] == "vector_scene"


@pytest.mark.parametrize(
    ("options", "status", "slug"),
    [
        ({"content": b""}, 400, "malformed-body"),
        ({"content": b"GIF89a"}, 415, "unsupported-media"),
        ({"content": png()[:60]}, 415, "unsupported-media"),
        ({"content": b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"}, 422, "svg-refused"),
        ({"files": {"picture": ("a.png", png())}}, 400, "malformed-body"),
        ({"files": [("file", ("a.png", png())), ("file", ("b.png", png()))]}, 400, "malformed-body"),
        ({"files": {"file": ("a\u2028.png", png())}}, 400, "malformed-body"),
        ({"files": {"file": ("a" * 300, png())}}, 400, "malformed-body"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "malformed-body"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=b"}}, 400, "malformed-body"),
        ({"content": png(), "params": {"name": "n" * 300}}, 400, "invalid-parameter"),
    ],
)
def test_files_that_are_none_are_refused(client: Client, options: dict[str, Any], status: int, slug: str) -> None:
    """Nothing is stored of them."""
    client.problem("POST", "assets", status, slug, **options)
    assert client.app.service.registry.head().size == 0


def test_a_picture_is_no_drawing(client: Client) -> None:
    client.problem("POST", "vectors", 415, "unsupported-media", content=png())


def test_a_font_that_was_sent_is_the_tenants_own(client: Client) -> None:
    """Texts of its scope may ask for its family, and their lineage names it; other tenants go on without it."""
    content = plain_file("Brand")
    made = client.ask("POST", "fonts?name=brand.ttf", 201, content=content, headers={"content-type": "font/ttf"}).json()
    assert (made["kind"], made["meta"]["family"]) == ("font_asset", "Brand")
    assert client.ask("POST", "fonts", 200, files={"file": ("brand.ttf", content)}).json()["cache"] == "hit"
    answer = client.ask("GET", f"artifacts/{made['artifact_id']}/content")
    assert (answer.headers["content-type"], answer.content) == ("font/ttf", content)
    text = {"text": "A", "font": "Brand", "size": 20}
    drawn = client.ask("POST", "texts/renders", 201, json=text).json()
    assert client.ask("GET", f"artifacts/{drawn['artifact_id']}").json()["parents"] == [made["artifact_id"]]
    client.problem("POST", "/v1/other/dev/texts/renders", 422, "unknown-font", json=text)
    client.problem("POST", "fonts", 422, "font-refused", content=content[:200])


def test_overrides_stand_beside_the_preset_or_nested(client: Client) -> None:
    """Both spellings are one request, and so one artifact; numbers beyond the preset's limits are clamped, and meta says so."""
    path = f"compositions/{client.composition()}/renders"
    flat = client.post(path, {"preset_id": "web_small", "quality": 60, "format": "png", "width": 40})
    nested = {"preset_id": "web_small", "overrides": {"quality": 60, "format": "png", "width": 40}}
    assert client.post(path, nested, 200)["artifact_id"] == flat["artifact_id"]
    assert flat["meta"]["width"] == 40
    assert flat["meta"]["overrides"] == {"format": "png", "width": 40, "quality": 60}
    clamped = client.post(path, {"preset_id": "web_small", "quality": 1})
    assert clamped["meta"]["quality"] == 30


def test_bodies_beyond_the_limit_are_not_read(signed_store: Path) -> None:
    """Announced ones are refused by their length, others while they are read."""
    with served(signed_store, Settings(upload_bytes=1000)) as client:
        large = b"x" * 200_000
        problem = client.problem("POST", "assets", 413, "body-too-large", content=large)
        assert problem["limit"] == 1000 + (64 << 10)
        client.problem("POST", "assets", 413, "body-too-large", content=iter([large]))
        client.problem(
            "POST", "presets", 413, "body-too-large", content=large, headers={"content-type": "application/json"}
        )
        assert client.app.service.bodies.taken == client.app.service.requests.taken == 0


def test_a_render_beyond_the_pixel_limit_is_refused_before_it_is_drawn(signed_store: Path) -> None:
    """By the plan of its export, whatever it is drawn from."""
    with served(signed_store, Settings(render_megapixels=1.0)) as client:
        path = f"compositions/{client.composition()}/renders"
        size = client.app.service.registry.head().size
        problem = client.problem("POST", path, 422, "render-too-large", json={"preset_id": "social_1080p"})
        assert (problem["value"], problem["limit"]) == (2.074, 1.0)
        assert client.app.service.registry.head().size == size
        client.post(path, {"preset_id": "web_small"})


def test_a_render_weighs_its_file_and_the_pictures_in_it(client: Client) -> None:
    """Both are in memory while it is drawn; drawings are not."""
    photo, drawing = client.upload(png(400, 300)), client.upload(SVG, "vectors")
    layers = [{"type": "raster", "src": f"artifact:{photo}"}, {"type": "vector", "src": f"artifact:{drawing}"}]
    document = {"version": 1, "width": 100, "height": 100, "layers": layers}
    composition = client.post("compositions", document)["artifact_id"]
    client.post(f"compositions/{composition}/renders", {"preset_id": "social_1080p"})
    assert client.logged()[-1]["megapixels"] == round(1.920 * 1.080 + 0.12, 3)


def test_a_text_is_weighed_by_its_box(signed_store: Path) -> None:
    """A text has no size until its lines are set."""
    with served(signed_store, Settings(render_megapixels=0.01)) as client:
        text = {"text": "Impasto", "font": "Inter", "size": 20}
        client.post("texts/renders", text)
        client.problem("POST", "texts/renders", 422, "render-too-large", json=text | {"size": 200})


def test_a_request_that_takes_too_long_is_answered_and_goes_on(signed_store: Path) -> None:
    """A thread cannot be stopped: the caller is told, the work is finished and recorded, and asked again it is there."""
    with served(signed_store, Settings(running=1, time_limit_s=1.0)) as client:
        path = f"compositions/{client.composition()}/renders"
        admission = client.app.service.admission
        with admission.hold("somebody else", 1):
            answer = client.ask("POST", path, 504, content=b'{"preset_id": "web_small"}')
        assert answer.json()["type"].endswith(":time-limit")
        assert answer.headers["retry-after"] == "2"
        with admission._changed:
            assert admission._changed.wait_for(lambda: admission.running + admission.waiting == 0, 60)
    (late,) = [line for line in client.logged() if line["event"] == "finished late"]
    assert late["request_id"] == answer.headers["x-request-id"]
    assert late["cache"] == "miss"
    with served(signed_store) as client:
        assert client.post(path, {"preset_id": "web_small"}, 200)["cache"] == "hit"


def test_no_room_is_told_with_when_to_come_back(signed_store: Path) -> None:
    """503 for a full queue, before anything is done."""
    with served(signed_store, Settings(running=1, queue=0)) as client, client.app.service.admission.hold("x", 1):
        answer = client.ask("POST", "assets", 503, content=png())
        assert answer.headers["retry-after"] == "2"
        assert answer.json()["type"].endswith(":overloaded")
        assert client.get("artifacts").json()["items"] == []
        assert 'impasto_creations_refused_total{reason="overloaded"} 1.0' in client.get("/metrics").text


def test_too_many_requests_at_a_time_are_refused_whatever_they_ask(signed_store: Path) -> None:
    """Questions are quick, and yet nothing may pile up without a limit."""
    with served(signed_store, Settings(requests=2)) as client:
        client.app.service.requests.take(2)
        client.problem("GET", "presets", 503, "overloaded")
        client.problem("GET", "/nowhere", 503, "overloaded")
        assert client.get("/healthz").json()["status"] == "ok"
        assert 'status="503"} 2.0' in client.get("/metrics").text
        client.app.service.requests.give(2)
        client.get("presets")
        assert client.app.service.requests.taken == 0


def test_a_stopped_service_says_so(signed_store: Path) -> None:
    """Between the end of the lifespan and the end of the process somebody may still ask."""
    with served(signed_store) as client:
        client.app.service.__exit__(None, None, None)
        client.problem("GET", "presets", 503, "stopping")
