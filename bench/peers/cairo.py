"""How cairo (pixman) does the job: image surfaces, one paint a layer. Premultiplied BGRA in and out, one thread."""

import importlib
from typing import Any

import numpy as np

from bench.cases import Case, Contender, Pixels

_NAMES = {
    "normal": "OVER",
    **{mode: f"HSL_{mode.upper()}" for mode in ("hue", "saturation", "color", "luminosity")},
}
_BGRA = (2, 1, 0, 3)


def make(case: Case, mode: str) -> Contender:
    """Return cairo's contender; it has all sixteen modes."""
    cairo = importlib.import_module("cairocffi")
    operator = getattr(cairo, "OPERATOR_" + (_NAMES.get(mode) or mode.upper().replace("-", "_")))
    width, height = case.size

    def surface(premul: Pixels) -> Any:
        held = bytearray(np.ascontiguousarray(premul[..., _BGRA]).tobytes())
        return cairo.ImageSurface(cairo.FORMAT_ARGB32, width, height, held)

    sources, backdrop = [surface(pixels) for pixels in case.premul_layers], surface(case.premul_backdrop)
    memory = bytearray(width * height * 4)
    target = cairo.ImageSurface(cairo.FORMAT_ARGB32, width, height, memory)
    context = cairo.Context(target)
    view = np.frombuffer(memory, np.uint8).reshape(height, width, 4)

    def job() -> Pixels:
        for source, how in [(backdrop, cairo.OPERATOR_SOURCE), *((source, operator) for source in sources)]:
            context.set_operator(how)
            context.set_source_surface(source, 0, 0)
            context.paint()
        target.flush()
        return view

    return Contender("cairo", job, True, _BGRA)
