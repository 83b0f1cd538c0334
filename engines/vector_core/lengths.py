"""How large does an SVG document say that it is?

Follows usvg (the parser under resvg): percentages and missing sizes are of the viewBox. Without a viewBox either, they
are those of CSS for a picture that does not tell, where usvg would measure what is drawn. Pure text to numbers; limits
are the guard's concern.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

PX_PER_UNIT = {"": 1.0, "px": 1.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "pt": 96 / 72, "pc": 16.0}
"""CSS Values 4 §6.2: one inch is 96 px. `em` and `ex` follow the document's font size."""

FONT_SIZE_PX = 12.0
"""px: usvg's font size for a document that sets none; `ex` is half an `em` there."""

FALLBACK_WIDTH_PX, FALLBACK_HEIGHT_PX = 300.0, 150.0
"""px: CSS 2.2 §10.3.2 and §10.6.2, for a replaced element without any size of its own."""

TEXT_CHARS_MAX = 256
"""Characters of a length or viewBox; a longer one counts as malformed and costs no matching."""

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})(px|in|cm|mm|pt|pc|em|ex|%)?\s*", re.ASCII)
_VIEW_BOX = re.compile(rf"\s*({_NUMBER})" + rf"(?:\s+|\s*,\s*)({_NUMBER})" * 3 + r"\s*", re.ASCII)


class ViewBox(NamedTuple):
    """The rectangle of user space that fills the document: SVG 2 §8.6."""

    x: float
    y: float
    width: float
    height: float


class DocumentSize(NamedTuple):
    """Width and height in px at scale 1."""

    width: float
    height: float


def parse_view_box(text: str | None) -> ViewBox | None:
    """Return the viewBox, or None where it is missing, malformed or empty, which disables it."""
    match = _VIEW_BOX.fullmatch(text) if text and len(text) <= TEXT_CHARS_MAX else None
    if not match:
        return None
    box = ViewBox(*map(float, match.groups()))
    return box if box.width > 0 and box.height > 0 else None


def document_size(root: Mapping[str, str], view_box: ViewBox | None) -> DocumentSize:
    """Return the size that the attributes of the `root` element ask for. A malformed length counts as missing."""
    font_size = _resolve(root.get("font-size"), None, FONT_SIZE_PX) or FONT_SIZE_PX
    across = _resolve(root.get("width"), view_box.width if view_box else None, font_size)
    down = _resolve(root.get("height"), view_box.height if view_box else None, font_size)
    return DocumentSize(FALLBACK_WIDTH_PX if across is None else across, FALLBACK_HEIGHT_PX if down is None else down)


def _resolve(text: str | None, whole: float | None, font_size: float) -> float | None:
    match = _LENGTH.fullmatch(text) if text and len(text) <= TEXT_CHARS_MAX else None
    if match is None:
        return whole
    number, unit = float(match[1]), match[2] or ""
    if unit == "%":
        return None if whole is None else whole * number / 100
    if unit in ("em", "ex"):
        return number * font_size / (1 if unit == "em" else 2)
    return number * PX_PER_UNIT[unit]
