"""How do the glyphs of a run look: in which colour?

A value that can be stored as JSON; where glyphs go is `layout`'s concern, pixels are `painting`'s.
"""

import msgspec

from engines.colours import Colour, parse_colour


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """`color` as `engines.colours.parse_colour` reads it."""

    color: str = "#000000"

    @property
    def colour(self) -> Colour:
        """The colour's parts. Raises `ColourError`."""
        return parse_colour(self.color)
