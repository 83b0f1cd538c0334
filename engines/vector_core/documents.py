"""How does a drawing become a document: PDF, PostScript, or an SVG with nothing in it but the drawing?

Plain values in, bytes out. The guard runs first, always; then the drawing is
cleaned and laid on a page, and a writer of its format takes over. Same arguments, same bytes, on any machine. The main
path is `write_document`.
"""

import pyexpat
from typing import NamedTuple

from engines.isolation.pool import Pool
from engines.vector_core import cleaning, font_instances, guard, pages, pdf_files, postscript, spreads, svg_fonts
from engines.vector_core.errors import VectorError
from engines.vector_core.guard import SvgFacts
from engines.vector_core.pages import DocumentRequest, Page
from engines.vector_core.scene_read import read_svg
from engines.vector_core.scene_write import write_svg
from engines.vector_core.svg_fonts import FontSet

DOCUMENT_VERSION = "2"
"""Raised whenever any byte of a document may change by our doing: it is part of every document's render_key. 2: gradients that
repeat or reflect do so in PDF, in documents that scenes can hold."""


class Document(NamedTuple):
    """A finished file, and the size of its page: of an SVG, its canvas at 96 px an inch."""

    content: bytes
    page: Page
    has_text: bool
    """Whether it holds texts, embedded or outlined."""


def write_document(
    svg: bytes, request: DocumentRequest, fonts: FontSet | None = None, isolation: Pool | None = None
) -> Document:
    """Return `svg` as the document that `request` asks for; texts in `fonts`, by default the packaged ones.

    `isolation` are workers for the engines, with `tasks.TASKS`. Without them PDF is drawn in a worker of its own, and
    PostScript in this process. Raises SvgRefusedError, DocumentValueError, SvgEngineError, UnfaithfulDocumentError,
    CairoMissingError, DocumentToolMissingError, and what ends a worker.
    """
    admitted = guard.admit(guard.decode(svg))
    facts = admitted.facts
    page = pages.page_of(facts.width_px, facts.height_px, request)
    return Document(_written(admitted.svg, facts, page, request, fonts, isolation), page, facts.has_text)


def _written(
    plain: bytes,
    facts: SvgFacts,
    page: Page,
    request: DocumentRequest,
    fonts: FontSet | None,
    isolation: Pool | None,
) -> bytes:
    match request.format:
        case "svg":
            return cleaning.clean(plain)
        case "pdf":
            laid = cleaning.clean(_padding(plain), pages.root_of(facts, page))
            known = fonts or svg_fonts.packaged() if facts.has_text else None
            static = font_instances.static_fonts(known, laid.decode("utf-8")) if known is not None else None
            return pdf_files.write_pdf(laid, page, pages.unit_pt(facts, page), request.text, static, isolation)
        case "ps" | "eps":
            postscript.check_faithful(cleaning.clean(plain), facts, isolation)
            laid = cleaning.clean(plain, pages.root_of(facts, page))
            return postscript.write_postscript(laid, page, encapsulated=request.format == "eps", isolation=isolation)


def _padding(plain: bytes) -> bytes:
    """Return a document that scenes can hold without gradients that repeat or reflect, of which PDF's writer keeps one stretch."""
    if b"spreadMethod" not in plain:
        return plain
    try:
        return write_svg(spreads.unrolled(read_svg(plain).scene))
    except VectorError:
        return plain


def producers(request: DocumentRequest) -> dict[str, str]:
    """Names and versions of the code that decides about the bytes. Raises CairoMissingError, DocumentToolMissingError."""
    ours = {"impasto-documents": DOCUMENT_VERSION, "expat": pyexpat.EXPAT_VERSION.removeprefix("expat_")}
    match request.format:
        case "svg":
            return ours
        case "pdf":
            return ours | pdf_files.tool_versions() | font_instances.tool_versions()
        case "ps" | "eps":
            return ours | postscript.tool_versions()
