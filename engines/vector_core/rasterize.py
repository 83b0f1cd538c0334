"""What does an SVG look like at a given size? Pixels from resvg, or from CairoSVG when asked for.

The only file that imports the two engines. Runs the guard first, always. Places the drawing in a box by `fit`, at any
fraction of a pixel. Runs inside the caller's process: a worker that can be killed is not built yet, so a document may
still cost what the guard's limits allow. The main path starts at `rasterize`.
"""

import importlib.metadata
import io
import math
import threading
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from engines.vector_core import embedded, guard, svg_fonts
from engines.vector_core.errors import CairoMissingError, RasterValueError, SvgEngineError, SvgRefusedError
from engines.vector_core.guard import SvgFacts
from engines.vector_core.svg_fonts import FontSet

Engine = Literal["resvg", "cairosvg"]
Fit = Literal["fill", "contain", "cover", "none"]
RgbaPixels = NDArray[np.uint8]

RASTER_SIDE_PX_MAX = 32_768
RASTER_PIXELS_MAX = 100_000_000
"""Pixels: 0.4 GB of RGBA, and engines hold as much again for every group that they isolate."""

_CUT_SLACK_PX = 1e-6
"""A drawing that leaves its box by less is taken to end with it; floats do not agree to the last digit."""

_threads = threading.local()
"""Engine options by font set, of each thread: resvg's Options panics in any thread but the one that made it."""


class _Placement(NamedTuple):
    """Document px to output px: x * scale + offset on each axis."""

    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float


class _Box(NamedTuple):
    """Where the drawing may show, in output px; the picture's whole pixels are `columns` x `rows`."""

    left: float
    top: float
    width: float
    height: float

    @property
    def columns(self) -> int:
        return math.ceil(self.left + self.width - _CUT_SLACK_PX)

    @property
    def rows(self) -> int:
        return math.ceil(self.top + self.height - _CUT_SLACK_PX)


def rasterize(
    svg: bytes,
    width: float,
    height: float,
    *,
    fit: Fit = "fill",
    scale: float = 1.0,
    dx: float = 0.0,
    dy: float = 0.0,
    engine: Engine = "resvg",
    fonts: FontSet | None = None,
) -> RgbaPixels:
    """Draw `svg` into a box of `width` x `height` px whose corner is at (dx, dy), 0 <= dx, dy < 1, of the first pixel.

    Returns (ceil(dy + height), ceil(dx + width), 4) uint8, straight alpha, sRGB: exactly (height, width, 4) for whole
    numbers without an offset. `fill` stretches the document to the box, `contain` and `cover` keep its shape and centre
    it, `none` draws it at `scale` output px per document px, centred. Nothing shows outside box and document. Text uses
    `fonts`, by default the packaged ones. Same arguments, same bytes. Raises RasterValueError, SvgRefusedError,
    SvgEngineError, CairoMissingError.
    """
    _check(width, height, fit, scale, dx, dy, engine)
    plain = guard.decode(svg)
    facts = guard.check(plain)
    box = _Box(dx, dy, width, height)
    place = _place(facts, box, fit, scale)
    if engine == "resvg":
        pixels = _draw_resvg(plain, box, place, fonts or svg_fonts.packaged() if facts.has_text else None)
    else:
        pixels = _draw_cairosvg(plain, facts, box, place)
    return _cut(pixels, facts, box, place)


def engine_version(engine: Engine) -> str:
    """Return what an engine's pixels depend on: its version, with CairoSVG also cairo's. Raises CairoMissingError."""
    version = importlib.metadata.version(engine)
    return version if engine == "resvg" else f"{version} (cairo {_cairo().cairo_version_string()})"


def font_hashes() -> dict[str, str]:
    """Return `font:<name>` -> sha256 of the fonts that text is drawn in by default."""
    return dict(svg_fonts.packaged_hashes())


def _check(width: float, height: float, fit: str, scale: float, dx: float, dy: float, engine: str) -> None:
    for field, value in (("width", width), ("height", height), ("scale", scale)):
        if not (value > 0 and math.isfinite(value)):
            raise RasterValueError(field, value, "a number above 0")
    if max(width, height) > RASTER_SIDE_PX_MAX or width * height > RASTER_PIXELS_MAX:
        allowed = f"within {RASTER_SIDE_PX_MAX} px a side and {RASTER_PIXELS_MAX} px in all"
        raise RasterValueError("width, height", (width, height), allowed)
    for field, value in (("dx", dx), ("dy", dy)):
        if not 0 <= value < 1:
            raise RasterValueError(field, value, "from 0 to below 1; whole pixels are the caller's to move")
    if fit not in get_args(Fit):
        raise RasterValueError("fit", fit, "one of " + ", ".join(get_args(Fit)))
    if engine not in get_args(Engine):
        raise RasterValueError("engine", engine, "one of " + ", ".join(get_args(Engine)))


def _place(facts: SvgFacts, box: _Box, fit: Fit, scale: float) -> _Placement:
    across, down = box.width / facts.width_px, box.height / facts.height_px
    if fit == "fill":
        return _Placement(across, down, box.left, box.top)
    even = {"contain": min(across, down), "cover": max(across, down), "none": scale}[fit]
    offset_x = box.left + (box.width - even * facts.width_px) / 2
    offset_y = box.top + (box.height - even * facts.height_px) / 2
    return _Placement(even, even, offset_x, offset_y)


