"""How does a scene of a store become a registered document, once?

Main path: `export_document` -> `DocumentJob` -> `engines.media_v2.renders.make_once`. The same scene asked for in the
same way by the same code is answered from the ledger. `remake_with` makes a document again for audits.
"""

from collections.abc import Callable
from pathlib import PurePath
from typing import NamedTuple

from engines.isolation.pool import Pool
from engines.media_v2 import keys
from engines.media_v2.catalog import usable
from engines.media_v2.exports import Export
from engines.media_v2.models import Artifact, Kind, VectorDocumentMeta, VectorSceneMeta
from engines.media_v2.registry import Registration, Registry
from engines.media_v2.renders import FONT_PREFIX, Identity, Rendered, make_once
from engines.media_v2.scope import Scope
from engines.vector_core import documents, pages, rasterize
from engines.vector_core.pages import DocumentRequest
from engines.vector_core.scene_fonts import NO_FONTS, SceneFonts, SceneFontShelf

KIND: Kind = "vector_document"


class DocumentJob(NamedTuple):
    """All that can change a document's bytes, and what to call it."""

    scene: Artifact
    request: DocumentRequest
    inputs: dict[str, str]
    """sha256 of every font that may be used, as `font:<name>`."""
    producers: dict[str, str]
    fonts: SceneFonts = NO_FONTS
    """Of the scope, for its texts."""

    @property
    def render_key(self) -> str:
        """The identity of the document; see `keys.render_key`."""
        content = keys.sha256_hex(keys.canonical({"scene": self.scene.sha256}))
        return keys.render_key(content, self.inputs, self.request, self.producers)


def export_document(
    registry: Registry,
    scope: Scope,
    scene_id: str,
    request: DocumentRequest,
    fonts: SceneFontShelf,
    isolation: Pool | None = None,
) -> Rendered:
    """Make a document of a scene of `scope` and register it as a `vector_document`, or return the one made before.

    Raises DocumentValueError before anything is read, `UnknownArtifactError`, `WrongKindError`,
    `RetractedArtifactError`, and what `documents.write_document` raises.
    """
    asked = pages.checked_request(request)
    scene = usable(registry.artifact(scope, scene_id, "vector_scene"))
    job = _job(fonts, scene, asked)

    def make(_artifact_id: str) -> Registration:
        content, meta = _made(registry, job, isolation)
        stem = PurePath(meta.name).stem
        uri = keys.document_key(scope, KIND, job.render_key, stem, meta.width, meta.height, meta.format)
        return Registration(KIND, content, meta, uri, (scene.artifact_id, *job.fonts.parents), job.render_key)

    return make_once(registry, scope, Identity(KIND, job.render_key, scene.artifact_id), make)


def remake_with(
    registry: Registry, isolation: Pool | None = None
) -> Callable[[Artifact], tuple[DocumentJob, Callable[[str], Export]]]:
    """Return how to make a registered document again: its job, and a call that does it; nothing is recorded."""
    fonts = SceneFontShelf(registry)

    def remake(artifact: Artifact) -> tuple[DocumentJob, Callable[[str], Export]]:
        meta = artifact.meta
        assert isinstance(meta, VectorDocumentMeta)
        scope = Scope(artifact.tenant, artifact.env)
        scene = registry.artifact(scope, artifact.parents[0], "vector_scene")
        request = DocumentRequest(format=meta.format, dpi=meta.dpi, bleed_mm=meta.bleed_mm, text=meta.text)
        job = _job(fonts, scene, request, tuple(meta.fonts.values()))

        def draw(_artifact_id: str) -> Export:
            content, made = _made(registry, job, isolation)
            return Export(content, {"sha256": made.sha256})

        return job, draw

    return remake


def _job(
    shelf: SceneFontShelf, scene: Artifact, request: DocumentRequest, only_fonts: tuple[str, ...] | None = None
) -> DocumentJob:
    if request.format != "pdf":
        return DocumentJob(scene, request, {}, documents.producers(request))
    fonts = shelf.of_scene(scene, only_fonts)
    producers = documents.producers(request) | fonts.producers
    return DocumentJob(scene, request, fonts.inputs_beside(rasterize.font_hashes()), producers, fonts)


def _made(registry: Registry, job: DocumentJob, isolation: Pool | None) -> tuple[bytes, VectorDocumentMeta]:
    assert isinstance(job.scene.meta, VectorSceneMeta)
    made = documents.write_document(registry.content(job.scene), job.request, job.fonts.files, isolation=isolation)
    meta = VectorDocumentMeta(
        name=job.scene.meta.name,
        width=made.page.width,
        height=made.page.height,
        format=job.request.format,
        dpi=job.request.dpi,
        bleed_mm=job.request.bleed_mm,
        text=job.request.text,
        has_text=made.has_text,
        bytes=len(made.content),
        sha256=keys.sha256_hex(made.content),
        producers=job.producers,
        fonts={name.removeprefix(FONT_PREFIX): sha256 for name, sha256 in job.inputs.items()},
    )
    return made.content, meta
