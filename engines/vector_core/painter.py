"""In which process is a drawing painted, and what may it take there?

With a pool, in one of its workers, within limits of time and memory that follow from the work admitted; without one, in the caller's
process, where nothing ends a document that takes long. The pixels are the same. Main path: `paint`.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engines.isolation.errors import WorkerFaultError
from engines.isolation.pool import Pool
from engines.vector_core import paint_orders
from engines.vector_core.guard import SvgFacts
from engines.vector_core.paint_orders import UNKNOWN_FONTS, PaintOrder
from engines.vector_core.svg_fonts import FontSet
from engines.vector_core.tasks import PAINT, Engine

SECONDS_MIN = 1.0
"""Seconds of a processor for any drawing: a thousand times what an icon takes. A small one without end is ended within 2 s, its guard
included, where nothing else runs."""

PATIENCE = 4.0
"""Times as long by the clock: other programs use the processor, too, and no drawing must be refused for that."""

SECONDS_PER_MEGAPIXEL = 1.0
"""Seconds for each million pixels of the sheet: six times what 500 paths take there, most of it the PNG that resvg writes."""

SECONDS_PER_ELEMENT: Final[dict[Engine, float]] = {"resvg": 5e-5, "cairosvg": 1e-4}
"""Seconds for each element drawn: resvg takes some 10 us for one that is small, CairoSVG 60 us. A document of 10,000 elements may take
1.5 s or 2 s."""

SECONDS_PER_FILTER_WORK = 1e-8
"""Seconds for a pass of a filter over a pixel; see `rasterize.FILTER_WORK_MAX`."""

BYTES_MIN = 1536 * 1024 * 1024
"""Bytes that any drawing may take beside what its worker has: a photograph of 100 million pixels within it, decoded and scaled."""

BYTES_PER_PIXEL = 24
"""Bytes for each pixel of the sheet: itself, its PNG and the picture read from that, with a copy of each."""

BYTES_PER_REGION_PIXEL = 16
"""Bytes for each pixel of the largest region of a filter or a tile: four layers of it."""

SECONDS_PER_FONT_BYTE = 5e-8
"""Seconds to take in a font file: twenty times what the packaged ones take."""

BYTES_PER_FONT_BYTE = 6
"""Bytes of memory for each of a font file: as it came, as it is kept, and once more under the name of a generic family."""


def paint(
    engine: Engine, svg: bytes, order: PaintOrder, fonts: FontSet | None, facts: SvgFacts, isolation: Pool | None
) -> NDArray[np.uint8]:
    """Return what `engine` makes of `svg`, a document that passed the guard with `facts`: (rows, columns, 4) uint8, straight RGBA.

    `order.fonts` need not be said: it follows from `fonts`. Raises SvgEngineError, RasterValueError for fonts that cannot be used; from a
    worker of `isolation` also WorkerTimeLimitError, WorkerMemoryLimitError, WorkerDiedError, and what is not the document's fault:
    WorkerFaultError, WorkerStartError.
    """
    asked = paint_orders.with_fonts(order, fonts)
    data = (
        _here(engine, svg, asked, fonts) if isolation is None else _apart(isolation, engine, svg, asked, fonts, facts)
    )
    return np.frombuffer(data, np.uint8).reshape(order.sheet[1], order.sheet[0], 4)


def announce(isolation: Pool, engine: Engine = "resvg", workers: int = 1) -> None:
    """Have workers start that will be asked to paint soon; see `Pool.start`."""
    isolation.start(PAINT[engine], workers)


def seconds_for(engine: Engine, order: PaintOrder, facts: SvgFacts) -> float:
    """Return the seconds of a processor that a drawing may take: more for a larger sheet, more elements, and more passes of filters."""
    pixels = order.sheet[0] * order.sheet[1]
    passes = facts.filters.passes + facts.filters.passes_by_area * order.place.scale_x * order.place.scale_y
    return (
        SECONDS_MIN
        + SECONDS_PER_MEGAPIXEL * pixels / 1e6
        + SECONDS_PER_ELEMENT[engine] * facts.expanded_elements
        + SECONDS_PER_FILTER_WORK * passes * pixels
    )


def bytes_for(order: PaintOrder, facts: SvgFacts) -> int:
    """Return the bytes that a drawing may take beside what its worker has already."""
    region = facts.region_area * order.place.scale_x * order.place.scale_y
    return BYTES_MIN + int(BYTES_PER_PIXEL * order.sheet[0] * order.sheet[1] + BYTES_PER_REGION_PIXEL * region)


def _here(engine: Engine, svg: bytes, order: PaintOrder, fonts: FontSet | None) -> Any:
    """Paint in this process; the bytes that come back are the caller's to write into."""
    if engine == "resvg":
        from engines.vector_core import engine_resvg

        return bytearray(engine_resvg.paint(svg, order, fonts))
    from engines.vector_core import engine_cairosvg

    return engine_cairosvg.paint(svg, order)


def _apart(
    isolation: Pool, engine: Engine, svg: bytes, order: PaintOrder, fonts: FontSet | None, facts: SvgFacts
) -> bytearray:
    """Paint in a worker. Fonts that it does not know are sent with a second request, which another worker may get: it keeps them, too."""
    task, cpu, memory = PAINT[engine], seconds_for(engine, order, facts), bytes_for(order, facts)
    made = isolation.call(task, order, [svg], seconds=PATIENCE * cpu, cpu_seconds=cpu, memory_bytes=memory)
    if made.value == UNKNOWN_FONTS:
        assert fonts is not None, "only fonts that are no process's own are unknown"
        size = sum(map(len, fonts.files))
        cpu, memory = cpu + SECONDS_PER_FONT_BYTE * size, memory + BYTES_PER_FONT_BYTE * size
        files = [svg, *fonts.files]
        made = isolation.call(task, order, files, seconds=PATIENCE * cpu, cpu_seconds=cpu, memory_bytes=memory)
    if [len(data) for data in made.buffers] != [4 * order.sheet[0] * order.sheet[1]]:
        raise WorkerFaultError(task, "other than the pixels of the sheet came back")
    return made.buffers[0]
