"""Is a cluster to be drawn as a colour emoji or as a sign of text, and which font of a cascade does that?

UTS #51 §1.4.4 and §4.3: what a variation selector says (U+FE0F as emoji, U+FE0E as text), else what the character is by itself. Flags,
keycaps, skin tones and joined sequences are one cluster (`breaks.graphemes`), and thus in one font. Pure, given fonts. A table of our
own, for neither Python nor icu4py has the property. The main path is `choose`.
"""

import re
from collections.abc import Callable, Sequence
from typing import Literal

from engines.typography_core.font_types import FontInstance

Presentation = Literal["emoji", "text"]

UNICODE_VERSION = "18.0"

AS_TEXT, AS_EMOJI = "\ufe0e", "\ufe0f"
"""Variation selectors 15 and 16."""

_RANGES = """
    231a-231b 23e9-23ec 23f0 23f3 25fd-25fe 2614-2615 2648-2653 267f 2693 26a1 26aa-26ab 26bd-26be 26c4-26c5 26ce 26d4 26ea
    26f2-26f3 26f5 26fa 26fd 2705 270a-270b 2728 274c 274e 2753-2755 2757 2795-2797 27b0 27bf 2b1b-2b1c 2b50 2b55 1f004 1f0cf
    1f18e 1f191-1f19a 1f1e6-1f1ff 1f201 1f21a 1f22f 1f232-1f236 1f238-1f23a 1f250-1f251 1f300-1f320 1f32d-1f335 1f337-1f37c
    1f37e-1f393 1f3a0-1f3ca 1f3cf-1f3d3 1f3e0-1f3f0 1f3f4 1f3f8-1f43e 1f440 1f442-1f4fc 1f4ff-1f53d 1f54b-1f54e 1f550-1f567
    1f57a 1f595-1f596 1f5a4 1f5fb-1f64f 1f680-1f6c5 1f6cc 1f6d0-1f6d2 1f6d5-1f6d9 1f6dc-1f6df 1f6eb-1f6ec 1f6f4-1f6fc
    1f7e0-1f7eb 1f7f0 1f90c-1f93a 1f93c-1f945 1f947-1f9ff 1fa70-1fa7c 1fa80-1fac6 1fac8 1facc-1fadd 1fadf-1faeb 1faef-1fafa
"""
"""Emoji_Presentation=Yes, code points in hex (emoji-data.txt)."""


def _pattern() -> "re.Pattern[str]":
    ends = (chunk.partition("-") for chunk in _RANGES.split())
    return re.compile("[" + "".join(f"\\U{first:>08}-\\U{last or first:>08}" for first, _, last in ends) + "]")


_BY_ITSELF = _pattern()


def presentation(cluster: str) -> Presentation | None:
    """Return how `cluster` asks to be drawn; None where it has no wish: then the order of the fonts decides.

    >>> presentation("\u231a"), presentation("\u231a\ufe0e"), presentation("\u2764"), presentation("\u2764\ufe0f")
    ('emoji', 'text', None, 'emoji')
    """
    if cluster.isascii():
        return None
    if AS_EMOJI in cluster:
        return "emoji"
    if AS_TEXT in cluster:
        return "text"
    return "emoji" if _BY_ITSELF.search(cluster) else None


def choose(
    asked: Sequence[FontInstance],
    cluster: str,
    covers: Callable[[FontInstance, str], bool],
    coloured: Callable[[FontInstance], bool],
) -> FontInstance:
    """Return the first font of `asked` that has all of `cluster` and draws it as it asks to be; else the first that has it; else the
    first of all."""
    having = (font for font in asked if covers(font, cluster))
    wish = presentation(cluster)
    if wish is None:
        return next(having, asked[0])
    every = list(having)
    fitting = (font for font in every if coloured(font) == (wish == "emoji"))
    return next(fitting, every[0] if every else asked[0])
