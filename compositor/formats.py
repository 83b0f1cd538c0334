"""How pictures are stored, and how they become the planes that the compositor works in: `load` and its inverse `store`.

Stored pictures are (height, width) or (height, width, channels) of uint8, uint16, float16 or float32: one channel is
gray, two are gray and alpha, three RGB, four RGBA. 1 is stored as 255, 65535 or 1.0. Planes are (4, height, width)
float32 from 0 to 1: red, green, blue premultiplied, then alpha. Encoded values are not touched by `load` and `store`.

Rows are converted by `unpack` and `pack`, which other modules call for strips of a picture.
"""

import math
import sys
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor import strips
from compositor.canvas import check_size
from compositor.errors import ChoiceError, FormatError, NotFiniteError
from compositor.modes import luminosity_of

Planes: TypeAlias = npt.NDArray[np.float32]
Stored: TypeAlias = npt.NDArray[Any]

DTYPES: tuple[str, ...] = ("uint8", "uint16", "float16", "float32")
"""What pictures may be stored as."""
_STEPS = {"uint8": 255, "uint16": 65535, "float16": 1, "float32": 1}
CHANNELS: tuple[int, ...] = (1, 2, 3, 4)
"""How many channels a stored picture may have; an even count has alpha."""
_PLANES = 4
_HALF_INFINITY = 0x7C00
"""The bits of infinity as float16, without its sign; those of NaN are above."""
_ALPHA_MIN = 2**-24
"""Below this alpha a colour counts as none: `blend_kernels.ALPHA_MIN`, which cannot be imported without numba."""


def load(pixels: Stored, *, premultiplied: bool = False) -> Planes:
    """Return the planes of `pixels`, (4, height, width) float32, premultiplied, which the caller owns.

    Alpha is 1 where there is none. Finite floats outside 0 to 1 are cut off, as are premultiplied colours above their
    alpha. Any strides are accepted. Raises `FormatError`, `NotFiniteError`, `CanvasSizeError`.
    """
    stored = check("pixels", pixels)
    height, width, _ = stored.shape
    planes = np.empty((_PLANES, height, width), np.float32)

    def convert(top: int, bottom: int) -> None:
        read(stored[top:bottom], planes, top, premultiplied=premultiplied)

    strips.run(convert, height, 1)
    return planes


def store(planes: Planes, dtype: npt.DTypeLike = "uint8", channels: int = 4, *, premultiplied: bool = False) -> Stored:
    """Return `planes`, (4, height, width) float32 premultiplied, as a picture (height, width, `channels`).

    Integers are rounded to the nearest step, halves up; values outside their range are cut off; where alpha is stored
    as 0, so are the colours. One and two channels hold the luminosity (W3C Compositing, 10.2: 0.3, 0.59, 0.11). Without
    alpha, colours are the straight ones, or with `premultiplied` what is seen over black.

    `store(load(x), x.dtype, c) == x` for every x of uint8, uint16 and float16 with alpha above 0, and of float32 with
    alpha 1; at other alphas float32 comes back within 1.2e-7 of its value. Straight colours under alpha 0 (or 2**-24,
    below which no colour shows) are not kept. Raises `FormatError`, `NotFiniteError`, `ChoiceError`, `CanvasSizeError`.
    """
    if not isinstance(planes, np.ndarray) or planes.dtype != np.float32 or planes.ndim != 3 or len(planes) != _PLANES:
        raise FormatError("planes", f"{told(planes)} instead of (4, height, width) float32")
    _, height, width = planes.shape
    check_size((width, height))
    check_finite("planes", planes)
    if channels not in CHANNELS or isinstance(channels, bool):
        raise ChoiceError("channels", channels, CHANNELS)
    stored = np.empty((height, width, channels), dtype_named("dtype", dtype))

    def convert(top: int, bottom: int) -> None:
        part = np.ascontiguousarray(planes[:, top:bottom])
        pack(_picked(part, channels, premultiplied=premultiplied), stored[top:bottom], premultiplied=premultiplied)

    strips.run(convert, height, 1)
    return stored


