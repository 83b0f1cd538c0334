"""Do conditions and ranges mean what RFC 9110 says?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.http.content import Span, entity_tag, is_known, span_of
from engines.http.errors import ByteRangeError

TAG = entity_tag("ab" * 32)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=0-9", Span(0, 10)),
        ("bytes=5-", Span(5, 5)),
        ("bytes=-3", Span(7, 3)),
        ("bytes=-30", Span(0, 10)),
        ("bytes=2-99", Span(2, 8)),
        ("bytes= 2-3 ", Span(2, 2)),
        (None, None),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=3-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=²-3", None),
        ("bytes=" + "9" * 40 + "-", None),
    ],
)
def test_one_range_is_served_and_anything_else_ignored(header: str | None, expected: Span | None) -> None:
    """A server may ignore what it does not support, and then sends all; it must not send another part."""
    assert span_of(header, None, TAG, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=999-"])
def test_a_range_without_a_byte_is_refused(header: str) -> None:
    """416 tells a client that resumes a download that it has all already."""
    with pytest.raises(ByteRangeError):
        span_of(header, None, TAG, 10)


def test_if_range_needs_the_very_same_content() -> None:
    """A part of other content must never be appended to what the client has; weak tags and dates do not count."""
    assert span_of("bytes=1-", TAG, TAG, 10) == Span(1, 9)
    for other in (entity_tag("cd" * 32), f"W/{TAG}", "Sun, 22 Nov 2026 00:00:00 GMT"):
        assert span_of("bytes=1-", other, TAG, 10) is None


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (TAG, True),
        (f"W/{TAG}", True),
        (f'"other", {TAG}', True),
        ("*", True),
        ('"other"', False),
        (TAG.strip('"'), False),
        (None, False),
        ("", False),
    ],
)
def test_if_none_match_compares_weakly(header: str | None, known: bool) -> None:
    """RFC 9110 §13.1.2; a proxy may have weakened the tag."""
    assert is_known(header, TAG) is known


@given(st.binary(min_size=1, max_size=50), st.integers(0, 60), st.one_of(st.none(), st.integers(0, 60)))
def test_a_range_is_a_slice(content: bytes, first: int, last: int | None) -> None:
    """The part that is sent is the part that was asked for, for every range."""
    header = f"bytes={first}-{'' if last is None else last}"
    try:
        span = span_of(header, None, TAG, len(content))
    except ByteRangeError:
        assert content[first : None if last is None else last + 1] == b""
        return
    if span is None:
        assert last is not None
        assert last < first
        return
    assert content[span.start : span.start + span.size] == content[first : None if last is None else last + 1]
