"""How libvips does the job: one `composite` over all layers. Straight in and out, held to one thread.

Its modes other than normal mix premultiplied colours where the W3C's formulas have straight ones (8.18): the pictures
differ wherever a layer is translucent, also with `premultiplied=True`. They are offered to the oracle all the same, so
that a version that mends this is timed.
"""

import importlib
from typing import Any

import numpy as np

from bench.cases import Case, Contender, Pixels

_NAMES = {"normal": "over", "color-dodge": "colour-dodge", "color-burn": "colour-burn"}
_LACKING = frozenset({"hue", "saturation", "color", "luminosity"})


def make(case: Case, mode: str) -> Contender | None:
    """Return libvips' contender, or None for the four modes that it does not have."""
    if mode in _LACKING:
        return None
    pyvips = importlib.import_module("pyvips")
    pyvips.concurrency_set(1)  # its default is one thread for each CPU; everybody else has one
    width, height = case.size

    def image(pixels: Pixels) -> Any:
        return pyvips.Image.new_from_memory(pixels.data, width, height, 4, "uchar").copy(interpretation="srgb")

    backdrop, layers = image(case.backdrop), [image(pixels) for pixels in case.layers]
    names = [_NAMES.get(mode, mode)] * len(layers)

    def job() -> Pixels:
        memory = backdrop.composite(layers, names).cast("uchar").write_to_memory()
        return np.frombuffer(memory, np.uint8).reshape(height, width, 4)

    return Contender("pyvips", job, False)
