"""Commands about fonts of a tenant and env."""

from pathlib import Path

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson, Env, Store, Tenant, need_scope, need_store


def font_add(*files: Path, store: Store = None, tenant: Tenant = None, env: Env = None, json: AsJson = False) -> int:
    """Store font files (TTF, OTF, TTC, WOFF, WOFF2); texts of the tenant and env may ask for their families from now on.

    They come before the packaged fonts: a family of the same name is drawn with them, and characters that a text's own fonts
    lack are looked for in them first.

    Example:
        impasto font add Brand.woff2 --store ./store --tenant acme --env prod

    Parameters
    ----------
    files: Path
        Files to store. The same bytes are stored once.
    """
    from engines.isolation.pool import Pool
    from engines.media_v2.errors import MissingOptionError
    from engines.media_v2.models import FontAssetMeta
    from engines.media_v2.registry import Registry
    from engines.workspace import ISOLATED_TASKS, Workspace

    if not files:
        raise MissingOptionError("files", "name at least one file")
    path, scope = need_store(store), need_scope(tenant, env)
    with Registry.open(path) as registry, Pool(ISOLATED_TASKS, workers=1) as isolation:
        work = Workspace(registry, scope, isolation=isolation)
        added = [work.add_font(file) for file in files]
    if json:
        output.print_json([output.artifact_json(one.artifact) | {"created": one.created} for one in added])
        return FINE
    columns = ("artifact", "family", "style", "weight", "axes", "characters", "format", "license", "new")
    table = output.table("Fonts", *columns, right=("characters",))
    for one in added:
        meta = one.artifact.meta
        assert isinstance(meta, FontAssetMeta)
        for face in meta.faces:
            table.add_row(
                one.artifact.artifact_id,
                face.family,
                face.subfamily,
                f"{face.weight:g}",
                output.plain([f"{axis.tag} {axis.minimum:g}..{axis.maximum:g}" for axis in face.axes]),
                f"{face.coverage:,}",
                meta.format,
                meta.license,
                "yes" if one.created else "no",
            )
    output.show(table)
    return FINE
