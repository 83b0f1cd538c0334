"""Presets of one scope: versioned by the ledger, part of every render_key, and nobody else's business."""

import pytest

from engines.image_core import composition
from engines.image_core.preset_book import PresetBook
from engines.image_core.presets import PRESETS, UnknownPresetError
from engines.image_core.service import ImageService, remake
from engines.media_v2.models import Artifact
from engines.media_v2.presets import PresetError
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from ledger import replay

STORY = {"preset_id": "story", "format": "png", "size": "box", "width": 54, "height": 96, "fit": "cover"}


def _composed(images: ImageService, scope: Scope) -> Artifact:
    layers = [{"type": "solid", "color": "#246", "width": 30, "height": 9}]
    document = composition.from_builtins({"version": 1, "width": 60, "height": 40, "layers": layers})
    return images.create_composition(scope, document, "card").artifact


def test_a_changed_preset_makes_new_artifacts_and_old_ones_can_be_made_again(
    images: ImageService, registry: Registry, scope: Scope
) -> None:
    """The version is part of the render_key, even where a change would not show; an audit finds the old definition."""
    book = PresetBook(registry)
    card = _composed(images, scope)
    assert book.define(scope, STORY).version == 1
    first = images.render(scope, card.artifact_id, "story")
    assert images.render(scope, card.artifact_id, "story").cache == "hit"
    assert book.define(scope, STORY | {"quality": 50}).version == 2
    second = images.render(scope, card.artifact_id, "story")
    assert second.cache == "miss"
    assert first.artifact.render_key != second.artifact.render_key
    assert (first.artifact.meta.preset_version, second.artifact.meta.preset_version) == (1, 2)
    assert remake(registry, first.artifact) is None
    assert remake(registry, second.artifact) is None


def test_the_same_definition_again_changes_nothing(registry: Registry, scope: Scope) -> None:
    """A program that defines its presets whenever it starts must not fill the ledger."""
    book = PresetBook(registry)
    book.define(scope, STORY)
    size = registry.head().size
    assert book.define(scope, STORY | {"formats": ["png"], "version": 7}).version == 1
    assert registry.head().size == size


def test_another_scope_knows_nothing_of_it(registry: Registry, scope: Scope, other_scope: Scope) -> None:
    """Not even the name shows in the error that lists the known ones."""
    book = PresetBook(registry)
    book.define(scope, STORY)
    with pytest.raises(UnknownPresetError) as caught:
        book.find(other_scope, "story")
    assert caught.value.fields["known"] == tuple(PRESETS)
    with pytest.raises(UnknownPresetError, match="print_300dpi, story"):
        book.find(scope, "stories")
    assert [preset.preset_id for preset in book.all(scope)] == [*PRESETS, "story"]
    assert len(book.all(other_scope)) == len(PRESETS)


def test_built_in_presets_stay_as_they_are(registry: Registry, scope: Scope) -> None:
    with pytest.raises(PresetError, match="web_small"):
        PresetBook(registry).define(scope, STORY | {"preset_id": "web_small"})
    assert registry.head().size == 0


def test_definitions_survive_the_ledger(registry: Registry, scope: Scope) -> None:
    """A replay knows all versions."""
    book = PresetBook(registry)
    for width in (10, 20, 30):
        book.define(scope, STORY | {"width": width})
    replayed = replay(registry.ledger, registry.projection)
    assert [preset.width for preset in replayed.scope(scope).presets["story"]] == [10, 20, 30]
    assert book.find(scope, "story", 2).width == 20
    with pytest.raises(UnknownPresetError):
        book.find(scope, "story", 4)
