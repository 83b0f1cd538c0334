"""What each compositing operator does: how much of the source and of the backdrop it keeps, as numbers in one table.

The twelve operators of Porter and Duff are pairs of factors (W3C Compositing Level 1, section 9.1): with premultiplied
results,

    co = sa * Fa * cs' + ab * Fb * cb        cs' = (1 - ab) * cs + ab * B(cb, cs), the source after blending (section 5)
    ao = sa * Fa + ab * Fb

and each factor is linear in the other layer's alpha, Fa in ab and Fb in sa. So an operator is data: one kernel a mode
serves them all. Sums are cut at 1. `destination` alone, which changes nothing, is not among them.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Linear = tuple[int, int]
"""(constant, slope) of a factor in the other layer's alpha."""

NONE: Linear = (0, 0)
ALL: Linear = (1, 0)
INSIDE: Linear = (0, 1)
OUTSIDE: Linear = (1, -1)


class Operator(NamedTuple):
    """An operator: Fa, Fb, the same two for alpha where a spelling of equal value rounds better, and whether darkness
    is what it adds up.
    """

    name: str
    source: Linear
    backdrop: Linear
    source_alpha: Linear
    backdrop_alpha: Linear
    darkens: bool


def _operator(name: str, source: Linear, backdrop: Linear) -> Operator:
    return Operator(name, source, backdrop, source, backdrop, darkens=False)


_ROWS = (
    _operator("clear", NONE, NONE),
    _operator("copy", ALL, NONE),
    # ab + sa (1 - ab) is how a tile sums alpha; an alpha of 1 stays exactly 1, so opaque stays opaque.
    Operator("source-over", ALL, OUTSIDE, OUTSIDE, ALL, darkens=False),
    _operator("destination-over", OUTSIDE, ALL),
    _operator("source-in", INSIDE, NONE),
    _operator("destination-in", NONE, INSIDE),
    _operator("source-out", OUTSIDE, NONE),
    _operator("destination-out", NONE, OUTSIDE),
    # sa ab + ab (1 - sa) is ab, and sa (1 - ab) + ab sa is sa: said so, they are kept to the bit.
    Operator("source-atop", INSIDE, OUTSIDE, NONE, ALL, darkens=False),
    Operator("destination-atop", OUTSIDE, INSIDE, ALL, NONE, darkens=False),
    _operator("xor", OUTSIDE, OUTSIDE),
    # Level 1 calls it `lighter`; Level 2 names the same sum, cut at 1, `plus-lighter`.
    _operator("plus", ALL, ALL),
    _operator("plus-lighter", ALL, ALL),
    # What each layer lacks of its own alpha is added up: ao - co = (sa - cs) + (ab - cb), with ao cut at 1 and co at 0.
    # On opaque layers it is cs + cb - 1.
    Operator("plus-darker", ALL, ALL, ALL, ALL, darkens=True),
)

_TABLE: dict[str, Operator] = {row.name: row for row in _ROWS}

OPERATORS: tuple[str, ...] = tuple(_TABLE)
"""Names of all operators."""


def factors(name: str) -> npt.NDArray[np.float32]:
    """Return the numbers of the operator `name` as its kernel takes them, (9,) float32: constant and slope of Fa, Fb,
    and the two factors of alpha, then 1 where it darkens and else 0.
    """
    row = _TABLE[name]
    numbers = (*row.source, *row.backdrop, *row.source_alpha, *row.backdrop_alpha, row.darkens)
    return np.array(numbers, np.float32)
