"""Which RGB colour spaces can an export be in, and what is the ICC profile of each? A few hundred bytes, the same ones every time.

Matrix and curve profiles after ICC.1:2022: 7.2 (header), 9.2 (tags), 10.18 (parametricCurveType), F.3 (the model). LittleCMS could write
them too, but stamps them with the clock. Everything is counted in fractions, so that no machine rounds it in another way.
"""

import functools
import struct
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from engines.media_v2.presets import ColorProfile

Vector = tuple[Fraction, Fraction, Fraction]
Matrix = tuple[Vector, Vector, Vector]
"""Rows."""


class Curve(NamedTuple):
    """How a stored value v of 0 to 1 becomes light: (a v + b)^g from `d` on, c v below it. ICC.1:2022 table 68, type 3."""

    g: Fraction
    a: Fraction = Fraction(1)
    b: Fraction = Fraction(0)
    c: Fraction = Fraction(0)
    d: Fraction = Fraction(0)


class RgbSpace(NamedTuple):
    """Chromaticities (x, y) of red, green, blue and white, and the curve that all channels share."""

    red: tuple[Fraction, Fraction]
    green: tuple[Fraction, Fraction]
    blue: tuple[Fraction, Fraction]
    white: tuple[Fraction, Fraction]
    curve: Curve


def _xy(x: str, y: str) -> tuple[Fraction, Fraction]:
    return Fraction(x), Fraction(y)


_D65 = _xy("0.3127", "0.3290")
_SRGB_CURVE = Curve(
    Fraction("2.4"),
    1 / Fraction("1.055"),
    Fraction("0.055") / Fraction("1.055"),
    1 / Fraction("12.92"),
    Fraction("0.04045"),
)
"""IEC 61966-2-1:1999, 5.2."""

SPACES: dict[ColorProfile, RgbSpace] = {
    # IEC 61966-2-1:1999, 4.1 and 5.2 (primaries of ITU-R BT.709).
    "sRGB": RgbSpace(_xy("0.64", "0.33"), _xy("0.30", "0.60"), _xy("0.15", "0.06"), _D65, _SRGB_CURVE),
    # Primaries of SMPTE EG 432-1:2010 table 7 (DCI-P3) under D65 with the curve of sRGB: CSS Color 4, 10.4 `display-p3`.
    "Display P3": RgbSpace(_xy("0.680", "0.320"), _xy("0.265", "0.690"), _xy("0.150", "0.060"), _D65, _SRGB_CURVE),
    # Adobe RGB (1998) Color Image Encoding, version 2005-05: 4.3.1 (primaries, white), 4.3.4.2 (gamma 2 51/256).
    "Adobe RGB (1998)": RgbSpace(
        _xy("0.64", "0.33"), _xy("0.21", "0.71"), _xy("0.15", "0.06"), _D65, Curve(Fraction(563, 256))
    ),
}

_D50: Vector = (Fraction("0.9642"), Fraction(1), Fraction("0.8249"))
"""The profile connection space's white, ICC.1:2022 7.2.16."""
_BRADFORD: Matrix = (
    (Fraction("0.8951"), Fraction("0.2664"), Fraction("-0.1614")),
    (Fraction("-0.7502"), Fraction("1.7135"), Fraction("0.0367")),
    (Fraction("0.0389"), Fraction("-0.0685"), Fraction("1.0296")),
)
"""Cone response matrix of the Bradford adaptation, ICC.1:2022 annex E."""


@functools.cache
def profile(name: ColorProfile) -> bytes:
    """Return the profile of the space `name` for RGB files; byte-identical on every machine."""
    space = SPACES[name]
    adapt = _adaptation(xyz_of(*space.white))
    red, green, blue = transposed(product(adapt, to_xyz(space)))
    transfer = _parametric_curve(space.curve)
    return _assembled(
        b"RGB ",
        {
            b"desc": _text(name),
            b"cprt": _text("CC0"),
            b"wtpt": _xyz(_D50),
            b"chad": b"sf32\0\0\0\0" + _s15_fixed16([value for row in adapt for value in row]),
            b"rXYZ": _xyz(red),
            b"gXYZ": _xyz(green),
            b"bXYZ": _xyz(blue),
            b"rTRC": transfer,
            b"gTRC": transfer,
            b"bTRC": transfer,
        },
    )


