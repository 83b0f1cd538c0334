"""The catalog is what a media ledger says when it is replayed: artifacts, their lineage, and which render_key made which.

A pure fold over events; nothing else holds state. A live registry keeps one and folds new events into it, so it
cannot differ from a replay. Meta that was too large for an event is read from the blob store by its hash, which makes it as
unchangeable as the event.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from engines.media_v2.errors import RetractedArtifactError
from engines.media_v2.events import (
    ArtifactRegistered,
    ArtifactRetracted,
    MediaEvent,
    PresetDefined,
    RenderCompleted,
    RenderReused,
    RequestAnswered,
)
from engines.media_v2.models import Artifact, Retraction, parse_meta
from engines.media_v2.presets import Preset, check_preset
from engines.media_v2.scope import Scope
from ledger import Lineage

ReadBlob = Callable[[Scope, str], bytes]
"""Gives the bytes that a scope stored under a sha256, checked against it: `BlobStore.get`."""


class RenderId(NamedTuple):
    """A render is looked up inside one scope only."""

    tenant: str
    env: str
    render_key: str


class Answer(NamedTuple):
    """How a request with an idempotency key was answered."""

    request_sha256: str
    artifact_id: str
    created: bool


class ScopeCatalog(msgspec.Struct):
    """What belongs to one scope, in order of registration."""

    artifacts: list[str] = []
    presets: dict[str, list[Preset]] = {}
    """All definitions of a preset id, the first one first."""
    answers: dict[str, Answer] = {}
    """By the sha256 of the idempotency key."""


class Catalog(msgspec.Struct):
    """State after some number of events. Owned by whoever folds; treat it as read-only."""

    events: int = 0
    artifacts: dict[str, Artifact] = {}
    """By artifact_id, in order of registration."""
    indexes: dict[str, int] = {}
    """artifact_id to the index of the event that registered it."""
    children: dict[str, list[str]] = {}
    """artifact_id to what was made from it directly."""
    scopes: dict[Scope, ScopeCatalog] = {}
    renders: dict[RenderId, str] = {}
    """render_key to artifact_id, per scope."""
    completed: int = 0
    """Renders drawn."""
    reused: int = 0
    """Requests that were answered with an existing artifact."""

    def of_scope(self, scope: Scope) -> list[Artifact]:
        """Artifacts of one scope, oldest first."""
        return [self.artifacts[one] for one in self.scope(scope).artifacts]

    def scope(self, scope: Scope) -> ScopeCatalog:
        """What belongs to `scope`; an empty one where nothing does."""
        return self.scopes.get(scope) or ScopeCatalog()

    def find(self, scope: Scope, artifact_id: str) -> Artifact | None:
        """The artifact with this id when it belongs to `scope`, else None: other scopes' artifacts look missing."""
        found = self.artifacts.get(artifact_id)
        return found if found is not None and (found.tenant, found.env) == (scope.tenant, scope.env) else None

    def rendered(self, scope: Scope, render_key: str) -> Artifact | None:
        """The artifact that this render made in `scope`, if it was made already."""
        found = self.renders.get(RenderId(scope.tenant, scope.env, render_key))
        return self.artifacts[found] if found is not None else None

    def lineage(self) -> Lineage:
        """The graph of parents over all artifacts."""
        return Lineage.of((a.artifact_id, a.parents) for a in self.artifacts.values())

    def relatives(self, artifact_id: str) -> list[str]:
        """One artifact, all that it was made from and all that was made from it, in order of registration."""
        above = self._closure(artifact_id, lambda one: self.artifacts[one].parents if one in self.artifacts else ())
        kept = {*above, artifact_id, *self.descendants(artifact_id)} & self.artifacts.keys()
        return sorted(kept, key=lambda one: (self.artifacts[one].created_at_us, one))

    def descendants(self, artifact_id: str) -> list[str]:
        """Everything that was made from this artifact, directly or not."""
        return self._closure(artifact_id, lambda one: self.children.get(one, ()))[1:]

    @staticmethod
    def _closure(start: str, following: Callable[[str], Iterable[str]]) -> list[str]:
        """`start` and all that can be reached from it, each once."""
        found = {start: None}
        queue = [start]
        while queue:
            new = [one for one in following(queue.pop()) if one not in found]
            found.update(dict.fromkeys(new))
            queue.extend(new)
        return list(found)


def usable(artifact: Artifact) -> Artifact:
    """Return `artifact`. Raises `RetractedArtifactError` for one that must not be used any more."""
    if artifact.retracted is not None:
        raise RetractedArtifactError(artifact.artifact_id, artifact.retracted.cause, artifact.retracted.reason)
    return artifact


