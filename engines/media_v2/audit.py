"""Does the store still hold what the ledger says? Every check that an auditor can run without trusting the writer.

Main path: `audit(path)` -> `AuditReport`. Nothing is written or repaired; the ledger's lock is
held for a moment, to see where the log ends, so a busy writer raises instead of looking like damage. Checks, in order: the ledger's
structure byte by byte with its hash tree and signature, every blob against its name, the ledger's replay, the history against a
checkpoint that the auditor kept, every artifact's blob, key and id, the lineage, and, when a remaker is given, that each
render can be made again with the same bits. Damage found early does not hide later damage where that can still be told.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engines.errors import EngineError
from engines.media_v2 import keys
from engines.media_v2.blobs import TEMPORARY_PREFIX, BlobStore
from engines.media_v2.catalog import Catalog
from engines.media_v2.errors import BlobDamagedError, BlobStoreError, KeyOutsideScopeError, StoreNotFoundError
from engines.media_v2.evidence import Key, SignedState, choose_key, limits, read_kept, rewriting, signed_state
from engines.media_v2.models import RENDER_KINDS, Artifact
from engines.media_v2.places import BLOBS_FOLDER, LEDGER_FOLDER, Places, places_of
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope, check_key
from engines.media_v2.signing import is_private, key_file
from engines.media_v2.stores import check_ledger, open_blobs
from ledger import BusyError, Checkpoint, Ledger, LedgerError, StorageError

Remaker = Callable[[Registry, Artifact], str | None]
"""Makes a render again and returns what differs, or None when every bit is the same."""

Progress = Callable[[str, int, int], None]
"""Told (what, done, of how many) as work goes on."""


class AuditFinding(msgspec.Struct, frozen=True):
    """One thing that is not as it should be. `subject` is a place: a file with its offset, a key, an artifact id."""

    check: str
    subject: str
    detail: str


class AuditReport(msgspec.Struct, frozen=True):
    """The outcome of an audit, as `impasto audit --json` prints it."""

    ok: bool
    events: int
    artifacts: int
    blobs_checked: int
    remade: int
    bytes_checked: int
    """Bytes of the ledger's segments and of blobs."""
    checkpoint: SignedState | None
    """What the ledger's signature covers; None where there is none that could be checked."""
    notes: tuple[str, ...]
    """What this audit could not show; no fault."""
    findings: tuple[AuditFinding, ...]


class Outside(NamedTuple):
    """What an auditor brings along: a verifier key (or a file that holds it), and the file of a checkpoint kept from earlier."""

    vkey: str | None = None
    checkpoint: Path | None = None


class _Blobs(NamedTuple):
    checked: int
    bytes: int
    findings: list[AuditFinding]
    sizes: dict[str, int]
    """Of every blob, by its key."""


def audit(
    store: Path | str,
    remaker: Remaker | None = None,
    progress: Progress | None = None,
    outside: Outside | None = None,
    blobs: BlobStore | None = None,
) -> AuditReport:
    """Audit a store, see `places`; `blobs` holds its content, by default where its places say. A cache in front of it is not asked.

    Raises `StoreNotFoundError` when there is none, `InvalidKeyError`, `InvalidNoteError` and `UnsupportedMediaError` for what was
    brought along, `BlobStoreError`, and the ledger's `BusyError` and `StorageError`; damage of the store becomes findings, never
    an exception."""
    places = places_of(store)
    if not places.is_made:
        raise StoreNotFoundError(places.name)
    tell, outside = progress or _silent, outside or Outside()
    key = choose_key(places.keys, outside.vkey)
    kept = read_kept(outside.checkpoint, key) if outside.checkpoint else None
    tell("checking the ledger", 0, 1)
    ledger_bytes, findings = _check_ledger(places, key)
    tell("checking the ledger", 1, 1)
    content = blobs or open_blobs(places)
    checked = _check_blobs(content, tell)
    findings += checked.findings
    seen = _Seen(findings)
    try:
        with Registry.open(store, read_only=True, blobs=content) as registry:
            seen.state = signed_state(registry.ledger, key)
            findings += _history_findings(registry.ledger, kept)
            seen.catalog = registry.catalog()
            _check_catalog(registry, seen, remaker, tell, checked.sizes)
    except (BusyError, StorageError, BlobStoreError):
        raise
    except (LedgerError, EngineError, msgspec.MsgspecError) as error:
        if not findings:
            findings.append(AuditFinding("replay", LEDGER_FOLDER, str(error)))
        if remaker is not None:
            findings.append(AuditFinding("remake", LEDGER_FOLDER, "not tried: the ledger cannot be replayed"))
    return AuditReport(
        ok=not findings,
        events=seen.catalog.events,
        artifacts=len(seen.catalog.artifacts),
        blobs_checked=checked.checked,
        remade=seen.remade,
        bytes_checked=ledger_bytes + checked.bytes,
        checkpoint=seen.state,
        notes=limits(key, seen.state, seen.catalog.events, kept=kept is not None),
        findings=tuple(findings),
    )


