"""May this SVG be handed to an engine at all, and how large is it?

One pass with expat, before any engine sees a byte: limits on what is there, a count of what following references would
cost, and no reference that leaves the document. Nothing is fetched, opened or drawn. The main path is `check`; `decode`
comes first for what arrives from outside (gzip, other encodings). Each refusal names the rule, the place and the limit.
"""

import re
import xml.parsers.expat
import zlib
from typing import Any

import msgspec

from engines.vector_core import embedded, expansion, lengths, references
from engines.vector_core.errors import Rule, SvgRefusedError
from engines.vector_core.lengths import DocumentSize, ViewBox

SVG_BYTES_MAX = 32 * 1024 * 1024
"""Bytes, after gunzip: a large map, or a drawing around one photograph in base64. Engines need about ten times that."""

DEPTH_MAX = 128
"""Levels: editors stay below 50; engines recurse, and 20,000 levels end the process."""

ELEMENTS_MAX = 200_000
"""Elements: the largest maps we know of have half as many."""

ATTRIBUTES_MAX = 256
"""Attributes of one element: all that SVG 2 defines for any one element are fewer."""

ATTRIBUTE_CHARS_MAX = 4 * 1024 * 1024
"""Characters of one attribute, images apart: path data of half a million vertices."""

EMBEDDED_PIXELS_MAX = 100_000_000
"""Pixels of all embedded images together: 400 MB once decoded, whatever their compressed size."""

EMBEDDED_NESTING_MAX = 2
"""SVGs within SVGs: engines draw one level and leave out the images of the next."""

CANVAS_SIDE_PX_MAX = 32_768
CANVAS_PIXELS_MAX = 400_000_000
"""The largest canvas of a composition; a document that claims more is a mistake or an attack."""

ENTITIES_MAX = 64
ENTITY_CHARS_MAX = 4096
ENTITY_TOTAL_CHARS_MAX = 64 * 1024 * 1024
"""Internal entities: Illustrator declares about ten, each a namespace of 60 characters. The total is an upper bound:
every ampersand of the document times the longest entity."""

_FORBIDDEN_TAGS = frozenset({"script", "handler", "listener", "iframe", "embed", "object"})
_TEXT_TAGS = frozenset({"text", "tspan", "textPath", "tref"})
_SHAPE_TAGS = frozenset({"path", "line", "polyline", "polygon", "rect", "circle", "ellipse"})
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}
"""Declared name -> Python codec; anything else is refused, since engines take UTF-8 only."""
_DECLARED = re.compile(rb"""^(\s*<\?xml[^>]*?\sencoding\s*=\s*["'])([A-Za-z0-9._-]+)""")
_GZIP_MAGIC = b"\x1f\x8b"


class SvgFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the guard learnt. Size in px at scale 1; `expanded_elements` is how many are drawn once references are
    followed, an upper bound."""

    width_px: float
    height_px: float
    view_box: ViewBox | None
    has_text: bool
    elements: int
    expanded_elements: int


def decode(data: bytes) -> bytes:
    """Return the document as plain UTF-8: gunzips `.svgz`, rewrites declared encodings. UTF-8 comes back as it is.

    Raises SvgRefusedError (bytes, gzip, encoding). Never holds more than `SVG_BYTES_MAX` of output.
    """
    return _decode(data, SVG_BYTES_MAX)


def _decode(data: bytes, size_max: int) -> bytes:
    if data.startswith(_GZIP_MAGIC):
        data = _gunzip(data, size_max)
    if len(data) > size_max:
        raise SvgRefusedError("bytes", "1:0", len(data), f"{SVG_BYTES_MAX} in all")
    declared = _DECLARED.match(data[:1024])
    name = declared[2].decode("ascii").lower() if declared else "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "utf-16"
    codec = _ENCODINGS.get(name)
    if codec is None:
        raise SvgRefusedError("encoding", "1:0", name, ", ".join(_ENCODINGS))
    if codec == "utf-8":
        return data
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise SvgRefusedError("encoding", "1:0", str(error), f"bytes that are {name}") from error
    return _DECLARED.sub(rb"\1utf-8", text.lstrip("\ufeff").encode("utf-8"), count=1)


def check(svg: bytes) -> SvgFacts:
    """Return the facts of a document that engines may draw. Raises SvgRefusedError. Calls `decode` by itself.

    Reads the document once; about 7 us an element and 3 ms per MB of path data.
    """
    return _inspect(svg, 0, _Budget())


class _Budget:
    """What is left for a document and all documents embedded in it together; each use takes away."""

    def __init__(self) -> None:
        self.bytes = SVG_BYTES_MAX
        self.elements = ELEMENTS_MAX
        self.pixels = EMBEDDED_PIXELS_MAX


def _inspect(svg: bytes, nesting: int, budget: _Budget) -> SvgFacts:
    plain = _decode(svg, budget.bytes)
    budget.bytes -= len(plain)
    reader = _Reader(plain, nesting, budget)
    reader.read()
    drawn = reader.graph.measure(reader.style_rules)
    size = reader.size
    return SvgFacts(
        width_px=size.width,
        height_px=size.height,
        view_box=reader.view_box,
        has_text=reader.has_text,
        elements=reader.elements,
        expanded_elements=drawn.elements,
    )


def _gunzip(data: bytes, size_max: int) -> bytes:
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = stream.decompress(data, size_max + 1)
    except zlib.error as error:
        raise SvgRefusedError("gzip", "1:0", str(error), "a gzip stream") from error
    if len(plain) > size_max:
        raise SvgRefusedError("bytes", "1:0", f"more than {size_max}", f"{SVG_BYTES_MAX} in all")
    if not stream.eof:
        raise SvgRefusedError("gzip", "1:0", "truncated stream", "a whole gzip stream")
    return plain


class _Reader:
    """The state of one pass: what expat's handlers see and count. Each handler raises SvgRefusedError by `_refuse`."""

    def __init__(self, svg: bytes, nesting: int, budget: _Budget) -> None:
        self._svg = svg
        self._nesting = nesting
        self._level = 0
        self._ids: list[bool] = []
        self._style_level = 0
        self._style_text: list[str] = []
        self._entity_sizes: dict[str, int] = {}
        self._budget = budget
        self.elements = 0
        self.has_text = False
        self.size = DocumentSize(0.0, 0.0)
        self.view_box: ViewBox | None = None
        self.style_rules: list[references.StyleRule] = []
        self.graph = expansion.ReferenceGraph()
        self._parser = self._make_parser()

    def _make_parser(self) -> Any:
        parser = xml.parsers.expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.SetParamEntityParsing(xml.parsers.expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._skipped_entity
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        return parser

    def read(self) -> None:
        """Read the whole document."""
        try:
            self._parser.Parse(self._svg, True)
        except xml.parsers.expat.ExpatError as error:
            place = f"{error.lineno}:{error.offset}"
            raise SvgRefusedError("well-formed", place, xml.parsers.expat.ErrorString(error.code), "XML 1.0") from error

    @property
    def _place(self) -> str:
        return f"{self._parser.CurrentLineNumber}:{self._parser.CurrentColumnNumber}"

    def _refuse(self, rule: Rule, value: object, limit: object) -> SvgRefusedError:
        return SvgRefusedError(rule, self._place, value, limit)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._level += 1
        self.elements += 1
        if self._level > DEPTH_MAX:
            raise self._refuse("depth", self._level, DEPTH_MAX)
        self._budget.elements -= 1
        if self._budget.elements < 0:
            raise self._refuse("elements", ELEMENTS_MAX + 1, ELEMENTS_MAX)
        if len(attributes) > ATTRIBUTES_MAX:
            raise self._refuse("attributes", len(attributes), ATTRIBUTES_MAX)
        tag = name.rpartition(":")[2]
        self._check_tag(tag, attributes)
        if self._level == 1:
            self._check_root(tag, attributes)
        element_id = attributes.get("id")
        self._ids.append(bool(element_id))
        self.graph.enter(self._level, tag, element_id, attributes.get("class", ""))
        outline = attributes.get("d") or attributes.get("points") or ""
        # Half a vertex a character at most: "h1" draws one. Rectangles and circles are outlines of a few.
        vertices = len(outline) // 2 + 8 if tag in _SHAPE_TAGS else 0
        self.graph.add_vertices(vertices)
        for key, value in attributes.items():
            self._check_attribute(tag, key, value, vertices)

    def _check_tag(self, tag: str, attributes: dict[str, str]) -> None:
        lower = tag.lower()
        if lower in _FORBIDDEN_TAGS:
            raise self._refuse("script", f"<{tag}>", "no active content")
        # An extension that nobody has is never drawn (SVG 1.1 §5.8.5); Illustrator wraps its private data in one.
        if lower == "foreignobject" and not attributes.get("requiredExtensions"):
            raise self._refuse("foreign-object", f"<{tag}>", "SVG elements only")
        if lower == "style" and not self._style_level:
            self._style_level = self._level
        self.has_text = self.has_text or tag in _TEXT_TAGS

    def _check_root(self, tag: str, attributes: dict[str, str]) -> None:
        if tag != "svg":
            raise self._refuse("root", f"<{tag}>", "<svg>")
        self.view_box = lengths.parse_view_box(attributes.get("viewBox"))
        self.size = lengths.document_size(attributes, self.view_box)
        shown = f"{self.size.width:g} x {self.size.height:g} px"
        if min(self.size) <= 0:
            raise self._refuse("canvas", shown, "more than 0 px a side")
        if max(self.size) > CANVAS_SIDE_PX_MAX or self.size.width * self.size.height > CANVAS_PIXELS_MAX:
            raise self._refuse("canvas", shown, f"{CANVAS_SIDE_PX_MAX} px a side, {CANVAS_PIXELS_MAX} px in all")

    def _check_attribute(self, tag: str, key: str, value: str, vertices: int) -> None:
        if key.endswith("href") and (key == "href" or key.endswith(":href")):
            self._check_href(tag, value)
        elif len(value) > ATTRIBUTE_CHARS_MAX:
            raise self._refuse("attribute-length", f"{key}: {len(value)} characters", ATTRIBUTE_CHARS_MAX)
        elif key[:2].lower() == "on" and len(key) > 2:
            raise self._refuse("event-handler", key, "no event handlers")
        elif key == "xml:base" and value.strip():
            raise self._refuse("external-reference", f"xml:base={value}", "references within the document")
        elif "(" in value or "\\" in value:
            for use in references.url_uses(value, key):
                if self._local(use.target):
                    self.graph.refer(use.target[1:], self._level, _times(use.prop, vertices), False, self._place)

    def _check_href(self, tag: str, value: str) -> None:
        if tag == "a":  # A link is never followed, so it may point anywhere.
            return
        if self._local(value):
            self.graph.refer(value.strip()[1:], self._level, 1, tag == "use", self._place)

    def _local(self, target: str) -> bool:
        """Tell whether `target` is an element of this document; weigh an inline image; refuse whatever leaves."""
        kind = references.kind(target)
        if kind == "external":
            raise self._refuse("external-reference", target, "#id or data:image/...")
        if kind == "data":
            self._check_embedded(target)
        return kind == "local"

    def _check_embedded(self, uri: str) -> None:
        image = embedded.inspect(uri)
        self._budget.pixels -= image.pixels
        if self._budget.pixels < 0:
            raise self._refuse("embedded-image", f"{image.pixels} pixels", f"{EMBEDDED_PIXELS_MAX} pixels in all")
        if image.svg is None:
            return
        if self._nesting == EMBEDDED_NESTING_MAX:
            raise self._refuse("embedded-image", "SVG within SVG", f"{EMBEDDED_NESTING_MAX} levels")
        inner = _inspect(image.svg, self._nesting + 1, self._budget)
        self.has_text = self.has_text or inner.has_text
        self.graph.add_elements(inner.expanded_elements)

    def _end(self, _name: str) -> None:
        if self._level == self._style_level:
            self._check_stylesheet("".join(self._style_text))
            self._style_level = 0
            self._style_text.clear()
        self._level -= 1
        self.graph.leave(self._ids.pop())

    def _text(self, text: str) -> None:
        if self._style_level:
            self._style_text.append(text)

    def _check_stylesheet(self, css: str) -> None:
        if references.imports_stylesheet(css):
            raise self._refuse("external-reference", "@import", "no other stylesheets")
        for rule in references.style_rules(css):
            if self._local(rule.use.target):
                self.style_rules.append(rule)
            if len(self.style_rules) > expansion.REFERENCES_MAX:
                raise self._refuse("expansion", f"{len(self.style_rules)} references", expansion.REFERENCES_MAX)

    def _instruction(self, target: str, data: str) -> None:
        if target == "xml-stylesheet":
            raise self._refuse("external-reference", f"<?xml-stylesheet {data}?>", "no other stylesheets")

    def _entity(
        self, name: str, is_parameter: bool, value: str | None, _base: Any, system: Any, public: Any, notation: Any
    ) -> None:
        if is_parameter or value is None or system or public or notation:
            raise self._refuse("entity", name, "internal general entities")
        if len(value) > ENTITY_CHARS_MAX:
            raise self._refuse("entity", f"{name}: {len(value)} characters", ENTITY_CHARS_MAX)
        # An entity may only build on those before it; then its size is known here, and no bomb needs to go off.
        inner = re.findall(r"&([^#;\s][^;\s]*);", value)
        if not all(used in self._entity_sizes for used in inner):
            raise self._refuse("entity", name, "entities made of entities declared before")
        size = len(value) + sum(self._entity_sizes[used] for used in inner)
        self._entity_sizes[name] = size
        if len(self._entity_sizes) > ENTITIES_MAX or size > ENTITY_CHARS_MAX:
            limit = f"{ENTITIES_MAX} entities of {ENTITY_CHARS_MAX} characters"
            raise self._refuse("entity", f"{name}: number {len(self._entity_sizes)}, {size} characters", limit)
        total = max(self._entity_sizes.values()) * self._svg.count(b"&")
        if total > ENTITY_TOTAL_CHARS_MAX:
            raise self._refuse("entity", f"{total} characters expanded", ENTITY_TOTAL_CHARS_MAX)

    def _skipped_entity(self, name: str, _is_parameter: bool) -> None:
        raise self._refuse("entity", name, "entities declared in the document itself")


def _times(prop: str, vertices: int) -> int:
    """Return how often one url() in `prop` of an element with at most `vertices` vertices draws its target."""
    if not prop.startswith("marker"):
        return 1
    if not vertices:
        return expansion.EVERY_VERTEX
    return vertices if prop in ("marker", "marker-mid") else 1
