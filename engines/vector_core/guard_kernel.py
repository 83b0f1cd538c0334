"""Is this document XML of the plainest kind, and which of its elements need more than a glance? One compiled loop over its bytes.

Knows a part of XML 1.0 only: ASCII names, quoted values, the five entities that every document has, comments, CDATA. Whatever else a
document has makes `scan` give up, and so does anything that is not well-formed: it never takes for well-formed what expat would not.
Elements that refer to nothing, hold no number that is far off, and have no other attribute or tag that the guard judges, are counted;
of all others a row tells where they stand. `guard_glance` makes sense of the rows. Importing this module imports numba: callers
import it inside the functions that need it.
"""

from string import ascii_letters, digits
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.kernel_shelf import Shelf
from engines.vector_core import guard_words
from engines.vector_core.guard_words import (
    CLOSER_KEY,
    FUNCTION_KEY,
    HREF_KEY,
    ID_KEY,
    LINK_TAG,
    MOVE_KEY,
    NAME_BYTES_MAX,
    NUMBERS_KEY,
    OUTLINE_KEY,
    POINTS_KEY,
    SHAPE_TAG,
    STYLE_KEY,
    STYLE_TAG,
    TEXT_TAG,
)

FLAGS, START, END, LEVEL, SKIPPED, SKIPPED_LEVEL, VERTICES, CHARS, ID_START, ID_END, NAME_END, OWN_VERTICES, COLUMNS = (
    range(13)
)
"""Of a row. START and END: the tag's bytes, or those of the id that is referred to. SKIPPED: elements since the row before
that need no look, the deepest of them at SKIPPED_LEVEL, with at most VERTICES vertices. CHARS: bytes between tags since the
row before. ID_START and ID_END: of an id. NAME_END: of the tag's name. OWN_VERTICES: of the element's outline, at most."""

IS_END, IS_REFERENCE, CLOSED, CLOSER, HAS_ID, REFERS, MOVES, TEXT, STYLE = (1 << bit for bit in range(9))
"""In FLAGS: an end tag; a reference of the row before; an element without content; one to look at in full; with an id; with references,
which follow; with a transform; text; a stylesheet."""

GAVE_UP = -1
DEPTH_MOST = 128
"""Levels; deeper documents are not for this loop."""
ATTRIBUTES_MOST = 64
"""Attributes of one element, for the same reason."""
ELEMENTS_MOST = 200_000
VALUE_BYTES_MOST = 4 * 1024 * 1024
"""Bytes of a value; longer ones are looked at in full."""

_TAB, _LF, _CR, _SPACE, _QUOTE, _SHARP, _AMP, _APOSTROPHE, _OPEN, _CLOSE = b"\t\n\r \"#&'()"
_MINUS, _DOT, _SLASH, _ZERO, _NINE, _COLON, _SEMICOLON, _LESS, _EQUALS, _MORE = b"-./09:;<=>"
_BANG, _OPENING, _BACKSLASH, _CLOSING, _UNDERSCORE = b"![\\]_"
_DIGITS_SHORT = 7
"""Digits before the point that cannot spell a coordinate beyond the guard's limit."""
_LOWER = 32
_TAGS, _TAG_STARTS, _TAG_MEANINGS = guard_words.TAGS
_KEYS, _KEY_STARTS, _KEY_MEANINGS = guard_words.KEYS
_COMMENT, _CDATA, _CDATA_END = (np.frombuffer(text, np.uint8) for text in (b"<!--", b"<![CDATA[", b"]]>"))
_ENTITIES, _ENTITY_STARTS, _ENTITY_MEANINGS = guard_words.ENTITIES
_ENTITY_BYTES_MOST = 4
_NAME_BYTES = np.array([chr(byte) in f"{ascii_letters}{digits}_:-." for byte in range(128)] + [False] * 128)
_TEXT_BYTES = np.array([chr(byte) not in "\"'(\\<&" for byte in range(256)])
"""Bytes of a value that are nothing but themselves."""
_ODD_BYTES = np.array([byte >= 128 or chr(byte) in "eE(\\\r" for byte in range(256)])
"""Bytes in a list of numbers that say more than signs, commas, commands and units do."""
_MARKER = np.frombuffer(b"marker", np.uint8)
_HREF = np.frombuffer(b":href", np.uint8)

