"""What does a glyph look like that its font draws in SVG? (OpenType, 'SVG '.)

Takes the element of one glyph out of its document and places it for a renderer, which is handed in from above: drawing SVG safely is
another engine's concern, its guard included. Coordinates count from the glyph's origin, y downwards, in font units. The foreground is
`currentColor`, colours of the palette are `var(--colorN, ...)`. The main path is `survey`, then `draw`.
"""

import functools
import re
import struct
import zlib
from collections.abc import Iterable
from typing import NamedTuple, Protocol
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from engines.colours import Colour
from engines.typography_core import faces
from engines.typography_core.errors import FontRefusedError, TextLimitError
from engines.typography_core.font_types import Font
from engines.typography_core.layout import TextLayout
from engines.typography_core.paint_boxes import Box, Survey
from engines.typography_core.shaping import NOTDEF, PlacedRun

DOCUMENT_BYTES_MAX = 4 * 1024 * 1024
"""Of one document, unpacked; documents of emoji fonts have some kB, those that share gradients some hundred."""

REACH_EM = 1.0
"""em: how far a glyph may leave its em square on each side; what lies further out is cut."""

_SURVEY_PX = 64
"""Per em, of the small picture that tells where a glyph's ink lies."""

_STEPS = 8
"""What a drawing counts as, in painting steps: a dozen shapes, each on part of it."""

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_GLYPH_ID = re.compile(r"glyph(0|[1-9][0-9]{0,4})")
_PALETTE = re.compile(r"var\(\s*--color([0-9]{1,5})\s*(?:,([^()]*|[^()]*\([^()]*\)[^()]*))?\)")
_OF_THE_ROOT = frozenset(("id", "width", "height", "viewBox", "x", "y", "version", "preserveAspectRatio", "overflow"))
_BLACK = Colour(0.0, 0.0, 0.0, 1.0)


class DrawSvg(Protocol):
    """Whoever can draw an SVG document, and refuses one that is not safe to draw with an EngineError."""

    def __call__(self, svg: bytes, width: int, height: int) -> NDArray[np.uint8]:
        """Return `svg`, stretched to `width` x `height` px: (height, width, 4) uint8, straight sRGB and alpha. Same input, same bytes."""

    def producers(self) -> dict[str, str]:
        """Names and versions of the code that decides about its pixels."""

    def __hash__(self) -> int:
        """Where ink lies is remembered by drawer."""


class _Piece(NamedTuple):
    """A glyph's part of its document as text, and the attributes of what goes around it."""

    defs: str
    shown: str


def survey(font: Font, glyph_id: int, draw_svg: DrawSvg) -> Survey:
    """Say where the ink of a glyph lies, in HarfBuzz's units, y upwards; box None without ink. Draws it once at 64 px per em.

    Raises FontRefusedError, TextLimitError, and what `draw_svg` raises.
    """
    return _survey(font, glyph_id, draw_svg)


@functools.lru_cache(maxsize=4096)  # about 200 bytes each
def _survey(font: Font, glyph_id: int, draw_svg: DrawSvg) -> Survey:
    em = faces.units(font) / faces.FIXED_PER_UNIT
    side = round((1 + 2 * REACH_EM) * _SURVEY_PX)
    corner, step = -REACH_EM * em, em / _SURVEY_PX
    # The em square stands on the baseline or hangs from it, as the designer likes: both are within reach.
    left, top = corner, corner - em / 2
    region = (left, top, side * step, side * step)
    shown = draw_svg(_document(font, glyph_id, region, side, side, _BLACK), side, side)[..., 3] > 0
    if not shown.any():
        return Survey(_STEPS, None)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    unit = step * faces.FIXED_PER_UNIT
    x, y = left * faces.FIXED_PER_UNIT, top * faces.FIXED_PER_UNIT
    box = Box(
        float(x + (columns[0] - 1) * unit),
        float(-(y + (rows[-1] + 2) * unit)),
        float(x + (columns[-1] + 2) * unit),
        float(-(y + (rows[0] - 1) * unit)),
    )
    return Survey(_STEPS, box)


