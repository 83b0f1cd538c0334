"""Commands that make artifacts: upload sources, render compositions."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from engines.cli import output
from engines.cli.batch_options import NO_FANNING, Fanning
from engines.cli.drawing_files import NO_REFERENCES, References, store_file
from engines.cli.failures import FINE
from engines.cli.options import NO_CHANGES, AsJson, Changes, Env, Store, Tenant, need_scope, need_store, overrides_of


def asset_add(
    *files: Path,
    references: References = NO_REFERENCES,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    json: AsJson = False,
) -> int:
    """Store pictures (PNG, JPEG, WebP, AVIF, TIFF) as source assets and SVGs as vector scenes.

    Example:
        impasto asset add photo.jpg logo.svg --store ./store --tenant acme --env prod
        impasto asset add poster.svg --resource photo.jpg=3f0c... --store ./store --tenant acme --env prod

    Parameters
    ----------
    files: Path
        Files to store. The same bytes are stored once.
    """
    from engines.media_v2.errors import MissingOptionError
    from engines.media_v2.registry import Registry
    from engines.workspace import Workspace

    if not files:
        raise MissingOptionError("files", "name at least one file")
    path, scope = need_store(store), need_scope(tenant, env)
    added = []
    with Registry.open(path) as registry, output.progress() as tell:
        work = Workspace(registry, scope)
        for done, file in enumerate(files, start=1):
            added.append(store_file(work, file, references))
            tell("adding", done, len(files))
    if json:
        output.print_json([output.artifact_json(one.artifact) | {"created": one.created} for one in added])
        return FINE
    table = output.table("Assets", "artifact", "kind", "name", "size", "new")
    for one in added:
        table.add_row(
            one.artifact.artifact_id,
            one.artifact.kind,
            *output.name_and_size(one.artifact),
            "yes" if one.created else "no",
        )
    output.show(table)
    return FINE


def render(
    composition: Path,
    /,
    *,
    preset: Annotated[list[str] | None, Parameter(negative="")] = None,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    out_dir: Path | None = None,
    changes: Changes = NO_CHANGES,
    root: Path | None = None,
    data: Path | None = None,
    on_error: Literal["stop", "continue"] = "stop",
    fanning: Fanning = NO_FANNING,
    json: AsJson = False,
) -> int:
    """Export a composition with one or more presets and register what comes out.

    Files named in the composition are read relative to it, stored, and become its parents. What was rendered before is not rendered
    again (cache: hit). With --data the composition is a template with {{variables}}, and every row of the table becomes a picture.

    Examples:
        impasto render card.json --preset web_small --preset print_300dpi --store ./store --tenant acme --env prod
        impasto render card.json --data rows.csv --preset web_small --store ./store --tenant acme --env prod
        impasto render card.json --data rows.csv --preset web_small --scheduler local:4 --store ./store --tenant acme --env prod

    Parameters
    ----------
    composition: Path
        Composition JSON, version 1.
    preset: list[str]
        Preset id; repeat for several. `impasto presets` lists them.
    out_dir: Path
        Also write the pictures here, under their deterministic names.
    root: Path
        Files may come from anywhere below this folder; by default only from the composition's own.
    data: Path
        Table of rows, CSV or JSON lines (.jsonl): one picture for each row and preset, named by the column `name`.
    on_error: str
        With --data: stop refuses all rows before one is drawn, and begins no other row after one that fails later; continue passes
        over rows with a fault, and exits 1.
    """
    from engines.cli.journey import render_presets
    from engines.media_v2.errors import MissingOptionError
    from engines.media_v2.registry import Registry
    from engines.workspace import Workspace

    if not preset:
        raise MissingOptionError("preset", "name at least one preset with --preset ID; `impasto presets` lists them")
    path, scope, overrides = need_store(store), need_scope(tenant, env), overrides_of(changes)
    if data is not None:
        from engines.cli.batch import render_rows

        return render_rows(
            path, scope, composition, data, preset,
            overrides=overrides, root=root, out_dir=out_dir, on_error=on_error, fanning=fanning, as_json=json,
        )  # fmt: skip
    if fanning != NO_FANNING:
        raise MissingOptionError(
            "data", "--scheduler, --workers and --results are for batches; name a table with --data"
        )
    with Registry.open(path) as registry, output.progress() as tell:
        work = Workspace(registry, scope)
        rendered = render_presets(work, composition, preset, tell, overrides=overrides, root=root, out_dir=out_dir)
    output.show_renders(rendered, as_json=json)
    return FINE
