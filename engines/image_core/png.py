"""How does a picture become a PNG (PNG Specification, third edition)? Our own writer: filters compiled, deflate by zlib in strips.

The bytes depend on pixels, facts, `PNG_VERSION` and zlib's version only. Strips are cut by size, never by the number of threads.
"""

import struct
import zlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engines.image_core.png_forms import GRAY, GRAY_ALPHA, PALETTE, Form, form_of
from engines.media_v2.exports import ExportPixels

PNG_VERSION = "1"
"""Raised whenever this writer gives other bytes for the same pixels."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_STRIP_BYTES = 512 * 1024
"""Raw bytes that are deflated by themselves: enough for a Huffman table to pay, few enough for threads to share a picture."""
_DRAWING_RATIO = 8
"""A strip that shrinks to less than one in so many under run-length coding is a drawing, with repeats worth looking for."""
_DRAWING_LEVEL = 6
_MEMORY = 9
"""zlib's hash table at its largest: fewer, larger blocks."""
_ZLIB_HEADER = b"\x78\x01"
"""Deflate with a window of 32 KiB, RFC 1950 2.2."""
_ADLER_BASE = 65521


class PngFacts(NamedTuple):
    """What a file says beside its pixels. `profile` is the ICC profile for RGB, `gray_profile` the one for files without colour."""

    profile: bytes
    gray_profile: bytes
    dpi: int | None = None
    xmp: bytes = b""


def write_png(pixels: ExportPixels, facts: PngFacts, *, threads: int | None = None) -> bytes:
    """Return `pixels`, (h, w, 4) uint8 or uint16 straight RGBA, as a PNG of that depth in the smallest form that holds them exactly.

    `threads` (one for each CPU when None) never changes a byte.
    """
    form = form_of(pixels)
    height, width, _ = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, form.bit_depth, form.color_type, 0, 0, 0)
    # The profile is the one statement about colour: readers that know sRGB, gAMA or cICP know iCCP, and two could contradict each other.
    profile = facts.gray_profile if form.color_type in (GRAY, GRAY_ALPHA) else facts.profile
    chunks = [_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile, 9))]
    if form.palette:
        chunks.append(_chunk(b"PLTE", form.palette))
    if form.transparency:
        chunks.append(_chunk(b"tRNS", form.transparency))
    if facts.dpi is not None:
        per_metre = (facts.dpi * 10_000 + 127) // 254
        chunks.append(_chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1)))
    if facts.xmp:
        chunks.append(_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + facts.xmp))
    chunks += _data_chunks(form, threads)
    chunks.append(_chunk(b"IEND", b""))
    return b"".join(chunks)


def _chunk(kind: bytes, *parts: bytes) -> bytes:
    data = b"".join((kind, *parts))
    return b"".join((struct.pack(">I", len(data) - len(kind)), data, struct.pack(">I", zlib.crc32(data))))


class _Strip(NamedTuple):
    chunk: bytes
    adler: int
    """Adler-32 of the raw bytes."""
    size: int
    """Raw bytes."""


def _data_chunks(form: Form, threads: int | None) -> list[bytes]:
    """One IDAT for each strip; together they are one zlib stream, the check value of which has a chunk of its own."""
    from compositor import strips

    height, width, _ = form.pixels.shape
    rows = max(1, _STRIP_BYTES // (1 + width * len(form.picks)))
    made: list[_Strip | None] = [None] * -(-height // rows)

    def strip(top: int, bottom: int) -> None:
        raw = _filtered(form, top, bottom)
        first, last = top == 0, bottom == height
        deflated = _deflated(raw, places=form.color_type == PALETTE, last=last)
        chunk = _chunk(b"IDAT", _ZLIB_HEADER if first else b"", deflated)
        made[top // rows] = _Strip(chunk, zlib.adler32(raw.data), raw.size)

    strips.run(strip, height, strips.check_threads(threads), rows)
    done = [one for one in made if one is not None]
    check = _joined_adler(done)
    return [*(one.chunk for one in done), _chunk(b"IDAT", struct.pack(">I", check))]


def _filtered(form: Form, top: int, bottom: int) -> npt.NDArray[np.uint8]:
    """Rows with their filters' bytes. Places in a palette are no amounts, so nothing is gained by differences (PNG 12.7)."""
    size = form.pixels.shape[1] * len(form.picks)
    out = np.empty((bottom - top, 1 + size), np.uint8)
    if form.color_type == PALETTE:
        out[:, 0] = 0
        out[:, 1:] = form.pixels[top:bottom, :, 0]
        return out
    from engines.image_core import png_kernels

    scratch = np.zeros((2, len(form.picks) + size), np.uint8)
    kernel = png_kernels.find("filter")
    kernel(png_kernels.read_only(form.pixels), np.array(form.picks, np.uint8), top, bottom, out, scratch)
    return out


def _deflated(raw: npt.NDArray[np.uint8], *, places: bool, last: bool) -> bytes:
    """Raw deflate of a strip. Of filtered bytes run lengths only, which is a tenth of the time of looking for repeats and, on photographs,
    the same size; where that is small, with repeats, if it is smaller. Of places in a palette with repeats: few colours are a drawing."""
    if places:
        return _with(_DRAWING_LEVEL, zlib.Z_DEFAULT_STRATEGY, raw, last=last)
    runs = _with(1, zlib.Z_RLE, raw, last=last)
    if len(runs) * _DRAWING_RATIO >= raw.size:
        return runs
    repeats = _with(_DRAWING_LEVEL, zlib.Z_FILTERED, raw, last=last)
    return min(runs, repeats, key=len)


def _with(level: int, strategy: int, raw: npt.NDArray[np.uint8], *, last: bool) -> bytes:
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, _MEMORY, strategy)
    # A sync flush ends the strip on a whole byte, so that the next one can follow.
    return deflate.compress(raw.data) + deflate.flush(zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH)


def _joined_adler(strips: list[_Strip]) -> int:
    """Adler-32 of the strips one after the other, from those of each (RFC 1950 8.2): sums s1 of bytes and s2 of sums."""
    s1, s2 = 1, 0
    for strip in strips:
        own1, own2 = strip.adler & 0xFFFF, strip.adler >> 16
        s2 = (s2 + own2 + strip.size * (s1 - 1)) % _ADLER_BASE
        s1 = (s1 + own1 - 1) % _ADLER_BASE
    return s2 << 16 | s1
