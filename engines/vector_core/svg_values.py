"""What do the values of SVG attributes mean: lengths, numbers, lists, transforms, viewports.

A malformed value counts as missing, as in every renderer. Pure text to numbers.
"""

import math
import re
from typing import NamedTuple

from engines.vector_core import affine
from engines.vector_core.affine import IDENTITY, Matrix
from engines.vector_core.lengths import PX_PER_UNIT, ViewBox
from engines.vector_core.paths import COORDINATE_MAX

FONT_SIZE_PX = 12.0
"""px: usvg's font size for a document that sets none."""

FUNCTIONS_MAX = 10_000
"""Functions of one transform attribute."""

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBERS = re.compile(_NUMBER, re.ASCII)
_LENGTH = re.compile(rf"({_NUMBER})(px|in|cm|mm|pt|pc|em|ex|rem|%)?", re.ASCII | re.IGNORECASE)
_FUNCTION = re.compile(r"\s*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)\s*,?", re.ASCII)
_CSS_UNITS = re.compile(r"px|deg")
_ORIGIN_WORDS = {"left": "0%", "top": "0%", "center": "50%", "right": "100%", "bottom": "100%"}
_SIZE_STEP = 1.2
"""From one of CSS's sizes to the next, as in usvg."""
_SIZE_WORDS = {
    "xx-small": _SIZE_STEP**-3,
    "x-small": _SIZE_STEP**-2,
    "small": _SIZE_STEP**-1,
    "medium": 1.0,
    "large": _SIZE_STEP,
    "x-large": _SIZE_STEP**2,
    "xx-large": _SIZE_STEP**3,
}
_STRETCH_WORDS = {
    "ultra-condensed": 50.0,
    "extra-condensed": 62.5,
    "condensed": 75.0,
    "narrower": 75.0,
    "semi-condensed": 87.5,
    "semi-expanded": 112.5,
    "expanded": 125.0,
    "wider": 125.0,
    "extra-expanded": 150.0,
    "ultra-expanded": 200.0,
}
_ALIGN = re.compile(r"(?:defer\s+)?(none|x(Min|Mid|Max)Y(Min|Mid|Max))(?:\s+(meet|slice))?")
_SHARE = {"Min": 0.0, "Mid": 0.5, "Max": 1.0}


class Viewport(NamedTuple):
    """Of what percentages are measured, in user units, and the font size that `em` means."""

    width: float
    height: float
    font_size: float = FONT_SIZE_PX

    @property
    def diagonal(self) -> float:
        """Return the length that percentages of no direction are of (SVG 2 §8.9)."""
        return math.hypot(self.width, self.height) / math.sqrt(2)


def length(text: str | None, whole: float, font_size: float) -> float | None:
    """Return a length in user units; percentages are of `whole`. None for what is missing or malformed."""
    match = _LENGTH.fullmatch(text.strip()) if text and len(text) < 100 else None
    if match is None:
        return None
    value, unit = float(match[1]), (match[2] or "").lower()
    if unit == "%":
        value *= whole / 100
    elif unit in ("em", "rem"):
        value *= font_size
    elif unit == "ex":
        value *= font_size / 2
    else:
        value *= PX_PER_UNIT[unit]
    return value if abs(value) <= COORDINATE_MAX else None


def fraction(text: str | None, default: float) -> float:
    """Return a number or percentage, held within 0 and 1."""
    plain = (text or "").strip()
    value = None if plain[-1:].isalpha() else length(plain, 1.0, 1.0)
    return default if value is None else min(1.0, max(0.0, value))


def font_size(text: str | None, around: float) -> float:
    """Return a font size in user units; `around` is that of the parent, which percentages and em are of. A malformed one is `around`."""
    word = (text or "").strip().lower()
    if word in _SIZE_WORDS:
        return FONT_SIZE_PX * _SIZE_WORDS[word]
    if word in ("larger", "smaller"):
        return around * (_SIZE_STEP if word == "larger" else 1 / _SIZE_STEP)
    found = length(text, around, around)
    return around if found is None or found < 0 else found


def font_weight(text: str, around: float) -> float:
    """Return a weight, 1 to 1000, from CSS's words; `around` is that of the parent (CSS Fonts 4 §2.4)."""
    match text.strip().lower():
        case "normal":
            return 400.0
        case "bold":
            return 700.0
        case "bolder":
            return 400.0 if around < 350 else 700.0 if around < 550 else max(around, 900.0)
        case "lighter":
            return min(around, 100.0) if around < 550 else 400.0 if around < 750 else 700.0
    found = numbers(text)
    return found[0] if len(found) == 1 and 1 <= found[0] <= 1000 else around


