"""Where the files of a composition come from: a folder, or the artifacts of one scope; decoded once, however often they are drawn.

A reference is `artifact:<id>`, or a path relative to the composition's folder. Paths are confined to a root (that folder, unless a wider
one is named): absolute paths, and links or `..` that leave the root, are refused.
"""

import copy
import threading
from pathlib import Path
from typing import Protocol

from engines.errors import RequestError
from engines.image_core import decode
from engines.image_core.picture_cache import PictureCache
from engines.media_v2.exports import RgbaPixels
from engines.media_v2.models import Kind
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope
from engines.vector_core import guard
from engines.vector_core.rasterize import Engine
from engines.vector_core.scene_fonts import NO_FONTS, SceneFonts

ARTIFACT_SCHEME = "artifact:"
RASTER_KINDS: tuple[Kind, ...] = ("source_asset", "image_render", "vector_render", "text_render")
VECTOR_KINDS: tuple[Kind, ...] = ("vector_scene",)


class SourceError(RequestError):
    """A file that a composition names cannot be used."""

    type = "unusable-source"

    def __init__(self, ref: str, reason: str) -> None:
        super().__init__(f"source {ref!r}: {reason}", source=ref, reason=reason)


class Reader(Protocol):
    """Finds the bytes behind a reference; `kinds` are the artifact kinds that would do."""

    def read(self, ref: str, kinds: tuple[Kind, ...]) -> bytes:
        """Return the bytes. Raises `SourceError`, `UnknownArtifactError`, `WrongKindError`."""
        ...


class FolderReader:
    """Reads paths relative to `folder`, all below `root`."""

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self._folder = folder.resolve()
        self._root = (root or folder).resolve()

    def read(self, ref: str, kinds: tuple[Kind, ...]) -> bytes:  # noqa: ARG002 - files have no kind
        """Return the bytes of the file at `ref`. Raises `SourceError`."""
        path = self.path(ref)
        try:
            if path.stat().st_size > decode.SOURCE_BYTES_MAX:
                raise SourceError(ref, f"larger than {decode.SOURCE_BYTES_MAX} bytes")
            return path.read_bytes()
        except OSError as error:
            raise SourceError(ref, error.strerror or "cannot be read") from error

    def path(self, ref: str) -> Path:
        """Return where `ref` points. Raises `SourceError` for a reference that is no relative path below the root."""
        if ref.startswith(ARTIFACT_SCHEME):
            raise SourceError(ref, "artifacts are only known inside a store")
        if "\0" in ref or "://" in ref or Path(ref).is_absolute():
            raise SourceError(ref, "must be a path relative to the composition, or artifact:<id>")
        path = (self._folder / ref).resolve()
        if not path.is_relative_to(self._root):
            raise SourceError(ref, f"leaves the folder {self._root} that files may come from")
        return path


class ArtifactReader:
    """Reads artifacts of one scope of a store."""

    def __init__(self, registry: Registry, scope: Scope) -> None:
        self._registry = registry
        self._scope = scope

    def read(self, ref: str, kinds: tuple[Kind, ...]) -> bytes:
        """Return the content of the artifact that `ref` names."""
        if not ref.startswith(ARTIFACT_SCHEME):
            raise SourceError(ref, "a stored composition names its sources by artifact")
        artifact = self._registry.artifact(self._scope, ref.removeprefix(ARTIFACT_SCHEME), *kinds)
        return self._registry.content(artifact)


class SourceSet:
    """The sources of one composition, each read, checked and decoded once, whichever thread asks first."""

    def __init__(self, reader: Reader, pictures: PictureCache | None = None) -> None:
        """Read through `reader`; `pictures` keeps decoded ones for other compositions, too."""
        self._reader = reader
        self._cache = pictures or PictureCache()
        self._pictures: dict[str, RgbaPixels] = {}
        self._drawings: dict[str, guard.Admitted] = {}
        self._reading = threading.RLock()
        self._fonts = NO_FONTS

    def lettered(self, fonts: SceneFonts) -> "SourceSet":
        """Return the same sources, with drawings' texts in `fonts`; what is read and decoded is kept together."""
        same = copy.copy(self)
        same._fonts = fonts
        return same

    def picture(self, ref: str) -> RgbaPixels:
        """The picture behind `ref`: (height, width, 4) uint8 straight sRGB. Do not write into it."""
        with self._reading:
            if ref not in self._pictures:
                self._pictures[ref] = self._cache.decoded(self._reader.read(ref, RASTER_KINDS), ref)
            return self._pictures[ref]

    def drawn(
        self, drawing: guard.Admitted, width: float, height: float, dx: float, dy: float, engine: Engine = "resvg"
    ) -> RgbaPixels:
        """A drawing's pixels at one size and place, drawn once; see `PictureCache.drawn`."""
        return self._cache.drawn(drawing, width, height, dx, dy, engine, self._fonts)

    def drawing(self, ref: str | None, inline: str | None) -> guard.Admitted:
        """The SVG behind `ref`, or given inline, past the guard."""
        key = ref if ref is not None else f"inline:{inline}"
        with self._reading:
            if key not in self._drawings:
                raw = self._reader.read(ref, VECTOR_KINDS) if ref is not None else (inline or "").encode()
                self._drawings[key] = guard.admit(raw)
            return self._drawings[key]
