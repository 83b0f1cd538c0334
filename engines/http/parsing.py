"""Is what was sent what the endpoint takes? Query strings, JSON bodies and uploads, decoded strictly. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from engines.http.documents import NAME_CHARS_MAX
from engines.http.endpoints import Call, Endpoint, FileBody, JsonBody, Upload
from engines.http.errors import MalformedBodyError, ParameterError
from engines.media_v2 import keys
from engines.media_v2.scope import Scope, scope_of

PARAMETERS_MAX = 32
"""No route has a quarter of it."""
_NO_SCOPE = Scope("", "")
"""Of routes that belong to no tenant; no artifact is in it."""


class Head(NamedTuple):
    """A request without its body, checked."""

    scope: Scope
    path: dict[str, str]
    query: msgspec.Struct
    headers: dict[str, str]


def parse_head(endpoint: Endpoint, path: Mapping[str, Any], query: bytes, headers: Mapping[str, str]) -> Head:
    """Check all that comes before the body. Raises `ScopeError`, `ParameterError`."""
    values = {name: str(value).removeprefix("/") for name, value in path.items()}
    scope = scope_of(values["tenant"], values["env"]) if endpoint.scoped else _NO_SCOPE
    return Head(scope, values, _parse_query(endpoint.query, query), dict(headers))


def parse_call(endpoint: Endpoint, head: Head, sent: bytes | Upload) -> Call:
    """Decode the body, and identify the request by all that it asks for. Raises `MalformedBodyError`."""
    body, identity = _parse_body(endpoint.body, sent)
    asked = [endpoint.name, head.path, msgspec.to_builtins(head.query), identity]
    return Call(head.scope, head.path, head.query, body, head.headers, keys.sha256_hex(keys.canonical(asked)))


def _parse_query(wanted: type[msgspec.Struct], query: bytes) -> msgspec.Struct:
    """Raises `ParameterError` for parameters that are unknown, repeated, empty or out of their range."""
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
    except ValueError:
        rule = f"at most {PARAMETERS_MAX} parameters in ASCII, escaped where need be"
        raise ParameterError("query", "", rule) from None
    values = dict(pairs)
    known = wanted.__struct_fields__
    for name, value in values.items():
        if name not in known:
            raise ParameterError(name, value, f"unknown; known: {', '.join(known)}" if known else "none is taken here")
        if [other for other, _ in pairs].count(name) > 1:
            raise ParameterError(name, value, "given more than once")
    try:
        decoded = msgspec.convert(values, wanted, strict=False)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        field = place.rstrip("`")
        raise ParameterError(field, values[field], reason + _choices(wanted, field)) from error
    if null := next((name for name in values if getattr(decoded, name) is None), None):
        raise ParameterError(null, values[null], "leave it out instead" + _choices(wanted, null))
    return decoded


def _choices(query: type[msgspec.Struct], field: str) -> str:
    """The words that a parameter may be, where it is one of a few."""
    info = msgspec.inspect.type_info(query)
    assert isinstance(info, msgspec.inspect.StructType)
    kind = next(one.type for one in info.fields if one.name == field)
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    words = [word for one in kinds if isinstance(one, msgspec.inspect.LiteralType) for word in one.values]
    return f"; known: {', '.join(map(str, words))}" if words else ""


def _parse_body(kind: JsonBody | FileBody | None, sent: bytes | Upload) -> tuple[Any, str]:
    """Return the body as its endpoint wants it, and what identifies it: its hash, and its name where it has one."""
    match kind:
        case None:
            return None, ""
        case FileBody():
            upload = sent if isinstance(sent, Upload) else Upload(sent, None)
            _check_upload(upload)
            return upload, f"{hashlib.sha256(upload.content).hexdigest()} {upload.name}"
        case JsonBody(type=wanted, raw=raw):
            assert isinstance(sent, bytes)
            return (sent if raw else _decode_json(wanted, sent)), hashlib.sha256(sent).hexdigest()


def _check_upload(upload: Upload) -> None:
    if not upload.content:
        raise MalformedBodyError("body", "is empty")
    if upload.name is not None and not (upload.name.isprintable() and len(upload.name) <= NAME_CHARS_MAX):
        raise MalformedBodyError("file", f"its filename needs at most {NAME_CHARS_MAX} printable characters")


def _decode_json(wanted: Any, content: bytes) -> Any:
    try:
        return msgspec.json.decode(content, type=wanted)
    except RecursionError:
        raise MalformedBodyError("$", "nested too deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason, _, place = str(error).partition(" - at `")
        raise MalformedBodyError(place.rstrip("`") or "$", reason) from error
