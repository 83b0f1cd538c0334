"""Which colour does ink have at each pixel: one for all, or a gradient over the text's box?

Gradients are the compositor's own, so that a text and a gradient layer of the same box have the same colours. The main path is `flat` or
`sloped`, then `Paint.premultiplied`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from compositor.gradient import DITHER, Ramp, ramp
from compositor.stages import KernelId
from compositor.tree import Gradient
from engines.colours import Colour, parse_colour
from engines.typography_core.look import TextGradient


class Area(NamedTuple):
    """A rectangle in output px: where the gradient of a text lies."""

    left: float
    top: float
    width: float
    height: float


class Paint(NamedTuple):
    """A colour, or a gradient whose box has its corner at (`left`, `top`) in output px."""

    colour: Colour
    ramp: Ramp | None = None
    left: float = 0.0
    top: float = 0.0

    def premultiplied(self, x: int, y: int, width: int, height: int) -> NDArray[np.float32]:
        """Return the colours of the pixels from (x, y) on, premultiplied, (height, width, 4), or (4,) where all are the same."""
        if self.ramp is None:
            return np.array([*(part * self.colour.alpha for part in self.colour[:3]), self.colour.alpha], np.float32)
        from compositor import kernels

        planes = np.empty((4, height, width), np.float32)
        across, down = np.ones(width, np.float32), np.ones(height, np.float32)
        place = (x + 0.5 - self.left, y + 0.5 - self.top)
        drawn = (self.ramp.params, self.ramp.offsets, self.ramp.colors, across, down, False, 0, 0, DITHER)
        kernels.find(KernelId(self.ramp.kind))(planes, 0, 0, height, width, *place, *drawn)
        return np.moveaxis(planes, 0, 2)


def flat(colour: Colour) -> Paint:
    """Return the paint of one colour."""
    return Paint(colour)


def sloped(gradient: TextGradient, area: Area) -> Paint:
    """Return the paint of `gradient` over `area`; a box without width or height counts as one px wide or high there."""
    stops = tuple((offset, parse_colour(colour)) for offset, colour in gradient.stops)
    made = ramp(Gradient(gradient.kind, stops, gradient.angle), max(area.width, 1.0), max(area.height, 1.0))
    return Paint(Colour(0.0, 0.0, 0.0, 1.0), made, area.left, area.top)
