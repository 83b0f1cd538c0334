"""From a composition file to registered exports: what `impasto render` and `impasto demo` share."""

from collections.abc import Sequence
from pathlib import Path

from engines.cli.output import Tell
from engines.image_core import composition as documents
from engines.image_core.decode import read_file
from engines.image_core.presets import find_preset, plan_export
from engines.image_core.service import ImageService
from engines.image_core.sources import FolderReader
from engines.media_v2.registry import Registry
from engines.media_v2.renders import Rendered
from engines.media_v2.scope import Scope


def render_presets(
    registry: Registry,
    scope: Scope,
    file: Path,
    presets: Sequence[str],
    tell: Tell,
    *,
    format: str | None = None,
    root: Path | None = None,
    out_dir: Path | None = None,
) -> list[Rendered]:
    """Store the composition in `file` and export it with each of `presets`; also write the pictures to `out_dir` when there is one.

    Everything that can be refused is refused before the first picture is drawn.
    """
    wanted = [find_preset(preset_id) for preset_id in presets]
    document = documents.parse(read_file(file))
    for preset in wanted:
        plan_export(preset, document.width, document.height, format)
    service = ImageService(registry)
    artifact = service.create_composition(scope, document, file.stem, FolderReader(file.parent, root)).artifact
    rendered = []
    for done, preset in enumerate(wanted):
        tell("rendering", done, len(presets))
        rendered.append(
            service.render(
                scope,
                artifact.artifact_id,
                preset.preset_id,
                format=format,
                on_kernel=lambda ready, total: tell("preparing kernels (once)", ready, total),
            )
        )
        if out_dir is not None:
            write_export(registry, rendered[-1], out_dir)
    tell("rendering", len(presets), len(presets))
    return rendered


def write_export(registry: Registry, rendered: Rendered, out_dir: Path) -> Path:
    """Write a render's bytes to `out_dir` under the last part of its uri; return the path."""
    out_dir.mkdir(parents=True, exist_ok=True)
    path = out_dir / rendered.artifact.uri.rsplit("/", 1)[-1]
    path.write_bytes(registry.content(rendered.artifact))
    return path
