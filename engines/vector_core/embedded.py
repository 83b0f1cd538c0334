"""What does an image inside an SVG (a data: URI) weigh, before anything decodes it?

Reads only the header of PNG, JPEG, GIF and WebP for the size in pixels, and hands out the bytes of an SVG within the
SVG, which the guard reads like any other. Any other content is nothing that an engine draws. Pure: text in, values out.
"""

import binascii
import struct
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

SVG_MIME = "image/svg+xml"
_GZIP_MAGIC = b"\x1f\x8b"


class Embedded(NamedTuple):
    """`pixels` is 0 for what is no raster picture; `svg` is the document if it is one, still gzipped if it came so."""

    pixels: int
    svg: bytes | None


def inspect(uri: str) -> Embedded:
    """Return what a `data:` URI holds. Undecodable content weighs nothing, since no engine draws it."""
    data = decode(uri)
    if "svg" in uri.partition(",")[0].lower() or mime(data) == SVG_MIME:
        return Embedded(0, data)
    return Embedded(_pixels(data), None)


def mime(data: bytes) -> str | None:
    """Return the type of a picture that engines draw, told by its first bytes; None for any other content."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"\xff\xd8"):
        return "image/jpeg"
    if data.startswith(_GZIP_MAGIC) or data.lstrip().startswith((b"<", b"\xef\xbb\xbf<")):
        return SVG_MIME
    return None


def encode(data: bytes, kind: str) -> str:
    """Return `data` of type `kind` as a `data:` URI; `decode` is the inverse."""
    return f"data:{kind};base64,{binascii.b2a_base64(data, newline=False).decode('ascii')}"


def decode(uri: str) -> bytes:
    """Return the bytes inside a `data:` URI (RFC 2397), or nothing where its base64 is broken."""
    header, _, body = uri.strip().partition(",")
    data = unquote_to_bytes(body)
    if not header.rstrip().lower().endswith(";base64"):
        return data
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        return b""


def size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of a raster picture in px; None for any other content."""
    try:
        match mime(data):
            case "image/png":
                width, height = struct.unpack_from(">II", data, 16)
            case "image/gif":
                width, height = struct.unpack_from("<HH", data, 6)
            case "image/webp":
                width, height = _webp_size(data)
            case "image/jpeg":
                width, height = _jpeg_size(data)
            case _:
                return None
    except (struct.error, IndexError):
        return None
    return int(width), int(height)


def _pixels(data: bytes) -> int:
    width, height = size(data) or (0, 0)
    return width * height


def _webp_size(data: bytes) -> tuple[int, int]:
    """Read the canvas of extended, lossless or lossy WebP: RFC 9649 §2.5 to §2.7."""
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk the segments to the first frame header: ITU T.81 §B.2.2. Ends with struct.error where there is none."""
    at = 2
    while True:
        marker, size = struct.unpack_from(">HH", data, at)
        if marker & 0xFFF0 == 0xFFC0 and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        at += 2 + max(size, 2)
