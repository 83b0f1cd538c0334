"""Is this a finite number within its limits? The one check of numbers that all callers' arguments go through."""

import math

import numpy as np

from compositor.errors import NumberError


def is_number(value: object) -> bool:
    """Whether `value` is a finite number: Python's or NumPy's, no bool."""
    known = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return known and math.isfinite(value)  # type: ignore[arg-type]  # just checked


def check_number(field: str, value: object, low: float, high: float) -> float:
    """Return `value` as a float; raise `NumberError` unless it is a finite number from `low` to `high`."""
    if not is_number(value) or not low <= value <= high:  # type: ignore[operator]  # just checked
        raise NumberError(field, value, low, high)
    return float(value)  # type: ignore[arg-type]
