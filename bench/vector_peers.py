"""How would a program draw an SVG with each engine by itself? resvg, CairoSVG and librsvg (through pyvips), without any guard.

Each returns straight RGBA pixels, (height, width, 4) uint8, as ours does; an engine that hands out PNG has it decoded with Pillow.
"""

import io
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

Rgba = npt.NDArray[np.uint8]
Draw = Callable[[bytes, int, int], Rgba]


def resvg() -> Draw:
    """Draw with resvg, whose options are made once."""
    import resvg as engine

    options = engine.usvg.Options.default()

    def draw(svg: bytes, width: int, height: int) -> Rgba:
        tree = engine.usvg.Tree.from_str(svg.decode(), options)
        across, down = tree.int_size()
        return _decoded(engine.render(tree, (width / across, 0, 0, 0, height / down, 0), bg_size=(width, height)))

    return draw


def cairosvg() -> Draw:
    """Draw with CairoSVG."""
    import cairosvg as engine

    def draw(svg: bytes, width: int, height: int) -> Rgba:
        return _decoded(engine.svg2png(bytestring=svg, output_width=width, output_height=height))

    return draw


def pyvips() -> Draw:
    """Draw with librsvg, as pyvips brings it; its pixels are straight already."""
    import pyvips as engine

    # Only this one operation is asked for, and its result must not come from a cache.
    engine.cache_set_max(0)

    def draw(svg: bytes, width: int, height: int) -> Rgba:
        plain: Any = engine.Image.svgload_buffer(svg)
        scale = width / plain.width
        return np.asarray(engine.Image.svgload_buffer(svg, scale=scale).numpy())[:height, :width]

    return draw


PEERS: Final[dict[str, tuple[Callable[[], Draw], str]]] = {
    "resvg": (resvg, "resvg"),
    "cairosvg": (cairosvg, "cairosvg"),
    "pyvips": (pyvips, "pyvips"),
}
"""How to get each, and its distribution."""


def _decoded(png: bytes) -> Rgba:
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image if image.mode == "RGBA" else image.convert("RGBA"))
