"""How do glyphs that a font draws in SVG become pixels? What typography asks for by its `DrawSvg`, without either knowing the other.

Runs the guard on every document, as `rasterize` always does, and draws in workers where it is given some.
"""

import numpy as np
from numpy.typing import NDArray

from engines.isolation.pool import Pool
from engines.vector_core import rasterize
from engines.vector_core.service import drawing_producers


class GlyphDrawer:
    """Draws one document at a size, with the default engine. All objects are the same: where they draw changes no pixel."""

    def __init__(self, isolation: Pool | None = None) -> None:
        """Draw in workers of `isolation`, with `tasks.TASKS`; in the caller's process without them."""
        self._isolation = isolation

    def __call__(self, svg: bytes, width: int, height: int) -> NDArray[np.uint8]:
        """Return `svg` stretched to `width` x `height` px, (height, width, 4) uint8 straight. Raises SvgRefusedError,
        SvgEngineError, and what ends a worker."""
        return rasterize.rasterize(svg, width, height, isolation=self._isolation)

    def producers(self) -> dict[str, str]:
        """The engine with its version, and ours."""
        return drawing_producers({"resvg"})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GlyphDrawer)

    def __hash__(self) -> int:
        return hash(GlyphDrawer)
