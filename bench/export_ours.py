"""How do we export the scene of the race? The library's own calls, with all threads or one, and a worker's way through a store."""

import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from bench.export_scene import Files, Scene, document
from engines.image_core import backend, composition, encode
from engines.image_core.picture_cache import PictureCache
from engines.image_core.sources import SourceSet
from engines.isolation.pool import Pool
from engines.media_v2.exports import ExportPlan
from engines.media_v2.models import Kind
from engines.workspace import Workspace


class _Memory:
    """Reads the scene's files from memory, as the peers do."""

    def __init__(self, scene: Scene) -> None:
        self._files = {"sky.jpg": scene.photograph, "planet.svg": scene.drawing}

    def read(self, ref: str, kinds: tuple[Kind, ...]) -> bytes:  # noqa: ARG002 - files have no kind
        return self._files[ref]


def export(
    scene: Scene, plans: Mapping[str, ExportPlan], threads: int | None = None, isolation: Pool | None = None
) -> Files:
    """Parse, decode, draw and encode: one preset after the other on one thread, or as many at once as there are threads. SVGs are drawn
    in workers of `isolation`."""
    parsed = composition.parse(msgspec.json.encode(document()))
    sources = SourceSet(_Memory(scene), PictureCache(isolation=isolation))
    count = threads or os.cpu_count() or 1

    def one(plan: ExportPlan) -> bytes:
        drawn = backend.draw(parsed, sources, plan, threads=threads)
        return encode.encode(plan, drawn.pixels, {}, "0" * 32, threads=threads).content

    if count == 1:
        return {preset_id: one(plan) for preset_id, plan in plans.items()}
    sources.picture("sky.jpg")  # decoded before threads share it
    sources.drawing("planet.svg", None)
    with ThreadPoolExecutor(min(count, len(plans))) as pool:
        return dict(zip(plans, pool.map(one, plans.values()), strict=True))


class StoreJob:
    """The same through a store: files registered, composition stored, renders recorded in the ledger, synced."""

    def __init__(self, scene: Scene, preset_ids: tuple[str, ...]) -> None:
        self._scene = scene
        self._preset_ids = preset_ids

    def prepare(self) -> tempfile.TemporaryDirectory[str]:
        """A folder with the scene's files and room for a store."""
        folder = tempfile.TemporaryDirectory(prefix="impasto-bench-")
        root = Path(folder.name)
        (root / "sky.jpg").write_bytes(self._scene.photograph)
        (root / "planet.svg").write_bytes(self._scene.drawing)
        (root / "race.json").write_bytes(msgspec.json.encode(document()))
        return folder

    def job_in(self, folder: str) -> Files:
        """Make the store below `folder`, compose, render and read back."""
        root = Path(folder)
        with Workspace.open(root / "store", tenant="race", env="bench", create=True) as work:
            made = work.compose(root / "race.json").artifact.artifact_id
            rendered = work.render_all(made, self._preset_ids)
            return {one: work.content(each.artifact) for one, each in zip(self._preset_ids, rendered, strict=True)}

    def finish(self, folder: tempfile.TemporaryDirectory[str]) -> None:
        """Remove the folder."""
        folder.cleanup()
