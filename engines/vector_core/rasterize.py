"""What does an SVG look like at a given size? Pixels from resvg, or from CairoSVG when asked for.

The only file that imports the two engines. Runs the guard first, always. Places the drawing in a box by `fit`, at any
fraction of a pixel. Runs inside the caller's process: a worker that can be killed is not built yet, so a document may
still cost what the guard's limits allow. The main path starts at `rasterize`; `paint` alone calls the engines, with
plain values that could be sent elsewhere.
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
from engines.vector_core.guard import Admitted, SvgFacts
from engines.vector_core.svg_fonts import FontSet

Engine = Literal["resvg", "cairosvg"]
Fit = Literal["fill", "contain", "cover", "none"]
RgbaPixels = NDArray[np.uint8]

RASTER_SIDE_PX_MAX = 32_768
RASTER_PIXELS_MAX = 100_000_000
"""Pixels: 0.4 GB of RGBA, and engines hold as much again for every group that they isolate."""

FILTER_WORK_MAX = 4e9
"""Passes of filters times pixels: 40 seconds if each of them covered everything, which they seldom do."""

REGION_PIXELS_MAX = 200_000_000
"""Pixels that an engine may set aside for one filter or tile, however little of it shows: 0.8 GB. resvg ends the process
where it gets none."""

MORPHOLOGY_WORK_MAX = 4e8
"""The same of feMorphology alone, whose cost is the square of its radius in pixels: 4 seconds."""

CAIRO_ELEMENTS_MAX = 30_000
"""Elements drawn that CairoSVG is given: it takes 60 us for each, whatever it is."""

CAIRO_STYLE_MATCHES_MAX = 1_000_000
"""Elements times selectors that CairoSVG is given: it looks at each pair in Python."""

_CUT_SLACK_PX = 1e-6
"""A drawing that leaves its box by less is taken to end with it; floats do not agree to the last digit."""

_threads = threading.local()
"""Engine options by font set, of each thread: resvg's Options panics in any thread but the one that made it."""


class Placement(NamedTuple):
    """Document px to output px: x * scale + offset on each axis."""

    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float


IN_PLACE = Placement(1.0, 1.0, 0.0, 0.0)
"""A document px is an output px."""


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
    admitted = guard.admit(svg)
    return draw(admitted, width, height, fit=fit, scale=scale, dx=dx, dy=dy, engine=engine, fonts=fonts)


