"""What is the program made of? Its commands with their help, its typed errors, its modules: found by walking the real thing."""

import ast
import importlib
import io
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cyclopts import App
from rich.console import Console

import compositor
import engines
import ledger
from compositor.errors import CompositorError
from docs.tables import markdown
from engines.cli.app import build_app
from engines.errors import EngineError, EnvironmentFault, RequestError
from engines.image_core.decode import SOURCE_BYTES_MAX, SOURCE_PIXELS_MAX
from engines.image_core.layers import LAYER_PIXELS_MAX as DRAWN_PIXELS_MAX
from engines.vector_core.guard import ELEMENTS_MAX as SVG_ELEMENTS_MAX
from engines.vector_core.guard import SVG_BYTES_MAX
from ledger.errors import LedgerError

__all__ = [
    "DRAWN_PIXELS_MAX",
    "SOURCE_BYTES_MAX",
    "SOURCE_PIXELS_MAX",
    "SVG_BYTES_MAX",
    "SVG_ELEMENTS_MAX",
    "code_map",
    "commands",
    "help_text",
    "leaf_errors",
]

ROOT = Path(__file__).resolve().parent.parent
HELP_COLUMNS = 100
"""Width of pasted help texts: what a page shows without a scroll bar."""

_BASES = (EngineError, RequestError, EnvironmentFault, LedgerError, CompositorError)


class Command(NamedTuple):
    """One command or group of commands."""

    path: tuple[str, ...]
    purpose: str
    """First sentence of its help."""
    runs: bool
    """False for a group, which only holds other commands."""


def commands() -> list[Command]:
    """Return every command of the program, groups before what is in them, in the order of `--help`."""
    return sorted(_walk(build_app(), ()))


def _walk(app: App, path: tuple[str, ...]) -> Iterator[Command]:
    for name in app:
        if not name.startswith("-"):
            inner = app[name]
            runs = inner.default_command is not None
            yield Command((*path, name), (inner.help or "").partition("\n")[0], runs)
            yield from _walk(inner, (*path, name))


def help_text(path: tuple[str, ...]) -> str:
    """Return what `impasto PATH --help` prints on a terminal of `HELP_COLUMNS`, without colours."""
    text = io.StringIO()
    console = Console(file=text, width=HELP_COLUMNS, color_system=None, force_terminal=False, legacy_windows=False)
    build_app(path).help_print(list(path), console=console)
    return "\n".join(line.rstrip() for line in text.getvalue().strip().splitlines())


def leaf_errors() -> list[type[Exception]]:
    """Return every error class that the packages may raise, bases left out."""
    for package in (compositor, engines, ledger):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".tests" not in module.name and not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
    found: dict[type[Exception], None] = {}
    for base in _BASES:
        found.update(dict.fromkeys(_below(base)))
    return [kind for kind in found if not kind.__subclasses__() and kind not in _BASES and _is_ours(kind)]


def _below(base: type[Exception]) -> Iterator[type[Exception]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _below(kind)


def _is_ours(kind: type[Exception]) -> bool:
    """Tests define errors of their own, which are no part of the program."""
    return kind.__module__.partition(".")[0] in ("compositor", "engines", "ledger") and ".tests" not in kind.__module__


MAP = (
    "ledger/log.py",
    "ledger/segments.py",
    "ledger/frame.py",
    "ledger/mark.py",
    "ledger/backend.py",
    "ledger/postgres/log.py",
    "ledger/objects/log.py",
    "ledger/copying.py",
    "ledger/replay.py",
    "ledger/lineage.py",
    "ledger/verify.py",
    "compositor/execute.py",
    "compositor/tree.py",
    "compositor/plan.py",
    "compositor/modes.py",
    "compositor/_jit.py",
    "engines/media_v2/registry.py",
    "engines/media_v2/models.py",
    "engines/media_v2/events.py",
    "engines/media_v2/keys.py",
    "engines/media_v2/places.py",
    "engines/media_v2/blobs.py",
    "engines/media_v2/blob_objects.py",
    "engines/media_v2/object_client.py",
    "engines/media_v2/blob_cache.py",
    "engines/media_v2/renders.py",
    "engines/media_v2/presets.py",
    "engines/media_v2/single_flight.py",
    "engines/media_v2/lineage_view.py",
    "engines/media_v2/audit.py",
    "engines/batch/run.py",
    "engines/batch/schedulers.py",
    "engines/batch/doing.py",
    "engines/batch/dask_cluster.py",
    "engines/vector_core/guard.py",
    "engines/vector_core/guard_reader.py",
    "engines/vector_core/guard_glance.py",
    "engines/vector_core/guard_reach.py",
    "engines/vector_core/resources.py",
    "engines/vector_core/svg_generic_fonts.py",
    "engines/vector_core/rasterize.py",
    "engines/vector_core/painter.py",
    "engines/vector_core/scene.py",
    "engines/vector_core/scene_read.py",
    "engines/vector_core/scene_write.py",
    "engines/vector_core/scene_origin.py",
    "engines/vector_core/operations.py",
    "engines/vector_core/path_kernel.py",
    "engines/vector_core/service.py",
    "engines/typography_core/fonts.py",
    "engines/typography_core/bidi.py",
    "engines/typography_core/itemise.py",
    "engines/typography_core/shaping.py",
    "engines/typography_core/rich_text.py",
    "engines/typography_core/paragraph.py",
    "engines/typography_core/layout.py",
    "engines/typography_core/painting.py",
    "engines/typography_core/outlines.py",
    "engines/isolation/pool.py",
    "engines/typography_core/service.py",
    "engines/image_core/service.py",
    "engines/image_core/composition.py",
    "engines/image_core/layers.py",
    "engines/image_core/presets.py",
    "engines/image_core/encode.py",
    "engines/image_core/png.py",
    "engines/image_core/template.py",
    "engines/workspace.py",
    "engines/http/routes.py",
    "engines/http/endpoints.py",
    "engines/http/problems.py",
    "engines/http/app.py",
    "engines/video/planes.py",
    "engines/video/av_files.py",
    "engines/video/timeline.py",
    "engines/cli/app.py",
    "engines/cli/failures.py",
)
"""Files that a newcomer opens first, in reading order."""


def code_map() -> str:
    """Table: the files of `MAP` with the question that each answers, from its docstring."""
    rows = ([f"[`{path}`](../{path})", first_sentence(ROOT / path)] for path in MAP)
    return markdown(["file", "what it answers"], rows)


def first_sentence(path: Path) -> str:
    """Return the first sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    ends = [at + 1 for at, char in enumerate(paragraph) if char in ".?" and paragraph[at + 1 : at + 2] in (" ", "")]
    return paragraph[: ends[0]] if ends else paragraph
