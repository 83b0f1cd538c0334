"""The media program from outside: the walk over HTTP from a composition to its reuse, all that is refused on the way, and the contract
of kinds, meta and keys beneath.

What the registry promises below the service is in test_artifact_contract.py; the service itself is tested in engines/http/tests.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.http.tests.served import Client, served
from engines.media_v2 import keys
from engines.media_v2.errors import KeyOutsideScopeError, MetaError, ScopeError, UnknownKindError
from engines.media_v2.models import KINDS, META_OF_KIND, check_kind, parse_meta
from engines.media_v2.scope import Scope, check_key, scope_of
from engines.media_v2.stores import init_store
from tests.fixtures import SVG, decoded, png

SHA = "ab" * 32
EXPORT = {
    "preset_id": "web_small",
    "width": 640,
    "height": 360,
    "format": "webp",
    "color_profile": "sRGB",
    "quality": 75,
    "dpi": None,
    "alpha": True,
    "bytes": 10,
    "sha256": SHA,
    "pixel_sha256": SHA,
    "producers": {"pillow": "13"},
}
VALID = {
    "source_asset": {
        "name": "a.png", "width": 2, "height": 3, "format": "png", "color_profile": "sRGB", "alpha": False, "bytes": 1, "sha256": SHA,
    },
    "image_composition": {"name": "card", "width": 2, "height": 3, "layers": 1, "bytes": 1, "sha256": SHA},
    "image_render": EXPORT,
    "vector_scene": {"name": "a.svg", "width": 2.5, "height": 3, "bytes": 1, "sha256": SHA},
    "vector_render": EXPORT | {"preset_id": None},
    "text_render": EXPORT | {"preset_id": None, "request": {"text": "a"}},
    "vector_document": {
        "name": "a.svg", "width": 595.28, "height": 841.89, "format": "pdf", "dpi": 300, "has_text": False,
        "producers": {"pikepdf": "10"}, "bytes": 1, "sha256": SHA,
    },
    "font_asset": {
        "name": "a.ttf", "family": "A", "subfamily": "Bold", "format": "ttf", "version": "1.0", "license": "OFL-1.1", "coverage": 2,
        "faces": [{
            "family": "A", "subfamily": "Bold", "italic": False, "weight": 700, "width": 100, "coverage": 2, "color": ["COLR"],
            "axes": [{"tag": "wght", "name": "Weight", "minimum": 1, "default": 400, "maximum": 900}],
        }],
        "bytes": 1, "sha256": SHA,
    },
}  # fmt: skip


PREFIX = "tenants/acme/test/media_v2/"
CREATED = {"artifact_id", "uri", "kind", "cache", "render_key", "meta"}
PRESETS = {
    "web_small": {"format": "webp", "width": 96, "height": 64, "quality": 75, "dpi": None},
    "web_medium": {"format": "webp", "width": 96, "height": 64, "quality": 85, "dpi": None},
    "social_1080p": {"format": "png", "width": 1920, "height": 1080, "quality": None, "dpi": None},
    "print_300dpi": {"format": "jpeg", "width": 3000, "height": 3000, "quality": 95, "dpi": 300},
}
"""What meta says of a composition of 96 x 64 px; the web presets never enlarge."""


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Client]:
    init_store(tmp_path / "store", with_key=True)
    with served(tmp_path / "store") as client:
        yield client


def _layers(client: Client) -> list[dict[str, object]]:
    """A photograph, a drawing and a text, as layers."""
    photo, logo = client.upload(png()), client.upload(SVG, "vectors")
    return [
        {"type": "raster", "src": f"artifact:{photo}", "width": 96, "height": 64, "fit": "cover"},
        {"type": "vector", "src": f"artifact:{logo}", "x": 8, "y": 8, "width": 40, "blend": "screen"},
        {"type": "text", "text": "Été", "font": "Inter", "size": 14, "color": "#fff", "x": 6, "y": 40},
    ]


def _document(layers: list[dict[str, object]]) -> dict[str, object]:
    return {"version": 1, "name": "card", "width": 96, "height": 64, "layers": layers}


def test_s11_from_a_composition_to_its_reuse_in_another(http: Client) -> None:
    """The walk of the phase note: create composition -> render with preset -> artifact_id and uri -> content -> lineage -> used as a
    layer of the next composition, whose lineage reaches down to the first upload."""
    layers = _layers(http)
    made = http.post("compositions", _document(layers))
    assert made.keys() == CREATED
    assert (made["kind"], made["cache"], made["render_key"]) == ("image_composition", "miss", None)

    answer = http.ask("POST", f"compositions/{made['artifact_id']}/renders", 201, json={"preset_id": "social_1080p"})
    render = answer.json()
    assert render.keys() == CREATED
    assert answer.headers["location"] == f"/v1/acme/test/artifacts/{render['artifact_id']}"
    assert render["uri"].startswith(f"{PREFIX}image_render/")
    assert render["uri"].endswith(f"/card--social_1080p--1920x1080--{render['render_key'][:16]}.png")

    content = http.get(answer.headers["location"] + "/content").content
    assert hashlib.sha256(content).hexdigest() == render["meta"]["sha256"]
    assert decoded(content).size == (1920, 1080)

    lineage = http.get(f"artifacts/{render['artifact_id']}/lineage").json()
    sources = [str(layer["src"]).removeprefix("artifact:") for layer in layers if "src" in layer]
    assert sorted(lineage["ancestors"]) == sorted([made["artifact_id"], *sources])
    assert {"preset:social_1080p@1"} <= {one["id"] for one in lineage["inputs"]}

    second = _document([{"type": "raster", "src": f"artifact:{render['artifact_id']}", "width": 96, "height": 64}])
    outer = http.post("compositions", second)["artifact_id"]
    reused = http.post(f"compositions/{outer}/renders", {"preset_id": "web_small"})
    below = http.get(f"artifacts/{reused['artifact_id']}/lineage").json()["ancestors"]
    assert {outer, render["artifact_id"], made["artifact_id"], *sources} == set(below)
    assert reused["artifact_id"] in http.get(f"artifacts/{sources[0]}/lineage").json()["descendants"]


@pytest.mark.parametrize("preset_id", PRESETS)
def test_s2_s3_each_preset_says_in_meta_what_the_file_is(http: Client, preset_id: str) -> None:
    """preset_id, width, height, format and colour profile are those of the bytes that are sent."""
    composition = http.post("compositions", _document(_layers(http)))["artifact_id"]
    render = http.post(f"compositions/{composition}/renders", {"preset_id": preset_id})
    meta, expected = render["meta"], PRESETS[preset_id]
    assert meta["preset_id"] == preset_id
    assert {name: meta[name] for name in expected} == expected
    assert meta["color_profile"] == "sRGB"
    answer = http.get(f"artifacts/{render['artifact_id']}/content")
    picture = decoded(answer.content)
    assert answer.headers["content-type"] == f"image/{expected['format']}"
    assert (picture.format, picture.size) == (str(expected["format"]).upper(), (meta["width"], meta["height"]))
    assert "icc_profile" in picture.info


def test_s4_the_same_export_again_is_a_hit_with_the_same_key(http: Client) -> None:
    """Same content and preset: 200 instead of 201, the same artifact, the same render_key, and nothing is drawn."""
    path = f"compositions/{http.post('compositions', _document(_layers(http)))['artifact_id']}/renders"
    first, again = http.post(path, {"preset_id": "web_small"}), http.post(path, {"preset_id": "web_small"}, 200)
    assert again == first | {"cache": "hit"}
    assert http.app.service.registry.catalog().completed == 1
    assert http.post(path, {"preset_id": "web_small", "format": "png"})["render_key"] != first["render_key"]


def test_s7_s8_drawings_and_texts_are_exported_with_a_preset_or_without(http: Client) -> None:
    """Without one, a PNG at their own size."""
    scene = http.upload(SVG, "vectors")
    plain = http.post(f"vectors/{scene}/renders", {})
    assert (plain["kind"], plain["meta"]["preset_id"], plain["meta"]["width"]) == ("vector_render", None, 40)
    social = http.post(f"vectors/{scene}/renders", {"preset_id": "social_1080p"})
    assert (social["meta"]["preset_id"], social["meta"]["height"]) == ("social_1080p", 1080)
    text = {"text": "Impasto", "font": "Inter", "size": 20}
    assert http.post("texts/renders", text)["meta"]["preset_id"] is None
    smaller = http.post("texts/renders", text | {"preset_id": "web_small", "overrides": {"width": 32}})
    assert (smaller["kind"], smaller["meta"]["width"], smaller["meta"]["preset_id"]) == ("text_render", 32, "web_small")


def test_presets_of_a_scope_are_its_own(http: Client) -> None:
    """Defined, used, versioned, and unknown elsewhere."""
    tiny = {"preset_id": "tiny", "format": "png", "size": "scale_to_width", "width": 16}
    assert http.post("presets", tiny)["version"] == 1
    assert http.post("presets", tiny, 200)["version"] == 1
    composition = http.post("compositions", _document(_layers(http)))["artifact_id"]
    first = http.post(f"compositions/{composition}/renders", {"preset_id": "tiny"})
    assert http.post("presets", tiny | {"width": 8})["version"] == 2
    second = http.post(f"compositions/{composition}/renders", {"preset_id": "tiny"})
    assert [one["meta"]["width"] for one in (first, second)] == [16, 8]
    http.problem("GET", "/v1/globex/test/presets/tiny", 404, "unknown-preset")
    http.problem("POST", "presets", 400, "invalid-preset", json=tiny | {"preset_id": "web_small"})


def test_s12_what_cannot_be_is_refused_with_its_reason(http: Client) -> None:
    """Every negative case of the phase note; none of them leaves anything behind."""
    layers = _layers(http)
    photo = str(layers[0]["src"]).removeprefix("artifact:")
    composition = http.post("compositions", _document(layers))["artifact_id"]
    renders, size = f"compositions/{composition}/renders", http.app.service.registry.head().size
    problem = http.problem("POST", renders, 404, "unknown-preset", json={"preset_id": "poster"})
    assert set(problem["known"]) == set(PRESETS)
    problem = http.problem(
        "POST", renders, 422, "unsupported-format", json={"preset_id": "social_1080p", "format": "gif"}
    )
    assert problem["known"] == ["png"]
    http.problem("POST", renders, 400, "malformed-body", json={})
    http.problem("POST", f"compositions/{photo}/renders", 422, "wrong-kind", json={"preset_id": "web_small"})
    http.problem("POST", f"vectors/{photo}/renders", 422, "wrong-kind", json={})
    http.problem("GET", f"compositions/{photo}", 422, "wrong-kind")
    swapped = [{"type": "vector", "src": f"artifact:{photo}"}]
    http.problem("POST", "compositions", 422, "wrong-kind", json=_document(swapped))
    http.problem("POST", "texts/renders", 422, "unknown-font", json={"text": "a", "font": "Comic", "size": 9})
    for base in ("/v1/globex/test", "/v1/acme/prod"):
        elsewhere = f"{base}/compositions/{composition}/renders"
        http.problem("POST", elsewhere, 404, "unknown-artifact", json={"preset_id": "web_small"})
        http.problem("POST", f"{base}/compositions", 404, "unknown-artifact", json=_document(layers))
    assert http.app.service.registry.head().size == size


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [
        ("/v1/artifacts", 404, "unknown-route"),
        ("/v1/acme/artifacts", 404, "unknown-route"),
        ("/v1//test/artifacts", 404, "unknown-route"),
        ("/artifacts", 404, "unknown-route"),
        ("/v1/Acme/test/artifacts", 400, "invalid-scope"),
        ("/v1/acme/%20/artifacts", 400, "invalid-scope"),
        ("/v1/acme/te.st/artifacts", 400, "invalid-scope"),
        ("/v1/..%2Fglobex/test/artifacts", 404, "unknown-route"),
        ("/tenants/acme/test/media_v2/artifacts", 404, "unknown-route"),
    ],
)
def test_s5_there_is_no_request_without_tenant_and_env(http: Client, path: str, status: int, slug: str) -> None:
    """Missing or malformed, there is no default place that it could go to."""
    http.problem("GET", path, status, slug)


def test_s5_every_uri_lies_under_the_prefix_of_its_scope(http: Client) -> None:
    """Also for names that try to leave it."""
    for name in ("../../globex/x.png", "/etc/passwd", "a\\b", "ö" * 100):
        uri = http.ask("POST", "assets", 201, params={"name": name}, content=png(seed=len(name))).json()["uri"]
        assert check_key(scope_of("acme", "test"), uri) == uri
    listed: list[dict[str, Any]] = http.get("artifacts").json()["items"]
    assert all(item["uri"].startswith(PREFIX) for item in listed)
    assert (http.app.service.store / "blobs" / "tenants").is_dir()
    assert [path.name for path in (http.app.service.store / "blobs" / "tenants").iterdir()] == ["acme"]


def test_every_kind_of_the_mission_is_known() -> None:
    """The kinds are a contract with other engines."""
    assert set(KINDS) == set(META_OF_KIND) == set(VALID)


@pytest.mark.parametrize("kind", KINDS)
def test_valid_meta_is_accepted_and_survives_the_ledger(kind: str) -> None:
    """What is written is what is read back."""
    meta = parse_meta(kind, VALID[kind])
    assert parse_meta(kind, msgspec.msgpack.decode(msgspec.msgpack.encode(meta))) == meta


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_unknown_or_wrong_field_is_named(kind: str) -> None:
    """A registration with bad meta is refused with the place of the fault."""
    measure = "coverage" if kind == "font_asset" else "width"
    for field in ("bytes", "sha256", measure):
        with pytest.raises(MetaError, match=field):
            parse_meta(kind, {name: value for name, value in VALID[kind].items() if name != field})
    with pytest.raises(MetaError, match="colour"):
        parse_meta(kind, VALID[kind] | {"colour": 1})
    with pytest.raises(MetaError, match=r"\$\.sha256"):
        parse_meta(kind, VALID[kind] | {"sha256": "xyz"})
    with pytest.raises(MetaError, match=rf"\$\.{measure}"):
        parse_meta(kind, VALID[kind] | {measure: -1})


@pytest.mark.parametrize(
    ("field", "value"),
    [("quality", 0), ("quality", 101), ("dpi", 0), ("format", "gif"), ("preset_id", "../up"), ("width", 40_000)],
)
def test_export_meta_has_limits(field: str, value: object) -> None:
    with pytest.raises(MetaError, match=field):
        parse_meta("image_render", EXPORT | {field: value})


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(UnknownKindError, match="source_asset, image_composition"):
        check_kind("movie")


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "_a", "a/b", "..", "a.b", "é", "a" * 64, "a\n", "a\0", None, 7])
def test_a_bad_tenant_or_env_is_refused_with_the_rule(name: object) -> None:
    """There is no default scope; the message tells the rule."""
    for pair in ((name, "test"), ("acme", name)):
        with pytest.raises(ScopeError, match=r"\^\[a-z0-9\]\[a-z0-9_-\]\{0,62\}\$"):
            scope_of(*pair)  # type: ignore[arg-type]


@given(st.text(max_size=80))
def test_only_names_of_the_rule_become_a_prefix(name: str) -> None:
    """Whatever a caller sends, a prefix has exactly four parts and stays inside its tenant."""
    try:
        made = scope_of(name, "e")
    except ScopeError:
        return
    assert made.prefix.split("/") == ["tenants", name, "e", "media_v2", ""]
    assert name.isascii()
    assert len(name) <= 63


@pytest.mark.parametrize(
    "key",
    [
        "",
        "image_render/a.png",
        "tenants/acme/test/media_v2/../../../globex/test/media_v2/a",
        "tenants/globex/test/media_v2/a",
        "tenants/acme/testing/media_v2/a",
        "tenants/acme/test/media_v2",
        "/tenants/acme/test/media_v2/a",
        "tenants/acme/test/media_v2//a",
        "tenants/acme/test/media_v2/./a",
        "tenants/acme/test/media_v2/a\\..\\b",
        "tenants/acme/test/media_v2/a%2e%2e",
        "tenants/acme/test/media_v2/a\n",
        "tenants/acme/test/media_v2/" + "a" * 1024,
    ],
)
def test_keys_outside_the_prefix_are_refused(scope: Scope, key: str) -> None:
    """No spelling of a key may leave its tenant and env."""
    with pytest.raises(KeyOutsideScopeError):
        check_key(scope, key)


@given(st.text(max_size=200))
def test_any_name_gives_a_key_inside_the_scope(name: str) -> None:
    """Names come from users; the key made from them never leaves the prefix."""
    scope = scope_of("acme", "test")
    for key in (
        keys.export_key(scope, "image_render", SHA, name, "web_small", 1, 1, "png"),
        keys.content_key(scope, "source_asset", SHA, name, "png"),
    ):
        assert check_key(scope, key) == key
        assert key.startswith("tenants/acme/test/media_v2/")
