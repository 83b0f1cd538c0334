"""What went wrong with object storage, told without repeating what was said? Of the library's error only a status and a short code.

Its texts quote the server's answer, which may quote the request with its credentials, so they are never shown.
"""

import re
from typing import NamedTuple

NOT_FOUND, NO_SUCH_BYTES = "not found", "no such bytes"
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z]{1,40})</Code>")
_PASSING = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed. 409: two creations of one key at the same time."""
_WORDS = (
    ("builder error", "the library refuses the address"),
    ("External AWS credential provider", "no credentials"),
    ("/latest/api/token in ", "no credentials"),
    ("/latest/meta-data/iam/security-credentials/ in ", "no credentials"),
    ("kind: Timeout", "no answer in time"),
    ("kind: TimedOut", "no answer in time"),
    ("kind: ConnectionRefused", "connection refused"),
    ("dns error", "the host's name is not known"),
    ("InvalidCertificate(", "the server's certificate is not trusted"),
    ("error sending request", "connection lost"),
    ("body error", "connection lost"),
)
"""What in the library's text tells the fault, and how we say it; the first that is found counts. No key, bucket or prefix can hold
one of these marks, for they have spaces, colons or brackets."""
_KINDS = {"PermissionDeniedError": "permission denied", "UnauthenticatedError": "not authenticated"}
"""What the library's class of an error says by itself."""
_LASTING = (
    "the library refuses the address",
    "the host's name is not known",
    "the server's certificate is not trusted",
    *_KINDS.values(),
)


class Fault(NamedTuple):
    """Why an attempt came to nothing, in our words, and whether another one may succeed."""

    reason: str
    passing: bool


def fault_of(error: Exception) -> Fault:
    """Tell what went wrong without repeating what was said. Raises what no store is to blame for."""
    from obstore.exceptions import BaseError  # here, so that who has no such store need not have the library

    if not isinstance(error, BaseError | OSError):
        raise error
    text = str(error)
    status, code = _first(_STATUS, text), _first(_CODE, text)
    if code == "NoSuchBucket":
        return Fault("there is no such bucket", passing=False)
    if isinstance(error, FileNotFoundError):
        return Fault(NOT_FOUND, passing=False)
    if status == "416":
        return Fault(NO_SUCH_BYTES, passing=False)
    if status:
        return Fault(f"refused with {status} {code}".rstrip(), passing=int(status) in _PASSING)
    unknown = _KINDS.get(type(error).__name__, "the library failed")
    reason = next((words for mark, words in _WORDS if mark in text), unknown)
    return Fault(reason, passing=reason not in _LASTING)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
