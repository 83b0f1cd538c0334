"""The artifact contract from outside: kinds and meta, scopes and prefixes, registration, reuse, and what other tenants see.

The HTTP endpoints come with a later version; what they will answer with is tested here, one layer below.
"""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.image_core import composition
from engines.image_core.service import ImageService
from engines.image_core.sources import FolderReader
from engines.media_v2 import keys
from engines.media_v2.errors import (
    BlobDamagedError,
    BlobMissingError,
    KeyOutsideScopeError,
    MetaError,
    ScopeError,
    UnknownArtifactError,
    UnknownKindError,
    WrongKindError,
)
from engines.media_v2.models import KINDS, META_OF_KIND, check_kind, parse_meta
from engines.media_v2.registry import Registration, Registry
from engines.media_v2.scope import Scope, check_key, scope_of
from tests.fixtures import COMPOSITION, SVG, png

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
}  # fmt: skip


def test_every_kind_of_the_mission_is_known() -> None:
    """The six kinds are a contract with other engines."""
    assert set(KINDS) == set(META_OF_KIND) == set(VALID)


@pytest.mark.parametrize("kind", KINDS)
def test_valid_meta_is_accepted_and_survives_the_ledger(kind: str) -> None:
    """What is written is what is read back."""
    meta = parse_meta(kind, VALID[kind])
    assert parse_meta(kind, msgspec.msgpack.decode(msgspec.msgpack.encode(meta))) == meta


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_unknown_or_wrong_field_is_named(kind: str) -> None:
    """A registration with bad meta is refused with the place of the fault."""
    for field in ("bytes", "sha256", "width"):
        with pytest.raises(MetaError, match=field):
            parse_meta(kind, {name: value for name, value in VALID[kind].items() if name != field})
    with pytest.raises(MetaError, match="colour"):
        parse_meta(kind, VALID[kind] | {"colour": 1})
    with pytest.raises(MetaError, match=r"\$\.sha256"):
        parse_meta(kind, VALID[kind] | {"sha256": "xyz"})
    with pytest.raises(MetaError, match=r"\$\.width"):
        parse_meta(kind, VALID[kind] | {"width": 0})


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


def test_a_registration_outside_its_scope_is_refused_before_anything_is_written(
    registry: Registry, scope: Scope
) -> None:
    """A service with a wrong key leaves no blob and no event."""
    meta = VALID["source_asset"]
    for uri in ("tenants/globex/test/media_v2/x.png", "../x.png"):
        with pytest.raises(KeyOutsideScopeError):
            registry.register(scope, Registration("source_asset", b"x", meta, uri))
    assert registry.head().size == 0
    assert list(registry.blobs.files()) == []


def test_the_same_upload_is_one_artifact(registry: Registry, images: ImageService, scope: Scope) -> None:
    """Content decides identity: the name and the moment do not."""
    first = images.add_asset(scope, png(), "a.png")
    again = images.add_asset(scope, png(), "b.png")
    assert first.created
    assert not again.created
    assert again.artifact == first.artifact
    assert registry.head().size == 1


def test_another_tenant_or_env_sees_nothing(images: ImageService, registry: Registry, scope: Scope) -> None:
    """The same id asked for elsewhere is simply unknown, and may not be used as a parent or source."""
    asset = images.add_asset(scope, png(), "a.png").artifact
    for other in (scope_of("globex", "test"), scope_of("acme", "prod")):
        with pytest.raises(UnknownArtifactError):
            registry.artifact(other, asset.artifact_id)
        document = composition.from_builtins(
            {
                "version": 1,
                "width": 4,
                "height": 4,
                "layers": [{"type": "raster", "src": f"artifact:{asset.artifact_id}"}],
            }
        )
        with pytest.raises(UnknownArtifactError):
            images.create_composition(other, document, "stolen")
        assert registry.catalog().of_scope(other) == []


def test_the_same_upload_in_two_tenants_is_two_artifacts_and_two_blobs(
    images: ImageService, registry: Registry, scope: Scope, other_scope: Scope
) -> None:
    """Nothing is shared between tenants, not even equal bytes."""
    mine, theirs = (images.add_asset(one, png(), "a.png").artifact for one in (scope, other_scope))
    assert mine.artifact_id != theirs.artifact_id
    assert sorted(key.split("/")[1] for key, _ in registry.blobs.files()) == ["acme", "globex"]


def test_a_source_of_the_wrong_kind_is_refused(images: ImageService, scope: Scope) -> None:
    drawing = images.add_asset(scope, SVG, "a.svg").artifact
    document = composition.from_builtins(
        {
            "version": 1,
            "width": 4,
            "height": 4,
            "layers": [{"type": "raster", "src": f"artifact:{drawing.artifact_id}"}],
        }
    )
    with pytest.raises(WrongKindError, match="vector_scene"):
        images.create_composition(scope, document, "mixed")


def test_a_render_answers_with_everything_downstream_needs(
    images: ImageService, registry: Registry, scope: Scope, folder
) -> None:  # type: ignore[no-untyped-def]
    """Create composition -> render with preset -> artifact id, uri, bytes -> used as a layer of the next composition."""
    made = images.create_composition(
        scope, composition.from_builtins(COMPOSITION), "card", FolderReader(folder)
    ).artifact
    first = images.render(scope, made.artifact_id, "social_1080p")
    assert first.cache == "miss"
    assert first.artifact.uri.startswith(f"{scope.prefix}image_render/")
    assert first.artifact.parents == (made.artifact_id,)
    again = images.render(scope, made.artifact_id, "social_1080p")
    assert again.cache == "hit"
    assert again.artifact == first.artifact
    assert registry.catalog().reused == 1

    second = composition.from_builtins(
        {
            "version": 1,
            "width": 200,
            "height": 100,
            "layers": [{"type": "raster", "src": f"artifact:{first.artifact.artifact_id}", "width": 200}],
        }
    )
    outer = images.create_composition(scope, second, "sheet").artifact
    render = images.render(scope, outer.artifact_id, "web_small").artifact
    ancestors = registry.catalog().lineage().ancestors(render.artifact_id)
    kinds = {registry.catalog().artifacts[one].kind for one in ancestors}
    assert kinds == {"image_composition", "image_render", "source_asset", "vector_scene"}


def test_damaged_content_is_never_handed_out(images: ImageService, registry: Registry, scope: Scope) -> None:
    """A reader gets the registered bytes or an error that names the blob."""
    artifact = images.add_asset(scope, png(), "a.png").artifact
    blob = registry.blobs.path(scope, artifact.sha256)
    blob.write_bytes(png(seed=2))
    with pytest.raises(BlobDamagedError, match=artifact.sha256):
        registry.content(artifact)
    blob.unlink()
    with pytest.raises(BlobMissingError, match=artifact.sha256):
        registry.content(artifact)


def test_parents_must_be_artifacts_of_the_same_scope(
    images: ImageService, registry: Registry, scope: Scope, other_scope: Scope
) -> None:
    """Lineage never points to nothing, nor to another tenant."""
    theirs = images.add_asset(other_scope, png(), "a.png").artifact
    content = b"{}"
    meta = VALID["image_composition"] | {"bytes": len(content), "sha256": keys.sha256_hex(content)}
    uri = keys.content_key(scope, "image_composition", meta["sha256"], "card", "json")
    for parent in (theirs.artifact_id, "0" * 32):
        with pytest.raises(UnknownArtifactError):
            registry.register(scope, Registration("image_composition", content, meta, uri, (parent,)))
    assert registry.head().size == 1
