"""Commands about a whole store: make it, replay it, look at lineage, audit it."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from engines.cli import output
from engines.cli.failures import FINE, REFUSED
from engines.cli.options import AsJson, Store, need_store


def init(store: Path, /, *, json: AsJson = False) -> int:
    """Make an empty store in a new or empty folder. A store that is there already is left as it is.

    Example:
        impasto init ./store

    Parameters
    ----------
    store: Path
        Folder to make.
    """
    from engines.media_v2.registry import init_store

    created = init_store(store)
    if json:
        output.print_json({"store": str(store), "created": created})
    else:
        output.say(f"{'made a store' if created else 'already a store'}: {store}")
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
    from engines.media_v2.catalog import CatalogProjection, summarize
    from engines.media_v2.registry import Registry
    from ledger import replay as replay_ledger

    with Registry.open(need_store(store), read_only=True) as registry:
        head = registry.head()
        summary = summarize(replay_ledger(registry.ledger, CatalogProjection(), at))
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
    format: Literal["tree", "json", "mermaid"] = "tree",
) -> int:
    """Show what an artifact was made from, down to what was uploaded.

    Example:
        impasto lineage 3f0c... --store ./store --format mermaid

    Parameters
    ----------
    artifact_id: str
        Id of the artifact (32 hex digits).
    format: str
        tree for people, json for programs, mermaid for documents.
    """
    from engines.media_v2.errors import UnknownArtifactError
    from engines.media_v2.registry import Registry

    path = need_store(store)
    with Registry.open(path, read_only=True) as registry:
        catalog = registry.catalog()
    if artifact_id not in catalog.artifacts:
        raise UnknownArtifactError(artifact_id, str(path))
    graph = catalog.lineage()
    match format:
        case "tree":
            output.show(output.lineage_tree(graph.tree(artifact_id), catalog))
        case "json":
            output.print_json(output.lineage_json(graph, artifact_id, catalog))
        case "mermaid":
            output.print_text(graph.mermaid(artifact_id, lambda one: output.describe(catalog.artifacts[one])))
    return FINE


def audit(
    *,
    store: Store = None,
    remake: Annotated[bool, Parameter(negative="")] = False,
    json: AsJson = False,
) -> int:
    """Check every byte that the ledger vouches for; with --remake also draw every render again and compare bits.

    Exits 1 when there are findings. Nothing is written or repaired.

    Example:
        impasto audit --store ./store --remake

    Parameters
    ----------
    remake: bool
        Draw every render again from the ledger alone and compare pixels and bytes.
    """
    from engines.media_v2.audit import Remaker
    from engines.media_v2.audit import audit as audit_store

    maker: Remaker | None = None
    if remake:
        from engines.image_core.service import remake as make_again

        maker = make_again
    with output.progress() as tell:
        report = audit_store(need_store(store), maker, tell)
    if json:
        output.print_json(report)
    else:
        counts = f"{report.events} events, {report.artifacts} artifacts, {report.blobs_checked} blobs checked"
        if remake:
            counts += f", {report.remade} renders made again"
        verdict = "ok" if report.ok else f"{len(report.findings)} findings"
        output.show(f"{verdict}: {counts}", style="green" if report.ok else "red")
        for finding in report.findings:
            output.show(f"  {finding.check}: {finding.subject}", f"    {finding.detail}")
    return FINE if report.ok else REFUSED
