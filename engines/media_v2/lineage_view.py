"""What was an artifact made from, and what from it? Files, fonts and presets, for programs, for documents and for people.

Artifacts are nodes by their id. A font and a version of a preset are nodes too, `font:NAME@SHA256` and `preset:ID@VERSION`:
they have no parents, and whatever was drawn with them points to them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engines.media_v2.catalog import Catalog
from engines.media_v2.errors import UnknownArtifactError
from engines.media_v2.lineage_svg import Node, draw
from engines.media_v2.models import Artifact, ExportMeta, FontAssetMeta, VectorDocumentMeta, VectorSceneMeta
from engines.media_v2.scope import Scope
from ledger import Lineage, LineageNode

_SHORT_DIGITS = 12
"""Of a hash, where people read it."""


class Input(NamedTuple):
    """Something that is no artifact but decides about pixels: a font file or a version of a preset."""

    id: str
    type: str
    name: str
    version: str
    """The font file's sha256, or the preset's version."""


def inputs_of(artifact: Artifact) -> tuple[Input, ...]:
    """The fonts and the preset that an export was made with, the fonts of a scene's outlined texts; none for other kinds."""
    meta = artifact.meta
    if not isinstance(meta, ExportMeta | VectorDocumentMeta | VectorSceneMeta):
        return ()
    fonts = (Input(f"font:{name}@{sha256}", "font", name, sha256) for name, sha256 in sorted(meta.fonts.items()))
    if not isinstance(meta, ExportMeta) or meta.preset_id is None:
        return tuple(fonts)
    version = str(meta.preset_version or 1)
    return (Input(f"preset:{meta.preset_id}@{version}", "preset", meta.preset_id, version), *fonts)


def describe(artifact: Artifact) -> str:
    """One line about an artifact, for trees and diagrams."""
    meta = artifact.meta
    name = getattr(meta, "name", None) or getattr(meta, "preset_id", None) or "plain"
    retracted = " (retracted)" if artifact.retracted is not None else ""
    size = meta.subfamily if isinstance(meta, FontAssetMeta) else f"{meta.width:g}x{meta.height:g}"
    return f"{artifact.kind} {name} {size} {meta.format}{retracted}"


class LineageView:
    """The lineage of one artifact, in several forms. Takes what it needs from the catalog when it is made."""

    def __init__(self, catalog: Catalog, artifact_id: str, scope: Scope | None = None) -> None:
        """Look at `artifact_id`, which must belong to `scope` when one is given. Raises `UnknownArtifactError`."""
        known = catalog.find(scope, artifact_id) if scope is not None else catalog.artifacts.get(artifact_id)
        if known is None:
            raise UnknownArtifactError(artifact_id, str(scope) if scope is not None else "this store")
        self.artifact_id = artifact_id
        self._artifacts = {one: catalog.artifacts[one] for one in catalog.relatives(artifact_id)}
        self._inputs = {one: inputs_of(artifact) for one, artifact in self._artifacts.items()}
        self._known_inputs = {each.id: each for inputs in self._inputs.values() for each in inputs}
        self._graph = Lineage.of(self._pairs())

    def _pairs(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for one, artifact in self._artifacts.items():
            yield one, (*artifact.parents, *(each.id for each in self._inputs[one]))
        yield from ((one, ()) for one in self._known_inputs)

    def json(self) -> dict[str, object]:
        """For programs: ancestors and descendants, nodes and edges (child, parent) of all that it was made from, and the inputs."""
        above = self._graph.ancestors(self.artifact_id)
        shown = [one for one in (self.artifact_id, *above) if one in self._artifacts]
        used = [self._known_inputs[one] for one in above if one in self._known_inputs]
        return {
            "artifact_id": self.artifact_id,
            "ancestors": [one for one in above if one not in self._known_inputs],
            "descendants": list(self._graph.descendants(self.artifact_id)),
            "nodes": [self._node_json(self._artifacts[one]) for one in shown],
            "edges": [{"child": one, "parent": parent} for one in shown for parent in self._artifacts[one].parents],
            "inputs": [{"id": one.id, "type": one.type, "name": one.name, "version": one.version} for one in used],
            "uses": [{"artifact_id": one, "input": each.id} for one in shown for each in self._inputs[one]],
        }

    @staticmethod
    def _node_json(artifact: Artifact) -> dict[str, object]:
        return {
            "artifact_id": artifact.artifact_id,
            "kind": artifact.kind,
            "uri": artifact.uri,
            "sha256": artifact.sha256,
            "retracted": artifact.retracted is not None,
        }

    def mermaid(self) -> str:
        """A Mermaid flowchart of all that it was made from, inputs on the left."""
        return self._graph.mermaid(self.artifact_id, self.label)

    def svg(self) -> str:
        """The same as a picture of its own; see `lineage_svg.draw`."""
        shown = (self.artifact_id, *self._graph.ancestors(self.artifact_id))
        return draw([self._svg_node(one) for one in shown])

    def tree(self) -> LineageNode:
        """All that it was made from, for printing; `label` names the nodes."""
        return self._graph.tree(self.artifact_id)

    def label(self, node_id: str) -> str:
        """One line about a node."""
        if (artifact := self._artifacts.get(node_id)) is not None:
            return describe(artifact)
        if (used := self._known_inputs.get(node_id)) is not None:
            return f"{used.type} {used.name} {used.version[:_SHORT_DIGITS]}"
        return "never registered"

    def _svg_node(self, node_id: str) -> Node:
        artifact = self._artifacts.get(node_id)
        if artifact is not None:
            kind, _, rest = describe(artifact).partition(" ")
            retracted = artifact.retracted is not None
            return Node(node_id, kind, rest, node_id[:_SHORT_DIGITS], self._graph.parents(node_id), retracted)
        used = self._known_inputs.get(node_id)
        if used is None:
            return Node(node_id, "missing", "never registered", node_id[:_SHORT_DIGITS], (), faded=True)
        version = f"version {used.version}" if used.type == "preset" else used.version[:_SHORT_DIGITS]
        return Node(node_id, used.type, used.name, version, ())