class Summary(msgspec.Struct, frozen=True):
    """Counts of a catalog, as `impasto replay` prints them."""

    events: int
    artifacts: int
    by_kind: dict[str, int]
    by_tenant: dict[str, int]
    completed: int
    reused: int


def summarize(catalog: Catalog) -> Summary:
    """Count `catalog` by kind and by tenant, sorted by name."""
    kinds = Counter(a.kind for a in catalog.artifacts.values())
    tenants = Counter(a.tenant for a in catalog.artifacts.values())
    return Summary(
        catalog.events,
        len(catalog.artifacts),
        dict(sorted(kinds.items())),
        dict(sorted(tenants.items())),
        catalog.completed,
        catalog.reused,
    )


class CatalogProjection:
    """Folds media events into a `Catalog`; see `ledger.replay`."""

    name = "media_v2.catalog"
    version = 2

    def __init__(self, read_blob: ReadBlob) -> None:
        self._read_blob = read_blob

    def initial(self) -> Catalog:
        """An empty catalog."""
        return Catalog()

    def apply(self, state: Catalog, index: int, event: MediaEvent) -> Catalog:
        """Return `state` (changed in place) after `event` at `index`. Raises `MetaError` for meta that does not fit its kind, and
        `BlobMissingError` or `BlobDamagedError` for meta that lies in a blob."""
        match event:
            case ArtifactRegistered():
                _register(state, artifact_of(event, self._read_blob), index)
            case RenderCompleted():
                state.completed += 1
            case RenderReused():
                state.reused += 1
            case PresetDefined():
                preset = check_preset(msgspec.msgpack.decode(event.definition))
                _of(state, Scope(event.tenant, event.env)).presets.setdefault(event.preset_id, []).append(preset)
            case ArtifactRetracted():
                _retract(state, event)
            case RequestAnswered():
                answer = Answer(event.request_sha256.hex(), event.artifact_id.hex(), event.created)
                _of(state, Scope(event.tenant, event.env)).answers.setdefault(event.key_sha256.hex(), answer)
            case _:
                pass  # repairs of the log change no artifact
        state.events = index + 1
        return state


def _of(state: Catalog, scope: Scope) -> ScopeCatalog:
    return state.scopes.setdefault(scope, ScopeCatalog())


def _register(state: Catalog, artifact: Artifact, index: int) -> None:
    if artifact.artifact_id in state.artifacts:
        return
    state.indexes[artifact.artifact_id] = index
    spoilt = (state.artifacts[one].retracted for one in artifact.parents if one in state.artifacts)
    retracted = next((one for one in spoilt if one is not None), None)
    if retracted is not None:
        artifact = msgspec.structs.replace(artifact, retracted=retracted)
    state.artifacts[artifact.artifact_id] = artifact
    _of(state, Scope(artifact.tenant, artifact.env)).artifacts.append(artifact.artifact_id)
    for parent in artifact.parents:
        state.children.setdefault(parent, []).append(artifact.artifact_id)
    if artifact.render_key is not None:
        render_id = RenderId(artifact.tenant, artifact.env, artifact.render_key)
        state.renders.setdefault(render_id, artifact.artifact_id)


def _retract(state: Catalog, event: ArtifactRetracted) -> None:
    """Mark the artifact and its descendants, but for those that an earlier retraction marked."""
    cause = event.artifact_id.hex()
    retraction = Retraction(reason=event.reason, at_us=event.at_us, cause=cause)
    for one in (cause, *state.descendants(cause)):
        known = state.artifacts.get(one)
        if known is not None and known.retracted is None:
            state.artifacts[one] = msgspec.structs.replace(known, retracted=retraction)


def artifact_of(event: ArtifactRegistered, read_blob: ReadBlob) -> Artifact:
    """Spell a registration out as an `Artifact`: hashes as hex, meta as the Struct of its kind."""
    meta = msgspec.msgpack.decode(event.meta)
    if isinstance(meta, bytes):
        meta = msgspec.msgpack.decode(read_blob(Scope(event.tenant, event.env), meta.hex()))
    return Artifact(
        artifact_id=event.artifact_id.hex(),
        kind=event.kind,
        tenant=event.tenant,
        env=event.env,
        uri=event.uri,
        sha256=event.sha256.hex(),
        bytes=event.size,
        parents=tuple(parent.hex() for parent in event.parents),
        render_key=event.render_key.hex() or None,
        created_at_us=event.at_us,
        meta=parse_meta(event.kind, meta),
    )
