"""How does a drawn picture become coverage: the mask of a layer or group?

Its alpha, or its luminance as CSS masks have it (CSS Masking Level 1 §6.1); both count 0 where there is nothing. Takes
the pixels that layers.py drew at the size of the export. Pure.
"""

import math
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

import compositor
from engines.image_core.composition import FEATHER_PX_MAX, LayerMask
from engines.media_v2.exports import RgbaPixels

Mode = Literal["alpha", "luminance"]

_LUMINANCE = (2125, 7154, 721)
"""Ten-thousandths of red, green and blue: the coefficients of luminanceToAlpha (Filter Effects 1 §9.6), on encoded values."""
_WHOLE = sum(_LUMINANCE)
_FEATHER_REACH = 4
"""Sigmas: farther away a gaussian changes no value of 8 bit."""


def reach_px(feather_px: float) -> float:
    """Return how far outside the canvas a mask still matters to it, px."""
    return math.ceil(_FEATHER_REACH * feather_px)


def as_mask(drawn: compositor.Layer | None, mask: LayerMask, scale: float) -> compositor.Mask:
    """Return `drawn`, the picture of `mask` on the canvas (None where nothing of it shows there), as the compositor takes it.

    `scale` is canvas px per composition px, for the feather.
    """
    outside = 1.0 if mask.invert else 0.0
    if drawn is None:
        values, x, y = np.zeros((1, 1), np.uint8), 0, 0
    else:
        pixels, x, y = _on_whole_pixels(drawn)
        values = coverage(pixels, mask.mode)
    return compositor.Mask(
        255 - values if mask.invert else values,
        x,
        y,
        outside=outside,
        density=mask.density,
        feather=feather_px(mask, scale),
    )


def feather_px(mask: LayerMask, scale: float) -> float:
    """Return the sigma of the mask's soft edge in canvas px, within what the compositor blurs by."""
    return min(mask.feather * scale, FEATHER_PX_MAX)


def coverage(pixels: RgbaPixels, mode: Mode) -> npt.NDArray[np.uint8]:
    """Return (height, width) uint8 of (height, width, 4) straight sRGB, rounded to nearest."""
    if mode == "alpha":
        return np.ascontiguousarray(pixels[..., 3])
    wide = pixels.astype(np.uint32)
    red, green, blue = _LUMINANCE
    luminance = red * wide[..., 0] + green * wide[..., 1] + blue * wide[..., 2]
    full = _WHOLE * 255
    return ((luminance * wide[..., 3] + full // 2) // full).astype(np.uint8)


def _on_whole_pixels(drawn: compositor.Layer) -> tuple[RgbaPixels, int, int]:
    """The same picture on the pixels of the canvas, and where its first one lies."""
    x, y = math.floor(drawn.x), math.floor(drawn.y)
    pixels = drawn.pixels
    assert isinstance(pixels, np.ndarray)
    if (x, y) == (drawn.x, drawn.y):
        return pixels, x, y
    height, width = pixels.shape[:2]
    size = (math.ceil(drawn.x - x + width), math.ceil(drawn.y - y + height))
    moved = msgspec.structs.replace(drawn, x=drawn.x - x, y=drawn.y - y, blend="normal", opacity=1.0)
    return compositor.composite([moved], size=size), x, y
