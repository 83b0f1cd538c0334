"""A worker's whole program through one object: compose, render, fetch, list, and many at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engines.image_core import backend
from engines.image_core.presets import UnknownPresetError
from engines.media_v2.errors import ScopeError, StoreNotFoundError, UnknownArtifactError
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.workspace import Workspace
from ledger.errors import LedgerError
from tests.fixtures import COMPOSITION, SVG, png


def test_from_nothing_to_bytes(tmp_path: Path, folder: Path) -> None:
    """A store is made when asked for, and what it answers fits together."""
    with Workspace.open(tmp_path / "new", tenant="acme", env="test", create=True) as work:
        card = work.compose(folder / "card.json").artifact
        assert card.meta.name == "card"
        for preset in ("web_small", "print_300dpi"):
            picture = work.render(card.artifact_id, preset).artifact
            assert len(work.content(picture)) == picture.bytes
            assert picture.uri.startswith("tenants/acme/test/media_v2/image_render/")
            assert work.lineage(picture.artifact_id).json()["ancestors"]
    with Workspace.open(tmp_path / "new", tenant="acme", env="test") as work:
        assert work.render(card.artifact_id, "web_small").cache == "hit"


def test_nothing_works_after_the_with(store: Path) -> None:
    """No handle outlives its context manager."""
    with Workspace.open(store, tenant="acme", env="test") as work:
        work.add_asset(png(), "a.png")
    with pytest.raises(LedgerError):
        work.add_asset(png(seed=3), "b.png")


def test_a_store_and_a_scope_must_be_named_right(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFoundError), Workspace.open(tmp_path / "x", tenant="acme", env="test"):
        pass
    with pytest.raises(ScopeError), Workspace.open(tmp_path / "x", tenant="", env="test", create=True):
        pass
    assert not (tmp_path / "x").exists()


def test_listing_filters_and_pages(registry: Registry, scope: Scope) -> None:
    """Every artifact appears on exactly one page, in order, and filters hold on all pages."""
    work = Workspace(registry, scope, threads=1)
    assets = [work.add_asset(png(seed=n), f"{n}.png").artifact for n in range(5)]
    layer = {"type": "raster", "src": f"artifact:{assets[0].artifact_id}"}
    card = work.compose({"version": 1, "width": 4, "height": 4, "layers": [layer]}, "card").artifact
    small = work.render(card.artifact_id, "web_small").artifact
    work.render(card.artifact_id, "social_1080p")
    pages, after = [], None
    while page := work.artifacts(after=after, limit=3):
        pages.append([one.artifact_id for one in page])
        after = pages[-1][-1]
    assert [len(page) for page in pages] == [3, 3, 2]
    assert [one for page in pages for one in page] == [one.artifact_id for one in work.artifacts()]
    assert work.artifacts(kind="image_render", preset_id="web_small") == [small]
    assert work.artifacts(parent=assets[0].artifact_id) == [card]
    assert len(work.artifacts(kind="source_asset", after=assets[1].artifact_id)) == 3
    with pytest.raises(UnknownArtifactError):
        work.artifacts(after="00" * 16)


def test_texts_and_drawings_have_presets_and_need_none(registry: Registry, scope: Scope) -> None:
    work = Workspace(registry, scope, threads=1)
    scene = work.add_vector(SVG, "logo.svg").artifact
    plain = work.render_vector(scene.artifact_id).artifact
    assert (plain.meta.preset_id, plain.meta.width, plain.meta.format) == (None, 40, "png")
    small = work.render_vector(scene.artifact_id, "social_1080p", {"width": 100, "height": 50, "fit": "cover"}).artifact
    assert (small.meta.preset_id, small.meta.width, small.meta.height) == ("social_1080p", 100, 50)
    text = {"text": "Été", "font": "Inter", "size": 30}
    assert work.render_text(text).artifact.meta.preset_id is None
    stretched = work.render_text(text, "social_1080p", {"fit": "stretch", "width": 64, "height": 128}).artifact
    assert (stretched.meta.width, stretched.meta.height, stretched.meta.fit) == (64, 128, "stretch")
    with pytest.raises(UnknownPresetError):
        work.render_text(text, "nope")


@pytest.mark.slow
def test_sixteen_requests_for_one_render_draw_once(store: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One draws, the others wait and get what it made, through one registry or through several."""
    drawn = []
    sound = backend.draw
    monkeypatch.setattr(backend, "draw", lambda *given, **more: (drawn.append(1), sound(*given, **more))[1])
    with (
        Workspace.open(store, tenant="acme", env="test") as work,
        Workspace.open(store, tenant="acme", env="test") as two,
    ):
        card = work.compose(folder / "card.json").artifact
        gate = threading.Barrier(16)

        def ask(number: int) -> tuple[str, str]:
            gate.wait()
            rendered = (work, two)[number % 2].render(card.artifact_id, "web_medium")
            return rendered.artifact.artifact_id, rendered.cache

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(ask, range(16)))
        assert len(drawn) == 1
        assert sorted(cache for _, cache in answers) == ["hit"] * 15 + ["miss"]
        assert len({one for one, _ in answers}) == 1
        assert work.registry.catalog().completed == 1


def test_different_renders_at_once_all_arrive(store: Path, folder: Path) -> None:
    """Threads of one worker share a workspace; nobody's render is lost or mixed up with another's."""
    with Workspace.open(store, tenant="acme", env="test") as work:
        card = work.compose(folder / "card.json").artifact

        def ask(width: int) -> int:
            return work.render(card.artifact_id, "web_small", {"width": width, "format": "png"}).artifact.meta.width

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(ask, range(20, 60))) == list(range(20, 60))
        assert len(work.artifacts(kind="image_render")) == 40


def test_a_document_may_be_a_mapping_a_text_or_bytes(registry: Registry, scope: Scope) -> None:
    import msgspec

    work = Workspace(registry, scope, threads=1)
    document = {"version": 1, "width": 9, "height": 9, "layers": []}
    encoded = msgspec.json.encode(document)
    made = [work.compose(one, "same").artifact for one in (document, encoded, encoded.decode())]
    assert len({one.artifact_id for one in made}) == 1
    assert COMPOSITION["layers"]
