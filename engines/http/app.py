"""How do the routes become an application? The only file that knows Litestar: bodies and parameters in, answers and problems out.

Main path: `create_app` -> `_handle` for each request: read it, work on it on a thread, send the answer. Nothing is decided here. The
application is plain ASGI; `server.py` runs it with Granian.
"""

import asyncio
import contextvars
import functools
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from litestar import Litestar, Request, Response
from litestar.datastructures import UploadFile
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Message, Receive, Scope, Send

from engines.http import problems
from engines.http.endpoints import JSON, MULTIPART, Answer, Endpoint, FileBody, JsonBody, Stream, Upload
from engines.http.errors import (
    BodyTooLargeError,
    BodyTooSlowError,
    ContentTypeError,
    MalformedBodyError,
    MethodError,
    OverloadedError,
    ParameterError,
    TimeLimitError,
    UnknownRouteError,
)
from engines.http.exchange import REQUEST_ID_HEADER, Exchange
from engines.http.logs import json_log
from engines.http.parsing import Head, parse_call, parse_head
from engines.http.routes import ENDPOINTS
from engines.http.service import Service
from engines.http.settings import Settings

AnyRequest = Request[Any, Any, Any]
_FORM_BYTES = 64 << 10
"""What the envelope of a form may add to its file."""
_FORM_PARTS_MAX = 16
_LENGTH_DIGITS = 19
_PIECE_BYTES = 1 << 20
"""Of content that is sent in pieces."""
_ALWAYS_ANSWERED = frozenset({"/healthz", "/metrics"})
"""Also when there is no room for any other request: whoever watches the service must see that it is busy, and not dead."""
NO_CONTENT, NOT_MODIFIED = 204, 304

_EXCHANGE: contextvars.ContextVar[Exchange] = contextvars.ContextVar("exchange")


class HttpApp(Litestar):
    """The application; every request gets an id, a line in the log and its place in the metrics."""

    service: Service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == REQUEST_ID_HEADER.encode()), b"")
        exchange = Exchange(scope["method"], scope["path"], given.decode("latin-1"))
        token = _EXCHANGE.set(exchange)
        answer = functools.partial(_send, exchange, send)
        try:
            with nullcontext() if scope["path"] in _ALWAYS_ANSWERED else self.service.requests.held(1):
                await super().__call__(scope, receive, answer)
        except OverloadedError as error:  # of the line above: what routes raise never comes this far
            await _tell(self.service, error, scope["method"])(scope, receive, answer)
        finally:
            _EXCHANGE.reset(token)
            exchange.record(self.service)


async def _send(exchange: Exchange, send: Send, message: Message) -> None:
    """Pass a message on, with the headers that every answer has."""
    if message["type"] == "http.response.start":
        exchange.status = message["status"]
        extra = [(REQUEST_ID_HEADER.encode(), exchange.request_id.encode()), (b"x-content-type-options", b"nosniff")]
        message["headers"] = [*message["headers"], *extra]
    elif message["type"] == "http.response.body":
        exchange.sent_bytes += len(message["body"])
    await send(message)


def create_app(store: Path | str, settings: Settings | None = None, log_stream: TextIO | None = None) -> HttpApp:
    """Return the application that serves the store at `store`; its lifespan opens and closes the store.

    Log lines go to `log_stream`, by default stderr.
    """
    service = Service(store, settings or Settings(), json_log(log_stream))

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        service.__enter__()
        try:
            yield
        finally:
            await asyncio.to_thread(service.__exit__, None, None, None)

    app = HttpApp(
        [_path_handler(service, path, endpoints) for path, endpoints in _by_path().items()],
        lifespan=[lifespan],
        exception_handlers={Exception: functools.partial(_tell_unrouted, service)},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,
        multipart_form_part_limit=_FORM_PARTS_MAX,
    )
    app.service = service
    return app


def _by_path() -> dict[str, list[Endpoint]]:
    found: dict[str, list[Endpoint]] = {}
    for endpoint in ENDPOINTS:
        found.setdefault(endpoint.path, []).append(endpoint)
    return found


