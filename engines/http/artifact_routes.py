"""Routes about one artifact or all of a scope: lists, records, content, lineage, proofs, retraction."""

from engines.http.content import Span, entity_tag, file_name_header, is_known, span_of
from engines.http.documents import (
    ArtifactDocument,
    ArtifactPage,
    ContentQuery,
    LineageQuery,
    ListQuery,
    RetractionRequest,
    artifact_document,
)
from engines.http.endpoints import JSON, SCOPED, TEXT, Answer, Call, Endpoint, JsonBody, Reply, Stream, json_answer
from engines.http.errors import NotSignedError
from engines.http.service import Service
from engines.media_v2 import keys
from engines.media_v2.catalog import usable
from engines.media_v2.errors import BlobMissingError
from engines.media_v2.models import Artifact
from engines.media_v2.proofs import prove_registered
from engines.media_v2.scope import Scope
from ledger import NoCheckpointError

IMMUTABLE = "private, max-age=31536000, immutable"
"""Content never changes under its id. Private: what a tenant made is kept by its own clients, not by caches between."""
MEDIA_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "tiff": "image/tiff",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "ps": "application/postscript",
    "eps": "application/postscript",
    "json": JSON,
    "ttf": "font/ttf",
    "otf": "font/otf",
    "ttc": "font/collection",
    "woff": "font/woff",
    "woff2": "font/woff2",
}
_OTHER = "application/octet-stream"
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""A drawing that is opened in a browser runs and loads nothing, whatever is in it."""
_PIECE_BYTES = 1 << 20
"""Larger content is read and sent in pieces."""
_JSON_BYTES_MAX = 64 << 10
REDIRECT_LIFETIME_S = 300
"""How long the place that a redirect names can be read, by anybody who has the URL: enough to begin a download, which may last longer."""


def list_artifacts(service: Service, call: Call) -> Answer:
    """A page of the scope's artifacts, oldest first."""
    query: ListQuery = call.query
    found = service.workspace(call.scope).artifacts(
        kind=query.kind, preset_id=query.preset_id, parent=query.parent, after=query.cursor, limit=query.limit + 1
    )
    items = found[: query.limit]
    more = items[-1].artifact_id if len(found) > query.limit else None
    return json_answer(ArtifactPage(items=[artifact_document(one) for one in items], next_cursor=more))


def read_artifact(service: Service, call: Call) -> Answer:
    """What is recorded about an artifact, retracted or not."""
    return json_answer(artifact_document(_artifact(service, call)))


def read_content(service: Service, call: Call) -> Answer:
    """The bytes of an artifact, or a part of them, checked against their hash before the first one is sent; or where to read them.

    A redirect names object storage, which knows neither the file's name nor its type, and nobody has checked what it will send: the
    artifact's sha256 is for that."""
    artifact = usable(_artifact(service, call))
    tag = entity_tag(artifact.sha256)
    media_type = MEDIA_TYPES.get(artifact.meta.format, _OTHER)
    headers = {
        "ETag": tag,
        "Cache-Control": IMMUTABLE,
        "Accept-Ranges": "bytes",
        "Content-Disposition": file_name_header(artifact.uri.rsplit("/", 1)[-1]),
    }
    if artifact.meta.format == "svg":
        headers["Content-Security-Policy"] = _SANDBOX
    if is_known(call.headers.get("if-none-match"), tag):
        return Answer(304, b"", media_type, headers)
    if call.query.redirect and (place := _place(service, artifact)) is not None:
        return Answer(307, b"", TEXT, {"Location": place, "Cache-Control": "no-store"})
    asked = span_of(call.headers.get("range"), call.headers.get("if-range"), tag, artifact.bytes)
    span = asked or Span(0, artifact.bytes)
    if asked is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.start + span.size - 1}/{artifact.bytes}"
    return Answer(206 if asked else 200, _checked_content(service, artifact, span), media_type, headers)


def read_lineage(service: Service, call: Call) -> Answer:
    """What an artifact was made from, and what from it."""
    view = service.workspace(call.scope).lineage(call.path["artifact_id"])
    match call.query.format:
        case "mermaid":
            return Answer(200, view.mermaid().encode(), TEXT)
        case "svg":
            return Answer(200, view.svg().encode(), MEDIA_TYPES["svg"], {"Content-Security-Policy": _SANDBOX})
        case _:
            return json_answer(view.json())


