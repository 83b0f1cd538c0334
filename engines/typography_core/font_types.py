"""What is a font, and what is a font at given axis values?

Values only: nothing is read or parsed here. `fonts` finds them, `faces` opens them.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

_OBLIQUE_DEGREES = -14.0
"""What italic text is slanted by where a family has a slant axis and no italic file (CSS Fonts 4 §2.5: oblique is 14 degrees;
the axis counts them downwards)."""


class Axis(NamedTuple):
    """One axis of a variable font, in the font's own units. `name` is the file's own word for it, where it is known."""

    tag: str
    minimum: float
    maximum: float
    name: str = ""

    def clamp(self, value: float) -> float:
        """Return the value of this axis nearest to `value`."""
        return min(max(value, self.minimum), self.maximum)


class FontContent:
    """The bytes of a font file that is no packaged one: read when they are needed, equal when their hash is."""

    __slots__ = ("read", "sha256")

    def __init__(self, sha256: str, read: Callable[[], bytes]) -> None:
        self.sha256 = sha256
        self.read = read

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FontContent) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"FontContent({self.sha256!r})"


class Font(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One face of one font file. `sha256` is the hex hash of the file as it was given, `index` the face in a collection.

    A packaged one lies at `path` in the import package `package`; one of a scope has its bytes in `content`, and the id of
    its artifact. `weight` (1..1000) and `width` (percent) are what a file without such axes is drawn in.
    """

    family: str
    italic: bool
    package: str = ""
    path: str = ""
    sha256: str
    version: str
    license: str
    axes: tuple[Axis, ...]
    weight: float = 400.0
    width: float = 100.0
    index: int = 0
    content: FontContent | None = None
    artifact_id: str | None = None

    def axis(self, tag: str) -> Axis | None:
        """Return the axis with this tag, None where the font has none."""
        return next((axis for axis in self.axes if axis.tag == tag), None)

    @property
    def label(self) -> str:
        """The file's name among the inputs of a picture: family, then weight, width and slant where they are not the usual ones."""
        parts = [self.family]
        if self.weight != 400 and self.axis("wght") is None:
            parts.append(f"{self.weight:g}")
        if self.width != 100 and self.axis("wdth") is None:
            parts.append(f"{self.width:g}%")
        return " ".join([*parts, "italic"] if self.italic else parts)


class FontInstance(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """A font at axis values. `weight` is what will be drawn: the asked one, clamped to the file's axis.

    `coords` are the other axes that were asked for, as (tag, value), sorted, within the file's limits.
    """

    font: Font
    weight: float
    coords: tuple[tuple[str, float], ...] = ()

    def variations(self, size_px: float) -> dict[str, float]:
        """Return axis tag -> value at `size_px`; the optical size follows the size (CSS Fonts 4 §8.2) unless it was asked for."""
        asked = {"wght": self.weight, "opsz": size_px} | dict(self.coords)
        return {axis.tag: axis.clamp(asked[axis.tag]) for axis in self.font.axes if axis.tag in asked}


def instance_of(font: Font, weight: float, italic: bool, coords: dict[str, float]) -> FontInstance:
    """Return `font` at `weight` and at those of `coords` (tag -> value) that are axes of it, all within its limits."""
    asked = dict(coords)
    if italic and not font.italic:
        asked = {"slnt": _OBLIQUE_DEGREES, "ital": 1.0} | asked
    axis = font.axis("wght")
    drawn = font.weight if axis is None else axis.clamp(float(asked.pop("wght", weight)))
    inside = ((axis.tag, axis.clamp(float(asked[axis.tag]))) for axis in font.axes if axis.tag in asked)
    return FontInstance(font=font, weight=drawn, coords=tuple(sorted(inside)))
