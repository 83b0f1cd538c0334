"""From a request for text to coverage: find the font, set the lines, draw them. What text layers and text renders share.

Main path: `draw(request, scale)`. The request is a value that can be stored as JSON; asked again, it gives the same pixels.
"""

from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from engines.typography_core import fonts, layout, raster, shaping
from engines.typography_core.errors import TextValueError


class TextRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text and how to set it; lengths in px. `height` is the box's height as the caller sees it; it cuts nothing."""

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


def checked(request: object) -> TextRequest:
    """Return `request` (a mapping, or the Struct) in its stored form: 40 becomes 40.0, so that equal requests are equal bytes. Raises
    `TextValueError` for wrong types."""
    try:
        return msgspec.convert(msgspec.to_builtins(request), TextRequest)
    except msgspec.ValidationError as error:
        raise TextValueError("text request", str(error), "what the fields allow") from error


class DrawnText(NamedTuple):
    """Coverage (rows, columns) uint8 whose top-left pixel is (x, y) from the box's corner, in output px; and characters without a glyph."""

    coverage: NDArray[np.uint8]
    x: int
    y: int
    missing: tuple[str, ...]


def set_text(request: TextRequest) -> layout.TextLayout:
    """Set the lines of `request`. Raises `UnknownFontError`, `TextValueError`, `TextLimitError`, `TextEncodingError`."""
    font = fonts.find(request.font, request.weight, request.italic)
    return layout.arrange(
        request.text,
        font,
        request.size,
        width=request.width,
        align=request.align,
        line_height=request.line_height,
    )


def draw(request: TextRequest, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0, stretch: float = 1.0) -> DrawnText:
    """Draw `request` at `scale` output px per px, its corner at (dx, dy), `stretch` times as wide as high.

    Raises as `set_text` does, and for too many pixels.
    """
    return draw_set(set_text(request), scale, dx, dy, stretch)


def draw_set(
    text: layout.TextLayout, scale: float = 1.0, dx: float = 0.0, dy: float = 0.0, stretch: float = 1.0
) -> DrawnText:
    """Draw lines that are set already; see `draw`. Raises `TextLimitError` for too many pixels."""
    ink = raster.coverage(text, scale, dx, dy, stretch)
    return DrawnText(ink.array, ink.x, ink.y, text.missing)


def font_hashes(request: TextRequest) -> dict[str, str]:
    """The font files that `request` is drawn with, as `font:<family>[ italic]` -> sha256. Raises `UnknownFontError`."""
    font = fonts.find(request.font, request.weight, request.italic).font
    return {f"font:{font.family}{' italic' if font.italic else ''}": font.sha256}


def producers() -> dict[str, str]:
    """Names and versions of the code that decides about glyph shapes and places."""
    return {"uharfbuzz": shaping.version()}
