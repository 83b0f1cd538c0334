"""The vector service: SVG documents become scenes, scenes become pictures, registered with a preset or without.

Main path: `VectorService.register_scene` -> `VectorService.render`. Every document passes the guard before it is stored or drawn.
"""

import functools
from collections.abc import Iterable
from pathlib import PurePath

from engines.isolation.pool import Pool
from engines.media_v2 import keys
from engines.media_v2.catalog import usable
from engines.media_v2.exports import Export, Exporter
from engines.media_v2.models import Artifact, VectorRenderMeta, VectorSceneMeta
from engines.media_v2.presets import NO_OVERRIDES, Overrides
from engines.media_v2.registry import Registered, Registration, Registry
from engines.media_v2.renders import Draw, Rendered, RenderJob, render_once
from engines.media_v2.scope import Scope
from engines.vector_core import artifact_resources, document_exports, guard, rasterize
from engines.vector_core.guard import External
from engines.vector_core.pages import DocumentRequest
from engines.vector_core.rasterize import Engine
from engines.vector_core.resources import Resources
from engines.vector_core.scene import Scene
from engines.vector_core.scene_fonts import SceneFontShelf
from engines.vector_core.scene_origin import NO_ORIGIN, Origin
from engines.vector_core.scene_read import ReadScene, read_svg
from engines.vector_core.scene_write import write_svg
from engines.vector_core.svg_text import OutlineText

__all__ = ["VectorService", "drawing_inputs", "drawing_producers"]

SVG_VERSION = "2"
"""Raised whenever what the guard hands to an engine may change in one byte, or where a drawing is placed: it is part of the
render_key of all that shows a drawing. 2: inner `<svg>` and `href` are put right for resvg, circular `<use>` is taken out."""


