"""Tests of fonts that tenants bring: what is registered, who may use it, and what a picture drawn with it keeps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.media_v2.models import Artifact, FontAssetMeta
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.media_v2.stores import init_store
from engines.typography_core import faces, fonts, raster, shaping
from engines.typography_core.errors import FontRefusedError, UnknownFontError
from engines.typography_core.font_assets import FontShelf, add_font, parents
from engines.typography_core.shaping import PlacedRun
from engines.typography_core.tests import forged_fonts as forged

ACME, OTHER = Scope("acme", "prod"), Scope("other", "prod")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    init_store(tmp_path / "store")
    with Registry.open(tmp_path / "store") as opened:
        yield opened


def _meta(artifact: Artifact) -> FontAssetMeta:
    assert isinstance(artifact.meta, FontAssetMeta)
    return artifact.meta


@pytest.mark.parametrize("flavor", ["ttf", "woff", "woff2"])
def test_a_font_is_registered_as_it_came(registry: Registry, flavor: str) -> None:
    """The bytes and their hash are the file's own, whatever is unpacked from them."""
    content = forged.plain_file("Brand Sans")
    if flavor != "ttf":
        content = forged.packed(content, flavor)
    added = add_font(registry, ACME, content, "Brand Sans.font")
    meta = _meta(added.artifact)
    assert (added.created, registry.content(added.artifact)) == (True, content)
    assert (meta.family, meta.subfamily, meta.format, meta.license) == ("Brand Sans", "Regular", flavor, "OFL-1.1")
    assert (meta.coverage, meta.faces[0].weight, meta.faces[0].axes) == (1, 400.0, ())
    assert not add_font(registry, ACME, content, "again").created


def test_axes_are_told_with_their_names(registry: Registry) -> None:
    """Inter's own file, as a tenant would add it."""
    font = fonts.find("Inter").font
    meta = _meta(add_font(registry, ACME, fonts.load(font.package, font.path), "Inter.ttf").artifact)
    assert [(axis.tag, axis.name, axis.minimum, axis.maximum) for axis in meta.faces[0].axes] == [
        ("opsz", "Optical size", 14.0, 32.0),
        ("wght", "Weight", 100.0, 900.0),
    ]
    assert meta.coverage == len(faces.charset(font))


def test_what_is_no_font_leaves_no_trace(registry: Registry) -> None:
    """Refused before anything is written."""
    size = registry.head().size
    with pytest.raises(FontRefusedError):
        add_font(registry, ACME, b"GIF89a", "photo.ttf")
    assert registry.head().size == size
    assert not list(registry.blobs.files())


def test_texts_find_the_fonts_of_their_own_scope_only(registry: Registry) -> None:
    """Nothing crosses tenants."""
    shelf = FontShelf(registry)
    assert "Brand" not in shelf.book(ACME).families()
    added = add_font(registry, ACME, forged.plain_file("Brand"), "brand.ttf").artifact
    found = shelf.book(ACME).find("brand")
    assert (found.font.sha256, found.font.artifact_id) == (added.sha256, added.artifact_id)
    with pytest.raises(UnknownFontError):
        shelf.book(OTHER).find("brand")
    run = shaping.shape_run("A", 0, 1, found, 100, script="Latn")
    assert raster.cover([PlacedRun(found, 100, 0, 100, run.glyphs)]).array.shape == (50, 50)


def test_every_face_of_a_collection_is_a_font(registry: Registry) -> None:
    """By their own family names."""
    data = forged.collection(forged.plain_file("One"), forged.font_file({"B": forged.square(200)}, {66: "B"}, "Two"))
    meta = _meta(add_font(registry, ACME, data, "both.ttc").artifact)
    assert (meta.format, [face.family for face in meta.faces]) == ("ttc", ["One", "Two"])
    book = FontShelf(registry).book(ACME)
    assert fonts.covers(book.find("Two"), "B")
    assert not fonts.covers(book.find("One"), "B")


def test_own_fonts_stand_in_for_characters_that_the_asked_family_lacks(registry: Registry) -> None:
    """Before any packaged font: a brand's own emoji are the brand's emoji."""
    add_font(registry, ACME, forged.font_file({"g": forged.square()}, {0x1F600: "g"}, "Faces"), "faces.ttf")
    cascade = FontShelf(registry).book(ACME).cascade("Inter")
    assert [one.font.family for one in cascade[:2]] == ["Inter", "Faces"]
    assert next(one for one in cascade if fonts.covers(one, "😀")).font.family == "Faces"


def test_lineage_names_the_artifacts_among_the_fonts(registry: Registry) -> None:
    """Packaged fonts are no artifacts; they are told by their hash."""
    added = add_font(registry, ACME, forged.plain_file("Brand"), "brand.ttf").artifact
    book = FontShelf(registry).book(ACME)
    used = [book.find("Brand"), book.find("Inter"), book.find("Brand", 700)]
    assert parents(used) == (added.artifact_id,)
    assert fonts.hashes(used) == {"font:Brand": added.sha256, "font:Inter": fonts.find("Inter").font.sha256}


def test_retracted_fonts_are_found_by_old_pictures_only(registry: Registry) -> None:
    """Nobody sets new text in them, and an audit can still make the old one again."""
    added = add_font(registry, ACME, forged.plain_file("Brand"), "brand.ttf").artifact
    shelf = FontShelf(registry)
    registry.retract(ACME, added.artifact_id, "the license ran out")
    with pytest.raises(UnknownFontError):
        shelf.book(ACME).find("Brand")
    assert shelf.book(ACME, only=[added.sha256]).find("Brand").font.artifact_id == added.artifact_id


def test_a_font_added_later_does_not_change_what_is_made_again(registry: Registry) -> None:
    """The hashes in a render's meta hold its texts to the fonts of that day."""
    before = FontShelf(registry).book(ACME).find("Inter")
    add_font(registry, ACME, forged.plain_file("Inter"), "inter.ttf")
    shelf = FontShelf(registry)
    assert shelf.book(ACME).find("Inter") != before
    assert shelf.book(ACME, only=[before.font.sha256]).find("Inter") == before


def test_a_shelf_sees_what_came_since(registry: Registry) -> None:
    """It looks at new artifacts only, and at all of them."""
    shelf = FontShelf(registry)
    for index in range(3):
        add_font(registry, ACME, forged.plain_file(f"Brand {index}"), "brand.ttf")
        assert [f"Brand {known}" in shelf.book(ACME).families() for known in range(3)] == [
            known <= index for known in range(3)
        ]
