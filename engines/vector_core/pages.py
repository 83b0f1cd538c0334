"""How large is the page of a document, and where on it does the drawing lie?

Pixels become points by a resolution, a bleed goes around, and the boxes of print follow (PDF 2.0 §14.11.2): the trim is
the drawing's own size, the page is the trim and the bleed. What an SVG has outside its own canvas shows in the bleed.
Pure: numbers in, numbers and the attributes of an SVG root out.
"""

import math
from typing import Annotated, Literal, NamedTuple, get_args

import msgspec
from msgspec import Meta

from engines.errors import RequestError
from engines.vector_core.cleaning import SVG_NAMESPACE, Root
from engines.vector_core.guard import SvgFacts

DocumentFormat = Literal["pdf", "ps", "eps", "svg"]
DOCUMENT_FORMATS: tuple[DocumentFormat, ...] = get_args(DocumentFormat)
TextForm = Literal["embed", "outline"]

PT_PER_INCH = 72.0
MM_PER_INCH = 25.4
CSS_PX_PER_INCH = 96.0
"""CSS Values 4 §6.2."""

PAGE_SIDE_PT_MAX = 14_400.0
"""pt: the largest page that readers of PDF promise to show, 200 inches (PDF 1.7, annex C)."""
PAGE_SIDE_PT_MIN = 3.0
"""pt: the smallest one, by the same annex."""
DPI_MIN, DPI_MAX = 1.0, 4800.0
"""px per inch: from a poster on a house to a plate setter."""
BLEED_MM_MAX = 100.0
"""mm: sheets have 3 to 5, banners up to 50."""


class DocumentValueError(RequestError):
    """`field` of a document that was asked for holds `value`, which is not `allowed`."""

    type = "document-value"

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"document {field}: {value!r} is not {allowed}", field=field, value=value, allowed=allowed)


class DocumentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document to make of a drawing. All of it is part of the document's render_key."""

    format: DocumentFormat
    dpi: Annotated[float, Meta(ge=DPI_MIN, le=DPI_MAX)] = CSS_PX_PER_INCH
    """Pixels of the drawing per inch of paper; an SVG for screens has its own pixels, and this counts for nothing."""
    bleed_mm: Annotated[float, Meta(ge=0, le=BLEED_MM_MAX)] = 0.0
    """Millimetres around the trim, for PDF."""
    text: TextForm = "embed"
    """Whether PDF holds texts as texts, with the parts of their fonts that they use, or as outlines."""


class Page(NamedTuple):
    """A page in pt, origin at its top left: the trim is `width` x `height` at (`bleed`, `bleed`)."""

    width: float
    height: float
    bleed: float

    @property
    def full_width(self) -> float:
        """Of the page, bleed included."""
        return self.width + 2 * self.bleed

    @property
    def full_height(self) -> float:
        """Of the page, bleed included."""
        return self.height + 2 * self.bleed


def checked_request(request: object) -> DocumentRequest:
    """Return a request from a mapping (or the Struct). Raises DocumentValueError naming the field."""
    try:
        asked = msgspec.convert(msgspec.to_builtins(request), DocumentRequest)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        known = f"one of {', '.join(DOCUMENT_FORMATS)}" if place.startswith("format") else reason
        raise DocumentValueError(place.rstrip("`") or "request", request, known) from error
    if not (math.isfinite(asked.dpi) and math.isfinite(asked.bleed_mm)):
        raise DocumentValueError("dpi, bleed_mm", (asked.dpi, asked.bleed_mm), "finite numbers")
    if asked.bleed_mm and asked.format != "pdf":
        raise DocumentValueError("bleed_mm", asked.bleed_mm, f"0: {asked.format} has no boxes for it, pdf has")
    return asked


def page_of(width_px: float, height_px: float, request: DocumentRequest) -> Page:
    """Return the page for a drawing of `width_px` x `height_px`. Raises DocumentValueError past the limits of PDF."""
    scale = PT_PER_INCH / (CSS_PX_PER_INCH if request.format == "svg" else request.dpi)
    page = Page(width_px * scale, height_px * scale, request.bleed_mm / MM_PER_INCH * PT_PER_INCH)
    full = (page.full_width, page.full_height)
    if request.format != "svg" and not (min(full) >= PAGE_SIDE_PT_MIN and max(full) <= PAGE_SIDE_PT_MAX):
        shown = f"{full[0]:g} x {full[1]:g} pt"
        raise DocumentValueError("dpi", shown, f"{PAGE_SIDE_PT_MIN:g} to {PAGE_SIDE_PT_MAX:g} pt a side")
    return page


def root_of(facts: SvgFacts, page: Page) -> Root:
    """Return what makes an SVG a drawing of exactly `page`, one unit of its canvas to the pt.

    With a bleed the document moves into another one, with nothing cut off at its own edge (SVG 2 §8.5).
    """
    box = facts.view_box
    sized: dict[str, str | None] = {
        "x": None,
        "y": None,
        "width": number(page.width),
        "height": number(page.height),
        "viewBox": " ".join(map(number, box or (0.0, 0.0, facts.width_px, facts.height_px))),
    }
    if not page.bleed:
        return Root(sized)
    width, height = number(page.full_width), number(page.full_height)
    around = f'<svg xmlns="{SVG_NAMESPACE}" width="{width}" height="{height}">'
    corner = number(page.bleed)
    return Root(sized | {"x": corner, "y": corner, "overflow": "visible"}, around)


def unit_pt(facts: SvgFacts, page: Page) -> float:
    """Return how many pt a unit of the drawing's own canvas is: the greater one where it is stretched."""
    box = facts.view_box
    width, height = (box.width, box.height) if box else (facts.width_px, facts.height_px)
    return max(page.width / width, page.height / height)


def number(value: float) -> str:
    """Spell a length with ten digits at most, which are finer than any device, without a locale.

    >>> number(595.2755905511812)
    '595.2755906'
    """
    return f"{value:.10g}"
