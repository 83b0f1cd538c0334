"""How high is each line of a text, and where is its baseline?

Line boxes of CSS 2.2 §10.8.1: half of the leading above the ascent of a style's first font. A line is as high as it must be to hold
the boxes of all its styles; super- and subscripts count as the text that they belong to, so that they push no lines apart. The main
path is `LineBoxes.stacked`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from engines.typography_core.fonts import FontInstance
from engines.typography_core.itemise import COMMON
from engines.typography_core.paragraph import SetLine, Shaper
from engines.typography_core.setting import Setting
from engines.typography_core.styles import Cascade, Style, Styling


class LineBox(NamedTuple):
    """Room in px above the baseline, and in all."""

    above: float
    height: float


def line_box(shaper: Shaper, font: FontInstance, size: float, line_height: float) -> LineBox:
    """Return the box of a line in `font` at `size` px, `line_height` times as high: half of the leading is above the ascent."""
    metrics = shaper.metrics(font, size)
    pitch = line_height * size
    return LineBox((pitch - metrics.ascent - metrics.descent) / 2 + metrics.ascent, pitch)


class LineBoxes:
    """The line boxes of the styles of a text at `size` px."""

    def __init__(self, styling: Styling, size: float, setting: Setting, shaper: Shaper) -> None:
        self._styling, self._size, self._line_height, self._shaper = styling, size, setting.line_height, shaper
        self.fonts: tuple[FontInstance, ...] = tuple(
            dict.fromkeys([style.cascade(COMMON)[0] for style in styling.styles])
        )
        self._boxes = {part: self._box(*part) for part in dict.fromkeys(map(_line_part, styling.styles))}

    def stacked(self, lines: Sequence[SetLine]) -> tuple[list[float], float]:
        """Return the baseline of each line in px from the top of the first, and the height of all."""
        boxes = [self._of(line) for line in lines]
        if boxes.count(boxes[0]) == len(boxes):
            above, height = boxes[0]
            return [above + index * height for index in range(len(boxes))], height * len(boxes)
        baselines = []
        top = 0.0
        for above, height in boxes:
            baselines.append(top + above)
            top += height
        return baselines, top

    def _of(self, line: SetLine) -> LineBox:
        if len(self._boxes) == 1:
            return next(iter(self._boxes.values()))
        styles = [piece.item.style for piece in line.pieces] or [self._styling.at(line.start)]
        boxes = list(dict.fromkeys([self._boxes[_line_part(style)] for style in styles]))
        if len(boxes) == 1:
            return boxes[0]
        above = max([box.above for box in boxes])
        return LineBox(above, above + max([box.height - box.above for box in boxes]))

    def _box(self, cascade: Cascade, scale: float, rise: float) -> LineBox:
        box = line_box(self._shaper, cascade(COMMON)[0], self._size * scale, self._line_height)
        return box._replace(above=box.above + rise * self._size)


def _line_part(style: Style) -> tuple[Cascade, float, float]:
    """What of a style the line's height follows."""
    return style.cascade, style.line_scale, style.line_rise
