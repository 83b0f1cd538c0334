"""Which colour does a piece of SVG or CSS spell: as `#rrggbb` and an opacity.

All that SVG 2 §14.1 takes from CSS Color 4 except colour spaces beyond sRGB: names, hex, rgb(), hsl(), transparent.
`currentColor` and `inherit` are the cascade's concern.
"""

import colorsys
import re
from typing import NamedTuple

from PIL import ImageColor

from engines.colours import ColourError, parse_colour

_HSL = re.compile(
    r"hsla?\(\s*([+-]?[\d.]+)(deg)?\s*[,\s]\s*([\d.]+)%\s*[,\s]\s*([\d.]+)%\s*(?:[,/]\s*([\d.]+%?)\s*)?\)",
    re.ASCII | re.IGNORECASE,
)
_IDLE_DIGITS = re.compile(r"(\.\d{6})\d+")
_MIXED = re.compile(r"rgba?\((?=[^)]*\d\s*,)(?=[^)]*%\s*[,)/])(?![^,]*%[^,]*,[^,]*%[^,]*,[^,]*%)")
"""Percentages beside numbers, which CSS does not allow in the legacy form."""
_TEXT_CHARS_MAX = 100
"""No spelling of a colour needs more."""


class Ink(NamedTuple):
    """A colour as `#rrggbb`, and its opacity, 0 to 1."""

    colour: str
    opacity: float


def parse(text: str) -> Ink:
    """Return what `text` spells. Raises ColourError.

    >>> parse("RebeccaPurple"), parse("rgb(100%, 0%, 50%)").colour, parse("hsl(120, 100%, 25%)").colour
    (Ink(colour='#663399', opacity=1.0), '#ff0080', '#008000')
    """
    plain = _IDLE_DIGITS.sub(r"\1", text[: 4 * _TEXT_CHARS_MAX].strip().lower())
    if len(plain) > _TEXT_CHARS_MAX:
        raise ColourError(text)
    if named := ImageColor.colormap.get(plain):
        return Ink(named if isinstance(named, str) else format_rgb(*named[:3]), 1.0)
    if found := _HSL.fullmatch(plain):
        return _from_hsl(found)
    if "%" in plain and _MIXED.match(plain):
        raise ColourError(text)
    red, green, blue, alpha = parse_colour(plain)
    return Ink(format_rgb(*(_byte(part) for part in (red, green, blue))), alpha)


def format_rgb(red: int, green: int, blue: int) -> str:
    """Spell three bytes as `#rrggbb`."""
    return f"#{red:02x}{green:02x}{blue:02x}"


def channels(colour: str) -> tuple[int, int, int]:
    """Return the three bytes of `#rrggbb`: the inverse of `format_rgb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _from_hsl(found: re.Match[str]) -> Ink:
    try:
        hue, saturation, lightness = float(found[1]) % 360 / 360, float(found[3]) / 100, float(found[4]) / 100
        alpha = found[5]
        opacity = 1.0 if alpha is None else float(alpha[:-1]) / 100 if alpha.endswith("%") else float(alpha)
    except ValueError as error:
        raise ColourError(found[0]) from error
    rgb = colorsys.hls_to_rgb(hue, min(lightness, 1.0), min(saturation, 1.0))
    return Ink(format_rgb(*(_byte(part) for part in rgb)), min(opacity, 1.0))


def _byte(part: float) -> int:
    return int(part * 255 + 0.5)
