"""How does a reader that shares nothing with ours understand a PNG? Written from the specification, in plain Python: slow and strict."""

import struct
import zlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ORDER = (b"IHDR", b"iCCP", b"PLTE", b"tRNS", b"pHYs", b"iTXt", b"IDAT", b"IEND")
"""One order that PNG 5.6 allows: iCCP before PLTE, tRNS between PLTE and IDAT."""


class PlainPng(NamedTuple):
    """A file, read: RGBA of its own depth (straight), and its chunks."""

    pixels: npt.NDArray[np.uint16]
    depth: int
    color_type: int
    filters: list[int]
    chunks: list[tuple[bytes, bytes]]

    def first(self, kind: bytes) -> bytes | None:
        """The content of the first chunk of this kind."""
        return next((data for name, data in self.chunks if name == kind), None)


def read_png(content: bytes) -> PlainPng:
    """Read a whole file. Raises AssertionError where it is not what the specification says."""
    chunks = _chunks(content)
    kinds = [kind for kind, _ in chunks]
    assert kinds[0] == b"IHDR"
    assert kinds == sorted(kinds, key=ORDER.index), "chunks out of order"
    assert all(kinds.count(kind) == 1 for kind in kinds if kind != b"IDAT"), "a chunk twice"
    width, height, depth, color_type, *methods = struct.unpack(">IIBBBBB", chunks[0][1])
    assert methods == [0, 0, 0]
    inflater = zlib.decompressobj()
    data = inflater.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT")) + inflater.flush()
    assert inflater.eof
    assert not inflater.unused_data
    pixel_bytes = CHANNELS[color_type] * depth // 8
    filters, rows = _unfiltered(data, width * pixel_bytes, height, pixel_bytes)
    samples = np.frombuffer(b"".join(rows), ">u2" if depth == 16 else np.uint8)
    stored = samples.reshape(height, width, CHANNELS[color_type]).astype(np.uint16)
    found = dict(chunks)
    pixels = _rgba(stored, color_type, depth, found.get(b"PLTE", b""), found.get(b"tRNS", b""))
    return PlainPng(pixels, depth, color_type, filters, chunks)


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = [], 8
    while at < len(content):
        (size,) = struct.unpack_from(">I", content, at)
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", content, at + 8 + size)[0] == zlib.crc32(kind + data), f"checksum of {kind!r}"
        found.append((kind, data))
        at += 12 + size
    assert found[-1] == (b"IEND", b"")
    return found


def _unfiltered(data: bytes, size: int, height: int, step: int) -> tuple[list[int], list[bytes]]:
    assert len(data) == height * (size + 1), "bytes too many or too few"
    filters, rows, above = [], list[bytes](), bytes(size)
    for top in range(0, len(data), size + 1):
        kind, row = data[top], bytearray(data[top + 1 : top + 1 + size])
        for i in range(size):
            left, corner = (row[i - step], above[i - step]) if i >= step else (0, 0)
            row[i] = (row[i] + _guess(kind, left, above[i], corner)) & 255
        filters.append(kind)
        above = bytes(row)
        rows.append(above)
    return filters, rows


def _guess(kind: int, left: int, above: int, corner: int) -> int:
    if kind == 4:
        estimate = left + above - corner
        return min((left, above, corner), key=lambda one: abs(estimate - one))  # the first of equals
    return (0, left, above, (left + above) // 2)[kind]


def _rgba(
    stored: npt.NDArray[np.uint16], color_type: int, depth: int, palette: bytes, alphas: bytes
) -> npt.NDArray[np.uint16]:
    most = (1 << depth) - 1
    height, width, _ = stored.shape
    made = np.full((height, width, 4), most, np.uint16)
    match color_type:
        case 3:
            entries = np.frombuffer(palette, np.uint8).reshape(-1, 3)
            table = np.full((len(entries), 4), 255, np.uint16)
            table[:, :3] = entries
            table[: len(alphas), 3] = list(alphas)
            return table[stored[..., 0]]
        case 0 | 4:
            made[..., :3] = stored[..., :1]
        case _:
            made[..., :3] = stored[..., :3]
    if color_type in (4, 6):
        made[..., 3] = stored[..., -1]
    return made
