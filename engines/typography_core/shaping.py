"""Which glyphs does a run of text become, and where does each sit?

The only file that asks HarfBuzz to shape. Positions are HarfBuzz's own, never rounded to whole pixels or font units. A run
has one font, size, script, language and direction; which those are is `layout`'s concern, pixels are `raster`'s. The main
path is `shape_run`.
"""

import functools
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from engines.typography_core import faces
from engines.typography_core.charsets import is_invisible
from engines.typography_core.errors import FontRefusedError, TextLimitError, TextValueError
from engines.typography_core.faces import FontMetrics, font_at, metrics, version
from engines.typography_core.font_types import Font, FontInstance
from engines.typography_core.look import Look

__all__ = ["FontMetrics", "Glyph", "PlacedRun", "Run", "font_at", "forget", "metrics", "shape", "shape_run", "version"]

LANGUAGE = "und"
"""Set on every buffer that has no other, because HarfBuzz would otherwise ask the process's locale, and no locale may reach pixels."""

NOTDEF = 0
"""Glyph index that every font keeps for a character that it cannot draw (OpenType, 'glyf')."""

FEATURES_MAX = 64
"""Features that one run may set; fonts have some dozens."""

FEATURE_VALUE_MAX = 65_535
"""The highest alternate that a lookup can hold (OpenType, 'GSUB' lookup type 3)."""

GLYPHS_PER_CHAR_MAX = 32
"""Glyphs that a font may make of a character, over a run: scripts decompose letters into some few, the longest ligature that is undone
(U+FDFA) has 18. HarfBuzz itself stops at 256 times as many, which are gigabytes for a long text."""

SHORT_RUN_CHARS = 8
"""Runs that are shorter may have as many glyphs as one of so many characters: an ornament may be made of hundreds."""

CONTEXT_CHARS = 5
"""Characters beside a run that HarfBuzz looks at: its buffer's CONTEXT_LENGTH."""

CONTEXT_SCRIPTS = frozenset(
    ("Adlm", "Arab", "Chrs", "Mand", "Mani", "Mong", "Nkoo", "Ougr", "Phag", "Phlp", "Rohg", "Sogd", "Syrc")
)
"""Scripts whose letters join across the ends of a run; in all others what stands beside it changes no glyph."""

CACHED_RUN_CHARS_MAX = 256
CACHED_RUNS_MAX = 4096
"""Shaped runs that are kept: 40 bytes a glyph, thus 42 MB at most and about 8 MB for lines of usual length."""

_FEATURE = re.compile(r"[ -~]{4}")
_SCRIPT = re.compile(r"[A-Z][a-z]{3}")
_LANGUAGE = re.compile(
    r"(?P<language>[A-Za-z]{2,3})(-(?P<script>[A-Za-z]{4}))?(-(?P<region>[A-Za-z]{2}|[0-9]{3}))?(-.*)?"
)

_NO_FEATURES: Mapping[str, int] = {}


class Glyph(NamedTuple):
    """One glyph of a run. `cluster` is the index (0-based) of the first character it stands for; `x, y` in px is where
    its origin goes, from the run's start and baseline, y downwards; `advance` in px is what it moved the pen."""

    glyph_id: int
    cluster: int
    x: float
    y: float
    advance: float


