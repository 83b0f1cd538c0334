"""Vector scenes and their renders: stored, drawn, registered; with a preset when asked, unchanged without."""

import gzip

import numpy as np
import pytest

from engines.image_core.presets import UnknownPresetError
from engines.image_core.service import remake
from engines.media_v2.errors import RetractedArtifactError, ScopeError, UnknownArtifactError, WrongKindError
from engines.media_v2.lineage_view import LineageView
from engines.media_v2.models import VectorRenderMeta, VectorSceneMeta
from engines.media_v2.presets import Overrides
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope, scope_of
from engines.vector_core import rasterize
from engines.vector_core.artifact_resources import ArtifactResources
from engines.vector_core.errors import CairoMissingError, SvgRefusedError
from engines.vector_core.pages import DocumentRequest
from engines.vector_core.resources import MappedResources
from engines.vector_core.service import VectorService
from tests.fixtures import SVG, decoded, png


def test_a_scene_is_stored_with_its_facts(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    assert scene.kind == "vector_scene"
    assert isinstance(scene.meta, VectorSceneMeta)
    assert (scene.meta.width, scene.meta.height, scene.meta.name) == (40, 30, "logo.svg")
    assert scene.uri == f"{scope.prefix}vector_scene/{scene.sha256[:2]}/logo--{scene.sha256[:16]}.svg"
    assert registry.content(scene) == SVG


def test_a_refused_drawing_leaves_nothing(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    """The guard comes before the store."""
    hostile = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>'
    with pytest.raises(SvgRefusedError):
        vectors.register_scene(scope, hostile, "x.svg")
    assert registry.head().size == 0
    assert list(registry.blobs.files()) == []


def test_a_render_without_a_preset_keeps_the_scenes_size(
    vectors: VectorService, registry: Registry, scope: Scope
) -> None:
    """The call that existed before presets: a transparent PNG of the very pixels that the engine draws."""
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    render = vectors.render(scope, scene.artifact_id).artifact
    assert isinstance(render.meta, VectorRenderMeta)
    assert (render.meta.preset_id, render.meta.format, render.meta.engine) == (None, "png", "resvg")
    assert render.parents == (scene.artifact_id,)
    assert "--plain--40x30--" in render.uri
    assert np.array_equal(np.asarray(decoded(registry.content(render))), rasterize.rasterize(SVG, 40, 30))


@pytest.mark.parametrize("size", [(60, 90), (120, 60)])
def test_cover_shows_a_cut_of_the_whole_drawing(
    vectors: VectorService, registry: Registry, scope: Scope, size: tuple[int, int]
) -> None:
    """Of the drawing at the size that leaves no gap, the part around the focal point."""
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    asked = Overrides(width=size[0], height=size[1], fit="cover", focal=(1.0, 1.0), format="png")
    render = vectors.render(scope, scene.artifact_id, "social_1080p", asked).artifact
    whole = rasterize.rasterize(SVG, 120, 90)
    shown = np.asarray(decoded(registry.content(render)).convert("RGBA"))
    assert np.array_equal(shown, whole[-size[1] :, -size[0] :])


def test_a_render_with_a_preset_has_its_meta_and_is_drawn_at_its_size(
    vectors: VectorService, registry: Registry, scope: Scope
) -> None:
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    render = vectors.render(scope, scene.artifact_id, "social_1080p").artifact
    assert (render.meta.preset_id, render.meta.width, render.meta.height, render.meta.color_profile) == (
        "social_1080p",
        1920,
        1080,
        "sRGB",
    )
    pixels = np.asarray(decoded(registry.content(render)))
    assert np.array_equal(pixels[:, 240:1680], rasterize.rasterize(SVG, 1440, 1080)), "drawn at this size, not enlarged"
    assert not pixels[:, :240].any()


def test_asking_twice_draws_once(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    first, second = (vectors.render(scope, scene.artifact_id, "web_small") for _ in range(2))
    assert (first.cache, second.cache) == ("miss", "hit")
    assert first.artifact == second.artifact
    assert (registry.catalog().completed, registry.catalog().reused) == (1, 1)


def test_two_scenes_are_two_pictures(vectors: VectorService, scope: Scope) -> None:
    """What is drawn is part of a render's identity, or the second customer got the first one's logo."""
    other = SVG.replace(b"</svg>", b'<rect width="9" height="9"/></svg>')
    scenes = [vectors.register_scene(scope, one, "logo.svg").artifact for one in (SVG, other)]
    renders = [vectors.render(scope, scene.artifact_id) for scene in scenes]
    assert [one.cache for one in renders] == ["miss", "miss"]
    assert renders[0].artifact.sha256 != renders[1].artifact.sha256


def test_a_render_can_be_made_again(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    for preset_id in (None, "web_small", "print_300dpi"):
        assert remake(registry, vectors.render(scope, scene.artifact_id, preset_id).artifact) is None


def test_the_second_engine_is_another_render_that_says_so(
    vectors: VectorService, registry: Registry, scope: Scope
) -> None:
    """Engine and version are part of what a render is; it can be made again by the same engine."""
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    first = vectors.render(scope, scene.artifact_id).artifact
    try:
        second = vectors.render(scope, scene.artifact_id, engine="cairosvg").artifact
    except CairoMissingError:
        pytest.skip("needs libcairo")
    assert isinstance(second.meta, VectorRenderMeta)
    assert second.meta.engine == "cairosvg"
    assert second.artifact_id != first.artifact_id
    assert "cairo 1." in second.meta.producers["cairosvg"]
    assert "resvg" not in second.meta.producers
    assert remake(registry, second) is None


def test_a_scene_takes_the_pictures_that_it_refers_to(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    """The stored document stands alone; its meta says what was put in and what was left out."""
    drawing = SVG.replace(b"</svg>", b'<image href="a.png" width="9" height="9"/><use href="b.svg#x"/></svg>')
    files = MappedResources({"a.png": png()})
    with pytest.raises(SvgRefusedError):
        vectors.register_scene(scope, drawing, "logo.svg", resources=files)
    scene = vectors.register_scene(scope, drawing, "logo.svg", resources=files, external="ignore").artifact
    assert isinstance(scene.meta, VectorSceneMeta)
    assert (list(scene.meta.resources), scene.meta.ignored) == (["a.png"], ("b.svg#x",))
    assert b"a.png" not in registry.content(scene)
    assert vectors.render(scope, scene.artifact_id).artifact.parents == (scene.artifact_id,)


def test_an_exported_scene_comes_back_as_the_same_picture(
    vectors: VectorService, registry: Registry, scope: Scope
) -> None:
    """The round trip: a scene, its clean SVG, a scene again; the second export of that changes nothing any more."""
    shapes = b'<rect width="9" height="9" fill="#080"/><text y="20" font-size="9">Aa</text>'
    drawing = SVG.replace(b"</svg>", b"<!-- by an editor --><metadata>x</metadata>" + shapes + b"</svg>")
    scene = vectors.register_scene(scope, drawing, "logo.svg").artifact
    exported = vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="svg")).artifact
    again = vectors.register_scene(scope, registry.content(exported), "logo.svg").artifact
    assert again.sha256 == exported.sha256 != scene.sha256
    for preset_id in (None, "social_1080p"):
        first, second = (vectors.render(scope, one.artifact_id, preset_id).artifact for one in (scene, again))
        assert isinstance(first.meta, VectorRenderMeta)
        assert isinstance(second.meta, VectorRenderMeta)
        assert second.meta.pixel_sha256 == first.meta.pixel_sha256
        assert (second.meta.width, second.meta.height) == (first.meta.width, first.meta.height)
    twice = vectors.export_document(scope, again.artifact_id, DocumentRequest(format="svg")).artifact
    assert twice.sha256 == exported.sha256


def test_preset_meta_says_all_that_the_preset_decided(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    """What an auditor reads: preset and its version, size, format, quality, profile, hashes, producers; and the file is so."""
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    render = vectors.render(scope, scene.artifact_id, "web_small").artifact
    meta = render.meta
    assert isinstance(meta, VectorRenderMeta)
    assert (meta.preset_id, meta.format, meta.width, meta.quality) == ("web_small", "webp", 40, 75)
    assert (meta.color_profile, meta.engine, meta.alpha) == ("sRGB", "resvg", True)
    picture = decoded(registry.content(render))
    assert (picture.format, picture.size) == ("WEBP", (meta.width, meta.height))
    assert (meta.bytes, meta.sha256) == (len(registry.content(render)), render.sha256)
    assert {"impasto-svg", "resvg"} <= meta.producers.keys()
    assert "--web_small--40x30--" in render.uri
    plain = vectors.render(scope, scene.artifact_id).artifact
    assert plain.artifact_id != render.artifact_id, "a render without a preset is its own"


def test_lineage_leads_from_a_picture_through_its_scene_to_what_that_shows(
    vectors: VectorService,
    images,  # type: ignore[no-untyped-def]
    registry: Registry,
    scope: Scope,
) -> None:
    """In both directions; and what is retracted at one end is not to be had at the other."""
    photo = images.add_asset(scope, png(), "photo.png").artifact
    drawing = SVG.replace(b"</svg>", b'<image href="a.png" width="9" height="9"/></svg>')
    files = ArtifactResources(registry, scope, {"a.png": photo.artifact_id, "unused.png": photo.artifact_id})
    scene = vectors.register_scene(scope, drawing, "logo.svg", resources=files).artifact
    render = vectors.render(scope, scene.artifact_id, "web_small").artifact
    document = vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="svg")).artifact
    assert (scene.parents, render.parents) == ((photo.artifact_id,), (scene.artifact_id,))
    above = LineageView(registry.catalog(), render.artifact_id).json()["ancestors"]
    below = registry.catalog().descendants(photo.artifact_id)
    assert isinstance(above, list)
    assert set(above) == {scene.artifact_id, photo.artifact_id}
    assert set(below) == {scene.artifact_id, render.artifact_id, document.artifact_id}
    registry.retract(scope, photo.artifact_id, "the photographer withdrew")
    with pytest.raises(RetractedArtifactError):
        vectors.render(scope, scene.artifact_id, "web_small")


def test_refused_requests(vectors: VectorService, images, registry: Registry, scope: Scope) -> None:  # type: ignore[no-untyped-def]
    """Unknown preset, another tenant's scene, a photograph instead of a scene, a missing env: typed, and no event."""
    scene = vectors.register_scene(scope, SVG, "logo.svg").artifact
    photo = images.add_asset(scope, png(), "a.png").artifact
    size = registry.head().size
    with pytest.raises(UnknownPresetError):
        vectors.render(scope, scene.artifact_id, "poster")
    with pytest.raises(UnknownArtifactError):
        vectors.render(scope_of("globex", "test"), scene.artifact_id)
    with pytest.raises(WrongKindError):
        vectors.render(scope, photo.artifact_id)
    with pytest.raises(ScopeError):
        vectors.render(scope_of("acme", ""), scene.artifact_id)
    assert registry.head().size == size


def test_gzipped_svg_is_stored_unpacked(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    """.svgz and .svg of the same drawing are the same scene."""
    packed = vectors.register_scene(scope, gzip.compress(SVG), "logo.svgz")
    assert registry.content(packed.artifact) == SVG
    assert vectors.register_scene(scope, SVG, "logo.svg").artifact == packed.artifact
