"""Where does a font want its underlines and strikes to be, and how thick?

From the tables post and OS/2 with their variations (MVAR), as HarfBuzz reads them; a font that says nothing, or nonsense, gets a usual
line.
"""

from typing import NamedTuple

from engines.typography_core import faces
from engines.typography_core.font_types import FontInstance

_THIN_EM, _THICK_EM = 1 / 64, 1 / 4
"""Lines of fonts are 1/20 of an em or so; beyond these limits they are mistakes."""

_FAR_EM = 2.0


class LineMetrics(NamedTuple):
    """Lines of a font at a size, px: the upper edge of each, counted down from the baseline, and its thickness."""

    underline: float
    underline_thickness: float
    strike: float
    strike_thickness: float
    overline: float


def line_metrics(font: FontInstance, size: float) -> LineMetrics:
    """Return the lines of `font` at `size` px. An overline begins at the ascent."""
    import uharfbuzz as hb

    hb_font = faces.font_at(font, size)
    unit = size / float(hb_font.scale[0])

    def position(tag: "hb.OTMetricsTag") -> float:
        above = float(hb_font.get_metric_position_with_fallback(tag)) * unit
        return -min(max(above, -_FAR_EM * size), _FAR_EM * size)

    def thickness(tag: "hb.OTMetricsTag") -> float:
        asked = float(hb_font.get_metric_position_with_fallback(tag)) * unit
        return min(max(asked, _THIN_EM * size), _THICK_EM * size)

    tags = hb.OTMetricsTag
    return LineMetrics(
        underline=position(tags.UNDERLINE_OFFSET),
        underline_thickness=thickness(tags.UNDERLINE_SIZE),
        strike=position(tags.STRIKEOUT_OFFSET),
        strike_thickness=thickness(tags.STRIKEOUT_SIZE),
        overline=-faces.metrics(font, size).ascent,
    )
