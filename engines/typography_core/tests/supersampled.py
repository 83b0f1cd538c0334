"""Coverage by definition: which of 16 x 16 points of each pixel lie inside of the outlines. Slow, and nobody else's code."""

import numpy as np
import uharfbuzz as hb

from engines.typography_core import faces
from engines.typography_core.shaping import PlacedRun

SAMPLES = 16
_PIECES = 24
"""Straight pieces of a curve; at 64 px they leave it by less than 1/1000 px."""

Edges = list[tuple[float, float, float, float]]


def outlines(run: PlacedRun, dx: float, dy: float) -> Edges:
    """The straight edges (x0, y0, x1, y1) of a run in px, y downwards."""
    font = faces.font_at(run.font, run.size)
    unit = run.size / font.scale[0]
    edges: Edges = []
    for glyph in run.glyphs:
        here: list[tuple[float, float]] = []
        x0, y0 = run.x + glyph.x + dx, run.baseline + glyph.y + dy

        def place(x: float, y: float, x0: float = x0, y0: float = y0) -> tuple[float, float]:
            return x0 + x * unit, y0 - y * unit

        def line(x: float, y: float, _: object, here: list[tuple[float, float]] = here) -> None:
            edges.append((*place(*here[-1]), *place(x, y)))
            here.append((x, y))

        def start(x: float, y: float, _: object, here: list[tuple[float, float]] = here) -> None:
            here.append((x, y))

        def curve(*numbers: float | None, here: list[tuple[float, float]] = here) -> None:
            flat = [number for number in numbers if number is not None]
            points = np.array([*here[-1], *flat]).reshape(-1, 2)
            for step in range(1, _PIECES + 1):
                t, level = step / _PIECES, points
                while len(level) > 1:
                    level = level[:-1] * (1 - t) + level[1:] * t
                line(float(level[0, 0]), float(level[0, 1]), None, here)

        draw = hb.DrawFuncs()
        draw.set_move_to_func(start)
        draw.set_line_to_func(line)
        draw.set_quadratic_to_func(curve)
        draw.set_cubic_to_func(curve)
        font.draw_glyph(glyph.glyph_id, draw)
    return edges


def coverage(edges: Edges, left: int, top: int, width: int, height: int) -> np.ndarray:
    """Share of points inside (nonzero winding), 0 to 255, of the pixels from (left, top) on. Every row of points is shifted a little
    against the one above, so that 256 places across count for an upright edge, and not 16."""
    lines = np.array(edges)
    found = np.zeros((height, width))
    for row in range(height * SAMPLES):
        y = top + (row + 0.5) / SAMPLES
        up = (lines[:, 1] <= y) & (lines[:, 3] > y)
        down = (lines[:, 3] <= y) & (lines[:, 1] > y)
        crossing = lines[up | down]
        sign = np.where(up, 1, -1)[up | down]
        x = crossing[:, 0] + (y - crossing[:, 1]) * (crossing[:, 2] - crossing[:, 0]) / (
            crossing[:, 3] - crossing[:, 1]
        )
        shift = ((row * 7) % SAMPLES + 0.5) / SAMPLES
        first = np.clip(np.ceil((x - left) * SAMPLES - shift), 0, width * SAMPLES).astype(int)
        winding = np.cumsum(np.bincount(first, sign, width * SAMPLES + 1))[:-1]
        found[row // SAMPLES] += (winding != 0).reshape(width, SAMPLES).sum(axis=1)
    return found * 255 / SAMPLES**2
