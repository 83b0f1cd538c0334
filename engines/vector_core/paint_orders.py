"""What is an engine asked to paint, in values that can be sent to another process?

An order names its fonts; their files travel once to each process that does not know them. Pure, and light to import.
"""

import functools
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from engines.vector_core import svg_fonts
from engines.vector_core.svg_fonts import FontSet, Generic

PACKAGED: Final = "packaged"
"""The name of the fonts that every process finds by itself; the empty name is that of no fonts."""

UNKNOWN_FONTS: Final = "unknown-fonts"
"""A worker's answer to an order whose fonts it was never sent."""


class Placement(NamedTuple):
    """Document px to output px: x * scale + offset on each axis."""

    scale_x: float
    scale_y: float
    offset_x: float
    offset_y: float


IN_PLACE = Placement(1.0, 1.0, 0.0, 0.0)
"""A document px is an output px."""


class PaintOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Paint a document of `size` (width, height in document px) on a sheet of (columns, rows), each document px put where `place` says.

    `generic` and `default` are the FontSet's that `fonts` names.
    """

    size: tuple[float, float]
    sheet: tuple[int, int]
    place: Placement = IN_PLACE
    fonts: str = ""
    generic: tuple[tuple[Generic, str], ...] = ()
    default: str = ""


def with_fonts(order: PaintOrder, fonts: FontSet | None) -> PaintOrder:
    """Return `order` with texts in `fonts`; without any they are left out."""
    if fonts is None:
        return order
    if fonts is svg_fonts.packaged():
        return msgspec.structs.replace(order, fonts=PACKAGED)
    return msgspec.structs.replace(order, fonts=_digest(fonts), generic=fonts.generic, default=fonts.default)


def font_set(order: PaintOrder, files: Sequence[bytes | bytearray]) -> FontSet:
    """Return the fonts of `order`, whose files these are: the inverse of `with_fonts`."""
    return FontSet(tuple(map(bytes, files)), order.generic, order.default)


@functools.lru_cache(maxsize=16)
def _digest(fonts: FontSet) -> str:
    """Name fonts by all that is in them: sha256 (hex)."""
    import hashlib  # half of what this module takes to import, and workers never hash fonts

    whole = hashlib.sha256(repr((fonts.generic, fonts.default, [len(data) for data in fonts.files])).encode())
    for data in fonts.files:
        whole.update(data)
    return whole.hexdigest()
