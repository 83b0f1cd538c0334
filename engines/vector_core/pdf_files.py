"""How does a drawing become a PDF file whose vectors stay vectors, the same bytes wherever it is made?

svg2pdf draws: it reads SVG by the parser that resvg has, and writes fonts, gradients, masks and blend modes as PDF has
them; filters become pictures. pikepdf finishes: boxes of the page, one order of objects and keys (svg2pdf's follow a
hash table), no date and no random id. Both come with the extra `print`. The main
path is `write_pdf`. PDF 1.7, RGB; CMYK and PDF/X are not made.
"""

import importlib.metadata
import importlib.util
import io
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from engines.errors import EnvironmentFault
from engines.vector_core import pdf_worker, svg_fonts
from engines.vector_core.errors import SvgEngineError, VectorError
from engines.vector_core.pages import PT_PER_INCH, Page, TextForm
from engines.vector_core.svg_fonts import FontSet

RASTER_DPI = 300.0
"""Pixels per inch of paper for what PDF has no vectors for: filters."""

RASTER_PIXELS_MAX = 50_000_000
"""Pixels of one filtered layer as large as the page, 0.2 GB: beyond that its resolution falls."""

APART_SECONDS_MAX = 30
"""Seconds of waiting for the process that draws filters; its own limit on CPU time is lower."""

_REASON_CHARS = 200


class DocumentToolMissingError(VectorError, EnvironmentFault):
    """A package that writes documents is not installed."""

    type = "document-tool-missing"

    def __init__(self, package: str) -> None:
        message = f"PDF needs the package {package}; install it with: pip install 'impasto[print]'"
        super().__init__(message, package=package)


def write_pdf(svg: bytes, page: Page, unit_pt: float, text: TextForm, fonts: FontSet | None) -> bytes:
    """Return `svg`, a document as large as `page` in pt, as a PDF file of one page.

    `svg` must have passed the guard; `unit_pt` is the size of a unit of its drawing in pt, for the resolution of what
    becomes a picture. Texts are set in `fonts`, static ones, and embedded or outlined; without fonts they are left out.
    Raises SvgEngineError, DocumentToolMissingError.
    """
    return _finish(_draw(svg, _raster_scale(page, unit_pt), text, fonts), page)


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


def _draw(svg: bytes, raster_scale: float, text: TextForm, fonts: FontSet | None) -> bytes:
    if importlib.util.find_spec("svg2pdf_py") is None:
        raise DocumentToolMissingError("svg2pdf-py")
    files = svg_fonts.engine_files(fonts) if fonts is not None else ()
    job: pdf_worker.Job = (svg.decode("utf-8"), raster_scale, text == "embed", files)
    if _may_filter(svg):
        return _drawn_apart(job)
    try:
        return pdf_worker.convert(job)
    except BaseException as error:
        # A panic of the Rust code arrives as an exception that is no Exception, of a class that cannot be imported.
        if not isinstance(error, RuntimeError | ValueError) and type(error).__name__ != "PanicException":
            raise
        raise SvgEngineError("svg2pdf", str(error)) from error


def _may_filter(svg: bytes) -> bool:
    """Whether anything could be filtered: a stylesheet may spell the word with escapes, a drawing inside hides it in base64."""
    plain = svg.lower()
    return b"filter" in plain or b"data:" in plain or b"\\" in plain


def _drawn_apart(job: pdf_worker.Job) -> bytes:
    """Draw in a process of its own, whose end is an error here and nothing worse."""
    command = [sys.executable, "-P", str(Path(pdf_worker.__file__))]
    try:
        done = subprocess.run(  # noqa: S603 - our own script, nothing of it from outside
            command, input=msgspec.msgpack.encode(job), capture_output=True, timeout=APART_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise SvgEngineError("svg2pdf", f"took longer than {APART_SECONDS_MAX} s") from error
    if done.returncode == 0:
        return done.stdout
    told = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode == 1:
        raise SvgEngineError("svg2pdf", told)
    raise SvgEngineError("svg2pdf", f"filters beyond the limits of time or memory ({told[:_REASON_CHARS] or 'ended'})")


def _finish(drawn: bytes, page: Page) -> bytes:
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
