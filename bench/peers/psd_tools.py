"""How psd-tools' NumPy formulas do the job, in float32 of 0 to 1, with the compositing around them that psd-tools has.

That is the formula of PDF 2.0, 11.3.6, which is also the W3C's. Straight in and out. Rounding to RGBA8 at the end is
part of the job; making float32 of the layers is not. Its layer trees are left out: they would cost it more.
"""

import importlib
from typing import Any

import numpy as np

from bench.cases import Case, Contender, Pixels


def make(case: Case, mode: str) -> Contender:
    """Return the contender; psd-tools has all sixteen modes."""
    table = importlib.import_module("psd_tools.composite.blend")
    modes = importlib.import_module("psd_tools.constants").BlendMode
    blend = table.BLEND_FUNC[getattr(modes, mode.upper().replace("-", "_"))]
    backdrop, layers = _floats(case.backdrop), [_floats(pixels) for pixels in case.layers]

    def job() -> Pixels:
        color, alpha = backdrop
        with np.errstate(all="ignore"):
            for cs, sa in layers:
                total = alpha + sa - alpha * sa
                mixed = sa * ((1 - alpha) * cs + alpha * blend(color, cs))
                color = np.clip(np.nan_to_num(((1 - sa) * alpha * color + mixed) / total), 0, 1)
                alpha = total
        return (np.concatenate((color, alpha), axis=2) * 255 + np.float32(0.5)).astype(np.uint8)

    return Contender("psd-tools", job, False)


def _floats(pixels: Pixels) -> tuple[Any, Any]:
    """Colour (rows, columns, 3) and alpha (rows, columns, 1)."""
    scaled = pixels.astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(scaled[..., :3]), np.ascontiguousarray(scaled[..., 3:])
