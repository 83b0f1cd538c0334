"""Can a document be let through without looking at each of its elements, and what is known of it then?

A quick way to what `guard_reader` finds, for documents in which nothing is to be refused and nothing to be changed: a
compiled loop tells which elements matter, and the reader sees those alone. Never refuses: where a rule might be broken, a
reference be cut, or the text be more than the loop knows of XML, the answer is that nobody knows, and the guard reads
the document with expat. What comes out is the same either way. The main path is `read`.
"""

import re
import sys
from types import FunctionType
from typing import Any

import numpy as np

from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.guard_reader import Host, Reader, TagPosition

GLANCE_BYTES_MIN = 4096
"""Bytes of a document that this is worth for: below, expat is done as soon."""

WAIT_BYTES = 1 << 20
"""Bytes that expat reads in a process before the loop is fetched, which takes as long as they do, about 40 ms."""

_PROLOG = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"(?:<\?xml\s+version\s*=\s*(?P<v>[\"'])1\.0(?P=v)(?:\s+encoding\s*=\s*(?P<e>[\"'])(?i:utf-8)(?P=e))?"
    rb"(?:\s+standalone\s*=\s*(?P<s>[\"'])(?:yes|no)(?P=s))?\s*\?>)?"
    rb"(?:\s|<!--(?:[^-]|-[^-])*+-->)*+"
    rb"(?:<!DOCTYPE\s+svg(?:\s+PUBLIC\s+\"[-A-Za-z0-9/ .:]*\"\s+\"[-A-Za-z0-9/ .:_]*\")?\s*>)?"
)
"""What may come before the root, as editors write it: no entities, no default attributes, no stylesheets. Matches anything."""
_NOT_XML = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
"""The two characters of UTF-8 that XML 1.0 §2.2 leaves out."""
_ATTRIBUTE = re.compile(r"([^\s=/>\"'<]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.ASCII)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_SPACES = str.maketrans("\t\n\r", "   ")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_BYTES_PER_ROW = 3
"""Bytes of a document that one row stands for at least: half of `<a></a>`, or `url(#a)`."""
_ROWS_MOST = 1_000_000
"""More than elements and references that the guard lets through. Memory that no row is written to costs nothing."""


class _Waited:
    """How many bytes this process could have read quicker so far. A count lost to another thread does no harm."""

    size_bytes = 0


_waited = _Waited()


def read(svg: bytes, host: Host) -> Reader | None:
    """Return a reader that has seen all that matters in `svg`, decoded already; None where it is to be read in full.

    What `host` was asked for is spent then.
    """
    if len(svg) < GLANCE_BYTES_MIN or not _ready(len(svg)):
        return None
    return read_now(svg, host)


def read_now(svg: bytes, host: Host) -> Reader | None:
    """As `read`, whatever the document's length, and whether or not the loop has been fetched."""
    rows = _rows(svg)
    if rows is None:
        return None
    reader = Reader(svg, host)
    try:
        whole = _tell(svg, rows, reader)
    except SvgRefusedError:
        return None
    changed = reader.edits or reader.graph.cyclic or reader.style_rules or reader.wants_shapes
    return None if changed or not whole else reader


def fetch() -> None:
    """Have the loop ready from now on, without waiting for documents to be worth it. Takes 40 ms, or seconds where it has never been
    compiled."""
    from engines.vector_core import guard_kernel

    guard_kernel.find()
    _waited.size_bytes = WAIT_BYTES


def _ready(size: int) -> bool:
    """Tell whether the loop is worth its fetching: numba is there, and enough has been read without."""
    if "compositor._jit" not in sys.modules:
        return False
    if _waited.size_bytes < WAIT_BYTES:
        _waited.size_bytes += size
        return False
    from engines.vector_core import guard_kernel

    return not isinstance(guard_kernel.find(), FunctionType)  # interpreted, it is slower than expat


def _rows(svg: bytes) -> Any:
    """Return the kernel's rows, or None."""
    from engines.vector_core import guard_kernel

    if not svg.isascii():
        try:
            svg.decode("utf-8")
        except UnicodeDecodeError:
            return None
        if any(character in svg for character in _NOT_XML):
            return None
    prolog = _PROLOG.match(svg)
    assert prolog is not None
    rows = np.empty((min(len(svg) // _BYTES_PER_ROW + 8, _ROWS_MOST), guard_kernel.COLUMNS), np.int32)
    count = guard_kernel.find()(np.frombuffer(svg, np.uint8), prolog.end(), rows)
    return None if count == guard_kernel.GAVE_UP else rows[:count]


def _tell(svg: bytes, rows: Any, reader: Reader) -> bool:
    """Tell the reader what the rows say; False where that is not enough to go by."""
    from engines.vector_core import guard_kernel as kernel

    wanted = {svg[row[kernel.START] : row[kernel.END]] for row in rows[rows[:, 0] == kernel.IS_REFERENCE].tolist()}
    closer = kernel.CLOSER | kernel.STYLE
    if (rows[1:, kernel.FLAGS] & kernel.CLOSER).any():
        closer |= kernel.MOVES  # Transforms matter to what filters and tiles cost, and to nothing else.
    telling = _Telling(svg, reader, wanted, closer)
    for row in rows.tolist():
        flags = row[kernel.FLAGS]
        if flags == kernel.IS_REFERENCE:
            telling.refer(row)
            continue
        telling.settle()
        telling.count(row)
        if flags == kernel.IS_END:
            telling.end(row[kernel.START], row[kernel.LEVEL])
        elif not telling.start(row):
            return False
    telling.settle()
    if not all(target.encode() in wanted for target in reader.graph.named):
        return False  # It is spelled as the loop does not know, and its element may have been passed over.
    reader.finish()
    return True


class _Telling:
    """What is open while rows are told: of each row that is, its name if it is read in full, and whether it holds a node or a text."""

    def __init__(self, svg: bytes, reader: Reader, wanted: set[bytes], closer: int) -> None:
        from engines.vector_core import guard_kernel

        self._kernel = guard_kernel
        self._svg, self._reader, self._wanted, self._closer = svg, reader, wanted, closer
        self._position = reader.position = TagPosition()
        self._open: list[tuple[str, bool, bool, int]] = []
        self._referrer = -1
        self._closed: tuple[int, int] | None = None

    def settle(self) -> None:
        """Tell of the end of an element without content, once its references are told."""
        if self._closed is not None:
            self.end(*self._closed)
            self._closed = None

    def count(self, row: list[int]) -> None:
        """Tell what was passed over before a row."""
        if row[self._kernel.SKIPPED]:
            self._reader.pass_over(
                row[self._kernel.SKIPPED], row[self._kernel.SKIPPED_LEVEL], row[self._kernel.VERTICES]
            )
        self._reader.text.add(row[self._kernel.CHARS])

    def start(self, row: list[int]) -> bool:
        """Tell of an element; False for one that begins a stylesheet unawares."""
        kernel = self._kernel
        flags, start, level = row[kernel.FLAGS], row[kernel.START], row[kernel.LEVEL]
        name, node, text = "", False, False
        if flags & self._closer:
            name = self._svg[start + 1 : row[kernel.NAME_END]].decode("ascii")
            self._referrer = -1
            self._position.CurrentByteIndex = start
            self._reader.level = level - 1
            self._reader.start(name, self._attributes(row[kernel.NAME_END], row[kernel.END]))
            if self._reader.in_style and not flags & kernel.STYLE:
                return False
        else:
            self._referrer = level
            identity = self._svg[row[kernel.ID_START] : row[kernel.ID_END]] if flags & kernel.HAS_ID else b""
            node, text = identity in self._wanted, flags & kernel.TEXT != 0
            self._look(level, identity.decode() if node else None, row[kernel.OWN_VERTICES], is_text=text)
        self._open.append((name, node, text, row[kernel.END]))
        if flags & kernel.CLOSED:
            self._closed = row[kernel.END], level
        return True

    def _look(self, level: int, identity: str | None, vertices: int, *, is_text: bool) -> None:
        """Tell of an element of which only this matters."""
        if identity is None:
            self._reader.pass_over(1, level, vertices)
        else:
            self._reader.enter(level, identity, vertices)
        if is_text:
            self._reader.has_text = True
            self._reader.text.enter(level)

    def refer(self, row: list[int]) -> None:
        """Tell of a reference of the element last started, unless that was read in full."""
        if self._referrer > 0:
            target = self._svg[row[self._kernel.START] : row[self._kernel.END]].decode("ascii")
            self._reader.graph.refer(target, self._referrer, 1)

    def end(self, at: int, level: int) -> None:
        """Tell of the end tag at a byte."""
        name, node, text, content = self._open.pop()
        if name:
            self._position.CurrentByteIndex = at
            self._reader.level = level
            if self._reader.in_style:
                css = self._svg[content:at].decode().replace("\r\n", "\n").replace("\r", "\n")
                self._reader.characters(_CDATA.sub(r"\1", css))
            self._reader.end(name)
        else:
            if node:
                self._reader.leave()
            if text:
                self._reader.leave_text(level)

    def _attributes(self, start: int, end: int) -> dict[str, str]:
        """Return the attributes that a tag spells from `start` to `end` (XML 1.0 §3.3.3)."""
        tag = self._svg[start:end].decode().replace("\r\n", "\n").translate(_SPACES)
        found = {}
        for key, double, single in _ATTRIBUTE.findall(tag):
            value = double or single
            if "&" in value:
                for entity, character in _ENTITIES:
                    value = value.replace(entity, character)
            found[key] = value
        return found
