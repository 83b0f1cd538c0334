"""How is a text to be set, and within which limits?

The value that `layout` reads: everything about a text but its characters and fonts. `check` refuses what is out of range
before any work. Nothing is set here.
"""

import math
from typing import Literal, get_args

import msgspec

from engines.typography_core import breaks
from engines.typography_core.bidi import Direction
from engines.typography_core.breaks import LineBreak
from engines.typography_core.errors import TextEncodingError, TextLimitError, TextValueError
from engines.typography_core.tabs import Tabs, stops_of

Align = Literal["left", "center", "right", "justify", "start", "end"]
Fit = Literal["none", "shrink", "grow", "shrink-to-lines"]
Wrap = Literal["greedy", "balance"]
VerticalAlign = Literal["top", "middle", "bottom"]

TEXT_LENGTH_MAX = 100_000
"""Characters: a book chapter. Takes under a second to shape; far more is a document, not a layer."""

SIZE_PX_MAX = 10_000.0
"""px per em: letters taller than any canvas that is exported need more memory than they show."""

WIDTH_PX_MAX = 1_000_000.0
"""px: thirty of the widest canvas; keeps positions exact to 1/16 px in the rasterizer's 24 bits."""

LINE_HEIGHT_MAX = 100.0
"""Multiples of the size."""

LINE_HEIGHT = 1.2
"""Multiples of the size: the usual reading of CSS's `normal`, fixed here so that it does not follow the font."""

TRACKING_MIN, TRACKING_MAX = -1_000.0, 10_000.0
"""Thousandths of an em: letters on top of each other, and ten letters apart."""

LINES_MAX = 100_000
"""As many lines as a text has characters."""

ELLIPSIS = "\u2026"

ELLIPSIS_LENGTH_MAX = 32
"""Characters: room for "... (read more)"."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """How to set a text; lengths in px. `tracking` is in thousandths of an em, added after each cluster but a line's last;
    scripts whose letters join are never tracked. `fit` changes the size until the text fits its box: `shrink` and `grow` in
    width and height (and `max_lines`, if given), `shrink-to-lines` in `max_lines` lines of the width. `word_spacing` is added to spaces
    and no-break spaces, as `tracking` in thousandths of an em. A tab is a space where there are no `tabs`."""

    size: float
    width: float | None = None
    height: float | None = None
    align: Align = "left"
    line_height: float = LINE_HEIGHT
    direction: Direction = "auto"
    language: str = breaks.LANGUAGE
    line_break: LineBreak = "auto"
    hyphenate: bool = False
    features: dict[str, int] = {}
    tracking: float = 0.0
    max_lines: int | None = None
    ellipsis: str = ELLIPSIS
    fit: Fit = "none"
    wrap: Wrap = "greedy"
    indent: float = 0.0
    word_spacing: float = 0.0
    vertical_align: VerticalAlign = "top"
    tabs: Tabs = ()


_RANGES = (
    ("tracking", TRACKING_MIN, TRACKING_MAX),
    ("word_spacing", TRACKING_MIN, TRACKING_MAX),
    ("indent", -WIDTH_PX_MAX, WIDTH_PX_MAX),
)

_CHOICES: dict[str, tuple[str, ...]] = {
    "align": get_args(Align),
    "direction": get_args(Direction),
    "line_break": get_args(LineBreak),
    "fit": get_args(Fit),
    "wrap": get_args(Wrap),
    "vertical_align": get_args(VerticalAlign),
}


def check(text: str, setting: Setting) -> None:
    """Raise TextLimitError, TextEncodingError or TextValueError for the first thing in `text` or `setting` that cannot be."""
    check_text("text", text, TEXT_LENGTH_MAX)
    check_length("size", setting.size, SIZE_PX_MAX, "px")
    check_length("line_height", setting.line_height, LINE_HEIGHT_MAX, "times the size")
    for field in ("width", "height"):
        if (length := getattr(setting, field)) is not None:
            check_length(field, length, WIDTH_PX_MAX, "px")
    # What is as it is when nobody asked for it needs no look: a headline is set in less time than all checks take.
    for field, low, high in _RANGES:
        if getattr(setting, field):
            check_number_in(field, getattr(setting, field), low, high)
    if setting.ellipsis != ELLIPSIS:
        check_text("ellipsis", setting.ellipsis, ELLIPSIS_LENGTH_MAX)
        if not setting.ellipsis.isprintable() and breaks.HARD_BREAK.search(setting.ellipsis):
            raise TextValueError("ellipsis", setting.ellipsis, "text of one line")
    if setting.max_lines is not None:
        if isinstance(setting.max_lines, bool) or not isinstance(setting.max_lines, int):
            raise TextValueError("max_lines", setting.max_lines, "a whole number")
        check_number_in("max_lines", setting.max_lines, 1, LINES_MAX)
    for field, known in _CHOICES.items():
        if getattr(setting, field) not in known:
            raise TextValueError(field, getattr(setting, field), "one of " + ", ".join(known))
    if setting.language != breaks.LANGUAGE:
        breaks.checked_language(setting.language)
    lacking = fit_lacks(setting.fit, setting.width, setting.height, setting.max_lines)
    if lacking is not None:
        raise TextValueError("fit", setting.fit, f"possible without {lacking}")
    if setting.vertical_align != "top" and setting.height is None:
        raise TextValueError("vertical_align", setting.vertical_align, "possible without a height")
    if setting.tabs:
        stops_of(setting.tabs)


def fit_lacks(fit: Fit, width: float | None, height: float | None, max_lines: int | None) -> str | None:
    """Return what `fit` needs and is not given, in words, or None."""
    if fit in ("shrink", "grow") and width is None and height is None:
        return "a width or a height"
    if fit == "shrink-to-lines" and (width is None or max_lines is None):
        return "a width and max_lines"
    return None


def check_text(field: str, text: str, limit: int) -> None:
    """Raise TextLimitError for more than `limit` characters, TextEncodingError for half a surrogate pair."""
    if len(text) > limit:
        raise TextLimitError(field, len(text), limit, "characters")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TextEncodingError(error.start, ord(text[error.start])) from error


def check_length(field: str, value: float, limit: float, unit: str) -> None:
    """Raise TextValueError for what is no number above 0, TextLimitError past `limit`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not (value > 0 and math.isfinite(value)):
        raise TextValueError(field, value, "a number above 0")
    if value > limit:
        raise TextLimitError(field, value, limit, unit)


def check_number_in(field: str, value: float, low: float, high: float) -> None:
    """Raise TextValueError for what is no number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise TextValueError(field, value, f"a number from {low:,g} to {high:,g}")