def _path_handler(service: Service, path: str, endpoints: list[Endpoint]) -> HTTPRouteHandler:
    """One handler for all methods of a path: so that HEAD follows GET, and OPTIONS and 405 name all of them."""
    by_method = {endpoint.method: endpoint for endpoint in endpoints}
    if "GET" in by_method:
        by_method["HEAD"] = by_method["GET"]
    methods = tuple(map(HttpMethod, ("OPTIONS", *by_method)))
    allowed = ", ".join(sorted(methods))

    async def handle(request: AnyRequest) -> ASGIResponse:
        if request.method == "OPTIONS":
            return ASGIResponse(status_code=NO_CONTENT, headers={"allow": allowed})
        return await _handle(service, by_method[request.method], request)

    # The framework's word for a parameter that may hold slashes is `path`.
    spelt = re.sub(r"{(\w+)}", lambda found: f"{{{found[1]}:{'path' if found[1] == 'tile' else 'str'}}}", path)
    limit = max(_body_limit(service.settings, endpoint) for endpoint in endpoints)
    return HTTPRouteHandler(spelt, http_method=methods, request_max_body_size=limit)(handle)


def _body_limit(settings: Settings, endpoint: Endpoint) -> int:
    match endpoint.body:
        case JsonBody(limit=limit):
            return limit
        case FileBody():
            return settings.upload_bytes + _FORM_BYTES
        case None:
            return 0


async def _handle(service: Service, endpoint: Endpoint, request: AnyRequest) -> ASGIResponse:
    exchange = _EXCHANGE.get()
    exchange.route = endpoint.path
    try:
        head = parse_head(endpoint, request.path_params, request.scope["query_string"], request.headers)
        sent, size = await _receive(service, endpoint, request)
        answer = await _worked_on(service, endpoint, head, sent, size)
    except Exception as error:  # noqa: BLE001 - the one place where every error of a route becomes a problem
        return _tell(service, error, request.method)
    exchange.facts |= answer.facts
    return _response(answer, request.method)


async def _worked_on(service: Service, endpoint: Endpoint, head: Head, sent: bytes | Upload, size: int) -> Answer:
    """Do the route's work on a thread. It cannot be stopped: past the time limit the caller is answered, and it goes on."""
    limit_s = service.settings.time_limit_s
    context = contextvars.copy_context()
    try:
        work = service.threads.submit(context.run, _work, service, endpoint, head, sent)
    except BaseException:
        service.bodies.give(size)
        raise
    waited = asyncio.wrap_future(work)
    waited.add_done_callback(lambda _: service.bodies.give(size))
    drop = functools.partial(_drop, service, _EXCHANGE.get())
    try:
        done, _ = await asyncio.wait((waited,), timeout=limit_s)
    except asyncio.CancelledError:  # the client went away
        waited.add_done_callback(drop)
        raise
    if not done:
        waited.add_done_callback(drop)
        raise TimeLimitError(limit_s, service.settings.retry_after_s)
    return waited.result()


def _work(service: Service, endpoint: Endpoint, head: Head, sent: bytes | Upload) -> Answer:
    return endpoint.handler(service, parse_call(endpoint, head, sent))


def _drop(service: Service, exchange: Exchange, late: "asyncio.Future[Answer]") -> None:
    """Nobody waits for this answer any more: let go of its file, and tell the log how it ended."""
    if late.cancelled():
        return
    error = late.exception()
    if error is None and isinstance(content := late.result().content, Stream):
        content.file.close()
    facts = late.result().facts if error is None else {"problem": problems.slug_of(error)}
    service.log.info("finished late", request_id=exchange.request_id, route=exchange.route, exc_info=error, **facts)


def _announced(request: AnyRequest, limit: int) -> int:
    """How many bytes the body will have at most. Raises `BodyTooLargeError` before any of it is read."""
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isascii() and announced.isdigit() and len(announced) < _LENGTH_DIGITS else limit
    if size > limit:
        raise BodyTooLargeError(limit)
    return size


async def _receive(service: Service, endpoint: Endpoint, request: AnyRequest) -> tuple[bytes | Upload, int]:
    """Read the body; its bytes are held in `service.bodies`, and whoever gets it gives them back."""
    if endpoint.body is None:
        return b"", 0
    limit = _body_limit(service.settings, endpoint)
    size = service.bodies.take(_announced(request, limit))
    try:
        return await _read_in_time(service, endpoint.body, request, limit), size
    except BaseException:
        service.bodies.give(size)
        raise


