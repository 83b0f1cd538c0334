"""The image service: what is stored, what is refused before anything is stored, and what a render's meta tells."""

from pathlib import Path

import pytest

from engines.image_core import composition
from engines.image_core.service import ImageService
from engines.image_core.sources import FolderReader, SourceError
from engines.media_v2.errors import UnsupportedMediaError
from engines.media_v2.models import ImageRenderMeta
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope, scope_of
from engines.typography_core.errors import UnknownFontError
from tests.fixtures import COMPOSITION, LAYERS, png


def test_a_composition_is_stored_with_its_sources_by_id(
    images: ImageService, registry: Registry, scope: Scope, folder: Path
) -> None:
    """The store alone is enough to draw it again: files are registered and references rewritten."""
    made = images.create_composition(
        scope, composition.from_builtins(COMPOSITION), "card", FolderReader(folder)
    ).artifact
    stored = composition.parse(registry.content(made))
    refs = [
        layer.src for layer in stored.layers if isinstance(layer, composition.RasterLayer | composition.VectorLayer)
    ]
    assert refs == [f"artifact:{parent}" for parent in made.parents]
    kinds = [registry.artifact(scope, parent).kind for parent in made.parents]
    assert kinds == ["source_asset", "vector_scene"]
    (folder / "photo.png").unlink()
    assert images.render(scope, made.artifact_id, "web_small").cache == "miss"


def test_one_bad_source_and_nothing_is_stored(
    images: ImageService, registry: Registry, scope: Scope, folder: Path
) -> None:
    """Not even the good ones: a refused request leaves no trace."""
    (folder / "broken.png").write_bytes(png(200, 200)[:-300])
    layers = [*LAYERS, {"type": "raster", "src": "broken.png"}]
    with pytest.raises(UnsupportedMediaError, match=r"broken\.png"):
        images.create_composition(
            scope, composition.from_builtins(COMPOSITION | {"layers": layers}), "card", FolderReader(folder)
        )
    assert registry.head().size == 0
    assert list(registry.blobs.files()) == []


def test_files_need_a_folder(images: ImageService, scope: Scope) -> None:
    with pytest.raises(SourceError, match=r"\$\.layers\[0\]"):
        images.create_composition(scope, composition.from_builtins(COMPOSITION), "card")


def test_names_and_tenants_do_not_change_the_render_key(
    images: ImageService, scope: Scope, other_scope: Scope, folder: Path
) -> None:
    """The same picture is the same render everywhere; where it lives is another question."""
    keys = set()
    for where in (scope, other_scope, scope_of("acme", "prod")):
        for name in ("card", "carte"):
            document = composition.from_builtins(COMPOSITION | {"name": name})
            made = images.create_composition(where, document, name, FolderReader(folder)).artifact
            keys.add(images.render(where, made.artifact_id, "web_small").artifact.render_key)
    assert len(keys) == 1


@pytest.mark.parametrize(
    "change", [{"width": 97}, {"background": "#102031"}, {"layers": LAYERS[:-1]}, {"layers": LAYERS[::-1]}]
)
def test_what_changes_the_picture_changes_the_render_key(
    images: ImageService, scope: Scope, folder: Path, change: dict[str, object]
) -> None:
    keys = set()
    for document in (COMPOSITION, COMPOSITION | change):
        made = images.create_composition(
            scope, composition.from_builtins(document), "card", FolderReader(folder)
        ).artifact
        keys.update(
            images.render(scope, made.artifact_id, preset).artifact.render_key for preset in ("web_small", "web_medium")
        )
    assert len(keys) == 4


def test_the_meta_names_what_was_missing_and_who_drew(images: ImageService, scope: Scope, folder: Path) -> None:
    layers = [*LAYERS, {"type": "text", "text": "龍 A", "font": "Inter", "size": 9, "color": "#fff"}]
    document = composition.from_builtins(COMPOSITION | {"layers": layers})
    made = images.create_composition(scope, document, "card", FolderReader(folder)).artifact
    meta = images.render(scope, made.artifact_id, "web_small").artifact.meta
    assert isinstance(meta, ImageRenderMeta)
    assert meta.missing == ("龍",)
    assert meta.text.endswith("龍 A")
    assert {"impasto-pixels", "pillow", "libwebp", "zlib", "littlecms", "resvg", "uharfbuzz"} <= set(meta.producers)


def test_an_unknown_font_is_refused_before_anything_is_stored(
    images: ImageService, registry: Registry, scope: Scope, folder: Path
) -> None:
    layers = [*LAYERS, {"type": "text", "text": "a", "font": "Papyrus", "size": 9, "color": "#fff"}]
    with pytest.raises(UnknownFontError, match="Inter"):
        images.create_composition(
            scope, composition.from_builtins(COMPOSITION | {"layers": layers}), "card", FolderReader(folder)
        )
    assert registry.head().size == 0


@pytest.mark.parametrize("order", [1, -1])
def test_one_file_cannot_be_picture_and_drawing(
    images: ImageService, registry: Registry, scope: Scope, folder: Path, order: int
) -> None:
    """Each layer's use of a file is checked, not only the first one's, and nothing is stored."""
    layers = [{"type": "vector", "src": "logo.svg"}, {"type": "raster", "src": "logo.svg"}][::order]
    with pytest.raises(UnsupportedMediaError, match=r"logo\.svg"):
        images.create_composition(
            scope, composition.from_builtins(COMPOSITION | {"layers": layers}), "card", FolderReader(folder)
        )
    assert registry.head().size == 0
