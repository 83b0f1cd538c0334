"""Pictures that the tests of the compositor share, and how two are compared."""

import numpy as np
import numpy.typing as npt

from compositor import Layer

Pixels = npt.NDArray[np.uint8]

EDGES = (0, 1, 63, 64, 127, 128, 191, 254, 255)
"""8-bit values around the points where formulas change: 0, 1/4, 1/2, 1."""


def noise(seed: int, height: int = 24, width: int = 31) -> Pixels:
    """Random straight pixels, of which a third has alpha 0 or 255 and a third has components from `EDGES`."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    edges = rng.choice(np.array(EDGES, np.uint8), pixels.shape)
    pixels = np.where(rng.random(pixels.shape) < 1 / 3, edges, pixels)
    alpha = rng.random((height, width))
    pixels[..., 3] = np.where(alpha < 1 / 6, 0, np.where(alpha < 1 / 3, 255, pixels[..., 3]))
    return np.ascontiguousarray(pixels)


def opaque(seed: int, height: int = 24, width: int = 31) -> Pixels:
    """As `noise`, with alpha 255 everywhere."""
    pixels = noise(seed, height, width)
    pixels[..., 3] = 255
    return pixels


def worst_step(result: Pixels, expected: object) -> float:
    """The largest distance, in steps of 8 bit, between a result and exact straight values, colours weighted by alpha.

    Colours are compared premultiplied: at alpha 1/255 a straight component of 8 bit says nothing finer than 1/1 of
    what can be seen. A perfect result is within 0.5 of the exact one, plus 0.5 where alpha itself was rounded.
    """
    exact = np.asarray(expected, np.float64)
    found = result.astype(np.float64)
    weight = np.minimum(exact[..., 3:], found[..., 3:]) / 255
    colors = np.abs(found[..., :3] - exact[..., :3]) * weight
    return float(max(colors.max(), np.abs(found[..., 3] - exact[..., 3]).max()))


def stack(mode: str, *, seed: int = 7, height: int = 24, width: int = 31) -> list[Layer]:
    """A bottom layer and two more in `mode`, one at half opacity and off by a few pixels."""
    return [
        Layer(noise(seed, height, width)),
        Layer(noise(seed + 1, height, width), blend=mode),
        Layer(noise(seed + 2, height, width), x=3, y=-2, blend=mode, opacity=0.5),
    ]