def read_proof(service: Service, call: Call) -> Answer:
    """The proof that the ledger registered an artifact, for somebody without the store (C2SP tlog-proof)."""
    artifact = _artifact(service, call)
    if not service.registry.ledger.signs and service.registry.ledger.last_checkpoint() is None:
        raise NotSignedError
    try:
        proof = prove_registered(service.registry, artifact.artifact_id)
    except NoCheckpointError:  # a store that lost its key, and has grown since
        raise NotSignedError from None
    return Answer(
        200, proof.text, TEXT, {"Content-Disposition": file_name_header(f"{artifact.artifact_id}.tlog-proof")}
    )


def retract(service: Service, call: Call) -> Answer:
    """Mark an artifact, and all that was made from it, as not to be used."""
    return json_answer(
        artifact_document(service.workspace(call.scope).retract(call.path["artifact_id"], call.body.reason))
    )


def _artifact(service: Service, call: Call) -> Artifact:
    return service.registry.artifact(call.scope, call.path["artifact_id"])


def _place(service: Service, artifact: Artifact) -> str | None:
    """Return a URL that needs no credentials, for a short time; None where the store has none. Raises `BlobMissingError`."""
    scope = Scope(artifact.tenant, artifact.env)
    blobs = service.registry.blobs
    place = blobs.presign(scope, artifact.sha256, REDIRECT_LIFETIME_S)
    if place is not None and blobs.size(scope, artifact.sha256) is None:
        raise BlobMissingError(keys.blob_key(scope, artifact.sha256))
    return place


def _checked_content(service: Service, artifact: Artifact, span: Span) -> bytes | Stream:
    """Open the blob, of which all bytes are checked, at the part; in pieces when it is large. What was checked is what is sent."""
    scope = Scope(artifact.tenant, artifact.env)
    file = service.registry.blobs.open(scope, artifact.sha256, span.start, span.size)
    if span.size > _PIECE_BYTES:
        return Stream(file, span.size)
    with file:
        return file.read(span.size)


_CONTENT_HEADERS = ("ETag", "Cache-Control", "Content-Disposition", "Accept-Ranges")
_ANY = (*MEDIA_TYPES.values(), _OTHER)

ENDPOINTS = (
    Endpoint(
        "GET",
        f"{SCOPED}/artifacts",
        "list_artifacts",
        "Artifacts of the scope, oldest first, in pages.",
        list_artifacts,
        {200: Reply("A page.", ArtifactPage)},
        (404,),
        ListQuery,
    ),
    Endpoint(
        "GET",
        f"{SCOPED}/artifacts/{{artifact_id}}",
        "read_artifact",
        "All that is recorded about an artifact.",
        read_artifact,
        {200: Reply("The artifact.", ArtifactDocument)},
        (404,),
    ),
    Endpoint(
        "GET",
        f"{SCOPED}/artifacts/{{artifact_id}}/content",
        "read_content",
        "The bytes of an artifact, or one range of them, or with `redirect=1` where to read them.",
        read_content,
        {
            200: Reply("All bytes.", None, _ANY, _CONTENT_HEADERS),
            206: Reply("The range.", None, _ANY, (*_CONTENT_HEADERS, "Content-Range")),
            304: Reply("You have it already.", None, (), ("ETag",)),
            307: Reply(
                f"Where to read it, for {REDIRECT_LIFETIME_S} seconds: only where blobs are in object storage.",
                None,
                (TEXT,),
                ("Location", "Cache-Control"),
            ),
        },
        (404, 410, 416),
        ContentQuery,
        headers=("If-None-Match", "Range", "If-Range"),
    ),
    Endpoint(
        "GET",
        f"{SCOPED}/artifacts/{{artifact_id}}/lineage",
        "read_lineage",
        "What an artifact was made from, and what was made from it: data, Mermaid, or a picture.",
        read_lineage,
        {200: Reply("The lineage.", dict, (JSON, TEXT, MEDIA_TYPES["svg"]))},
        (404,),
        LineageQuery,
    ),
    Endpoint(
        "GET",
        f"{SCOPED}/artifacts/{{artifact_id}}/proof",
        "read_proof",
        "The proof that the ledger registered an artifact (C2SP tlog-proof).",
        read_proof,
        {200: Reply("The proof.", None, (TEXT,))},
        (404,),
    ),
    Endpoint(
        "POST",
        f"{SCOPED}/artifacts/{{artifact_id}}/retraction",
        "retract_artifact",
        "Mark an artifact, and all that was made from it, as not to be used; its record stays.",
        retract,
        {200: Reply("The artifact as it is now.", ArtifactDocument)},
        (404,),
        body=JsonBody(RetractionRequest, _JSON_BYTES_MAX),
    ),
)
