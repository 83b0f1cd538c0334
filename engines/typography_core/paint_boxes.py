"""How many steps does it take to paint a colour glyph, and where may it leave paint?

Walks a COLR glyph's painting steps without painting. HarfBuzz tells a box only for glyphs that carry one; layers may lie beside
the glyph that they belong to, and a hostile font may ask for very many. The main path is `survey`.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from engines.typography_core import faces
from engines.typography_core.font_types import Font

_COUNTED = ("color", "linear_gradient", "radial_gradient", "sweep_gradient", "push_group")
"""Each of these touches every pixel within the clip. HarfBuzz itself stops at 65,536 edges of the paint graph, 64 deep."""


class Box(NamedTuple):
    """Where something lies, in HarfBuzz's units (see `faces.FIXED_PER_UNIT`), y upwards."""

    left: float
    bottom: float
    right: float
    top: float


_Transform = tuple[float, float, float, float, float, float]
_ExtentsOf = Callable[[int], Any]


class Survey(NamedTuple):
    """`steps` to paint a glyph, and the `box` that holds what they paint: None where nothing is bounded by an outline."""

    steps: int
    box: Box | None


@functools.lru_cache(maxsize=16_384)  # about 300 bytes each
def survey(font: Font, variations: tuple[tuple[str, float], ...], glyph_id: int) -> Survey:
    """Walk the painting steps of a glyph of `font` at these axis values. Costs a few microseconds a step."""
    import uharfbuzz as hb

    hb_font = faces.font_of(font, variations)
    walk = _Walk(hb_font.get_glyph_extents)
    listening = hb.PaintFuncs()
    listening.set_push_transform_func(walk.push_transform)
    listening.set_pop_transform_func(walk.pop_transform)
    listening.set_push_clip_glyph_func(walk.push_glyph)
    listening.set_push_clip_rectangle_func(walk.push_rectangle)
    listening.set_pop_clip_func(walk.pop_clip)
    for name in _COUNTED:
        getattr(listening, f"set_{name}_func")(walk.step)
    hb_font.paint_glyph(glyph_id, listening, None)
    return Survey(walk.steps, walk.box())


class _Walk:
    """What HarfBuzz tells while it walks a glyph: steps, and the outlines that they are clipped to."""

    def __init__(self, extents_of: _ExtentsOf) -> None:
        self.steps = 0
        self._extents_of = extents_of
        self._transforms: list[_Transform] = [(1.0, 0.0, 0.0, 1.0, 0.0, 0.0)]
        self._corners: list[tuple[float, float]] = []
        self._frame: Box | None = None
        self._depth = 0

    def step(self, *_: object) -> None:
        self.steps += 1

    def push_transform(self, xx: float, yx: float, xy: float, yy: float, dx: float, dy: float, _: object) -> None:
        a, b, c, d, e, f = self._transforms[-1]
        self._transforms.append(
            (
                a * xx + c * yx,
                b * xx + d * yx,
                a * xy + c * yy,
                b * xy + d * yy,
                a * dx + c * dy + e,
                b * dx + d * dy + f,
            )
        )

    def pop_transform(self, _: object) -> None:
        self._transforms.pop()

    def push_glyph(self, glyph_id: int, _: object) -> None:
        self._depth += 1
        found = self._extents_of(glyph_id)
        if found is not None and found.width and found.height:
            left, top = found.x_bearing, found.y_bearing
            self._corners += self._moved(Box(left, top + found.height, left + found.width, top))

    def push_rectangle(self, left: float, bottom: float, right: float, top: float, _: object) -> None:
        if not self._depth:  # the glyph's own ClipBox, the outermost
            self._frame = _around(self._moved(Box(left, bottom, right, top)))
        self._depth += 1

    def pop_clip(self, _: object) -> None:
        self._depth -= 1

    def box(self) -> Box | None:
        """Return what holds all outlines, within the glyph's ClipBox where it has one."""
        if self._frame is not None:
            return self._frame
        return _around(self._corners) if self._corners else None

    def _moved(self, box: Box) -> list[tuple[float, float]]:
        a, b, c, d, e, f = self._transforms[-1]
        corners = ((x, y) for x in (box.left, box.right) for y in (box.bottom, box.top))
        return [(a * x + c * y + e, b * x + d * y + f) for x, y in corners]


def _around(corners: list[tuple[float, float]]) -> Box:
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return Box(min(across), min(down), max(across), max(down))
