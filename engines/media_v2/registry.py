"""The registry turns commands into ledger events, and answers questions from the catalog that those events replay to.

Main path: `Registry.open(path)` -> `register(...)` -> `catalog`. Writing order: blob first, synced; then one atomic commit that names it.
A process that dies in between leaves a blob that nobody names, which harms nothing.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

import msgspec

from engines.media_v2 import keys
from engines.media_v2.blobs import BlobStore
from engines.media_v2.catalog import Answer, Catalog, CatalogProjection, usable
from engines.media_v2.errors import (
    RetractionError,
    UnknownArtifactError,
    WrongKindError,
)
from engines.media_v2.events import (
    ArtifactRegistered,
    ArtifactRetracted,
    MediaEvent,
    PresetDefined,
    RenderCompleted,
    RenderReused,
    RequestAnswered,
)
from engines.media_v2.models import Artifact, ArtifactMeta, ExportMeta, Kind, VectorDocumentMeta, parse_meta
from engines.media_v2.presets import Preset, check_preset
from engines.media_v2.scope import Scope, check_key
from engines.media_v2.stores import Parts, open_parts
from ledger import ConflictError, Head, Ledger, fold

META_BYTES_MAX = 32_768
"""Meta that encodes to more bytes is stored as a blob, and the event names it by its hash. Half of what an entry of the ledger
holds; the other half has room for the rest of an event, such as 1,000 parents."""

REASON_CHARS_MAX = 2000
"""Of a retraction: a long paragraph."""

_ATTEMPTS_MAX = 1000
"""How often a command looks again after losing a race; each loss means that somebody else made progress."""

T = TypeVar("T")


class Registered(NamedTuple):
    """The answer to a registration: `created` is False when the same artifact was there already."""

    artifact: Artifact
    created: bool


class Registration(NamedTuple):
    """What a service asks the registry to record. `identity` is the content's sha256, or the render_key of a render."""

    kind: Kind
    content: bytes
    meta: object
    uri: str
    parents: tuple[str, ...] = ()
    render_key: str | None = None


def _now_us() -> int:
    return time.time_ns() // 1000


