"""Resampling in float64, written from the definitions alone: the truth that `resize`, `transform` and blurs are held to.

Pictures are (height, width, channels) float64 from 0 to 1; where the count of channels is even, the last is alpha and
colours are straight.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WEIGHING = ("box", "bilinear", "bicubic", "lanczos3")
"""The filters that weigh: all but nearest."""
SUPPORT = {"box": 0.5, "bilinear": 1.0, "bicubic": 2.0, "lanczos3": 3.0}


def linear_of(encoded: float) -> float:
    """IEC 61966-2-1 as it is written, in float64."""
    return encoded / 12.92 if encoded <= 0.04045 else ((encoded + 0.055) / 1.055) ** 2.4


def encoded_of(linear: float) -> float:
    """Its inverse."""
    return linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def weigh(name: str, x: Floats) -> Floats:
    """The values of a filter at distances, by the formula of its inventor."""
    t = np.abs(x)
    if name == "box":
        return np.where((x > -0.5) & (x <= 0.5), 1.0, 0.0)
    if name == "bilinear":
        return np.maximum(0.0, 1 - t)
    if name == "bicubic":  # Keys 1981, equation 15, with a = -1/2
        a = -0.5
        near, far = (a + 2) * t**3 - (a + 3) * t**2 + 1, a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
        return np.where(t < 1, near, np.where(t < 2, far, 0.0))
    return np.where(t < 3, np.sinc(t) * np.sinc(t / 3), 0.0)


def matrix_of(name: str, size: int, count: int, low: float, high: float) -> Floats:
    """(count, size): how much each source pixel counts in each target pixel."""
    scale = (high - low) / count
    stretch = max(scale, 1.0)
    weights = np.zeros((count, size))
    for i in range(count):
        center = low + (i + 0.5) * scale
        first = max(0, math.floor(center - SUPPORT[name] * stretch + 0.5))
        last = min(size, math.floor(center + SUPPORT[name] * stretch + 0.5))
        weights[i, first:last] = weigh(name, (np.arange(first, last) + 0.5 - center) * (1 / stretch))
        weights[i] /= weights[i].sum()
    return weights


def floats(seed: int, height: int, width: int, channels: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Random straight pixels, some of them transparent, some opaque."""
    rng = np.random.default_rng(seed)
    pixels = rng.random((height, width, channels), np.float32)
    return np.where(rng.random((height, width, 1)) < 0.3, np.round(pixels), pixels)


def premul(straight: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return premultiplied(straight.astype(np.float64))


def premultiplied(straight: Floats) -> Floats:
    if straight.shape[2] % 2:
        return straight
    return np.concatenate([straight[..., :-1] * straight[..., -1:], straight[..., -1:]], axis=2)


def cut(premul: Floats) -> Floats:
    """Overshoot is cut off: alpha to 0 to 1, colours to 0 to alpha."""
    high = np.clip(premul[..., -1:], 0, 1) if premul.shape[2] % 2 == 0 else np.ones(1)
    return np.clip(premul, 0, high)


def resized(straight: Floats, name: str, width: int, height: int, box: tuple[float, float, float, float]) -> Floats:
    """The picture at another size, premultiplied."""
    down = matrix_of(name, straight.shape[0], height, box[1], box[3])
    across = matrix_of(name, straight.shape[1], width, box[0], box[2])
    return cut(np.einsum("ay,bx,yxc->abc", down, across, premultiplied(straight), optimize=True))


def linear(encoded: Floats, curve: Callable[[Floats], Floats]) -> Floats:
    """The picture with `curve` applied to its colours, not to its alpha."""
    colors = encoded.shape[2] - 1 + encoded.shape[2] % 2
    return np.concatenate([curve(encoded[..., :colors]), encoded[..., colors:]], axis=2)


def covered(matrix: Floats, columns: int, rows: int, x: int, y: int, steps: int = 2000) -> float:
    """The area of target pixel (x, y) inside the image of the picture: exact along y, `steps` midpoints along x."""
    (a, b, c), (d, e, f) = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
    at = x + (np.arange(steps) + 0.5) / steps
    low, high = np.full(steps, float(y)), np.full(steps, y + 1.0)
    for p, q, size in ((a * at + c, b, columns), (d * at + f, e, rows)):
        ends = (0 - p) / q, (size - p) / q
        low, high = np.maximum(low, np.minimum(*ends)), np.minimum(high, np.maximum(*ends))
    return float(np.maximum(0, high - low).mean())


def transformed(straight: Floats, name: str, matrix: Floats, width: int, height: int) -> Floats:
    """The picture through an affine map, premultiplied and with coverage, by brute force over all source pixels."""
    source = premultiplied(straight)
    rows, columns, channels = source.shape
    _, scales, axes = np.linalg.svd(matrix[:, :2])
    metric = axes.T @ np.diag(np.minimum(scales, 1)) @ axes
    back = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    across, down = np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)
    result = np.zeros((height, width, channels + (channels == 3)))
    for y in range(height):
        for x in range(width):
            area = covered(matrix, columns, rows, x, y)
            if area < 1e-6:
                continue
            u, v, _ = back @ (x + 0.5, y + 0.5, 1)
            u, v = np.clip(u, 0, columns), np.clip(v, 0, rows)
            one = metric[0, 0] * (across - u) + metric[0, 1] * (down - v)
            two = metric[1, 0] * (across - u) + metric[1, 1] * (down - v)
            weights = weigh(name, one) * weigh(name, two)
            mean = cut(np.einsum("yx,yxc->c", weights / weights.sum(), source)[None, None])
            result[y, x, :channels] = mean[0, 0] * area
            if channels == 3:
                result[y, x, 3] = area
    return result


def gaussian(straight: Floats, sigma: float, edge: str) -> Floats:
    """Blurred by sampled gaussian weights out to nine deviations, premultiplied."""
    reach = math.ceil(9 * sigma)
    return _convolved(straight, np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2), edge)


def box(straight: Floats, radius: float, edge: str) -> Floats:
    """Averaged over windows whose ends count in part, premultiplied."""
    whole = int(radius)
    return _convolved(straight, np.array([radius - whole, *[1.0] * (2 * whole + 1), radius - whole]), edge)


def _convolved(straight: Floats, weights: Floats, edge: str) -> Floats:
    picture, reach = premultiplied(straight), len(weights) // 2
    for axis in (0, 1):
        wide = [(0, 0)] * 3
        wide[axis] = (reach, reach)
        padded = np.pad(picture, wide, mode="edge" if edge == "clamp" else "constant")
        line = np.apply_along_axis(np.convolve, axis, padded, weights / weights.sum(), "valid")
        picture = line
    return picture
