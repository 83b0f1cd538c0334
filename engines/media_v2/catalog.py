"""The catalog is what a media ledger says when it is replayed: artifacts, their lineage, and which render_key made which.

A pure fold over events; nothing else holds state. A live registry keeps one and folds new events into it, so it
cannot differ from a replay. Meta that was too large for an event is read from the blob store by its hash, which makes it as
unchangeable as the event.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from engines.media_v2.events import ArtifactRegistered, MediaEvent, RenderCompleted, RenderReused
from engines.media_v2.models import Artifact, parse_meta
from engines.media_v2.scope import Scope
from ledger import Lineage

ReadBlob = Callable[[Scope, str], bytes]
"""Gives the bytes that a scope stored under a sha256, checked against it: `BlobStore.get`."""


class RenderId(NamedTuple):
    """A render is looked up inside one scope only."""

    tenant: str
    env: str
    render_key: str


class Catalog(msgspec.Struct):
    """State after some number of events. Owned by whoever folds; treat it as read-only."""

    events: int = 0
    artifacts: dict[str, Artifact] = {}
    """By artifact_id, in order of registration."""
    renders: dict[RenderId, str] = {}
    """render_key to artifact_id, per scope."""
    completed: int = 0
    """Renders drawn."""
    reused: int = 0
    """Requests that were answered with an existing artifact."""

    def of_scope(self, scope: Scope) -> list[Artifact]:
        """Artifacts of one scope, oldest first."""
        return [a for a in self.artifacts.values() if (a.tenant, a.env) == (scope.tenant, scope.env)]

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
    version = 1

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
                _register(state, artifact_of(event, self._read_blob))
            case RenderCompleted():
                state.completed += 1
            case RenderReused():
                state.reused += 1
            case _:
                pass  # repairs of the log change no artifact
        state.events = index + 1
        return state


def _register(state: Catalog, artifact: Artifact) -> None:
    state.artifacts.setdefault(artifact.artifact_id, artifact)
    if artifact.render_key is not None:
        render_id = RenderId(artifact.tenant, artifact.env, artifact.render_key)
        state.renders.setdefault(render_id, artifact.artifact_id)


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