class Registry:
    """One store, open for commands and questions. A context manager; several threads may use one object, and several processes
    may have the same store open."""

    def __init__(self, parts: Parts, clock_us: Callable[[], int]) -> None:
        """Work with the open `parts` of a store; they are closed with it."""
        self.name = parts.name
        self.blobs = parts.blobs
        self._ledger = parts.ledger
        self._turns = parts.turns
        self._clock_us = clock_us
        self._projection = CatalogProjection(self.blobs.get)
        self._catalog = self._projection.initial()
        self._folding = threading.RLock()

    @classmethod
    def open(
        cls,
        store: Path | str,
        *,
        read_only: bool = False,
        clock_us: Callable[[], int] = _now_us,
        blobs: BlobStore | None = None,
    ) -> Self:
        """Open a store: a folder, an address or a store file, see `places`. `read_only` never writes, not even a repair.

        A store with a key signs its ledger when it is closed after it has grown. `blobs` holds the content, by default where the
        store's places say. Raises `StoreNotFoundError`, `StoreFileError`, and the errors of ledger and blobs.
        """
        return cls(open_parts(store, read_only=read_only, blobs=blobs), clock_us)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Sign what has grown, where the store has a key, and let go of everything that is open."""
        with ExitStack() as stack:
            stack.callback(self._turns.close)
            stack.callback(self.blobs.close)
            stack.callback(self._ledger.close)

    @property
    def ledger(self) -> Ledger:
        """The ledger beneath, for replays and audits."""
        return self._ledger

    @property
    def projection(self) -> CatalogProjection:
        """The fold that makes this store's catalog from its events, for replays up to other moments."""
        return self._projection

    def head(self) -> Head:
        """Where the ledger ends now."""
        return self._ledger.head()

    def catalog(self) -> Catalog:
        """The catalog after every event that is durable now, other processes' included."""
        with self._folding:
            known = self._catalog.events
            if self._ledger.head().size > known:
                for first, events in self._ledger.batches(known):
                    self._catalog = fold(self._projection, self._catalog, events, first)
            return self._catalog

    def turn(self, key: str) -> AbstractContextManager[None]:
        """Hold the turn for `key` (hex) among all threads and processes that have this store open; see `single_flight`."""
        return self._turns.turn(key)

    def artifact(self, scope: Scope, artifact_id: str, *kinds: Kind) -> Artifact:
        """Return the artifact of `scope` with this id, of one of `kinds` if any are named. Raises
        `UnknownArtifactError`, `WrongKindError`."""
        found = self.catalog().find(scope, artifact_id)
        if found is None:
            raise UnknownArtifactError(artifact_id, str(scope))
        if kinds and found.kind not in kinds:
            raise WrongKindError(artifact_id, found.kind, kinds)
        return found

    def content(self, artifact: Artifact) -> bytes:
        """Return the bytes of `artifact`, checked against their hash. Raises `BlobMissingError`, `BlobDamagedError`."""
        return self.blobs.get(Scope(artifact.tenant, artifact.env), artifact.sha256)

    def register(self, scope: Scope, request: Registration, *events: MediaEvent) -> Registered:
        """Record an artifact, with `events` in the same commit, unless `scope` has it already.

        Stores the content first. Parents must be artifacts of the same scope. Raises `UnknownArtifactError`, `MetaError`,
        `KeyOutsideScopeError` before anything is written.
        """
        check_key(scope, request.uri)
        meta = parse_meta(request.kind, request.meta)
        identity = request.render_key or meta.sha256
        new_id = keys.artifact_id(scope, request.kind, identity)
        for parent in request.parents:
            usable(self.artifact(scope, parent))
        if (known := self.catalog().find(scope, new_id)) is not None:
            return Registered(usable(known), created=False)
        stored = self.blobs.put(scope, request.content)
        assert stored == meta.sha256, "a service described other bytes than it handed over"
        event = ArtifactRegistered(
            artifact_id=bytes.fromhex(new_id),
            kind=request.kind,
            tenant=scope.tenant,
            env=scope.env,
            parents=tuple(bytes.fromhex(parent) for parent in request.parents),
            sha256=bytes.fromhex(stored),
            size=len(request.content),
            uri=request.uri,
            render_key=bytes.fromhex(request.render_key or ""),
            at_us=self._clock_us(),
            meta=self._stored_meta(scope, meta),
        )

        def decide(catalog: Catalog) -> tuple[bool, Sequence[MediaEvent]]:
            if catalog.find(scope, new_id) is not None:
                return False, ()
            return True, (*events, event)

        created = self._commit(decide)
        return Registered(self.artifact(scope, new_id), created)

    def register_render(
        self, scope: Scope, request: Registration, source_id: str, preset_id: str, elapsed_us: int
    ) -> Registered:
        """Record a finished render as `RenderCompleted` and its artifact, in one commit."""
        meta = parse_meta(request.kind, request.meta)
        assert isinstance(meta, ExportMeta | VectorDocumentMeta)
        assert request.render_key is not None
        completed = RenderCompleted(
            render_key=bytes.fromhex(request.render_key),
            artifact_id=bytes.fromhex(keys.artifact_id(scope, request.kind, request.render_key)),
            source_id=bytes.fromhex(source_id),
            tenant=scope.tenant,
            env=scope.env,
            preset_id=preset_id,
            producers=meta.producers,
            pixel_sha256=bytes.fromhex(meta.pixel_sha256) if isinstance(meta, ExportMeta) else b"",
            elapsed_us=elapsed_us,
            at_us=self._clock_us(),
        )
        return self.register(scope, request, completed)

    def reuse(self, scope: Scope, render_key: str, preset_id: str) -> Artifact | None:
        """Return what this render made before, and record that it was asked for again; None when it is new.

        Raises `RetractedArtifactError` for one that must not be used any more.
        """
        known = self.catalog().rendered(scope, render_key)
        if known is None:
            return None
        event = RenderReused(
            render_key=bytes.fromhex(render_key),
            artifact_id=bytes.fromhex(usable(known).artifact_id),
            tenant=scope.tenant,
            env=scope.env,
            preset_id=preset_id,
            at_us=self._clock_us(),
        )
        self._ledger.append([event])
        return known

    def define_preset(self, scope: Scope, definition: object) -> Preset:
        """Give `scope` a preset, or a new version of one; the same definition again changes nothing. Raises `PresetError`."""
        wanted = check_preset(definition)

        def decide(catalog: Catalog) -> tuple[Preset, Sequence[MediaEvent]]:
            known = catalog.scope(scope).presets.get(wanted.preset_id, [])
            preset = msgspec.structs.replace(wanted, version=len(known) + 1)
            if known and msgspec.structs.replace(preset, version=known[-1].version) == known[-1]:
                return known[-1], ()
            event = PresetDefined(
                preset_id=preset.preset_id,
                version=preset.version,
                tenant=scope.tenant,
                env=scope.env,
                definition=msgspec.Raw(msgspec.msgpack.encode(preset)),
                at_us=self._clock_us(),
            )
            return preset, (event,)

        return self._commit(decide)

    def retract(self, scope: Scope, artifact_id: str, reason: str) -> Artifact:
        """Mark an artifact and all that was made from it as not to be used any more; what is marked already stays as it is.

        Raises `UnknownArtifactError`, `RetractionError` for a reason that is empty or too long.
        """
        if not reason.strip() or len(reason) > REASON_CHARS_MAX:
            raise RetractionError(len(reason), REASON_CHARS_MAX)
        event = ArtifactRetracted(
            artifact_id=bytes.fromhex(self.artifact(scope, artifact_id).artifact_id),
            tenant=scope.tenant,
            env=scope.env,
            reason=reason,
            at_us=self._clock_us(),
        )
        self._commit(lambda catalog: (None, () if catalog.artifacts[artifact_id].retracted is not None else (event,)))
        return self.artifact(scope, artifact_id)

    def answered(self, scope: Scope, key_sha256: str) -> Answer | None:
        """Return how the request with this idempotency key (its sha256) was answered in `scope`, None where none was."""
        return self.catalog().scope(scope).answers.get(key_sha256)

    def record_answer(self, scope: Scope, key_sha256: str, answer: Answer) -> Answer:
        """Record how a request with an idempotency key was answered, and return what is recorded: the first answer stays."""
        event = RequestAnswered(
            key_sha256=bytes.fromhex(key_sha256),
            request_sha256=bytes.fromhex(answer.request_sha256),
            artifact_id=bytes.fromhex(answer.artifact_id),
            tenant=scope.tenant,
            env=scope.env,
            created=answer.created,
            at_us=self._clock_us(),
        )

        def decide(catalog: Catalog) -> tuple[Answer, Sequence[MediaEvent]]:
            known = catalog.scope(scope).answers.get(key_sha256)
            return (answer, (event,)) if known is None else (known, ())

        return self._commit(decide)

    def _stored_meta(self, scope: Scope, meta: ArtifactMeta) -> msgspec.Raw:
        """Return what the event says as meta: meta itself, or where it is large the hash of the blob that it is stored as."""
        encoded = msgspec.msgpack.encode(meta)
        if len(encoded) > META_BYTES_MAX:
            encoded = msgspec.msgpack.encode(bytes.fromhex(self.blobs.put(scope, encoded)))
        return msgspec.Raw(encoded)

    def _commit(self, decide: Callable[[Catalog], tuple[T, Sequence[MediaEvent]]]) -> T:
        """Append what `decide` makes of the catalog, and return its other half. The commit holds only if nothing came between;
        otherwise it decides again. No events mean that nothing is to be recorded."""
        for _ in range(_ATTEMPTS_MAX):
            with self._folding:
                catalog = self.catalog()
                size = catalog.events
                result, events = decide(catalog)
            if not events:
                return result
            try:
                self._ledger.append(events, expected_index=size)
            except ConflictError:
                continue
            return result
        raise AssertionError(f"lost {_ATTEMPTS_MAX} races in a row")