def font_stretch(text: str) -> float:
    """Return a width in percent of the usual one (CSS Fonts 4 §2.5); 100 for what is malformed."""
    plain = text.strip().lower()
    if plain.endswith("%"):
        found = numbers(plain[:-1])
        return found[0] if len(found) == 1 and found[0] > 0 else 100.0
    return _STRETCH_WORDS.get(plain, 100.0)


def decimals_for(size: float) -> int:
    """Return how many decimals a coordinate needs for a hundred thousandth of `size`, at most 9: none of it is seen."""
    return max(0, min(9, 5 - math.floor(math.log10(size)))) if size > 0 else 0


def numbers(text: str) -> tuple[float, ...]:
    """Return the numbers of a list, up to the first that is malformed or too large."""
    found: list[float] = []
    at = 0
    for match in _NUMBERS.finditer(text):
        if text[at : match.start()].strip(" \t\r\n\f,") or abs(float(match[0])) > COORDINATE_MAX:
            break
        found.append(float(match[0]))
        at = match.end()
    return tuple(found)


def transform(text: str | None) -> Matrix:
    """Return the map of a `transform` attribute or simple CSS one (SVG 2 §8.5); the identity for a malformed one."""
    if not text or text == "none":
        return IDENTITY
    at = 0
    maps: list[Matrix] = []
    while at < len(text):
        match = _FUNCTION.match(text, at)
        made = _function(match[1], match[2]) if match and len(maps) < FUNCTIONS_MAX else None
        if match is None or made is None:
            return IDENTITY if text[at:].strip() else affine.chain(*maps)
        maps.append(made)
        at = match.end()
    result = affine.chain(*maps)
    return result if all(abs(value) <= COORDINATE_MAX for value in result) else IDENTITY


def is_aspect(text: str) -> bool:
    """Tell whether `text` is a `preserveAspectRatio` without idle parts (SVG 2 §8.7)."""
    return _ALIGN.fullmatch(text) is not None and not text.startswith("defer")


def transform_origin(text: str, viewport: Viewport) -> tuple[float, float] | None:
    """Return the point of a `transform-origin`, percentages and words of `viewport`; None for a malformed one (the z is ignored)."""
    words = text.lower().split()[:2]
    if len(words) == 1:
        words.append("center")
    if words and (words[0] in ("top", "bottom") or words[1] in ("left", "right")):
        words.reverse()
    if len(words) < 2:
        return None
    x = length(_ORIGIN_WORDS.get(words[0], words[0]), viewport.width, viewport.font_size)
    y = length(_ORIGIN_WORDS.get(words[1], words[1]), viewport.height, viewport.font_size)
    return None if x is None or y is None else (x, y)


def viewport_map(box: ViewBox, width: float, height: float, align: str | None) -> Matrix:
    """Return the map of a viewBox into a viewport at (0, 0): SVG 2 §8.2 and `preserveAspectRatio` (§8.7)."""
    match = _ALIGN.fullmatch((align or "").strip())
    across, down = width / box.width, height / box.height
    if match and match[1] == "none":
        return Matrix(across, 0.0, 0.0, down, -box.x * across, -box.y * down)
    even = max(across, down) if match and match[4] == "slice" else min(across, down)
    share_x, share_y = (_SHARE[match[2]], _SHARE[match[3]]) if match else (0.5, 0.5)
    x = (width - box.width * even) * share_x - box.x * even
    y = (height - box.height * even) * share_y - box.y * even
    return Matrix(even, 0.0, 0.0, even, x, y)


def _function(name: str, arguments: str) -> Matrix | None:
    values = numbers(_CSS_UNITS.sub("", arguments))
    match name, len(values):
        case "matrix", 6:
            return Matrix(*values)
        case "translate", 1 | 2:
            return affine.translate(*values)
        case "scale", 1 | 2:
            return affine.scale(*values)
        case "rotate", 1:
            return affine.rotate(values[0])
        case "rotate", 3:
            return affine.rotate(values[0], around=(values[1], values[2]))
        case "skewX", 1:
            return affine.skew(values[0])
        case "skewY", 1:
            return affine.skew(0.0, values[0])
        case _:
            return None
