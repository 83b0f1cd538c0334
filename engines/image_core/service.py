"""The image service: sources and compositions become artifacts, compositions become exports, renders can be made again.

Main path: `ImageService.create_composition` -> `ImageService.render`. A composition that names files is stored with
those files registered and
its references rewritten to artifacts, so that the store alone is enough to draw it again.
"""

import functools
from collections.abc import Callable
from pathlib import PurePath
from typing import NamedTuple, cast

import msgspec

from engines.image_core import backend, composition, decode, layer_sources, layers
from engines.image_core.backend import ImageExporter, OnKernel
from engines.image_core.composition import Composition
from engines.image_core.picture_cache import PictureCache
from engines.image_core.sources import (
    ARTIFACT_SCHEME,
    RASTER_KINDS,
    VECTOR_KINDS,
    ArtifactReader,
    FolderReader,
    SourceError,
    SourceSet,
)
from engines.isolation.pool import Pool
from engines.media_v2 import keys
from engines.media_v2.catalog import usable
from engines.media_v2.exports import Export
from engines.media_v2.models import Artifact, ExportMeta, ImageCompositionMeta, ImageRenderMeta, SourceAssetMeta
from engines.media_v2.presets import EXTENSIONS, NO_OVERRIDES, Format, Overrides
from engines.media_v2.registry import Registered, Registration, Registry
from engines.media_v2.renders import Draw, Rendered, RenderJob, render_once
from engines.media_v2.scope import Scope
from engines.typography_core.font_assets import FontShelf
from engines.typography_core.service import TextService
from engines.typography_core.typeset import Typesetter
from engines.vector_core import document_exports, guard, painter
from engines.vector_core.document_exports import DocumentJob
from engines.vector_core.glyphs import GlyphDrawer
from engines.vector_core.scene_fonts import SceneFontShelf
from engines.vector_core.service import VectorService

__all__ = ["ImageService", "remake"]


