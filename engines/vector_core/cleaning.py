"""What is left of an SVG when everything is taken away that no engine draws?

One pass with expat over a document that the guard let through. Comments, processing instructions, the document type,
metadata, and all elements and attributes of foreign namespaces (those of editors) go; entities are spelled out. What is
drawn stays as it is spelled, so that the pixels are the same. Never drops what a reference or a stylesheet might use.
The main path is `clean`.
"""

import io
import xml.parsers.expat
from collections.abc import Mapping
from typing import NamedTuple
from xml.sax.saxutils import escape

from engines.vector_core.errors import SvgEngineError

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
XLINK_NAMESPACE = "http://www.w3.org/1999/xlink"
XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"

_PREFIXES = {"": "", XLINK_NAMESPACE: "xlink:", XML_NAMESPACE: "xml:"}
"""Namespaces whose attributes are kept, and how they are spelled."""
_NOT_DRAWN = frozenset({"metadata", "foreignObject"})
_WORDY = frozenset({"text", "style", "title", "desc"})
"""Elements whose character data matters, also that of elements inside them; anywhere else it is never drawn."""
_SEPARATOR = " "
_XLINK_DECLARED = f' xmlns:xlink="{XLINK_NAMESPACE}"'
"""Written on every root, and taken away again where nothing needed it."""
_ATTRIBUTE_ENTITIES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_TEXT_ENTITIES = {"\r": "&#13;"}


class Root(NamedTuple):
    """What becomes of the outermost element: `attributes` are set, those that are None taken away; `around` is the
    start tag of an svg element to put around it, empty for none."""

    attributes: Mapping[str, str | None]
    around: str = ""


UNCHANGED = Root({})


def clean(svg: bytes, root: Root = UNCHANGED) -> bytes:
    """Return the document as plain UTF-8 with only what is drawn: same pixels, same bytes for the same input.

    `svg` must have passed the guard, whose limits bound time and memory here: linear in the document, with entities
    spelled out. Raises SvgEngineError for a root outside the namespace of SVG, which no engine would draw.
    """
    writer = _Writer(root)
    parser = xml.parsers.expat.ParserCreate("utf-8", _SEPARATOR)
    parser.buffer_text = True
    parser.ordered_attributes = True
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    parser.Parse(svg, True)
    text = writer.out.getvalue()
    return (text if writer.links else text.replace(_XLINK_DECLARED, "", 1)).encode("utf-8")


class _Writer:
    """The state of one pass. `_skipped` counts levels inside something left out, `_wordy` those inside text."""

    def __init__(self, root: Root) -> None:
        self.out = io.StringIO()
        self.links = False
        self._root = root
        self._level = 0
        self._skipped = 0
        self._wordy = 0
        self._open = False

    def start(self, name: str, attributes: list[str]) -> None:
        namespace, _, tag = name.rpartition(_SEPARATOR)
        if self._level == 0 and namespace != SVG_NAMESPACE:
            raise SvgEngineError("any", f"the root is not in the namespace {SVG_NAMESPACE}")
        self._level += 1
        if self._skipped or namespace != SVG_NAMESPACE or tag in _NOT_DRAWN:
            self._skipped += 1
            return
        self._close_tag()
        pairs = _kept(attributes)
        if self._level == 1:
            self.out.write(self._root.around)
            pairs = self._root_attributes(pairs)
        self.links = self.links or any(key.startswith("xlink:") for key in pairs)
        self.out.write(f"<{tag}")
        for key, value in pairs.items():
            self.out.write(f' {key}="{escape(value, _ATTRIBUTE_ENTITIES)}"')
        self._open = True
        if self._wordy or tag in _WORDY:
            self._wordy += 1

    def end(self, name: str) -> None:
        self._level -= 1
        if self._skipped:
            self._skipped -= 1
            return
        if self._wordy:
            self._wordy -= 1
        if self._open:
            self.out.write("/>")
            self._open = False
        else:
            self.out.write(f"</{name.rpartition(_SEPARATOR)[2]}>")
        if self._level == 0:
            self.out.write("</svg>\n" if self._root.around else "\n")

    def text(self, text: str) -> None:
        if self._wordy and not self._skipped:
            self._close_tag()
            self.out.write(escape(text, _TEXT_ENTITIES))

    def _close_tag(self) -> None:
        if self._open:
            self.out.write(">")
            self._open = False

    def _root_attributes(self, pairs: dict[str, str]) -> dict[str, str]:
        wanted: dict[str, str | None] = {**pairs, **self._root.attributes}
        changed = {key: value for key, value in wanted.items() if value is not None}
        return {"xmlns": SVG_NAMESPACE, "xmlns:xlink": XLINK_NAMESPACE} | changed


def _kept(attributes: list[str]) -> dict[str, str]:
    """The attributes that mean something, by the names they are written with."""
    found: dict[str, str] = {}
    for index in range(0, len(attributes), 2):
        namespace, _, key = attributes[index].rpartition(_SEPARATOR)
        if (prefix := _PREFIXES.get(namespace)) is not None:
            found[prefix + key] = attributes[index + 1]
    return found
