"""Is a font file whole, and is the work that it can ask for bounded?

Looks at an unpacked file (TTF, OTF, TTC) before any library parses it: that tables lie inside the file, that glyphs are made of
glyphs without end or beyond reason, that maps and axes have sizes a font has. HarfBuzz checks its own reading; what is refused
here is what would be legal to read and endless to draw. Works on bytes alone. The main path is `check`. Table layouts: OpenType
1.9.1, chapters named by their tags.
"""

import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.typography_core.errors import FontRefusedError

TABLES_MAX = 128
"""Of one face; the packaged ones have up to 21."""

COLLECTION_FACES_MAX = 64
"""Of one TTC: a family in a dozen weights for five languages."""

AXES_MAX = 64
"""Of one font; Roboto Flex, the richest of the packaged ones, has 13."""

COMPOSITE_DEPTH_MAX = 16
"""Glyphs made of glyphs made of glyphs: designs go three deep."""

GLYPH_POINTS_MAX = 50_000
"""Points of one glyph, its parts' included; the packaged fonts have up to 1,200, emoji of the corpus 1,316."""

VARIATION_WORK_MAX = 20_000_000
"""Points times variations of one glyph; the packaged fonts have up to 8,100."""

UNITS_PER_EM_MIN, UNITS_PER_EM_MAX = 16, 16_384
"""OpenType, 'head'."""

SIGNATURES = {b"\0\1\0\0": "ttf", b"true": "ttf", b"OTTO": "otf", b"ttcf": "ttc"}
"""First four bytes -> format."""

_NEEDED = (b"cmap", b"head", b"hhea", b"hmtx", b"maxp")
_ARGS_ARE_WORDS, _HAS_SCALE, _MORE, _HAS_XY_SCALE, _HAS_2X2 = 0x0001, 0x0008, 0x0020, 0x0040, 0x0080

Tables = Mapping[bytes, bytes]


def check(data: bytes) -> int:
    """Return how many faces the file has. Raises FontRefusedError. Costs about 1 ms per 10,000 glyphs."""
    offsets = face_offsets(data)
    for offset in offsets:
        _check_face(tables_at(data, offset))
    return len(offsets)


def face_offsets(data: bytes) -> tuple[int, ...]:
    """Return where the table directory of each face starts. Raises FontRefusedError for what is no TTF, OTF or TTC."""
    if data[:4] not in SIGNATURES:
        raise FontRefusedError("signature", "not a TTF, OTF, TTC, WOFF or WOFF2 file")
    if data[:4] != b"ttcf":
        return (0,)
    (count,) = _unpack(">I", data, 8, "ttcf")
    if not 1 <= count <= COLLECTION_FACES_MAX:
        raise FontRefusedError("ttcf", f"{count} faces, not 1 to {COLLECTION_FACES_MAX}")
    return _unpack(f">{count}I", data, 12, "ttcf")


def tables_at(data: bytes, offset: int) -> dict[bytes, bytes]:
    """Return tag -> bytes of every table in the directory at `offset`. Raises FontRefusedError for one that leaves the file."""
    signature, count = _unpack(">4sH", data, offset, "directory")
    if signature not in SIGNATURES or not 1 <= count <= TABLES_MAX:
        raise FontRefusedError("directory", f"{count} tables, not 1 to {TABLES_MAX}")
    tables = {}
    for index in range(count):
        tag, _checksum, start, size = _unpack(">4sIII", data, offset + 12 + 16 * index, "directory")
        if start + size > len(data):
            raise FontRefusedError(tag.decode("latin-1"), "the table lies beyond the end of the file")
        if tag in tables:
            raise FontRefusedError(tag.decode("latin-1"), "the table is there twice")
        tables[tag] = data[start : start + size]
    return tables


