"""What do JSON bodies of requests and answers look like? One Struct for each; their schemas are part of the OpenAPI document."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from engines.media_v2.models import Artifact, ArtifactId, Kind, Sha256
from engines.media_v2.presets import Overrides, Preset, PresetId
from engines.typography_core.typeset import TextRequest
from engines.vector_core.rasterize import Engine

NAME_CHARS_MAX = 255
CURSOR_LIMIT_DEFAULT = 100
CURSOR_LIMIT_MAX = 500
"""Artifacts a page: about half a megabyte."""
REASON_CHARS_MAX = 2_000
RESOURCES_CHARS_MAX = 4_000
"""Characters of the map of resources: servers and proxies take lines of 8,000 bytes, and escapes triple some of it."""

Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX)]


class NameQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to call what is created; it becomes a part of the uri."""

    name: Name | None = None


class VectorQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to call a drawing, and what becomes of references in it that leave it."""

    name: Name | None = None
    resources: Annotated[str, Meta(min_length=2, max_length=RESOURCES_CHARS_MAX)] | None = None
    """JSON object: what the drawing calls a picture -> the id of an artifact of this scope, which is put in."""
    external: Literal["refuse", "ignore"] = "refuse"
    """Whether other references are refused, or left out and told in the meta."""


class ListQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which artifacts to list, oldest first."""

    kind: Kind | None = None
    preset_id: PresetId | None = None
    parent: ArtifactId | None = None
    """Only what was made from this artifact directly."""
    cursor: ArtifactId | None = None
    """`next_cursor` of the page before."""
    limit: Annotated[int, Meta(ge=1, le=CURSOR_LIMIT_MAX)] = CURSOR_LIMIT_DEFAULT


class ContentQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to send content."""

    redirect: Literal[0, 1] = 0
    """1: rather where to read it than the bytes, if the store has such places; else the bytes."""


class LineageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to show lineage: data, a diagram as text, or a picture."""

    format: Literal["json", "mermaid", "svg"] = "json"


class RetractionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an artifact must not be used any more."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_CHARS_MAX)]


_OVERRIDES = [(one.name, one.type, None) for one in msgspec.structs.fields(Overrides)]
_NESTED = ("overrides", Overrides | None, None)

RenderRequest: Any = msgspec.defstruct(
    "RenderRequest",
    [("preset_id", PresetId), _NESTED, *_OVERRIDES],
    namespace={
        "__doc__": "Which preset to export with, and what to change about it: beside `preset_id`, or inside `overrides`."
    },
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    module=__name__,
)
VectorRenderRequest: Any = msgspec.defstruct(
    "VectorRenderRequest",
    [("preset_id", PresetId | None, None), ("engine", Engine, "resvg"), _NESTED, *_OVERRIDES],
    namespace={"__doc__": "The same, and without a preset a PNG at the drawing's own size; `engine` draws it."},
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    module=__name__,
)


def _as_asked(one: msgspec.structs.FieldInfo) -> tuple[Any, ...]:
    """A field of a Struct, as `defstruct` takes it."""
    if one.default_factory is not msgspec.NODEFAULT:
        return one.name, one.type, msgspec.field(default_factory=one.default_factory)
    return (one.name, one.type) if one.required else (one.name, one.type, one.default)


TextRenderRequest: Any = msgspec.defstruct(
    "TextRenderRequest",
    [
        *map(_as_asked, msgspec.structs.fields(TextRequest)),
        ("preset_id", PresetId | None, None),
        _NESTED,
    ],
    namespace={
        "__doc__": "A text and how to set it; with a preset, `overrides` may change it (only nested: a text has a width too)."
    },
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    module=__name__,
)


class Created(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for exists: made now (`miss`), or made before (`hit`)."""

    artifact_id: ArtifactId
    uri: str
    """Its deterministic name, under `tenants/{tenant}/{env}/media_v2/`."""
    kind: Kind
    cache: Literal["hit", "miss"]
    render_key: Sha256 | None
    """The identity of a render; null for what was not rendered."""
    meta: dict[str, Any]


class RetractionDocument(msgspec.Struct, frozen=True, kw_only=True):
    """That an artifact must not be used: it was retracted, or made from `cause`, which was."""

    reason: str
    at_us: int
    cause: ArtifactId


class ArtifactDocument(msgspec.Struct, frozen=True, kw_only=True):
    """All that is recorded about one artifact."""

    artifact_id: ArtifactId
    kind: Kind
    tenant: str
    env: str
    uri: str
    sha256: Sha256
    bytes: int
    parents: list[ArtifactId]
    render_key: Sha256 | None
    created_at_us: int
    """Microseconds since the epoch."""
    retracted: RetractionDocument | None
    meta: dict[str, Any]


class ArtifactPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some artifacts, oldest first; ask for the next page with `next_cursor`, until it is null."""

    items: list[ArtifactDocument]
    next_cursor: ArtifactId | None


class CompositionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A composition's artifact and its document, whose sources are all named by artifact."""

    artifact: ArtifactDocument
    document: dict[str, Any]


class PresetList(msgspec.Struct, frozen=True, kw_only=True):
    """The built-in presets, then the scope's own, each in its present version."""

    items: list[Preset]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The process runs and can read its store."""

    status: Literal["ok"]
    version: str


def artifact_document(artifact: Artifact) -> ArtifactDocument:
    """Return an artifact as it is told."""
    return msgspec.convert(msgspec.to_builtins(artifact), ArtifactDocument)


def created_document(artifact: Artifact, *, created: bool) -> Created:
    """Return the answer to a creation."""
    return Created(
        artifact_id=artifact.artifact_id,
        uri=artifact.uri,
        kind=artifact.kind,
        cache="miss" if created else "hit",
        render_key=artifact.render_key,
        meta=msgspec.to_builtins(artifact.meta),
    )


def overrides_of(request: Any) -> dict[str, Any]:
    """Return the overrides of a render request, those beside the preset and those nested, as one mapping; nested ones win.

    A text has only nested ones: its own width, height and fit are those of its box.
    """
    nested = request.overrides or Overrides()
    beside = () if isinstance(request, TextRenderRequest) else Overrides.__struct_fields__
    found = {name: getattr(request, name) for name in beside}
    found |= {name: value for name in Overrides.__struct_fields__ if (value := getattr(nested, name)) is not None}
    return {name: value for name, value in found.items() if value is not None}
