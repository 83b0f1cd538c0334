"""How a box blur runs over planes at a cost that does not depend on its width: one running sum for each column.

The sum is float64: what enters it and leaves it are float32, so 32,768 steps leave an error below 1e-11.
"""

import numpy as np
import numpy.typing as npt

from compositor._jit import compiled
from compositor.blend_kernels import Kernel, Planes


def box_rows(*, on_disk: bool) -> Kernel:
    """Return the kernel that averages each column of pixels over a window: `kernel(planes, reach, part, clamp, out,
    sums)`.

    The window holds `reach` rows on either side of its centre in full, and the ones next to them with weight `part`,
    0 to 1. Beyond the planes there are zeros or, with `clamp`, copies of the edge. `out` has the shape of `planes`;
    `sums` is scratch, (w,) float64.
    """

    def box_rows_kernel(
        planes: Planes, reach: int, part: float, clamp: bool, out: Planes, sums: npt.NDArray[np.float64]
    ) -> None:
        rows, columns = planes.shape[1], planes.shape[2]
        scale = 1.0 / (2 * reach + 1 + 2 * part)
        for plane in range(planes.shape[0]):
            first, last = planes[plane, 0], planes[plane, rows - 1]
            copies_above = reach if clamp else 0
            copies_below = max(0, reach - rows + 1) if clamp else 0
            for j in range(columns):
                sums[j] = copies_above * np.float64(first[j]) + copies_below * np.float64(last[j])
            for i in range(min(reach + 1, rows)):
                source = planes[plane, i]
                for j in range(columns):
                    sums[j] += np.float64(source[j])
            for i in range(rows):
                above, below = i - reach - 1, i + reach + 1
                has_above, has_below = clamp or above >= 0, clamp or below < rows
                # Rows that are not there are read as the edge and weighted with nothing.
                upper = planes[plane, max(above, 0)]
                lower = planes[plane, min(below, rows - 1)]
                leaving = planes[plane, min(max(i - reach, 0), rows - 1)]
                weight_above, weight_below = part if has_above else 0.0, part if has_below else 0.0
                enters, leaves = 1.0 if has_below else 0.0, 1.0 if clamp or i >= reach else 0.0
                target = out[plane, i]
                for j in range(columns):
                    ends = weight_above * np.float64(upper[j]) + weight_below * np.float64(lower[j])
                    target[j] = np.float32((sums[j] + ends) * scale)
                    sums[j] += enters * np.float64(lower[j]) - leaves * np.float64(leaving[j])

    return compiled(box_rows_kernel, on_disk=on_disk)
