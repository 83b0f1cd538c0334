"""Which bytes answer a request for content? Entity tags, conditions and ranges of RFC 9110, over immutable bytes. Pure.

Content never changes under its id, so its tag is strong: the hash of the bytes, and the same for every representation that we have.
"""

import re
from typing import NamedTuple

from engines.http.errors import ByteRangeError

_TAG = re.compile(r'(?:W/)?"[^"]*"|\*')
_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*")


class Span(NamedTuple):
    """Part of some content: `size` bytes from byte `start` on."""

    start: int
    size: int


def entity_tag(sha256: str) -> str:
    """Return the strong entity tag of content with this hash (hex)."""
    return f'"{sha256}"'


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Whether the client has the content already: If-None-Match names `tag`, or is `*`. Weak comparison, RFC 9110 §13.1.2."""
    if if_none_match is None:
        return False
    return any(one in ("*", tag, f"W/{tag}") for one in _TAG.findall(if_none_match))


def span_of(range_header: str | None, if_range: str | None, tag: str, size: int) -> Span | None:
    """Return the part that is asked for, None for all of it. RFC 9110 §14.

    Anything that is not one range of bytes is ignored, as is every range when If-Range does not name `tag` (strong comparison; a date
    never matches, for content has none). Raises `ByteRangeError` for a range without a byte.
    """
    if range_header is None or (if_range is not None and if_range.strip() != tag):
        return None
    found = _RANGE.fullmatch(range_header.strip())
    if found is None or found.group(0).strip() == "bytes=-":
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise ByteRangeError(range_header, size)
    return Span(start, end - start)


def file_name_header(name: str) -> str:
    """Return Content-Disposition for a deterministic name: `a-z0-9-_.`, so that nothing needs quoting twice."""
    return f'inline; filename="{name}"'
