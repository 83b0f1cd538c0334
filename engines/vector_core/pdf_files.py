"""How does a drawing become a PDF file whose vectors stay vectors, the same bytes wherever it is made?

svg2pdf draws: it reads SVG by the parser that resvg has, and writes fonts, gradients, masks and blend modes as PDF has
them; filters become pictures. pikepdf finishes: boxes of the page, one order of objects and keys (svg2pdf's follow a
hash table), no date and no random id. Both come with the extra `print`. The main
path is `write_pdf`. PDF 1.7, RGB; CMYK and PDF/X are not made.
"""

import contextlib
import importlib.metadata
import importlib.util
import io
import math
from typing import Any

from engines.errors import EnvironmentFault
from engines.isolation.pool import Pool
from engines.vector_core import svg_fonts
from engines.vector_core.errors import VectorError
from engines.vector_core.pages import PT_PER_INCH, Page, TextForm
from engines.vector_core.svg_fonts import FontSet
from engines.vector_core.tasks import TASKS, WRITE_PDF

RASTER_DPI = 300.0
"""Pixels per inch of paper for what PDF has no vectors for: filters."""

RASTER_PIXELS_MAX = 50_000_000
"""Pixels of one filtered layer as large as the page, 0.2 GB: beyond that its resolution falls."""

SECONDS_MAX = 30.0
"""Seconds for one page: three hundred blurs of a page take five."""


class DocumentToolMissingError(VectorError, EnvironmentFault):
    """A package that writes documents is not installed."""

    type = "document-tool-missing"

    def __init__(self, package: str) -> None:
        message = f"PDF needs the package {package}; install it with: pip install 'impasto[print]'"
        super().__init__(message, package=package)


def write_pdf(
    svg: bytes,
    page: Page,
    unit_pt: float,
    text: TextForm,
    fonts: FontSet | None,
    isolation: Pool | None = None,
) -> bytes:
    """Return `svg`, a document as large as `page` in pt, as a PDF file of one page.

    `svg` must have passed the guard; `unit_pt` is the size of a unit of its drawing in pt, for the resolution of what
    becomes a picture. Texts are set in `fonts`, static ones, and embedded or outlined; without fonts they are left out.
    A worker of `isolation` draws, or without it one that is started for this. Raises SvgEngineError,
    DocumentToolMissingError, and what ends a worker: WorkerTimeLimitError, WorkerMemoryLimitError, WorkerDiedError.
    """
    return _finish(_draw(svg, _raster_scale(page, unit_pt), text, fonts, isolation), page)


def tool_versions() -> dict[str, str]:
    """Names and versions of the code that decides about a file's bytes. Raises DocumentToolMissingError."""
    return {
        "svg2pdf-py": _version("svg2pdf-py"),
        "pikepdf": f"{_version('pikepdf')} (qpdf {_pikepdf().__libqpdf_version__})",
    }


def _raster_scale(page: Page, unit_pt: float) -> float:
    """Pixels of filtered parts for each unit of the drawing."""
    fitting = math.sqrt(RASTER_PIXELS_MAX / (page.full_width * page.full_height))
    return unit_pt * min(RASTER_DPI / PT_PER_INCH, fitting)


def _draw(svg: bytes, raster_scale: float, text: TextForm, fonts: FontSet | None, isolation: Pool | None) -> bytearray:
    if importlib.util.find_spec("svg2pdf_py") is None:
        raise DocumentToolMissingError("svg2pdf-py")
    files = svg_fonts.engine_files(fonts) if fonts is not None else ()
    order = {"raster_scale": raster_scale, "embed_text": text == "embed"}
    with contextlib.nullcontext(isolation) if isolation is not None else Pool(TASKS, workers=1) as pool:
        return pool.call(WRITE_PDF, order, [svg, *files], seconds=SECONDS_MAX).buffers[0]


def _finish(drawn: bytearray, page: Page) -> bytes:
    """Set the boxes and write all anew: qpdf numbers objects as it meets them and sorts keys, so that order is one."""
    pikepdf = _pikepdf()
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        sheet = pdf.pages[0].obj
        full = [0, 0, _number(page.full_width), _number(page.full_height)]
        right, top = _number(page.bleed + page.width), _number(page.bleed + page.height)
        sheet.MediaBox = pikepdf.Array(full)
        sheet.BleedBox = pikepdf.Array(full)
        sheet.TrimBox = pikepdf.Array([_number(page.bleed), _number(page.bleed), right, top])
        pdf.docinfo = pdf.make_indirect(pikepdf.Dictionary(Producer="impasto"))
        whole = io.BytesIO()
        pdf.save(
            whole,
            deterministic_id=True,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.none,
        )
    return whole.getvalue()


def _number(value: float) -> Any:
    """A length as PDF spells it: at most four decimals, a ten-thousandth of a pt, and no exponent."""
    from decimal import Decimal

    return Decimal(f"{value:.4f}".rstrip("0").rstrip("."))


def _pikepdf() -> Any:
    try:
        import pikepdf  # type: ignore[import-not-found, unused-ignore]  # an extra
    except ImportError as error:
        raise DocumentToolMissingError("pikepdf") from error
    return pikepdf


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise DocumentToolMissingError(package) from error