def draw(
    font: Font,
    glyph_id: int,
    region: tuple[float, float, float, float],
    size: tuple[int, int],
    colour: Colour,
    draw_svg: DrawSvg,
) -> NDArray[np.uint8]:
    """Draw what of a glyph lies in `region` (left, top, width, height in font units from its origin, y downwards) on `size` (width,
    height) px: premultiplied, (height, width, 4) uint8. Raises as `survey` does."""
    width, height = size
    straight = draw_svg(_document(font, glyph_id, region, width, height, colour), width, height)
    assert straight.shape == (height, width, 4), "the renderer drew another size"
    pixels = np.array(straight, np.uint8)
    alpha = pixels[..., 3:].astype(np.uint16)
    pixels[..., :3] = (pixels[..., :3] * alpha + 127) // 255
    return pixels


def still_missing(text: TextLayout) -> tuple[str, ...]:
    """Return the characters that are missing from `text` although glyphs in SVG are drawn: those that no font has at all."""
    drawn: set[str] = set()
    lost: set[str] = set()
    for line in text.lines:
        for run in line.runs:
            coloured = faces.has_colour(run.font.font)
            for start, end, glyph_ids in _clusters(run, line.start + len(line.text)):
                chars = line.text[start - line.start : end - line.start]
                if NOTDEF in glyph_ids:
                    lost.update(chars)
                elif coloured and any(faces.colour_kind(run.font.font, glyph_id) == "svg" for glyph_id in glyph_ids):
                    drawn.update(chars)
    return tuple(char for char in text.missing if char not in drawn or char in lost)


def has_svg(runs: Iterable[PlacedRun]) -> bool:
    """Tell whether any glyph of `runs` is drawn in SVG by its font."""
    return any(
        faces.colour_kind(run.font.font, glyph.glyph_id) == "svg"
        for run in runs
        if faces.has_colour(run.font.font)
        for glyph in run.glyphs
    )


def _clusters(run: PlacedRun, end: int) -> list[tuple[int, int, list[int]]]:
    """Return first character, end and glyphs of each cluster of a run; the last one ends with the line, at most."""
    glyphs: dict[int, list[int]] = {}
    for glyph in run.glyphs:
        glyphs.setdefault(glyph.cluster, []).append(glyph.glyph_id)
    starts = sorted(glyphs)
    # Behind the last cluster of a run lies another run's text: what it has is looked at there, so one character is enough here.
    ends = [*starts[1:], min(starts[-1] + 1, end)] if starts else []
    return [(start, stop, glyphs[start]) for start, stop in zip(starts, ends, strict=True)]


def _document(
    font: Font, glyph_id: int, region: tuple[float, float, float, float], width: int, height: int, colour: Colour
) -> bytes:
    """Return a document that shows `region` of a glyph on `width` x `height` px."""
    piece = _piece(font, glyph_id)
    red, green, blue = (int(part * 255 + 0.5) for part in colour[:3])
    box = " ".join(repr(float(number)) for number in region)
    return (
        f'<svg xmlns="{_SVG}" xmlns:xlink="{_XLINK}" width="{width}" height="{height}" viewBox="{box}" '
        f'preserveAspectRatio="none" color="rgba({red},{green},{blue},{colour.alpha!r})">{piece.defs}{piece.shown}</svg>'
    ).encode()


