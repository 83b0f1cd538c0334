"""What the registry promises about artifacts, below every service: registration, reuse, parents, and what other tenants see.

The same over HTTP, and what is said of kinds, meta and keys, is in test_media_v2_endpoints.py.
"""

import pytest

from engines.image_core import composition
from engines.image_core.service import ImageService
from engines.image_core.sources import FolderReader
from engines.media_v2 import keys
from engines.media_v2.errors import (
    BlobDamagedError,
    BlobMissingError,
    KeyOutsideScopeError,
    UnknownArtifactError,
    WrongKindError,
)
from engines.media_v2.registry import Registration, Registry
from engines.media_v2.scope import Scope, scope_of
from tests.fixtures import COMPOSITION, SVG, png

SHA = "ab" * 32
SOURCE_META = {
    "name": "a.png", "width": 2, "height": 3, "format": "png", "color_profile": "sRGB", "alpha": False, "bytes": 1, "sha256": SHA,
}  # fmt: skip


def test_a_registration_outside_its_scope_is_refused_before_anything_is_written(
    registry: Registry, scope: Scope
) -> None:
    """A service with a wrong key leaves no blob and no event."""
    meta = SOURCE_META
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
    sha256 = keys.sha256_hex(content)
    meta = {"name": "card", "width": 2, "height": 3, "layers": 1, "bytes": len(content), "sha256": sha256}
    uri = keys.content_key(scope, "image_composition", sha256, "card", "json")
    for parent in (theirs.artifact_id, "0" * 32):
        with pytest.raises(UnknownArtifactError):
            registry.register(scope, Registration("image_composition", content, meta, uri, (parent,)))
    assert registry.head().size == 1