def _draw_resvg(svg: bytes, box: _Box, place: _Placement, fonts: FontSet | None) -> RgbaPixels:
    import resvg
    from PIL import PngImagePlugin

    # The binding's order is (sx, kx, tx, ky, sy, ty); cairo's order draws nothing at all.
    matrix = (place.scale_x, 0.0, place.offset_x, 0.0, place.scale_y, place.offset_y)
    options = _options(fonts)
    try:
        tree = resvg.usvg.Tree.from_str(svg.decode("utf-8"), options)
        png = resvg.render(tree, matrix, bg_size=(box.columns, box.rows))
    except BaseException as error:
        # A panic of the Rust code arrives as an exception that is no Exception, of a class that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise SvgEngineError("resvg", str(error)) from error
    # Not Image.open: its guess at decompression bombs is about files from outside; this one is ours, its size known.
    with PngImagePlugin.PngImageFile(io.BytesIO(png)) as image:
        return np.array(image if image.mode == "RGBA" else image.convert("RGBA"))


def _options(fonts: FontSet | None) -> Any:
    """Return this thread's options for `fonts`, made once: loading fonts takes longer than drawing an icon."""
    import resvg

    made: dict[FontSet | None, Any] = _threads.__dict__.setdefault("options", {})
    if fonts not in made:
        options = resvg.usvg.Options.default()
        if fonts is not None:
            options.font_family = svg_fonts.default_family(fonts)
            for data in svg_fonts.engine_files(fonts):
                options.load_font_data(data)
        made[fonts] = options
    return made[fonts]


def _cairo() -> Any:
    try:
        import cairocffi
    except OSError as error:
        raise CairoMissingError(str(error).splitlines()[0]) from error
    return cairocffi


def _draw_cairosvg(svg: bytes, facts: SvgFacts, box: _Box, place: _Placement) -> RgbaPixels:
    cairo = _cairo()
    if facts.has_text:
        # Cairo's text calls ask fontconfig, so that pixels would follow the machine.
        raise SvgEngineError("cairosvg", "it would draw text in fonts of the host; use resvg, or outline the text")
    import cairosvg.parser
    import cairosvg.surface

    class Sheet(cairosvg.surface.PNGSurface):  # type: ignore[misc]  # the library has no types
        """A surface of the asked size, on which the document's pixels are moved and scaled into their place."""

        def _create_surface(self, width: float, height: float) -> tuple[Any, float, float]:
            surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, box.columns, box.rows)
            surface.set_device_scale(place.scale_x, place.scale_y)
            surface.set_device_offset(place.offset_x, place.offset_y)
            return surface, width, height

    try:
        tree = cairosvg.parser.Tree(bytestring=svg, unsafe=False, url_fetcher=_fetch_inline)
        sheet = Sheet(tree, None, 96, output_width=facts.width_px, output_height=facts.height_px)
        sheet.cairo.flush()
    except SvgRefusedError:
        raise
    except Exception as error:
        raise SvgEngineError("cairosvg", f"{type(error).__name__}: {error}") from error
    return _straight(sheet.cairo)


def _fetch_inline(url: str, _resource_type: str) -> bytes:
    """Answer CairoSVG's wish for a URL: only what is inside the document. The guard has refused all else already."""
    if not url.startswith("data:"):
        raise SvgRefusedError("external-reference", "1:0", url, "#id or data:image/...")
    return embedded.decode(url)


def _straight(surface: Any) -> RgbaPixels:
    """Copy a cairo surface (native-endian premultiplied ARGB) into straight RGBA, each channel rounded to nearest."""
    stride, columns, rows = surface.get_stride(), surface.get_width(), surface.get_height()
    words = np.frombuffer(surface.get_data(), np.uint32).reshape(rows, stride // 4)[:, :columns]
    alpha = words >> 24
    divisor = np.maximum(alpha, 1)
    pixels = np.empty((rows, columns, 4), np.uint8)
    for channel, shift in enumerate((16, 8, 0)):
        premul = words >> shift & 0xFF
        pixels[..., channel] = np.minimum((premul * 255 + divisor // 2) // divisor, 255)
    pixels[..., 3] = alpha
    return pixels


def _cut(pixels: RgbaPixels, facts: SvgFacts, box: _Box, place: _Placement) -> RgbaPixels:
    """Clear what lies outside the document (SVG 2 §8.5, overflow) or the box, in place. Engines draw on as they please.

    An edge of the document leaves its pixels whole, since drawings have smoothed it already; the box cuts through.
    """
    across = _kept(pixels.shape[1], place.offset_x, facts.width_px * place.scale_x, box.left, box.width)
    down = _kept(pixels.shape[0], place.offset_y, facts.height_px * place.scale_y, box.top, box.height)
    if across.min() == 1 and down.min() == 1:
        return pixels
    share = down[:, None] * across[None, :]
    pixels[..., 3] = np.floor(pixels[..., 3] * share + np.float32(0.5)).astype(np.uint8)
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def _kept(count: int, drawn_at: float, drawn: float, box_at: float, box: float) -> NDArray[np.float32]:
    """Return for each pixel of one axis how much of it shows, 0..1: of a box that cuts the drawing, its exact share."""
    starts = np.arange(count, dtype=np.float64)
    low, high = drawn_at, drawn_at + drawn
    shows = (starts + 1 > low + _CUT_SLACK_PX) & (starts < high - _CUT_SLACK_PX)
    share = shows.astype(np.float64)
    if low < box_at - _CUT_SLACK_PX:
        share *= np.clip(starts + 1 - box_at, 0, 1)
    if high > box_at + box + _CUT_SLACK_PX:
        share *= np.clip(box_at + box - starts, 0, 1)
    return share.astype(np.float32)
