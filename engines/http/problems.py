"""Which error gives which HTTP status, and how is it told? One table for the whole service; RFC 9457 documents.

The rule: 400 cannot be read as what the route takes (form, names, ranges); 404 names something that this scope does not have; 422 can be
read, and cannot be done. One error type has one status wherever it is raised. Faults of ours and of the store are told without details,
which are in the log under the request's id.
"""

from typing import NamedTuple

import msgspec

from compositor.errors import CompositorError
from engines.colours import ColourError
from engines.errors import EngineError, RequestError
from engines.http.errors import (
    BodyTooLargeError,
    BodyTooSlowError,
    ByteRangeError,
    ContentTypeError,
    EntriesNotPublishedError,
    MethodError,
    NotSignedError,
    OverloadedError,
    RenderTooLargeError,
    ServiceError,
    StoppingError,
    TenantBusyError,
    TimeLimitError,
    UnknownRouteError,
    UnknownTileError,
)
from engines.image_core.layers import LayerTooLargeError
from engines.image_core.presets import ExportTooLargeError, UnknownPresetError, UnsupportedFormatError
from engines.image_core.sources import SourceError
from engines.isolation.errors import WorkerDiedError, WorkerMemoryLimitError, WorkerTimeLimitError
from engines.media_v2.errors import (
    BlobStoreError,
    IdempotencyConflictError,
    KeyExistsError,
    KeyOutsideScopeError,
    MetaError,
    MissingOptionError,
    NoKeyError,
    NotAStoreError,
    ObjectSettingsError,
    ProofError,
    RetractedArtifactError,
    StoreNotFoundError,
    UnknownArtifactError,
    UnsupportedMediaError,
    WrongKindError,
)
from engines.typography_core.errors import FontRefusedError, TextLimitError, UnknownFontError
from engines.vector_core.artifact_resources import ResourceMapError
from engines.vector_core.errors import SvgEngineError, SvgRefusedError
from engines.vector_core.postscript import UnfaithfulDocumentError
from ledger.errors import BusyError, LedgerError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:impasto:problem:"
REQUEST_PREFIX = "urn:impasto:request:"
INTERNAL = "internal"
"""Slug of what we did not foresee."""
NOT_DRAWABLE = "not-drawable"
"""Slug of all that the compositor refuses: compositions are checked before, so it should have nothing to refuse."""
STORE_BUSY = "store-busy"
SERVER_FAULT = 500
"""From this status on it is not the caller's mistake."""

DETAIL_CHARS_MAX = 2_000
VALUE_CHARS_MAX = 200
"""Of a value that a problem repeats: enough to find it, too few to make the answer as large as the request."""

_RESERVED = frozenset({"type", "title", "status", "detail", "instance"})

STATUS: tuple[tuple[type[BaseException], int], ...] = (
    # from special to general: the first row that fits counts
    (UnknownArtifactError, 404),
    (UnknownPresetError, 404),
    (UnknownRouteError, 404),
    (UnknownTileError, 404),
    (NotSignedError, 404),
    (EntriesNotPublishedError, 404),
    (MethodError, 405),
    (BodyTooSlowError, 408),
    (RetractedArtifactError, 410),
    (BodyTooLargeError, 413),
    (ContentTypeError, 415),
    (UnsupportedMediaError, 415),
    (ByteRangeError, 416),
    (IdempotencyConflictError, 422),
    (WrongKindError, 422),
    (UnsupportedFormatError, 422),
    (ExportTooLargeError, 422),
    (RenderTooLargeError, 422),
    (LayerTooLargeError, 422),
    (TextLimitError, 422),
    (SourceError, 422),
    (SvgRefusedError, 422),
    (FontRefusedError, 422),
    (SvgEngineError, 422),
    (UnfaithfulDocumentError, 422),
    (ResourceMapError, 422),
    (UnknownFontError, 422),
    (WorkerTimeLimitError, 422),
    (WorkerMemoryLimitError, 422),
    (WorkerDiedError, 422),
    (TenantBusyError, 429),
    (OverloadedError, 503),
    (StoppingError, 503),
    (TimeLimitError, 504),
    (ServiceError, 503),
    # the caller cannot have caused these
    (StoreNotFoundError, 500),
    (NotAStoreError, 500),
    (KeyExistsError, 500),
    (NoKeyError, 500),
    (ProofError, 500),
    (MissingOptionError, 500),
    (ObjectSettingsError, 500),
    (KeyOutsideScopeError, 500),
    (MetaError, 500),
    # every other mistake of the caller
    (ColourError, 400),
    (RequestError, 400),
    (CompositorError, 422),
    (BusyError, 503),
    (BlobStoreError, 503),
    (LedgerError, 500),
    (EngineError, 500),
)


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An RFC 9457 document; the fields of the error (field, value, limit, known ...) stand beside these."""

    type: str
    """Stable: `urn:impasto:problem:` and the error's slug."""
    title: str
    """The slug as words."""
    status: int
    detail: str
    """What was wrong, with field, value and limit."""
    instance: str
    """`urn:impasto:request:` and the id of the request, as in the header X-Request-Id and in the log."""