class _Seen:
    """What an audit has learnt so far, also when it must stop."""

    def __init__(self, findings: list[AuditFinding]) -> None:
        self.findings = findings
        self.state: SignedState | None = None
        self.catalog = Catalog()
        self.remade = 0


def _check_catalog(
    registry: Registry, seen: _Seen, remaker: Remaker | None, tell: Progress, sizes: dict[str, int]
) -> None:
    """Check what the replay says: artifacts, lineage, and with a remaker the pixels."""
    seen.findings += _artifact_findings(registry.blobs, sizes, seen.catalog)
    seen.findings += _lineage_findings(seen.catalog)
    if remaker is not None:
        seen.remade, differences = _remake_all(registry, seen.catalog, remaker, tell)
        seen.findings += differences


def _silent(what: str, done: int, total: int) -> None:
    """Say nothing."""


def _check_ledger(places: Places, key: Key) -> tuple[int, list[AuditFinding]]:
    """What the ledger's own check finds, and the bytes that it read; places are relative to the store."""
    findings = []
    if places.keys is not None and not is_private(places.keys):
        detail = "others may read the private key, and sign in its name: chmod 600"
        place = key_file(places.keys).relative_to(places.keys.parent).as_posix()
        findings.append(AuditFinding("key-readable", place, detail))
    try:
        report = check_ledger(places, key.vkey)
    except (BusyError, StorageError):
        raise  # the machine's trouble, not the store's
    except LedgerError as error:
        return 0, [*findings, AuditFinding("ledger-unreadable", LEDGER_FOLDER, str(error))]
    for finding in report.findings:
        place = f"{LEDGER_FOLDER}/{finding.subject} at byte {finding.offset}"
        findings.append(AuditFinding(f"ledger-{finding.check}", place, finding.detail))
    return report.bytes, findings


def _history_findings(ledger: Ledger, kept: Checkpoint | None) -> Iterator[AuditFinding]:
    """Whether the history still begins with what the auditor's checkpoint covers."""
    if kept is not None and (difference := rewriting(ledger, kept)) is not None:
        yield AuditFinding("history-rewritten", LEDGER_FOLDER, difference)


def _check_blobs(blobs: BlobStore, tell: Progress) -> _Blobs:
    """Hash everything that the blob store holds against its name."""
    files = list(blobs.files())
    findings = []
    checked = size = 0
    for done, (key, bytes_) in enumerate(files, start=1):
        parts = key.split("/")
        if parts[-1].startswith(TEMPORARY_PREFIX):
            continue  # left by a writer that died; never named by an event
        if len(parts) != 7 or bytes_ is None or not _looks_like_blob(key, parts):
            findings.append(AuditFinding("blob-name", f"{BLOBS_FOLDER}/{key}", "not a name that blobs have"))
            continue
        checked, size = checked + 1, size + bytes_
        if (actual := _damage(blobs, Scope(parts[1], parts[2]), parts[-1])) is not None:
            findings.append(
                AuditFinding("blob-changed", f"{BLOBS_FOLDER}/{key}", f"its bytes now have sha256 {actual}")
            )
        tell("checking blobs", done, len(files))
    return _Blobs(checked, size, findings, {key: bytes_ for key, bytes_ in files if bytes_ is not None})