def _check_face(tables: Tables) -> None:
    for tag in _NEEDED:
        if tag not in tables:
            raise FontRefusedError(tag.decode(), "the table is missing")
    if b"VARC" in tables:
        raise FontRefusedError("VARC", "glyphs made of varied glyphs are not drawn yet")
    (units,) = _unpack(">H", tables[b"head"], 18, "head")
    if not UNITS_PER_EM_MIN <= units <= UNITS_PER_EM_MAX:
        raise FontRefusedError("head", f"{units} units per em, not {UNITS_PER_EM_MIN} to {UNITS_PER_EM_MAX}")
    _check_axes(tables)
    _check_cmap(tables[b"cmap"])
    if b"glyf" in tables and b"loca" in tables:
        points = _check_glyphs(tables)
        if b"gvar" in tables:
            _check_variations(tables[b"gvar"], points)
    elif not tables.keys() & {b"CFF ", b"CFF2", b"CBDT", b"sbix"}:
        raise FontRefusedError("glyf", "the font has no outlines and no pictures")


def _check_axes(tables: Tables) -> None:
    if b"fvar" not in tables:
        return
    fvar = tables[b"fvar"]
    start, _, count, size = _unpack(">4H", fvar, 4, "fvar")
    if not 1 <= count <= AXES_MAX:
        raise FontRefusedError("fvar", f"{count} axes, not 1 to {AXES_MAX}")
    for index in range(count):
        low, default, high = _unpack(">3i", fvar, start + index * max(size, 20) + 4, "fvar")
        if not low <= default <= high:
            raise FontRefusedError("fvar", f"axis {index} does not hold its own default")


def _check_cmap(cmap: bytes) -> None:
    """Refuse groups that overlap: each could name all of Unicode."""
    (count,) = _unpack(">H", cmap, 2, "cmap")
    starts = {_unpack(">HHI", cmap, 4 + 8 * index, "cmap")[2] for index in range(count)}
    for start in starts:
        (kind,) = _unpack(">H", cmap, start, "cmap")
        if kind in (12, 13):
            (groups,) = _unpack(">I", cmap, start + 12, "cmap")
            if start + 16 + 12 * groups > len(cmap):
                raise FontRefusedError("cmap", "groups beyond the end of the table")
            rows = np.frombuffer(cmap, ">u4", groups * 3, start + 16).reshape(-1, 3).astype(np.int64)
            if (
                (rows[:, 0] > rows[:, 1]).any()
                or (rows[1:, 0] <= rows[:-1, 1]).any()
                or (rows[-1:, 1] > 0x10FFFF).any()
            ):
                raise FontRefusedError("cmap", "groups overlap or are out of order")


class _Glyphs(NamedTuple):
    """Of each glyph: where it lies in 'glyf', and how many contours its header tells (negative: it is made of glyphs)."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    contours: NDArray[np.int64]


def _check_glyphs(tables: Tables) -> NDArray[np.int64]:
    """Return the points of each glyph, its parts' included."""
    glyf = np.frombuffer(tables[b"glyf"], np.uint8)
    glyphs = _glyphs(tables, glyf)
    points = np.zeros(len(glyphs.starts), np.int64)
    simple = np.flatnonzero(glyphs.contours > 0)
    last = glyphs.starts[simple] + 10 + 2 * (glyphs.contours[simple] - 1)
    if (last + 2 > glyphs.ends[simple]).any():
        raise FontRefusedError("glyf", "a glyph ends within its list of contours")
    points[simple] = glyf[last].astype(np.int64) * 256 + glyf[last + 1] + 1
    parts = {
        int(index): _parts(tables[b"glyf"], int(glyphs.starts[index]), int(glyphs.ends[index]))
        for index in np.flatnonzero(glyphs.contours < 0)
    }
    _expand(points, parts)
    if points.max(initial=0) > GLYPH_POINTS_MAX:
        raise FontRefusedError("glyf", f"a glyph of {points.max()} points, more than {GLYPH_POINTS_MAX}")
    return points