class Told(NamedTuple):
    """An error as it goes out: status, document and headers."""

    status: int
    content: bytes
    headers: dict[str, str]
    is_ours: bool
    """Whether it is a fault of ours or of the store, told without details."""


def status_of(error: BaseException) -> int:
    """Return the HTTP status for `error`; 500 for what is in no row."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def slug_of(error: BaseException) -> str:
    """Return the stable slug: an engine's own type, and one word each for the compositor, a busy store and everything else."""
    if isinstance(error, EngineError):
        return error.type
    if isinstance(error, CompositorError):
        return NOT_DRAWABLE
    return STORE_BUSY if isinstance(error, BusyError) else INTERNAL


def tell(error: BaseException, request_id: str, retry_after_s: int) -> Told:
    """Return the problem document for `error`, with `Retry-After` where asking again makes sense, and `Allow` for a wrong method."""
    status = status_of(error)
    slug = slug_of(error)
    # What the service itself says when it is busy is meant for callers; what fails below it is not.
    private = status >= SERVER_FAULT and not isinstance(error, ServiceError)
    problem = Problem(
        type=TYPE_PREFIX + slug,
        title=slug.replace("-", " ").capitalize(),
        status=status,
        detail=_PRIVATE.get(status, _FAILED) if private else _cut(str(error), DETAIL_CHARS_MAX),
        instance=REQUEST_PREFIX + request_id,
    )
    fields = {} if private else _fields(error)
    document = msgspec.to_builtins(problem) | {name: value for name, value in fields.items() if name not in _RESERVED}
    return Told(status, msgspec.json.encode(document), _headers(error, status, retry_after_s), private)


_FAILED = "something failed on our side; the log has it under this request's id"
_PRIVATE = {503: "the store is busy; ask again"}


def _headers(error: BaseException, status: int, retry_after_s: int) -> dict[str, str]:
    headers: dict[str, str] = {"Cache-Control": "no-store"}
    if status in (429, 503, 504):
        headers["Retry-After"] = str(retry_after_s)
    if isinstance(error, MethodError):
        headers["Allow"] = ", ".join(msgspec.convert(error.fields["allowed"], tuple[str, ...]))
    if isinstance(error, ByteRangeError):
        headers["Content-Range"] = f"bytes */{error.fields['size']}"
    return headers


def _fields(error: BaseException) -> dict[str, object]:
    """What the error says beside its message, as plain JSON values, long texts cut."""
    given = error.fields if isinstance(error, EngineError) else vars(error)
    told = msgspec.to_builtins({name: value for name, value in given.items() if name[0] != "_"}, enc_hook=repr)
    return {name: _plain(value, VALUE_CHARS_MAX) for name, value in told.items()}


def _plain(value: object, limit: int) -> object:
    match value:
        case str():
            return _cut(value, limit)
        case list() | tuple():
            return [_plain(one, limit) for one in value]
        case dict():
            return {str(name): _plain(one, limit) for name, one in value.items()}
        case _:
            return value


def _cut(text: str, limit: int) -> str:
    text = text.encode("utf-8", "replace").decode()  # half of a surrogate pair cannot be sent
    return text if len(text) <= limit else text[:limit] + "…"
