"""How a picture is drawn at another size: `resize`, separable, in strips, on premultiplied planes.

Each strip of the target collects weighted source rows first, then weighted columns: `gather_rows` and `gather_columns`,
which are for any tables of weights.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from compositor import formats, strips
from compositor.canvas import check_size
from compositor.errors import RegionError
from compositor.filters import Table, filter_named, resizing
from compositor.formats import Planes, Stored
from compositor.ranges import check_number

BLOCK_ROWS = 64
"""Source rows that are unpacked at once; sums are cut at its multiples (`resample_kernels.BLOCK`)."""
_SIDES = 4


class Meaning(NamedTuple):
    """How stored values are read and written: with straight or premultiplied colours, weighed encoded or linear."""

    premultiplied: bool
    linear: bool


def resize(
    pixels: Stored,
    width: int,
    height: int,
    *,
    filter: str = "lanczos3",  # noqa: A002 - the word that every imaging library has for it
    box: Sequence[float] | None = None,
    linear: bool = False,
    premultiplied: bool = False,
    threads: int | None = None,
) -> Stored:
    """Return `pixels` drawn at `width` x `height`, in the same dtype and channels, which the caller owns.

    `pixels` is (h, w) or (h, w, 1 to 4) of uint8, uint16, float16 or float32, an even count with alpha last; straight
    unless `premultiplied`. Colours are weighed by alpha, so that hidden ones do not bleed. `filter` is one of
    `filters.FILTER_NAMES`; when shrinking it widens, so that every source pixel counts. At the edges the weights that
    fall on pixels are scaled up to 1. `box` is the part (left, top, right, bottom) of the source to draw, in pixels
    and fractions; the filter still sees what is around it. `linear` weighs linear light instead of encoded sRGB.
    Results are cut off to 0 to 1, and nearest copies pixels as they are. `threads` of None is one for each CPU, and
    changes no byte. Exact to 1e-4 before the rounding of the dtype. Raises `FormatError`, `NotFiniteError`,
    `CanvasSizeError`, `ChoiceError`, `RegionError`, `NumberError`, before any work.
    """
    stored = formats.check("pixels", pixels)
    width, height = check_size((width, height))
    kind = filter_named("filter", filter)
    left, top, right, bottom = _check_box(box, stored.shape[1], stored.shape[0])
    meaning = Meaning(formats.check_flag("premultiplied", premultiplied), formats.check_flag("linear", linear))
    count = strips.check_threads(threads)
    if filter == "nearest":
        rows, columns = _nearest(top, bottom, height, stored.shape[0]), _nearest(left, right, width, stored.shape[1])
        target = stored[rows[:, None], columns]
    else:
        down = resizing(kind, top, bottom, height, stored.shape[0])
        across = resizing(kind, left, right, width, stored.shape[1])
        target = np.empty((height, width, stored.shape[2]), stored.dtype)
        draw(stored, down, across, target, meaning, count)
    return target[:, :, 0] if pixels.ndim == 2 else target


def draw(
    stored: Stored,
    down: Table,
    across: Table,
    target: Stored,
    meaning: Meaning,
    threads: int,
) -> None:
    """Fill `target` (height, width, channels) with what the tables make of `stored`."""
    premultiplied, linear = meaning

    def strip(top: int, bottom: int) -> None:
        planes = _columns(_rows(stored, down, across, top, bottom, meaning), across)
        formats.pack(planes, target[top:bottom], premultiplied=premultiplied, linear=linear)

    strips.run(strip, len(target), threads)


def _rows(stored: Stored, down: Table, across: Table, top: int, bottom: int, meaning: Meaning) -> Planes:
    """Target rows `top` to `bottom`, in the source columns that `across` asks for."""
    left, right = across.span(0, len(across.starts))
    first, last = down.span(top, bottom)
    acc = np.zeros((stored.shape[2], bottom - top, right - left), np.float32)
    for start in range(first - first % BLOCK_ROWS, last, BLOCK_ROWS):
        row, stop = max(first, start), min(last, start + BLOCK_ROWS)
        part = formats.unpack(stored[row:stop, left:right], premultiplied=meaning.premultiplied, linear=meaning.linear)
        gather_rows(part, row, down, top, acc)
    return acc


def _columns(planes: Planes, across: Table) -> Planes:
    return gather_columns(planes, across.span(0, len(across.starts))[0], across)


def gather_rows(planes: Planes, row: int, down: Table, first: int, acc: Planes) -> None:
    """Add to `acc` (c, n, w) what the table's targets from `first` on ask of `planes`, source rows from `row` on."""
    from compositor import array_kernels  # imports numba, which only drawing needs

    array_kernels.find("gather-rows")(planes, row, *down, first, acc, np.empty(acc.shape[2], np.float32))


def gather_columns(planes: Planes, column: int, across: Table) -> Planes:
    """Return (c, n, targets of the table) of `planes`, source columns from `column` on."""
    from compositor import array_kernels, resample_kernels  # these import numba, which only drawing needs

    count, rows, columns = planes.shape
    out = np.empty((count, rows, len(across.starts)), np.float32)
    lanes = resample_kernels.LANES
    turned, sums = np.zeros((columns, lanes), np.float32), np.zeros((2, lanes), np.float32)
    array_kernels.find("gather-columns")(planes, column, *across, out, turned, sums)
    return out


def _nearest(low: float, high: float, count: int, size: int) -> npt.NDArray[np.int64]:
    # Multiplied before it is divided: between whole sides, centres that fall on whole pixels do so exactly.
    places = low + (np.arange(count, dtype=np.float64) + 0.5) * (high - low) / count
    return np.clip(np.floor(places), 0, size - 1).astype(np.int64)


def _check_box(box: Sequence[float] | None, width: int, height: int) -> tuple[float, float, float, float]:
    if box is None:
        return 0.0, 0.0, float(width), float(height)
    try:
        sides = tuple(check_number("box", side, 0, max(width, height)) for side in box)
    except TypeError:
        raise RegionError("box", box, width, height) from None
    if len(sides) != _SIDES:
        raise RegionError("box", box, width, height)
    left, top, right, bottom = sides
    if not (left < right <= width and top < bottom <= height):
        raise RegionError("box", box, width, height)
    return left, top, right, bottom
