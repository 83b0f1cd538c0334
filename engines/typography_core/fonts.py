"""Which fonts there are, and which file and axis values a request for a family, weight and slant means.

The manifest is built from font packages named here, so that it is the same on every machine: the host's fonts and
its fontconfig are never asked. Reads only the packages' own metadata and file bytes; parsing and shaping live in
`shaping`. The main path starts at `find`.
"""

import functools
import hashlib
import importlib.resources
import math
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

import msgspec

from engines.errors import FontFileMissingError
from engines.typography_core.errors import TextValueError, UnknownFontError

PACKAGES = ("fontpkg_inter",)
"""Import names of the font packages of the manifest, in order of preference. Adding one is a change of pixels only
for those who ask for its family."""

WEIGHT_MIN, WEIGHT_MAX = 1.0, 1000.0
"""CSS Fonts 4 §2.4: a weight is a number from 1 to 1000."""


class Axis(NamedTuple):
    """One axis of a variable font, in the font's own units."""

    tag: str
    minimum: float
    maximum: float

    def clamp(self, value: float) -> float:
        """Return the value of this axis nearest to `value`."""
        return min(max(value, self.minimum), self.maximum)


class Font(msgspec.Struct, frozen=True, kw_only=True):
    """One font file of the manifest. `path` is relative to the package, `sha256` the hex hash of the file's bytes."""

    family: str
    italic: bool
    package: str
    path: str
    sha256: str
    version: str
    license: str
    axes: tuple[Axis, ...]


class FontInstance(msgspec.Struct, frozen=True, kw_only=True):
    """A font at a weight. `weight` is what will be drawn: the asked one, clamped to the file's axis."""

    font: Font
    weight: float

    def variations(self, size_px: float) -> dict[str, float]:
        """Return axis tag -> value at `size_px`; the optical size follows the size (CSS Fonts 4 §8.2), clamped."""
        asked = {"wght": self.weight, "opsz": size_px}
        return {axis.tag: axis.clamp(asked[axis.tag]) for axis in self.font.axes if axis.tag in asked}


def families() -> tuple[str, ...]:
    """Return the names of all families of the manifest, sorted, in their own spelling."""
    return tuple(sorted({font.family for font in manifest()}))


def find(family: str, weight: float = 400, italic: bool = False) -> FontInstance:
    """Return the file and axis values for `family` (case does not matter) at `weight` 1..1000, upright or italic.

    A weight beyond the file's axis is clamped to it. Raises UnknownFontError, and TextValueError for a weight that is
    not a number from 1 to 1000. A family without the asked slant answers with the one it has.
    """
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not WEIGHT_MIN <= weight <= WEIGHT_MAX:
        raise TextValueError("weight", weight, f"a number from {WEIGHT_MIN:g} to {WEIGHT_MAX:g}")
    faces = [font for font in manifest() if font.family.casefold() == family.casefold()]
    if not faces:
        raise UnknownFontError(family, families())
    font = next((face for face in faces if face.italic == italic), faces[0])
    axis = next((axis for axis in font.axes if axis.tag == "wght"), None)
    return FontInstance(font=font, weight=axis.clamp(float(weight)) if axis else float(weight))


@functools.cache
def manifest() -> tuple[Font, ...]:
    """Return every font file of `PACKAGES`, hashed once per process. Raises FontFileMissingError."""
    return tuple(font for package in PACKAGES for font in _fonts_of(package))


@functools.cache
def load(package: str, path: str) -> bytes:
    """Return the bytes of one packaged font file, kept for the life of the process. Raises FontFileMissingError."""
    try:
        return (_root(package) / path).read_bytes()
    except (ImportError, OSError) as error:
        raise FontFileMissingError(package, path) from error


def _root(package: str) -> Traversable:
    return importlib.resources.files(package)


def _fonts_of(package: str) -> list[Font]:
    facts = msgspec.json.decode(load(package, "metadata.json"))
    return [_font(package, facts, file) for file in facts["files"]]


def _font(package: str, facts: dict[str, Any], file: dict[str, Any]) -> Font:
    axes = tuple(Axis(axis["tag"], axis["min"], axis["max"]) for axis in facts["axes"]) if file["variable"] else ()
    assert all(math.isfinite(axis.minimum) and axis.minimum <= axis.maximum for axis in axes)
    return Font(
        family=facts["family"],
        italic=file["style"] == "italic",
        package=package,
        path=file["path"],
        sha256=hashlib.sha256(load(package, file["path"])).hexdigest(),
        version=facts["version"],
        license=facts["license"],
        axes=axes,
    )
