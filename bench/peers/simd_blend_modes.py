"""How simd-blend-modes does the job: one call of a C kernel (AVX2) a layer. Straight RGBA8 in and out, one thread.

Its modes other than normal follow the package blend-modes, whose rule for a translucent backdrop is not the W3C's.
"""

import functools
import importlib

from bench.cases import Case, Contender, Pixels

_NAMES = {
    "darken": "darken_only",
    "lighten": "lighten_only",
    "color-dodge": "dodge",
    "color-burn": "burn",
}
_OWN = ("normal", "multiply", "screen", "overlay", "hard-light", "soft-light", "difference", "exclusion")
"""The modes that it calls by the W3C's names. Its hue, saturation and color are HSV's, HSL's and LCh's: other modes."""


def make(case: Case, mode: str) -> Contender | None:
    """Return the contender, or None for the modes of hue, saturation, color and luminosity."""
    if mode not in _NAMES and mode not in _OWN:
        return None
    blend = getattr(importlib.import_module("simd_blend_modes"), _NAMES.get(mode) or mode.replace("-", "_"))

    def job() -> Pixels:
        made: Pixels = functools.reduce(blend, case.layers, case.backdrop)
        return made

    return Contender("simd-blend-modes", job, False)
