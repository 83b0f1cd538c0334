"""What a picture should be, in float64 and plain Python, one pixel at a time, written from the text of the
specification.

W3C Compositing and Blending Level 1 (W3C CR, 2024), section numbers beside each formula; for groups that are not
isolated, the removal of the backdrop is ISO 32000-1, 11.4.8. Photoshop's own modes follow the descriptions in its
documentation ("Blending mode descriptions"). Nothing here is shared with the package but the layer
values that it reads. Colours are straight: (r, g, b) and alpha apart.
"""

import math
from collections.abc import Callable, Sequence

from compositor import Group, Layer, Node

Rgb = tuple[float, float, float]

TIE = 2.0**-20
"""What is nearer than this is equal to the modes that compare sums: no two steps of 16 bit are."""


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


def linear_burn(cb: float, cs: float) -> float:  # "decreasing the brightness"
    return max(0.0, cb + cs - 1)


def linear_dodge(cb: float, cs: float) -> float:  # "increasing the brightness"
    return min(1.0, cb + cs)


def vivid_light(
    cb: float, cs: float
) -> float:  # "increasing or decreasing the contrast": burn or dodge, cs extreme wins
    if cs == 0:
        return 0
    if cs == 1:
        return 1
    if cs <= 0.5:
        return 1 - min(1, (1 - cb) / (2 * cs))
    return min(1, cb / (1 - (2 * cs - 1)))


def linear_light(cb: float, cs: float) -> float:  # burn or dodge "by decreasing or increasing the brightness"
    return linear_burn(cb, 2 * cs) if cs <= 0.5 else linear_dodge(cb, 2 * cs - 1)


def pin_light(cb: float, cs: float) -> float:  # "replaces the colors", darker or lighter than the blend color
    return min(cb, 2 * cs) if cs <= 0.5 else max(cb, 2 * cs - 1)


def hard_mix(cb: float, cs: float) -> float:  # "resulting sum 255 or greater" gives 255; equal only where cb is lighter
    if abs(cb + cs - 1) <= TIE:
        return 1 if cb > cs else 0
    return 1 if cb + cs > 1 else 0


def subtract(cb: float, cs: float) -> float:  # "subtracts the blend color from the base color", negative values are 0
    return max(0.0, cb - cs)


def divide(cb: float, cs: float) -> float:  # "divides the blend color from the base color"
    if cb == 0:
        return 0
    if cs == 0:
        return 1
    return min(1, cb / cs)


def darker_color(cb: Rgb, cs: Rgb) -> list[float]:  # "displays the lower value color", whole
    return list(cs if lum(cs) < lum(cb) - TIE else cb)


def lighter_color(cb: Rgb, cs: Rgb) -> list[float]:  # "displays the higher value color", whole
    return list(cs if lum(cs) > lum(cb) + TIE else cb)


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
    "linear-burn": linear_burn,
    "linear-dodge": linear_dodge,
    "vivid-light": vivid_light,
    "linear-light": linear_light,
    "pin-light": pin_light,
    "hard-mix": hard_mix,
    "subtract": subtract,
    "divide": divide,
}
JOINT: dict[str, Callable[[Rgb, Rgb], list[float]]] = {
    "hue": lambda cb, cs: set_lum(set_sat(cs, sat(cb)), lum(cb)),  # 10.2.1
    "saturation": lambda cb, cs: set_lum(set_sat(cb, sat(cs)), lum(cb)),  # 10.2.2
    "color": lambda cb, cs: set_lum(cs, lum(cb)),  # 10.2.3
    "luminosity": lambda cb, cs: set_lum(cb, lum(cs)),  # 10.2.4
    "darker-color": darker_color,
    "lighter-color": lighter_color,
}
OPERATORS: dict[str, Callable[[float, float], tuple[float, float]]] = {  # (Fa, Fb) of (ab, sa): 9.1.1 to 9.1.12
    "clear": lambda _ab, _sa: (0, 0),
    "copy": lambda _ab, _sa: (1, 0),
    "source-over": lambda _ab, sa: (1, 1 - sa),
    "destination-over": lambda ab, _sa: (1 - ab, 1),
    "source-in": lambda ab, _sa: (ab, 0),
    "destination-in": lambda _ab, sa: (0, sa),
    "source-out": lambda ab, _sa: (1 - ab, 0),
    "destination-out": lambda _ab, sa: (0, 1 - sa),
    "source-atop": lambda ab, sa: (ab, 1 - sa),
    "destination-atop": lambda ab, sa: (1 - ab, sa),
    "xor": lambda ab, sa: (1 - ab, 1 - sa),
    "plus": lambda _ab, _sa: (1, 1),  # 9.1.13, lighter
    "plus-lighter": lambda _ab, _sa: (1, 1),  # Level 2: the same, said to be cut at 1
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


def operate(mode: str, operator: str, cb: Rgb, ab: float, cs: Rgb, sa: float) -> tuple[Rgb, float]:
    """Blend with `mode`, then compose by `operator`: sections 5 and 9; premultiplied colour and alpha."""
    mixed = mix(mode, cb, cs)
    blended = [(1 - ab) * s + ab * m for s, m in zip(cs, mixed, strict=True)]
    if operator == "plus-darker":  # darkness (alpha less colour) is what adds up
        ao = min(1.0, sa + ab)
        r, g, b = (max(0.0, ao - ((sa - sa * s) + (ab - ab * c))) for s, c in zip(blended, cb, strict=True))
        return (r, g, b), ao
    fa, fb = OPERATORS[operator](ab, sa)
    r, g, b = (min(1.0, sa * fa * s + ab * fb * c) for s, c in zip(blended, cb, strict=True))
    return (r, g, b), min(1.0, sa * fa + ab * fb)


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
