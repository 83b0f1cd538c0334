"""What can happen in a media ledger. Fields are only ever added at the end, with defaults; tags never change meaning.

Hot fields come first, hashes and ids are bytes, and meta stays encoded until somebody reads it.
"""

import msgspec

from engines.media_v2.models import Kind
from ledger import TailRepaired


class ArtifactRegistered(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=1):
    """An artifact exists from now on: its content lies in the blob store under `sha256`."""

    artifact_id: bytes
    """16 bytes."""
    kind: Kind
    tenant: str
    env: str
    parents: tuple[bytes, ...]
    sha256: bytes
    """32 bytes."""
    size: int
    """Bytes of content."""
    uri: str
    render_key: bytes
    """32 bytes, or empty for what was not rendered."""
    at_us: int
    meta: msgspec.Raw
    """MessagePack map, checked against the kind's Struct before it was written and whenever it is read; or, where that would
    be too large for an entry of the ledger, the 32 bytes (MessagePack bin) of the sha256 under which it lies in the blob store."""


class RenderCompleted(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=2):
    """Something was drawn and encoded; the artifact is registered in the same commit."""

    render_key: bytes
    artifact_id: bytes
    source_id: bytes
    """What was drawn: a composition or a scene; empty for a text, whose request is in the artifact's meta."""
    tenant: str
    env: str
    preset_id: str
    """Empty when no preset was asked for."""
    producers: dict[str, str]
    pixel_sha256: bytes
    """32 bytes; empty for a document, which has no pixels."""
    elapsed_us: int
    at_us: int


class RenderReused(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=3):
    """A render was asked for that exists already; nothing was drawn."""

    render_key: bytes
    artifact_id: bytes
    tenant: str
    env: str
    preset_id: str
    at_us: int


class PresetDefined(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=4):
    """A scope has a preset of its own from now on; a later event with the next version takes its place, and the old one stays known."""

    preset_id: str
    version: int
    tenant: str
    env: str
    definition: msgspec.Raw
    """MessagePack map: the whole preset, see `presets.Preset`."""
    at_us: int


class ArtifactRetracted(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=5):
    """An artifact must not be used any more, nor what was made from it. Its bytes and its history stay."""

    artifact_id: bytes
    tenant: str
    env: str
    reason: str
    at_us: int


class RequestAnswered(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=6):
    """A request with an idempotency key was answered with this artifact: the same key never means another request."""

    key_sha256: bytes
    """32 bytes; the key itself is not kept."""
    request_sha256: bytes
    """32 bytes: what the request asked for."""
    artifact_id: bytes
    tenant: str
    env: str
    created: bool
    """Whether the request made the artifact."""
    at_us: int


MediaEvent = (
    ArtifactRegistered
    | RenderCompleted
    | RenderReused
    | PresetDefined
    | ArtifactRetracted
    | RequestAnswered
    | TailRepaired
)
