"""Which area lies within a stroke's width of an outline?

Every edge of the outlines becomes a polygon of its own, as wide as the stroke and with the corner at its end; all turn the same way, so
that
together they are the stroke, whatever they do to each other (nonzero winding). Skia's stroker would make fewer edges, but ones that turn
back on themselves at tight bends, where an outline with its stroke must not have holes. Pure. The main path is `widened`.
"""

import numpy as np
from numpy.typing import NDArray

from engines.typography_core.errors import TextLimitError
from engines.typography_core.flatten import TOLERANCE_PX, Polygons
from engines.typography_core.ink import EDGES_MAX
from engines.typography_core.look import Join


def widened(
    shape: Polygons, width: float, join: Join, miter_limit: float, tolerance: float = TOLERANCE_PX
) -> NDArray[np.float64]:
    """Return the edges (n, 4) of what lies within `width` / 2 of the edges of `shape`, all in px; corners as SVG 2 §13.5.5 joins them.

    Corners that a cut curve has are round, whatever the join. Raises TextLimitError past `ink.EDGES_MAX`, before any edge is made.
    """
    from engines.typography_core import ink_kernels

    kernel = ink_kernels.find("stroke")
    kind = {"round": ink_kernels.ROUND, "bevel": ink_kernels.BEVEL, "miter": ink_kernels.MITER}[join]
    points, starts, smooth = _without_doubles(shape)
    asked = (points, starts, smooth, width / 2, kind, float(miter_limit), tolerance)
    count = kernel(*asked, np.zeros((0, 4)))
    if count > EDGES_MAX:
        raise TextLimitError("stroke", count, EDGES_MAX, "edges")
    made = np.zeros((count, 4))
    if count:
        kernel(*asked, made)
    return made


def _without_doubles(shape: Polygons) -> Polygons:
    """Leave out corners that lie where the one before them lies, around each polygon."""
    if not len(shape.points):
        return shape
    before = np.arange(-1, len(shape.points) - 1)
    used = shape.starts[1:] > shape.starts[:-1]
    before[shape.starts[:-1][used]] = shape.starts[1:][used] - 1
    kept = (shape.points != shape.points[before]).any(axis=1)
    starts = np.concatenate([[0], np.cumsum(kept)])[shape.starts]
    return Polygons(np.ascontiguousarray(shape.points[kept]), starts, shape.smooth[kept])