def draw(
    admitted: Admitted,
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
    """As `rasterize`, of a document that the guard has let through already, which saves looking at it twice."""
    _check(width, height, fit, scale, dx, dy, engine)
    facts = admitted.facts
    box = _Box(dx, dy, width, height)
    place = _place(facts, box, fit, scale)
    _check_work(facts, place, box, engine)
    used = (fonts or svg_fonts.packaged()) if facts.has_text else None
    pixels = paint(engine, admitted.svg, (facts.width_px, facts.height_px), (box.columns, box.rows), place, used)
    return _cut(pixels, facts, box, place)


def paint(
    engine: Engine,
    svg: bytes,
    size: tuple[float, float],
    sheet: tuple[int, int],
    place: Placement,
    fonts: FontSet | None,
) -> RgbaPixels:
    """Call an engine: `svg` of `size` document px on a sheet of (columns, rows), each document px put where `place` says.

    The document has passed the guard. Returns (rows, columns, 4) uint8, straight alpha. Raises SvgEngineError,
    CairoMissingError. resvg may end the process, or take long, for documents that no guard can tell from others.
    """
    if engine == "resvg":
        return _draw_resvg(svg, sheet, place, fonts)
    return _draw_cairosvg(svg, size, sheet, place)


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


def _place(facts: SvgFacts, box: _Box, fit: Fit, scale: float) -> Placement:
    across, down = box.width / facts.width_px, box.height / facts.height_px
    if fit == "fill":
        return Placement(across, down, box.left, box.top)
    even = {"contain": min(across, down), "cover": max(across, down), "none": scale}[fit]
    offset_x = box.left + (box.width - even * facts.width_px) / 2
    offset_y = box.top + (box.height - even * facts.height_px) / 2
    return Placement(even, even, offset_x, offset_y)


def _check_work(facts: SvgFacts, place: Placement, box: _Box, engine: Engine) -> None:
    """Refuse what depends on the size asked for. Raises SvgRefusedError, SvgEngineError."""
    enlarged = place.scale_x * place.scale_y
    pixels = box.columns * box.rows
    costs = ((facts.filters.passes, FILTER_WORK_MAX), (facts.filters.passes_by_area * enlarged, MORPHOLOGY_WORK_MAX))
    for passes, limit in costs:
        if passes * pixels > limit:
            shown = f"{passes * pixels:.1e} passes times pixels"
            raise SvgRefusedError("filter", "1:0", shown, f"{limit:.1e} at this size")
    if facts.region_area * enlarged > REGION_PIXELS_MAX:
        shown = f"a filter or tile over {facts.region_area * enlarged:.1e} px"
        raise SvgRefusedError("region", "1:0", shown, f"{REGION_PIXELS_MAX} px at this size")
    if engine == "cairosvg":
        _check_cairosvg(facts)


def _check_cairosvg(facts: SvgFacts) -> None:
    _cairo()
    if facts.has_text:
        # Cairo's text calls ask fontconfig, so that pixels would follow the machine.
        raise SvgEngineError("cairosvg", "it would draw text in fonts of the host; use resvg, or outline the text")
    if facts.expanded_elements > CAIRO_ELEMENTS_MAX:
        raise SvgEngineError("cairosvg", f"{facts.expanded_elements} elements, more than {CAIRO_ELEMENTS_MAX}")
    if facts.style_matches > CAIRO_STYLE_MATCHES_MAX:
        shown = f"{facts.style_matches} comparisons of elements with selectors, more than {CAIRO_STYLE_MATCHES_MAX}"
        raise SvgEngineError("cairosvg", shown)


def _draw_resvg(svg: bytes, sheet: tuple[int, int], place: Placement, fonts: FontSet | None) -> RgbaPixels:
    import resvg
    from PIL import PngImagePlugin

    # The binding's order is (sx, kx, tx, ky, sy, ty); cairo's order draws nothing at all.
    matrix = (place.scale_x, 0.0, place.offset_x, 0.0, place.scale_y, place.offset_y)
    options = _options(fonts)
    try:
        tree = resvg.usvg.Tree.from_str(svg.decode("utf-8"), options)
        png = resvg.render(tree, matrix, bg_size=sheet)
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


def _draw_cairosvg(svg: bytes, size: tuple[float, float], sheet: tuple[int, int], place: Placement) -> RgbaPixels:
    cairo = _cairo()
    import cairosvg.parser
    import cairosvg.surface

    class Sheet(cairosvg.surface.PNGSurface):  # type: ignore[misc]  # the library has no types
        """A surface of the asked size, on which the document's pixels are moved and scaled into their place."""

        def _create_surface(self, width: float, height: float) -> tuple[Any, float, float]:
            surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, *sheet)
            surface.set_device_scale(place.scale_x, place.scale_y)
            surface.set_device_offset(place.offset_x, place.offset_y)
            return surface, width, height

    try:
        tree = cairosvg.parser.Tree(bytestring=svg, unsafe=False, url_fetcher=_fetch_inline)
        drawn = Sheet(tree, None, 96, output_width=size[0], output_height=size[1])
        drawn.cairo.flush()
    except SvgRefusedError:
        raise
    except Exception as error:
        raise SvgEngineError("cairosvg", f"{type(error).__name__}: {error}") from error
    return _straight(drawn.cairo)


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


def _cut(pixels: RgbaPixels, facts: SvgFacts, box: _Box, place: Placement) -> RgbaPixels:
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
