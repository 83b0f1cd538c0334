"""What an affine map does to pictures: its inverse, how far it shrinks in which direction, and which pixels it reaches.

A map is a 2x3 matrix ((a, b, c), (d, e, f)): source pixel (x, y) falls on (a x + b y + c, d x + e y + f). Pure.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compositor.errors import MatrixError
from compositor.limits import OFFSET_PX_MAX

SCALE_MAX = 32_768.0
"""Most that a map may magnify in any direction, and shrink likewise: a canvas's longest side, so that one pixel can
become a canvas, and a canvas a pixel.
"""


class Affine(NamedTuple):
    """x' = a x + b y + c, y' = d x + e y + f."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @property
    def determinant(self) -> float:
        """The factor by which areas grow; below 0 when the map mirrors."""
        return self.a * self.e - self.b * self.d

    def inverse(self) -> "Affine":
        """Return the map back; the determinant is not 0."""
        size = self.determinant
        a, b, d, e = self.e / size, -self.b / size, -self.d / size, self.a / size
        return Affine(a, b, -(a * self.c + b * self.f), d, e, -(d * self.c + e * self.f))

    def bounds(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        """Return the smallest upright box around where a box falls, as (left, top, right, bottom)."""
        corners = [(x, y) for x in (left, right) for y in (top, bottom)]
        xs = [self.a * x + self.b * y + self.c for x, y in corners]
        ys = [self.d * x + self.e * y + self.f for x, y in corners]
        return min(xs), min(ys), max(xs), max(ys)


def check_matrix(field: str, matrix: npt.ArrayLike) -> Affine:
    """Return `matrix` as a map; raise `MatrixError` unless it is 2x3, finite, and within `SCALE_MAX` and
    `OFFSET_PX_MAX`.
    """
    try:
        values = np.asarray(matrix)
    except ValueError:
        raise MatrixError(field, "needs two rows of three numbers") from None
    if values.shape != (2, 3) or values.dtype.kind not in "iuf":
        raise MatrixError(field, f"needs two rows of three numbers, found shape {values.shape} of {values.dtype}")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise MatrixError(field, "holds a number that is not finite")
    affine = Affine(*(float(value) for value in values.ravel()))
    if max(abs(affine.c), abs(affine.f)) > OFFSET_PX_MAX:
        raise MatrixError(field, f"moves farther than {OFFSET_PX_MAX:g} pixels")
    least, most = _scales(affine)
    if most > SCALE_MAX or least < 1 / SCALE_MAX:
        raise MatrixError(field, f"scales by {least:g} to {most:g}, not within {1 / SCALE_MAX:g} to {SCALE_MAX:g}")
    return affine


def _scales(affine: Affine) -> tuple[float, float]:
    """The singular values: least and most that the map scales in any direction."""
    xx, xy, yy = _square(affine)
    half = (xx - yy) / 2
    most = math.sqrt((xx + yy) / 2 + math.sqrt(half * half + xy * xy))
    # The smaller eigenvalue is a difference that cancels where they lie far apart; the determinant is not.
    return (abs(affine.determinant) / most if most > 0 else 0.0), most


def _square(affine: Affine) -> tuple[float, float, float]:
    """J^T J of the linear part J, which is symmetric: its corner, side and other corner."""
    a, b, _, d, e, _ = affine
    return a * a + d * d, a * b + d * e, b * b + e * e


def metric(affine: Affine) -> tuple[float, float, float, float]:
    """Return the symmetric matrix, row by row, that turns a distance in the source into a filter's own.

    In every direction that the map shrinks it measures target pixels, in every other source pixels: V min(S, 1) V^T
    of the singular value decomposition U S V^T. For a map that only scales it is what `resize` does along each axis,
    and for one that only turns or magnifies it is the identity.
    """
    xx, xy, yy = _square(affine)
    low, high = _scales(affine)
    if low >= 1:
        return 1.0, 0.0, 0.0, 1.0
    keep, take = min(high, 1.0), low
    spread = (high - low) * (high + low)
    if spread <= 1e-12 * high * high:  # the same in all directions, whose axes cannot be told and do not matter
        return take, 0.0, 0.0, take
    # Sylvester's formula: f(A) of a symmetric A with eigenvalues low² and high².
    slope = (keep - take) / spread
    base = take - slope * low * low
    return base + slope * xx, slope * xy, slope * xy, base + slope * yy