@functools.lru_cache(maxsize=256)  # some kB each, 4 MB at most
def _piece(font: Font, glyph_id: int) -> _Piece:
    """Take a glyph out of its document. Raises FontRefusedError, TextLimitError."""
    root = _parsed(_unpacked(bytes(faces.face(font).get_glyph_color_svg(glyph_id).data)))
    name = f"glyph{glyph_id}"
    around = {key: value for key, value in root.attrib.items() if key not in _OF_THE_ROOT}
    place = _place(root, faces.units(font) / faces.FIXED_PER_UNIT)
    if place:
        around["transform"] = place
    shown = ET.Element(f"{{{_SVG}}}g", around)
    if root.get("id") == name:
        shown.extend(root)
        return _Piece("", _written(shown, font))
    if not any(element.get("id") == name for element in root.iter()):
        raise FontRefusedError("SVG", f"the document of glyph {glyph_id} has no element {name}")
    defs = ET.Element(f"{{{_SVG}}}defs")
    defs.extend(root)
    ET.SubElement(shown, f"{{{_SVG}}}use", {f"{{{_XLINK}}}href": f"#{name}"})
    return _Piece(_written(defs, font), _written(shown, font))


def _unpacked(data: bytes) -> bytes:
    if data[:2] == b"\x1f\x8b":
        try:
            data = zlib.decompressobj(31).decompress(data, DOCUMENT_BYTES_MAX + 1)
        except zlib.error as error:
            raise FontRefusedError("SVG", f"a document does not unpack: {error}") from error
    if len(data) > DOCUMENT_BYTES_MAX:
        raise TextLimitError("font file (SVG), a document", len(data), DOCUMENT_BYTES_MAX, "bytes")
    return data


def _parsed(data: bytes) -> ET.Element:
    try:
        text = data.decode("utf-8")
        if "<!" in text.replace("<!--", "").replace("<![CDATA[", ""):
            raise FontRefusedError("SVG", "a document declares a type or entities")
        root = ET.fromstring(text)  # noqa: S314 - what could expand was refused in the line above
    except (ET.ParseError, UnicodeDecodeError, ValueError) as error:
        raise FontRefusedError("SVG", f"a document cannot be read: {error}") from error
    if root.tag != f"{{{_SVG}}}svg":
        raise FontRefusedError("SVG", f"a document is no SVG but {root.tag[:50]!r}")
    return root


def _place(root: ET.Element, em: float) -> str:
    """Return the transform of a document with a view box: it fills the em square that hangs from the origin, centred (OpenType, 'SVG ',
    "Coordinate systems and glyph metrics"); empty without one, where a unit is a font unit."""
    if root.get("viewBox") is None:
        return ""
    try:
        left, top, width, height = map(float, re.split(r"[\s,]+", str(root.get("viewBox")).strip()))
    except ValueError as error:
        raise FontRefusedError("SVG", "a view box is not four numbers") from error
    if not (width > 0 and height > 0):
        raise FontRefusedError("SVG", "a view box holds nothing")
    scale = min(em / width, em / height)
    across, down = (em - width * scale) / 2 - left * scale, (em - height * scale) / 2 - top * scale
    return f"translate({across!r} {down!r}) scale({scale!r})"


def _written(element: ET.Element, font: Font) -> str:
    try:
        text = ET.tostring(element, encoding="unicode")
    except RecursionError as error:
        raise FontRefusedError("SVG", "a document is nested too deep") from error
    return _PALETTE.sub(lambda found: _palette_colour(font, int(found[1]), found[2]), text) if "var(" in text else text


def _palette_colour(font: Font, index: int, otherwise: str | None) -> str:
    """Return the colour of the font's first palette, or what the document wants where there is none."""
    colours = _palette(font)
    if index < len(colours):
        blue, green, red, alpha = (int(part) for part in colours[index])
        return f"rgba({red},{green},{blue},{alpha / 255!r})"
    return (otherwise or "").strip() or "currentColor"


def _palette(font: Font) -> NDArray[np.uint8]:
    """Return the first palette, (colours, 4) BGRA (OpenType, 'CPAL'); empty where there is none. The binding's own reader hangs."""
    table = bytes(faces.face(font).reference_table("CPAL").data)
    empty = np.zeros((0, 4), np.uint8)
    if len(table) < 14:
        return empty
    _, count, _, _, start, first = struct.unpack_from(">HHHHIH", table)
    if start + 4 * (first + count) > len(table):
        return empty
    return np.frombuffer(table, np.uint8, 4 * count, start + 4 * first).reshape(-1, 4)
