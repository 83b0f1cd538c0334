"""How are the routes described to programs? An OpenAPI 3.1 document, made from the table of routes and msgspec's schemas.

Both speak JSON Schema 2020-12, so a schema here is what bodies are decoded by, `additionalProperties: false` included.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from engines.http import documents, problems
from engines.http.endpoints import JSON, MULTIPART, Endpoint, FileBody, JsonBody, Reply
from engines.http.idempotency import HEADER, KEY_CHARS_MAX, REPLAYED_HEADER
from engines.http.routes import ENDPOINTS
from engines.http.system_routes import version
from engines.image_core.composition import Composition
from engines.media_v2.models import META_OF_KIND, ArtifactId
from engines.media_v2.presets import PresetId
from engines.media_v2.scope import NAME_RULE

_REF = "#/components/schemas/{name}"
_ALWAYS = (400, 405, 500)
"""Problems that every route may answer."""
_WITH_BODY = {408, 413, 415}
_SCOPE_NAME = {"type": "string", "pattern": NAME_RULE}
_TEXT = {"type": "string"}

PATH_SCHEMAS: dict[str, dict[str, Any]] = {
    "tenant": _SCOPE_NAME,
    "env": _SCOPE_NAME,
    "artifact_id": msgspec.json.schema(ArtifactId),
    "composition_id": msgspec.json.schema(ArtifactId),
    "scene_id": msgspec.json.schema(ArtifactId),
    "preset_id": msgspec.json.schema(PresetId),
    "tile": {"type": "string", "pattern": "^(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?$"},
}
REQUEST_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    HEADER: (
        "Any text of the client's choice: the same key with the same request is answered as the first time, "
        "with another request it is refused.",
        {"type": "string", "minLength": 1, "maxLength": KEY_CHARS_MAX, "pattern": "^[ -~]+$"},
    ),
    "If-None-Match": ("Entity tags that the client has.", _TEXT),
    "Range": ("One range of bytes; others are ignored.", _TEXT),
    "If-Range": ("The entity tag that the range is a part of.", _TEXT),
}
RESPONSE_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Location": ("Path of what was created, or URL of the bytes.", _TEXT),
    "ETag": ("The SHA-256 of the bytes.", {"type": "string", "pattern": '^"[0-9a-f]{64}"$'}),
    "Cache-Control": ("How long it may be kept.", _TEXT),
    "Content-Disposition": ("The deterministic file name.", _TEXT),
    "Content-Range": ("Which bytes of how many.", _TEXT),
    "Accept-Ranges": ("`bytes`.", _TEXT),
    "Retry-After": ("Seconds after which to ask again.", {"type": "string", "pattern": "^[0-9]+$"}),
}


@functools.cache
def document() -> dict[str, Any]:
    """Return the document. Do not write into it."""
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Impasto",
            "version": version(),
            "description": "Compose, export and register pictures; every output can be proven and made again. "
            "There is no authentication: put the service behind what knows who may act for which tenant.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": _schemas()},
    }


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [_tag(endpoint)],
        "parameters": list(_parameters(endpoint)),
        "responses": _responses(endpoint),
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _request_content(endpoint.body)}
    return operation


def _tag(endpoint: Endpoint) -> str:
    """The resource: the part of the path after the scope, or the first one."""
    parts = [part for part in endpoint.path.split("/") if part and part[0] != "{"]
    return parts[1] if parts[0] == "v1" else "service"


def _parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"{(\w+)}", endpoint.path):
        yield {"name": name, "in": "path", "required": True, "schema": PATH_SCHEMAS[name]}
    for field in msgspec.structs.fields(endpoint.query):
        schema = msgspec.json.schema(endpoint.query)["$defs"][endpoint.query.__name__]["properties"][field.encode_name]
        yield {"name": field.encode_name, "in": "query", "required": False, "schema": _without_null(schema)}
    for name in endpoint.headers:
        description, schema = REQUEST_HEADERS[name]
        yield {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is left out rather than null."""
    choices = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    rest: dict[str, Any] = {name: value for name, value in schema.items() if name not in ("anyOf", "default")}
    if len(choices) == 1:
        return {**rest, **choices[0]}
    if "enum" in rest:
        rest["enum"] = [value for value in rest["enum"] if value is not None]
    return rest | ({"default": schema["default"]} if schema.get("default") is not None else {})


