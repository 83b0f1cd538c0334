"""How do the glyphs of a run look: in which colour, with which stroke, over which lines?

Values that can be stored as JSON; where glyphs go is `layout`'s concern, pixels are `painting`'s. `checked_look` says what types cannot.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engines.colours import Colour, parse_colour
from engines.typography_core.errors import TextValueError

STROKE_PX_MAX = 10_000.0
"""As wide as letters are large."""

MITER_LIMIT_MAX = 100.0
"""Times the width: a corner of one degree."""

STOPS_MAX = 256
DECORATIONS_MAX = 8
"""Lines of one text; people use one or two."""

DECORATION_PX_MAX = 10_000.0

Join = Literal["miter", "round", "bevel"]
_Length = Annotated[float, Meta(ge=-DECORATION_PX_MAX, le=DECORATION_PX_MAX)]


class Stroke(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line along the outlines of glyphs, `width` px wide: all of it outside of them, all inside, or half and half. `order` says
    whether it lies over the glyphs' fill or under it. `miter_limit` is that of SVG: how many times as long as the stroke is wide a
    corner may be before it is cut off."""

    color: str
    width: Annotated[float, Meta(gt=0, le=STROKE_PX_MAX)]
    position: Literal["outside", "center", "inside"] = "outside"
    join: Join = "round"
    miter_limit: Annotated[float, Meta(ge=1, le=MITER_LIMIT_MAX)] = 4.0
    order: Literal["over", "under"] = "over"


class TextGradient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A gradient over the whole box of a text: `kind`, `stops` (offset 0 to 1, colour) and `angle` are those of a gradient layer, and
    drawn by the same code; beyond the box it goes on along its line."""

    stops: Annotated[
        tuple[tuple[Annotated[float, Meta(ge=0, le=1)], str], ...], Meta(min_length=2, max_length=STOPS_MAX)
    ]
    kind: Literal["linear", "radial", "angle", "reflected", "diamond"] = "linear"
    angle: Annotated[float, Meta(ge=-36_000, le=36_000)] = 180.0


class Decoration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A line along a text. Without a `color` it looks as the glyphs do; without `thickness` (px) it is as thick as the font asks for.
    `offset` moves it down, px. `skip_ink` cuts an underline or overline where glyphs cross it (CSS Text Decoration 4 §2.10)."""

    line: Literal["underline", "overline", "line-through"]
    color: str | None = None
    thickness: Annotated[float, Meta(gt=0, le=DECORATION_PX_MAX)] | None = None
    offset: _Length = 0.0
    style: Literal["solid", "double", "dotted", "dashed"] = "solid"
    skip_ink: bool = True


Decorations = Annotated[tuple[Decoration, ...], Meta(max_length=DECORATIONS_MAX)]


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`color` as `engines.colours.parse_colour` reads it; a `gradient` is seen in its place. Glyphs with colours of their own keep
    them, and have no stroke."""

    color: str = "#000000"
    stroke: Stroke | None = None
    gradient: TextGradient | None = None
    decoration: Decorations = ()

    @property
    def colour(self) -> Colour:
        """The colour's parts. Raises `ColourError`."""
        return parse_colour(self.color)

    @property
    def plain(self) -> bool:
        """Whether there is nothing to it but its colour."""
        return self.stroke is None and self.gradient is None and not self.decoration


def checked_look(look: Look) -> Look:
    """Return `look` in its stored form. Raises `TextValueError` for a number or a word that is not allowed, `ColourError` for a colour."""
    try:
        found = msgspec.convert(msgspec.to_builtins(look), Look)
    except msgspec.ValidationError as error:
        raise TextValueError("look", str(error), "what the fields allow") from error
    for _, colour in colours(found):
        parse_colour(colour)
    return found


def colours(look: Look) -> Iterator[tuple[str, str]]:
    """Yield where each colour of `look` stands, as a JSON path from it, and how it is written."""
    yield "color", look.color
    if look.stroke is not None:
        yield "stroke.color", look.stroke.color
    if look.gradient is not None:
        for index, (_, colour) in enumerate(look.gradient.stops):
            yield f"gradient.stops[{index}][1]", colour
    for index, one in enumerate(look.decoration):
        if one.color is not None:
            yield f"decoration[{index}].color", one.color
