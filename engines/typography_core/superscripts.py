"""How large is a super- or subscript, and how far from the baseline does it stand?

As the font's table 'OS/2' says, where it says something usable; else as most fonts say. The features `sups` and `subs` are not
asked: few fonts have more in them than figures. The main path is `raised`.
"""

import functools
from typing import Literal, NamedTuple

from engines.typography_core import faces
from engines.typography_core.font_types import FontInstance

Position = Literal["super", "sub"]

SCALE_MIN, SCALE_MAX = 0.4, 0.9
"""Sizes of the text that a font may ask for: smaller is not read, larger is no superscript."""

RISE_MIN, RISE_MAX = 0.05, 0.8
"""Ems that a font may ask for; zero is a table that was never filled in."""


class Raised(NamedTuple):
    """`scale` in sizes of the text, `rise` above the baseline in ems of it (below 0 for subscripts)."""

    scale: float
    rise: float


DEFAULT: dict[Position, Raised] = {"super": Raised(0.6, 0.35), "sub": Raised(0.6, -0.075)}
"""What most fonts say, rounded."""


@functools.lru_cache(maxsize=1024)
def raised(font: FontInstance, size: float, position: Position) -> Raised:
    """Return where a super- or subscript beside text of `font` at `size` px stands. Raises as `faces.font_at` does."""
    import uharfbuzz as hb

    tags = hb.OTMetricsTag
    if position == "super":
        asked = (tags.SUPERSCRIPT_EM_Y_SIZE, tags.SUPERSCRIPT_EM_Y_OFFSET)
    else:
        asked = (tags.SUBSCRIPT_EM_Y_SIZE, tags.SUBSCRIPT_EM_Y_OFFSET)
    hb_font = faces.font_at(font, size)
    em = hb_font.scale[1]
    scale, rise = ((hb_font.get_metric_position(tag) or 0) / em for tag in asked)
    if not (SCALE_MIN <= scale <= SCALE_MAX and RISE_MIN <= rise <= RISE_MAX):
        return DEFAULT[position]
    return Raised(scale, rise if position == "super" else -rise)
