"""What does a font file say of itself: family, style, weight, axes, license, and how many characters it has?

Reads the tables 'name', 'OS/2', 'head' and 'fvar' of files that `font_files` has checked, with fontTools; what glyphs look
like is not its concern. The main path is `facts_of`.
"""

import io
import math
from typing import TYPE_CHECKING, Any, Literal

from engines.media_v2.models import FontAxis, FontFace
from engines.typography_core.errors import FontRefusedError
from engines.typography_core.font_files import FontFile

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

FAMILY_CHARS_MAX = 100
LICENSE_CHARS_MAX = 200
"""What is kept of names that a file gives: longer ones are no names."""

_WIDTHS = (50.0, 62.5, 75.0, 87.5, 100.0, 112.5, 125.0, 150.0, 200.0)
"""Percent for usWidthClass 1 to 9 (OpenType, 'OS/2')."""

_FAMILY, _SUBFAMILY, _VERSION, _LICENSE, _LICENSE_URL, _TYPO_FAMILY, _TYPO_SUBFAMILY = 1, 2, 5, 13, 14, 16, 17
_ITALIC, _OBLIQUE = 1 << 0, 1 << 9
_MAC_ITALIC = 1 << 1

_LICENSES = (
    ("sil open font license", "OFL-1.1"),
    ("scripts.sil.org/ofl", "OFL-1.1"),
    ("openfontlicense.org", "OFL-1.1"),
    ("apache license", "Apache-2.0"),
    ("apache.org/licenses/license-2.0", "Apache-2.0"),
    ("ubuntu font licen", "Ubuntu-font-1.0"),
    ("mit license", "MIT"),
)

Colour = Literal["COLR", "CBDT", "sbix", "SVG"]
_COLOUR_TABLES: dict[str, Colour] = {"COLR": "COLR", "CBDT": "CBDT", "sbix": "sbix", "SVG ": "SVG"}


class FontFacts:
    """What one file says: `faces` in the file's order; `version` and `license` of the first."""

    __slots__ = ("faces", "license", "version")

    def __init__(self, faces: tuple[FontFace, ...], version: str, license_: str) -> None:
        self.faces = faces
        self.version = version
        self.license = license_


def facts_of(file: FontFile) -> FontFacts:
    """Read what a checked file says of itself. Raises FontRefusedError where it says no family, or nonsense."""
    from fontTools.ttLib import TTFont

    faces = []
    version = license_ = ""
    for index in range(file.faces):
        number = index if file.data[:4] == b"ttcf" else -1
        try:
            with TTFont(io.BytesIO(file.data), fontNumber=number, lazy=True) as font:
                faces.append(_face(font))
                if not index:
                    version, license_ = f"{font['head'].fontRevision:.3f}", _license(font)
        except FontRefusedError:
            raise
        except Exception as error:
            # fontTools trusts the file, and fails in any way on one that only looked whole.
            raise FontRefusedError(f"face {index}", f"its names cannot be read: {type(error).__name__}") from error
    return FontFacts(tuple(faces), version, license_)


def _face(font: "TTFont") -> FontFace:
    family = _name(font, _TYPO_FAMILY) or _name(font, _FAMILY)
    if not family:
        raise FontRefusedError("name", "the font tells no family")
    os2 = font["OS/2"] if "OS/2" in font else None  # noqa: SIM401 - a TTFont has no usable get
    selection = os2.fsSelection if os2 else 0
    width_class = os2.usWidthClass if os2 else 5
    return FontFace(
        family=family[:FAMILY_CHARS_MAX],
        subfamily=(_name(font, _TYPO_SUBFAMILY) or _name(font, _SUBFAMILY) or "Regular")[:FAMILY_CHARS_MAX],
        italic=bool(selection & (_ITALIC | _OBLIQUE) or font["head"].macStyle & _MAC_ITALIC),
        weight=float(min(max(os2.usWeightClass, 1), 1000)) if os2 else 400.0,
        width=_WIDTHS[min(max(width_class, 1), len(_WIDTHS)) - 1],
        axes=tuple(_axis(font, axis) for axis in font["fvar"].axes) if "fvar" in font else (),
        coverage=len(font.getBestCmap() or ()),
        color=tuple(colour for table, colour in _COLOUR_TABLES.items() if table in font),
    )


def _axis(font: "TTFont", axis: Any) -> FontAxis:
    low, default, high = float(axis.minValue), float(axis.defaultValue), float(axis.maxValue)
    assert all(map(math.isfinite, (low, default, high))), "16.16 numbers are finite"
    return FontAxis(
        tag=str(axis.axisTag),
        name=(_name(font, axis.axisNameID) or str(axis.axisTag))[:FAMILY_CHARS_MAX],
        minimum=low,
        default=default,
        maximum=high,
    )


def _license(font: "TTFont") -> str:
    said = _name(font, _LICENSE) or ""
    place = _name(font, _LICENSE_URL) or ""
    both = f"{said} {place}".casefold()
    known = next((spdx for words, spdx in _LICENSES if words in both), None)
    return known or (said or place)[:LICENSE_CHARS_MAX] or "unknown"


def _name(font: "TTFont", name_id: int) -> str | None:
    """Return a name in English where there is one, without control characters; None where there is none."""
    found = font["name"].getBestFullName() if name_id == 4 else font["name"].getDebugName(name_id)
    if found is None:
        return None
    return " ".join("".join(char if char.isprintable() else " " for char in found).split()) or None
