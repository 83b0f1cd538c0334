"""What does one pass with expat over an SVG find: what is there, what refers to what, and what must be taken out?

The handlers see every element once, refuse what breaks a rule, and collect what `guard` needs: size, references and
costs for `expansion`, and the edits that make the document stand alone. The main path is `Reader.read`.
"""

import xml.parsers.expat
from typing import Any, NamedTuple, Protocol

from engines.vector_core import edits, engine_quirks, expansion, guard_costs, guard_reach, lengths, references
from engines.vector_core.edits import Edit
from engines.vector_core.errors import Rule, SvgRefusedError
from engines.vector_core.guard_entities import Entities
from engines.vector_core.guard_external import Outside
from engines.vector_core.lengths import DocumentSize, ViewBox

DEPTH_MAX = 128
"""Levels: editors stay below 50; engines recurse, and 20,000 levels end the process."""

ATTRIBUTES_MAX = 256
"""Attributes of one element: all that SVG 2 defines for any one element are fewer."""

ATTRIBUTE_CHARS_MAX = 4 * 1024 * 1024
"""Characters of one attribute, images apart: path data of half a million vertices."""

CANVAS_SIDE_PX_MAX = 32_768
CANVAS_PIXELS_MAX = 400_000_000
"""The largest canvas of a composition; a document that claims more is a mistake or an attack."""

STYLE_MATCHES_MAX = 20_000_000
"""Selectors times elements, which is how often engines compare: a second of resvg."""

_FORBIDDEN_TAGS = frozenset({"script", "handler", "listener", "iframe", "embed", "object"})
_TEXT_TAGS = frozenset({"text", "tspan", "textPath", "tref"})
_SHAPE_TAGS = frozenset({"path", "line", "polyline", "polygon", "rect", "circle", "ellipse"})
_EXTENDED_TAGS = _SHAPE_TAGS | {"image", "use", "text", "tspan"}
_SIDES = ("width", "height")
_PICTURE_TAGS = frozenset({"image", "feImage"})
_SHORT_CHARS = 7
"""Digits that cannot spell a coordinate beyond the limit, unless there is an exponent."""
_GEOMETRY = frozenset({
    "d", "points", "x", "y", "width", "height", "r", "rx", "ry", "cx", "cy", "x1", "y1", "x2", "y2", "fx", "fy", "fr", "dx", "dy",
    "stroke-width", "font-size",
})  # fmt: skip
"""Attributes whose numbers are held against `guard_costs.COORDINATE_MAX`."""


class Inline(NamedTuple):
    """What a `data:` URI weighs; `drawing` is what was read of a drawing within, `rewritten` the URI once that stands alone."""

    drawing: "Reader | None" = None
    rewritten: str | None = None


class _Attribute(NamedTuple):
    """Attribute `key` of the element `name` whose tag starts at a byte of the document."""

    start: int
    name: str
    key: str


class Position(Protocol):
    """Where the tag stands that is being read, as expat tells it."""

    CurrentLineNumber: int
    CurrentColumnNumber: int
    CurrentByteIndex: int


class TagPosition:
    """A position that is set from outside; of lines and columns nothing is known."""

    CurrentLineNumber, CurrentColumnNumber, CurrentByteIndex = 1, 0, 0


_BEGINNING = TagPosition()


class Host(Protocol):
    """What the reader asks of `guard`, which knows the documents around this one and what is left for all of them."""

    outside: Outside

    def spend_elements(self, count: int) -> bool:
        """Count elements; False past the limit."""
        ...

    def inline(self, uri: str, place: str) -> Inline:
        """Weigh a `data:` URI."""
        ...

    def embed(self, data: bytes) -> str:
        """Return a picture that was read as a `data:` URI, a drawing made to stand alone."""
        ...


