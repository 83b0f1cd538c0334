"""What do CairoSVG and cairo make of a document that the guard has let through: pixels, or PostScript? The only file that imports CairoSVG.

Plain values in, bytes out, so that a worker process can do it; the `..._task` functions are the worker's side. Importing this imports the
engine, which needs libcairo: look for it with `cairo_library.load` first. Texts are not for it: cairo would set them in fonts of the host.
"""

import io
from collections.abc import Sequence
from typing import Any

import cairocffi
import cairosvg.parser
import cairosvg.surface
import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.vector_core import embedded
from engines.vector_core.errors import SvgEngineError, SvgRefusedError
from engines.vector_core.paint_orders import PaintOrder

_DPI = 96
_ROWS_AT_ONCE = 256
"""Rows of a picture whose colours are divided by alpha at the same time, in words six times as large."""


class PostScriptOrder(msgspec.Struct, frozen=True):
    """A page in pt, and whether it is EPS."""

    width: float
    height: float
    encapsulated: bool


def paint(svg: bytes, order: PaintOrder) -> NDArray[np.uint8]:
    """Return `order.sheet` as (rows, columns, 4) uint8, straight RGBA. Raises SvgEngineError."""

    class Sheet(cairosvg.surface.PNGSurface):  # type: ignore[misc]  # the library has no types
        """A surface of the asked size, on which the document's pixels are moved and scaled into their place."""

        def _create_surface(self, width: float, height: float) -> tuple[Any, float, float]:
            surface = cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, *order.sheet)
            surface.set_device_scale(order.place.scale_x, order.place.scale_y)
            surface.set_device_offset(order.place.offset_x, order.place.offset_y)
            return surface, width, height

    drawn = _drawn(svg, Sheet, None, order.size)
    drawn.cairo.flush()
    return _straight(drawn.cairo)


def write_postscript(svg: bytes, order: PostScriptOrder) -> bytes:
    """Return `svg`, whose canvas is the page with one unit to the pt, as PostScript, as cairo writes it. Raises SvgEngineError."""

    class Sheet(cairosvg.surface.Surface):  # type: ignore[misc]  # the library has no types
        """A surface of the page's size in pt."""

        device_units_per_user_units = 1

        def _create_surface(self, width: float, height: float) -> tuple[Any, float, float]:
            surface = cairocffi.PSSurface(self.output, width, height)
            surface.set_eps(order.encapsulated)
            return surface, width, height

    whole = io.BytesIO()
    try:
        _drawn(svg, Sheet, whole, (order.width, order.height)).finish()
    except cairocffi.CairoError as error:
        raise SvgEngineError("cairosvg", f"{type(error).__name__}: {error}") from error
    return whole.getvalue()


def paint_task(value: Any, buffers: Sequence[bytearray]) -> tuple[None, Sequence[memoryview]]:
    """Do a PaintOrder in a worker. Buffer: the document."""
    return None, (paint(bytes(buffers[0]), msgspec.convert(value, PaintOrder)).data,)


def postscript_task(value: Any, buffers: Sequence[bytearray]) -> tuple[None, Sequence[bytes]]:
    """Do a PostScriptOrder in a worker. Buffer: the document."""
    return None, (write_postscript(bytes(buffers[0]), msgspec.convert(value, PostScriptOrder)),)


def _drawn(svg: bytes, surface: Any, output: io.BytesIO | None, size: tuple[float, float]) -> Any:
    """Draw `svg` on a surface of this class. Whatever CairoSVG raises is a SvgEngineError, but for memory that ran out: cairo says so of
    any picture that it cannot read, too, and is not believed."""
    try:
        tree = cairosvg.parser.Tree(bytestring=svg, unsafe=False, url_fetcher=_fetch_inline)
        return surface(tree, output, _DPI, output_width=size[0], output_height=size[1])
    except SvgRefusedError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) and "cairo returned" not in str(error):
            raise
        raise SvgEngineError("cairosvg", f"{type(error).__name__}: {error}") from error


def _fetch_inline(url: str, resource_type: str) -> bytes:
    """Answer CairoSVG's wish for a URL: only pictures inside the document. The guard has taken out all else already, but for
    an href that is absent or empty CairoSVG asks for its working folder: to raise TypeError makes it draw nothing then.

    Of a picture of another type than the guard weighs nothing is handed on: Pillow knows some that run programs.
    """
    if not url.startswith("data:"):
        if resource_type == "image/*":
            return b""
        raise TypeError(f"no {resource_type} within the document: {url}")
    data = embedded.decode(url)
    return data if embedded.mime(data) is not None else b""


def _straight(surface: Any) -> NDArray[np.uint8]:
    """Copy a cairo surface (native-endian premultiplied ARGB) into straight RGBA, each channel rounded to nearest."""
    stride, columns, rows = surface.get_stride(), surface.get_width(), surface.get_height()
    words = np.frombuffer(surface.get_data(), np.uint32).reshape(rows, stride // 4)[:, :columns]
    pixels = np.empty((rows, columns, 4), np.uint8)
    for top in range(0, rows, _ROWS_AT_ONCE):
        part, made = words[top : top + _ROWS_AT_ONCE], pixels[top : top + _ROWS_AT_ONCE]
        alpha = part >> 24
        divisor = np.maximum(alpha, 1)
        for channel, shift in enumerate((16, 8, 0)):
            premul = part >> shift & 0xFF
            made[..., channel] = np.minimum((premul * 255 + divisor // 2) // divisor, 255)
        made[..., 3] = alpha
    return pixels
