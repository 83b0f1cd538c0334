"""Tests of a scope's fonts in its drawings: those that are named are used, told and kept; all others change nothing."""

import io

import numpy as np
import pypdfium2
import pytest

from engines.image_core.backend import ImageExporter
from engines.image_core.service import remake
from engines.media_v2.models import Artifact, VectorDocumentMeta, VectorRenderMeta
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope, scope_of
from engines.typography_core.font_assets import add_font
from engines.typography_core.tests.forged_fonts import collection, packed, plain_file
from engines.vector_core import svg_fonts
from engines.vector_core.pages import DocumentRequest
from engines.vector_core.service import VectorService
from engines.vector_core.tests.hostile import svg
from tests.fixtures import decoded

TEXT = svg('<text x="2" y="18" font-size="16" font-family="Brand, sans-serif">A</text>')
STYLED = svg("<style>.t{font-family:'brand'}</style><text class='t' x='2' y='18' font-size='16'>A</text>")


def font(registry: Registry, scope: Scope, family: str = "Brand", flavor: str = "") -> Artifact:
    content = plain_file(family)
    return add_font(registry, scope, packed(content, flavor) if flavor else content, "brand.ttf").artifact


def pixels(registry: Registry, artifact: Artifact) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(decoded(registry.content(artifact)).convert("RGBA"))


def is_square(drawn: np.ndarray) -> bool:  # type: ignore[type-arg]
    """Whether the letter is the forged font's: a square of half an em at the text's start, filled."""
    return bool((drawn[11:17, 4:9, 3] == 255).all())


@pytest.mark.parametrize("flavor", ["", "woff", "woff2"])
@pytest.mark.parametrize("drawing", [TEXT, STYLED])
def test_a_drawing_is_drawn_in_the_fonts_of_its_scope(
    vectors: VectorService, registry: Registry, scope: Scope, drawing: bytes, flavor: str
) -> None:
    """Of any format; meta and lineage tell which file, and the same bits come out again."""
    scene = vectors.register_scene(scope, drawing, "a.svg").artifact
    before = vectors.render(scope, scene.artifact_id).artifact
    brand = font(registry, scope, flavor=flavor)
    render = vectors.render(scope, scene.artifact_id).artifact
    assert not is_square(pixels(registry, before))
    assert is_square(pixels(registry, render))
    assert isinstance(render.meta, VectorRenderMeta)
    assert render.meta.fonts["Brand"] == brand.sha256
    assert render.parents == (scene.artifact_id, brand.artifact_id)
    assert ("fonttools" in render.meta.producers) == bool(flavor)
    assert remake(registry, render) is None
    assert remake(registry, before) is None, "made before the font came, and without it"


def test_fonts_that_are_not_named_change_nothing(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    """Or every new font would draw every picture again."""
    drawings = [svg('<text y="9" font-family="Inter">A</text>'), svg("<desc>Brand</desc><rect/>")]
    scenes = [vectors.register_scene(scope, one, f"{number}.svg").artifact for number, one in enumerate(drawings)]
    first = [vectors.render(scope, scene.artifact_id).artifact for scene in scenes]
    font(registry, scope)
    again = [vectors.render(scope, scene.artifact_id) for scene in scenes]
    assert [one.cache for one in again] == ["hit", "hit"]
    assert [one.artifact for one in again] == first


def test_no_scope_draws_in_the_fonts_of_another(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    font(registry, scope_of("globex", scope.env))
    scene = vectors.register_scene(scope, TEXT, "a.svg").artifact
    render = vectors.render(scope, scene.artifact_id).artifact
    assert render.parents == (scene.artifact_id,)
    assert not is_square(pixels(registry, render))


def test_a_retracted_font_is_used_no_more(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    scene = vectors.register_scene(scope, TEXT, "a.svg").artifact
    brand = font(registry, scope)
    vectors.render(scope, scene.artifact_id)
    registry.retract(scope, brand.artifact_id, "the licence ended")
    render = vectors.render(scope, scene.artifact_id).artifact
    assert not is_square(pixels(registry, render))
    assert list(render.meta.fonts) == ["Inter", "Inter italic"]  # type: ignore[union-attr]


def test_a_font_named_like_a_packaged_one_stands_beside_it(
    vectors: VectorService, registry: Registry, scope: Scope
) -> None:
    """It is drawn, and the meta tells both files."""
    scene = vectors.register_scene(scope, TEXT.replace(b"Brand", b"Inter"), "a.svg").artifact
    own = font(registry, scope, "Inter")
    render = vectors.render(scope, scene.artifact_id).artifact
    assert is_square(pixels(registry, render))
    assert render.meta.fonts[f"Inter {own.sha256[:8]}"] == own.sha256  # type: ignore[union-attr]
    assert len(render.meta.fonts) == 3  # type: ignore[union-attr]


def test_collections_count_by_any_of_their_families(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    content = collection(*(svg_fonts.rename(plain_file(name), name) for name in ("Other", "Brand")))
    own = add_font(registry, scope, content, "two.ttc").artifact
    scene = vectors.register_scene(scope, TEXT, "a.svg").artifact
    render = vectors.render(scope, scene.artifact_id).artifact
    assert own.artifact_id in render.parents
    assert is_square(pixels(registry, render))


def test_documents_embed_the_fonts_of_the_scope(vectors: VectorService, registry: Registry, scope: Scope) -> None:
    """A PDF shows the letter as the picture does; it is another document than the one without the font, and can be made again."""
    scene = vectors.register_scene(scope, TEXT, "a.svg").artifact
    request = DocumentRequest(format="pdf", dpi=72.0)
    before = vectors.export_document(scope, scene.artifact_id, request).artifact
    brand = font(registry, scope)
    made = vectors.export_document(scope, scene.artifact_id, request).artifact
    assert made.artifact_id != before.artifact_id
    assert isinstance(made.meta, VectorDocumentMeta)
    assert made.meta.fonts["Brand"] == brand.sha256
    assert made.parents == (scene.artifact_id, brand.artifact_id)
    page = pypdfium2.PdfDocument(io.BytesIO(registry.content(made)))[0]
    shown = np.asarray(page.render(scale=1).to_pil().convert("L"))
    assert (shown[12:16, 5:8] < 16).all()
    assert remake(registry, made) is None
    assert remake(registry, before) is None
    clean = vectors.export_document(scope, scene.artifact_id, DocumentRequest(format="svg")).artifact
    assert clean.parents == (scene.artifact_id,), "an SVG keeps its texts as they are, in no font"


def test_a_service_needs_no_fonts_to_draw(registry: Registry, scope: Scope) -> None:
    """A drawing without text reads no font and names none of the scope's."""
    service = VectorService(registry, ImageExporter(registry))
    font(registry, scope)
    scene = service.register_scene(scope, svg("<rect width='9' height='9'/>"), "a.svg").artifact
    assert service.render(scope, scene.artifact_id).artifact.parents == (scene.artifact_id,)