class Glyphs(Sequence[Glyph]):
    """Glyphs as they were shaped: `rows` (n, 5) float64, never written, in the order of `Glyph`, which are made when somebody looks at one.

    Most texts are only placed and drawn, and 40 letters as Python's own values take as long as their shaping, and 9 kB. Equal to tuples of
    the same glyphs.
    """

    __slots__ = ("_made", "rows")

    def __init__(self, rows: NDArray[np.float64]) -> None:
        self.rows = rows
        self._made: tuple[Glyph, ...] | None = None

    def _all(self) -> tuple[Glyph, ...]:
        if self._made is None:
            glyph_ids, clusters = self.rows[:, :2].astype(np.int64).T.tolist()
            self._made = tuple(map(Glyph, glyph_ids, clusters, *self.rows[:, 2:].T.tolist()))
        return self._made

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Glyph]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> Glyph: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Glyph, ...]: ...
    def __getitem__(self, index: int | slice) -> Glyph | tuple[Glyph, ...]:
        return self._all()[index]

    def __eq__(self, other: object) -> bool:
        return self._all() == tuple(other) if isinstance(other, Glyphs | tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


def rows_of(glyphs: Sequence[Glyph]) -> NDArray[np.float64]:
    """Return the numbers of `glyphs`, (n, 5) float64, in the order of `Glyph`."""
    if isinstance(glyphs, Glyphs):
        return glyphs.rows
    return np.fromiter(itertools.chain.from_iterable(glyphs), np.float64, 5 * len(glyphs)).reshape(-1, 5)


class Run(NamedTuple):
    """A shaped run: glyphs from left to right as drawn, its width in px, and the characters that have no glyph."""

    glyphs: Sequence[Glyph]
    width: float
    missing: tuple[str, ...]


class PlacedRun(NamedTuple):
    """Glyphs of one font at one size (px) and where they go: their places count from (x, baseline), in px from the corner of
    the text's box, y downwards. What `raster` draws. Without a `look` of its own it looks as the text does."""

    font: FontInstance
    size: float
    x: float
    baseline: float
    glyphs: Sequence[Glyph]
    look: Look | None = None


def shape_run(
    text: str,
    start: int,
    end: int,
    font: FontInstance,
    size: float,
    *,
    script: str,
    language: str = LANGUAGE,
    rtl: bool = False,
    features: Mapping[str, int] = _NO_FEATURES,
) -> Run:
    """Shape `text[start:end]` at `size` px; glyphs in visual order, their clusters counted in the whole of `text`.

    Letters join with those beside the run. `script` is an ISO 15924 code, `language` a BCP 47 tag of which language, script
    and region count, `features` OpenType tags as CSS names them, 0 for off. Expects no unpaired surrogates. Raises
    TextValueError and TextLimitError for what is none of that, before any work. Costs about 1 us a glyph, less when the same
    run was shaped before, at this or another size of the same design.
    """
    assert 0 <= start <= end <= len(text)
    _check_script(script)
    settings = _checked_features(features) if features else ()
    spoken = _checked_language(language)
    if start == end:
        return Run((), 0.0, ())
    joins = script in CONTEXT_SCRIPTS
    first = max(0, start - CONTEXT_CHARS) if joins else start
    piece = text[first : end + CONTEXT_CHARS] if joins else text[start:end]
    shaped = _shape if end - start <= CACHED_RUN_CHARS_MAX else _shape.__wrapped__
    key = _Key(font.font, faces.design(font, size))
    units = shaped(key, _Ask(piece, start - first, end - start, script, spoken, rtl, settings))
    return _scaled(units, start, size / faces.units(font.font))


def shape(text: str, font: FontInstance, size: float) -> Run:
    """Shape `text` at `size` px with kerning and ligatures; script and direction are guessed from its first letters.

    Expects text without line breaks and unpaired surrogates (see `layout.arrange`). Costs about 1 us a glyph.
    """
    if not text:
        return Run((), 0.0, ())
    key = _Key(font.font, faces.design(font, size))
    units = _shape.__wrapped__(key, _Ask(text, 0, len(text), None, LANGUAGE, False, ()))
    return _scaled(units, 0, size / faces.units(font.font))


def forget() -> None:
    """Drop all shaped runs that are kept, for measurements."""
    _shape.cache_clear()


class _Key(NamedTuple):
    """A font at axis values; nothing else of a size reaches unhinted positions."""

    font: Font
    variations: faces.Variations


class _Ask(NamedTuple):
    """What to shape: `length` characters of `text` from `offset` on; the others are its context."""

    text: str
    offset: int
    length: int
    script: str | None
    """None to guess script and direction."""
    language: str
    rtl: bool
    features: tuple[tuple[str, int], ...]


class _Units(NamedTuple):
    """A shaped run in HarfBuzz's own units: rows of glyph, cluster (from the run's start), x, y (downwards), advance."""

    rows: NDArray[np.int64]
    width: int
    missing: tuple[str, ...]


@functools.lru_cache(maxsize=CACHED_RUNS_MAX)
def _shape(key: _Key, ask: _Ask) -> _Units:
    import uharfbuzz as hb

    hb_font = faces.font_of(key.font, key.variations)
    buffer = hb.Buffer()
    buffer.add_str(ask.text, ask.offset, ask.length)
    buffer.language = ask.language
    if ask.script is None:
        buffer.guess_segment_properties()
    else:
        buffer.script = ask.script
        buffer.direction = "rtl" if ask.rtl else "ltr"
    try:
        hb.shape(hb_font, buffer, dict(ask.features))
    except MemoryError as error:  # what the binding makes of a shaper that gave up: text that grows without end
        raise FontRefusedError("GSUB", f"it makes more of {ask.length} characters than can be shaped") from error
    most = max(ask.length, SHORT_RUN_CHARS) * GLYPHS_PER_CHAR_MAX
    if len(buffer) > most:
        raise TextLimitError("glyphs", len(buffer), most, "glyphs")
    infos, places = buffer.glyph_infos, buffer.glyph_positions
    offset = ask.offset
    found = [
        (info.codepoint, info.cluster - offset, place.x_offset, -place.y_offset, place.x_advance)
        for info, place in zip(infos, places, strict=True)
    ]
    rows = np.fromiter(itertools.chain.from_iterable(found), np.int64, 5 * len(found)).reshape(-1, 5)
    pens = rows[:, 4].cumsum()
    rows[1:, 2] += pens[:-1]
    rows.setflags(write=False)
    return _Units(
        rows, int(pens[-1]) if found else 0, _missing(ask.text[offset : offset + ask.length], rows, key.font, hb_font)
    )


def _scaled(units: _Units, start: int, scale: float) -> Run:
    rows = units.rows
    if not len(rows):
        return Run((), 0.0, units.missing)
    placed = rows.astype(np.float64)
    placed[:, 1] += start
    placed[:, 2:] *= scale
    return Run(Glyphs(placed), units.width * scale, units.missing)


@functools.lru_cache(maxsize=256)
def _check_script(script: str) -> None:
    if not _SCRIPT.fullmatch(script):
        raise TextValueError("script", script, "an ISO 15924 code, such as Latn")


def _checked_features(features: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    if len(features) > FEATURES_MAX:
        raise TextLimitError("features", len(features), FEATURES_MAX, "features")
    for tag, value in features.items():
        if not isinstance(tag, str) or not _FEATURE.fullmatch(tag):
            raise TextValueError("features", tag, "an OpenType feature tag of four characters, such as liga")
        if not isinstance(value, int) or not 0 <= value <= FEATURE_VALUE_MAX:
            raise TextValueError(f"features.{tag}", value, f"a whole number from 0 to {FEATURE_VALUE_MAX}")
    return tuple(sorted((tag, int(value)) for tag, value in features.items()))


@functools.lru_cache(maxsize=256)
def _checked_language(language: str) -> str:
    """Keep language, script and region: private subtags would let a text choose any of the font's language systems, and
    HarfBuzz keeps every tag it ever saw."""
    found = _LANGUAGE.fullmatch(language)
    if found is None:
        raise TextValueError("language", language, "a BCP 47 tag, such as de or zh-Hant")
    parts = (found["language"].lower(), (found["script"] or "").title(), (found["region"] or "").upper())
    return "-".join(part for part in parts if part)


def _missing(text: str, rows: NDArray[np.int64], font: Font, hb_font: Any) -> tuple[str, ...]:
    """Return the characters that are not drawn as meant, in order, once each: those of clusters with .notdef that the font does
    not map, and those whose colours the font has in SVG only, which is drawn as an outline."""
    lost: dict[str, None] = {}
    for start, end, glyph_ids in _clusters(rows, len(text), font):
        visible = [char for char in text[start:end] if not is_invisible(char)]
        if NOTDEF in glyph_ids:
            visible = [char for char in visible if hb_font.get_nominal_glyph(ord(char)) is None]
        lost.update(dict.fromkeys(visible))
    return tuple(lost)


def _clusters(rows: NDArray[np.int64], length: int, font: Font) -> Iterator[tuple[int, int, list[int]]]:
    """Yield those clusters (first character, end, glyphs) that are not drawn as meant."""
    odd = rows[:, 0] == NOTDEF
    if faces.has_colour(font):
        odd |= [faces.colour_kind(font, glyph_id) == "svg" for glyph_id in rows[:, 0].tolist()]
    if not odd.any():
        return
    starts = np.unique(rows[:, 1]).tolist()
    ends = dict(itertools.pairwise([*starts, length]))
    lost: dict[int, list[int]] = {}
    for glyph_id, start in rows[odd, :2].tolist():
        lost.setdefault(start, []).append(glyph_id)
    for start in sorted(lost):
        yield start, ends[start], lost[start]