def _request_content(body: JsonBody | FileBody) -> dict[str, Any]:
    if isinstance(body, JsonBody):
        return {JSON: {"schema": _schema_of(body.type)}}
    part = {
        "type": "object",
        "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
        "required": ["file"],
    }
    raw: dict[str, Any] = {media_type: {"schema": {}} for media_type in body.media_types}
    return {MULTIPART: {"schema": part}} | raw


def _responses(endpoint: Endpoint) -> dict[str, Any]:
    answers = {str(status): _response(endpoint, reply) for status, reply in sorted(endpoint.replies.items())}
    statuses = {*_ALWAYS, *endpoint.problems, 503, 504}
    if endpoint.body is not None:
        statuses |= _WITH_BODY
    return answers | {str(status): _problem(status) for status in sorted(statuses)}


def _response(endpoint: Endpoint, reply: Reply) -> dict[str, Any]:
    described: dict[str, Any] = {"description": reply.description}
    headers = (*reply.headers, "X-Request-Id")
    known = RESPONSE_HEADERS | {"X-Request-Id": ("Id of the request, as in the log.", _TEXT)}
    if HEADER in endpoint.headers:
        known[REPLAYED_HEADER] = ("`true` when this is the answer of an earlier request with the same key.", _TEXT)
        headers = (*headers, REPLAYED_HEADER)
    optional = REPLAYED_HEADER
    described["headers"] = {
        name: {"description": known[name][0], "required": name != optional, "schema": known[name][1]}
        for name in headers
    }
    if reply.media_types:
        described["content"] = {
            one: {"schema": _schema_of(reply.type) if reply.type is not None and one == JSON else {}}
            for one in reply.media_types
        }
    return described


def _problem(status: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": _STATUS_WORDS[status],
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }
    if status in (429, 503, 504):
        description, schema = RESPONSE_HEADERS["Retry-After"]
        described["headers"] = {"Retry-After": {"description": description, "required": True, "schema": schema}}
    return described


_STATUS_WORDS = {
    400: "The request cannot be read as what this route takes.",
    404: "It names something that this scope does not have.",
    405: "The path takes other methods.",
    408: "The body did not arrive in time.",
    410: "It was retracted.",
    413: "The body is too large.",
    415: "The body is not of a type that is taken here.",
    416: "The content has no such bytes.",
    422: "It can be read, and cannot be done.",
    429: "This tenant has too much waiting.",
    500: "Something failed on our side.",
    503: "There is no room now.",
    504: "It took too long; the work goes on.",
}


def _schema_of(kind: Any) -> dict[str, Any]:
    return {"type": "object"} if kind is dict else {"$ref": _REF.format(name=kind.__name__)}


def _schemas() -> dict[str, Any]:
    used = [endpoint.body.type for endpoint in ENDPOINTS if isinstance(endpoint.body, JsonBody)]
    used += [reply.type for endpoint in ENDPOINTS for reply in endpoint.replies.values()]
    used = [one for one in used if one is not None and one is not dict]
    kinds = tuple(dict.fromkeys((*used, *META_OF_KIND.values(), problems.Problem)))
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    metas = [{"$ref": _REF.format(name=one.__name__)} for one in META_OF_KIND.values()]
    for name in (documents.Created.__name__, documents.ArtifactDocument.__name__):
        schemas[name]["properties"]["meta"] = {"anyOf": metas, "description": "What its kind says of it."}
    document = {"$ref": _REF.format(name=Composition.__name__)}
    schemas[documents.CompositionAnswer.__name__]["properties"]["document"] = document
    return dict(sorted(schemas.items()))
