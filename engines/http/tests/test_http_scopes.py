"""Does anything cross tenants? Asked of every route that there is, taken from the table, so that a new one is covered by itself."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.http.endpoints import Endpoint, FileBody, JsonBody
from engines.http.routes import ENDPOINTS
from engines.http.tests.served import BASE, Client, served
from engines.media_v2.scope import NAME_RULE
from engines.media_v2.stores import init_store
from tests.fixtures import png

SCOPED = [endpoint for endpoint in ENDPOINTS if endpoint.scoped]
IDS = ("artifact_id", "composition_id", "scene_id")
MARK = "only-acme-knows"
"""Names everything of the tenant whose things must not be seen."""


class _Owned:
    """A client, and the ids that one tenant has."""

    def __init__(self, client: Client) -> None:
        self.client = client
        photo = client.ask("POST", f"assets?name={MARK}.png", 201, content=png()).json()["artifact_id"]
        layers = [{"type": "raster", "src": f"artifact:{photo}"}]
        document = {"version": 1, "width": 48, "height": 36, "name": MARK, "layers": layers}
        composition = client.post("compositions", document)["artifact_id"]
        scene = client.upload(b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>', "vectors")
        render = client.post(f"compositions/{composition}/renders", {"preset_id": "web_small"})["artifact_id"]
        client.post("presets", {"preset_id": "acme_only", "format": "png", "size": "scale_to_width", "width": 16})
        self.ids = [photo, composition, scene, render]
        self.size = client.app.service.registry.head().size


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Owned]:
    store = tmp_path_factory.mktemp("scopes") / "store"
    init_store(store, with_key=True)
    with served(store) as client:
        yield _Owned(client)


def _body(endpoint: Endpoint, artifact_id: str) -> dict[str, Any]:
    """A body that the route takes, which names a foreign artifact wherever one can be named."""
    if isinstance(endpoint.body, FileBody):
        return {"content": b"neither picture nor drawing nor font"}
    if not isinstance(endpoint.body, JsonBody):
        return {}
    layers = [{"type": "raster", "src": f"artifact:{artifact_id}"}]
    bodies: dict[str, object] = {
        "Composition": {"version": 1, "width": 4, "height": 4, "layers": layers},
        "RenderRequest": {"preset_id": "web_small"},
        "VectorRenderRequest": {},
        "DocumentRequest": {"format": "pdf"},
        "TextRenderRequest": {"text": "a", "font": "Inter", "size": 9, "preset_id": "acme_only"},
        "RetractionRequest": {"reason": "not mine"},
        "Preset": {"preset_id": "Bad Id"},
    }
    return {"json": bodies[endpoint.body.type.__name__]}


def _path(endpoint: Endpoint, base: str, values: dict[str, str]) -> str:
    path = re.sub(r"{(\w+)}", lambda found: values.get(found[1], found[0]), endpoint.path)
    return path.replace("/v1/{tenant}/{env}", base)


@pytest.mark.parametrize("endpoint", SCOPED, ids=lambda one: one.name)
@settings(max_examples=8)
@given(
    base=st.sampled_from(["/v1/globex/test", "/v1/acme/prod", "/v1/acme-/test", "/v1/a/test"]),
    which=st.integers(0, 3),
    head=st.booleans(),
    query=st.sampled_from(["", "parent", "cursor"]),
)
def test_what_one_tenant_has_is_missing_for_all_others(
    owned: _Owned, endpoint: Endpoint, base: str, which: int, head: bool, query: str
) -> None:
    """No route answers another tenant or env with anything, changes anything for them, or tells that it exists elsewhere."""
    artifact_id = owned.ids[which]
    values = dict.fromkeys(IDS, artifact_id) | {"preset_id": "acme_only"}
    path = _path(endpoint, base, values)
    filters = query in endpoint.query.__struct_fields__
    method = "HEAD" if head and endpoint.method == "GET" else endpoint.method
    params = {query: artifact_id} if filters else {}
    answer = owned.client.http.request(method, path, params=params, **_body(endpoint, artifact_id))
    names_it = "{" in endpoint.path.removeprefix("/v1/{tenant}/{env}") or filters
    if names_it or endpoint.name in ("create_composition", "render_text"):
        assert answer.status_code == 404, answer.text
    else:
        assert answer.status_code in (200, 400, 415, 422), answer.text
    assert MARK not in answer.text
    assert '"tenant":"acme"' not in answer.text or base.startswith("/v1/acme/")
    assert owned.client.app.service.registry.head().size == owned.size


@pytest.mark.parametrize("endpoint", SCOPED, ids=lambda one: one.name)
@settings(max_examples=10)
@given(
    tenant=st.text(min_size=1, max_size=70).filter(lambda text: not re.fullmatch(NAME_RULE, text)), first=st.booleans()
)
def test_no_route_takes_a_tenant_or_env_outside_the_rule(
    owned: _Owned, endpoint: Endpoint, tenant: str, first: bool
) -> None:
    """There is no fallback to a default place: a name that breaks the rule is refused before anything else."""
    name = quote(tenant, safe="")
    base = f"/v1/{name}/test" if first else f"/v1/acme/{name}"
    path = _path(endpoint, base, dict.fromkeys(IDS, owned.ids[0]) | {"preset_id": "web_small"})
    answer = owned.client.http.request(endpoint.method, path, **_body(endpoint, owned.ids[0]))
    assert answer.status_code in (400, 404, 405), (
        answer.text
    )  # a slash or a dot makes it another path, which there is not
    assert json.loads(answer.content)["type"].rpartition(":")[2] in (
        "invalid-scope",
        "unknown-route",
        "method-not-allowed",
    )
    assert owned.client.app.service.registry.head().size == owned.size


def test_the_owner_sees_all_of_it(owned: _Owned) -> None:
    """Guards the tests above: what they do not find is there."""
    for artifact_id in owned.ids:
        assert owned.client.get(f"artifacts/{artifact_id}/content").content
    assert MARK in owned.client.get("artifacts").text
    assert owned.client.get("presets/acme_only").json()["width"] == 16
    assert {item["artifact_id"] for item in owned.client.get("artifacts").json()["items"]} == set(owned.ids)
    assert BASE == "/v1/acme/test"


def test_every_route_with_an_artifact_in_its_path_is_scoped() -> None:
    """A route outside the scope could not know whose artifact it names."""
    assert [one.path for one in ENDPOINTS if not one.scoped and any(f"{{{name}}}" in one.path for name in IDS)] == []
