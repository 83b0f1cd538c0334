"""How far is a boolean of outlines from what it ought to cover: measured along level lines, not by another boolean.

Each line is cut where it meets an edge; between two cuts, winding numbers say what the operands fill and what the result
fills (SVG 2 §13.4.2). Where these differ, the length counts. Straight pieces stand for curves. Pure arithmetic.
"""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engines.vector_core import curves
from engines.vector_core.paths import Outline
from engines.vector_core.scene import FillRule

Operation = Literal["union", "intersection", "difference"]

LINES = 512
"""Level lines across what is measured: two frame units apart, so that nothing of the size of a pixel hides between."""

CUTS_MAX = 2_000_000
"""Cuts of all lines: 100 MB. With more edges, fewer lines are drawn, at least LINES_MIN."""

LINES_MIN = 32

LINE_OFFSET = 0.3819660113
"""Where in its stripe each line lies: a share that corners on round numbers do not hit."""

_Cuts = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]
"""Of each cut: the index of its line, x, and +1 where the edge runs downwards, -1 upwards."""


class Asked(NamedTuple):
    """An operation, its two outlines, and the rules that fill them."""

    operation: Operation
    outlines: tuple[Outline, Outline]
    rules: tuple[FillRule, FillRule]


def wrong_area(asked: Asked, result: Outline, tolerance: float) -> float:
    """Return the area in square units that `result` (nonzero rule) fills and the operation does not, or the reverse.

    An estimate, from LINES lines. `tolerance` (user units) lies between a curve and its straight pieces.
    """
    edges = [_edges(outline, tolerance) for outline in (*asked.outlines, result)]
    ends = np.concatenate([found[:, 1] for found in edges])
    low, high = (float(ends.min()), float(ends.max())) if len(ends) else (0.0, 0.0)
    if high <= low:
        return 0.0
    crossed = sum(float(np.abs(found[:, 3] - found[:, 1]).sum()) for found in edges) / (high - low)
    lines = int(min(LINES, max(LINES_MIN, CUTS_MAX / max(crossed, 1.0))))
    step = (high - low) / lines
    cuts = [_cuts(found, low, step, lines) for found in edges]
    line, x = (np.concatenate([cut[part] for cut in cuts]) for part in (0, 1))
    order = np.lexsort((x, line))
    line, x = line[order], x[order]
    first, second, have = (
        _filled(cuts, index, order, odd=rule == "evenodd") for index, rule in enumerate((*asked.rules, "nonzero"))
    )
    want = {"union": first | second, "intersection": first & second, "difference": first & ~second}[asked.operation]
    gaps = np.where(line[1:] == line[:-1], x[1:] - x[:-1], 0.0)
    return float((gaps * (want != have)[:-1]).sum()) * step


def _edges(outline: Outline, tolerance: float) -> NDArray[np.float64]:
    """Return rows (x0, y0, x1, y1) of the closed straight pieces of an outline."""
    rows = [
        (*p, *q)
        for points, _ in curves.flatten(outline, tolerance)
        for p, q in zip(points, points[1:] + points[:1], strict=True)
    ]
    return np.array(rows, np.float64).reshape(-1, 4)


def _cuts(edges: NDArray[np.float64], low: float, step: float, lines: int) -> _Cuts:
    """Return where edges meet the lines low + (k + LINE_OFFSET) step."""
    x0, y0, x1, y1 = edges.T
    # An edge has its upper end and not its lower one, so that a corner is one cut and not two.
    begin, end = (
        np.clip(np.ceil((y - low) / step - LINE_OFFSET), 0, lines).astype(np.int64)
        for y in (np.minimum(y0, y1), np.maximum(y0, y1))
    )
    counts = end - begin
    which = np.repeat(np.arange(len(edges)), counts)
    line = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts) + begin[which]
    y = low + (line + LINE_OFFSET) * step
    x = x0[which] + (y - y0[which]) / (y1[which] - y0[which]) * (x1[which] - x0[which])
    return line, x, np.where(y1 > y0, 1, -1)[which]


def _filled(cuts: list[_Cuts], index: int, order: NDArray[np.int64], *, odd: bool) -> NDArray[np.bool_]:
    """Tell for each cut, in `order`, whether the outline `index` is filled to the right of it."""
    turns = np.concatenate([cut[2] if index == other else np.zeros_like(cut[2]) for other, cut in enumerate(cuts)])
    # Contours are closed, so every line ends with a winding number of zero: one sum runs through all lines.
    wound = np.cumsum(turns[order])
    return np.asarray(wound % 2 != 0 if odd else wound != 0)
