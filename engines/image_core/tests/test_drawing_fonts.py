"""Drawings in compositions: their texts are in the fonts of the scope that they name, told and kept like those of text layers."""

import json

import numpy as np

from engines.image_core import composition
from engines.image_core.service import ImageService, remake
from engines.media_v2.models import Artifact, ImageRenderMeta
from engines.media_v2.presets import Overrides
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.typography_core.font_assets import add_font
from engines.typography_core.tests.forged_fonts import plain_file
from engines.vector_core.tests.hostile import svg
from tests.fixtures import decoded

TEXT = svg('<text x="2" y="18" font-size="16" font-family="Brand">A</text>').decode()
PNG = Overrides(format="png")


def composed(images: ImageService, scope: Scope, *layers: dict[str, object]) -> Artifact:
    document = {"version": 1, "width": 20, "height": 20, "layers": list(layers)}
    return images.create_composition(scope, composition.parse(json.dumps(document).encode()), "card").artifact


def rendered(images: ImageService, registry: Registry, scope: Scope, card: Artifact) -> tuple[Artifact, np.ndarray]:  # type: ignore[type-arg]
    render = images.render(scope, card.artifact_id, "web_small", PNG).artifact
    return render, np.asarray(decoded(registry.content(render)).convert("RGBA"))


def test_a_vector_layer_is_drawn_in_the_fonts_of_its_scope(
    images: ImageService, registry: Registry, scope: Scope
) -> None:
    """A square where the letter of the packaged font was; the same service had the composition open before the font came."""
    card = composed(images, scope, {"type": "vector", "svg": TEXT})
    before, _ = rendered(images, registry, scope, card)
    brand = add_font(registry, scope, plain_file("Brand"), "brand.ttf").artifact
    after, drawn = rendered(images, registry, scope, card)
    assert after.artifact_id != before.artifact_id
    assert (drawn[11:17, 3:9, 3] == 255).all()
    assert isinstance(after.meta, ImageRenderMeta)
    assert after.meta.fonts["Brand"] == brand.sha256
    assert after.parents == (card.artifact_id, brand.artifact_id)
    assert remake(registry, after) is None
    assert remake(registry, before) is None


def test_layers_that_name_no_font_stay_as_they_are(images: ImageService, registry: Registry, scope: Scope) -> None:
    card = composed(images, scope, {"type": "vector", "svg": TEXT.replace("Brand", "Inter")})
    before, _ = rendered(images, registry, scope, card)
    add_font(registry, scope, plain_file("Brand"), "brand.ttf")
    assert rendered(images, registry, scope, card)[0] == before


def test_a_text_and_a_drawing_may_use_two_files_of_one_family(
    images: ImageService, registry: Registry, scope: Scope
) -> None:
    """Both are told, and each is a parent once."""
    first = add_font(registry, scope, plain_file("Brand"), "first.ttf").artifact
    second = add_font(registry, scope, plain_file("Brand") + bytes(4), "second.ttf").artifact
    text = {"type": "text", "text": "A", "font": "Brand", "size": 16, "color": "#000"}
    card = composed(images, scope, {"type": "vector", "svg": TEXT}, text)
    render, _ = rendered(images, registry, scope, card)
    assert isinstance(render.meta, ImageRenderMeta)
    assert {first.sha256, second.sha256} <= set(render.meta.fonts.values())
    assert sorted(render.parents) == sorted((card.artifact_id, first.artifact_id, second.artifact_id))
    assert remake(registry, render) is None


def test_texts_in_masks_are_drawn_in_the_fonts_of_the_scope(
    images: ImageService, registry: Registry, scope: Scope
) -> None:
    """A vector mask is a drawing, too."""
    mask = {"svg": TEXT}
    card = composed(images, scope, {"type": "solid", "color": "#f00", "mask": mask})
    brand = add_font(registry, scope, plain_file("Brand"), "brand.ttf").artifact
    render, drawn = rendered(images, registry, scope, card)
    assert brand.artifact_id in render.parents
    assert (drawn[11:17, 3:9, 3] == 255).all()
