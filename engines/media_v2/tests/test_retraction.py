"""Retracting an artifact: it and all that was made from it are marked, and refused wherever they would be used."""

import msgspec
import pytest

from engines.image_core.service import remake
from engines.media_v2.audit import audit
from engines.media_v2.errors import RetractedArtifactError, RetractionError, UnknownArtifactError
from engines.media_v2.keys import sha256_hex
from engines.media_v2.models import Artifact
from engines.media_v2.registry import Registration, Registry
from engines.media_v2.scope import Scope
from engines.workspace import Workspace
from ledger import replay
from tests.fixtures import SVG, png


@pytest.fixture
def work(registry: Registry, scope: Scope) -> Workspace:
    return Workspace(registry, scope, threads=1)


def _over(work: Workspace, source: Artifact, name: str) -> Artifact:
    layer = {"type": "raster", "src": f"artifact:{source.artifact_id}"}
    return work.compose({"version": 1, "width": 8, "height": 8, "layers": [layer]}, name).artifact


def test_descendants_are_marked_and_strangers_are_not(work: Workspace) -> None:
    """asset -> composition -> render -> composition: all of them carry the cause; a neighbour carries nothing."""
    asset = work.add_asset(png(), "a.png").artifact
    card = _over(work, asset, "card")
    render = work.render(card.artifact_id, "web_small").artifact
    sheet = _over(work, render, "sheet")
    neighbour = _over(work, work.add_asset(png(seed=2), "b.png").artifact, "other")
    answer = work.retract(asset.artifact_id, "no rights")
    assert answer.retracted is not None
    for one in (asset, card, render, sheet):
        retracted = work.artifact(one.artifact_id).retracted
        assert retracted is not None
        assert (retracted.reason, retracted.cause) == ("no rights", asset.artifact_id)
    assert work.artifact(neighbour.artifact_id).retracted is None
    assert replay(work.registry.ledger, work.registry.projection) == work.registry.catalog()


def test_nothing_that_is_retracted_can_be_used(work: Workspace) -> None:
    """Not fetched, not composed, not rendered, not answered from the cache, not uploaded again."""
    asset, scene = work.add_asset(png(), "a.png").artifact, work.add_asset(SVG, "a.svg").artifact
    card = _over(work, asset, "card")
    work.render(card.artifact_id, "web_small")
    drawn = work.render_vector(scene.artifact_id).artifact
    for one in (asset, scene):
        work.retract(one.artifact_id, "no rights")
    size = work.registry.head().size
    uses = (
        lambda: work.content(asset),
        lambda: work.content(drawn.artifact_id),
        lambda: _over(work, asset, "again"),
        lambda: work.render(card.artifact_id, "web_small"),
        lambda: work.render(card.artifact_id, "web_medium"),
        lambda: work.render_vector(scene.artifact_id),
        lambda: work.add_asset(png(), "c.png"),
    )
    for use in uses:
        with pytest.raises(RetractedArtifactError, match="no rights"):
            use()
    assert work.registry.head().size == size


def test_a_render_that_is_retracted_itself_is_not_answered_again(work: Workspace) -> None:
    """Its composition is sound, but the same request would give the same artifact."""
    card = _over(work, work.add_asset(png(), "a.png").artifact, "card")
    render = work.render(card.artifact_id, "web_small").artifact
    work.retract(render.artifact_id, "wrong logo")
    with pytest.raises(RetractedArtifactError, match="wrong logo"):
        work.render(card.artifact_id, "web_small")
    assert work.render(card.artifact_id, "web_medium").cache == "miss"


def test_what_is_retracted_is_refused_before_anything_is_drawn(
    work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry would refuse the result as well, but a worker would have paid for the picture."""
    card = _over(work, work.add_asset(png(), "a.png").artifact, "card")
    work.retract(card.artifact_id, "no rights")
    monkeypatch.setattr("engines.image_core.backend.draw", lambda *_, **__: pytest.fail("was drawn"))
    with pytest.raises(RetractedArtifactError, match="no rights"):
        work.render(card.artifact_id, "web_small")


def test_nothing_is_registered_over_a_retracted_parent(work: Workspace) -> None:
    """Whatever a service forgets to ask, the registry does."""
    asset = work.add_asset(png(), "a.png").artifact
    card = _over(work, asset, "card")
    work.retract(asset.artifact_id, "no rights")
    content = work.registry.content(card) + b" "
    meta = msgspec.structs.replace(card.meta, bytes=len(content), sha256=sha256_hex(content))
    uri = f"{work.scope.prefix}image_composition/x.json"
    with pytest.raises(RetractedArtifactError):
        work.registry.register(work.scope, Registration("image_composition", content, meta, uri, (asset.artifact_id,)))


def test_what_was_registered_meanwhile_is_marked_too(work: Workspace) -> None:
    """A commit of another process that lands after the retraction: the fold marks it, whoever replays."""
    asset = work.add_asset(png(), "a.png").artifact
    card = _over(work, asset, "card")
    events = [event for _, event in work.registry.ledger.read(0)]
    registered = next(event for event in events if getattr(event, "artifact_id", b"").hex() == card.artifact_id)
    work.retract(asset.artifact_id, "no rights")
    late = msgspec.structs.replace(registered, artifact_id=b"\7" * 16)
    work.registry.ledger.append([late])
    assert work.artifact("07" * 16).retracted == work.artifact(asset.artifact_id).retracted


def test_an_audit_still_makes_retracted_renders_again(work: Workspace) -> None:
    """Retracting is about use, not about evidence: what was made stays provable."""
    asset = work.add_asset(png(), "a.png").artifact
    render = work.render(_over(work, asset, "card").artifact_id, "web_small").artifact
    work.retract(asset.artifact_id, "no rights")
    assert remake(work.registry, work.artifact(render.artifact_id)) is None
    report = audit(work.registry.name, remake)
    assert report.ok
    assert report.remade == 1


def test_retracting_twice_keeps_the_first_reason(work: Workspace) -> None:
    asset = work.add_asset(png(), "a.png").artifact
    work.retract(asset.artifact_id, "first")
    size = work.registry.head().size
    again = work.retract(asset.artifact_id, "second")
    assert again.retracted is not None
    assert again.retracted.reason == "first"
    assert work.registry.head().size == size


def test_a_retraction_needs_a_reason_and_an_artifact_of_the_scope(work: Workspace, other_scope: Scope) -> None:
    asset = work.add_asset(png(), "a.png").artifact
    for reason in ("", "  ", "x" * 2001):
        with pytest.raises(RetractionError):
            work.retract(asset.artifact_id, reason)
    with pytest.raises(UnknownArtifactError):
        Workspace(work.registry, other_scope).retract(asset.artifact_id, "not mine")
    assert work.artifact(asset.artifact_id).retracted is None
