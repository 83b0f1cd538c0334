"""From a request for text to lines that are set in fonts that there are. What text layers and text renders share.

Main path: `Typesetter.set(request)`, then `painting.paint`. The request is a value that can be stored as JSON; asked again, it gives the
same pixels.
"""

import functools
import importlib.metadata
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from engines.typography_core import (
    bidi,
    breaks,
    colour_glyphs,
    fonts,
    layout,
    layout_cache,
    markup,
    merged,
    on_path,
    painting,
    rich_text,
    setting,
    shaping,
    svg_glyphs,
)
from engines.typography_core.errors import TextEncodingError, TextValueError
from engines.typography_core.fonts import FontBook, FontInstance
from engines.typography_core.look import Decorations, Look, Stroke, TextGradient, checked_look
from engines.typography_core.markup import MARKUP_LENGTH_MAX
from engines.typography_core.on_path import TextPath
from engines.typography_core.rich_text import TextRun
from engines.typography_core.styles import Cascade
from engines.typography_core.svg_glyphs import DrawSvg
from engines.typography_core.tabs import Tabs


class TextRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A text and how to set it; lengths in px, the rest as in `setting.Setting`. `height` is the box's height as the caller sees
    it: `fit` and `vertical_align` heed it, and it cuts nothing. `axes` are named as `fonts.FontBook.cascade` says. The text is in one of
    `text`, `runs` and `markup`."""

    text: str | None = None
    font: str
    size: float
    weight: Annotated[float, Meta(ge=1, le=1000)] = 400.0
    italic: bool = False
    color: str = "#000000"
    width: float | None = None
    height: float | None = None
    align: layout.Align = "left"
    line_height: float = layout.LINE_HEIGHT
    direction: bidi.Direction = "auto"
    language: str = breaks.LANGUAGE
    line_break: breaks.LineBreak = "auto"
    hyphenate: bool = False
    features: dict[str, int] = {}
    axes: dict[str, float] = {}
    tracking: float = 0.0
    max_lines: int | None = None
    ellipsis: str = setting.ELLIPSIS
    fit: setting.Fit = "none"
    wrap: setting.Wrap = "greedy"
    indent: float = 0.0
    stroke: Stroke | None = None
    gradient: TextGradient | None = None
    decoration: Decorations = ()
    path: TextPath | None = None
    word_spacing: float = 0.0
    vertical_align: setting.VerticalAlign = "top"
    tabs: Tabs = ()
    runs: rich_text.Runs = ()
    markup: Annotated[str, Meta(max_length=MARKUP_LENGTH_MAX)] | None = None


def checked(request: object) -> TextRequest:
    """Return `request` (a mapping, or the Struct) in its stored form: 40 becomes 40.0, so that equal requests are equal bytes. Raises
    `TextValueError` for wrong types."""
    try:
        return msgspec.convert(msgspec.to_builtins(request), TextRequest)
    except msgspec.ValidationError as error:
        raise TextValueError("text request", str(error), "what the fields allow") from error


class Typesetter:
    """Sets texts in the fonts of one book, each text once. For one thread."""

    def __init__(self, book: FontBook | None = None, draw_svg: DrawSvg | None = None) -> None:
        """`book` are the fonts that there are; without one, those of the font packages. `draw_svg` will draw glyphs in SVG: without it
        their characters count as missing."""
        self.draw_svg = draw_svg
        self._book = fonts.packaged() if book is None else book
        self._known: dict[bytes, layout.TextLayout] = {}
        self._cascades: dict[object, Cascade] = {}

    def set(self, request: TextRequest) -> layout.TextLayout:
        """Set the lines of `request`. Raises `UnknownFontError`, `TextValueError`, `TextLimitError`, `TextEncodingError`."""
        try:
            key = msgspec.msgpack.encode(request)
        except UnicodeEncodeError as error:
            raise TextEncodingError(error.start, ord(error.object[error.start])) from error
        except OverflowError as error:
            raise TextValueError(
                "text request", "a whole number of more than 64 bits", "what the fields allow"
            ) from error
        if key not in self._known:
            if not self._book.own and self._book.packaged is fonts.packaged().packaged:
                self._known[key] = layout_cache.PACKAGED.get(key, lambda: self._set(request))
            else:
                self._known[key] = self._set(request)
        return self._known[key]

    def _set(self, request: TextRequest) -> layout.TextLayout:
        if request.path is not None:
            on_path.check(request.path, request.width, request.fit, bool(request.decoration))
        text = self._in_lines(request)
        if self.draw_svg is not None and text.missing:
            text = msgspec.structs.replace(text, missing=svg_glyphs.still_missing(text))
        return text if request.path is None else on_path.bent(text, request.path)

    def _in_lines(self, request: TextRequest) -> layout.TextLayout:
        cascade = self._cascade(request.font, request.weight, request.italic, request.axes)
        shared = setting.Setting(**{name: getattr(request, name) for name in _SHARED})
        runs = runs_of(request)
        if runs is None:
            return layout.lay_out(request.text or "", cascade, shared)
        setting.check(rich_text.text_of(runs), shared)
        base = rich_text.Base(*(getattr(request, name) for name in rich_text.Base._fields))
        spans = rich_text.spans_of(runs, base, look_of(request), self._cascade)
        return layout.lay_out(rich_text.text_of(runs), cascade, shared, spans=spans)

    def _cascade(self, family: str, weight: float, italic: bool, axes: Mapping[str, float]) -> Cascade:
        """Return where to look for glyphs; the same one for the same values."""
        key = (family, weight, italic, tuple(sorted(axes.items())))
        if key not in self._cascades:
            found = functools.partial(self._book.cascade, family, weight, italic, axes)
            self._cascades[key] = functools.cache(found)
        return self._cascades[key]


_SHARED = tuple(name for name in setting.Setting.__struct_fields__ if name in TextRequest.__struct_fields__)
assert len(_SHARED) == len(setting.Setting.__struct_fields__), "a request can ask for everything that a setting holds"


def set_text(request: TextRequest, book: FontBook | None = None) -> layout.TextLayout:
    """Set one text; see `Typesetter.set`."""
    return Typesetter(book).set(request)


def draw(
    request: TextRequest, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0, stretch: float = 1.0
) -> painting.DrawnText:
    """Set and paint `request` in packaged fonts; see `painting.paint`."""
    return painting.paint(set_text(request), look_of(request), scale, dx, dy, stretch)


def runs_of(request: TextRequest) -> tuple[TextRun, ...] | None:
    """Return the runs of `request`, None where its text is all in one style. Raises TextValueError for a text given twice or not at
    all, MarkupError."""
    given = [name for name in ("runs", "markup") if getattr(request, name)]
    if request.markup == "":
        given.append("markup")
    if request.text and given:
        raise TextValueError("text", request.text, f"possible beside {given[0]}")
    if len(given) > 1:
        raise TextValueError("markup", request.markup, "possible beside runs")
    if not given and request.text is None:
        raise TextValueError("text", None, "a text: give `text`, `runs` or `markup`")
    if request.markup is not None:
        return markup.parse(request.markup, request.size)
    return request.runs or None


def plain_text(request: TextRequest) -> str:
    """Return the characters of `request`, as they are read. Raises as `runs_of` does."""
    runs = runs_of(request)
    return request.text or "" if runs is None else rich_text.text_of(runs)


def look_of(request: TextRequest) -> Look:
    """How `request` asks for its glyphs to look. Raises `ColourError`."""
    look = Look(color=request.color, stroke=request.stroke, gradient=request.gradient, decoration=request.decoration)
    return checked_look(look)


def used(texts: Iterable[layout.TextLayout]) -> list[FontInstance]:
    """The fonts that decide about `texts`: those of their glyphs, and the first ones asked for, which say how high lines are."""
    return [font for text in texts for font in (text.font, *text.asked, *(run.font for run in text.runs))]


def producers(
    texts: Iterable[layout.TextLayout], draw_svg: DrawSvg | None = None, *, stroked: bool = False
) -> dict[str, str]:
    """Names and versions of the code that decides about glyph shapes, colours and places in `texts`, some of which are `stroked`."""
    texts = list(texts)
    known = {
        "uharfbuzz": shaping.version(),
        "icu4py": breaks.version(),
        "fonttools": importlib.metadata.version("fonttools"),
    }
    # Pictures inside fonts are decoded and scaled by Pillow.
    pictures = any(colour_glyphs.has_strikes(text.runs) for text in texts)
    if stroked or any(run.look is not None and run.look.stroke is not None for text in texts for run in text.runs):
        known["skia-pathops"] = merged.version()
    if draw_svg is not None and any(svg_glyphs.has_svg(text.runs) for text in texts):
        known |= draw_svg.producers()
    return known | ({"pillow": importlib.metadata.version("pillow")} if pictures else {})
