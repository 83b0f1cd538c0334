"""How pixels of any accepted dtype and shape become float32 planes, and planes such pixels.

Plain NumPy, elementwise, so that the same input gives the same bits everywhere. Integers are steps of 0 to 1, rounded
to the nearest, halves up; floats are 0 to 1 and what lies outside is cut. Planes are (4, n) float32: red, green, blue,
alpha.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor.errors import ArrayError, NotFiniteError, SizeMismatchError

Array: TypeAlias = npt.NDArray[Any]
Planes: TypeAlias = npt.NDArray[np.float32]

_STEPS: dict[np.dtype[Any], int] = {
    np.dtype(np.uint8): 255,
    np.dtype(np.uint16): 65_535,
    np.dtype(np.float16): 1,
    np.dtype(np.float32): 1,
}
"""What stands for 1 in each dtype."""

_DTYPES = "uint8, uint16, float16 or float32"
_GRAY, _RGB, _RGBA = 1, 3, 4
_FLAT_NDIM, _PIXELS_NDIM = 2, 3

_ZERO, _ONE, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
_ALPHA_MIN = np.float32(2**-24)
"""As in `blend_kernels`, which imports numba: below this alpha a colour has no weight and counts as none."""


def check_pixels(field: str, pixels: object) -> None:
    """Raise `ArrayError` unless `pixels` is (height, width), (height, width, 1), (…, 3) or (…, 4) of an accepted
    dtype, `NotFiniteError` for NaN or infinity in it.
    """
    needed = f"a NumPy array of shape (height, width) or (height, width, 1, 3 or 4) and dtype {_DTYPES}"
    if not isinstance(pixels, np.ndarray):
        raise ArrayError(field, type(pixels).__name__, needed)
    shaped = pixels.ndim == _FLAT_NDIM or (pixels.ndim == _PIXELS_NDIM and pixels.shape[2] in (_GRAY, _RGB, _RGBA))
    if pixels.dtype not in _STEPS or not shaped:
        raise ArrayError(field, _found(pixels), needed)
    _check_finite(field, pixels)


def check_mask(field: str, mask: object, size: tuple[int, int]) -> None:
    """Raise `ArrayError` unless `mask` is (height, width) of an accepted dtype, `SizeMismatchError` unless it is of
    `size`, `NotFiniteError` for NaN or infinity in it.
    """
    if not isinstance(mask, np.ndarray) or mask.ndim != _FLAT_NDIM or mask.dtype not in _STEPS:
        raise ArrayError(field, _found(mask), f"a NumPy array of shape (height, width) and dtype {_DTYPES}")
    check_size(field, mask, size)
    _check_finite(field, mask)


def check_result(field: str, out: object, size: tuple[int, int], dtype: np.dtype[Any]) -> None:
    """Raise `ArrayError` unless `out` can be written and is (height, width, 4) of `size` and `dtype`."""
    height, width = size
    fits = isinstance(out, np.ndarray) and out.shape == (height, width, _RGBA) and out.dtype == dtype
    if not fits or not out.flags.writeable:  # type: ignore[attr-defined]  # `fits` says that it is an array
        raise ArrayError(
            field, _found(out), f"a writable NumPy array of shape ({height}, {width}, 4) and dtype {dtype}"
        )


def check_size(field: str, pixels: Array, size: tuple[int, int]) -> None:
    """Raise `SizeMismatchError` unless `pixels` has the (height, width) `size`."""
    if pixels.shape[:2] != size:
        raise SizeMismatchError(field, (pixels.shape[0], pixels.shape[1]), size)


def straight_planes(pixels: Array, opacity: np.float32, *, premultiplied: bool) -> Planes:
    """Return the pixels as straight planes, alpha times `opacity`; `premultiplied` says what the pixels are."""
    planes = _planes(pixels, opacity)
    if premultiplied and pixels.shape[2:] == (_RGBA,):
        own = _unit(pixels[..., 3], _per_step(pixels.dtype)).reshape(-1)
        planes[:3] = np.minimum(planes[:3], own) * _reciprocal(own)
    return planes


def premul_planes(pixels: Array, *, premultiplied: bool) -> Planes:
    """Return the pixels as premultiplied planes; where pixels said to be so exceed their alpha, they are cut to it."""
    planes = _planes(pixels, _ONE)
    planes[:3] = np.minimum(planes[:3], planes[3]) if premultiplied else planes[:3] * planes[3]
    return planes


def mask_line(mask: Array) -> Planes:
    """Return coverage, (n,) float32."""
    return _unit(mask, _per_step(mask.dtype)).reshape(-1)


def write(planes: Planes, out: Array, *, premultiplied: bool) -> None:
    """Write premultiplied planes as (height, width, 4) pixels, colours cut to their alpha; where alpha becomes 0, so do
    red, green and blue.
    """
    steps = _STEPS[out.dtype]
    top, alpha = np.float32(steps), planes[3]
    high = _rounded(np.minimum(alpha * top, top), steps)
    seen = (high > _ZERO) & (alpha > _ALPHA_MIN)
    scale = top / np.where(seen, alpha, _ONE)
    for channel, plane in enumerate(planes[:3]):
        scaled = np.minimum(plane, alpha) * top if premultiplied else np.minimum(plane * scale, top)
        out[..., channel] = np.where(seen, _rounded(scaled, steps), _ZERO).reshape(out.shape[:2])
    out[..., 3] = high.reshape(out.shape[:2])


def _planes(pixels: Array, opacity: np.float32) -> Planes:
    """The pixels as they are, gray in all three colours; alpha is 1 where there is none, and is multiplied by `opacity`
    in the step's own unit, as `blend_kernels.alpha` does it.
    """
    per_step = _per_step(pixels.dtype)
    spread = pixels[..., np.newaxis] if pixels.ndim == _FLAT_NDIM else pixels
    channels = spread.shape[2]
    planes = np.empty((4, spread.shape[0] * spread.shape[1]), np.float32)
    for channel in range(3):
        plane = spread[..., channel if channels > _GRAY else 0]
        planes[channel] = _unit(plane, per_step).reshape(-1)
    if channels == _RGBA:
        planes[3] = _unit(spread[..., 3], opacity * per_step).reshape(-1)
    else:
        planes[3] = np.float32(_STEPS[pixels.dtype]) * (opacity * per_step)
    return planes


def _unit(values: Array, per_step: np.float32) -> Planes:
    """Values times `per_step`, after floats are cut to 0 to 1."""
    numbers = values.astype(np.float32)
    if values.dtype.kind == "f":
        np.clip(numbers, _ZERO, _ONE, out=numbers)
    return numbers * per_step


def _rounded(scaled: Planes, steps: int) -> Planes:
    return np.floor(scaled + _HALF) if steps > 1 else scaled


def _per_step(dtype: np.dtype[Any]) -> np.float32:
    return np.float32(1 / _STEPS[dtype])


def _reciprocal(alpha: Planes) -> Planes:
    seen = alpha > _ALPHA_MIN
    return np.where(seen, _ONE / np.where(seen, alpha, _ONE), _ZERO)


def _check_finite(field: str, values: Array) -> None:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise NotFiniteError(field, float(values[~np.isfinite(values)][0]))


def _found(value: object) -> str:
    if not isinstance(value, np.ndarray):
        return type(value).__name__
    state = "" if value.flags.writeable else ", read-only"
    return f"shape {value.shape} and dtype {value.dtype}{state}"
