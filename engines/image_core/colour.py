"""How do sRGB pixels become pixels of another colour space? 8 bit through LittleCMS, 16 bit by the same model in whole numbers.

Relative colorimetric with black point compensation; all spaces here share white and black, so neither moves a neutral. Pillow hands
LittleCMS 8 bits a channel only.
"""

import functools
import io
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from engines.image_core import icc
from engines.image_core.icc import Curve
from engines.media_v2.exports import ExportPixels, RgbaPixels
from engines.media_v2.presets import ColorProfile

_CODES = 65536
LIGHT_ONE = 1 << 30
"""Linear light of 1 in the 16-bit path: steps of 1e-9, far below half a code of any curve but at its dark end."""
_MATRIX_BITS = 28
"""Of the matrix's fraction: 3 products of 30 + 28 bits fit 63."""
_BINS = 4096
"""Of the search for a code: light is first looked up by its top bits."""


def from_srgb(pixels: ExportPixels, space: ColorProfile) -> ExportPixels:
    """Return `pixels`, (h, w, 4) uint8 or uint16 straight sRGB, in `space`, of the same depth and with the same alpha.

    For sRGB that is the same array.
    """
    if space == "sRGB":
        return pixels
    if pixels.dtype == np.uint16:
        return _from_srgb_16(np.ascontiguousarray(pixels, np.uint16), space)
    return _from_srgb_8(np.ascontiguousarray(pixels, np.uint8), space)


def _from_srgb_8(pixels: RgbaPixels, space: ColorProfile) -> RgbaPixels:
    height, width, _ = pixels.shape
    # RGBX: the fourth byte is carried over as it is.
    image = Image.frombuffer("RGBX", (width, height), pixels, "raw", "RGBX", 0, 1)
    transform = ImageCms.buildTransform(
        _opened("sRGB"),
        _opened(space),
        "RGBX",
        "RGBX",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    made = ImageCms.applyTransform(image, transform)
    assert made is not None
    return np.asarray(made)


def _opened(space: ColorProfile) -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(io.BytesIO(icc.profile(space)))


class Tables(NamedTuple):
    """The 16-bit conversion to one space, in whole numbers."""

    light: npt.NDArray[np.int64]
    """(65536,): light of each sRGB code, in parts of `LIGHT_ONE`."""
    matrix: npt.NDArray[np.int64]
    """(3, 3): from sRGB to the space, in parts of 2^28."""
    bounds: npt.NDArray[np.int64]
    """(65535,): the least light that rounds to code k + 1."""
    bins: npt.NDArray[np.int64]
    """(4097,): how many bounds lie at or below the start of each bin of light."""


@functools.cache
def tables(space: ColorProfile) -> Tables:
    """Return the tables of `space`; takes 0.1 s the first time."""
    source, target = icc.SPACES["sRGB"], icc.SPACES[space]
    assert source.white == target.white, "another white would need an adaptation"
    exact = icc.product(icc.inverse(icc.to_xyz(target)), icc.to_xyz(source))
    matrix = np.array([[round(value * (1 << _MATRIX_BITS)) for value in row] for row in exact], np.int64)
    codes = np.array([round(_light(source.curve, code)) for code in range(_CODES)], np.int64)
    bounds = np.array([math.ceil(_light(target.curve, code + 0.5)) for code in range(_CODES - 1)], np.int64)
    starts = np.arange(_BINS + 1, dtype=np.int64) * (LIGHT_ONE // _BINS)
    return Tables(codes, matrix, bounds, np.searchsorted(bounds, starts, side="right"))


def _light(curve: Curve, code: float) -> float:
    """Light of a code of 0 to 65535, in parts of `LIGHT_ONE`.

    Powers of Python: NumPy's differ in the last bit between machines, and a rounding to 1e-9 hides what C libraries differ by.
    """
    g, a, b, c, d = (float(part) for part in curve)
    value = code / (_CODES - 1)
    return (float((a * value + b) ** g) if value >= d else c * value) * LIGHT_ONE


def _from_srgb_16(pixels: npt.NDArray[np.uint16], space: ColorProfile) -> npt.NDArray[np.uint16]:
    from engines.image_core import colour_kernels

    out = np.empty_like(pixels)
    kernel = colour_kernels.find("convert")
    kernel(colour_kernels.read_only(pixels), *tables(space), out)
    return out
