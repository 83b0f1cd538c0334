"""What a CSS gradient means in a box: positions of its stops, and the map from a point to its place on the gradient.

Source: CSS Images Module Level 3, sections 3.1 (linear), 3.2 (radial) and 3.4 (colour stops). Pure; the kernel that
walks over pixels is in `paint_kernels`.
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compositor.tree import Gradient, Stop, rgba

_QUARTER_TURN_DEG = 90
_QUARTER_TURNS: dict[float, tuple[float, float]] = {0: (0.0, 1.0), 1: (1.0, 0.0), 2: (0.0, -1.0), 3: (-1.0, 0.0)}


class Ramp(NamedTuple):
    """A gradient made ready for pixels: place t of a point, then colour at t.

    Of a point (u, v) from the box's corner, t is `u * p[0] + v * p[1] + p[2]` when linear, and
    `hypot((u - p[0]) * p[2], (v - p[1]) * p[3])` when radial, with p = `params`.
    """

    radial: bool
    params: tuple[float, float, float, float]
    offsets: npt.NDArray[np.float64]
    """(n,), never decreasing."""
    colors: npt.NDArray[np.float32]
    """(n, 4), premultiplied."""
    opaque: bool


def ramp(gradient: Gradient, width: float, height: float) -> Ramp:
    """Return what `gradient` means in a box of `width` by `height` pixels, both above 0."""
    radial = gradient.kind == "radial"
    straight = np.array([rgba("Gradient.stops", color) for _, color in gradient.stops], np.float64)
    colors = straight.astype(np.float32)
    colors[:, :3] *= colors[:, 3:]
    return Ramp(
        radial=radial,
        params=_ellipse(width, height) if radial else _line(gradient.angle, width, height),
        offsets=np.array(fix_up(gradient.stops), np.float64),
        colors=np.ascontiguousarray(colors),
        opaque=bool((straight[:, 3] == 1).all()),
    )


def fix_up(stops: Sequence[Stop]) -> list[float]:
    """Return the used offset of every stop (CSS Images 3, section 3.4.3).

    First and last default to 0 and 1; none lies before an earlier one; the ones without offset divide the gap around
    them.
    """
    given = [offset for offset, _ in stops]
    given[0] = 0.0 if given[0] is None else given[0]
    given[-1] = 1.0 if given[-1] is None else given[-1]
    highest = -math.inf
    for index, offset in enumerate(given):
        if offset is not None:
            highest = max(highest, float(offset))
            given[index] = highest
    known = [(index, offset) for index, offset in enumerate(given) if offset is not None]
    used = [known[0][1]]
    for (before, low), (after, high) in itertools.pairwise(known):
        count = after - before
        used += [low + (high - low) * step / count for step in range(1, count)]
        used.append(high)
    return used


def _line(angle_deg: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Section 3.1.1: the line runs through the centre, as long as makes t 0 and 1 at the corners it points from and
    to.
    """
    right, up = _direction(angle_deg)
    length = abs(width * right) + abs(height * up)
    return right / length, -up / length, 0.5 - (width * right - height * up) / (2 * length), 0.0


def _direction(angle_deg: float) -> tuple[float, float]:
    """Sine and cosine of the angle, exact at quarter turns, where the library's are off by 1e-16 and a box could be
    cut by it.
    """
    turns, rest = divmod(math.fmod(angle_deg, 360), _QUARTER_TURN_DEG)
    if rest == 0:
        return _QUARTER_TURNS[turns % 4]
    return math.sin(math.radians(angle_deg)), math.cos(math.radians(angle_deg))


def _ellipse(width: float, height: float) -> tuple[float, float, float, float]:
    """Section 3.2.1: through the farthest corner, with the aspect of farthest-side, hence radii of side / 2 *
    sqrt(2).
    """
    return width / 2, height / 2, math.sqrt(2) / width, math.sqrt(2) / height
