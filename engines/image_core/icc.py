"""Write an ICC v4 profile from primaries, white point and transfer curve: a few hundred bytes, the same ones every time.

ICC.1:2022 sections 7.2 (header), 9.2 (tags), 10.18 (parametricCurveType). LittleCMS could write one too, but stamps it with the clock.
"""

import functools
import struct

import numpy as np
import numpy.typing as npt

_D50 = np.array([0.9642, 1.0, 0.8249])
"""The profile connection space's white, ICC.1:2022 7.2.16."""
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
"""Cone response matrix of the Bradford adaptation, ICC.1:2022 annex E."""
_SRGB_PRIMARIES = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_D65 = (0.3127, 0.3290)
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""g, a, b, c, d of parametric curve type 3; IEC 61966-2-1."""


@functools.cache
def srgb_profile() -> bytes:
    """Return the sRGB profile that every export embeds; byte-identical on every machine."""
    return _matrix_profile("sRGB", _SRGB_PRIMARIES, _D65, _SRGB_CURVE)


def _matrix_profile(
    name: str, primaries: tuple[tuple[float, float], ...], white: tuple[float, float], curve: tuple[float, ...]
) -> bytes:
    columns = np.stack([_xyz_of(x, y) for x, y in primaries], axis=1)
    white_xyz = _xyz_of(*white)
    to_xyz = columns * np.linalg.solve(columns, white_xyz)
    adapt = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white_xyz)) @ _BRADFORD
    red, green, blue = (adapt @ to_xyz).T
    transfer = b"para\0\0\0\0" + struct.pack(">HH", 3, 0) + _s15_fixed16(curve)
    tags = {
        b"desc": _text(name),
        b"cprt": _text("CC0"),
        b"wtpt": b"XYZ \0\0\0\0" + _s15_fixed16(_D50),
        b"chad": b"sf32\0\0\0\0" + _s15_fixed16(adapt.ravel()),
        b"rXYZ": b"XYZ \0\0\0\0" + _s15_fixed16(red),
        b"gXYZ": b"XYZ \0\0\0\0" + _s15_fixed16(green),
        b"bXYZ": b"XYZ \0\0\0\0" + _s15_fixed16(blue),
        b"rTRC": transfer,
        b"gTRC": transfer,
        b"bTRC": transfer,
    }
    body = _tag_table(tags)
    return _header(128 + len(body)) + body


def _xyz_of(x: float, y: float) -> npt.NDArray[np.float64]:
    """Chromaticity to XYZ with Y = 1."""
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _s15_fixed16(values: npt.ArrayLike) -> bytes:
    numbers = np.rint(np.asarray(values, dtype=np.float64) * 65536).astype(">i4")
    return numbers.tobytes()


def _text(text: str) -> bytes:
    """multiLocalizedUnicodeType with one English record."""
    encoded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded


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


def _header(size: int) -> bytes:
    """A display profile, version 4.4, RGB to XYZ, perceptual; its date is fixed, because a date is no property of a colour space."""
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    return (
        struct.pack(">I4sI4s4s4s", size, b"\0" * 4, 0x04400000, b"mntr", b"RGB ", b"XYZ ")
        + date
        + b"acsp"
        + b"\0" * 28
        + _s15_fixed16(_D50)
        + b"\0" * 48
    )
