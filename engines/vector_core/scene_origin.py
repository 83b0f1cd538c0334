"""What was a scene made from, and what of the document that it was read from is not in it?

An `Origin` goes into the meta and the lineage of the scene's artifact. Main path: `read_outlined`, for documents whose
texts are to become outlines before they are kept.
"""

from typing import NamedTuple

from engines.vector_core import guard
from engines.vector_core.guard import External
from engines.vector_core.resources import Resources
from engines.vector_core.scene import Scene
from engines.vector_core.scene_read import read_svg
from engines.vector_core.svg_text import NO_FONTS, FontsUsed, Outliner


class Origin(NamedTuple):
    """Artifacts that a scene was made from, the fonts of its outlined texts, and what was left out of its document, in words.

    `resources` are the sha256 of pictures that were put into it, `ignored` references elsewhere that were not.
    """

    parents: tuple[str, ...] = ()
    fonts: FontsUsed = NO_FONTS
    left_out: tuple[str, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()

    def artifact_ids(self) -> tuple[str, ...]:
        """Return all artifacts among these, each once."""
        return tuple(dict.fromkeys((*self.parents, *self.fonts.artifact_ids)))


NO_ORIGIN = Origin()


class OutlinedScene(NamedTuple):
    """A scene whose texts are outlines, and what it was made from."""

    scene: Scene
    origin: Origin


def read_outlined(
    svg: bytes,
    outliner: Outliner,
    *,
    parents: tuple[str, ...] = (),
    resources: Resources | None = None,
    external: External = "refuse",
    lenient: bool = False,
) -> OutlinedScene:
    """Return the scene of an SVG (or gzipped SVG) document, its texts outlined by `outliner`.

    Raises SvgRefusedError, SceneUnsupportedError for the first thing that scenes cannot hold (with `lenient` it is left
    out, and told), SceneValueError, and what `outliner` raises.
    """
    admitted = guard.admit(svg, resources, external)
    read = read_svg(admitted.svg, lenient=lenient, outline_text=outliner)
    told = tuple(f"<{one.element}> at {one.place}: {one.feature}" for one in read.left_out)
    origin = Origin(parents, outliner.used(), told, tuple(admitted.used.items()), admitted.ignored)
    return OutlinedScene(read.scene, origin)