def _picked(planes: Planes, channels: int, *, premultiplied: bool) -> Planes:
    """The planes that `channels` channels hold; straight where alpha is left out and not `premultiplied`."""
    colors, alpha = planes[:3], planes[3:]
    if channels < 3:
        colors = luminosity_of(planes[0], planes[1], planes[2])[None]  # type: ignore[index]  # arrays are added as scalars are
    if has_alpha(channels):
        return np.concatenate([colors, alpha])
    if premultiplied:
        return np.ascontiguousarray(colors)
    seen = alpha > _ALPHA_MIN
    return np.where(seen, colors / np.where(seen, alpha, np.float32(1)), np.float32(0))


def check(field: str, pixels: Stored) -> Stored:
    """Return `pixels` as (height, width, channels) without copying; raise unless it is a finite picture in a known
    format within the limits of a canvas.
    """
    stored = shaped(field, pixels)
    check_size((stored.shape[1], stored.shape[0]))
    check_finite(field, stored)
    return stored


def shaped(field: str, pixels: object) -> Stored:
    """Return `pixels` as (height, width, channels) without copying; raise `FormatError` unless they are of a known
    format. Its size and its values are not looked at.
    """
    if not isinstance(pixels, np.ndarray) or not is_known(pixels.dtype):
        raise FormatError(field, told(pixels))
    stored = pixels[:, :, None] if pixels.ndim == 2 else pixels
    if stored.ndim != 3 or stored.shape[2] not in CHANNELS:
        raise FormatError(field, told(pixels))
    return stored


def is_known(dtype: "np.dtype[Any]") -> bool:
    """Whether pictures may be stored in this dtype: one of `DTYPES`, in the machine's byte order."""
    return dtype.name in DTYPES and dtype.isnative


