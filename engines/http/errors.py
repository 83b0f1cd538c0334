"""What the HTTP service refuses by itself, beside what the engines refuse.

EngineError
  RequestError
    ParameterError         a query parameter, header or part of the path
    MalformedBodyError     a body that is not what the route takes
    BodyTooLargeError, ContentTypeError, BodyTooSlowError
    UnknownRouteError, MethodError
    ByteRangeError         a range that the content does not have
    RenderTooLargeError    more pixels than this service draws at once
    NotSignedError, UnknownTileError, EntriesNotPublishedError     about the ledger
  ServiceError             not the caller's fault; the same request may succeed later
    TenantBusyError        this tenant has too much waiting
    OverloadedError        everybody together has too much waiting
    TimeLimitError         it took too long to answer; the work goes on
    StoppingError          the service is being stopped
"""

from collections.abc import Iterable

from engines.errors import EngineError, RequestError


class ParameterError(RequestError):
    """A query parameter, a header or a part of the path does not hold what it must."""

    type = "invalid-parameter"

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field}: {rule}", field=field, value=value, rule=rule)


class MalformedBodyError(RequestError):
    """The body is not what the route takes; `field` is the JSON path of the fault, or the part."""

    type = "malformed-body"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}", field=field, reason=reason)


class BodyTooLargeError(RequestError):
    """The body is larger than the route takes."""

    type = "body-too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body has more than {limit} bytes", field="body", limit=limit)


class BodyTooSlowError(RequestError):
    """The body did not arrive in time."""

    type = "body-too-slow"

    def __init__(self, limit_s: float) -> None:
        super().__init__(
            f"the body did not arrive within {limit_s:g} s; nothing was done", field="body", limit_s=limit_s
        )


class ContentTypeError(RequestError):
    """The route does not take bodies of this type."""

    type = "unsupported-content-type"

    def __init__(self, value: str, accepted: tuple[str, ...]) -> None:
        message = f"Content-Type: {value!r} is not taken here; send {' or '.join(accepted)}"
        super().__init__(message, field="Content-Type", value=value, accepted=accepted)


class UnknownRouteError(RequestError):
    """Nothing is at this path."""

    type = "unknown-route"

    def __init__(self, path: str) -> None:
        super().__init__(f"there is nothing at {path}", path=path)


class MethodError(RequestError):
    """The path takes other methods."""

    type = "method-not-allowed"

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        known = tuple(sorted(allowed))
        super().__init__(f"{method} is not taken here; use {' or '.join(known)}", method=method, allowed=known)


class ByteRangeError(RequestError):
    """The content has no byte in the range that was asked for."""

    type = "range-not-satisfiable"

    def __init__(self, value: str, size: int) -> None:
        super().__init__(f"Range: {value!r} lies outside the {size} bytes", field="Range", value=value, size=size)


class RenderTooLargeError(RequestError):
    """The file would have more pixels than this service draws for one request."""

    type = "render-too-large"

    def __init__(self, megapixels: float, limit: float) -> None:
        message = f"the file would have {megapixels:.1f} megapixels; this service draws at most {limit:g}"
        super().__init__(message, field="megapixels", value=round(megapixels, 3), limit=limit)


class NotSignedError(RequestError):
    """The store has no key, so its ledger has no checkpoint and nothing can be proven."""

    type = "not-signed"

    def __init__(self) -> None:
        super().__init__("this store has no key: its ledger is not signed, so there is no checkpoint and no proof")


class UnknownTileError(RequestError):
    """The signed ledger has no such tile."""

    type = "unknown-tile"

    def __init__(self, path: str) -> None:
        super().__init__(f"the signed ledger has no {path!r}", path=path)


class EntriesNotPublishedError(RequestError):
    """Entries tell of all tenants, and this service does not publish them."""

    type = "entries-not-published"

    def __init__(self) -> None:
        super().__init__("the entries of the ledger tell of all tenants and are not published here; its hashes are")


class ServiceError(EngineError):
    """The service could not answer now; `retry_after_s` says when to ask again, where that is known."""

    type = "service"


class TenantBusyError(ServiceError):
    """Too many requests of one tenant wait already."""

    type = "too-many-requests"

    def __init__(self, waiting: int, limit: int, retry_after_s: int) -> None:
        message = f"{waiting} requests of this tenant are waiting; at most {limit} may"
        super().__init__(message, waiting=waiting, limit=limit, retry_after_s=retry_after_s)


class OverloadedError(ServiceError):
    """There is no room for this request: nothing was done."""

    type = "overloaded"

    def __init__(self, reason: str, limit: float, retry_after_s: int) -> None:
        super().__init__(f"{reason}; nothing was done", limit=limit, retry_after_s=retry_after_s)


class TimeLimitError(ServiceError):
    """The request took longer than the service lets callers wait. The work goes on; asking again finds its result."""

    type = "time-limit"

    def __init__(self, limit_s: float, retry_after_s: int) -> None:
        message = (
            f"there was no answer within {limit_s:g} s; the work goes on, and the same request will find its result"
        )
        super().__init__(message, limit_s=limit_s, retry_after_s=retry_after_s)


class StoppingError(ServiceError):
    """The service is not running, or is being stopped."""

    type = "stopping"

    def __init__(self) -> None:
        super().__init__("the service is being stopped", retry_after_s=1)
