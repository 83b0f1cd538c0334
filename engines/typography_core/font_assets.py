"""How do fonts that a tenant brought become artifacts, and how do texts of its scope find them?

`add_font` checks a file and registers it as a `font_asset`; `FontShelf.book` is the `FontBook` of a scope, its own fonts before the
packaged ones, which services hand down to whoever sets text. Nothing is global: a shelf belongs to one open store. The bytes
of a font are read from the store when its first glyph is needed, checked against their hash, and then against `font_files`.
"""

import functools
import threading
from collections.abc import Callable, Iterable
from pathlib import PurePath

from engines.media_v2 import keys
from engines.media_v2.catalog import Catalog
from engines.media_v2.models import Artifact, FontAssetMeta, FontFace
from engines.media_v2.registry import Registered, Registration, Registry
from engines.media_v2.scope import Scope
from engines.typography_core import fonts
from engines.typography_core.errors import TextLimitError
from engines.typography_core.font_files import FILE_BYTES_MAX
from engines.typography_core.font_trial import Examined, examine
from engines.typography_core.font_types import Axis, Font, FontContent, FontInstance
from engines.typography_core.fonts import FontBook

Examine = Callable[[bytes], Examined]
"""A font file -> what it says of itself, once it was checked."""


def add_font(registry: Registry, scope: Scope, content: bytes, name: str, examine: Examine = examine) -> Registered:
    """Store a font file as a `font_asset` of `scope`; the same bytes again are the same artifact.

    `examine` reads the file: here, or, for files that nobody vouches for, in a worker (`font_trial.examine_apart`). Raises
    FontRefusedError for a file that is damaged, none, or asks for endless work, TextLimitError for one that is too large, and what
    becomes of a worker that a file is too much for.
    """
    if len(content) > FILE_BYTES_MAX:
        raise TextLimitError("font file", len(content), FILE_BYTES_MAX, "bytes")
    facts = examine(content)
    first = facts.faces[0]
    sha256 = keys.sha256_hex(content)
    meta = FontAssetMeta(
        name=name,
        family=first.family,
        subfamily=first.subfamily,
        format=facts.format,
        version=facts.version,
        license=facts.license,
        coverage=first.coverage,
        faces=facts.faces,
        bytes=len(content),
        sha256=sha256,
    )
    uri = keys.content_key(scope, "font_asset", sha256, PurePath(name).stem, facts.format)
    return registry.register(scope, Registration("font_asset", content, meta, uri))


def parents(used: Iterable[FontInstance]) -> tuple[str, ...]:
    """Return the ids of the artifacts among the fonts that a picture was drawn with, for its lineage."""
    return tuple(dict.fromkeys(one.font.artifact_id for one in used if one.font.artifact_id is not None))


class FontShelf:
    """The font books of one open store, one for each scope. Several threads may use one object."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._seen: dict[Scope, tuple[int, list[str]]] = {}

    def book(self, scope: Scope, *, only: Iterable[str] | None = None) -> FontBook:
        """Return the fonts that texts of `scope` may be set in: its own, newest last, then the packaged ones.

        Retracted ones are left out. With `only`, the files with these hashes and no others, retracted or not: a picture that
        was drawn with them is drawn with them again. Raises FontFileMissingError.
        """
        catalog = self._registry.catalog()
        artifacts = (catalog.artifacts[one] for one in self._font_ids(catalog, scope))
        known = [one for one in artifacts if one.retracted is None or only is not None]
        book = FontBook(tuple(font for one in known for font in self._fonts(one)), fonts.packaged().packaged)
        return book if only is None else book.only(only)

    def _font_ids(self, catalog: Catalog, scope: Scope) -> list[str]:
        """The ids of the scope's fonts; looks only at artifacts that came since the last call."""
        with self._lock:
            count, found = self._seen.get(scope, (0, []))
            ids = catalog.scope(scope).artifacts
            new = [one for one in ids[count:] if catalog.artifacts[one].kind == "font_asset"]
            self._seen[scope] = (max(count, len(ids)), found + new)
            return found + new

    def _fonts(self, artifact: Artifact) -> tuple[Font, ...]:
        assert isinstance(artifact.meta, FontAssetMeta)
        scope = Scope(artifact.tenant, artifact.env)
        # The blob store outlives being closed; holding the registry here would keep closed stores alive in the caches of `faces`.
        read = functools.partial(self._registry.blobs.get, scope, artifact.sha256)
        content = FontContent(artifact.sha256, read)
        return tuple(_font(artifact, index, face, content) for index, face in enumerate(artifact.meta.faces))


def _font(artifact: Artifact, index: int, face: FontFace, content: FontContent) -> Font:
    assert isinstance(artifact.meta, FontAssetMeta)
    return Font(
        family=face.family,
        italic=face.italic,
        sha256=artifact.sha256,
        version=artifact.meta.version,
        license=artifact.meta.license,
        axes=tuple(Axis(axis.tag, axis.minimum, axis.maximum, axis.name) for axis in face.axes),
        weight=face.weight,
        width=face.width,
        index=index,
        content=content,
        artifact_id=artifact.artifact_id,
    )
