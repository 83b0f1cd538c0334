"""How is the text of an SVG changed in a few places, and left alone byte for byte everywhere else?

Works on source bytes that a parser has found well-formed, at the offsets that it tells. What is to change is `guard`'s
decision. Pure: bytes in, bytes out.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

_ATTRIBUTE = re.compile(rb"""\s+([^\s=/>"'<]+)\s*=\s*(?:"[^"]*"|'[^']*')""")
_OPENING = re.compile(rb"<([^\s/>]+)")


class Edit(NamedTuple):
    """Bytes `start` to before `end` become `text`."""

    start: int
    end: int
    text: bytes


class StartTag(NamedTuple):
    """Where a start tag's attributes stand, each with the white space before it, and where its content begins."""

    attributes: dict[str, tuple[int, int]]
    end: int


def start_tag(source: bytes, start: int, name: str) -> StartTag | None:
    """Return what stands in the start tag of element `name` at `start`; None where another text stands, such as an entity."""
    opening = _OPENING.match(source, start)
    if opening is None or opening[1] != name.encode():
        return None
    attributes = {}
    at = opening.end()
    while match := _ATTRIBUTE.match(source, at):
        attributes[match[1].decode()] = match.span()
        at = match.end()
    return StartTag(attributes, source.index(b">", at) + 1)


def attribute(name: str, value: str) -> bytes:
    """Spell an attribute, with the white space before it."""
    return f" {name}={quoteattr(value)}".encode()


def character_data(text: str) -> bytes:
    """Spell text between tags."""
    return escape(text, {"\r": "&#13;"}).encode()


def apply(source: bytes, edits: Sequence[Edit]) -> bytes:
    """Return `source` with all `edits` made; they may come in any order and never overlap.

    Of two insertions at one place the one whose text sorts first comes first: an end tag before a start tag.
    """
    pieces, at = [], 0
    for edit in sorted(edits):
        assert edit.start >= at, "edits overlap"
        pieces += [source[at : edit.start], edit.text]
        at = edit.end
    return b"".join([*pieces, source[at:]])
