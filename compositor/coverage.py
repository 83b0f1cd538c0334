"""How much of each pixel along one axis lies between two places? Pure; the area of a box is the product of two axes."""

import numpy as np
import numpy.typing as npt


def coverage(low: float, high: float, start: int, stop: int) -> npt.NDArray[np.float32]:
    """Return, for each pixel from `start` to `stop` (excluded), how much of it lies from `low` to `high`: 0 to 1."""
    left = np.arange(start, stop, dtype=np.float64)
    covered: npt.NDArray[np.float64] = np.clip(np.minimum(left + 1, high) - np.maximum(left, low), 0, 1)
    return covered.astype(np.float32)
