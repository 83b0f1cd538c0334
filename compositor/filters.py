"""What each resampling filter weighs: tables of weights for one axis, built once in float64 from `+ - * /` alone.

A filter is a function of the distance in source pixels when enlarging and in target pixels when shrinking, so that
every source pixel counts. The definitions are Pillow's: bilinear is a triangle, bicubic is Keys' with a = -0.5
(Catmull-Rom), lanczos3 is sinc(x) sinc(x / 3), box counts pixels whose centre it holds. Pure; no pixel is touched.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from compositor.errors import ChoiceError

Floats: TypeAlias = npt.NDArray[np.float64]
Edge: TypeAlias = Literal["renormalise", "zero", "clamp"]
"""What lies beyond a picture: nothing, and the weights that are left add up to 1; zeros; copies of its edge."""


class Filter(NamedTuple):
    """A filter: `weigh` is its value at a distance, which is 0 beyond `support`."""

    weigh: Callable[[Floats], Floats]
    support: float


class Table(NamedTuple):
    """Weights of source pixels for each target pixel along one axis.

    Target pixel i is the sum of `weights[i, k]` times source pixel `starts[i] + k`, over k below `counts[i]`.
    """

    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]

    def targets(self, first: int, last: int) -> "Table":
        """Return the table of target pixels `first` up to `last` (excluded) alone."""
        return Table(self.starts[first:last], self.counts[first:last], self.weights[first:last])

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return from which source pixel up to which (excluded) target pixels `first` up to `last` ask for."""
        starts, counts = self.starts[first:last], self.counts[first:last]
        return int(starts.min()), int((starts + counts).max())


def table(kind: Filter, centers: Floats, stretch: float, size: int, edge: Edge) -> Table:
    """Return the weights that `kind`, stretched by `stretch`, has around `centers` on an axis of `size` pixels.

    Centres are places on the axis, where pixel p covers p to p + 1. Weights of each target add up to 1, but for what
    "zero" leaves out.
    """
    reach = kind.support * stretch
    first = np.floor(centers - reach + 0.5).astype(np.int64)
    last = np.floor(centers + reach + 0.5).astype(np.int64)
    indices = first[:, None] + np.arange(max(1, int((last - first).max())))
    values = kind.weigh((indices - centers[:, None] + 0.5) * (1.0 / stretch))
    values[indices >= last[:, None]] = 0.0
    inside = (indices >= 0) & (indices < size)
    if edge == "renormalise":
        values[~inside] = 0.0
        # A box around a place on the far edge holds no centre; the pixel beside it is meant.
        values[~values.any(axis=1), 0] = 1.0
    # One after the other: how NumPy's own sum groups its terms is not promised to be the same on every machine.
    totals = np.cumsum(values, axis=1)[:, -1]
    values /= np.where(totals != 0, totals, 1.0)[:, None]
    if edge == "zero":
        values[~inside] = 0.0
    starts = np.clip(first, 0, size - 1)
    stops = np.clip(last, starts + 1, size)
    places = np.clip(indices, 0, size - 1) - starts[:, None]
    weights = np.zeros((len(centers), int((stops - starts).max())))
    # Indices past `last` weigh nothing, so it does no harm that they fall on the last place.
    np.add.at(weights, (np.arange(len(centers))[:, None], np.minimum(places, weights.shape[1] - 1)), values)
    return Table(starts, stops - starts, weights.astype(np.float32))


def resizing(kind: Filter, low: float, high: float, count: int, size: int) -> Table:
    """Return the table that makes `count` pixels of the source's stretch from `low` to `high`, within 0 to `size`."""
    scale = (high - low) / count
    centers = low + (np.arange(count, dtype=np.float64) + 0.5) * scale
    return table(kind, centers, max(scale, 1.0), size, "renormalise")


def filter_named(field: str, name: str) -> Filter:
    """Return the filter of that name; raise `ChoiceError`."""
    if not isinstance(name, str) or name not in FILTERS:
        raise ChoiceError(field, name, tuple(FILTERS))
    return FILTERS[name]


def _box(x: Floats) -> Floats:
    return ((x > -0.5) & (x <= 0.5)).astype(np.float64)


def _triangle(x: Floats) -> Floats:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _catmull_rom(x: Floats) -> Floats:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def b_spline(x: Floats) -> Floats:
    """The cubic B-spline: the smoothest window of its width, four boxes convolved; 0 beyond 2."""
    x = np.abs(x)
    near = (0.5 * x - 1.0) * x * x + 2.0 / 3.0
    far = (2.0 - x) * (2.0 - x) * (2.0 - x) / 6.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos(x: Floats) -> Floats:
    return np.where(np.abs(x) < 3, _sinc(x) * _sinc(x / 3.0), 0.0)


def _sinc(x: Floats) -> Floats:
    """sin(pi x) / (pi x). The library's sine differs by an ulp between machines, and pixels must not."""
    whole = np.rint(x)
    height = sine((x - whole) * np.pi) * np.where(whole % 2 == 0, 1.0, -1.0)
    angle = np.where(x == 0, 1.0, x * np.pi)
    return np.where(x == 0, 1.0, height / angle)


def sine(angle: Floats) -> Floats:
    """Return the sine of angles up to pi / 2, by Taylor's series, whose next term would be below 1e-17 there."""
    square, total = angle * angle, np.ones_like(angle)
    for n in range(22, 0, -2):
        total = 1.0 - total * square / (n * (n + 1))
    return angle * total


def gauss(x: Floats) -> Floats:
    """exp(-x² / 2), by Taylor's series of the 1,024th part and ten squarings; to 1e-12, for x from -40 to 40."""
    part = x * x * (-0.5 / 1024)
    total = np.ones_like(part)
    for n in range(7, 0, -1):
        total = 1.0 + total * part / n
    for _ in range(10):
        total = total * total
    return total


FILTERS: dict[str, Filter] = {
    "nearest": Filter(_box, 0.5),
    "box": Filter(_box, 0.5),
    "bilinear": Filter(_triangle, 1.0),
    "bicubic": Filter(_catmull_rom, 2.0),
    "lanczos3": Filter(_lanczos, 3.0),
}
"""Every filter by name. Nearest takes pixels as they are and is never used as weights."""
FILTER_NAMES: tuple[str, ...] = tuple(FILTERS)
"""Names of the filters that `resize` and `transform` know, from the fastest to the sharpest."""
