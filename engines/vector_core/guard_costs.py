"""What can one element of an SVG cost by the numbers in its attributes alone?

A hundred bytes ask for a thousand octaves of noise, or for a tile of a million pixels a side. The guard adds these costs
up and `rasterize` holds them against the pixels asked for. Pure: text to numbers; estimates err upwards, and what
cannot be read counts as what engines take it for.
"""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

TEXT_CHARS_MAX = 200_000
"""Characters of all texts together: engines take up to 60 us for each."""

TEXT_COST_MAX = 2_000_000.0
TEXT_CHARS_PER_SPAN = 50
"""One text costs its characters times its spans, and times every 50 characters, since resvg looks at all of the text for each;
it took 8 seconds for a thousand spans of nine characters, and as long for 100,000 characters in one."""
TEXT_LIMIT = f"{TEXT_CHARS_MAX} characters; a cost of {TEXT_COST_MAX:.0f} for one text"

COORDINATE_MAX = 10_000_000.0
"""User units: three hundred of the widest canvas. Beyond, engines were seen to take minutes over a stroke."""

TILE_SHARE_MAX = 100.0
"""Of a pattern whose tile is measured in shares of the shape that it fills: tiles larger than the shape show in part."""

SHADOW_PASSES = 7.0
"""Passes over the pixels that blur() and drop-shadow() come to; other functions take one."""

_PASSES = {"feGaussianBlur": 6.0, "feDropShadow": 7.0, "feDiffuseLighting": 6.0, "feSpecularLighting": 6.0}
_OCTAVE_PASSES = 13.0
_TAP_PASSES = 0.4
_MORPH_PASSES_PER_PX = 0.2
"""Measured with resvg: a pass is 10 ms for a megapixel; the rest are multiples of it."""

