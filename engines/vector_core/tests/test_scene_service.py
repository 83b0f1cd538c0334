"""Scenes that programs build are registered as what they are drawn from, and can be opened again."""

import pytest

from engines.media_v2.models import VectorSceneMeta
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.vector_core import operations, palette
from engines.vector_core.affine import translate
from engines.vector_core.scene import Ellipse, Rect, Scene, Shape
from engines.vector_core.scene_errors import SceneUnsupportedError, SceneValueError
from engines.vector_core.scene_write import write_svg
from engines.vector_core.service import VectorService
from engines.vector_core.tests.hostile import svg

MOON = operations.difference(
    Shape(geometry=Ellipse(cx=20, cy=15, rx=12, ry=12), fill="#ffcc00", id="moon"),
    Shape(geometry=Ellipse(cx=20, cy=15, rx=12, ry=12), transform=translate(6, -3)),
)
SKY = Scene(width=40, height=30, children=(Shape(geometry=Rect(width=40, height=30), fill="#102040"), MOON))


def test_a_scene_is_registered_as_its_svg_and_opened_again(
    vectors: VectorService, registry: Registry, scope: Scope
) -> None:
    """The artifact is a document that anybody can read; the same scene is the same artifact."""
    artifact = vectors.register_scene(scope, SKY, "sky.svg").artifact
    assert isinstance(artifact.meta, VectorSceneMeta)
    assert (artifact.kind, artifact.meta.width, artifact.meta.height) == ("vector_scene", 40, 30)
    assert registry.content(artifact) == write_svg(SKY)
    assert vectors.register_scene(scope, SKY, "sky.svg").artifact == artifact
    assert vectors.register_scene(scope, write_svg(SKY), "sky.svg").artifact == artifact
    opened = vectors.open_scene(scope, artifact.artifact_id)
    assert opened.left_out == ()
    assert write_svg(opened.scene) == write_svg(SKY)


def test_an_edited_scene_is_another_artifact_and_renders(vectors: VectorService, scope: Scope) -> None:
    """Open, theme, register, render: the flow of a logo in two themes."""
    day = vectors.register_scene(scope, SKY, "sky.svg").artifact
    scene = vectors.open_scene(scope, day.artifact_id).scene
    night = vectors.register_scene(scope, palette.swap(scene, {"#ffcc00": "#ffffff"}), "night.svg").artifact
    assert night.sha256 != day.sha256
    assert vectors.render(scope, night.artifact_id).artifact.parents == (night.artifact_id,)


def test_a_refused_scene_leaves_nothing(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    """The check comes before the store."""
    with pytest.raises(SceneValueError):
        vectors.register_scene(scope, Scene(width=0, height=30), "sky.svg")
    assert registry.head().size == 0


def test_documents_beyond_scenes_open_only_leniently(vectors: VectorService, scope: Scope) -> None:
    """A registered SVG may hold more than a scene can."""
    document = svg('<rect width="9" height="9"/><text y="9">a</text>')
    artifact = vectors.register_scene(scope, document, "text.svg").artifact
    with pytest.raises(SceneUnsupportedError):
        vectors.open_scene(scope, artifact.artifact_id)
    opened = vectors.open_scene(scope, artifact.artifact_id, lenient=True)
    assert [left.element for left in opened.left_out] == ["text"]
    assert opened.scene.children == (Shape(geometry=Rect(width=9, height=9)),)
