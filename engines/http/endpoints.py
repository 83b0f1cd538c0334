"""What is a route? A value: method, path, what it takes, what it answers, and the function that does it. No framework is known here.

The table of all routes (`routes.py`) makes the application, the OpenAPI document and the tables of the guide, so that they cannot differ.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import msgspec

from engines.media_v2.scope import Scope

if TYPE_CHECKING:
    from engines.http.service import Service

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
MULTIPART = "multipart/form-data"
SCOPED = "/v1/{tenant}/{env}"


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameters."""


class JsonBody(NamedTuple):
    """A body of JSON that decodes as `type`, at most `limit` bytes; the handler gets it decoded, or as bytes where `raw`."""

    type: Any
    limit: int
    raw: bool = False


class FileBody(NamedTuple):
    """A file: all of the body, or the part `file` of a form; the handler gets an `Upload`."""

    media_types: tuple[str, ...]


class Upload(NamedTuple):
    """A file that was sent. `name` is what the form or the query says, None where neither does."""

    content: bytes
    name: str | None


class Call(NamedTuple):
    """One request, checked against its endpoint. `scope` is there for all paths with a tenant and env."""

    scope: Scope
    path: Mapping[str, str]
    query: Any
    body: Any
    headers: Mapping[str, str]
    """Names in lower case."""
    fingerprint: str
    """SHA-256 (hex) of all that the request asks for, its body included; equal for a repeated request."""


class Stream(NamedTuple):
    """Content too large for one piece: the next `size` bytes of an open file. Whoever has it closes the file."""

    file: BinaryIO
    size: int


class Answer(NamedTuple):
    """What goes out. `facts` go into the log and the metrics only."""

    status: int
    content: bytes | Stream
    media_type: str
    headers: Mapping[str, str] = {}
    facts: Mapping[str, object] = {}


class Reply(NamedTuple):
    """One way in which a route answers, for its document. `type` is None for bytes and texts."""

    description: str
    type: Any = None
    media_types: tuple[str, ...] = (JSON,)
    headers: tuple[str, ...] = ()


Handler = Callable[["Service", Call], Answer]


class Endpoint(NamedTuple):
    """One route."""

    method: str
    path: str
    name: str
    """Its operation id."""
    summary: str
    handler: Handler
    replies: Mapping[int, Reply]
    problems: tuple[int, ...] = ()
    """Statuses of problems beside those that every route may answer."""
    query: type[msgspec.Struct] = NoQuery
    body: JsonBody | FileBody | None = None
    headers: tuple[str, ...] = ()
    """Request headers that it heeds."""

    @property
    def scoped(self) -> bool:
        """Whether it belongs to a tenant and env."""
        return self.path.startswith(SCOPED)


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return `value` as JSON."""
    return Answer(status, msgspec.json.encode(value), JSON, headers or {})
