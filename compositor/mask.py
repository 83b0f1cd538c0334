"""How much of a layer shows at each pixel because of its masks: the value `Mask`, and its weights in a region.

A mask is a picture of coverage with a place of its own; outside its box it has one value. Several masks of a layer
are multiplied. Pure NumPy: the same bits on every machine.
"""

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from compositor.errors import MaskError
from compositor.limits import FEATHER_PX_MAX, OFFSET_PX_MAX
from compositor.ranges import is_number
from compositor.rect import Rect

_FULL: dict[np.dtype[np.generic], np.float32] = {
    np.dtype(np.uint8): np.float32(255),
    np.dtype(np.uint16): np.float32(65535),
    np.dtype(np.float32): np.float32(1),
}
"""What counts as wholly covered, by dtype. It is divided by, since only a quotient gives exactly 1 at the top."""
_REACH_SIGMAS = 5
"""Where a feather's gaussian is cut: what lies beyond weighs less than 1e-6 of the whole."""
_COVERAGE_NDIM = 2


class Mask(msgspec.Struct, frozen=True, eq=False):
    """A picture of coverage, with which a layer's or group's alpha is multiplied.

    `coverage` is (height, width) uint8, uint16, or float32 from 0 to 1, and is never written; its first pixel lies on
    pixel (`x`, `y`) of the canvas, whole numbers. Everywhere else the coverage is `outside`, 0 to 1. `feather` blurs
    it by a gaussian of that sigma in pixels. `density`, 0 to 1, says how much the mask counts: 0 not at all. In this
    order, so that a pixel's weight is `1 - density * (1 - blurred)`. Raises `MaskError`.
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


def masks(field: str, value: Mask | Sequence[Mask] | None) -> tuple[Mask, ...]:
    """Return the masks of a layer as a tuple: none, one or several; raise `MaskError` when one is no `Mask`."""
    if value is None:
        return ()
    if isinstance(value, Mask):
        return (value,)
    listed = tuple(value) if isinstance(value, Iterable) else (value,)
    for one in listed:
        if not isinstance(one, Mask):
            raise MaskError(field, f"{type(one).__name__} is no Mask")
    return listed


def mattes(listed: Sequence[Mask], bounds: Rect) -> tuple[tuple[Matte, ...], Rect]:
    """Return those of the masks that change anything within `bounds`, and where something is left to be seen.

    A feathered mask is blurred here, once: about 10 operations for each pixel and pixel of feather.
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
    values: npt.NDArray[np.generic] = mask.coverage
    full, x, y, outside = _FULL[values.dtype], int(mask.x), int(mask.y), np.float32(mask.outside)
    if mask.feather:
        spread = _gaussian(float(mask.feather))
        values, x, y = _feathered(values, float(full), x, y, float(outside), spread, bounds)
        full = np.float32(1)
    return Matte(values, full, x, y, outside, np.float32(mask.density))


def _gaussian(sigma: float) -> npt.NDArray[np.float64]:
    """Weights of a gaussian sampled at whole pixels, of sum 1. In decimals, because libraries differ in their exp."""
    reach = math.ceil(_REACH_SIGMAS * sigma)
    scale = Decimal(-1) / (2 * Decimal(sigma) * Decimal(sigma))
    half = [float((scale * k * k).exp()) for k in range(reach + 1)]
    found = np.array([*half[:0:-1], *half])
    return found / math.fsum(found)


def _feathered(
    values: npt.NDArray[np.generic],
    full: float,
    x: int,
    y: int,
    outside: float,
    spread: npt.NDArray[np.float64],
    bounds: Rect,
) -> tuple[npt.NDArray[np.float32], int, int]:
    """Blur what matters in `bounds`; return float32 values and where the first lies."""
    reach = len(spread) // 2
    rows, columns = values.shape
    grown = Rect(x - reach, y - reach, x + columns + reach, y + rows + reach).meet(bounds)
    if grown.empty:
        return np.zeros((0, 0), np.float32), x, y
    need = Rect(grown.x0 - reach, grown.y0 - reach, grown.x1 + reach, grown.y1 + reach)
    wide = np.full((need.height, need.width), outside)
    part = Rect(x, y, x + columns, y + rows).meet(need)
    if not part.empty:
        inside = values[part.y0 - y : part.y1 - y, part.x0 - x : part.x1 - x].astype(np.float64) / full
        wide[part.y0 - need.y0 : part.y1 - need.y0, part.x0 - need.x0 : part.x1 - need.x0] = inside
    down = _along_rows(wide, spread, grown.height)
    both = _along_rows(np.ascontiguousarray(down.T), spread, grown.width).T
    return np.ascontiguousarray(np.clip(both, 0, 1), np.float32), grown.x0, grown.y0


def _along_rows(wide: npt.NDArray[np.float64], spread: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    total = np.zeros((count, wide.shape[1]))
    for k, weight in enumerate(spread):
        total += weight * wide[k : k + count]
    return total


def _check_coverage(coverage: object) -> None:
    if not isinstance(coverage, np.ndarray):
        raise MaskError("Mask.coverage", f"needs a NumPy array, found {type(coverage).__name__}")
    if coverage.ndim != _COVERAGE_NDIM or coverage.dtype not in _FULL:
        found = f"shape {coverage.shape} and dtype {coverage.dtype}"
        raise MaskError("Mask.coverage", f"needs shape (height, width) and uint8, uint16 or float32, found {found}")
    if coverage.dtype == np.float32 and not ((coverage >= 0) & (coverage <= 1)).all():
        raise MaskError("Mask.coverage", "holds a float that is not from 0 to 1")
