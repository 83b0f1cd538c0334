"""Which way does an angle point, and by which angle is a way turned: from degrees to directions, and back to turns.

Made of `+ - * /` and square roots alone: the sines and arc tangents of libraries differ by an ulp between machines,
and pixels must not. Kernels inline `turn`; in the interpreter it takes scalars.
"""

import math

import numpy as np

from compositor.filters import sine

_QUARTER_TURN_DEG = 90
_TAN_SIXTEENTH = 0.41421356237309503
"""Tangent of a sixteenth of a turn. Steeper ways are measured from the diagonal instead."""
_PER_PI = 0.3183098861837907


def direction(angle_deg: float) -> tuple[float, float]:
    """Return (right, up), float64 of length 1 to 4e-16, of an angle clockwise from the top.

    Quarter turns are exact, and so is what halves and mirrors say: at 45 degrees both parts are equal.
    """
    turns, rest = divmod(math.fmod(angle_deg, 360), _QUARTER_TURN_DEG)
    ahead, aside = sine(np.array([math.radians(_QUARTER_TURN_DEG - rest), math.radians(rest)])).tolist()
    ahead = 1.0 if rest == 0 else ahead
    ways = ((aside, ahead), (ahead, -aside), (-aside, -ahead), (-ahead, aside))
    return ways[int(turns) % 4]


def turn(along: float, across: float) -> float:
    """Return how far the way (`along`, `across`) is turned from (1, 0), past (0, 1) first: 0 to 1 turns, float64.

    Exact to 3e-16, without error at all eighths of a turn, and 0 for (0, 0). It comes near 1 from one side of (1, 0)
    and starts at 0 on it.
    """
    a, b = abs(along), abs(across)
    high, low = (a, b) if a >= b else (b, a)
    if high == 0.0:
        return 0.0
    folded = low > high * _TAN_SIXTEENTH
    tangent = (high - low) / (high + low) if folded else low / high
    # An angle is twice the one whose tangent is t / (1 + sqrt(1 + t²)), and a turn is twice pi.
    sixteenth = arc(tangent / (1.0 + np.sqrt(1.0 + tangent * tangent))) * _PER_PI
    eighth = 0.125 - sixteenth if folded else sixteenth
    quarter = eighth if a >= b else 0.25 - eighth
    half = quarter if along >= 0.0 else 0.5 - quarter
    return half if across >= 0.0 else 1.0 - half


def arc(tangent: float) -> float:
    """Return the arc tangent of 0 to 0.2, by Taylor's series, whose next term is below 4e-18 there."""
    square = tangent * tangent
    total = 1.0 / 21
    total = 1.0 / 19 - square * total
    total = 1.0 / 17 - square * total
    total = 1.0 / 15 - square * total
    total = 1.0 / 13 - square * total
    total = 1.0 / 11 - square * total
    total = 1.0 / 9 - square * total
    total = 1.0 / 7 - square * total
    total = 1.0 / 5 - square * total
    total = 1.0 / 3 - square * total
    return tangent * (1.0 - square * total)


HELPERS = (arc,)
"""What `turn` calls; a compiler must know it too."""
