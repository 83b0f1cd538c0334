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
