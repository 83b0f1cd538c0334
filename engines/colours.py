"""Read a CSS colour: hex forms, `rgb()`/`rgba()` and `transparent` become straight sRGB floats.

Only the forms that the composition format documents; CSS Color Module Level 4, sections 5.1 and 5.2, legacy and modern commas alike.
"""

import re
from typing import NamedTuple

from engines.errors import RequestError


class Colour(NamedTuple):
    """Straight, encoded sRGB; each part 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float


class ColourError(RequestError):
    """A string is no colour that compositions know."""

    type = "invalid-colour"

    def __init__(self, text: str) -> None:
        shown = text if len(text) <= 40 else text[:37] + "..."
        super().__init__(
            f"{shown!r} is not a colour: write #rgb, #rgba, #rrggbb, #rrggbbaa, rgb(r, g, b), rgba(r, g, b, a) or transparent",
            value=shown,
        )


_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_RGB = re.compile(
    rf"rgba?\(\s*({_NUMBER}%?)\s*[,\s]\s*({_NUMBER}%?)\s*[,\s]\s*({_NUMBER}%?)\s*(?:[,/]\s*({_NUMBER}%?)\s*)?\)",
    re.ASCII | re.IGNORECASE,
)
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.ASCII | re.IGNORECASE)
_TEXT_CHARS_MAX = 100
"""No spelling of a colour needs more; longer input is refused before any matching."""


def parse_colour(text: str) -> Colour:
    """Return the colour that `text` spells; parts out of range are clamped as CSS does. Raises `ColourError`."""
    plain = text.strip()
    if len(text) > _TEXT_CHARS_MAX:
        raise ColourError(text)
    if _HEX.fullmatch(plain):
        return _from_hex(plain[1:])
    if found := _RGB.fullmatch(plain):
        red, green, blue, alpha = found.groups()
        return Colour(_channel(red), _channel(green), _channel(blue), 1.0 if alpha is None else _part(alpha, 1.0))
    if plain.lower() == "transparent":
        return Colour(0.0, 0.0, 0.0, 0.0)
    raise ColourError(text)


def _from_hex(digits: str) -> Colour:
    if len(digits) <= 4:
        digits = "".join(digit * 2 for digit in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in range(0, len(digits), 2)]
    return Colour(parts[0], parts[1], parts[2], parts[3] if len(parts) == 4 else 1.0)


def _channel(text: str) -> float:
    return _part(text, 255.0)


def _part(text: str, full: float) -> float:
    """A number out of `full`, or a percentage, as 0 to 1."""
    value = float(text[:-1]) / 100 if text.endswith("%") else float(text) / full
    return min(1.0, max(0.0, value))
