"""Drawings over HTTP: which engine draws, documents for print, and pictures that a drawing takes from its scope."""

import io
import json

import numpy as np
import pytest

from engines.http.tests.served import Client
from engines.vector_core import rasterize
from engines.vector_core.errors import CairoMissingError
from tests.fixtures import SVG, decoded, png

LINKED = SVG.replace(b"</svg>", b'<image href="pictures/a%20b.png" width="9" height="9"/></svg>')


def scene(client: Client) -> str:
    return client.upload(SVG, "vectors")


def has_cairo() -> bool:
    try:
        return bool(rasterize.engine_version("cairosvg"))
    except CairoMissingError:
        return False


@pytest.mark.skipif(not has_cairo(), reason="needs libcairo")
def test_a_request_says_which_engine_draws(client: Client) -> None:
    """The same as `--engine`; the answer's meta tells the engine and its version, and the pixels are that engine's."""
    scene_id = scene(client)
    first = client.post(f"vectors/{scene_id}/renders", {})
    second = client.post(f"vectors/{scene_id}/renders", {"engine": "cairosvg"})
    assert (first["meta"]["engine"], second["meta"]["engine"]) == ("resvg", "cairosvg")
    assert "cairosvg" in second["meta"]["producers"]
    drawn = decoded(client.get(f"artifacts/{second['artifact_id']}/content").content)
    assert np.array_equal(np.asarray(drawn), rasterize.rasterize(SVG, 40, 30, engine="cairosvg"))
    assert client.post(f"vectors/{scene_id}/renders", {"engine": "cairosvg"}, 200)["cache"] == "hit"
    assert client.post(f"vectors/{scene_id}/renders", {"engine": "resvg"}, 200)["artifact_id"] == first["artifact_id"]


def test_an_unknown_engine_is_refused(client: Client) -> None:
    problem = client.problem(
        "POST", f"vectors/{scene(client)}/renders", 400, "malformed-body", json={"engine": "chrome"}
    )
    assert problem["field"] == "$.engine"


def test_a_drawing_becomes_a_document_once(client: Client) -> None:
    """201 with the artifact, then 200 with the same one; its bytes come with the media type of a PDF, its lineage is the scene."""
    scene_id = scene(client)
    asked = {"format": "pdf", "dpi": 72.0, "bleed_mm": 3.0}
    made = client.post(f"vectors/{scene_id}/documents", asked)
    assert (made["kind"], made["meta"]["format"], made["meta"]["bleed_mm"], made["meta"]["width"]) == (
        "vector_document",
        "pdf",
        3.0,
        40.0,
    )
    assert client.post(f"vectors/{scene_id}/documents", asked, 200)["artifact_id"] == made["artifact_id"]
    content = client.get(f"artifacts/{made['artifact_id']}/content")
    assert content.headers["content-type"] == "application/pdf"
    assert content.content.startswith(b"%PDF-")
    assert client.get(f"artifacts/{made['artifact_id']}").json()["parents"] == [scene_id]
    clean = client.post(f"vectors/{scene_id}/documents", {"format": "svg"})
    assert client.get(f"artifacts/{clean['artifact_id']}/content").content.startswith(b"<svg")


@pytest.mark.parametrize(
    ("asked", "status", "slug"),
    [
        ({"format": "docx"}, 400, "malformed-body"),
        ({}, 400, "malformed-body"),
        ({"format": "pdf", "dpi": 0}, 400, "malformed-body"),
        ({"format": "pdf", "colour": "cmyk"}, 400, "malformed-body"),
        ({"format": "svg", "bleed_mm": 3}, 400, "document-value"),
        ({"format": "pdf", "dpi": 4800}, 400, "document-value"),
    ],
)
def test_documents_that_cannot_be_are_refused(client: Client, asked: dict[str, object], status: int, slug: str) -> None:
    """Before anything is drawn, and nothing is recorded."""
    scene_id = scene(client)
    size = client.app.service.registry.head().size
    client.problem("POST", f"vectors/{scene_id}/documents", status, slug, json=asked)
    assert client.app.service.registry.head().size == size
    client.problem("POST", f"vectors/{'0' * 32}/documents", 404, "unknown-artifact", json={"format": "pdf"})


def test_a_drawing_takes_pictures_of_its_scope(client: Client) -> None:
    """They are put in, told in the meta, and its parents; without the map it is refused, with `external=ignore` they are left out."""
    photo = client.upload(png())
    client.problem("POST", "vectors", 422, "svg-refused", content=LINKED)
    params = {"resources": json.dumps({"pictures/a b.png": photo})}
    made = client.ask("POST", "vectors", 201, content=LINKED, params=params).json()
    assert list(made["meta"]["resources"]) == ["pictures/a b.png"]
    assert client.get(f"artifacts/{made['artifact_id']}").json()["parents"] == [photo]
    assert b"data:image/png;base64," in client.get(f"artifacts/{made['artifact_id']}/content").content
    left = client.ask("POST", "vectors", 201, content=LINKED, params={"external": "ignore"}).json()
    assert left["meta"]["ignored"] == ["pictures/a%20b.png"]
    assert client.get(f"artifacts/{left['artifact_id']}").json()["parents"] == []


@pytest.mark.parametrize(
    ("resources", "status", "slug"),
    [
        ("[]", 400, "invalid-parameter"),
        ('{"a.png": 7}', 400, "invalid-parameter"),
        ('{"a.png": "no id"}', 400, "invalid-parameter"),
        ("{" * 3000, 400, "invalid-parameter"),
        ('{"a.png": "' + "0" * 32 + '"}', 404, "unknown-artifact"),
        ('{"/etc/passwd": "PHOTO"}', 422, "resource-map"),
        ('{"file:a.png": "PHOTO"}', 422, "resource-map"),
        ('{"other.png": "PHOTO"}', 422, "svg-refused"),
        ('{"pictures/a b.png": "TIFF"}', 422, "resource-map"),
        ('{"pictures/a b.png": "CARD"}', 422, "wrong-kind"),
    ],
)
def test_a_map_that_will_not_do_is_refused(client: Client, resources: str, status: int, slug: str) -> None:
    """Names that are no relative path, artifacts that are not there, of another kind, or that no drawing shows."""
    tiff = io.BytesIO()
    decoded(png()).save(tiff, "TIFF")
    ids = {"CARD": client.composition(), "PHOTO": client.upload(png(seed=2)), "TIFF": client.upload(tiff.getvalue())}
    for name, artifact_id in ids.items():
        resources = resources.replace(name, artifact_id)
    size = client.app.service.registry.head().size
    client.problem("POST", "vectors", status, slug, content=LINKED, params={"resources": resources})
    assert client.app.service.registry.head().size == size


def test_no_tenant_shows_the_pictures_of_another(client: Client) -> None:
    """An id that leaked is worth nothing."""
    photo = client.upload(png(), base="/v1/globex/test")
    params = {"resources": json.dumps({"pictures/a b.png": photo})}
    client.problem("POST", "vectors", 404, "unknown-artifact", content=LINKED, params=params)
