"""What is to be done in the race, and who does it: the pictures of a case, and what a contender hands in.

Smooth waves in colour and alpha, as pictures have, not noise; every layer has its own period. No randomness: the same
size gives the same bytes.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from compositor import W3C_BLEND_MODES, BlendModeError

Pixels = npt.NDArray[np.uint8]
Job = Callable[[], Pixels]

WIDTH_PX, HEIGHT_PX, LAYERS = 1920, 1080, 8
CASES = ("opaque", "translucent")
QUICK_MODES = ("normal", "multiply", "overlay", "soft-light")
_BACKDROP_WAVE = 99
"""Far from the numbers of the layers, so that the backdrop is none of them."""


class Case(NamedTuple):
    """One backdrop with the layers over it, (rows, columns, 4) uint8 each: straight, and premultiplied and rounded for
    the peers that take that. All of them share their size.
    """

    name: str
    backdrop: Pixels
    layers: tuple[Pixels, ...]
    premul_backdrop: Pixels
    premul_layers: tuple[Pixels, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.backdrop.shape[1], self.backdrop.shape[0]


class Contender(NamedTuple):
    """`job` returns (rows, columns, 4) uint8, premultiplied or straight, in the order of `channels`.

    It may return the same memory each time. Whatever it prepared before its first call is not timed.
    """

    name: str
    job: Callable[[], Any]
    premultiplied: bool
    channels: tuple[int, int, int, int] = (0, 1, 2, 3)


def cases(width: int = WIDTH_PX, height: int = HEIGHT_PX, layers: int = LAYERS) -> list[Case]:
    """Return the cases of `CASES`: the same layers over an opaque and over a translucent backdrop."""
    above = tuple(wave(number, width, height) for number in range(layers))
    premul_above = tuple(premultiplied(pixels) for pixels in above)
    translucent = wave(_BACKDROP_WAVE, width, height)
    opaque = translucent.copy()
    opaque[..., 3] = 255
    return [
        Case(name, backdrop, above, premultiplied(backdrop), premul_above)
        for name, backdrop in zip(CASES, (opaque, translucent), strict=True)
    ]


def choose(modes: Sequence[str] | None, quick: bool) -> tuple[str, ...]:
    """Return the modes to measure: `modes`, or else all sixteen, or four when `quick`. Raises `BlendModeError`."""
    for mode in modes or ():
        if mode not in W3C_BLEND_MODES:
            raise BlendModeError(mode, W3C_BLEND_MODES)
    return tuple(modes or (QUICK_MODES if quick else W3C_BLEND_MODES))


def wave(number: int, width: int, height: int) -> Pixels:
    """Return straight RGBA8, (height, width, 4): four sines whose periods depend on `number`, alpha from 0 to 255."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    alpha = 0.5 + 0.5 * np.sin(x / 97 * (number + 1) + y / 53)
    colors = [0.5 + 0.5 * np.sin(x / (40 + number * 7) + y / (61 + number * 5) + phase) for phase in range(3)]
    stacked = np.clip(np.stack([*colors, alpha], axis=-1), 0, 1) * 255 + 0.5
    return np.ascontiguousarray(stacked.astype(np.uint8))


def premultiplied(pixels: Pixels) -> Pixels:
    """Return straight RGBA8 premultiplied, to the nearest step."""
    out = pixels.copy()
    out[..., :3] = (pixels[..., :3].astype(np.uint32) * pixels[..., 3:] + 127) // 255
    return out