Kernel = Any
Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int32]


class _GuardKernel(NamedTuple):
    name: str


def find() -> Kernel:
    """Return `scan(data, start, rows) -> count`, ready to run.

    `data` (n,) uint8, read-only, is a document from whose byte `start` on only its root and comments follow; `rows` (m, COLUMNS) int32
    gets what is found, the first of the root. `count` is the number of rows, GAVE_UP for a document that is not for this loop, or
    for more rows than there is room for.
    """
    return _SHELF.find(_GuardKernel("scan"))


@inlinable
def _is_space(byte: int) -> bool:
    return byte in (_SPACE, _LF, _TAB, _CR)


@inlinable
def _starts_name(byte: int) -> bool:
    return 97 <= (byte | _LOWER) <= 122 or byte == _UNDERSCORE


@inlinable
def _matches(data: Bytes, at: int, text: Bytes) -> bool:
    """Tell whether `text` stands at `at`."""
    if at + text.size > data.size:
        return False
    same = True
    for i in range(text.size):
        same &= data[at + i] == text[i]
    return same


@inlinable
def _name_end(data: Bytes, at: int) -> int:
    """Return where the name at `at` ends; `at` itself where there is none."""
    if at < data.size and _starts_name(data[at]):
        at += 1
        while at < data.size and _NAME_BYTES[data[at]]:
            at += 1
    return at


@inlinable
def _after_space(data: Bytes, at: int) -> int:
    while at < data.size and _is_space(data[at]):
        at += 1
    return at


@inlinable
def _meaning(data: Bytes, at: int, end: int, names: Bytes, starts: Any, meanings: Any) -> int:
    """Look the name from `at` to `end` up; 0 for one that is not in the table."""
    length = end - at
    if length > NAME_BYTES_MAX:
        return 0
    for row in range(starts[length], starts[length + 1]):
        same = True
        for i in range(length):
            if names[row, i] != data[at + i]:
                same = False
                break
        if same:
            return int(meanings[row])
    return 0


@inlinable
def _entity_size(data: Bytes, at: int) -> int:
    """Return the bytes of the entity at `at`, one of those that are always declared; 0 for any other."""
    end = at + 1
    while end < data.size and end - at <= _ENTITY_BYTES_MOST and _NAME_BYTES[data[end]]:
        end += 1
    if end >= data.size or data[end] != _SEMICOLON:
        return 0
    known = _meaning(data, at + 1, end, _ENTITIES, _ENTITY_STARTS, _ENTITY_MEANINGS)
    return end + 1 - at if known != 0 else 0


@inlinable
def _numbers(data: Bytes, at: int, quote: int) -> tuple[int, int]:
    """Return where a list of numbers ends, and CLOSER where one could be far off; GAVE_UP for what no value may hold."""
    flags, digits, fraction = 0, 0, False
    while at < data.size:
        byte = data[at]
        if _ZERO <= byte <= _NINE:
            digits += 1
            if digits > _DIGITS_SHORT and not fraction:
                flags = CLOSER
        elif byte == _DOT:
            fraction, digits = True, 0
        elif byte == quote:
            return at, flags
        elif byte in (_LESS, _AMP):
            return GAVE_UP, flags
        else:
            fraction, digits = False, 0
            if _ODD_BYTES[byte]:
                flags = CLOSER
        at += 1
    return GAVE_UP, flags


@inlinable
def _reference_end(data: Bytes, at: int, last: int) -> int:
    """Return the place of the byte `last` that ends an id at `at` of letters, digits, ".", "-", "_" and ":"; 0 for any other."""
    end = at
    while end < data.size and _NAME_BYTES[data[end]]:
        end += 1
    return end if end > at and end < data.size and data[end] == last else 0


@inlinable
def _calls_url(data: Bytes, at: int) -> bool:
    """Tell whether the bracket at `at` follows "url", in letters of either case."""
    return bool((data[at - 1] | _LOWER) == 108 and (data[at - 2] | _LOWER) == 114 and (data[at - 3] | _LOWER) == 117)


