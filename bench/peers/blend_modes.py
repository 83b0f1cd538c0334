"""How blend-modes does the job: one call of NumPy formulas a layer, in float32 of 0 to 255. Straight in and out.

Rounding to RGBA8 at the end is part of its job; making float32 of the layers is not.
"""

import importlib

import numpy as np

from bench.cases import Case, Contender, Pixels

_NAMES = {"darken": "darken_only", "lighten": "lighten_only", "color-dodge": "dodge"}
_OWN = ("normal", "multiply", "screen", "overlay", "hard-light", "soft-light", "difference")


def make(case: Case, mode: str) -> Contender | None:
    """Return the contender, or None for a mode that it does not have."""
    if mode not in _NAMES and mode not in _OWN:
        return None
    blend = getattr(importlib.import_module("blend_modes"), _NAMES.get(mode) or mode.replace("-", "_"))
    backdrop, layers = case.backdrop.astype(np.float32), [pixels.astype(np.float32) for pixels in case.layers]

    def job() -> Pixels:
        picture = backdrop
        with np.errstate(all="ignore"):  # it divides by 0, and by itself it changes NumPy's settings for good
            for layer in layers:
                picture = blend(picture, layer, 1.0, disable_type_checks=True)
        return (picture + np.float32(0.5)).astype(np.uint8)

    return Contender("blend-modes", job, False)
