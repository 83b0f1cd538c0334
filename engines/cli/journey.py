"""From a composition file to registered exports: what `impasto render` and `impasto demo` share."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from engines.cli.output import Tell
from engines.image_core import composition as documents
from engines.image_core.decode import read_file
from engines.image_core.presets import plan_export
from engines.media_v2.presets import NO_OVERRIDES, Overrides
from engines.media_v2.renders import Rendered
from engines.workspace import Workspace


def render_presets(
    work: Workspace,
    file: Path,
    presets: Sequence[str],
    tell: Tell,
    *,
    overrides: Overrides = NO_OVERRIDES,
    root: Path | None = None,
    out_dir: Path | None = None,
) -> list[Rendered]:
    """Store the composition in `file` and export it with each of `presets`; also write the pictures to `out_dir` when there is one.

    Everything that can be refused is refused before the first picture is drawn.
    """
    wanted = [work.preset(preset_id) for preset_id in presets]
    document = documents.parse(read_file(file))
    for preset in wanted:
        plan_export(preset, document.width, document.height, overrides)
    composition_id = work.compose(file, root=root).artifact.artifact_id
    tell("rendering", 0, len(presets))
    done = itertools.count(1)
    rendered = work.render_all(
        composition_id,
        presets,
        overrides,
        on_kernel=lambda ready, total: tell("preparing kernels (once)", ready, total),
        on_done=lambda _: tell("rendering", next(done), len(presets)),
    )
    if out_dir is not None:
        for one in rendered:
            write_export(work, one, out_dir)
    return rendered


def write_export(work: Workspace, rendered: Rendered, out_dir: Path) -> Path:
    """Write a render's bytes to `out_dir` under the last part of its uri; return the path."""
    out_dir.mkdir(parents=True, exist_ok=True)
    path = out_dir / rendered.artifact.uri.rsplit("/", 1)[-1]
    path.write_bytes(work.content(rendered.artifact))
    return path
