"""How does a point of one coordinate system become a point of another: affine maps of the plane.

A point (x, y) goes to (a x + c y + e, b x + d y + f), as SVG 2 §8.5 numbers them. Pure arithmetic on floats.
"""

import math
from typing import NamedTuple


class Matrix(NamedTuple):
    """The six numbers of an SVG `matrix(a b c d e f)`."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0


IDENTITY = Matrix()

_QUARTER_TURNS = {0: (1.0, 0.0), 90: (0.0, 1.0), 180: (-1.0, 0.0), 270: (0.0, -1.0)}
"""Degrees -> cosine and sine, exact where machines' libraries would leave 6e-17."""


def translate(x: float, y: float = 0.0) -> Matrix:
    """Return the map that moves by (x, y)."""
    return Matrix(e=x, f=y)


def scale(x: float, y: float | None = None, *, around: tuple[float, float] = (0.0, 0.0)) -> Matrix:
    """Return the map that stretches by `x` and `y` (`x` on both axes without `y`), with `around` staying in place."""
    y = x if y is None else y
    return Matrix(x, 0.0, 0.0, y, around[0] - x * around[0], around[1] - y * around[1])


def rotate(degrees: float, *, around: tuple[float, float] = (0.0, 0.0)) -> Matrix:
    """Return the turn by `degrees`, clockwise on a screen (y downwards), with `around` staying in place."""
    turn = math.fmod(degrees, 360.0)
    turn = turn + 360.0 if turn < 0 else turn
    cos, sin = _QUARTER_TURNS.get(int(turn), (0.0, 0.0)) if turn in _QUARTER_TURNS else _cos_sin(turn)
    x, y = around
    return Matrix(cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y)


def skew(x_degrees: float = 0.0, y_degrees: float = 0.0) -> Matrix:
    """Return the map that slants: `skewX` and `skewY` of SVG in one."""
    return Matrix(1.0, math.tan(math.radians(y_degrees)), math.tan(math.radians(x_degrees)), 1.0, 0.0, 0.0)


def chain(*matrices: Matrix) -> Matrix:
    """Return the map that applies the last of `matrices` first, as nested transforms of SVG do."""
    result = IDENTITY
    for m in matrices:
        a, b, c, d, e, f = result
        result = Matrix(
            a * m.a + c * m.b,
            b * m.a + d * m.b,
            a * m.c + c * m.d,
            b * m.c + d * m.d,
            a * m.e + c * m.f + e,
            b * m.e + d * m.f + f,
        )
    return result


def invert(matrix: Matrix) -> Matrix | None:
    """Return the inverse, or None for a map that crushes the plane to a line or a point.

    `chain(m, invert(m))` is the identity up to rounding.
    """
    det = determinant(matrix)
    if det == 0 or not math.isfinite(1 / det):
        return None
    a, b, c, d, e, f = matrix
    return Matrix(d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det)


def determinant(matrix: Matrix) -> float:
    """Return how much the map enlarges areas; negative when it mirrors."""
    return matrix.a * matrix.d - matrix.b * matrix.c


def apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    """Return where (x, y) goes."""
    return matrix.a * x + matrix.c * y + matrix.e, matrix.b * x + matrix.d * y + matrix.f


def stretch(matrix: Matrix) -> float:
    """Return the mean enlargement of lengths: the root of that of areas."""
    return math.sqrt(abs(determinant(matrix)))


def _cos_sin(degrees: float) -> tuple[float, float]:
    # Rounded, for the last bits differ between machines' libraries and would reach every file written from here.
    radians = math.radians(degrees)
    return round(math.cos(radians), 15), round(math.sin(radians), 15)
