"""What does svg2pdf make of one SVG? The only file that imports it; a worker process does what is asked of it here.

svg2pdf draws filters on layers as large as they ask for: memory that cannot be had ends a process there, with no error that could be
caught. So `convert_task` is for a worker; `pdf_files` calls it.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import svg2pdf_py as svg2pdf  # type: ignore[import-untyped, import-not-found, unused-ignore]  # an extra

from engines.isolation.worker import may_write
from engines.vector_core.errors import SvgEngineError


class PdfOrder(msgspec.Struct, frozen=True):
    """Pixels for each unit of the document where it is filtered, and whether texts stay texts."""

    raster_scale: float
    embed_text: bool


def convert_task(value: Any, buffers: Sequence[bytearray]) -> tuple[None, Sequence[bytes]]:
    """Do a PdfOrder. Buffers: the document, and the font files that its texts are set in. Raises SvgEngineError."""
    order = msgspec.convert(value, PdfOrder)
    options = svg2pdf.ConversionOptions(compress=True, raster_scale=order.raster_scale, embed_text=order.embed_text)
    known = svg2pdf.FontDatabase()
    try:
        with _font_paths(buffers[1:]) as paths:
            for path in paths:
                known.load_font_file(path)
            return None, (bytes(svg2pdf.svg_to_pdf(buffers[0].decode("utf-8"), known, options)),)
    except BaseException as error:
        # A panic of the Rust code arrives as an exception that is no Exception, of a class that cannot be imported.
        if not isinstance(error, RuntimeError | ValueError) and type(error).__name__ != "PanicException":
            raise
        raise SvgEngineError("svg2pdf", str(error)) from error


@contextlib.contextmanager
def _font_paths(fonts: Sequence[bytearray]) -> Iterator[list[str]]:
    """Lend `fonts` to code that only opens files: as files in memory, which are gone afterwards."""
    with contextlib.ExitStack() as held, may_write(max(map(len, fonts), default=0)):
        paths = []
        for data in fonts:
            file = held.enter_context(os.fdopen(os.memfd_create("font"), "wb"))
            file.write(data)
            file.flush()
            paths.append(f"/proc/self/fd/{file.fileno()}")
        yield paths