class ImageService:
    """Keeps sources and compositions and renders them, in one store. `threads` limits the compositor; it never changes a byte."""

    def __init__(
        self,
        registry: Registry,
        *,
        threads: int | None = None,
        pictures: PictureCache | None = None,
        isolation: Pool | None = None,
    ) -> None:
        """`isolation` are workers that draw SVGs, with `vector_core.tasks.TASKS`; without them that is done in the caller's process.
        `pictures` keeps decoded pictures and drawings, and has workers of its own."""
        self._registry = registry
        self._exporter = ImageExporter(registry)
        self._threads = threads
        self._pictures = pictures or PictureCache(isolation=isolation)
        self._isolation = isolation
        self._drawer = GlyphDrawer(isolation)
        self._vectors = VectorService(registry, self._exporter, isolation)
        self._shelf = FontShelf(registry)
        self._opened: dict[str, tuple[Composition, SourceSet]] = {}

    def add_asset(self, scope: Scope, content: bytes, name: str) -> Registered:
        """Store a picture as a `source_asset`, or an SVG as a `vector_scene`. Raises `UnsupportedMediaError`, `SvgRefusedError`."""
        if looks_like_svg(content):
            return self._vectors.register_scene(scope, content, name)
        facts = decode.read_picture(content, name).facts  # what cannot be drawn is refused now, not at the first render
        return self._store_picture(scope, content, name, facts)

    def _store_picture(self, scope: Scope, content: bytes, name: str, facts: decode.PictureFacts) -> Registered:
        """Register a picture that is known to decode."""
        sha256 = keys.sha256_hex(content)
        meta = SourceAssetMeta(
            name=name,
            width=facts.width,
            height=facts.height,
            format=facts.format,
            color_profile=facts.color_profile,
            alpha=facts.alpha,
            bytes=len(content),
            sha256=sha256,
        )
        uri = keys.content_key(scope, "source_asset", sha256, PurePath(name).stem, EXTENSIONS[facts.format])
        return self._registry.register(scope, Registration("source_asset", content, meta, uri))

    def create_composition(
        self, scope: Scope, document: Composition, name: str, files: FolderReader | None = None
    ) -> Registered:
        """Store `document` as an `image_composition` whose parents are all its sources.

        Files are read through `files` and registered first. Raises, before anything is stored, for files that cannot be used, fonts that
        are unknown, and artifacts that `scope` does not have; `CompositionError` for a document beyond the limits.
        """
        composition.check(document)
        self._announce(document)
        backend.fonts_of(document, self._typesetter(scope))
        contents = self._read_sources(scope, document, files)
        ids = {ref: self._source_id(scope, ref, file) for ref, file in contents.items()}
        stored = msgspec.structs.replace(
            document,
            layers=layer_sources.renamed(document.layers, lambda ref, _: ARTIFACT_SCHEME + ids[ref]),
        )
        content = composition.encode(stored)
        sha256 = keys.sha256_hex(content)
        meta = ImageCompositionMeta(
            name=document.name or name,
            width=document.width,
            height=document.height,
            layers=sum(1 for _ in composition.walk(document.layers)),
            bytes=len(content),
            sha256=sha256,
        )
        uri = keys.content_key(scope, "image_composition", sha256, meta.name, "json")
        parents = tuple(dict.fromkeys(ids.values()))
        return self._registry.register(scope, Registration("image_composition", content, meta, uri, parents))

    def render(
        self,
        scope: Scope,
        composition_id: str,
        preset_id: str,
        overrides: Overrides = NO_OVERRIDES,
        *,
        on_kernel: OnKernel | None = None,
    ) -> Rendered:
        """Export a composition of `scope` with a preset, or return the artifact that this made before.

        Raises `UnknownPresetError`, `UnsupportedFormatError` and `OverrideError` before anything is read, `UnknownArtifactError`,
        `WrongKindError`, `RetractedArtifactError`.
        """
        artifact = usable(self._registry.artifact(scope, composition_id, "image_composition"))
        job, draw = self._job(artifact, preset_id, overrides, self._typesetter(scope), on_kernel=on_kernel)
        return render_once(self._registry, scope, job, draw)

    def remake(self, artifact: Artifact) -> tuple[RenderJob, Draw]:
        """The job that made the `image_render` `artifact`, and how to do it again; nothing is recorded."""
        assert isinstance(artifact.meta, ImageRenderMeta)
        source = self._registry.artifact(Scope(artifact.tenant, artifact.env), artifact.parents[0], "image_composition")
        meta = artifact.meta
        book = self._shelf.book(Scope(artifact.tenant, artifact.env), only=meta.fonts.values())
        return self._job(
            source,
            meta.preset_id,
            meta.overrides,
            Typesetter(book, self._drawer),
            version=meta.preset_version,
            only_fonts=tuple(meta.fonts.values()),
        )

    def _job(
        self,
        source: Artifact,
        preset_id: str,
        overrides: Overrides,
        typesetter: Typesetter,
        *,
        version: int | None = None,
        only_fonts: tuple[str, ...] | None = None,
        on_kernel: OnKernel | None = None,
    ) -> tuple[RenderJob, Draw]:
        assert isinstance(source.meta, ImageCompositionMeta)
        exporter, scope = self._exporter, Scope(source.tenant, source.env)
        size = (source.meta.width, source.meta.height)
        planned = exporter.plan(scope, preset_id, *size, overrides=overrides, version=version)
        document, opened = self._open(source)
        used = backend.fonts_of(document, typesetter)
        lettering = self._drawing_fonts.of_drawings(scope, lambda: _drawings(document, opened), only_fonts)
        sources = opened.lettered(lettering)
        decoders = backend.decoders(self._picture_formats(source))
        producers = exporter.producers(planned.plan) | used.producers | lettering.producers | decoders
        job = RenderJob(
            kind="image_render",
            content=_identity(document, self._registry, scope),
            inputs=lettering.inputs_beside(used.inputs),
            planned=planned,
            producers=producers,
            name=source.meta.name,
            parents=tuple(dict.fromkeys((source.artifact_id, *used.parents, *lettering.parents))),
            source_id=source.artifact_id,
        )

        def draw(artifact_id: str) -> Export:
            plan = planned.plan
            self._announce(document)
            drawn = backend.draw(
                document, sources, plan, typesetter=typesetter, threads=self._threads, on_kernel=on_kernel
            )
            export = exporter.export(plan, drawn.pixels, producers, artifact_id)
            return export._replace(meta=export.meta | {"missing": drawn.missing, "text": layers.said(document.layers)})

        return job, draw

    @functools.cached_property
    def _drawing_fonts(self) -> SceneFontShelf:
        return SceneFontShelf(self._registry)

    def _announce(self, document: Composition) -> None:
        """Have a worker start for the drawings of `document`, which are drawn soon: what comes before takes as long as its start."""
        if self._isolation is not None and any(source.drawing for source in layer_sources.named(document)):
            painter.announce(self._isolation)

    def _typesetter(self, scope: Scope) -> Typesetter:
        """One that knows the fonts that `scope` has now."""
        return Typesetter(self._shelf.book(scope), self._drawer)

    def _picture_formats(self, source: Artifact) -> set[Format]:
        """Formats of the pictures that a composition is made from."""
        scope = Scope(source.tenant, source.env)
        metas = (self._registry.artifact(scope, parent).meta for parent in source.parents)
        return {meta.format for meta in metas if isinstance(meta, SourceAssetMeta | ExportMeta)}

    def _open(self, source: Artifact) -> tuple[Composition, SourceSet]:
        """A stored composition with its sources, kept for the next preset: the same photograph is not decoded four times."""
        known = self._opened.get(source.artifact_id)
        if known is None:
            document = composition.parse(self._registry.content(source))
            reader = ArtifactReader(self._registry, Scope(source.tenant, source.env))
            known = (document, SourceSet(reader, self._pictures))
            self._opened = {source.artifact_id: known}
        return known

    def _read_sources(
        self, scope: Scope, document: Composition, files: FolderReader | None
    ) -> dict[str, "_File | None"]:
        """Every source of `document`, checked: files by reference, None for what is an artifact already."""
        contents: dict[str, _File | None] = {}
        for path, ref, inline, drawing in layer_sources.named(document):
            kinds = VECTOR_KINDS if drawing else RASTER_KINDS
            if ref is None:
                guard.check((inline or "").encode())
            elif ref.startswith(ARTIFACT_SCHEME):
                usable(self._registry.artifact(scope, ref.removeprefix(ARTIFACT_SCHEME), *kinds))
                contents[ref] = None
            elif files is None:
                raise SourceError(ref, f"{path} names a file, and this composition did not come from a folder")
            elif (known := contents.get(ref)) is None or (known.facts is None) != drawing:
                contents[ref] = _checked(files.read(ref, kinds), ref, drawing)
        return contents

    def _source_id(self, scope: Scope, ref: str, file: "_File | None") -> str:
        if file is None:
            return ref.removeprefix(ARTIFACT_SCHEME)
        name = ref.rsplit("/", 1)[-1]
        if file.facts is None:
            return self._vectors.register_scene(scope, file.content, name).artifact.artifact_id
        return self._store_picture(scope, file.content, name, file.facts).artifact.artifact_id


