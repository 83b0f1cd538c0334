"""Commands that look at artifacts and presets."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson, Env, Store, Tenant, need_scope, need_store


def artifact_list(
    *,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    kind: str | None = None,
    preset: str | None = None,
    parent: str | None = None,
    json: AsJson = False,
) -> int:
    """List the artifacts of a tenant and env, oldest first.

    Example:
        impasto artifact list --store ./store --tenant acme --env prod --kind image_render --preset web_small

    Parameters
    ----------
    kind: str
        Only this kind.
    preset: str
        Only what was exported with this preset.
    parent: str
        Only what was made from this artifact directly.
    """
    from engines.media_v2.listing import list_artifacts
    from engines.media_v2.registry import Registry

    path, scope = need_store(store), need_scope(tenant, env)
    with Registry.open(path, read_only=True) as registry:
        artifacts = list_artifacts(registry.catalog(), scope, kind=kind, preset_id=preset, parent=parent)
    if json:
        output.print_json([output.artifact_json(one) for one in artifacts])
        return FINE
    table = output.table(
        f"{len(artifacts)} artifacts of {scope}",
        "artifact",
        "kind",
        "name",
        "size",
        "format",
        "bytes",
        right=("bytes",),
    )
    for one in artifacts:
        table.add_row(one.artifact_id, one.kind, *output.name_and_size(one), one.meta.format, f"{one.bytes:,}")
    output.show(table)
    return FINE


def artifact_show(
    artifact_id: str, /, *, store: Store = None, tenant: Tenant = None, env: Env = None, json: AsJson = False
) -> int:
    """Show everything that is recorded about one artifact.

    Example:
        impasto artifact show 3f0c... --store ./store --tenant acme --env prod

    Parameters
    ----------
    artifact_id: str
        Id of the artifact (32 hex digits).
    """
    from engines.media_v2.lineage_view import describe
    from engines.media_v2.registry import Registry

    path, scope = need_store(store), need_scope(tenant, env)
    with Registry.open(path, read_only=True) as registry:
        artifact = registry.artifact(scope, artifact_id)
    described = output.artifact_json(artifact)
    if json:
        output.print_json(described)
        return FINE
    table = output.table(describe(artifact), "field", "value")
    meta = described.pop("meta")
    assert isinstance(meta, dict)
    for name, value in [*described.items(), *((f"meta.{name}", value) for name, value in meta.items())]:
        table.add_row(name, output.plain(value))
    output.show(table)
    return FINE


def artifact_get(
    artifact_id: str,
    /,
    *,
    output_file: Annotated[Path | None, Parameter(name=("--output", "-o"))] = None,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    json: AsJson = False,
) -> int:
    """Fetch an artifact's bytes, checked against their hash.

    Example:
        impasto artifact get 3f0c... -o card.png --store ./store --tenant acme --env prod

    Parameters
    ----------
    artifact_id: str
        Id of the artifact (32 hex digits).
    output_file: Path
        Where to write; by default the last part of its uri, in this folder.
    """
    from engines.media_v2.registry import Registry

    path, scope = need_store(store), need_scope(tenant, env)
    with Registry.open(path, read_only=True) as registry:
        artifact = registry.artifact(scope, artifact_id)
        content = registry.content(artifact)
    target = output_file or Path(artifact.uri.rsplit("/", 1)[-1])
    target.write_bytes(content)
    if json:
        output.print_json(output.artifact_json(artifact) | {"file": str(target)})
    else:
        output.say(f"wrote {len(content):,} bytes to {target}")
    return FINE


def artifact_retract(
    artifact_id: str,
    /,
    *,
    reason: str,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    json: AsJson = False,
) -> int:
    """Mark an artifact, and all that was made from it, as not to be used any more. Its bytes and its history stay.

    Example:
        impasto artifact retract 3f0c... --reason "the photographer withdrew" --store ./store --tenant acme --env prod

    Parameters
    ----------
    artifact_id: str
        Id of the artifact (32 hex digits).
    reason: str
        Why; it is kept in the ledger for everybody who asks.
    """
    from engines.media_v2.registry import Registry

    path, scope = need_store(store), need_scope(tenant, env)
    with Registry.open(path) as registry:
        artifact = registry.retract(scope, artifact_id, reason)
        marked = registry.catalog().descendants(artifact_id)
    if json:
        output.print_json(output.artifact_json(artifact) | {"descendants": marked})
    else:
        output.say(f"retracted {artifact_id} and {len(marked)} artifacts that were made from it")
    return FINE