class VectorService:
    """Keeps and renders scenes in one store. `exporter` brings presets and encoders (see `engines.media_v2.exports.Exporter`)."""

    def __init__(self, registry: Registry, exporter: Exporter, isolation: Pool | None = None) -> None:
        """`isolation` are workers for the engines, with `tasks.TASKS`; see `rasterize` for what is done without them."""
        self._registry = registry
        self._exporter = exporter
        self._isolation = isolation

    @functools.cached_property
    def _fonts(self) -> SceneFontShelf:
        return SceneFontShelf(self._registry)

    def register_scene(
        self,
        scope: Scope,
        content: bytes | Scene,
        name: str,
        *,
        resources: Resources | None = None,
        external: External = "refuse",
        origin: Origin = NO_ORIGIN,
    ) -> Registered:
        """Store an SVG (or gzipped SVG) document, or a scene as its clean SVG, as a `vector_scene`.

        The bytes that came, unpacked; with the pictures put in and the references left out, if there are any (see
        `guard.admit`), which the meta then tells, and all that `origin` says; pictures that are artifacts (see
        `artifact_resources`) are its parents too. Raises `SvgRefusedError` naming rule and place, `SceneValueError` for a scene.
        """
        came = write_svg(content) if isinstance(content, Scene) else content
        admitted = guard.admit(came, resources, external)
        facts = admitted.facts
        svg = admitted.svg if admitted.used or admitted.ignored else guard.decode(came)
        sha256 = keys.sha256_hex(svg)
        meta = VectorSceneMeta(
            name=name,
            width=facts.width_px,
            height=facts.height_px,
            elements=facts.elements,
            resources=dict(origin.resources) | admitted.used,
            ignored=(*origin.ignored, *admitted.ignored),
            fonts=origin.fonts.hashes,
            left_out=origin.left_out,
            bytes=len(svg),
            sha256=sha256,
        )
        uri = keys.content_key(scope, "vector_scene", sha256, PurePath(name).stem, "svg")
        pictures = artifact_resources.parents(resources, admitted.used)
        parents = tuple(dict.fromkeys((*origin.artifact_ids(), *pictures)))
        return self._registry.register(scope, Registration("vector_scene", svg, meta, uri, parents))

    def open_scene(
        self, scope: Scope, scene_id: str, *, lenient: bool = False, outline_text: OutlineText | None = None
    ) -> ReadScene:
        """Return a registered scene as a value to edit. Raises `SceneUnsupportedError` for what scenes cannot hold."""
        artifact = usable(self._registry.artifact(scope, scene_id, "vector_scene"))
        return read_svg(self._registry.content(artifact), lenient=lenient, outline_text=outline_text)

    def render(
        self,
        scope: Scope,
        scene_id: str,
        preset_id: str | None = None,
        overrides: Overrides = NO_OVERRIDES,
        *,
        engine: Engine = "resvg",
    ) -> Rendered:
        """Draw a scene of `scope` and register it as a `vector_render`; a transparent PNG at its own size without a preset.

        The meta says by which `engine`, and among its producers in which version. Texts may be in fonts of the scope that the
        drawing names (see `scene_fonts`), which are parents then. Raises `CairoMissingError`.
        """
        scene = usable(self._registry.artifact(scope, scene_id, "vector_scene"))
        job, draw = self._job(scene, preset_id, overrides, engine)
        return render_once(self._registry, scope, job, draw)

    def export_document(self, scope: Scope, scene_id: str, request: DocumentRequest) -> Rendered:
        """Make a PDF, PostScript or clean SVG file of a scene and register it; see `document_exports.export_document`."""
        return document_exports.export_document(self._registry, scope, scene_id, request, self._fonts, self._isolation)

    def remake(self, artifact: Artifact) -> tuple[RenderJob, Draw]:
        """The job that made `artifact`, and how to do it again; nothing is recorded."""
        assert isinstance(artifact.meta, VectorRenderMeta)
        scene = self._registry.artifact(Scope(artifact.tenant, artifact.env), artifact.parents[0], "vector_scene")
        meta = artifact.meta
        fonts = tuple(meta.fonts.values())
        return self._job(scene, meta.preset_id, meta.overrides, meta.engine, meta.preset_version, fonts)

    def _job(
        self,
        scene: Artifact,
        preset_id: str | None,
        overrides: Overrides,
        engine: Engine,
        version: int | None = None,
        only_fonts: tuple[str, ...] | None = None,
    ) -> tuple[RenderJob, Draw]:
        assert isinstance(scene.meta, VectorSceneMeta)
        planned = self._exporter.plan(
            Scope(scene.tenant, scene.env),
            preset_id,
            scene.meta.width,
            scene.meta.height,
            overrides=overrides,
            version=version,
        )
        plan = planned.plan
        fonts = self._fonts.of_scene(scene, only_fonts)
        producers = self._exporter.producers(plan) | drawing_producers({engine}) | fonts.producers
        job = RenderJob(
            kind="vector_render",
            content={"scene": scene.sha256},
            inputs=fonts.inputs_beside(drawing_inputs()),
            planned=planned,
            producers=producers,
            name=PurePath(scene.meta.name).stem,
            parents=(scene.artifact_id, *fonts.parents),
            source_id=scene.artifact_id,
            extra_meta={"engine": engine},
        )

        def draw(artifact_id: str) -> Export:
            svg = self._registry.content(scene)
            x, y, width, height = plan.visible
            size = (plan.content_width, plan.content_height)
            drawn = rasterize.rasterize(svg, *size, engine=engine, fonts=fonts.files, isolation=self._isolation)
            return self._exporter.export(plan, drawn[y : y + height, x : x + width], producers, artifact_id)

        return job, draw


def drawing_producers(engines: Iterable[Engine]) -> dict[str, str]:
    """Names and versions of the code that decides about the pixels of drawings by these engines."""
    return {"impasto-svg": SVG_VERSION} | {name: rasterize.engine_version(name) for name in sorted(set(engines))}


def drawing_inputs() -> dict[str, str]:
    """Hashes of the fonts that texts inside drawings may use, as `font:<name>` -> sha256."""
    return rasterize.font_hashes()
