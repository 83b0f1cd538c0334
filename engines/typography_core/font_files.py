"""How does a font file of any kind become one that HarfBuzz may open?

TTF, OTF and TTC as they are, WOFF and WOFF2 unpacked, within limits that hold while unpacking; then `sfnt.check`. Knows bytes,
not families. The main path is `open_file`.
"""

import io
import struct
import zlib
from typing import Literal, NamedTuple

from engines.typography_core import sfnt
from engines.typography_core.errors import BrotliMissingError, FontRefusedError, TextLimitError

FontFormat = Literal["ttf", "otf", "ttc", "woff", "woff2"]

FILE_BYTES_MAX = 64 * 1024 * 1024
"""Of a font file as it is given: several times a CJK font with all its glyphs."""

UNPACKED_BYTES_MAX = 64 * 1024 * 1024
"""Of a WOFF file when it is unpacked."""

WOFF2_BYTES_MAX = 24 * 1024 * 1024
"""Of a WOFF2 file when its streams are unpacked; its outlines are then put together again point by point, at about 1 s a megabyte."""

_CHUNK_BYTES = 65_536
_WOFF2_KNOWN_TAGS = 63


class FontFile(NamedTuple):
    """A checked file: `format` as it was given, `data` what HarfBuzz opens, `faces` how many fonts are in it."""

    format: FontFormat
    data: bytes
    faces: int


def open_file(content: bytes) -> FontFile:
    """Unpack and check a font file. Raises TextLimitError for one that is too large, FontRefusedError for one that is damaged,
    asks for endless work, or is none."""
    if len(content) > FILE_BYTES_MAX:
        raise TextLimitError("font file", len(content), FILE_BYTES_MAX, "bytes")
    match content[:4]:
        case b"wOFF":
            data = _unpack_woff(content)
            return FontFile("woff", data, sfnt.check(data))
        case b"wOF2":
            data = _unpack_woff2(content)
            return FontFile("woff2", data, sfnt.check(data))
    faces = sfnt.check(content)
    kinds: dict[str, FontFormat] = {"ttf": "ttf", "otf": "otf", "ttc": "ttc"}
    return FontFile(kinds[sfnt.SIGNATURES[content[:4]]], content, faces)


def _unpack_woff(content: bytes) -> bytes:
    """Return the sfnt file inside (WOFF 1.0 §4 and §5)."""
    try:
        flavor, _, count = struct.unpack_from(">4sIH", content, 4)
        entries = [struct.unpack_from(">4sIIII", content, 44 + 20 * index) for index in range(count)]
    except struct.error as error:
        raise FontRefusedError("woff", "its directory ends too early") from error
    if not 1 <= count <= sfnt.TABLES_MAX or flavor == b"ttcf":
        raise FontRefusedError("woff", f"{count} tables, not 1 to {sfnt.TABLES_MAX}, or a collection")
    _check_size("woff", sum(12 + 20 + size for _, _, _, size, _ in entries), UNPACKED_BYTES_MAX)
    tables = {}
    for tag, offset, packed, size, _checksum in entries:
        if offset + packed > len(content) or packed > size:
            raise FontRefusedError(tag.decode("latin-1"), "the table lies beyond the end of the file")
        piece = content[offset : offset + packed]
        tables[tag] = piece if packed == size else _inflate(piece, size, tag)
    return _assemble(flavor, tables)


def _inflate(piece: bytes, size: int, tag: bytes) -> bytes:
    part = tag.decode("latin-1")
    try:
        found = zlib.decompressobj().decompress(piece, size + 1)
    except zlib.error as error:
        raise FontRefusedError(part, f"it does not unpack: {error}") from error
    if len(found) != size:
        raise FontRefusedError(part, f"it unpacks to another size than {size} bytes")
    return found


def _assemble(flavor: bytes, tables: dict[bytes, bytes]) -> bytes:
    """Write an sfnt file; checksums are left 0, for no reader here looks at them (OpenType, "Table directory")."""
    head = bytearray(struct.pack(">4sHHHH", flavor, len(tables), 0, 0, 0))
    body = bytearray()
    start = 12 + 16 * len(tables)
    for tag, data in sorted(tables.items()):
        head += struct.pack(">4sIII", tag, 0, start + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    return bytes(head + body)


def _unpack_woff2(content: bytes) -> bytes:
    """Return the sfnt file inside (WOFF2 §4 and §5): sizes are checked first, then fontTools puts the tables together."""
    from fontTools.ttLib import TTFont

    _check_woff2(content)
    target = io.BytesIO()
    try:
        with TTFont(io.BytesIO(content), recalcBBoxes=False, recalcTimestamp=False, lazy=True) as font:
            font.flavor = None
            font.save(target, reorderTables=None)
    except Exception as error:
        # The reader trusts the file, and fails in any way on a damaged one.
        raise FontRefusedError("woff2", f"it does not unpack: {type(error).__name__}") from error
    return target.getvalue()


def _check_woff2(content: bytes) -> None:
    try:
        flavor, _, count, _, sfnt_size, packed = struct.unpack_from(">4sIHHII", content, 4)
        place, total, glyf = _woff2_sizes(content, count)
    except (struct.error, IndexError) as error:
        raise FontRefusedError("woff2", "its directory ends too early") from error
    if flavor == b"ttcf":
        raise FontRefusedError("woff2", "collections are not unpacked")
    if not 1 <= count <= sfnt.TABLES_MAX:
        raise FontRefusedError("woff2", f"{count} tables, not 1 to {sfnt.TABLES_MAX}")
    _check_size("woff2", max(total, glyf, sfnt_size), WOFF2_BYTES_MAX)
    _measure_brotli(content[place : place + packed], total)


def _woff2_sizes(content: bytes, count: int) -> tuple[int, int, int]:
    """Return where the directory ends, how many bytes its tables have in the stream, and how many those put together again."""
    place, total, made = 48, 0, 0
    for _ in range(min(count, sfnt.TABLES_MAX + 1)):
        flags = content[place]
        place += 1
        known = flags & 0x3F
        place += 4 if known == _WOFF2_KNOWN_TAGS else 0
        size, place = _base128(content, place)
        # 'glyf' and 'loca' (10 and 11) are transformed unless the version says 3, all others only if it is not 0.
        version = flags >> 6
        transformed = version != 3 if known in (10, 11) else version != 0
        made += size
        if transformed:
            size, place = _base128(content, place)
        total += size
    return place, total, made


def _base128(content: bytes, place: int) -> tuple[int, int]:
    """Return a UIntBase128 and where it ends (WOFF2 §6.1.1)."""
    value = 0
    for index in range(5):
        byte = content[place + index]
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, place + index + 1
    raise IndexError(place)


def _measure_brotli(stream: bytes, size: int) -> None:
    """Unpack `stream` piece by piece, keeping nothing, and refuse it once it has more than `size` bytes."""
    try:
        import brotli
    except ImportError as error:
        raise BrotliMissingError from error
    unpacker = brotli.Decompressor()
    found, piece = 0, stream
    try:
        while not unpacker.is_finished():
            got = len(unpacker.process(piece, output_buffer_limit=_CHUNK_BYTES))
            if not got and unpacker.can_accept_more_data():
                break
            found, piece = found + got, b""
            if found > size:
                break
    except brotli.error as error:
        raise FontRefusedError("woff2", f"it does not unpack: {error}") from error
    if found != size:
        raise FontRefusedError("woff2", f"it unpacks to another size than {size} bytes")


def _check_size(part: str, size: int, limit: int) -> None:
    if size > limit:
        raise TextLimitError(f"font file ({part}), unpacked", size, limit, "bytes")