class Reader:
    """The state of one pass: what expat's handlers see and count. Each handler raises SvgRefusedError by `_refuse`."""

    def __init__(self, svg: bytes, host: Host) -> None:
        self._svg = svg
        self._host = host
        self._ids: list[bool] = []
        self._zooms = [1.0]
        self.zoom_max = 1.0
        self._offsets = [0.0]
        self._reach = guard_reach.Reach()
        self._style_level = 0
        self._style_start = 0
        self._style_text: list[str] = []
        self._selectors = 0
        self._wrapped: dict[int, bytes] = {}
        self._uses: list[_Attribute] = []
        self.text = guard_costs.TextCost()
        self._entities = Entities(svg)
        self.position: Position = _BEGINNING
        self.level = 0
        self.elements = 0
        self.has_text = False
        self.size = DocumentSize(0.0, 0.0)
        self.view_box: ViewBox | None = None
        self.drawn = expansion.NOTHING
        self.style_rules: list[references.StyleRule] = []
        self.edits: list[Edit] = []
        self.graph = expansion.ReferenceGraph()

    @property
    def wants_shapes(self) -> bool:
        """Whether what was found depends on elements that may have been passed over."""
        return self._reach.asks_for_shapes

    @property
    def in_style(self) -> bool:
        """Whether what comes next is within a stylesheet."""
        return self._style_level > 0

    def region(self) -> float:
        """Return the square px that an engine may set aside for a filter or tile at scale 1."""
        return self._reach.region(self.size, self.zoom_max)

    @property
    def style_matches(self) -> int:
        """How often an engine may compare an element with a selector."""
        return self._selectors * self.elements

    def _make_parser(self) -> Any:
        parser = xml.parsers.expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.SetParamEntityParsing(xml.parsers.expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._skipped_entity
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.characters
        return parser

    def read(self) -> None:
        """Read the whole document."""
        parser = self.position = self._make_parser()
        try:
            parser.Parse(self._svg, True)
        except xml.parsers.expat.ExpatError as error:
            place = f"{error.lineno}:{error.offset}"
            raise SvgRefusedError("well-formed", place, xml.parsers.expat.ErrorString(error.code), "XML 1.0") from error
        self.finish()

    def finish(self) -> None:
        """Note the end of the document, and sum up."""
        if self.style_matches > STYLE_MATCHES_MAX:
            raise SvgRefusedError(
                "stylesheet", "1:0", f"{self.style_matches} selectors times elements", STYLE_MATCHES_MAX
            )
        self.drawn = self.graph.measure(self.style_rules)
        for number in self.graph.circular_uses():
            self._edit(self._uses[number], f"#{references.NOWHERE}")

    @property
    def _place(self) -> str:
        return f"{self.position.CurrentLineNumber}:{self.position.CurrentColumnNumber}"

    def _refuse(self, rule: Rule, value: object, limit: object) -> SvgRefusedError:
        return SvgRefusedError(rule, self._place, value, limit)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Note the start of an element, one level below `level`."""
        self.level += 1
        self.elements += 1
        if self.level > DEPTH_MAX:
            raise self._refuse("depth", self.level, DEPTH_MAX)
        self._spend_elements(1)
        if len(attributes) > ATTRIBUTES_MAX:
            raise self._refuse("attributes", len(attributes), ATTRIBUTES_MAX)
        tag = name.rpartition(":")[2]
        self._check_tag(tag, attributes)
        if self.level == 1:
            self._check_root(tag, attributes)
        element_id = attributes.get("id")
        self._ids.append(bool(element_id))
        self.graph.enter(self.level, tag, element_id, attributes.get("class", ""))
        outline = attributes.get("d") or attributes.get("points") or ""
        # Half a vertex a character at most: "h1" draws one. Rectangles and circles are outlines of a few.
        vertices = len(outline) // 2 + 8 if tag in _SHAPE_TAGS else 0
        self.graph.add_vertices(vertices)
        self._add_costs(tag, attributes)
        edits_before = len(self.edits)
        dropped = self._drop_old_hrefs(name, tag, attributes) if "href" in attributes else ()
        for key, value in attributes.items():
            if key in _GEOMETRY and len(value) <= _SHORT_CHARS and "e" not in value and "E" not in value:
                continue  # A small number: most attributes of most drawings.
            if key not in dropped:
                self._check_attribute(name, tag, key, attributes, vertices)
        if tag == "svg" and (keys := engine_quirks.group_keys(self.level, attributes)):
            self._wrap(name, {key: attributes[key] for key in keys}, edits_before)

    def _drop_old_hrefs(self, name: str, tag: str, attributes: dict[str, str]) -> list[str]:
        """Take out what an href stands for, and return which attributes these are."""
        dropped = []
        for key in engine_quirks.old_hrefs(tag, attributes):
            if references.kind(attributes[key]) == "external":
                self._leave_out(attributes[key])
            if self._edit_attribute(name, key, None):
                dropped.append(key)
        return dropped

    def _spend_elements(self, count: int) -> None:
        if not self._host.spend_elements(count):
            raise self._refuse("elements", "too many", "a limit of all documents within this one together")

    def _check_tag(self, tag: str, attributes: dict[str, str]) -> None:
        lower = tag.lower()
        if lower in _FORBIDDEN_TAGS:
            raise self._refuse("script", f"<{tag}>", "no active content")
        # An extension that nobody has is never drawn (SVG 1.1 §5.8.5); Illustrator wraps its private data in one.
        if lower == "foreignobject" and not attributes.get("requiredExtensions"):
            raise self._refuse("foreign-object", f"<{tag}>", "SVG elements only")
        if lower == "style" and not self._style_level:
            self._style_level = self.level
            self._style_start = self.position.CurrentByteIndex
        if tag in _TEXT_TAGS:
            self.has_text = True
            self.text.enter(self.level)

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
        if self.view_box:
            self._zooms[0] = max(self.size.width / self.view_box.width, self.size.height / self.view_box.height)

    def _add_costs(self, tag: str, attributes: dict[str, str]) -> None:
        factor, offset = self._zooms[-1], self._offsets[-1]
        if transform := attributes.get("transform"):
            offset += factor * guard_costs.shift(transform)
            factor *= guard_costs.zoom(transform)
        self._zooms.append(factor)
        self._offsets.append(offset)
        self.zoom_max = max(self.zoom_max, factor)
        if tag in _EXTENDED_TAGS:
            self._reach.add_shape(attributes, factor, offset)
        elif tag == "pattern":
            self._add_pattern(attributes)
        elif tag == "filter":
            self._reach.enter_filter(attributes)
        elif tag[:2] == "fe":
            self._reach.add_step(tag)
            self.graph.add_filters(guard_costs.filter_cost(tag, attributes))

    def _add_pattern(self, attributes: dict[str, str]) -> None:
        area = guard_costs.tile_area(attributes)
        in_units = attributes.get("patternUnits") == "userSpaceOnUse"
        if not in_units and area > guard_costs.TILE_SHARE_MAX:
            raise self._refuse("pattern", f"a tile of {area:g} times the shape", guard_costs.TILE_SHARE_MAX)
        self._reach.add_tile(area, in_units)

    def _check_attribute(self, name: str, tag: str, key: str, attributes: dict[str, str], vertices: int) -> None:
        value = attributes[key]
        if key.endswith("href") and (key == "href" or key.endswith(":href")):
            if tag != "a":  # A link is never followed, so it may point anywhere.
                self._check_href(name, tag, key, attributes)
        elif len(value) > ATTRIBUTE_CHARS_MAX:
            raise self._refuse("attribute-length", f"{key}: {len(value)} characters", ATTRIBUTE_CHARS_MAX)
        elif key in _GEOMETRY and self.level > 1 and guard_costs.too_far(value):
            raise self._refuse("coordinate", f"{key}={value}", f"{guard_costs.COORDINATE_MAX:.0f} user units")
        elif key[:2].lower() == "on" and len(key) > 2:
            raise self._refuse("event-handler", key, "no event handlers")
        elif key == "xml:base" and value.strip():
            self._leave_out(f"xml:base={value}")
            self._must_edit(name, key, None)
        elif "(" in value or "\\" in value:
            self._check_urls(name, key, value, vertices)

    def _check_urls(self, name: str, key: str, value: str, vertices: int) -> None:
        left = False
        for use in references.url_uses(value, key):
            if self._points_here(use.target):
                self.graph.refer(use.target[1:], self.level, _times(use.prop, vertices))
            elif references.css_kind(use.target) == "external":
                self._leave_out(use.target)
                left = True
        if key in ("style", "filter"):
            self.graph.add_filters(guard_costs.FilterCost(guard_costs.function_passes(value), 0.0))
        if left:
            self._must_edit(name, key, references.without_external(value))

    def _points_here(self, target: str) -> bool:
        """Tell whether a url() in CSS names an element of this document; weigh an inline image."""
        kind = references.css_kind(target)
        if kind == "data" and references.kind(target) == "data":
            self._weigh(target, {})
        return kind == "local"

    def _check_href(self, name: str, tag: str, key: str, attributes: dict[str, str]) -> None:
        value = attributes[key]
        kind = references.kind(value)
        if kind == "local":
            use = expansion.NO_USE
            if tag == "use":
                use = len(self._uses)
                self._uses.append(_Attribute(self.position.CurrentByteIndex, name, key))
            self.graph.refer(value.strip()[1:], self.level, 1, use)
        elif kind == "data":
            rewritten = self._weigh(value, attributes)
            if rewritten is not None:
                self._must_edit(name, key, rewritten)
        elif engine_quirks.names_nothing(tag, value):
            self._edit_attribute(name, key, f"#{references.NOWHERE}")
        elif kind == "external":
            picture = self._host.outside.picture(value, self._place) if tag in _PICTURE_TAGS else None
            if picture is None:
                self._leave_out(value)
                self._must_edit(name, key, None if tag in _PICTURE_TAGS else f"#{references.NOWHERE}")
            else:
                self._must_edit(name, key, self._host.embed(picture))

    def _weigh(self, uri: str, attributes: dict[str, str]) -> str | None:
        inline = self._host.inline(uri, self._place)
        if (drawing := inline.drawing) is not None:
            sides = (
                guard_costs.size(attributes.get(key)) / side for key, side in zip(_SIDES, drawing.size, strict=True)
            )
            factor = max(*sides, 1.0)
            self.has_text = self.has_text or drawing.has_text
            self.graph.add_elements(drawing.drawn.elements)
            self.graph.add_filters(drawing.drawn.filters.enlarged(drawing.zoom_max * factor))
            self._reach.add_tile(drawing.region() * factor**2, in_units=True)
        return inline.rewritten

    def _leave_out(self, reference: str) -> None:
        self._host.outside.leave_out(reference, self._place)

    def _must_edit(self, name: str, key: str, value: str | None) -> None:
        if not self._edit_attribute(name, key, value):
            raise self._refuse("external-reference", key, "references that stand in the document, not in an entity")

    def _edit_attribute(self, name: str, key: str, value: str | None) -> bool:
        """Note that the attribute gets another value, or goes; False where it does not stand in this tag's own text."""
        return self._edit(_Attribute(self.position.CurrentByteIndex, name, key), value)

    def _edit(self, attribute: _Attribute, value: str | None) -> bool:
        tag = edits.start_tag(self._svg, attribute.start, attribute.name)
        if tag is None or attribute.key not in tag.attributes:
            return False
        text = b"" if value is None else edits.attribute(attribute.key, value)
        self.edits.append(Edit(*tag.attributes[attribute.key], text))
        return True

    def _wrap(self, name: str, moved: dict[str, str], edits_before: int) -> None:
        """Note that attributes move from the element to a group around it; its own edits come after `edits_before` others."""
        start = self.position.CurrentByteIndex
        tag = edits.start_tag(self._svg, start, name)
        if tag is None or self._svg[tag.end - 2 : tag.end] == b"/>" or not moved.keys() <= tag.attributes.keys():
            return
        prefix = name.rpartition("svg")[0]
        # An attribute that has been edited moves as it reads now.
        edited = {edit[:2]: edit for edit in self.edits[edits_before:]}
        moving = [(edited.pop(tag.attributes[key], None), key) for key in moved]
        self.edits[edits_before:] = edited.values()
        texts = (edits.attribute(key, moved[key]) if edit is None else edit.text for edit, key in moving)
        self.edits.append(Edit(start, start, f"<{prefix}g".encode() + b"".join(texts) + b">"))
        self.edits += [Edit(*tag.attributes[key], b"") for key in moved]
        self._wrapped[self.level] = f"</{prefix}g>".encode()

    def end(self, name: str) -> None:
        """Note the end of the element last started."""
        if self.level == self._style_level:
            self._check_stylesheet(name, "".join(self._style_text))
            self._style_level = 0
            self._style_text.clear()
        self.leave_text(self.level)
        if (closing := self._wrapped.pop(self.level, None)) is not None:
            after = self._svg.index(b">", self.position.CurrentByteIndex) + 1
            self.edits.append(Edit(after, after, closing))
        self.level -= 1
        self._zooms.pop()
        self._offsets.pop()
        self.graph.leave(self._ids.pop())

    def pass_over(self, count: int, level: int, vertices: int) -> None:
        """Note `count` elements, at most at `level`, started and ended; harmless ones that nothing refers to."""
        self.elements += count
        self._spend_elements(count)
        self.graph.pass_over(count, level)
        self.graph.add_vertices(vertices)

    def enter(self, level: int, element_id: str, vertices: int) -> None:
        """Note the start of a harmless element at `level` that references have for a target; `leave` is its end."""
        self.elements += 1
        self._spend_elements(1)
        self.graph.enter(level, "", element_id, "")
        self.graph.add_vertices(vertices)

    def leave(self) -> None:
        """Note the end of an element that was entered."""
        self.graph.leave(True)

    def leave_text(self, level: int) -> None:
        """Note the end of an element at `level` that may be a text."""
        if cost := self.text.leave(level):
            raise self._refuse("text", cost, guard_costs.TEXT_LIMIT)

    def characters(self, text: str) -> None:
        """Note text between tags."""
        if self._style_level:
            self._style_text.append(text)
        self.text.add(len(text))

    def _check_stylesheet(self, name: str, css: str) -> None:
        left = references.imports_stylesheet(css)
        if left:
            self._leave_out("@import")
        for rule in references.style_rules(css):
            if self._points_here(rule.use.target):
                self.style_rules.append(rule)
            elif references.css_kind(rule.use.target) == "external":
                self._leave_out(rule.use.target)
                left = True
            if len(self.style_rules) > expansion.REFERENCES_MAX:
                raise self._refuse("expansion", f"{len(self.style_rules)} references", expansion.REFERENCES_MAX)
        self._selectors += css.count("{") + css.count(",")
        self.graph.add_filters(guard_costs.FilterCost(guard_costs.function_passes(css), 0.0))
        if left:
            self._edit_stylesheet(name, references.without_external(css))

    def _edit_stylesheet(self, name: str, css: str) -> None:
        tag = edits.start_tag(self._svg, self._style_start, name)
        end = self.position.CurrentByteIndex
        if tag is None or self._svg[end : end + 2] != b"</":
            raise self._refuse("external-reference", name, "stylesheets that stand in the document, not in an entity")
        while self.edits and self.edits[-1].start >= tag.end:
            self.edits.pop()  # of elements within, which are text to CSS
        self.edits.append(Edit(tag.end, end, edits.character_data(css)))

    def _instruction(self, target: str, data: str) -> None:
        if target == "xml-stylesheet":
            self._leave_out(f"<?xml-stylesheet {data}?>")
            start = self.position.CurrentByteIndex
            self.edits.append(Edit(start, self._svg.index(b"?>", start) + 2, b""))

    def _entity(
        self, name: str, is_parameter: bool, value: str | None, _base: Any, system: Any, public: Any, notation: Any
    ) -> None:
        self._entities.declare(name, value, bool(is_parameter or system or public or notation), self._place)

    def _skipped_entity(self, name: str, _is_parameter: bool) -> None:
        raise self._refuse("entity", name, "entities declared in the document itself")


def _times(prop: str, vertices: int) -> int:
    """Return how often one url() in `prop` of an element with at most `vertices` vertices draws its target."""
    if not prop.startswith("marker"):
        return 1
    if not vertices:
        return expansion.EVERY_VERTEX
    return vertices if prop in ("marker", "marker-mid") else 1
