"""Which font packages may there be, which of them are installed, and what do they hold?

The list is fixed here, so that it is the same on every machine: the host's fonts and its fontconfig are never asked. Reads
only the packages' own metadata and file bytes; nothing is parsed.
"""

import functools
import hashlib
import importlib.resources
import importlib.util
import math
from importlib.resources.abc import Traversable
from typing import Any

import msgspec

from engines.errors import FontFileMissingError
from engines.typography_core.font_types import Axis, Font

PACKAGES = {
    "fontpkg_inter": "Inter",
    "fontpkg_noto_sans": "Noto Sans",
    "fontpkg_noto_serif": "Noto Serif",
    "fontpkg_roboto_flex": "Roboto Flex",
    "fontpkg_noto_sans_arabic": "Noto Sans Arabic",
    "fontpkg_amiri": "Amiri",
    "fontpkg_heebo": "Heebo",
    "fontpkg_noto_sans_devanagari": "Noto Sans Devanagari",
    "fontpkg_noto_sans_tamil": "Noto Sans Tamil",
    "fontpkg_noto_sans_telugu": "Noto Sans Telugu",
    "fontpkg_noto_sans_thai": "Noto Sans Thai",
    "fontpkg_noto_sans_khmer": "Noto Sans Khmer",
}
"""Import name of each package -> its family. The first is always installed, the others with the extra `fonts`. Adding one
changes pixels only of texts that ask for its family, or that had characters without a glyph."""

ALWAYS = ("fontpkg_inter",)

FALLBACKS = {
    "Latn": ("Inter", "Noto Sans", "Noto Serif"),
    "Grek": ("Inter", "Noto Sans", "Noto Serif"),
    "Cyrl": ("Inter", "Noto Sans", "Noto Serif"),
    "Arab": ("Noto Sans Arabic", "Amiri"),
    "Hebr": ("Heebo",),
    "Deva": ("Noto Sans Devanagari", "Noto Sans"),
    "Taml": ("Noto Sans Tamil",),
    "Telu": ("Noto Sans Telugu",),
    "Thai": ("Noto Sans Thai",),
    "Khmr": ("Noto Sans Khmer",),
}
"""Script (ISO 15924) -> families to look for its characters, in this order; then those of all other scripts, in this order."""


def fallbacks(script: str | None = None) -> tuple[str, ...]:
    """Return every family of `FALLBACKS` once, those for `script` first."""
    first = FALLBACKS.get(script or "", ())
    return tuple(dict.fromkeys([*first, *(family for order in FALLBACKS.values() for family in order)]))


@functools.cache
def installed() -> tuple[str, ...]:
    """Return the import names of the packages of `PACKAGES` that this machine has; those of `ALWAYS` whether or not it has them."""
    return tuple(name for name in PACKAGES if name in ALWAYS or importlib.util.find_spec(name) is not None)


def absent() -> dict[str, str]:
    """Return import name -> family of the packages that this machine lacks."""
    return {name: family for name, family in PACKAGES.items() if name not in installed()}


@functools.cache
def fonts_of(package: str) -> tuple[Font, ...]:
    """Return the fonts of one installed package, hashed once per process. Raises FontFileMissingError."""
    facts = msgspec.json.decode(load(package, "metadata.json"))
    return tuple(_font(package, facts, file) for file in facts["files"])


@functools.cache
def load(package: str, path: str) -> bytes:
    """Return the bytes of one packaged font file, kept for the life of the process. Raises FontFileMissingError."""
    try:
        return (_root(package) / path).read_bytes()
    except (ImportError, OSError) as error:
        raise FontFileMissingError(package, path) from error


def _root(package: str) -> Traversable:
    return importlib.resources.files(package)


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
        weight=float(file["weight"] or 400),
    )
