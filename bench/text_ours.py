"""How do we set and draw the texts of the race? As a worker does: a request, set, covered."""

from collections.abc import Sequence

from bench import text_cases as says
from bench.text_peers import Ink
from engines.typography_core import layout_cache, raster, shaping, stamps, typeset
from engines.typography_core.layout import TextLayout
from engines.typography_core.typeset import TextRequest, Typesetter


def draw(texts: Sequence[str]) -> None:
    """Set and cover each headline, and let it go."""
    typesetter = Typesetter()
    for text in texts:
        raster.cover(typesetter.set(_headline(text)).runs)


def inks(texts: Sequence[str]) -> list[Ink]:
    """Return what `draw` draws, with the baseline at y = 0."""
    found = []
    for text in texts:
        made = typeset.set_text(_headline(text))
        ink = raster.cover(made.runs, dy=-made.lines[0].baseline)
        found.append(Ink(ink.array, ink.x, ink.y))
    return found


def forget_texts() -> None:
    """Drop what is kept of texts: how they were set, and their shaped runs."""
    layout_cache.PACKAGED.clear()
    shaping.forget()


def forget_all() -> None:
    """Drop letters as well."""
    forget_texts()
    stamps.forget()


def page_of(lines: int) -> TextRequest:
    """Return the page of the fewest sentences that is at least so many lines."""
    low, high = 1, 4 * lines
    while low < high:
        middle = (low + high) // 2
        if len(typeset.set_text(_page(middle)).lines) < lines:
            low = middle + 1
        else:
            high = middle
    return _page(low)


def set_page(request: TextRequest) -> TextLayout:
    """Set a page anew, with its shaped runs at hand."""
    layout_cache.PACKAGED.clear()
    return Typesetter().set(request)


def _headline(text: str) -> TextRequest:
    return TextRequest(text=text, font=says.FAMILY, size=says.HEADLINE_PX)


def _page(sentences: int) -> TextRequest:
    return TextRequest(text=says.page(sentences), font=says.FAMILY, size=says.PAGE_PX, width=says.PAGE_WIDTH_PX)
