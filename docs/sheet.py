"""Draws the sheet of blend modes: a photograph under a spectrum, once for every mode that the compositor knows.

Run by `make docs`; writes docs/images/blend-modes.webp. Labels are set by typography_core, everything is composited by the compositor.
"""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

import compositor
from compositor.modes import MIXING_MODES
from engines.image_core.encode import encode
from engines.image_core.presets import plan_plain
from engines.typography_core import typeset

SHEET = Path(__file__).parent / "images" / "blend-modes.webp"

_COLUMNS = 6
_TILE_WIDTH, _TILE_HEIGHT, _LABEL_HEIGHT, _GAP = 200, 150, 30, 14
_LOSS_MAX = 7.0
"""Largest mean difference (of 255) of a tile that WebP makes at this quality; a mode that computes something else makes a larger one."""
_INK = "#292b33"
_SPECTRUM = (
    (0.0, (0.92, 0.1, 0.14, 1.0)),
    (0.2, (0.98, 0.75, 0.1, 1.0)),
    (0.4, (0.1, 0.65, 0.25, 1.0)),
    (0.6, (0.1, 0.7, 0.95, 1.0)),
    (0.8, (0.25, 0.2, 0.85, 1.0)),
    (1.0, (0.85, 0.15, 0.75, 1.0)),
)
_SHADES = (
    (0.0, (1.0, 1.0, 1.0, 1.0)),
    (0.45, (1.0, 1.0, 1.0, 0.0)),
    (0.55, (0.0, 0.0, 0.0, 0.0)),
    (1.0, (0.0, 0.0, 0.0, 1.0)),
)


def draw_sheet() -> npt.NDArray[np.uint8]:
    """Return the sheet, (height, width, 4) uint8: one tile a mode, in the order of `MIXING_MODES`."""
    photograph = _photograph()
    rows = math.ceil(len(MIXING_MODES) / _COLUMNS)
    width = _GAP + _COLUMNS * (_TILE_WIDTH + _GAP)
    height = _GAP + rows * (_TILE_HEIGHT + _LABEL_HEIGHT + _GAP)
    nodes: list[compositor.Node] = []
    for mode, (x, y) in _places().items():
        nodes.append(compositor.Layer(_tile(photograph, mode), x, y))
        nodes.append(_label(mode, x, y + _TILE_HEIGHT))
    return compositor.composite(nodes, size=(width, height), background=(1.0, 1.0, 1.0))


def write_sheet() -> None:
    """Write the sheet as WebP."""
    pixels = draw_sheet()
    plan = plan_plain(pixels.shape[1], pixels.shape[0], "webp", 94)
    SHEET.parent.mkdir(exist_ok=True)
    SHEET.write_bytes(encode(plan, pixels, {}).content)


def is_stale() -> bool:
    """Whether the sheet is missing or shows other pictures than `draw_sheet` makes; WebP's own loss is allowed for."""
    if not SHEET.exists():
        return True
    with Image.open(SHEET) as image:
        shown = np.asarray(image.convert("RGBA"))
    drawn = draw_sheet()
    if shown.shape != drawn.shape:
        return True
    off = np.abs(shown.astype(int) - drawn)
    return max(off[y : y + _TILE_HEIGHT, x : x + _TILE_WIDTH].mean() for x, y in _places().values()) > _LOSS_MAX


def _places() -> dict[str, tuple[int, int]]:
    """Where the tile of each mode begins."""
    return {
        mode: (
            _GAP + number % _COLUMNS * (_TILE_WIDTH + _GAP),
            _GAP + number // _COLUMNS * (_TILE_HEIGHT + _LABEL_HEIGHT + _GAP),
        )
        for number, mode in enumerate(MIXING_MODES)
    }


def _tile(photograph: npt.NDArray[np.uint8], mode: str) -> npt.NDArray[np.uint8]:
    """The photograph with a spectrum blended onto it, white at the top, black at the bottom."""
    spectrum = compositor.Group(
        (compositor.Gradient("linear", _SPECTRUM, 90.0), compositor.Gradient("linear", _SHADES)), blend=mode
    )
    return compositor.composite((compositor.Layer(photograph), spectrum), size=(_TILE_WIDTH, _TILE_HEIGHT))


def _label(mode: str, x: float, y: float) -> compositor.Node:
    drawn = typeset.draw(typeset.TextRequest(text=mode, font="Inter", size=15.0, weight=550.0, color=_INK))
    return compositor.Layer(drawn.pixels, x + drawn.x, y + 6 + drawn.y)


def _photograph() -> npt.NDArray[np.uint8]:
    """A crop of scikit-image's astronaut (NASA, public domain), cut and scaled to a tile."""
    import skimage

    with Image.open(Path(skimage.__file__).parent / "data" / "astronaut.png") as image:
        crop = image.convert("RGBA").crop((20, 0, 500, 360))
        return np.asarray(crop.resize((_TILE_WIDTH, _TILE_HEIGHT), Image.Resampling.LANCZOS))
