"""Commands about a whole store: make it, replay it, look at lineage, audit it."""

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from engines.cli import output
from engines.cli.failures import FINE, REFUSED
from engines.cli.options import AsJson, Store, Vkey, need_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engines.media_v2.audit import AuditReport, Remaker

_SPEED_BYTES_MIN = 50_000_000
"""Of a smaller store no speed is told: most of the time went into starting."""


def init(
    store: str,
    /,
    *,
    origin: str | None = None,
    no_key: Annotated[bool, Parameter(negative="")] = False,
    blobs: str | None = None,
    json: AsJson = False,
) -> int:
    """Make an empty store in a new or empty folder, with a key that signs its ledger. A store that is there already is left as it is.

    The private key lies in STORE/keys/ledger.key, the verifier key in STORE/keys/ledger.vkey; publish that one elsewhere too. STORE may
    also be a store file that names other places, or postgresql://host/database#ledger, which has no place for a key.

    Example:
        impasto init ./store --origin media.example.com/ledger

    Parameters
    ----------
    store: str
        Folder to make, store file (.toml) or address.
    origin: str
        Name of the key and of the ledger in checkpoints, a URL without scheme; by default one with the ledger's id.
    no_key: bool
        Make no key: the ledger is not signed.
    blobs: str
        For a ledger in a database: where blobs are to be, a folder or s3://bucket/prefix. The database keeps the word.
    """
    from engines.media_v2 import signing
    from engines.media_v2.errors import MissingOptionError
    from engines.media_v2.places import places_of
    from engines.media_v2.stores import init_store

    if no_key and origin is not None:
        raise MissingOptionError("key", "--origin names the key that --no-key leaves out")
    created = init_store(store, with_key=not no_key, origin=origin, blobs=blobs)
    places = places_of(store)
    vkey = signing.own_vkey(places.keys)
    if json:
        output.print_json({"store": places.name, "created": created, "vkey": vkey})
    else:
        output.say(f"{'made a store' if created else 'already a store'}: {places.name}")
        if vkey is not None:
            output.say(f"verifier key: {vkey}")
    return FINE


def replay(*, store: Store = None, at: int | None = None, json: AsJson = False) -> int:
    """Rebuild the catalog from the ledger alone and count what it says, now or as of a past moment.

    Example:
        impasto replay --store ./store --at 10 --json

    Parameters
    ----------
    at: int
        Replay only the first INDEX events.
    """
    from engines.media_v2.catalog import summarize
    from engines.media_v2.registry import Registry
    from ledger import replay as replay_ledger

    with Registry.open(need_store(store), read_only=True) as registry:
        head = registry.head()
        summary = summarize(replay_ledger(registry.ledger, registry.projection, at))
    document = {
        "events": summary.events,
        "artifacts": summary.artifacts,
        "by_kind": summary.by_kind,
        "by_tenant": summary.by_tenant,
        "renders": {"drawn": summary.completed, "reused": summary.reused},
        "head": {
            "size": head.size,
            "ledger_id": head.ledger_id.hex(),
            "segments": head.segments,
            "end_offset": head.end_offset,
            "root": head.root.hex(),
        },
    }
    if json:
        output.print_json(document)
        return FINE
    table = output.table(f"{summary.events} of {head.size} events", "what", "count", right=("count",))
    for kind, count in summary.by_kind.items():
        table.add_row(kind, str(count))
    for tenant, count in summary.by_tenant.items():
        table.add_row(f"tenant {tenant}", str(count))
    table.add_row("renders drawn", str(summary.completed))
    table.add_row("renders reused", str(summary.reused))
    output.show(table)
    return FINE


def lineage(
    artifact_id: str,
    /,
    *,
    store: Store = None,
    format: Literal["tree", "json", "mermaid", "svg"] = "tree",
) -> int:
    """Show what an artifact was made from, down to what was uploaded, with fonts and presets.

    Example:
        impasto lineage 3f0c... --store ./store --format mermaid

    Parameters
    ----------
    artifact_id: str
        Id of the artifact (32 hex digits).
    format: str
        tree for people, json for programs, mermaid and svg for documents.
    """
    from engines.media_v2.lineage_view import LineageView
    from engines.media_v2.registry import Registry

    with Registry.open(need_store(store), read_only=True) as registry:
        view = LineageView(registry.catalog(), artifact_id)
    match format:
        case "tree":
            output.show(output.lineage_tree(view))
        case "json":
            output.print_json(view.json())
        case "mermaid":
            output.print_text(view.mermaid())
        case "svg":
            output.print_text(view.svg())
    return FINE


def audit(
    *,
    store: Store = None,
    remake: Annotated[bool, Parameter(negative="")] = False,
    vkey: Vkey = None,
    checkpoint: Path | None = None,
    json: AsJson = False,
) -> int:
    """Check every byte that the ledger vouches for; with --remake also draw every render again and compare bits.

    Exits 1 when there are findings. Nothing is written or repaired.

    Example:
        impasto audit --store ./store --vkey ledger.vkey --checkpoint 2026-10.checkpoint --remake

    Parameters
    ----------
    remake: bool
        Draw every render again from the ledger alone and compare pixels and bytes.
    checkpoint: Path
        A checkpoint that you kept: the ledger must still begin with what it covers.
    """
    from engines.media_v2.audit import Outside
    from engines.media_v2.audit import audit as audit_store

    started = time.perf_counter()
    with _remaker(remake) as maker, output.progress() as tell:
        report = audit_store(need_store(store), maker, tell, Outside(vkey, checkpoint))
    if json:
        output.print_json(report)
    else:
        _show_audit(report, time.perf_counter() - started, with_remake=remake)
    return FINE if report.ok else REFUSED


@contextmanager
def _remaker(wanted: bool) -> "Iterator[Remaker | None]":
    """Lend what makes renders again, with workers for their drawings; None where that is not wanted."""
    if not wanted:
        yield None
        return
    from engines.image_core.service import remake
    from engines.isolation.pool import Pool
    from engines.vector_core.tasks import TASKS

    with Pool(TASKS) as isolation:
        yield lambda registry, artifact: remake(registry, artifact, isolation)


def _show_audit(report: "AuditReport", took_s: float, *, with_remake: bool) -> None:
    counts = f"{report.events} events, {report.artifacts} artifacts, {report.blobs_checked} blobs checked"
    if with_remake:
        counts += f", {report.remade} renders made again"
    elif report.bytes_checked >= _SPEED_BYTES_MIN:
        counts += f" ({report.bytes_checked / 1e6:,.0f} MB at {report.bytes_checked / 1e6 / took_s:,.0f} MB/s)"
    verdict = "ok" if report.ok else f"{len(report.findings)} findings"
    output.show(f"{verdict}: {counts}", style="green" if report.ok else "red")
    for finding in report.findings:
        output.show(f"  {finding.check}: {finding.subject}", f"    {finding.detail}")
    if (signed := report.checkpoint) is not None:
        output.show(f"signed by {signed.origin}: {signed.size} events")
    for note in report.notes:
        output.show(f"note: {note}", style="dim")