def check_flag(field: str, value: bool) -> bool:
    """Return `value`; raise `ChoiceError` unless it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ChoiceError(field, value, (False, True))
    return bool(value)


def has_alpha(channels: int) -> bool:
    """Tell whether a stored picture of so many channels has alpha."""
    return channels % 2 == 0


def steps(dtype: "np.dtype[Any]") -> int:
    """Return what 1 is stored as in this dtype."""
    return _STEPS[dtype.name]


def read(
    stored: Stored, planes: Planes, y: int = 0, x: int = 0, *, premultiplied: bool = False, linear: bool = False
) -> None:
    """Fill `planes` (4, rows, columns), from row `y` and column `x` on, with a checked picture: premultiplied, alpha 1
    where there is none; with `linear` in linear light.
    """
    per_step = np.float32(1 / steps(stored.dtype))
    _read("read", stored, per_step, premultiplied, planes, y, x, linear)


def straight(stored: Stored, opacity: np.float32, *, premultiplied: bool) -> Planes:
    """Return the straight planes of a checked picture, (4, height, width), alpha times `opacity`; `premultiplied` says
    what the picture is.
    """
    planes = np.empty((_PLANES, *stored.shape[:2]), np.float32)
    # Opacity goes into the worth of a step first, as in `blend_kernels.alpha`.
    alpha_per_step = opacity * np.float32(1 / steps(stored.dtype))
    _read("read-straight", stored, alpha_per_step, premultiplied, planes, 0, 0, False)
    return planes


def _read(
    name: str,
    stored: Stored,
    alpha_per_step: np.float32,
    premultiplied: bool,
    planes: Planes,
    y: int,
    x: int,
    linear: bool,
) -> None:
    from compositor import array_kernels  # imports numba, which only drawing needs

    whole = np.float32(steps(stored.dtype))
    rows = stored.view(np.uint16) if stored.dtype == np.float16 else stored  # the compiler knows no float16
    height, width, channels = rows.shape
    lines = array_kernels.read_only(np.require(rows, requirements=("C", "A")).reshape(height, width * channels))
    kernel = (
        array_kernels.find("read", stored.dtype, linear=linear)
        if name == "read"
        else array_kernels.find(name, stored.dtype)
    )
    kernel(lines, channels, whole, np.float32(1 / whole), alpha_per_step, premultiplied, planes, y, x)


def unpack(stored: Stored, *, premultiplied: bool = False, linear: bool = False) -> Planes:
    """Return rows of a checked picture as planes: (channels, height, width) float32, premultiplied, 0 to 1.

    With `linear` colours are in linear light.
    """
    from compositor import array_kernels  # imports numba, which only drawing needs

    if stored.dtype == np.float16:
        stored = stored.astype(np.float32)
    rows = np.ascontiguousarray(stored)
    planes = np.empty((rows.shape[2], *rows.shape[:2]), np.float32)
    kernel = array_kernels.find("unpack", rows.dtype, linear=linear)
    kernel(array_kernels.read_only(rows), np.float32(1 / steps(rows.dtype)), premultiplied, planes)
    return planes


def pack(planes: Planes, stored: Stored, *, premultiplied: bool = False, linear: bool = False) -> None:
    """Write planes, (channels, height, width) C-contiguous float32, into `stored`, part of a picture of that shape."""
    from compositor import array_kernels  # imports numba, which only drawing needs

    if not (stored.flags.c_contiguous and stored.flags.aligned):
        packed = np.empty(stored.shape, stored.dtype)
        pack(planes, packed, premultiplied=premultiplied, linear=linear)
        stored[...] = packed
        return
    if stored.dtype == np.uint8 and stored.shape[2] == _PLANES and sys.byteorder == "little":
        array_kernels.find("pack-words", linear=linear)(planes, premultiplied, stored.view(np.uint32)[:, :, 0])
        return
    half = stored.dtype == np.float16
    rows = np.empty(stored.shape, np.float32) if half else stored
    top = np.float32(steps(rows.dtype))
    if rows.shape[2] == _PLANES:
        height, width, channels = rows.shape
        lines = rows.reshape(height, width * channels)
        array_kernels.find("store", rows.dtype, linear=linear)(planes, height, width, top, premultiplied, lines, 0, 0)
    else:
        array_kernels.find("pack", rows.dtype, linear=linear)(planes, top, premultiplied, rows)
    if half:
        stored[...] = rows


def dtype_named(field: str, dtype: npt.DTypeLike) -> "np.dtype[Any]":
    """Return one of the dtypes that pictures may be stored in; raise `ChoiceError`."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise ChoiceError(field, dtype, DTYPES) from None
    if not is_known(found):
        raise ChoiceError(field, dtype, DTYPES)
    return found


def check_finite(field: str, values: Stored) -> None:
    """Raise `NotFiniteError` when a float among `values` is NaN or infinite."""
    bad = not_finite(values)
    if bad is not None:
        raise NotFiniteError(field, bad)


def not_finite(values: Stored) -> float | None:
    """Return a value that is NaN or infinite, or None when there is none."""
    if values.dtype.kind != "f" or not values.size:
        return None
    # Extremes are NaN or infinite when anything is, and need no array beside. Halves are compared as their bits, which is
    # several times faster: all exponents of what is not finite are ones.
    if values.dtype == np.float16:
        parts = (values[top : top + strips.STRIP_ROWS] for top in range(0, len(values), strips.STRIP_ROWS))
        wild = (part for part in parts if int((part.view(np.uint16) & 0x7FFF).max()) >= _HALF_INFINITY)
        found = next(wild, None)
        if found is None:
            return None
        values = found
    extremes = float(values.min()), float(values.max())
    return next((value for value in extremes if not math.isfinite(value)), None)


def told(value: object) -> str:
    """Say what `value` is, for messages."""
    return f"shape {value.shape} and dtype {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
