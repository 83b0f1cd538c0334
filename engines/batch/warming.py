"""What does a worker do once so that its first task is no slower than its second? It draws a little of everything.

Kernels are loaded from the disk, or compiled where this machine has none yet; fonts and engines are opened. What a batch needs beside that,
another blend mode say, is loaded with the first task that needs it. Nothing is stored.
"""

import functools

from engines.image_core import backend, composition
from engines.image_core.picture_cache import PictureCache
from engines.image_core.presets import plan_plain
from engines.image_core.sources import ArtifactReader, SourceSet
from engines.workspace import Workspace

SIDE_PX = 64
"""Of the picture that nobody sees: one tile."""

_MARK = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><circle r='4'/></svg>"
_LAYERS: list[dict[str, object]] = [
    {"type": "solid", "color": "#8cf8", "x": 3, "width": 40, "height": 30},
    {"type": "gradient", "kind": "linear", "stops": [[0, "#203060"], [1, "rgba(255, 180, 90, 0.5)"]]},
    {"type": "gradient", "kind": "radial", "stops": [[0, "#ffffff80"], [1, "#0000"]], "width": 30, "height": 30},
    {
        "type": "group",
        "opacity": 0.8,
        "layers": [{"type": "text", "text": "Aé", "font": "Inter", "size": 14, "color": "#fff"}],
    },
    {"type": "vector", "svg": _MARK, "x": 1.5, "width": 9},
]


@functools.cache
def _document(background: str | None) -> composition.Composition:
    given = {"version": 1, "width": SIDE_PX, "height": SIDE_PX, "layers": _LAYERS}
    return composition.from_builtins(given | ({"background": background} if background else {}))


def warm(work: Workspace, on_kernel: backend.OnKernel | None = None) -> None:
    """Draw without and with a background, as pictures of both kinds take different kernels."""
    sources = SourceSet(ArtifactReader(work.registry, work.scope), PictureCache())
    for background in (None, "#102030"):
        plan = plan_plain(SIDE_PX, SIDE_PX)
        backend.draw(_document(background), sources, plan, threads=1, on_kernel=on_kernel)
