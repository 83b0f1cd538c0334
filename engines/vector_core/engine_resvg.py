"""What does resvg make of a document that the guard has let through? The only file that imports resvg.

Plain values in, bytes out, so that a worker process can do it; `paint_task` is the worker's side of `painter`. Importing this imports the
engine, and no NumPy: a worker that draws is ready sooner.

The binding hands out PNG and nothing else. To write it takes 20 of the 25 ms of a logo of 512 px inside the engine, where nobody can help
it; to read it back takes 2.7 ms with Pillow, 1.8 of them zlib's. To trim the sheet to what shows would save some of both, but moves the
drawing by whole pixels in 32-bit arithmetic, which changes edges: not worth another picture.
"""

import io
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import resvg
from PIL import PngImagePlugin

from engines.vector_core import paint_orders, svg_fonts
from engines.vector_core.errors import SvgEngineError
from engines.vector_core.paint_orders import PACKAGED, UNKNOWN_FONTS, PaintOrder
from engines.vector_core.svg_fonts import FontSet

_threads = threading.local()
"""Options by the name of their fonts, of each thread: resvg's Options panics in any thread but the one that made it. Kept are those without
fonts, with the packaged ones, and with the last other ones: loading takes longer than drawing an icon, and a folder may have 512 MB."""


def paint(svg: bytes, order: PaintOrder, fonts: FontSet | None) -> bytes:
    """Return straight RGBA of `order.sheet`, row by row, 4 bytes a pixel; texts in `fonts`, which `order.fonts` names.

    Raises SvgEngineError, and RasterValueError for fonts that cannot be used. May end the process, or take long, for documents that no
    guard can tell from others.
    """
    return _painted(svg, order, _options(order.fonts, lambda: fonts))


def paint_task(value: Any, buffers: Sequence[bytearray]) -> tuple[str | None, Sequence[bytes]]:
    """Do a PaintOrder in a worker. Buffers: the document, and font files if they come along; answers UNKNOWN_FONTS if they should have."""
    order = msgspec.convert(value, PaintOrder)
    files = buffers[1:]
    if order.fonts not in ("", PACKAGED, *_kept()) and not files:
        return UNKNOWN_FONTS, ()
    options = _options(order.fonts, lambda: _sent(order, files))
    if files:
        svg_fonts.forget()
    return None, (_painted(bytes(buffers[0]), order, options),)


def _painted(svg: bytes, order: PaintOrder, options: Any) -> bytes:
    place = order.place
    # The binding's order is (sx, kx, tx, ky, sy, ty); cairo's order draws nothing at all.
    matrix = (place.scale_x, 0.0, place.offset_x, 0.0, place.scale_y, place.offset_y)
    try:
        tree = resvg.usvg.Tree.from_str(svg.decode("utf-8"), options)
        png = resvg.render(tree, matrix, bg_size=order.sheet)
    except BaseException as error:
        # A panic of the Rust code arrives as an exception that is no Exception, of a class that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise SvgEngineError("resvg", str(error)) from error
    # Not Image.open: its guess at decompression bombs is about files from outside; this one is ours, its size known.
    with PngImagePlugin.PngImageFile(io.BytesIO(png)) as image:
        return (image if image.mode == "RGBA" else image.convert("RGBA")).tobytes()


def _kept() -> dict[str, Any]:
    made: dict[str, Any] = _threads.__dict__.setdefault("options", {})
    return made


def _options(name: str, fonts: Callable[[], FontSet | None]) -> Any:
    """Return this thread's options for the fonts of this name, made once."""
    kept = _kept()
    if name not in kept:
        for other in kept.keys() - {"", PACKAGED} if name not in ("", PACKAGED) else ():
            del kept[other]
        kept[name] = _made(fonts())
    return kept[name]


def _made(fonts: FontSet | None) -> Any:
    options = resvg.usvg.Options.default()
    if fonts is not None:
        options.font_family = svg_fonts.default_family(fonts)
        for data in svg_fonts.engine_files(fonts):
            options.load_font_data(data)
    return options


def _sent(order: PaintOrder, files: Sequence[bytearray]) -> FontSet | None:
    """The fonts of an order in a worker: none, those that everybody has, or those that came with it."""
    if not order.fonts:
        return None
    return svg_fonts.packaged() if order.fonts == PACKAGED else paint_orders.font_set(order, files)
