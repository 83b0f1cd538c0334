"""What does an SVG look like at a given size? Pixels from resvg, or from CairoSVG when asked for.

Runs the guard first, always. Places the drawing in a box by `fit`, at any fraction of a pixel. With a pool of workers the
engine runs in one of them, which is killed when the drawing takes too long or too much; without one in the caller's
process, where a document may cost what the guard's limits allow. The main path starts at `rasterize`; `painter` calls
the engines.
"""

import importlib.metadata
import math
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from engines.isolation.pool import Pool
from engines.vector_core import cairo_library, guard, painter, svg_fonts
from engines.vector_core.errors import RasterValueError, SvgEngineError, SvgRefusedError
from engines.vector_core.guard import Admitted, SvgFacts
from engines.vector_core.paint_orders import PaintOrder, Placement
from engines.vector_core.svg_fonts import FontSet
from engines.vector_core.tasks import Engine

__all__ = ["Engine", "Fit", "RgbaPixels", "draw", "engine_version", "font_hashes", "rasterize"]

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
    isolation: Pool | None = None,
) -> RgbaPixels:
    """Draw `svg` into a box of `width` x `height` px whose corner is at (dx, dy), 0 <= dx, dy < 1, of the first pixel.

    Returns (ceil(dy + height), ceil(dx + width), 4) uint8, straight alpha, sRGB: exactly (height, width, 4) for whole
    numbers without an offset. `fill` stretches the document to the box, `contain` and `cover` keep its shape and centre
    it, `none` draws it at `scale` output px per document px, centred. Nothing shows outside box and document. Text uses
    `fonts`, by default the packaged ones. `isolation` are workers to draw in, with `tasks.TASKS`; no byte depends on
    them. Same arguments, same bytes. Raises RasterValueError, SvgRefusedError, SvgEngineError, CairoMissingError, with
    `isolation` what `painter.paint` raises.
    """
    _check(width, height, fit, scale, dx, dy, engine)
    admitted = guard.admit(svg)
    return draw(
        admitted, width, height, fit=fit, scale=scale, dx=dx, dy=dy, engine=engine, fonts=fonts, isolation=isolation
    )


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
    isolation: Pool | None = None,
) -> RgbaPixels:
    """As `rasterize`, of a document that the guard has let through already, which saves looking at it twice."""
    _check(width, height, fit, scale, dx, dy, engine)
    facts = admitted.facts
    box = _Box(dx, dy, width, height)
    place = _place(facts, box, fit, scale)
    _check_work(facts, place, box, engine)
    used = (fonts or svg_fonts.packaged()) if facts.has_text else None
    order = PaintOrder(size=(facts.width_px, facts.height_px), sheet=(box.columns, box.rows), place=place)
    pixels = painter.paint(engine, admitted.svg, order, used, facts, isolation)
    return _cut(pixels, facts, box, place)


def engine_version(engine: Engine) -> str:
    """Return what an engine's pixels depend on: its version, with CairoSVG also cairo's. Raises CairoMissingError."""
    version = importlib.metadata.version(engine)
    return version if engine == "resvg" else f"{version} (cairo {cairo_library.version()})"


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
    cairo_library.load()
    if facts.has_text:
        # Cairo's text calls ask fontconfig, so that pixels would follow the machine.
        raise SvgEngineError("cairosvg", "it would draw text in fonts of the host; use resvg, or outline the text")
    if facts.expanded_elements > CAIRO_ELEMENTS_MAX:
        raise SvgEngineError("cairosvg", f"{facts.expanded_elements} elements, more than {CAIRO_ELEMENTS_MAX}")
    if facts.style_matches > CAIRO_STYLE_MATCHES_MAX:
        shown = f"{facts.style_matches} comparisons of elements with selectors, more than {CAIRO_STYLE_MATCHES_MAX}"
        raise SvgEngineError("cairosvg", shown)


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
