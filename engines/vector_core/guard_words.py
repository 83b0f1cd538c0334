"""Which names of elements and attributes does a quick look at an SVG know, and what is each to it?

A name that is not here is nothing to skip: its element is looked at in full. Pure tables, as arrays that a kernel reads.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

PLAIN_TAG, SHAPE_TAG, TEXT_TAG, STYLE_TAG, LINK_TAG = range(1, 6)
"""What a tag is: nothing by itself, an outline, text or a span of it, a stylesheet, a link."""

_TAGS = {
    **dict.fromkeys(("path", "line", "polyline", "polygon", "rect", "circle", "ellipse"), SHAPE_TAG),
    **dict.fromkeys(("text", "tspan", "textPath", "tref"), TEXT_TAG),
    **dict.fromkeys(("g", "defs", "symbol", "use", "clipPath", "mask", "marker", "switch"), PLAIN_TAG),
    **dict.fromkeys(("linearGradient", "radialGradient", "stop", "title", "desc", "metadata"), PLAIN_TAG),
    "style": STYLE_TAG,
    "a": LINK_TAG,
}

NUMBERS_KEY, OUTLINE_KEY, POINTS_KEY, ID_KEY, HREF_KEY, STYLE_KEY, FUNCTION_KEY, MOVE_KEY, CLOSER_KEY = range(1, 10)
"""What an attribute holds: numbers, path data, points, an id, a reference, declarations, filter functions, a transform, or what only
the full look judges."""

_KEYS = {
    **dict.fromkeys(("x", "y", "width", "height", "r", "rx", "ry", "cx", "cy", "x1", "y1", "x2", "y2"), NUMBERS_KEY),
    **dict.fromkeys(("fx", "fy", "fr", "dx", "dy", "stroke-width", "font-size"), NUMBERS_KEY),
    "d": OUTLINE_KEY,
    "points": POINTS_KEY,
    "id": ID_KEY,
    "href": HREF_KEY,
    "xlink:href": HREF_KEY,
    "style": STYLE_KEY,
    "filter": FUNCTION_KEY,
    "transform": MOVE_KEY,
    "xml:base": CLOSER_KEY,
}

_ENTITIES = dict.fromkeys(("lt", "gt", "amp", "quot", "apos"), 1)
"""Those that every document has (XML 1.0 §4.6)."""

NAME_BYTES_MAX = 16
"""Bytes of the longest name in the tables, and what a row of them holds."""


class Words(NamedTuple):
    """Names in the order of their lengths: those of n bytes are rows `starts[n]` to before `starts[n + 1]` of `names`."""

    names: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    meanings: npt.NDArray[np.int64]


def _table(meanings: Mapping[str, int]) -> Words:
    ordered = sorted(meanings, key=lambda name: (len(name), name))
    names = np.zeros((len(ordered), NAME_BYTES_MAX), np.uint8)
    for row, name in zip(names, ordered, strict=True):
        row[: len(name)] = np.frombuffer(name.encode("ascii"), np.uint8)
    lengths = np.array([len(name) for name in ordered])
    starts = np.searchsorted(lengths, np.arange(NAME_BYTES_MAX + 2)).astype(np.int64)
    return Words(names, starts, np.array([meanings[name] for name in ordered], np.int64))


TAGS = _table(_TAGS)
KEYS = _table(_KEYS)
ENTITIES = _table(_ENTITIES)
