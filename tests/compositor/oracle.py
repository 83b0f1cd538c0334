"""What a picture should be, in float64 and plain Python, one pixel at a time, written from the text of the
specification.

W3C Compositing and Blending Level 1 (W3C CR, 2024), section numbers beside each formula; for groups that are not
isolated, the removal of the backdrop is ISO 32000-1, 11.4.8. Nothing here is shared with the package but the layer
values that it reads. Colours are straight: (r, g, b) and alpha apart.
"""

import math
from collections.abc import Callable, Sequence

from compositor import Group, Layer, Node

Rgb = tuple[float, float, float]


def multiply(cb: float, cs: float) -> float:  # 10.1.2
    return cb * cs


def screen(cb: float, cs: float) -> float:  # 10.1.3
    return cb + cs - cb * cs


def overlay(cb: float, cs: float) -> float:  # 10.1.4
    return hard_light(cs, cb)


def darken(cb: float, cs: float) -> float:  # 10.1.5
    return min(cb, cs)


def lighten(cb: float, cs: float) -> float:  # 10.1.6
    return max(cb, cs)


def color_dodge(cb: float, cs: float) -> float:  # 10.1.7
    if cb == 0:
        return 0
    if cs == 1:
        return 1
    return min(1, cb / (1 - cs))


def color_burn(cb: float, cs: float) -> float:  # 10.1.8
    if cb == 1:
        return 1
    if cs == 0:
        return 0
    return 1 - min(1, (1 - cb) / cs)


def hard_light(cb: float, cs: float) -> float:  # 10.1.9
    if cs <= 0.5:
        return multiply(cb, 2 * cs)
    return screen(cb, 2 * cs - 1)


def soft_light(cb: float, cs: float) -> float:  # 10.1.10
    if cs <= 0.5:
        return cb - (1 - 2 * cs) * cb * (1 - cb)
    d = ((16 * cb - 12) * cb + 4) * cb if cb <= 0.25 else math.sqrt(cb)
    return cb + (2 * cs - 1) * (d - cb)


def difference(cb: float, cs: float) -> float:  # 10.1.11
    return abs(cb - cs)


def exclusion(cb: float, cs: float) -> float:  # 10.1.12
    return cb + cs - 2 * cb * cs


def lum(c: Sequence[float]) -> float:  # 10.2
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


def clip_color(c: Sequence[float]) -> list[float]:  # 10.2
    light, low, high = lum(c), min(c), max(c)
    out = list(c)
    if low < 0:
        out = [light + (x - light) * light / (light - low) for x in out]
    if high > 1:
        out = [light + (x - light) * (1 - light) / (high - light) for x in out]
    return out


def set_lum(c: Sequence[float], light: float) -> list[float]:  # 10.2
    d = light - lum(c)
    return clip_color([x + d for x in c])


def sat(c: Sequence[float]) -> float:  # 10.2
    return max(c) - min(c)


def set_sat(c: Sequence[float], s: float) -> list[float]:  # 10.2
    out = list(c)
    low, mid, high = sorted(range(3), key=lambda index: c[index])
    if out[high] > out[low]:
        out[mid] = (out[mid] - out[low]) * s / (out[high] - out[low])
        out[high] = s
    else:
        out[mid] = out[high] = 0
    out[low] = 0
    return out


SEPARABLE: dict[str, Callable[[float, float], float]] = {
    "normal": lambda _cb, cs: cs,  # 10.1.1
    "multiply": multiply,
    "screen": screen,
    "overlay": overlay,
    "darken": darken,
    "lighten": lighten,
    "color-dodge": color_dodge,
    "color-burn": color_burn,
    "hard-light": hard_light,
    "soft-light": soft_light,
    "difference": difference,
    "exclusion": exclusion,
}
JOINT: dict[str, Callable[[Rgb, Rgb], list[float]]] = {
    "hue": lambda cb, cs: set_lum(set_sat(cs, sat(cb)), lum(cb)),  # 10.2.1
    "saturation": lambda cb, cs: set_lum(set_sat(cb, sat(cs)), lum(cb)),  # 10.2.2
    "color": lambda cb, cs: set_lum(cs, lum(cb)),  # 10.2.3
    "luminosity": lambda cb, cs: set_lum(cb, lum(cs)),  # 10.2.4
}


def mix(mode: str, cb: Rgb, cs: Rgb) -> Rgb:
    """B(cb, cs) of any mode on whole colours."""
    if mode in JOINT:
        r, g, b = JOINT[mode](cb, cs)
        return r, g, b
    function = SEPARABLE[mode]
    return function(cb[0], cs[0]), function(cb[1], cs[1]), function(cb[2], cs[2])


def compose(mode: str, cb: Rgb, ab: float, cs: Rgb, sa: float) -> tuple[Rgb, float]:
    """Blend and composite with source-over: sections 5.8.1 (general formula) and 9.1.4."""
    ao = sa + ab - sa * ab
    if ao == 0:
        return (0.0, 0.0, 0.0), 0.0
    mixed = mix(mode, cb, cs)
    r, g, b = (
        (sa * ((1 - ab) * s + ab * m) + (1 - sa) * ab * below) / ao for s, m, below in zip(cs, mixed, cb, strict=True)
    )
    return (r, g, b), ao


def group(nodes: Sequence[Node], c0: Rgb, a0: float, x: int, y: int) -> tuple[Rgb, float, Rgb, float]:
    """Composite `nodes` from the initial backdrop at one pixel (section 5.6; ISO 32000-1, 11.4.8).

    Returns the group's own colour and alpha, then the accumulated colour and alpha with the backdrop in it.
    """
    color, alpha, own = c0, a0, 0.0
    for node in nodes:
        if not node.visible:
            continue
        if isinstance(node, Group):
            start = ((0.0, 0.0, 0.0), 0.0) if node.isolated else (color, alpha)
            cs, sa, _, _ = group(node.layers, *start, x, y)
        else:
            assert isinstance(node, Layer), "the oracle draws layers at whole pixels only"
            cs, sa = texel(node, x, y)
        sa *= node.opacity
        color, alpha = compose(node.blend, color, alpha, cs, sa)
        own = own + sa - own * sa
    if own == 0:
        return (0.0, 0.0, 0.0), 0.0, color, alpha
    removed = [min(1.0, max(0.0, cn + (cn - c) * (a0 / own - a0))) for cn, c in zip(color, c0, strict=True)]
    return (removed[0], removed[1], removed[2]), own, color, alpha


def texel(layer: Layer, x: int, y: int) -> tuple[Rgb, float]:
    """The straight colour and alpha of a layer at a pixel of the canvas."""
    column, row = x - int(layer.x), y - int(layer.y)
    if not (0 <= row < layer.pixels.shape[0] and 0 <= column < layer.pixels.shape[1]):
        return (0.0, 0.0, 0.0), 0.0
    r, g, b, a = (float(value) / 255 for value in layer.pixels[row, column])
    return (r, g, b), a


def picture(
    nodes: Sequence[Node], width: int, height: int, background: Sequence[float] = (0, 0, 0, 0)
) -> list[list[tuple[float, float, float, float]]]:
    """The straight picture in steps of 8 bit, not rounded: rows of (r, g, b, a), 0 to 255."""
    rows = []
    for y in range(height):
        row = []
        for x in range(width):
            below: Rgb = (background[0], background[1], background[2])
            _, _, color, alpha = group(nodes, below, background[3], x, y)
            row.append((255 * color[0], 255 * color[1], 255 * color[2], 255 * alpha))
        rows.append(row)
    return rows
