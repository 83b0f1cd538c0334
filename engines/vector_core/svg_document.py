"""What does a reader of an SVG need to know about the whole document: elements, styles, ids given away, what was left out.

Main path: `Document.specified` and `Document.inside` resolve an element's properties in the context of its ancestors.
"""

from collections.abc import Mapping
from typing import NamedTuple

from engines.vector_core import affine, scene_check, svg_style, svg_tree, svg_values
from engines.vector_core.affine import IDENTITY, Matrix
from engines.vector_core.scene_errors import SceneUnsupportedError, SceneValueError
from engines.vector_core.svg_selectors import Relatives
from engines.vector_core.svg_tree import Element
from engines.vector_core.svg_values import Viewport

LEFT_OUT_MAX = 1_000
"""Entries of the list of what was left out; more tell nobody anything."""

LANGUAGE = "en"
"""What `systemLanguage` is compared with: resvg's own, so that a drawing reads the same on every machine."""

STYLE_MATCHES_MAX = 20_000_000
"""Rules times elements, an upper bound of comparisons: 200 rules for a map of 100,000 elements; some ten seconds."""

STYLE_STEPS_MAX = 1_000_000
"""Relatives of elements that selectors with combinators look at: some two seconds; sheets by hand need thousands."""

GEOMETRY_TAGS = frozenset(("rect", "circle", "ellipse", "line", "polyline", "polygon", "path"))
RENDERED_TAGS = GEOMETRY_TAGS | {"g", "a", "use", "svg", "switch", "text", "image"}
"""Elements that draw something where they stand."""


class LeftOut(NamedTuple):
    """A feature of an element that the scene does not have; `place` is "line:column"."""

    element: str
    place: str
    feature: str


class Context(NamedTuple):
    """What an element finds around it: inherited properties and the viewport for percentages."""

    inherited: Mapping[str, str]
    viewport: Viewport

    @property
    def hidden(self) -> bool:
        """Tell whether `visibility` hides what is here."""
        return self.inherited.get("visibility", "visible") != "visible"


