"""Which elements does an SVG have, with their place in the file: a plain tree of what the guard has let through.

Namespaces are resolved; elements and attributes of others than SVG are left out, as every renderer does. Names are local.
"""

import xml.parsers.expat
from typing import Any

from engines.vector_core import guard
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.guard import SvgFacts

_SVG = "http://www.w3.org/2000/svg"
_XLINK_HREF = "http://www.w3.org/1999/xlink href"
_XML_SPACE = "http://www.w3.org/XML/1998/namespace space"
_NO_NAMESPACE = ""


class Element:
    """One element: local name, attributes, children of SVG, "line:column", and `content`: children and the texts between them."""

    __slots__ = ("attributes", "children", "content", "place", "tag")

    def __init__(self, tag: str, attributes: dict[str, str], place: str) -> None:
        self.tag = tag
        self.attributes = attributes
        self.place = place
        self.children: list[Element] = []
        self.content: list[Element | str] = []

    @property
    def text(self) -> str:
        """Return the text directly inside the element, as one."""
        return "".join(part for part in self.content if isinstance(part, str))


def parse(svg: bytes) -> tuple[Element, SvgFacts]:
    """Return the root element and the facts of a document that the guard accepts. Raises SvgRefusedError."""
    admitted = guard.admit(svg)
    plain, facts = admitted.svg, admitted.facts
    builder = _Builder()
    try:
        builder.parser.Parse(plain, True)
    except xml.parsers.expat.ExpatError as error:
        place = f"{error.lineno}:{error.offset}"
        reason = xml.parsers.expat.ErrorString(error.code)
        raise SvgRefusedError("well-formed", place, reason, "XML 1.0 with namespaces") from error
    if builder.root is None:
        raise SvgRefusedError("root", "1:0", "another namespace", f"<svg> of {_SVG}")
    return builder.root, facts


def by_id(root: Element) -> dict[str, Element]:
    """Return the first element of each id, in document order."""
    found: dict[str, Element] = {}
    stack = [root]
    while stack:
        element = stack.pop()
        if name := element.attributes.get("id"):
            found.setdefault(name, element)
        stack += reversed(element.children)
    return found


class _Builder:
    """The state of one pass: the chain of open elements; None stands for one that is left out with all below it."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element | None] = []
        self.parser: Any = xml.parsers.expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(xml.parsers.expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, tag = name.rpartition(" ")
        parent = self._open[-1] if self._open else None
        if space not in (_SVG, _NO_NAMESPACE) or (self._open and parent is None):
            self._open.append(None)
            return
        own = {key: value for key, value in attributes.items() if " " not in key}
        if _XLINK_HREF in attributes:
            own.setdefault("href", attributes[_XLINK_HREF])
        if _XML_SPACE in attributes:
            own["xml:space"] = attributes[_XML_SPACE]
        place = f"{self.parser.CurrentLineNumber}:{self.parser.CurrentColumnNumber}"
        element = Element(tag, own, place)
        if parent is None:
            self.root = element
        else:
            parent.children.append(element)
            parent.content.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        if self._open and (element := self._open[-1]) is not None:
            element.content.append(text)
