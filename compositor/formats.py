"""How pictures are stored, and how they become the planes that the compositor works in: `load` and its inverse `store`.

Stored pictures are (height, width) or (height, width, channels) of uint8, uint16, float16 or float32: one channel is
gray, two are gray and alpha, three RGB, four RGBA. 1 is stored as 255, 65535 or 1.0. Planes are (4, height, width)
float32 from 0 to 1: red, green, blue premultiplied, then alpha. Encoded values are not touched by `load` and `store`.

Rows are converted by `unpack` and `pack`, which other modules call for strips of a picture.
"""

import sys
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor import strips
from compositor.errors import ChoiceError, FormatError, NotFiniteError
from compositor.modes import luminosity_of
from compositor.tree import check_size

Planes: TypeAlias = npt.NDArray[np.float32]
Stored: TypeAlias = npt.NDArray[Any]

DTYPES: tuple[str, ...] = ("uint8", "uint16", "float16", "float32")
"""What pictures may be stored as."""
_STEPS = {"uint8": 255, "uint16": 65535, "float16": 1, "float32": 1}
CHANNELS: tuple[int, ...] = (1, 2, 3, 4)
"""How many channels a stored picture may have; an even count has alpha."""
_PLANES = 4
_ALPHA_MIN = 2**-24
"""Below this alpha a colour counts as none: `blend_kernels.ALPHA_MIN`, which cannot be imported without numba."""


def load(pixels: Stored, *, premultiplied: bool = False) -> Planes:
    """Return the planes of `pixels`, (4, height, width) float32, premultiplied, which the caller owns.

    Alpha is 1 where there is none. Finite floats outside 0 to 1 are cut off, as are premultiplied colours above their
    alpha. Any strides are accepted. Raises `FormatError`, `NotFiniteError`, `CanvasSizeError`.
    """
    stored = check("pixels", pixels)
    height, width, channels = stored.shape
    planes = np.empty((_PLANES, height, width), np.float32)

    def convert(top: int, bottom: int) -> None:
        part = unpack(stored[top:bottom], premultiplied=premultiplied)
        colors = channels - 1 + channels % 2
        planes[:3, top:bottom] = part[:colors]
        planes[3, top:bottom] = part[-1] if has_alpha(channels) else np.float32(1)

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
        raise FormatError("planes", f"{_told(planes)} instead of (4, height, width) float32")
    _, height, width = planes.shape
    check_size((width, height))
    _check_finite("planes", planes)
    if channels not in CHANNELS or isinstance(channels, bool):
        raise ChoiceError("channels", channels, CHANNELS)
    stored = np.empty((height, width, channels), _dtype("dtype", dtype))

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
    if not isinstance(pixels, np.ndarray) or pixels.dtype.name not in DTYPES or not pixels.dtype.isnative:
        raise FormatError(field, _told(pixels))
    stored = pixels[:, :, None] if pixels.ndim == 2 else pixels
    if stored.ndim != 3 or stored.shape[2] not in CHANNELS:
        raise FormatError(field, _told(pixels))
    check_size((stored.shape[1], stored.shape[0]))
    _check_finite(field, stored)
    return stored


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
    """Write planes, (channels, height, width) C-contiguous float32, into `stored`, rows of a picture of that shape."""
    from compositor import array_kernels  # imports numba, which only drawing needs

    if stored.dtype == np.uint8 and stored.shape[2] == _PLANES and sys.byteorder == "little":
        array_kernels.find("pack-words", linear=linear)(planes, premultiplied, stored.view(np.uint32)[:, :, 0])
        return
    half = stored.dtype == np.float16
    rows = np.empty(stored.shape, np.float32) if half else stored
    kernel = array_kernels.find("pack", rows.dtype, linear=linear)
    kernel(planes, np.float32(steps(rows.dtype)), premultiplied, rows)
    if half:
        stored[...] = rows


def _dtype(field: str, dtype: npt.DTypeLike) -> "np.dtype[Any]":
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise ChoiceError(field, dtype, DTYPES) from None
    if found.name not in DTYPES or not found.isnative:
        raise ChoiceError(field, dtype, DTYPES)
    return found


def _check_finite(field: str, values: Stored) -> None:
    # Extremes are NaN or infinite when anything is, and need no array beside.
    if values.dtype.kind == "f" and values.size and not (np.isfinite(values.min()) and np.isfinite(values.max())):
        raise NotFiniteError(field)


def _told(value: object) -> str:
    return f"shape {value.shape} and dtype {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
