"""Does the service do what its OpenAPI document says? Schemathesis asks, in this process, with the same seed every time."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

from engines.http.creation_routes import FONTS
from engines.http.openapi import document
from engines.http.settings import Settings
from engines.http.tests.served import BASE, Client, served
from engines.media_v2.stores import init_store

pytestmark = pytest.mark.slow

CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 7,
        "generation": {"mode": "all"},
        "checks": {
            # What a schema cannot say is refused with 400, 410, 413, 415 or 422 and its reason: which artifacts there are, what spells a
            # colour, whether bytes are a picture, which sizes a format holds. Everything else that fits the schema must be taken.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", "400", "404", "410", "415", "416", "422"]},
        },
    }
)
EXAMPLES = 12
"""Of each route, beside those that cover every constraint of its schema."""


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, dict[str, str]]]:
    """A service with something in it, and the ids of that."""
    store: Path = tmp_path_factory.mktemp("schema") / "store"
    init_store(store, with_key=True)
    with served(store, Settings(render_megapixels=4.0)) as client:
        composition = client.composition()
        scene = client.get("artifacts?kind=vector_scene").json()["items"][0]["artifact_id"]
        render = client.post(f"compositions/{composition}/renders", {"preset_id": "web_small"})["artifact_id"]
        tenant, env = BASE.split("/")[2:]
        yield (
            client,
            {
                "tenant": tenant,
                "env": env,
                "composition_id": composition,
                "scene_id": scene,
                "artifact_id": render,
                "preset_id": "web_small",
            },
        )


schemathesis.serializer.alias(["image/avif", "image/tiff", *FONTS], "application/octet-stream")  # it has none itself
schema = schemathesis.openapi.from_dict(document(), config=CONFIG)


@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
def test_every_route_keeps_its_promise(case: Any, known: tuple[Client, dict[str, str]]) -> None:
    """No server error, no status, type, body or header that the document does not promise; what breaks the schema is refused."""
    client, ids = known
    if case.meta is None or case.meta.generation.mode.is_positive:
        _make_likely(case, ids)
    case.validate_response(_asked(client, case))


def _make_likely(case: Any, ids: dict[str, str]) -> None:
    """In every second case name what exists, so that answers are checked and not only refusals."""
    if sum(map(len, map(str, case.path_parameters.values()))) % 2:
        case.path_parameters |= {name: ids[name] for name in case.path_parameters if name in ids}
        case.headers.pop("Idempotency-Key", None)  # with one key for all, all but the first were refused
        if isinstance(case.body, dict) and "font" in case.body:
            case.body |= {"font": "Inter", "size": 20.0, "color": "#102030", "width": 300.0}


def _asked(client: Client, case: Any) -> httpx.Response:
    """Send a case through our own client: schemathesis's leaves streams open, which is an error here."""
    wanted = requests.Request(**case.as_transport_kwargs(base_url=str(client.http.base_url))).prepare()
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in wanted.headers.items()]
    return client.http.request(wanted.method, wanted.url, headers=headers, content=wanted.body)