class Document:
    """One document while it is read. `top` is the context of its root, set by whoever knows the size."""

    def __init__(self, root: Element, *, lenient: bool) -> None:
        self.root = root
        self.elements = svg_tree.by_id(root)
        self.left_out: list[LeftOut] = []
        self.top = Context({}, Viewport(0.0, 0.0))
        self._lenient = lenient
        self._parents = _parents(root)
        self._before: dict[Element, Element] = {}
        self._relatives = Relatives(self._parent, self._sibling_before)
        self._steps = 0
        self._ids: set[str] = set()
        self._specified: dict[Element, dict[str, str]] = {}
        self._sheet = self._stylesheet()

    def unsupported(self, element: Element, feature: str) -> None:
        """Refuse what scenes cannot hold with SceneUnsupportedError, or note that it is left out."""
        if not self._lenient:
            raise SceneUnsupportedError(element.tag, element.place, feature)
        if len(self.left_out) < LEFT_OUT_MAX:
            self.left_out.append(LeftOut(element.tag, element.place, feature))

    def specified(self, element: Element) -> dict[str, str]:
        """Return the properties that an element says itself; not to be changed."""
        if element not in self._specified:
            self._specified[element] = self._resolved(element)
        return self._specified[element]

    def _resolved(self, element: Element) -> dict[str, str]:
        """Return an element's own properties, those that it takes from its parent by `inherit` resolved."""
        found = svg_style.specified(element, self._sheet, self._relatives)
        for name in [name for name, value in found.items() if value == "inherit" and name not in svg_style.INHERITED]:
            parent = self._parents.get(element)
            value = None if parent is None else self.specified(parent).get(name)
            found.pop(name)
            if value is not None:
                found[name] = value
        return found

    def inside(self, element: Element, context: Context) -> Context:
        """Return the context for what is inside an element, and for its own inherited properties."""
        own = self.specified(element)
        inherited = svg_style.inherit(context.inherited, own)
        size = svg_values.font_size(own.get("font-size"), context.viewport.font_size)
        return Context(inherited, context.viewport._replace(font_size=size))

    def around(self, element: Element) -> Context:
        """Return the context that an element has by its own ancestors, for definitions used elsewhere."""
        context = self.top
        for ancestor in self.ancestors(element):
            context = self.inside(ancestor, context)
        return context

    def ancestors(self, element: Element) -> list[Element]:
        """Return the elements around one, the root first."""
        chain = []
        above = self._parents.get(element)
        while above is not None:
            chain.append(above)
            above = self._parents.get(above)
        return chain[::-1]

    def xml_space(self, element: Element) -> str:
        """Return what `xml:space` says of an element: its own, or that of the nearest element around it."""
        above: Element | None = element
        while above is not None:
            if said := above.attributes.get("xml:space"):
                return said
            above = self._parents.get(above)
        return "default"

    def drawn(self, element: Element) -> bool:
        """Tell whether an element is drawn at all: not `display: none`, no extension that nobody has, in our language."""
        return self.meets_conditions(element) and self.specified(element).get("display") != "none"

    def meets_conditions(self, element: Element) -> bool:
        """Tell whether an element may be drawn by its conditional attributes (SVG 2 §5.9): no extension is known, and one language."""
        if element.attributes.get("requiredExtensions"):
            return False
        asked = element.attributes.get("systemLanguage")
        if asked is None:
            return True
        languages = [language.strip().lower() for language in asked.split(",")]
        return any(language == LANGUAGE or language.startswith(LANGUAGE + "-") for language in languages)

    def transform(self, element: Element) -> Matrix:
        """Return the `transform` of an element, around its `transform-origin` (CSS Transforms 1 §6, in the viewport)."""
        own = self.specified(element)
        matrix = svg_values.transform(own.get("transform"))
        if matrix == IDENTITY or "transform-origin" not in own:
            return matrix
        origin = svg_values.transform_origin(own["transform-origin"], self.top.viewport)
        if origin is None:
            self.unsupported(element, f"transform-origin {own['transform-origin']}")
            return matrix
        return affine.chain(affine.translate(*origin), matrix, affine.translate(-origin[0], -origin[1]))

    def referred(self, element: Element) -> Element | None:
        """Return the element that `href` names."""
        return self.elements.get(element.attributes.get("href", "").strip().removeprefix("#"))

    def hidden_from_view(self, element: Element) -> bool:
        """Tell whether an element is a definition, drawn only where something refers to it."""
        above: Element | None = element
        while above is not None:
            if above.tag in ("defs", "symbol"):
                return True
            above = self._parents.get(above)
        return False

    def claim(self, name: str) -> str:
        """Return an id the first time that it comes by; later ones, and those that are none, are dropped."""
        if name in self._ids or not scene_check.is_id(name):
            return ""
        self._ids.add(name)
        return name

    def free_id(self, word: str) -> str:
        """Claim an id that nothing in the document has."""
        number = 1
        while f"{word}-{number}" in self._ids or f"{word}-{number}" in self.elements:
            number += 1
        return self.claim(f"{word}-{number}")

    def _parent(self, element: Element) -> Element | None:
        self._count_step()
        return self._parents.get(element)

    def _count_step(self) -> None:
        self._steps += 1
        if self._steps > STYLE_STEPS_MAX:
            raise SceneValueError("style-rules", "", f"more than {STYLE_STEPS_MAX} steps", f"{STYLE_STEPS_MAX} steps")

    def _sibling_before(self, element: Element) -> Element | None:
        self._count_step()
        if not self._before:
            for parent in {id(parent): parent for parent in self._parents.values()}.values():
                self._before.update(zip(parent.children[1:], parent.children, strict=False))
        return self._before.get(element)

    def _stylesheet(self) -> svg_style.Stylesheet:
        css = []
        stack = [self.root]
        while stack:
            element = stack.pop()
            if element.tag == "style" and element.attributes.get("type", "text/css") in ("text/css", ""):
                css.append(element.text)
            stack += reversed(element.children)
        sheet = svg_style.parse_stylesheet("\n".join(css))
        rules = sum(len(found) for found in sheet.rules.values())
        if rules * (len(self._parents) + 1) > STYLE_MATCHES_MAX:
            shown = f"{rules} rules for {len(self._parents) + 1} elements"
            raise SceneValueError("style-rules", "", shown, f"{STYLE_MATCHES_MAX} comparisons")
        for selector in sheet.unknown:
            self.unsupported(self.root, f"the stylesheet's {selector}")
        return sheet


def title_of(element: Element) -> str:
    """Return the text of an element's own title."""
    for child in element.children:
        if child.tag == "title":
            return child.text.strip()[: scene_check.TITLE_CHARS_MAX]
    return ""


def url_target(text: str) -> str:
    """Return the id inside `url(#id)`, or nothing."""
    if text[:4].lower() != "url(":
        return ""
    return text[4:].partition(")")[0].strip(" \t\r\n\f\"'").removeprefix("#")


def _parents(root: Element) -> dict[Element, Element]:
    found: dict[Element, Element] = {}
    stack = [root]
    while stack:
        element = stack.pop()
        found |= dict.fromkeys(element.children, element)
        stack += element.children
    return found