@inlinable
def _of_marker(data: Bytes, start: int, at: int) -> bool:
    """Tell whether the declaration of `at`, in a style that begins at `start`, may be of a marker."""
    while at > start and data[at - 1] != _SEMICOLON:
        at -= 1
    at = _after_space(data, at)
    return bool((data[at] | _LOWER) == 109 or data[at] >= 128)  # Python strips white space that is not ASCII


@inlinable
def _text_value(data: Bytes, at: int, quote: int, key: int, rows: Rows, room: int) -> tuple[int, int, int]:
    """Return where a value ends, its flags, and the next free row: one is filled for each reference."""
    start, flags = at, 0
    while at < data.size:
        byte = data[at]
        if _TEXT_BYTES[byte]:
            at += 1
            continue
        if byte == quote:
            return at, flags, room
        if byte == _OPEN:
            if at >= start + 3 and _calls_url(data, at):
                end = _reference_end(data, at + 2, _CLOSE) if at + 2 < data.size and data[at + 1] == _SHARP else 0
                if end == 0 or (key == STYLE_KEY and _of_marker(data, start, at)) or room + 4 >= rows.shape[0]:
                    flags |= CLOSER
                else:
                    rows[room, FLAGS], rows[room, START], rows[room, END] = IS_REFERENCE, at + 2, end
                    room += 1
                    flags |= REFERS
            elif key in (STYLE_KEY, FUNCTION_KEY) and data[at - 1] != 98 and data[at - 1] != 97:
                flags |= CLOSER  # rgb( and rgba( filter nothing; blur( and all others are for the full look to know.
        elif byte == _BACKSLASH:
            flags |= CLOSER
        elif byte == _LESS:
            return GAVE_UP, flags, room
        elif byte == _AMP:
            size = _entity_size(data, at)
            if size == 0 or key == ID_KEY:
                return GAVE_UP, flags, room
            at += size - 1
        at += 1
    return GAVE_UP, flags, room


@inlinable
def _key_meaning(data: Bytes, at: int, end: int) -> int:
    """Return what an attribute's name means; CLOSER_KEY for handlers of events, markers and references under other prefixes."""
    known = _meaning(data, at, end, _KEYS, _KEY_STARTS, _KEY_MEANINGS)
    if known != 0:
        return known
    handler = (data[at] | _LOWER) == 111 and (data[at + 1] | _LOWER) == 110
    if handler or _matches(data, end - _HREF.size, _HREF):
        return CLOSER_KEY
    return CLOSER_KEY if _matches(data, at, _MARKER) else 0


@inlinable
def _hash(data: Bytes, at: int, end: int) -> int:
    """FNV-1a over a name: equal names have equal ones, and others that have are taken for equal."""
    value = np.uint64(0xCBF29CE484222325)
    for i in range(at, end):
        value = (value ^ np.uint64(data[i])) * np.uint64(0x100000001B3)
    return value  # type: ignore[return-value]


