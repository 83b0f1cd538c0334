"""How a table of weights is applied to planes: along columns of pixels (`gather_rows`), then along rows.

Both add in an order that depends on nothing but positions in the picture, so neither strips nor threads change a bit,
and both walk along consecutive memory, so that vector units can be used without adding in another order.
"""

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled, inlinable
from compositor.blend_kernels import ZERO, Kernel, Planes

BLOCK = 64
"""Terms that are added up by themselves before they join the sum: in float32 a sum of 20,000 equal terms, added one by
one, would be off by up to 1e-3; sums of 64 and of their 300 totals stay below 2e-5.
"""
LANES = 16
"""Rows that `gather_columns` works on at once: one AVX-512 register of float32, or two of AVX."""

Indices = npt.NDArray[np.int64]


@inlinable
def _add_lines(lines: Planes, weights: npt.NDArray[np.float32], total: npt.NDArray[np.float32]) -> None:
    """Add weighted lines to `total`, one after the other; four at a time, so that it is read and written less often."""
    count = lines.shape[0]
    fours = count - count % 4
    for k in range(0, fours, 4):
        w0, w1, w2, w3 = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        one, two, three, four = lines[k], lines[k + 1], lines[k + 2], lines[k + 3]
        for j in range(total.size):
            total[j] = total[j] + w0 * one[j] + w1 * two[j] + w2 * three[j] + w3 * four[j]
    for k in range(fours, count):
        weight, line = weights[k], lines[k]
        for j in range(total.size):
            total[j] += weight * line[j]


def gather_rows(*, on_disk: bool) -> Kernel:
    """Return the kernel that adds weighted rows of pixels: each row of `acc` collects the source rows of its table row.

    `kernel(planes, row, starts, counts, weights, first, acc, partial)`: `planes` (c, n, w) are source rows from `row`
    on, of which those a table row asks for are used; `acc` (c, m, w) starts as zeros and stands for the table rows
    from `first` on; `partial` is scratch, (w,). Source rows may come in several calls, cut at multiples of `BLOCK`.
    """

    def gather_rows_kernel(
        planes: Planes,
        row: int,
        starts: Indices,
        counts: Indices,
        weights: Planes,
        first: int,
        acc: Planes,
        partial: npt.NDArray[np.float32],
    ) -> None:
        width = acc.shape[2]
        for plane in range(acc.shape[0]):
            for i in range(acc.shape[1]):
                start = starts[first + i]
                low, stop = max(start, row), min(start + counts[first + i], row + planes.shape[1])
                target = acc[plane, i]
                while low < stop:
                    high = min(stop, (low // BLOCK + 1) * BLOCK)
                    partial[:] = ZERO
                    _add_lines(planes[plane, low - row : high - row], weights[first + i, low - start :], partial)
                    for j in range(width):
                        target[j] += partial[j]
                    low = high

    return compiled(gather_rows_kernel, on_disk=on_disk)


def gather_columns(*, on_disk: bool) -> Kernel:
    """Return the kernel that adds weighted columns of pixels.

    `kernel(planes, column, starts, counts, weights, out, turned, sums)`: `planes` (c, n, w) are source columns from
    `column` on, all that the table asks for; `out` is (c, n, m) for a table of m rows; `turned` (w, LANES) and `sums`
    (2, LANES) are scratch, zeros at first.
    """

    def gather_columns_kernel(
        planes: Planes,
        column: int,
        starts: Indices,
        counts: Indices,
        weights: Planes,
        out: Planes,
        turned: Planes,
        sums: Planes,
    ) -> None:
        partial, total = sums[0], sums[1]
        for plane in range(planes.shape[0]):
            for top in range(0, planes.shape[1], LANES):
                lanes = min(LANES, planes.shape[1] - top)
                for lane in range(lanes):
                    source = planes[plane, top + lane]
                    for j in range(planes.shape[2]):
                        turned[j, lane] = source[j]
                for i in range(out.shape[2]):
                    first, count = starts[i] - column, counts[i]
                    total[:] = ZERO
                    for low in range(0, count, BLOCK):
                        partial[:] = ZERO
                        high = min(count, low + BLOCK)
                        _add_lines(turned[first + low : first + high], weights[i, low:], partial)
                        for lane in range(LANES):
                            total[lane] += partial[lane]
                    for lane in range(lanes):
                        out[plane, top + lane, i] = total[lane]

    return compiled(gather_columns_kernel, on_disk=on_disk)
