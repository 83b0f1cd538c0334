"""How does a file from outside become the plain UTF-8 text of one document: unpacked, in one encoding, not too long?"""

import re
import zlib

from engines.vector_core.errors import SvgRefusedError

SVG_BYTES_MAX = 32 * 1024 * 1024
"""Bytes, after gunzip: a large map, or a drawing around one photograph in base64. Engines need about ten times that."""

_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}
"""Declared name -> Python codec; anything else is refused, since engines take UTF-8 only."""
_DECLARED = re.compile(rb"""^(\s*<\?xml[^>]*?\sencoding\s*=\s*["'])([A-Za-z0-9._-]+)""")
_GZIP_MAGIC = b"\x1f\x8b"


def decode(data: bytes, bytes_max: int = SVG_BYTES_MAX) -> bytes:
    """Return the document as plain UTF-8: gunzips `.svgz`, rewrites declared encodings. UTF-8 comes back as it is.

    Raises SvgRefusedError (bytes, gzip, encoding). Never holds more than `bytes_max` of output.
    """
    if data.startswith(_GZIP_MAGIC):
        data = _gunzip(data, bytes_max)
    if len(data) > bytes_max:
        raise SvgRefusedError("bytes", "1:0", len(data), f"{SVG_BYTES_MAX} in all")
    declared = _DECLARED.match(data[:1024])
    name = declared[2].decode("ascii").lower() if declared else "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        name = "utf-16"
    codec = _ENCODINGS.get(name)
    if codec is None:
        raise SvgRefusedError("encoding", "1:0", name, ", ".join(_ENCODINGS))
    if codec == "utf-8":
        return data
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        raise SvgRefusedError("encoding", "1:0", str(error), f"bytes that are {name}") from error
    return _DECLARED.sub(rb"\1utf-8", text.lstrip("\ufeff").encode("utf-8"), count=1)


def _gunzip(data: bytes, bytes_max: int) -> bytes:
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = stream.decompress(data, bytes_max + 1)
    except zlib.error as error:
        raise SvgRefusedError("gzip", "1:0", str(error), "a gzip stream") from error
    if len(plain) > bytes_max:
        raise SvgRefusedError("bytes", "1:0", f"more than {bytes_max}", f"{SVG_BYTES_MAX} in all")
    if not stream.eof:
        raise SvgRefusedError("gzip", "1:0", "truncated stream", "a whole gzip stream")
    return plain