def _damage(blobs: BlobStore, scope: Scope, sha256: str) -> object | None:
    """Return the sha256 that a blob has now, None when it is the right one."""
    try:
        for _ in blobs.stream(scope, sha256):
            pass
    except BlobDamagedError as error:
        return error.fields["actual_sha256"]
    return None


def _looks_like_blob(key: str, parts: list[str]) -> bool:
    try:
        return keys.blob_key(Scope(parts[1], parts[2]), parts[-1]) == key
    except KeyOutsideScopeError:
        return False


def _artifact_findings(blobs: BlobStore, sizes: dict[str, int], catalog: Catalog) -> Iterator[AuditFinding]:
    """Each artifact: its blob is there with the recorded size, its key lies in its scope, its id follows from what it is.

    `sizes` are those of the listing; a blob that was not in it is asked for, since it may have come meanwhile.
    """
    for artifact in catalog.artifacts.values():
        scope = Scope(artifact.tenant, artifact.env)
        subject = f"artifact:{artifact.artifact_id}"
        key = keys.blob_key(scope, artifact.sha256)
        size = sizes[key] if key in sizes else blobs.size(scope, artifact.sha256)
        if size is None:
            place = f"{BLOBS_FOLDER}/{key}"
            yield AuditFinding("blob-missing", place, f"{subject} is lost")
        elif size != artifact.bytes:
            yield AuditFinding("blob-size", subject, f"{size} bytes, registered with {artifact.bytes}")
        if artifact.meta.sha256 != artifact.sha256 or artifact.meta.bytes != artifact.bytes:
            yield AuditFinding("meta", subject, "meta and event disagree about the content")
        try:
            check_key(scope, artifact.uri)
        except KeyOutsideScopeError as error:
            yield AuditFinding("key", subject, str(error))
        if keys.artifact_id(scope, artifact.kind, artifact.render_key or artifact.sha256) != artifact.artifact_id:
            yield AuditFinding("identity", subject, "the id does not follow from scope, kind and content")


def _lineage_findings(catalog: Catalog) -> Iterator[AuditFinding]:
    lineage = catalog.lineage()
    for child, parent in lineage.missing_parents():
        yield AuditFinding("lineage-missing", f"artifact:{child}", f"its parent {parent} was never registered")
    for cycle in lineage.cycles():
        yield AuditFinding("lineage-cycle", f"artifact:{cycle[0]}", " -> ".join(cycle))
    for artifact in catalog.artifacts.values():
        for parent in artifact.parents:
            other = catalog.artifacts.get(parent)
            if other is not None and (other.tenant, other.env) != (artifact.tenant, artifact.env):
                detail = f"its parent {parent} belongs to {other.tenant}/{other.env}"
                yield AuditFinding("lineage-scope", f"artifact:{artifact.artifact_id}", detail)


def _remake_all(
    registry: Registry, catalog: Catalog, remaker: Remaker, tell: Progress
) -> tuple[int, Iterable[AuditFinding]]:
    """Make every render again. Counts those that could be made, equal or not."""
    renders = [a for a in catalog.artifacts.values() if a.kind in RENDER_KINDS]
    findings = []
    remade = 0
    for done, artifact in enumerate(renders, start=1):
        try:
            difference = remaker(registry, artifact)
            remade += 1
        except BlobStoreError:
            raise  # it did not answer, which says nothing about the store
        except (EngineError, LedgerError) as error:
            difference = f"cannot be made: {error}"
        if difference is not None:
            findings.append(AuditFinding("remake", f"artifact:{artifact.artifact_id}", difference))
        tell("making renders again", done, len(renders))
    return remade, findings