_CONVOLVE_ORDER = 3
_LARGE = 1e12
"""Stands for all larger numbers: far above every limit, and its products stay finite."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_CALL = re.compile(r"(scale|matrix)\s*\(([^)]{0,256})\)")
_MOVE = re.compile(r"(translate|matrix|rotate)\s*\(([^)]{0,256})\)")
_EXPONENT = re.compile(r"\d+(?:\.\d*)?[eE]\+?(\d+)|\.\d+[eE]\+?(\d+)")
_DIGITS = bytes(ord("0") if chr(code) in "0123456789" else ord(".") if chr(code) == "." else 32 for code in range(256))
_MANY_DIGITS = b" 00000000"


class FilterCost(NamedTuple):
    """`passes` over all pixels, and the same for each output px per user unit, squared: what grows with the scale."""

    passes: float
    passes_by_area: float

    def enlarged(self, factor: float) -> "FilterCost":
        """Return the cost where a user unit is `factor` px."""
        return FilterCost(self.passes, self.passes_by_area * factor**2)


NO_COST = FilterCost(0.0, 0.0)


def filter_cost(tag: str, attributes: Mapping[str, str]) -> FilterCost:
    """Return what a filter primitive costs each time that its filter is applied; nothing for other elements."""
    if not tag.startswith("fe") or tag.startswith("feFunc"):
        return NO_COST
    if tag == "feTurbulence":
        octaves = _first(attributes.get("numOctaves"), 1.0)
        return FilterCost(_OCTAVE_PASSES * max(octaves, 1.0), 0.0)
    if tag == "feConvolveMatrix":
        across, down = _pair(attributes.get("order"), _CONVOLVE_ORDER)
        return FilterCost(1.0 + _TAP_PASSES * abs(across * down), 0.0)
    if tag == "feMorphology":
        across, down = _pair(attributes.get("radius"), 0.0)
        return FilterCost(1.0, _MORPH_PASSES_PER_PX * 4 * abs(across * down))
    return FilterCost(_PASSES.get(tag, 1.0), 0.0)


def function_passes(value: str) -> float:
    """Return the passes that the filter functions in CSS text come to (Filter Effects 1 §8)."""
    return SHADOW_PASSES * (value.count("blur(") + value.count("drop-shadow("))


def zoom(transform: str) -> float:
    """Return by how much a transform enlarges at most (its largest singular value, from above); 1 if it only moves."""
    factor = 1.0
    for name, arguments in _CALL.findall(transform):
        values = [min(abs(float(text)), _LARGE) for text in _NUMBER.findall(arguments)]
        if values:
            factor *= math.hypot(*values[:4]) if name == "matrix" else max(values)
    return min(factor, _LARGE)


def shift(transform: str) -> float:
    """Return how far a transform moves the origin at most, in the units around it."""
    moved = 0.0
    for name, arguments in _MOVE.findall(transform):
        values = [size(text) for text in _NUMBER.findall(arguments)]
        moved += sum(values[4:6]) if name == "matrix" else 2 * sum(values[1:3]) if name == "rotate" else sum(values[:2])
    return min(moved, _LARGE)


def size(text: str | None) -> float:
    """Return the magnitude of a number or length; a share of the shape for a percentage; 0 for none."""
    number = abs(_first(text, 0.0))
    return number / 100 if text and text.rstrip().endswith("%") else number


def area(attributes: Mapping[str, str], missing: float) -> float:
    """Return width times height, each `missing` where it does not say."""
    sides = (size(attributes[key]) if key in attributes else missing for key in ("width", "height"))
    return math.prod(sides)


def tile_area(attributes: Mapping[str, str]) -> float:
    """Return how many square user units one tile of a pattern covers, its own transform included.

    Of tiles measured in shares of the shape that they fill, the share: they are as large as the shape at 1.
    """
    return area(attributes, 0.0) * zoom(attributes.get("patternTransform", "")) ** 2


def farthest(outline: str) -> float:
    """Return the largest magnitude among the numbers of path data, taken for absolute."""
    return max((min(abs(float(text)), _LARGE) for text in _NUMBER.findall(outline)), default=0.0)


def too_far(value: str) -> bool:
    """Tell whether a list of numbers, such as path data, holds one beyond `COORDINATE_MAX`. Linear, and quick for long ones."""
    if ("e" in value or "E" in value) and any(_large_exponent(match) for match in _EXPONENT.finditer(value)):
        return True
    if len(value) < len(_MANY_DIGITS) - 1:
        return False
    plain = b" " + value.encode("ascii", "replace").translate(_DIGITS)
    return _MANY_DIGITS in plain and any(abs(float(text)) > COORDINATE_MAX for text in _NUMBER.findall(value))


def _large_exponent(match: re.Match[str]) -> bool:
    digits = match[1] or match[2]
    return len(digits) > 2 or abs(float(match[0])) > COORDINATE_MAX


def _first(text: str | None, missing: float) -> float:
    match = _NUMBER.search(text[:256]) if text else None
    return min(float(match[0]), _LARGE) if match else missing


def _pair(text: str | None, missing: float) -> tuple[float, float]:
    values = [min(float(found), _LARGE) for found in _NUMBER.findall((text or "")[:256])] or [missing]
    return values[0], values[-1] if len(values) == 1 else values[1]


class TextCost:
    """Counts characters and spans of one text at a time, and the characters of all."""

    def __init__(self) -> None:
        self._outer = 0
        self._chars = 0
        self._spans = 0
        self._total = 0

    def enter(self, level: int) -> None:
        """Note the start of a text or of a span within it."""
        if not self._outer:
            self._outer, self._chars, self._spans = level, 0, 0
        self._spans += 1

    def add(self, count: int) -> None:
        """Note characters, which count within a text only."""
        if self._outer:
            self._chars += count

    def leave(self, level: int) -> str:
        """Note the end of an element; return what is too much, if anything is."""
        if level != self._outer:
            return ""
        self._outer = 0
        self._total += self._chars
        cost = self._chars * (self._spans + self._chars / TEXT_CHARS_PER_SPAN)
        if self._total > TEXT_CHARS_MAX or cost > TEXT_COST_MAX:
            return f"{self._total} characters, {self._chars} in {self._spans} spans"
        return ""