class _File(NamedTuple):
    """A file that was checked for the kind of layer that names it."""

    content: bytes
    facts: decode.PictureFacts | None
    """Of a picture that decodes; None for a drawing that is safe to draw."""


def _drawings(document: Composition, sources: SourceSet) -> list[bytes]:
    """The SVG documents that a composition shows."""
    named = (source for source in layer_sources.named(document) if source.drawing)
    return [sources.drawing(source.ref, source.inline).svg for source in named]


def remake(registry: Registry, artifact: Artifact, isolation: Pool | None = None) -> str | None:
    """Make a render again and say what differs from the registered one; None when every bit is the same.

    SVGs are drawn where `ImageService` draws them. Tells apart changed code (other producers), drifted pixels, and a drifted encoder.
    """
    images = ImageService(registry, isolation=isolation)
    exporter = ImageExporter(registry)
    makers: dict[str, Callable[[Artifact], tuple[RenderJob | DocumentJob, Draw]]] = {
        "image_render": images.remake,
        "vector_render": VectorService(registry, exporter, isolation).remake,
        "text_render": TextService(registry, exporter, GlyphDrawer(isolation)).remake,
        "vector_document": document_exports.remake_with(registry, isolation),
    }
    job, draw = makers[artifact.kind](artifact)
    meta = cast("ImageRenderMeta", artifact.meta)
    export = draw(artifact.artifact_id)
    changed = sorted(
        f"{name} {meta.producers.get(name, 'absent')} -> {job.producers.get(name, 'absent')}"
        for name in meta.producers.keys() | job.producers.keys()
        if meta.producers.get(name) != job.producers.get(name)
    )
    by_whom = f" (made by other code: {', '.join(changed)})" if changed else ""
    if artifact.kind != "vector_document" and export.meta["pixel_sha256"] != meta.pixel_sha256:
        return f"pixels differ: {export.meta['pixel_sha256']}, registered {meta.pixel_sha256}{by_whom}"
    if export.meta["sha256"] != artifact.sha256:
        same = "" if artifact.kind == "vector_document" else "same pixels, "
        return f"{same}other bytes: {export.meta['sha256']}, registered {artifact.sha256}{by_whom}"
    if not changed and job.render_key != artifact.render_key:
        return f"same bits, but its render_key would be {job.render_key}, not {artifact.render_key}"
    return None


def looks_like_svg(content: bytes) -> bool:
    """Whether `content` can only be meant as SVG: markup, or gzip (.svgz). Everything else is left to the picture decoders."""
    head = content[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(b"<") or content.startswith((b"\x1f\x8b", b"\xff\xfe<", b"\xfe\xff\0<"))


def _checked(content: bytes, ref: str, drawing: bool) -> _File:
    if drawing:
        guard.check(guard.decode(content))
        return _File(content, None)
    return _File(content, decode.read_picture(content, ref).facts)


def _identity(document: Composition, registry: Registry, scope: Scope) -> object:
    """What is drawn, without what cannot change a pixel: names are dropped, sources are named by content instead of by id.

    So the same composition has the same render_key in every tenant.
    """

    def by_content(ref: str, _drawing: bool) -> str:
        return "sha256:" + registry.artifact(scope, ref.removeprefix(ARTIFACT_SCHEME)).sha256

    layers = layer_sources.renamed(document.layers, by_content)
    return _without_names(msgspec.to_builtins(msgspec.structs.replace(document, layers=layers)))


def _without_names(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_names(inner) for key, inner in value.items() if key != "name"}
    if isinstance(value, list | tuple):
        return [_without_names(inner) for inner in value]
    return value
