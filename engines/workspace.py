"""What does a worker's whole program need? One scope of one store, with every command and question in one object.

Main path: `Workspace.open(store, tenant=..., env=...)` -> `compose` -> `render` -> `content`, `lineage`. It wires the services and decides
nothing; the command line and the HTTP service use the same object. Nothing is global, and nothing stays open after the `with`.
"""

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from engines.image_core import composition as documents
from engines.image_core.backend import ImageExporter, OnKernel
from engines.image_core.composition import Composition
from engines.image_core.decode import read_file
from engines.image_core.picture_cache import PictureCache
from engines.image_core.preset_book import PresetBook
from engines.image_core.scene_texts import SceneTexts
from engines.image_core.service import ImageService
from engines.image_core.sources import FolderReader
from engines.isolation.pool import Pool
from engines.media_v2.catalog import usable
from engines.media_v2.lineage_view import LineageView
from engines.media_v2.listing import list_artifacts
from engines.media_v2.models import Artifact
from engines.media_v2.presets import Overrides, Preset, check_overrides
from engines.media_v2.registry import Registered, Registry
from engines.media_v2.renders import Rendered
from engines.media_v2.scope import Scope, scope_of
from engines.media_v2.stores import init_store
from engines.typography_core.font_assets import FontShelf, add_font
from engines.typography_core.font_trial import TASKS as FONT_TASKS
from engines.typography_core.font_trial import examine_apart
from engines.typography_core.fonts import FontBook
from engines.typography_core.layout import TextLayout
from engines.typography_core.service import TextRequest, TextService
from engines.typography_core.typeset import checked
from engines.vector_core.artifact_resources import ArtifactResources
from engines.vector_core.glyphs import GlyphDrawer
from engines.vector_core.guard import External
from engines.vector_core.pages import DocumentRequest, checked_request
from engines.vector_core.rasterize import Engine
from engines.vector_core.resources import Resources
from engines.vector_core.scene import Scene
from engines.vector_core.scene_origin import Origin, read_outlined
from engines.vector_core.scene_read import ReadScene
from engines.vector_core.service import VectorService
from engines.vector_core.svg_text import NO_FONTS
from engines.vector_core.tasks import TASKS as DRAWING_TASKS

ISOLATED_TASKS = {**FONT_TASKS, **DRAWING_TASKS}
"""What worker processes are asked for: name -> function."""

Document = Path | str | bytes | Mapping[str, object] | Composition
"""A composition: a file (whose own files lie beside it), JSON text, a mapping, or the value itself."""


