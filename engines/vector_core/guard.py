"""May this SVG be handed to an engine at all, how large is it, and how does it read once it stands alone?

One pass, before any engine sees a byte (with expat, or quicker where a glance is enough): limits on what is there, a
count of what following references would cost, and no reference that leaves the document. Pictures that it refers to are
read through `resources` where the caller gives some, and become part of it; other references elsewhere are refused, or
left out. Nothing else is fetched, opened or drawn. The main path is `admit`; `decode` comes first for what arrives from
outside (gzip, other encodings). Each refusal names the rule, the place and the limit.
"""

import msgspec

from engines.vector_core import edits, embedded, guard_glance, guard_text
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.guard_costs import NO_COST, FilterCost
from engines.vector_core.guard_external import External, Outside
from engines.vector_core.guard_reader import Inline, Reader
from engines.vector_core.guard_text import SVG_BYTES_MAX
from engines.vector_core.lengths import ViewBox
from engines.vector_core.resources import Resources

__all__ = ["Admitted", "External", "SvgFacts", "admit", "check", "decode"]

ELEMENTS_MAX = 200_000
"""Elements: the largest maps we know of have half as many."""

EMBEDDED_PIXELS_MAX = 100_000_000
"""Pixels of all embedded images together: 400 MB once decoded, whatever their compressed size."""

EMBEDDED_NESTING_MAX = 2
"""SVGs within SVGs: engines draw one level and leave out the images of the next."""


class SvgFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard learnt. Size in px at scale 1. All from `expanded_elements` on are upper bounds: elements drawn
    once references are followed, passes of filters over the pixels (see `guard_costs`), square px of the largest
    region that an engine sets aside for a filter or a pattern's tile, and comparisons of elements with selectors."""

    width_px: float
    height_px: float
    view_box: ViewBox | None
    has_text: bool
    elements: int
    expanded_elements: int
    filters: FilterCost = NO_COST
    region_area: float = 0.0
    style_matches: int = 0


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """A document that engines may draw: `svg` is plain UTF-8 and refers to nothing but itself.

    `used` has the sha256 of each file that was read, by name; `ignored` are references left out, the first
    `IGNORED_MAX` different ones of `ignored_count` in all.
    """

    svg: bytes
    facts: SvgFacts
    used: dict[str, str] = {}
    ignored: tuple[str, ...] = ()
    ignored_count: int = 0


def decode(data: bytes) -> bytes:
    """Return the document as plain UTF-8: gunzips `.svgz`, rewrites declared encodings. UTF-8 comes back as it is.

    Raises SvgRefusedError (bytes, gzip, encoding). Never holds more than `SVG_BYTES_MAX` of output.
    """
    return guard_text.decode(data)


def check(svg: bytes) -> SvgFacts:
    """Return the facts of a document that refers to no file. Raises SvgRefusedError. Calls `decode` by itself.

    Reads the document once: with expat about 4 us an element and 4 ms per MB of path data. In a process that has numba loaded,
    what draws only costs a tenth of it (see `guard_glance`).
    """
    return admit(svg).facts


def admit(svg: bytes, resources: Resources | None = None, external: External = "refuse") -> Admitted:
    """Return the document as engines may draw it. Raises SvgRefusedError. Calls `decode` by itself.

    Pictures that `<image>` and `<feImage>` name come from `resources` and are put into the document; of every other
    reference elsewhere, and of pictures that are not there, `external` says whether the document is refused or goes on
    without (SVG 2 §16.1: as if nothing were there). A document that needs no change comes back byte for byte. What was
    changed is checked once more, as if it had come from outside: `admit(admit(x).svg).svg == admit(x).svg`.
    """
    plain = guard_text.decode(svg)
    if (glanced := guard_glance.read(plain, _Visit(Outside(), len(plain)))) is not None:
        return Admitted(svg=plain, facts=_facts(glanced))
    outside = Outside(resources, external)
    visit = _Visit(outside)
    reader = visit.read(plain)
    if reader.edits:
        plain = edits.apply(plain, reader.edits)
        visit = _Visit(Outside())
        reader = visit.read(plain)
        assert not reader.edits, "a document still had to be changed after it was"
    return Admitted(
        svg=plain,
        facts=_facts(reader),
        used=outside.used,
        ignored=tuple(outside.ignored),
        ignored_count=outside.ignored_count,
    )


def _facts(reader: Reader) -> SvgFacts:
    drawn = reader.drawn
    return SvgFacts(
        width_px=reader.size.width,
        height_px=reader.size.height,
        view_box=reader.view_box,
        has_text=reader.has_text,
        elements=reader.elements,
        expanded_elements=drawn.elements,
        filters=drawn.filters.enlarged(reader.zoom_max),
        region_area=reader.region(),
        style_matches=reader.style_matches,
    )


class _Visit:
    """One document and all drawings within it: what is left for them together, which each use takes away."""

    def __init__(self, outside: Outside, spent_bytes: int = 0) -> None:
        self.outside = outside
        self._nesting = 0
        self._bytes = SVG_BYTES_MAX - spent_bytes
        self._elements = ELEMENTS_MAX
        self._pixels = EMBEDDED_PIXELS_MAX

    def read(self, plain: bytes) -> Reader:
        """Read a document, decoded already."""
        if len(plain) > self._bytes:
            raise SvgRefusedError("bytes", "1:0", len(plain), f"{SVG_BYTES_MAX} in all")
        self._bytes -= len(plain)
        reader = Reader(plain, self)
        reader.read()
        return reader

    def spend_elements(self, count: int) -> bool:
        """Count elements; False past the limit."""
        self._elements -= count
        return self._elements >= 0

    def inline(self, uri: str, place: str) -> Inline:
        """Weigh a `data:` URI. Raises SvgRefusedError."""
        image = embedded.inspect(uri)
        self._pixels -= image.pixels
        if self._pixels < 0:
            limit = f"{EMBEDDED_PIXELS_MAX} pixels in all"
            raise SvgRefusedError("embedded-image", place, f"{image.pixels} pixels", limit)
        if image.svg is None:
            return Inline()
        plain, reader = self._within(image.svg, place)
        rewritten = edits.apply(plain, reader.edits) if reader.edits else None
        uri_now = None if rewritten is None else embedded.encode(rewritten, embedded.SVG_MIME)
        return Inline(reader, uri_now)

    def embed(self, data: bytes) -> str:
        """Return a picture that was read as a `data:` URI, a drawing made to stand alone. Raises SvgRefusedError."""
        kind = embedded.mime(data)
        assert kind is not None
        if kind == embedded.SVG_MIME:
            plain, reader = self._within(data, "1:0")
            data = edits.apply(plain, reader.edits)
        return embedded.encode(data, kind)

    def _within(self, svg: bytes, place: str) -> tuple[bytes, Reader]:
        """Read a drawing within the document; it loads no pictures of its own."""
        if self._nesting == EMBEDDED_NESTING_MAX:
            raise SvgRefusedError("embedded-image", place, "SVG within SVG", f"{EMBEDDED_NESTING_MAX} levels")
        self._nesting += 1
        with self.outside.within_picture():
            plain = guard_text.decode(svg, self._bytes)
            reader = self.read(plain)
        self._nesting -= 1
        return plain, reader
