"""Which characters can a font draw, kept small and asked quickly?

A set of code points as ranges: a CJK font of 30,000 characters takes a few hundred numbers. Pure; who fills it is `faces`.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable

import msgspec

_FALLS_BACK_TO = {
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f", " "),
    "\u2011": "\u2010",
}
"""What HarfBuzz draws in place of a character that the font does not map: spaces from the space, at their own widths,
and the non-breaking hyphen from the hyphen (hb-ot-shape-normalize)."""

_VISIBLE_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Signs of category Cf that have a shape of their own: they embrace the number that follows (Prepended_Concatenation_Mark)."""

_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""Default_Ignorable_Code_Point of other categories (UAX #44), variation selectors aside."""


COMPOSED_CHARS_MAX = 128
"""Characters that are composed to see whether a font has them together: bringing marks into order takes time by the square of their number,
40 s for 60,000 on one letter. Unicode's own limit is 30 (UAX #15 §13, Stream-Safe Text Format)."""


class Charset(msgspec.Struct, frozen=True):
    """A set of code points: `bounds` alternates the first of a range and the first after it, ascending."""

    bounds: tuple[int, ...] = ()

    @classmethod
    def of(cls, code_points: Iterable[int]) -> "Charset":
        """Return the set of `code_points`, which come in ascending order, each once."""
        bounds: list[int] = []
        for point in code_points:
            if bounds and bounds[-1] == point:
                bounds[-1] = point + 1
            else:
                assert not bounds or point > bounds[-1]
                bounds += (point, point + 1)
        return cls(tuple(bounds))

    def __contains__(self, char: str) -> bool:
        return bisect_right(self.bounds, ord(char)) % 2 == 1

    def __len__(self) -> int:
        return sum(self.bounds[1::2]) - sum(self.bounds[::2])

    def covers(self, text: str) -> bool:
        """Tell whether all of `text` (a grapheme cluster, or more) can be drawn, composed or decomposed.

        What only steers its neighbours, such as variation selectors, joiners and controls, need not be there.
        """
        if all(self._draws(char) for char in text):
            return True
        if len(text) > COMPOSED_CHARS_MAX:
            apart = "".join(unicodedata.normalize("NFD", char) for char in set(text))
            return all(self._draws(char) for char in apart)
        return any(all(self._draws(char) for char in unicodedata.normalize(form, text)) for form in ("NFC", "NFD"))

    def _draws(self, char: str) -> bool:
        return char in self or is_invisible(char) or (_FALLS_BACK_TO.get(char, char) in self)


def is_invisible(char: str) -> bool:
    """Tell whether `char` only steers its neighbours (joiners, marks of direction, variation selectors, controls): no loss alone."""
    category = unicodedata.category(char)
    if category == "Cf":
        return char not in _VISIBLE_FORMATS
    return category == "Cc" or char in _FILLERS or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