async def _read_in_time(service: Service, kind: JsonBody | FileBody, request: AnyRequest, limit: int) -> bytes | Upload:
    limit_s = service.settings.time_limit_s
    try:
        async with asyncio.timeout(limit_s):
            return await _read_body(kind, request)
    except TimeoutError:
        raise BodyTooSlowError(limit_s) from None
    except RequestEntityTooLarge:
        raise BodyTooLargeError(limit) from None
    except HTTPException as error:
        raise MalformedBodyError("body", error.detail) from error


async def _read_body(kind: JsonBody | FileBody, request: AnyRequest) -> bytes | Upload:
    content_type, _ = request.content_type
    if isinstance(kind, JsonBody) and content_type not in ("", JSON):
        raise ContentTypeError(content_type, (JSON,))
    if isinstance(kind, FileBody) and content_type == MULTIPART:
        return await _form_file(request)
    return await request.body()


async def _form_file(request: AnyRequest) -> Upload:
    """The part `file` of a form. Raises `MalformedBodyError` when there is none."""
    form = await request.form()
    parts = form.getall("file", [])
    try:
        if len(parts) != 1 or not isinstance(parts[0], UploadFile):
            raise MalformedBodyError("file", "the form needs one part of this name, with a filename")
        return Upload(await parts[0].read(), parts[0].filename)
    finally:
        for part in form.values():
            if isinstance(part, UploadFile):
                await part.close()


class _Streamed(ASGIStreamingResponse):
    """Sends a part of a file in pieces, and closes it whether or not the client stays to the end."""

    def __init__(self, stream: Stream, headers: Mapping[str, str], status: int) -> None:
        super().__init__(iterator=_pieces(stream), headers=dict(headers), status_code=status)
        self._file = stream.file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


async def _pieces(stream: Stream) -> AsyncGenerator[bytes, None]:
    left = stream.size
    while left > 0 and (piece := await asyncio.to_thread(stream.file.read, min(left, _PIECE_BYTES))):
        left -= len(piece)
        yield piece


def _response(answer: Answer, method: str) -> ASGIResponse:
    """The answer as ASGI sends it; without its body for HEAD and 304."""
    content = answer.content
    size = content.size if isinstance(content, Stream) else len(content)
    headers = {"content-type": answer.media_type, **answer.headers}
    if answer.status != NOT_MODIFIED:
        headers["content-length"] = str(size)
    if method == "HEAD" or answer.status == NOT_MODIFIED:
        if isinstance(content, Stream):
            content.file.close()
        return ASGIResponse(headers=headers, status_code=answer.status, is_head_response=True)
    if isinstance(content, Stream):
        return _Streamed(content, headers, answer.status)
    return ASGIResponse(body=content, headers=headers, status_code=answer.status)


def _tell(service: Service, error: Exception, method: str) -> ASGIResponse:
    told = _told(service, error)
    return _response(Answer(told.status, told.content, problems.MEDIA_TYPE, told.headers), method)


def _told(service: Service, error: Exception) -> problems.Told:
    """The problem document for `error`; what is our fault goes into the log with its traceback."""
    exchange = _EXCHANGE.get()
    told = problems.tell(error, exchange.request_id, service.settings.retry_after_s)
    exchange.facts["problem"] = problems.slug_of(error)
    if told.is_ours:
        service.log.error("failed", request_id=exchange.request_id, route=exchange.route, exc_info=error)
    return told


def _tell_unrouted(service: Service, request: AnyRequest, error: Exception) -> Response[bytes]:
    """The same for what went wrong before a route was found."""
    match error:
        case NotFoundException():
            error = UnknownRouteError(request.scope["path"])
        case MethodNotAllowedException(headers=headers):
            error = MethodError(request.method, (headers or {}).get("allow", "").split(", "))
        case HTTPException(status_code=status, detail=detail) if status < problems.SERVER_FAULT:
            error = ParameterError("request", "", detail)
        case _:
            pass
    told = _told(service, error)
    content = b"" if request.method == "HEAD" else told.content
    return Response(content, media_type=problems.MEDIA_TYPE, status_code=told.status, headers=told.headers)