@functools.cache
def gray_profile(name: ColorProfile) -> bytes:
    """Return the profile of the neutral colours of the space `name`, for gray files: a PNG without colour must not hold an RGB
    profile (PNG 11.3.2.3). It has the same name, because it says the same of every gray.
    """
    curve = _parametric_curve(SPACES[name].curve)
    return _assembled(b"GRAY", {b"desc": _text(name), b"cprt": _text("CC0"), b"wtpt": _xyz(_D50), b"kTRC": curve})


def to_xyz(space: RgbSpace) -> Matrix:
    """Return the matrix from linear RGB to XYZ under the space's own white, which has Y = 1. SMPTE RP 177-1993, 3.3."""
    columns = transposed((xyz_of(*space.red), xyz_of(*space.green), xyz_of(*space.blue)))
    shares = applied(inverse(columns), xyz_of(*space.white))
    return tuple(tuple(value * share for value, share in zip(row, shares, strict=True)) for row in columns)  # type: ignore[return-value] # three of three


def xyz_of(x: Fraction, y: Fraction) -> Vector:
    """Return a chromaticity as XYZ with Y = 1."""
    return x / y, Fraction(1), (1 - x - y) / y


def applied(matrix: Matrix, vector: Vector) -> Vector:
    """Return `matrix` times the column `vector`."""
    one, two, three = (sum((a * b for a, b in zip(row, vector, strict=True)), Fraction(0)) for row in matrix)
    return one, two, three


def product(left: Matrix, right: Matrix) -> Matrix:
    """Return `left` times `right`."""
    one, two, three = (applied(left, column) for column in transposed(right))
    return transposed((one, two, three))


def transposed(matrix: Matrix) -> Matrix:
    """Return rows as columns."""
    one, two, three = zip(*matrix, strict=True)
    return one, two, three


def inverse(matrix: Matrix) -> Matrix:
    """Return what undoes `matrix`, by cofactors, exactly."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    one, two, three = ((x / determinant, y / determinant, z / determinant) for x, y, z in rows)
    return one, two, three


def _adaptation(white: Vector) -> Matrix:
    """The matrix that takes colours seen under `white` to the connection space's white, ICC.1:2022 annex E."""
    zero = Fraction(0)
    r, g, b = (to / of for to, of in zip(applied(_BRADFORD, _D50), applied(_BRADFORD, white), strict=True))
    gains: Matrix = ((r, zero, zero), (zero, g, zero), (zero, zero, b))
    return product(inverse(_BRADFORD), product(gains, _BRADFORD))


def _parametric_curve(curve: Curve) -> bytes:
    """Type 0 for a mere power, type 3 for one that starts straight."""
    kind, values = (3, curve) if curve.d else (0, curve[:1])
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + _s15_fixed16(values)


def _xyz(vector: Vector) -> bytes:
    return b"XYZ \0\0\0\0" + _s15_fixed16(vector)


def _s15_fixed16(values: Sequence[Fraction]) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _text(text: str) -> bytes:
    """multiLocalizedUnicodeType with one English record."""
    encoded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


def _assembled(colours: bytes, tags: dict[bytes, bytes]) -> bytes:
    body = _tag_table(tags)
    return _header(colours, 128 + len(body)) + body


def _tag_table(tags: dict[bytes, bytes]) -> bytes:
    """Count, signatures with offset and size, then the data on 4-byte bounds; equal data is stored once."""
    start = 128 + 4 + 12 * len(tags)
    table, data, places = b"", b"", dict[bytes, int]()
    for signature, value in tags.items():
        if value not in places:
            places[value] = start + len(data)
            data += value + b"\0" * (-len(value) % 4)
        table += signature + struct.pack(">II", places[value], len(value))
    return struct.pack(">I", len(tags)) + table + data


def _header(colours: bytes, size: int) -> bytes:
    """A display profile, version 4.4, to XYZ, perceptual; its date is fixed, because a date is no property of a colour space."""
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    return (
        struct.pack(">I4sI4s4s4s", size, b"\0" * 4, 0x04400000, b"mntr", colours, b"XYZ ")
        + date
        + b"acsp"
        + b"\0" * 28
        + _s15_fixed16(_D50)
        + b"\0" * 48
    )