@inlinable
def _attributes(data: Bytes, at: int, is_link: bool, rows: Rows, row: int, hashes: Any) -> tuple[int, int, int]:
    """Read the attributes of a tag from the end of its name on into `rows[row]`, and its references into the rows after it.

    Returns where the tag's `>` or `/` is, or GAVE_UP; the next free row; and the length of its outline.
    """
    flags, room, count, hrefs, outline, points = 0, row + 1, 0, 0, 0, 0
    while True:
        key_start = _after_space(data, at)
        if key_start >= data.size:
            return GAVE_UP, room, 0
        if data[key_start] == _MORE or data[key_start] == _SLASH:
            rows[row, FLAGS] = flags
            return key_start, room, outline if outline > 0 else points
        key_end = _name_end(data, key_start)
        if key_end == key_start or key_start == at or count == hashes.size:
            return GAVE_UP, room, 0
        hashes[count] = _hash(data, key_start, key_end)
        for before in range(count):
            if hashes[before] == hashes[count]:
                return GAVE_UP, room, 0
        count += 1
        at = _after_space(data, key_end)
        if at >= data.size or data[at] != _EQUALS:
            return GAVE_UP, room, 0
        at = _after_space(data, at + 1)
        if at >= data.size or (data[at] != _QUOTE and data[at] != _APOSTROPHE):
            return GAVE_UP, room, 0
        quote, value = data[at], at + 1
        key = _key_meaning(data, key_start, key_end)
        if NUMBERS_KEY <= key <= POINTS_KEY:
            at, found = _numbers(data, value, quote)
        else:
            at, found, free = _text_value(data, value, quote, key, rows, room)
            if key != HREF_KEY:
                room = free
            else:
                hrefs += 1
                end = _reference_end(data, value + 1, quote) if data[value] == _SHARP else 0
                if is_link:
                    found = 0
                elif end == 0 or room + 4 >= rows.shape[0]:
                    found = CLOSER
                else:
                    rows[room, FLAGS], rows[room, START], rows[room, END] = IS_REFERENCE, value + 1, end
                    room += 1
                    found = REFERS
        if at < 0:
            return GAVE_UP, room, 0
        flags |= found
        if key == OUTLINE_KEY:
            outline = at - value
        elif key == POINTS_KEY:
            points = at - value
        elif key == ID_KEY:
            flags |= HAS_ID
            rows[row, ID_START], rows[row, ID_END] = value, at
        elif key == MOVE_KEY:
            flags |= MOVES
        if key == CLOSER_KEY or hrefs > 1 or at - value > VALUE_BYTES_MOST:
            flags |= CLOSER
        at += 1


@inlinable
def _content_end(data: Bytes, at: int, bare: bool) -> int:
    """Return where the next tag or comment begins, past CDATA; GAVE_UP for what no content may hold. `bare`: no entities either."""
    while at < data.size:
        byte = data[at]
        if byte == _LESS:
            if not _matches(data, at, _CDATA):
                return at
            at += _CDATA.size
            while not _matches(data, at, _CDATA_END):
                if at >= data.size:
                    return GAVE_UP
                at += 1
            at += _CDATA_END.size
            continue
        if byte == _AMP:
            size = _entity_size(data, at)
            if size == 0 or bare:
                return GAVE_UP
            at += size
            continue
        if byte == _MORE and data[at - 1] == _CLOSING and data[at - 2] == _CLOSING:
            return GAVE_UP
        at += 1
    return at


@inlinable
def _comment_end(data: Bytes, at: int) -> int:
    """Return where the comment at `at` ends; GAVE_UP where it does not, or is none."""
    if not _matches(data, at, _COMMENT):
        return GAVE_UP
    at += _COMMENT.size
    while at + 2 < data.size:
        if data[at] == _MINUS and data[at + 1] == _MINUS:
            return at + 3 if data[at + 2] == _MORE else GAVE_UP
        at += 1
    return GAVE_UP


@inlinable
def _has_control(data: Bytes) -> bool:
    """Tell whether there is a character that XML 1.0 §2.2 does not have."""
    found = False
    for i in range(data.size):
        byte = data[i]
        found |= (byte < _SPACE) & (byte != _TAB) & (byte != _LF) & (byte != _CR)
    return found


@inlinable
def _closes(data: Bytes, at: int, name: int, name_end: int) -> int:
    """Return where the end tag at `at` ends if it is of the name given; GAVE_UP if not."""
    length = name_end - name
    if at + 2 + length >= data.size:
        return GAVE_UP
    for i in range(length):
        if data[at + 2 + i] != data[name + i]:
            return GAVE_UP
    end = _after_space(data, at + 2 + length)
    return end + 1 if end < data.size and data[end] == _MORE else GAVE_UP


@inlinable
def _tag_flags(tag: int) -> int:
    if tag == 0:
        return CLOSER
    return TEXT if tag == TEXT_TAG else STYLE if tag == STYLE_TAG else 0


@inlinable
def _reset(counts: Any) -> None:
    for i in range(counts.size):
        counts[i] = 0


@inlinable
def _note(rows: Rows, row: int, start: int, end: int, level: int, counts: Any) -> None:
    """Fill a row of an element's start or end with what was counted since the one before."""
    rows[row, START], rows[row, END], rows[row, LEVEL] = start, end, level
    rows[row, SKIPPED], rows[row, SKIPPED_LEVEL], rows[row, VERTICES], rows[row, CHARS] = counts
    _reset(counts)


