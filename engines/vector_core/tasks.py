"""Which work on drawings do workers do? A table for `engines.isolation.pool.Pool`, light to import: a worker can start before its caller
has imported what it will send there."""

from typing import Final, Literal

Engine = Literal["resvg", "cairosvg"]

PAINT: Final[dict[Engine, str]] = {"resvg": "paint_resvg", "cairosvg": "paint_cairosvg"}
"""The task that paints with each engine."""

WRITE_PDF: Final = "write_pdf"
WRITE_POSTSCRIPT: Final = "write_postscript"

TASKS: Final = {
    PAINT["resvg"]: "engines.vector_core.engine_resvg:paint_task",
    PAINT["cairosvg"]: "engines.vector_core.engine_cairosvg:paint_task",
    WRITE_POSTSCRIPT: "engines.vector_core.engine_cairosvg:postscript_task",
    WRITE_PDF: "engines.vector_core.pdf_worker:convert_task",
}
"""All that a pool must know for drawings."""
