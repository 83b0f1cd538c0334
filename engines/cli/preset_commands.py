"""Commands that list and define export presets."""

from pathlib import Path
from typing import TYPE_CHECKING

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson, Env, Store, Tenant, need_scope, need_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from engines.media_v2.presets import Preset


def presets(*, store: Store = None, tenant: Tenant = None, env: Env = None, json: AsJson = False) -> int:
    """List the export presets: the built-in ones, and those that a tenant and env defined where they are named.

    Example:
        impasto presets --json
    """
    from engines.image_core.presets import PRESETS

    known = list(PRESETS.values())
    if tenant is not None or env is not None:
        from engines.image_core.preset_book import PresetBook
        from engines.media_v2.registry import Registry

        path, scope = need_store(store), need_scope(tenant, env)
        with Registry.open(path, read_only=True) as registry:
            known = PresetBook(registry).all(scope)
    if json:
        output.print_json(known)
    else:
        output.show(_table(known))
    return FINE


def preset_define(
    file: Path, /, *, store: Store = None, tenant: Tenant = None, env: Env = None, json: AsJson = False
) -> int:
    """Define a preset of a tenant and env, or its next version. The same definition again changes nothing.

    Example:
        impasto preset define story.json --store ./store --tenant acme --env prod

    Parameters
    ----------
    file: Path
        JSON with the fields that `impasto presets --json` shows; preset_id, format, size and width are required.
    """
    import msgspec

    from engines.image_core.decode import read_file
    from engines.image_core.preset_book import PresetBook
    from engines.media_v2.presets import PresetError
    from engines.media_v2.registry import Registry

    path, scope = need_store(store), need_scope(tenant, env)
    try:
        definition = msgspec.json.decode(read_file(file))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PresetError("definition", f"{file}: {error}") from error
    with Registry.open(path) as registry:
        preset = PresetBook(registry).define(scope, definition)
    if json:
        output.print_json(preset)
    else:
        output.show(_table([preset]))
    return FINE


def _table(presets: "Sequence[Preset]") -> "Table":
    columns = ("preset", "version", "format", "size", "rule", "fit", "quality", "dpi", "profile", "background")
    table = output.table("Presets", *columns)
    for one in presets:
        size = f"{one.width} wide" if one.height is None else f"{one.width}x{one.height}"
        table.add_row(
            one.preset_id,
            str(one.version),
            " or ".join(one.formats),
            size,
            one.size,
            one.fit if one.size == "box" else "-",
            output.plain(one.quality),
            output.plain(one.dpi),
            one.color_profile,
            one.background or "transparent",
        )
    return table