class Workspace:
    """One scope of an open store. Several threads may use one object; pictures are decoded once for all presets of a composition."""

    def __init__(
        self,
        registry: Registry,
        scope: Scope,
        *,
        threads: int | None = None,
        pictures: PictureCache | None = None,
        isolation: Pool | None = None,
    ) -> None:
        """Work in `scope` of a store that the caller opened, and closes. `threads` limits the compositor; no byte depends on it.
        `pictures` keeps decoded ones, for several workspaces if they share it, and says where it draws SVGs itself. `isolation` are
        workers for SVGs and for files that nobody vouches for, with `ISOLATED_TASKS`; without them the workspace has its own, which
        start when they are needed and end with it."""
        self.registry = registry
        self.scope = scope
        self.isolation = isolation or Pool(ISOLATED_TASKS)
        exporter = ImageExporter(registry)
        self._images = ImageService(registry, threads=threads, pictures=pictures, isolation=self.isolation)
        self._vectors = VectorService(registry, exporter, self.isolation)
        self._texts = TextService(registry, exporter, GlyphDrawer(self.isolation))
        self._presets = PresetBook(registry)
        self._shelf = FontShelf(registry)

    @classmethod
    @contextmanager
    def open(
        cls, store: Path | str, *, tenant: str, env: str, create: bool = False, threads: int | None = None
    ) -> Iterator[Self]:
        """Open a store for one tenant and env: a folder, an address or a store file, see `media_v2.places`. `create` makes it where
        there is none, with a signing key.

        Raises `ScopeError`, `StoreNotFoundError`, `NotAStoreError`, and the ledger's errors.
        """
        scope = scope_of(tenant, env)
        if create:
            init_store(store, with_key=True)
        with Registry.open(store) as registry, Pool(ISOLATED_TASKS) as isolation:
            yield cls(registry, scope, threads=threads, isolation=isolation)

    # Commands.

    def add_asset(self, content: bytes | Path, name: str | None = None) -> Registered:
        """Store a picture as a `source_asset`, or an SVG as a `vector_scene`. Raises `UnsupportedMediaError`, `SvgRefusedError`."""
        if isinstance(content, Path):
            return self._images.add_asset(self.scope, read_file(content), name or content.name)
        return self._images.add_asset(self.scope, content, name or "untitled")

    def add_vector(
        self,
        drawing: bytes | Scene,
        name: str,
        *,
        parents: Sequence[str] = (),
        texts: SceneTexts | None = None,
        resources: Resources | Mapping[str, str] | None = None,
        external: External = "refuse",
    ) -> Registered:
        """Store an SVG document, or a scene, as a `vector_scene` made from the artifacts `parents`; `texts` outlined its texts.

        Pictures that it refers to come from `resources`, or from artifacts of this scope by their names in it; other references are
        refused, or left out. Raises `SvgRefusedError`, `SceneValueError`, `ResourceMapError`.
        """
        if isinstance(resources, Mapping):
            resources = ArtifactResources(self.registry, self.scope, resources)
        origin = Origin(tuple(parents), texts.used() if texts else NO_FONTS)
        return self._vectors.register_scene(
            self.scope, drawing, name, resources=resources, external=external, origin=origin
        )

    def add_outlined(self, svg: bytes, name: str, *, lenient: bool = False) -> Registered:
        """Store an SVG document as the scene that it stands for, texts outlined in the fonts of this scope, which meta and lineage
        tell; see `scene_origin.read_outlined`."""
        read = read_outlined(svg, self.scene_texts(), lenient=lenient)
        return self._vectors.register_scene(self.scope, read.scene, name, origin=read.origin)

    def add_font(self, content: bytes | Path, name: str | None = None) -> Registered:
        """Store a font file as a `font_asset`: texts of this scope may ask for its families from now on. A worker process reads it.
        Raises `FontRefusedError`, `TextLimitError`, `WorkerTimeLimitError`, `WorkerMemoryLimitError`, `WorkerDiedError`."""
        given = name or (content.name if isinstance(content, Path) else "untitled")
        data = read_file(content) if isinstance(content, Path) else content
        return add_font(self.registry, self.scope, data, given, functools.partial(examine_apart, self.isolation))

    def compose(self, document: Document, name: str | None = None, *, root: Path | None = None) -> Registered:
        """Store a composition. One that is a file may name files below its folder (or `root`); others name artifacts only.

        Raises `CompositionError`, `SourceError`, and what its sources are refused for, before anything is stored.
        """
        files = None
        match document:
            case Composition():
                parsed = document
            case Path():
                parsed, files = documents.parse(read_file(document)), FolderReader(document.parent, root)
                name = name or document.stem
            case str() | bytes():
                parsed = documents.parse(document.encode() if isinstance(document, str) else document)
            case _:
                parsed = documents.from_builtins(document)
        if files is None and root is not None:
            files = FolderReader(root)
        return self._images.create_composition(self.scope, parsed, name or "untitled", files)

    def render(
        self,
        composition_id: str,
        preset_id: str,
        overrides: Overrides | Mapping[str, object] | None = None,
        *,
        on_kernel: OnKernel | None = None,
    ) -> Rendered:
        """Export a composition with a preset, or return the artifact that this made before; see `ImageService.render`."""
        changed = check_overrides(overrides)
        return self._images.render(self.scope, composition_id, preset_id, changed, on_kernel=on_kernel)

    def render_all(
        self,
        composition_id: str,
        preset_ids: Sequence[str],
        overrides: Overrides | Mapping[str, object] | None = None,
        *,
        on_kernel: OnKernel | None = None,
        on_done: Callable[[Rendered], None] | None = None,
    ) -> list[Rendered]:
        """Export a composition with several presets, several at a time; the answers are in the order of `preset_ids`, the events
        in that of being done. Pictures are decoded once. `on_done` hears of each, in the order of being done."""
        changed = check_overrides(overrides)

        def one(preset_id: str) -> Rendered:
            rendered = self.render(composition_id, preset_id, changed, on_kernel=on_kernel)
            if on_done is not None:
                on_done(rendered)
            return rendered

        with ThreadPoolExecutor(max(1, min(len(preset_ids), os.cpu_count() or 1))) as pool:
            return list(pool.map(one, preset_ids))

    def render_vector(
        self,
        scene_id: str,
        preset_id: str | None = None,
        overrides: Overrides | Mapping[str, object] | None = None,
        *,
        engine: Engine = "resvg",
    ) -> Rendered:
        """Draw a scene by itself; see `VectorService.render`."""
        return self._vectors.render(self.scope, scene_id, preset_id, check_overrides(overrides), engine=engine)

    def export_document(self, scene_id: str, request: DocumentRequest | Mapping[str, object]) -> Rendered:
        """Make a PDF, PostScript or clean SVG file of a scene; see `VectorService.export_document`."""
        return self._vectors.export_document(self.scope, scene_id, checked_request(request))

    def render_text(
        self,
        request: TextRequest | Mapping[str, object],
        preset_id: str | None = None,
        overrides: Overrides | Mapping[str, object] | None = None,
    ) -> Rendered:
        """Draw a text by itself; see `TextService.render`."""
        return self._texts.render(self.scope, checked(request), preset_id, check_overrides(overrides))

    def measure_text(self, request: TextRequest | Mapping[str, object]) -> TextLayout:
        """Set a text in the fonts of this scope; nothing is drawn or recorded."""
        return self._texts.measure(self.scope, checked(request))

    def open_scene(self, scene_id: str, *, lenient: bool = False) -> ReadScene:
        """A registered drawing as a value to edit, its texts outlined in the fonts of this scope; see `VectorService.open_scene`."""
        return self._vectors.open_scene(self.scope, scene_id, lenient=lenient, outline_text=self.scene_texts())

    def scene_texts(self) -> SceneTexts:
        """Outlines texts in the fonts of this scope, for scenes that a program builds; hand it to `add_vector`."""
        return SceneTexts(self.fonts())

    def fonts(self) -> FontBook:
        """The fonts that texts of this scope may be set in: its own, then the packaged ones."""
        return self._shelf.book(self.scope)

    def define_preset(self, definition: Preset | Mapping[str, object]) -> Preset:
        """Define a preset of this scope, or its next version; see `PresetBook.define`."""
        return self._presets.define(self.scope, definition)

    def retract(self, artifact_id: str, reason: str) -> Artifact:
        """Mark an artifact, and all that was made from it, as not to be used any more; see `Registry.retract`."""
        return self.registry.retract(self.scope, artifact_id, reason)

    # Questions.

    def presets(self) -> list[Preset]:
        """The built-in presets, then the scope's own."""
        return self._presets.all(self.scope)

    def preset(self, preset_id: str) -> Preset:
        """The preset with this id, as it is now. Raises `UnknownPresetError`."""
        return self._presets.find(self.scope, preset_id)

    def artifact(self, artifact_id: str) -> Artifact:
        """The artifact with this id, retracted or not. Raises `UnknownArtifactError`."""
        return self.registry.artifact(self.scope, artifact_id)

    def artifacts(
        self,
        *,
        kind: str | None = None,
        preset_id: str | None = None,
        parent: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[Artifact]:
        """Artifacts of the scope, oldest first; see `listing.list_artifacts`."""
        catalog = self.registry.catalog()
        return list_artifacts(
            catalog, self.scope, kind=kind, preset_id=preset_id, parent=parent, after=after, limit=limit
        )

    def content(self, artifact: Artifact | str) -> bytes:
        """The bytes of an artifact, checked against their hash. Raises `RetractedArtifactError`, `BlobMissingError`, `BlobDamagedError`."""
        return self.registry.content(
            usable(self.artifact(artifact if isinstance(artifact, str) else artifact.artifact_id))
        )

    def lineage(self, artifact_id: str) -> LineageView:
        """What an artifact was made from, and what from it. Raises `UnknownArtifactError`."""
        return LineageView(self.registry.catalog(), artifact_id, self.scope)
