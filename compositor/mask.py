"""How much of a layer shows at each pixel because of its masks: the value `Mask`, and its weights in a region.

A mask is a picture of coverage with a place of its own; outside its box it has one value. Several masks of a layer
are multiplied. The same bits on every machine. A feather is the gaussian of `blur`; all else is NumPy.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from compositor import blur
from compositor.errors import MaskError
from compositor.limits import CANVAS_PIXELS_MAX, FEATHER_PX_MAX, OFFSET_PX_MAX
from compositor.ranges import is_number
from compositor.rect import Rect

_FULL: dict[np.dtype[np.generic], np.float32] = {
    np.dtype(np.uint8): np.float32(255),
    np.dtype(np.uint16): np.float32(65535),
    np.dtype(np.float32): np.float32(1),
}
"""What counts as wholly covered, by dtype. It is divided by, since only a quotient gives exactly 1 at the top."""
_COVERAGE_NDIM = 2


class Mask(msgspec.Struct, frozen=True, eq=False):
    """A picture of coverage, with which a layer's or group's alpha is multiplied.

    `coverage` is (height, width) uint8, uint16, or float32 from 0 to 1, and is never written; its first pixel lies on
    pixel (`x`, `y`) of the canvas, whole numbers. Everywhere else the coverage is `outside`, 0 to 1. `feather` blurs
    it by a gaussian of that sigma in pixels, as `gaussian_blur` does. `density`, 0 to 1, says how much the mask
    counts: 0 not at all. In this order, so that a pixel's weight is `1 - density * (1 - blurred)`. Raises `MaskError`.
    """

    coverage: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]
    x: int = 0
    y: int = 0
    outside: float = 0.0
    density: float = 1.0
    feather: float = 0.0

    def __post_init__(self) -> None:
        _check_coverage(self.coverage)
        for name, place in (("x", self.x), ("y", self.y)):
            if not isinstance(place, int | np.integer) or isinstance(place, bool) or abs(int(place)) > OFFSET_PX_MAX:
                raise MaskError(f"Mask.{name}", f"{place!r} is no whole number up to {OFFSET_PX_MAX:g} either way")
        for name, value, high in (
            ("outside", self.outside, 1),
            ("density", self.density, 1),
            ("feather", self.feather, FEATHER_PX_MAX),
        ):
            if not is_number(value) or not 0 <= value <= high:
                raise MaskError(f"Mask.{name}", f"{value!r} is not a number from 0 to {high:g}")


Coverage: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]
Masks: TypeAlias = Mask | Coverage | Sequence[Mask | Coverage] | None
"""What a layer or group takes for masks."""


class Matte(NamedTuple):
    """A mask made ready: values as stored, the value that means all, and where its first pixel lies."""

    values: npt.NDArray[np.generic]
    full: np.float32
    x: int
    y: int
    outside: np.float32
    density: np.float32

    @property
    def box(self) -> Rect:
        """Where it has pixels of its own."""
        rows, columns = self.values.shape
        return Rect(self.x, self.y, self.x + columns, self.y + rows)


def masks(field: str, value: Masks, x: int = 0, y: int = 0) -> tuple[Mask, ...]:
    """Return the masks of a layer as a tuple: none, one or several; a plain array becomes a mask at (`x`, `y`).

    Raises `MaskError` when one is neither.
    """
    if value is None:
        return ()
    listed = tuple(value) if isinstance(value, Iterable) and not isinstance(value, np.ndarray) else (value,)
    found = [Mask(one, x, y) if isinstance(one, np.ndarray) else one for one in listed]
    for one in found:
        if not isinstance(one, Mask):
            raise MaskError(field, f"{type(one).__name__} is no Mask")
    return tuple(found)


def mattes(listed: Sequence[Mask], bounds: Rect) -> tuple[tuple[Matte, ...], Rect]:
    """Return those of the masks that change anything within `bounds`, and where something is left to be seen.

    A feathered mask is blurred here, once, as far as `bounds` shows it.
    """
    kept: list[Matte] = []
    for mask in listed:
        if bounds.empty or np.float32(mask.density) == 0:
            continue
        matte = _matte(mask, bounds)
        if matte.outside == 0 and matte.density == 1:
            bounds = bounds.meet(matte.box)
        if not bounds.empty and not _all_shows(matte, bounds):
            kept.append(matte)
    return tuple(kept), bounds


def weights(listed: Sequence[Matte], region: Rect) -> npt.NDArray[np.float32]:
    """Return the product of the mattes in `region`, (height, width) float32, 0 to 1."""
    product = _weight(listed[0], region)
    for matte in listed[1:]:
        product *= _weight(matte, region)
    return product


def _weight(matte: Matte, region: Rect) -> npt.NDArray[np.float32]:
    weight = np.full((region.height, region.width), matte.outside, np.float32)
    part = matte.box.meet(region)
    if not part.empty:
        inside = matte.values[part.y0 - matte.y : part.y1 - matte.y, part.x0 - matte.x : part.x1 - matte.x]
        target = weight[part.y0 - region.y0 : part.y1 - region.y0, part.x0 - region.x0 : part.x1 - region.x0]
        np.divide(inside.astype(np.float32), matte.full, out=target)
    if matte.density != 1:
        weight = np.float32(1) - matte.density * (np.float32(1) - weight)
    return weight


def _all_shows(matte: Matte, bounds: Rect) -> bool:
    part = matte.box.meet(bounds)
    if part.empty or part != bounds:
        if matte.outside != 1:
            return False
        if part.empty:
            return True
    inside = matte.values[part.y0 - matte.y : part.y1 - matte.y, part.x0 - matte.x : part.x1 - matte.x]
    return bool((inside == matte.full).all())


def _matte(mask: Mask, bounds: Rect) -> Matte:
    if mask.feather:
        return _feathered(mask, bounds)
    full = _FULL[mask.coverage.dtype]
    return Matte(mask.coverage, full, int(mask.x), int(mask.y), np.float32(mask.outside), np.float32(mask.density))


def _feathered(mask: Mask, bounds: Rect) -> Matte:
    """Blur what matters in `bounds`: how the coverage differs from the value outside, which is 0 far enough away."""
    rows, columns = mask.coverage.shape
    full, outside = _FULL[mask.coverage.dtype], np.float32(mask.outside)
    x, y, sigma = int(mask.x), int(mask.y), float(mask.feather)
    reach = blur.gaussian_reach(sigma)

    def read(part: Rect) -> npt.NDArray[np.float32]:
        inside = mask.coverage[part.y0 : part.y1, part.x0 : part.x1].astype(np.float32)
        return np.ascontiguousarray(inside / full - outside)[None]

    seen = Rect(x - reach, y - reach, x + columns + reach, y + rows + reach).meet(bounds)
    values = np.zeros((0, 0), np.float32)
    if rows and columns and not seen.empty:
        window = Rect(seen.x0 - x, seen.y0 - y, seen.x1 - x, seen.y1 - y)
        values = blur.gaussian_window(read, columns, rows, sigma, window)[0]
        values = np.clip(values + outside, np.float32(0), np.float32(1))
    return Matte(values, np.float32(1), seen.x0, seen.y0, outside, np.float32(mask.density))


def _check_coverage(coverage: object) -> None:
    field = "Mask.coverage"
    if not isinstance(coverage, np.ndarray):
        raise MaskError(field, f"needs a NumPy array, found {type(coverage).__name__}")
    if coverage.ndim != _COVERAGE_NDIM or coverage.dtype not in _FULL:
        found = f"shape {coverage.shape} and dtype {coverage.dtype}"
        raise MaskError(field, f"needs shape (height, width) and uint8, uint16 or float32, found {found}")
    if coverage.size > CANVAS_PIXELS_MAX or max(coverage.shape) > OFFSET_PX_MAX:
        sides = f"{coverage.shape[1]} x {coverage.shape[0]}"
        raise MaskError(field, f"is {sides}: at most {CANVAS_PIXELS_MAX} pixels, and {OFFSET_PX_MAX:g} a side")
    # Neither comparison holds for NaN, which minimum and maximum hand on.
    if coverage.dtype == np.float32 and coverage.size and not (coverage.min() >= 0 and coverage.max() <= 1):
        raise MaskError(field, "holds a float that is not from 0 to 1")
