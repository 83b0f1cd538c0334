"""Which fonts may a text inside an SVG be drawn in?

The packaged ones, or those that the caller hands over; never the host's. Text whose family is not among them falls back
to the set's own generic families, for an engine that finds no font leaves the text out without a word. Works on file
bytes; what to do with them is `rasterize`'s concern.
"""

import functools
import importlib.resources
import struct
from collections.abc import Mapping
from typing import Literal

import msgspec

from engines.errors import FontFileMissingError
from engines.vector_core.errors import RasterValueError

PACKAGE = "fontpkg_inter"
PACKAGED_FILES = {"Inter": "files/Inter[opsz,wght].ttf", "Inter italic": "files/Inter-Italic[opsz,wght].ttf"}
"""The files of the default set, inside `PACKAGE`, by the names under which lineages tell them."""

Generic = Literal["serif", "sans-serif", "monospace", "cursive", "fantasy"]

ENGINE_NAMES: dict[Generic, str] = {
    "serif": "Times New Roman",
    "sans-serif": "Arial",
    "monospace": "Courier New",
    "cursive": "Comic Sans MS",
    "fantasy": "Impact",
}
"""What fontdb (the font list under resvg) looks for where a document names a generic family; the binding has no way to
tell it otherwise. `serif` is also its last resort for a family that it does not know."""

_FAMILY_ID, _POSTSCRIPT_ID, _TYPOGRAPHIC_FAMILY_ID = 1, 6, 16
_WINDOWS, _UNICODE_BMP, _ENGLISH_US = 3, 1, 0x409


class FontSet(msgspec.Struct, frozen=True):
    """Font files (TTF or OTF bytes), and the family to use for each generic one; `serif` stands in for those not named.

    Without `generic`, the first file's family serves as all of them. `default` is the family of text that names none; the
    first file's unless given. `svg_generic_fonts.choose` makes one of any files.
    """

    files: tuple[bytes, ...]
    generic: tuple[tuple[Generic, str], ...] = ()
    default: str = ""


@functools.cache
def packaged() -> FontSet:
    """Return the default set: Inter, upright and italic, in all weights. Raises FontFileMissingError."""
    return FontSet(tuple(_packaged_file(path) for path in PACKAGED_FILES.values()))


def with_generic(fonts: FontSet, families: Mapping[str, str]) -> FontSet:
    """Return `fonts` with other families for the generic ones named. Raises RasterValueError for a name that is not generic."""
    for name in families:
        if name not in ENGINE_NAMES:
            raise RasterValueError("generic", name, "NAME=FAMILY with NAME one of " + ", ".join(ENGINE_NAMES))
    generic = dict(fonts.generic) | {name: families[name] for name in ENGINE_NAMES if name in families}
    made = msgspec.structs.replace(fonts, generic=tuple(sorted(generic.items())))
    engine_files(made)  # refuses families that no file has
    return made


@functools.cache
def packaged_hashes() -> dict[str, str]:
    """Return `font:<name>` -> sha256 (hex) of the default set, for what must name every input of a picture."""
    import hashlib  # workers, which must start fast, never hash fonts

    return {
        f"font:{name}": hashlib.sha256(data).hexdigest()
        for name, data in zip(PACKAGED_FILES, packaged().files, strict=True)
    }


@functools.lru_cache(maxsize=16)
def engine_files(fonts: FontSet) -> tuple[bytes, ...]:
    """Return the files to load for `fonts`: each as it is, or given the name that fontdb leaves it out without; those of generic
    families once more under fontdb's names.

    Raises RasterValueError for a generic family that no file has.
    """
    aliases = []
    for generic, wanted in fonts.generic or (("serif", default_family(fonts)),):
        members = [data for data in fonts.files if wanted in family_names(data)]
        if not members:
            raise RasterValueError("fonts", wanted, "a family of the font files given")
        aliases += [rename(data, ENGINE_NAMES[generic]) for data in members]
    return (*map(_with_postscript_name, fonts.files), *aliases)


def forget() -> None:
    """Let go of the files that were looked into last, which are remembered with what was found."""
    engine_files.cache_clear()
    family_names.cache_clear()


def default_family(fonts: FontSet) -> str:
    """Return the family for text that names none. Raises RasterValueError where there is none."""
    if fonts.default:
        return fonts.default
    names = family_names(fonts.files[0]) if fonts.files else ()
    if not names:
        raise RasterValueError("fonts", f"{len(fonts.files)} files", "font files with a family name")
    return names[0]


@functools.lru_cache(maxsize=256)
def family_names(data: bytes) -> tuple[str, ...]:
    """Return the family names in a font's `name` table: typographic ones first. Empty for what is no TTF or OTF."""
    found: dict[int, list[str]] = {_TYPOGRAPHIC_FAMILY_ID: [], _FAMILY_ID: []}
    for platform, name_id, text in _names(data):
        if platform == _WINDOWS and name_id in found:
            found[name_id].append(text.decode("utf-16-be", "replace"))
    return tuple(dict.fromkeys(found[_TYPOGRAPHIC_FAMILY_ID] + found[_FAMILY_ID]))


def _names(data: bytes) -> list[tuple[int, int, bytes]]:
    """Return (platform, name id, text) of all entries in the `name` table; none for what is no TTF or OTF."""
    try:
        offset, _ = _tables(data)[b"name"][1]
        _, count, strings = struct.unpack_from(">HHH", data, offset)
        records = [struct.unpack_from(">HHHHHH", data, offset + 6 + 12 * index) for index in range(count)]
    except (KeyError, struct.error):
        return []
    begin = offset + strings
    return [(record[0], record[3], data[begin + record[5] : begin + record[5] + record[4]]) for record in records]


def _with_postscript_name(data: bytes) -> bytes:
    """Return a font, renamed to its own family where it has no PostScript name: fontdb does not load it then, and says nothing."""
    families = family_names(data)
    if not families or any(name_id == _POSTSCRIPT_ID for _, name_id, _ in _names(data)):
        return data
    return rename(data, families[0])


def rename(data: bytes, family: str) -> bytes:
    """Return a copy of a font whose only family name is `family`; outlines and all else are untouched.

    The new `name` table goes to the end and the directory points there; checksums stay as they were, for no reader
    here looks at them (OpenType, "Organization of an OpenType font" and "name").
    """
    text = family.encode("utf-16-be")
    records = b"".join(
        struct.pack(">HHHHHH", _WINDOWS, _UNICODE_BMP, _ENGLISH_US, name_id, len(text), 0)
        for name_id in (_FAMILY_ID, _POSTSCRIPT_ID)
    )
    table = struct.pack(">HHH", 0, 2, 6 + len(records)) + records + text
    entry, _ = _tables(data)[b"name"]
    padding = b"\0" * (-len(data) % 4)
    directory = struct.pack(">II", len(data) + len(padding), len(table))
    return data[: entry + 8] + directory + data[entry + 16 :] + padding + table


def _tables(data: bytes) -> dict[bytes, tuple[int, tuple[int, int]]]:
    """Return tag -> (place of its directory entry, (offset, size)) of an sfnt file."""
    (count,) = struct.unpack_from(">H", data, 4)
    entries = [(12 + 16 * index, *struct.unpack_from(">4sIII", data, 12 + 16 * index)) for index in range(count)]
    return {tag: (entry, (offset, size)) for entry, tag, _checksum, offset, size in entries}


def _packaged_file(path: str) -> bytes:
    try:
        return (importlib.resources.files(PACKAGE) / path).read_bytes()
    except (ImportError, OSError) as error:
        raise FontFileMissingError(PACKAGE, path) from error
