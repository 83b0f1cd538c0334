"""Is this a finite number within its limits? The one check of numbers that all callers' arguments go through."""

import math

import numpy as np

from compositor.errors import NumberError


def is_number(value: object) -> bool:
    """Whether `value` is a finite number: Python's or NumPy's, no bool."""
    if isinstance(value, int | np.integer):
        return not isinstance(value, bool)  # whole numbers are finite, also those that no float can hold
    return isinstance(value, float | np.floating) and math.isfinite(value)


def check_number(field: str, value: object, low: float, high: float) -> float:
    """Return `value` as a float; raise `NumberError` unless it is a finite number from `low` to `high`."""
    if is_number(value):
        # Whole numbers are compared as they are, for no float may hold them; others as float, for a float16 cannot be
        # compared with a limit that it does not hold.
        number: float = value if isinstance(value, int) else float(value)  # type: ignore[arg-type]  # just checked
        if low <= number <= high:
            return float(number)
    raise NumberError(field, value, low, high)
