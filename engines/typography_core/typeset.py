"""From a request for text to lines that are set in fonts that there are. What text layers and text renders share.

Main path: `Typesetter.set(request)`, then `painting.paint`. The request is a value that can be stored as JSON; asked again, it gives the
same pixels.
"""

import importlib.metadata
from collections.abc import Iterable
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
    merged,
    on_path,
    painting,
    setting,
    shaping,
)
from engines.typography_core.errors import TextValueError
from engines.typography_core.fonts import FontBook, FontInstance
from engines.typography_core.look import Decorations, Look, Stroke, TextGradient, checked_look
from engines.typography_core.on_path import TextPath


class TextRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A text and how to set it; lengths in px, the rest as in `setting.Setting`. `height` is the box's height as the caller sees
    it: `fit` heeds it, and it cuts nothing. `axes` are named as `fonts.FontBook.cascade` says."""

    text: str
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


def checked(request: object) -> TextRequest:
    """Return `request` (a mapping, or the Struct) in its stored form: 40 becomes 40.0, so that equal requests are equal bytes. Raises
    `TextValueError` for wrong types."""
    try:
        return msgspec.convert(msgspec.to_builtins(request), TextRequest)
    except msgspec.ValidationError as error:
        raise TextValueError("text request", str(error), "what the fields allow") from error


class Typesetter:
    """Sets texts in the fonts of one book, each text once. For one thread."""

    def __init__(self, book: FontBook | None = None) -> None:
        """`book` are the fonts that there are; without one, those of the font packages."""
        self._book = fonts.packaged() if book is None else book
        self._known: dict[bytes, layout.TextLayout] = {}

    def set(self, request: TextRequest) -> layout.TextLayout:
        """Set the lines of `request`. Raises `UnknownFontError`, `TextValueError`, `TextLimitError`, `TextEncodingError`."""
        key = msgspec.msgpack.encode(request)
        if key not in self._known:
            if not self._book.own and self._book.packaged is fonts.packaged().packaged:
                self._known[key] = layout_cache.PACKAGED.get(key, lambda: self._set(request))
            else:
                self._known[key] = self._set(request)
        return self._known[key]

    def _set(self, request: TextRequest) -> layout.TextLayout:
        found: dict[str, tuple[FontInstance, ...]] = {}

        def cascade(script: str) -> tuple[FontInstance, ...]:
            if script not in found:
                asked = (request.font, request.weight, request.italic, request.axes)
                found[script] = self._book.cascade(*asked, script)
            return found[script]

        if request.path is not None:
            on_path.check(request.path, request.width, request.fit, bool(request.decoration))
        shared = {name: getattr(request, name) for name in _SHARED}
        text = layout.lay_out(request.text, cascade, setting.Setting(**shared))
        return text if request.path is None else on_path.bent(text, request.path)


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


def look_of(request: TextRequest) -> Look:
    """How `request` asks for its glyphs to look. Raises `ColourError`."""
    look = Look(color=request.color, stroke=request.stroke, gradient=request.gradient, decoration=request.decoration)
    return checked_look(look)


def used(texts: Iterable[layout.TextLayout]) -> list[FontInstance]:
    """The fonts that decide about `texts`: those of their glyphs, and the first asked for, which says how high lines are."""
    return [font for text in texts for font in (text.font, *(run.font for run in text.runs))]


def producers(texts: Iterable[layout.TextLayout], stroked: bool = False) -> dict[str, str]:
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
    return known | ({"pillow": importlib.metadata.version("pillow")} if pictures else {})
