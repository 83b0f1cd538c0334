"""What a gradient means in a box: positions and colours of its stops, and the map from a point to its place.

Place t is 0 at the first end of the gradient line and 1 at the other. The line is that of CSS: through the centre of
the box at `angle`, as long as makes t of a linear gradient 0 and 1 at the corners that it points from and to. With the
way from the centre as (along, across) in half lines, across being clockwise of along:

    linear       (along + 1) / 2                             CSS Images 3, section 3.1
    radial       distance from the centre to the ellipse     CSS Images 3, section 3.2: farthest-corner, whatever the
                 through the corners                         line
    angle        the turn from along, clockwise, 0 to 1      CSS Images 4, section 3.3: conic-gradient(from angle)
    reflected    |along|                                     Photoshop: a linear one and its mirror image
    diamond      |along| + |across|                          Photoshop: a corner of the square is the end of the line

Pure; the kernel that walks over pixels is in `gradient_kernels`.
"""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor.tree import Gradient, Stop, rgba
from compositor.turns import direction

Params: TypeAlias = tuple[float, float, float, float]

_MIDDLE = 0.5
_DITHER_BITS = 4
_STEPS = 255


class Ramp(NamedTuple):
    """A gradient made ready for pixels: place t of a point, then colour at t.

    How `params` and a point give the place is told by the places of `gradient_kernels`.
    """

    kind: str
    params: Params
    offsets: npt.NDArray[np.float64]
    """(n,), never decreasing."""
    colors: npt.NDArray[np.float32]
    """(n, 4), premultiplied."""
    opaque: bool
    dither: bool


def ramp(gradient: Gradient, width: float, height: float) -> Ramp:
    """Return what `gradient` means in a box of `width` by `height` pixels, both above 0.

    A midpoint that is not in the middle becomes a stop of its own there, of the mean colour: two straight pieces. CSS
    bends the ramp through the same colour by a power (CSS Images 4, section 3.5.3), Photoshop by a curve that depends
    on its smoothness, and at smoothness 0 draws these two pieces.
    """
    straight = np.array([rgba("Gradient.stops", stop[1]) for stop in gradient.stops], np.float64)
    colors = straight.astype(np.float32)
    colors[:, :3] *= colors[:, 3:]
    offsets, colors = _with_midpoints(fix_up(gradient.stops), colors, gradient.stops)
    return Ramp(
        kind=gradient.kind,
        params=_params(gradient, width, height),
        offsets=offsets,
        colors=colors,
        opaque=bool((straight[:, 3] == 1).all()),
        dither=gradient.dither,
    )


def fix_up(stops: Sequence[Stop]) -> list[float]:
    """Return the used offset of every stop (CSS Images 3, section 3.4.3).

    First and last default to 0 and 1; none lies before an earlier one; the ones without offset divide the gap around
    them.
    """
    given = [stop[0] for stop in stops]
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


def _with_midpoints(
    offsets: list[float], colors: npt.NDArray[np.float32], stops: Sequence[Stop]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    places, shades = [offsets[0]], [colors[0]]
    for index, (low, high) in enumerate(itertools.pairwise(offsets)):
        middle = float(stops[index][2]) if len(stops[index]) > 2 else _MIDDLE  # type: ignore[misc]  # just counted
        if middle != _MIDDLE:
            places.append(low + (high - low) * middle)
            shades.append((colors[index] + colors[index + 1]) * np.float32(0.5))
        places.append(high)
        shades.append(colors[index + 1])
    return np.array(places, np.float64), np.array(shades, np.float32)


def _params(gradient: Gradient, width: float, height: float) -> Params:
    if gradient.kind == "radial":
        # The aspect of farthest-side, hence radii of side / 2 * sqrt(2).
        return width / 2, height / 2, math.sqrt(2) / width, math.sqrt(2) / height
    right, up = direction(gradient.angle)
    length = abs(width * right) + abs(height * up)
    if gradient.kind == "linear":
        return right / length, -up / length, 0.5 - (width * right - height * up) / (2 * length), 0.0
    scale = 1.0 if gradient.kind == "angle" else 2 / length
    return width / 2, height / 2, right * scale, up * scale


def _pattern() -> npt.NDArray[np.float32]:
    """Bayer's ordered dither: the bits of row and column, interleaved backwards, so that near places differ most."""
    side = 1 << _DITHER_BITS
    rows, columns = np.arange(side)[:, None], np.arange(side)[None, :]
    rank = np.zeros((side, side), np.int64)
    for bit in range(_DITHER_BITS):
        rank = rank * 4 + ((rows ^ columns) >> bit & 1) * 2 + (rows >> bit & 1)
    pattern = (((rank + 0.5) / side**2 - 0.5) / _STEPS).astype(np.float32)
    pattern.flags.writeable = False
    return pattern


DITHER: npt.NDArray[np.float32] = _pattern()
"""(16, 16) offsets by row and column of the canvas: every 256th of an 8-bit step once, from below minus a half to below
a half, so that their sum is 0 and a value that 8 bit holds stays that value.
"""
