"""Routes that create: assets, drawings, fonts, compositions, and renders of all three kinds."""

import msgspec

from engines.http.creation import HEADERS, PROBLEMS, REPLIES, creating
from engines.http.documents import (
    CompositionAnswer,
    NameQuery,
    RenderRequest,
    TextRenderRequest,
    VectorQuery,
    VectorRenderRequest,
    artifact_document,
    overrides_of,
)
from engines.http.endpoints import SCOPED, Answer, Call, Endpoint, FileBody, JsonBody, Reply, Upload, json_answer
from engines.http.errors import ParameterError
from engines.http.service import Service
from engines.http.weights import (
    text_request,
    weigh_composition,
    weigh_file,
    weigh_font,
    weigh_render,
    weigh_text_render,
    weigh_vector_document,
    weigh_vector_render,
)
from engines.image_core import composition
from engines.image_core.service import looks_like_svg
from engines.media_v2.catalog import usable
from engines.media_v2.errors import UnsupportedMediaError
from engines.media_v2.models import ArtifactId
from engines.media_v2.registry import Registered
from engines.media_v2.renders import Rendered
from engines.vector_core.pages import DocumentRequest

REQUEST_BYTES_MAX = 1 << 20
"""Of a render request: a text of 100,000 characters fits, with every one escaped."""
UPLOAD_NAME = "upload"
"""Of a file that came without a name."""

PICTURES = ("image/png", "image/jpeg", "image/webp", "image/avif", "image/tiff")
SVG = "image/svg+xml"
FONTS = ("font/ttf", "font/otf", "font/collection", "font/woff", "font/woff2")


def add_asset(service: Service, call: Call) -> Registered:
    """Store a picture or a drawing."""
    return service.workspace(call.scope).add_asset(call.body.content, _upload_name(call))


def add_vector(service: Service, call: Call) -> Registered:
    """Store a drawing; a picture is refused here."""
    if not looks_like_svg(call.body.content):
        raise UnsupportedMediaError(_upload_name(call), "not SVG; pictures are assets")
    query: VectorQuery = call.query
    return service.workspace(call.scope).add_vector(
        call.body.content, _upload_name(call), resources=_resources(query.resources), external=query.external
    )


def _resources(text: str | None) -> dict[str, str] | None:
    """The map of a query. Raises `ParameterError`."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, ArtifactId])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ParameterError("resources", text, f"a JSON object of artifact ids by name ({error})") from None


def add_font(service: Service, call: Call) -> Registered:
    """Store a font file for the texts of the scope."""
    return service.workspace(call.scope).add_font(call.body.content, _upload_name(call))


def compose(service: Service, call: Call) -> Registered:
    """Store a composition whose sources are artifacts."""
    return service.workspace(call.scope).compose(call.body, call.query.name)


def read_composition(service: Service, call: Call) -> Answer:
    """A composition as it is stored."""
    artifact = usable(service.registry.artifact(call.scope, call.path["composition_id"], "image_composition"))
    document = msgspec.json.decode(service.registry.content(artifact))
    return json_answer(CompositionAnswer(artifact=artifact_document(artifact), document=document))


def render(service: Service, call: Call) -> Rendered:
    """Export a composition."""
    workspace = service.workspace(call.scope)
    return workspace.render(call.path["composition_id"], call.body.preset_id, overrides_of(call.body))


def render_vector(service: Service, call: Call) -> Rendered:
    """Export a drawing."""
    workspace = service.workspace(call.scope)
    overrides = overrides_of(call.body)
    return workspace.render_vector(call.path["scene_id"], call.body.preset_id, overrides, engine=call.body.engine)


def export_vector(service: Service, call: Call) -> Rendered:
    """Make a document of a drawing."""
    return service.workspace(call.scope).export_document(call.path["scene_id"], call.body)


def render_text(service: Service, call: Call) -> Rendered:
    """Export a text."""
    workspace = service.workspace(call.scope)
    return workspace.render_text(text_request(call.body), call.body.preset_id, overrides_of(call.body))


def _upload_name(call: Call) -> str:
    upload: Upload = call.body
    return call.query.name or upload.name or UPLOAD_NAME


ENDPOINTS = (
    Endpoint(
        "POST",
        f"{SCOPED}/assets",
        "add_asset",
        "Store a picture as a source_asset, or an SVG as a vector_scene.",
        creating(weigh_file, add_asset),
        REPLIES,
        PROBLEMS,
        NameQuery,
        FileBody((*PICTURES, SVG, "application/octet-stream")),
        HEADERS,
    ),
    Endpoint(
        "POST",
        f"{SCOPED}/compositions",
        "create_composition",
        "Store a composition; its layers name their sources by artifact.",
        creating(weigh_composition, compose),
        REPLIES,
        PROBLEMS,
        NameQuery,
        JsonBody(composition.Composition, composition.DOCUMENT_BYTES_MAX, raw=True),
        HEADERS,
    ),
    Endpoint(
        "GET",
        f"{SCOPED}/compositions/{{composition_id}}",
        "read_composition",
        "A composition: its artifact, and its document.",
        read_composition,
        {200: Reply("The composition.", CompositionAnswer)},
        (404, 410, 422),
    ),
    Endpoint(
        "POST",
        f"{SCOPED}/compositions/{{composition_id}}/renders",
        "render_composition",
        "Export a composition with a preset, or answer with the artifact that this made before.",
        creating(weigh_render, render),
        REPLIES,
        PROBLEMS,
        body=JsonBody(RenderRequest, REQUEST_BYTES_MAX),
        headers=HEADERS,
    ),
    Endpoint(
        "POST",
        f"{SCOPED}/vectors",
        "add_vector",
        "Store an SVG as a vector_scene; pictures that it refers to may come from artifacts of the scope.",
        creating(weigh_file, add_vector),
        REPLIES,
        PROBLEMS,
        VectorQuery,
        FileBody((SVG, "application/octet-stream")),
        HEADERS,
    ),
    Endpoint(
        "POST",
        f"{SCOPED}/vectors/{{scene_id}}/renders",
        "render_vector",
        "Export a drawing by itself, with a preset or without.",
        creating(weigh_vector_render, render_vector),
        REPLIES,
        PROBLEMS,
        body=JsonBody(VectorRenderRequest, REQUEST_BYTES_MAX),
        headers=HEADERS,
    ),
    Endpoint(
        "POST",
        f"{SCOPED}/vectors/{{scene_id}}/documents",
        "export_vector",
        "Make a PDF, PostScript or clean SVG file of a drawing, its vectors left vectors.",
        creating(weigh_vector_document, export_vector),
        REPLIES,
        PROBLEMS,
        body=JsonBody(DocumentRequest, REQUEST_BYTES_MAX),
        headers=HEADERS,
    ),
    Endpoint(
        "POST",
        f"{SCOPED}/fonts",
        "add_font",
        "Store a font file as a font_asset: texts may ask for its families from now on.",
        creating(weigh_font, add_font),
        REPLIES,
        PROBLEMS,
        NameQuery,
        FileBody((*FONTS, "application/octet-stream")),
        HEADERS,
    ),
    Endpoint(
        "POST",
        f"{SCOPED}/texts/renders",
        "render_text",
        "Export a text by itself, with a preset or without.",
        creating(weigh_text_render, render_text),
        REPLIES,
        PROBLEMS,
        body=JsonBody(TextRenderRequest, REQUEST_BYTES_MAX),
        headers=HEADERS,
    ),
)
