"""The lineage of an artifact as JSON, Mermaid, SVG and tree: every input is there, fonts and preset versions included."""

import xml.etree.ElementTree as ET

import pytest

from engines.media_v2.errors import UnknownArtifactError
from engines.media_v2.lineage_svg import Node, draw
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.workspace import Workspace
from tests.fixtures import COMPOSITION


@pytest.fixture
def work(registry: Registry, scope: Scope) -> Workspace:
    return Workspace(registry, scope, threads=1)


def _rendered(work: Workspace, folder) -> str:  # type: ignore[no-untyped-def]
    card = work.compose(folder / "card.json").artifact
    return work.render(card.artifact_id, "web_small").artifact.artifact_id


def test_every_output_leads_to_every_input(work: Workspace, folder) -> None:  # type: ignore[no-untyped-def]
    """photo.png, logo.svg, the font that the text was set in, and the preset in its version."""
    view = work.lineage(_rendered(work, folder)).json()
    kinds = {node["kind"] for node in view["nodes"]}  # type: ignore[attr-defined, index]
    assert kinds == {"image_render", "image_composition", "source_asset", "vector_scene"}
    inputs = {(one["type"], one["name"]) for one in view["inputs"]}  # type: ignore[attr-defined, index]
    assert ("preset", "web_small") in inputs
    assert ("font", "Inter") in inputs
    used = {one["artifact_id"] for one in view["uses"]}  # type: ignore[attr-defined, index]
    assert used == {view["artifact_id"]}
    assert len(view["ancestors"]) == 3  # type: ignore[arg-type]


def test_descendants_are_told(work: Workspace, folder) -> None:  # type: ignore[no-untyped-def]
    render_id = _rendered(work, folder)
    photo = next(a for a in work.artifacts(kind="source_asset"))
    assert render_id in work.lineage(photo.artifact_id).json()["descendants"]  # type: ignore[operator]


def test_pictures_name_every_node(work: Workspace, folder) -> None:  # type: ignore[no-untyped-def]
    """A person must find the photograph's name in the diagram."""
    view = work.lineage(_rendered(work, folder))
    for text in (view.mermaid(), view.svg()):
        for word in ("photo.png", "logo.svg", "card", "web_small", "Inter"):
            assert word in text
    assert view.mermaid().startswith("flowchart LR")
    root = ET.fromstring(view.svg())  # noqa: S314 - our own
    boxes = [element for element in root.iter("{http://www.w3.org/2000/svg}rect") if element.get("rx") == "6"]
    assert len(boxes) == len(view.json()["nodes"]) + len(view.json()["inputs"])  # type: ignore[arg-type]
    assert view.svg() == work.lineage(view.artifact_id).svg()


def test_a_retracted_artifact_is_marked(work: Workspace, folder) -> None:  # type: ignore[no-untyped-def]
    render_id = _rendered(work, folder)
    work.retract(next(a for a in work.artifacts(kind="vector_scene")).artifact_id, "old logo")
    view = work.lineage(render_id)
    assert "(retracted)" in view.mermaid()
    assert "stroke-dasharray" in view.svg()
    marked = {node["kind"] for node in view.json()["nodes"] if node["retracted"]}  # type: ignore[attr-defined, index]
    assert marked == {"vector_scene", "image_composition", "image_render"}


def test_another_scope_is_told_nothing(work: Workspace, other_scope: Scope, folder) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnknownArtifactError):
        Workspace(work.registry, other_scope).lineage(_rendered(work, folder))


def test_arrows_point_to_the_right_and_boxes_do_not_overlap() -> None:
    """A diamond: the source stands left of both that were made from it, although one way is shorter."""
    nodes = [
        Node("d", "image_render", "d & <d>", "", ("b", "a", "gone")),
        Node("b", "image_composition", "b", "", ("a",)),
        Node("a", "source_asset", "a" * 99, "", ()),
    ]
    root = ET.fromstring(draw(nodes))  # noqa: S314 - our own
    lefts = [
        float(rect.get("x", "0")) for rect in root.iter("{http://www.w3.org/2000/svg}rect") if rect.get("rx") == "6"
    ]
    assert lefts[2] < lefts[1] < lefts[0]
    assert "…" in draw(nodes)


def test_a_circle_ends() -> None:
    """No honest ledger has one, but a picture of a dishonest one must not hang."""
    assert draw([Node("a", "x", "a", "", ("b",)), Node("b", "x", "b", "", ("a",))]).endswith("</svg>\n")


def test_the_composition_of_the_test_has_what_it_needs() -> None:
    assert {layer["type"] for layer in COMPOSITION["layers"]} >= {"raster", "vector", "text"}  # type: ignore[attr-defined]