@inlinable
def _start_tag(
    data: Bytes, at: int, level: int, rows: Rows, row: int, counts: Any, hashes: Any
) -> tuple[int, int, int, int]:
    """Read the start tag at `at` of an element at `level`, into `rows[row]` if it needs a look.

    Returns where it ends (GAVE_UP if it is not for this loop), where its name ends, the next free row, and its flags.
    """
    name_end = _name_end(data, at + 1)
    if name_end == at + 1:
        return GAVE_UP, 0, row, 0
    tag = _meaning(data, at + 1, name_end, _TAGS, _TAG_STARTS, _TAG_MEANINGS)
    end, room, outline = _attributes(data, name_end, tag == LINK_TAG, rows, row, hashes)
    if end < 0:
        return GAVE_UP, 0, row, 0
    flags = rows[row, FLAGS] | _tag_flags(tag) | (CLOSER if level == 1 else 0)
    if data[end] == _SLASH:
        flags |= CLOSED
        end += 1
        if end >= data.size or data[end] != _MORE:
            return GAVE_UP, 0, row, 0
    end += 1
    # As many as `guard_reader` takes for it.
    vertices = outline // 2 + 8 if tag == SHAPE_TAG else 0
    if flags & ~CLOSED:
        _note(rows, row, at, end, level, counts)
        rows[row, FLAGS], rows[row, NAME_END], rows[row, OWN_VERTICES] = flags, name_end, vertices
        return end, name_end, room, flags
    counts[0] += 1
    counts[1] = max(counts[1], level)
    counts[2] += vertices
    return end, name_end, row, flags


def _scan(*, on_disk: bool) -> Kernel:
    """Return the kernel; see `find`."""

    def scan(data: Bytes, start: int, rows: Rows) -> int:
        opened = np.empty((DEPTH_MOST + 1, 3), np.int64)
        counts = np.zeros(4, np.int64)
        hashes = np.empty(ATTRIBUTES_MOST, np.uint64)
        at, level, row, elements, in_style, ended = start, 0, 0, 0, False, False
        if _has_control(data):
            return GAVE_UP
        while True:
            content = at
            at = _content_end(data, at, in_style) if level else _after_space(data, at)
            if at < 0 or at >= data.size:
                return row if ended and at >= data.size else GAVE_UP
            counts[3] += at - content
            if data[at] != _LESS or at + 1 >= data.size or row + 4 >= rows.shape[0]:
                return GAVE_UP
            if data[at + 1] == _BANG:
                at = _comment_end(data, at)
                if at < 0 or in_style:
                    return GAVE_UP
            elif data[at + 1] == _SLASH:
                if level == 0:
                    return GAVE_UP
                end = _closes(data, at, opened[level, 0], opened[level, 1])
                if end < 0:
                    return GAVE_UP
                if opened[level, 2]:
                    _note(rows, row, at, end, level, counts)
                    rows[row, FLAGS] = IS_END
                    row += 1
                level -= 1
                in_style, ended, at = False, level == 0, end
            else:
                elements += 1
                if in_style or ended or level == DEPTH_MOST or elements > ELEMENTS_MOST:
                    return GAVE_UP
                end, name_end, row, flags = _start_tag(data, at, level + 1, rows, row, counts, hashes)
                if end < 0:
                    return GAVE_UP
                if flags & CLOSED:
                    ended = level == 0
                else:
                    level += 1
                    opened[level, 0], opened[level, 1] = at + 1, name_end
                    opened[level, 2] = 1 if flags else 0
                    in_style = flags & STYLE != 0
                at = end

    return compiled(scan, on_disk=on_disk)


def _make(wanted: _GuardKernel, *, on_disk: bool) -> Kernel:
    assert wanted.name == "scan"
    return _scan(on_disk=on_disk)


def _nothing(_wanted: _GuardKernel) -> tuple[Any, ...]:
    """Arguments of the types that callers pass: an empty document."""
    return np.frombuffer(b"", np.uint8), 0, np.zeros((1, COLUMNS), np.int32)


_SHELF = Shelf[_GuardKernel](_make, _nothing)
