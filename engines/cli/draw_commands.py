"""Commands that draw a single scene or a single text, and register it."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from engines.cli import output
from engines.cli.drawing_files import NO_REFERENCES, References, store_file
from engines.cli.failures import FINE
from engines.cli.options import NO_CHANGES, AsJson, Changes, Env, Store, Tenant, need_scope, need_store, overrides_of
from engines.cli.text_commands import asked

Preset = Annotated[str | None, Parameter(help="Preset id; without one a PNG at the natural size.")]
OutDir = Annotated[Path | None, Parameter(help="Also write the picture here, under its deterministic name.")]


def vector_render(
    scene: str,
    /,
    *,
    preset: Preset = None,
    engine: Annotated[Literal["resvg", "cairosvg"], Parameter(help="What draws it.")] = "resvg",
    references: References = NO_REFERENCES,
    changes: Changes = NO_CHANGES,
    out_dir: OutDir = None,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    json: AsJson = False,
) -> int:
    """Draw an SVG by itself and register it as a vector_render.

    Example:
        impasto vector render logo.svg --preset web_small --format png --store ./store --tenant acme --env prod

    Parameters
    ----------
    scene: str
        An SVG file, which is stored first, or the id of a vector_scene.
    """
    from engines.cli.journey import write_export
    from engines.media_v2.registry import Registry
    from engines.workspace import Workspace

    path, scope, overrides = need_store(store), need_scope(tenant, env), overrides_of(changes)
    with Registry.open(path) as registry:
        work = Workspace(registry, scope)
        scene_id = store_file(work, Path(scene), references).artifact.artifact_id if Path(scene).is_file() else scene
        rendered = work.render_vector(scene_id, preset, overrides, engine=engine)
        if out_dir is not None:
            write_export(work, rendered, out_dir)
    output.show_renders([rendered], as_json=json)
    return FINE


def text_render(
    text: str | None = None,
    /,
    *,
    request: Path | None = None,
    font: str | None = None,
    size: float | None = None,
    weight: float | None = None,
    italic: Annotated[bool | None, Parameter(negative="")] = None,
    color: str | None = None,
    align: Literal["left", "center", "right", "justify", "start", "end"] | None = None,
    box_width: float | None = None,
    preset: Preset = None,
    changes: Changes = NO_CHANGES,
    out_dir: OutDir = None,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    json: AsJson = False,
) -> int:
    """Draw a text by itself on a transparent ground and register it as a text_render. Options change what a request says.

    Example:
        impasto text render "Été à la plage" --size 96 --weight 700 --store ./store --tenant acme --env prod
        impasto text render --request caption.json --preset web_small --store ./store --tenant acme --env prod

    Parameters
    ----------
    text: str
        What to set; a newline begins a new line.
    request: Path
        JSON with the keys of a text layer that say what is set and how it looks, such as runs, fit, stroke and path.
    font: str
        Family name, Inter unless said; `impasto doctor` lists them.
    size: float
        px per em, 64 unless said.
    weight: float
        CSS weight, 1 to 1000.
    italic: bool
        Ask for the italic face.
    color: str
        Colour of the text.
    align: str
        Within the box.
    box_width: float
        px at which lines break; without one only newlines do.
    """
    from engines.cli.journey import write_export
    from engines.media_v2.registry import Registry
    from engines.workspace import Workspace

    path, scope, overrides = need_store(store), need_scope(tenant, env), overrides_of(changes)
    options = {"text": text, "font": font, "size": size, "weight": weight, "italic": italic, "color": color}
    options |= {"align": align, "width": box_width}
    fields = asked(request, {name: value for name, value in options.items() if value is not None})
    with Registry.open(path) as registry:
        work = Workspace(registry, scope)
        rendered = work.render_text(fields, preset, overrides)
        if out_dir is not None:
            write_export(work, rendered, out_dir)
    output.show_renders([rendered], as_json=json)
    return FINE
