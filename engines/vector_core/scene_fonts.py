"""Which fonts of its scope may the texts of a drawing be drawn in?

Those that it names: a font counts where the name of one of its families stands anywhere in the drawing, which is rather too
often than too seldom. They come before the packaged ones. A drawing that names none is drawn as if the scope had none, so that a
font that is added later makes no picture anew. Files were checked when they were stored (`typography_core.font_assets`).
"""

import functools
import html
import io
import re
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from engines.media_v2.models import Artifact, FontAssetMeta
from engines.media_v2.registry import Registry
from engines.media_v2.renders import FONT_PREFIX
from engines.media_v2.scope import Scope
from engines.vector_core import svg_fonts
from engines.vector_core.svg_fonts import FontSet

SPELLINGS_MAX = 8
"""Ways to write one name that a drawing may use, in capitals or not: each costs a copy of the font."""

_PACKED = frozenset({"woff", "woff2"})
_HASH_SHOWN_CHARS = 8


class SceneFonts(NamedTuple):
    """`load` reads the files, None for the packaged ones alone; `inputs` are the hashes of the scope's own among them, as
    `font:<family>` -> sha256, `parents` their artifacts, `producers` the code that unpacked them."""

    load: Callable[[], FontSet | None] = lambda: None
    inputs: dict[str, str] = {}  # noqa: RUF012 - never written
    parents: tuple[str, ...] = ()
    producers: dict[str, str] = {}  # noqa: RUF012 - never written

    @property
    def files(self) -> FontSet | None:
        """What engines take; read when it is first asked for, since most renders are there already."""
        return self.load()

    def inputs_beside(self, others: Mapping[str, str]) -> dict[str, str]:
        """Return `others` and `inputs` together; of two files of one name, ours is told with its hash."""
        ours = {
            f"{name} {sha256[:_HASH_SHOWN_CHARS]}" if others.get(name, sha256) != sha256 else name: sha256
            for name, sha256 in self.inputs.items()
        }
        return {**others, **ours}


NO_FONTS = SceneFonts()


class SceneFontShelf:
    """The fonts of one open store, by scope. Several threads may use one object."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._seen: dict[Scope, tuple[int, list[str]]] = {}

    def of_scene(self, scene: Artifact, only: Collection[str] | None = None) -> SceneFonts:
        """Return the fonts for a `vector_scene` of the store; see `of_drawings`."""
        return self.of_drawings(Scope(scene.tenant, scene.env), lambda: [self._registry.content(scene)], only)

    def of_drawings(
        self, scope: Scope, drawings: Callable[[], Iterable[bytes]], only: Collection[str] | None = None
    ) -> SceneFonts:
        """Return the fonts of `scope` that any of these SVG documents names, oldest first.

        Retracted ones are left out; with `only`, all files but those with these hashes are, as a picture is made again in the
        fonts that it was made in. Asks for the documents if the scope has fonts. Raises what reading from a store raises.
        """
        fonts = [one for one in self._fonts(scope) if (one.retracted is None if only is None else one.sha256 in only)]
        if not fonts:
            return NO_FONTS
        svg = "\n".join(html.unescape(one.decode("utf-8", "replace")) for one in drawings() if b"text" in one)
        spelled = {one.artifact_id: _spellings(svg, _families(one)) for one in fonts}
        named = [one for one in fonts if spelled[one.artifact_id]]
        if not named:
            return NO_FONTS

        @functools.cache
        def load() -> FontSet:
            packaged = svg_fonts.packaged()
            files = [
                made for one in named for made in _files(self._registry.content(one), one, spelled[one.artifact_id])
            ]
            return FontSet((*files, *packaged.files), packaged.generic, svg_fonts.default_family(packaged))

        return SceneFonts(
            load,
            _inputs(named),
            tuple(one.artifact_id for one in named),
            _unpacker() if any(_meta(one).format in _PACKED for one in named) else {},
        )

    def _fonts(self, scope: Scope) -> list[Artifact]:
        """The scope's fonts; looks only at artifacts that came since the last call."""
        catalog = self._registry.catalog()
        with self._lock:
            count, found = self._seen.get(scope, (0, []))
            ids = catalog.scope(scope).artifacts
            found = found + [one for one in ids[count:] if catalog.artifacts[one].kind == "font_asset"]
            self._seen[scope] = (max(count, len(ids)), found)
        return [catalog.artifacts[one] for one in found]


def _inputs(named: list[Artifact]) -> dict[str, str]:
    inputs: dict[str, str] = {}
    for one in sorted(named, key=lambda one: one.sha256):
        name = FONT_PREFIX + _families(one)[0]
        inputs[f"{name} {one.sha256[:_HASH_SHOWN_CHARS]}" if name in inputs else name] = one.sha256
    return dict(sorted(inputs.items()))


def _meta(font: Artifact) -> FontAssetMeta:
    assert isinstance(font.meta, FontAssetMeta)
    return font.meta


def _families(font: Artifact) -> tuple[str, ...]:
    return tuple(dict.fromkeys(face.family for face in _meta(font).faces))


def _spellings(svg: str, families: tuple[str, ...]) -> list[str]:
    """Return how these names are spelled where they stand in a drawing, sorted, some at most. CSS Fonts 4 §2.1: case does not matter."""
    pattern = "|".join(map(re.escape, sorted(families, key=len, reverse=True)))
    return sorted(set(re.findall(pattern, svg, re.IGNORECASE)))[:SPELLINGS_MAX]


def _files(content: bytes, font: Artifact, spellings: list[str]) -> list[bytes]:
    """Return the file, and copies of it for names in other letters than its own, which fontdb takes for other names."""
    data = _unpacked(content, font)
    families = _families(font)
    if len(_meta(font).faces) > 1:
        return [data]
    return [data, *(svg_fonts.rename(data, one) for one in spellings if one not in families)]


def _unpacked(content: bytes, font: Artifact) -> bytes:
    """Return the file as engines read it: resvg knows no WOFF."""
    if _meta(font).format not in _PACKED:
        return content
    from fontTools.ttLib import TTFont

    target = io.BytesIO()
    with TTFont(io.BytesIO(content), recalcBBoxes=False, recalcTimestamp=False, lazy=True) as opened:
        opened.flavor = None
        opened.save(target, reorderTables=None)
    return target.getvalue()


def _unpacker() -> dict[str, str]:
    import fontTools

    return {"fonttools": fontTools.version}