def _glyphs(tables: Tables, glyf: NDArray[np.uint8]) -> _Glyphs:
    (count,) = _unpack(">H", tables[b"maxp"], 4, "maxp")
    (long_offsets,) = _unpack(">h", tables[b"head"], 50, "head")
    loca = tables[b"loca"]
    size = 4 if long_offsets else 2
    if len(loca) < (count + 1) * size:
        raise FontRefusedError("loca", f"it is too short for {count} glyphs")
    offsets = np.frombuffer(loca, ">u4" if long_offsets else ">u2", count + 1).astype(np.int64) * (4 // size)
    starts, ends = offsets[:-1], offsets[1:]
    if (starts > ends).any() or offsets[-1] > len(glyf):
        raise FontRefusedError("loca", "glyphs out of order or beyond the end of 'glyf'")
    filled = ends > starts
    if (ends[filled] - starts[filled] < 10).any():
        raise FontRefusedError("glyf", "a glyph without its header")
    contours = np.zeros(count, np.int64)
    high = glyf[starts[filled]].astype(np.int64) * 256 + glyf[starts[filled] + 1]
    contours[filled] = np.where(high >= 0x8000, high - 0x10000, high)
    return _Glyphs(starts, ends, contours)


def _parts(glyf: bytes, start: int, end: int) -> list[int]:
    """Return the glyphs that a composite glyph is made of."""
    parts = []
    place = start + 10
    flags = _MORE
    while flags & _MORE:
        if place + 4 > end:
            raise FontRefusedError("glyf", "a glyph ends within its list of parts")
        flags, part = struct.unpack_from(">HH", glyf, place)
        parts.append(part)
        place += 4 + (4 if flags & _ARGS_ARE_WORDS else 2)
        place += 2 if flags & _HAS_SCALE else 4 if flags & _HAS_XY_SCALE else 8 if flags & _HAS_2X2 else 0
    return parts


def _expand(points: NDArray[np.int64], parts: dict[int, list[int]]) -> None:
    """Add to `points` those of the parts, from the innermost outwards; a pass for each level of nesting."""
    waiting = dict(parts)
    for _ in range(COMPOSITE_DEPTH_MAX):
        ready = [index for index, made_of in waiting.items() if not any(part in waiting for part in made_of)]
        for index in ready:
            inside = [part for part in waiting[index] if part < len(points)]
            points[index] = min(int(points[inside].sum()), GLYPH_POINTS_MAX + 1)
        for index in ready:
            del waiting[index]
        if not waiting:
            return
    raise FontRefusedError("glyf", f"glyphs made of themselves, or of glyphs more than {COMPOSITE_DEPTH_MAX} deep")


def _check_variations(gvar: bytes, points: NDArray[np.int64]) -> None:
    axes, _, _, count, flags, start = _unpack(">HHIHHI", gvar, 4, "gvar")
    if axes > AXES_MAX or count != len(points):
        raise FontRefusedError("gvar", f"{axes} axes, {count} glyphs of {len(points)}")
    size = 4 if flags & 1 else 2
    if 20 + (count + 1) * size > len(gvar):
        raise FontRefusedError("gvar", f"it is too short for {count} glyphs")
    offsets = np.frombuffer(gvar, ">u4" if flags & 1 else ">u2", count + 1, 20).astype(np.int64) * (4 // size) + start
    if (offsets[:-1] > offsets[1:]).any() or offsets[-1] > len(gvar):
        raise FontRefusedError("gvar", "variations out of order or beyond the end of the table")
    filled = np.flatnonzero(offsets[1:] - offsets[:-1] >= 4)
    data = np.frombuffer(gvar, np.uint8)
    tuples = (data[offsets[filled]].astype(np.int64) & 0x0F) * 256 + data[offsets[filled] + 1]
    work = (points[filled] + 4) * tuples
    if work.max(initial=0) > VARIATION_WORK_MAX:
        raise FontRefusedError("gvar", f"a glyph with {work.max()} varied points, more than {VARIATION_WORK_MAX}")


def _unpack(layout: str, data: bytes, offset: int, part: str) -> tuple[Any, ...]:
    try:
        return struct.unpack_from(layout, data, offset)
    except struct.error as error:
        raise FontRefusedError(part, "it ends too early") from error
