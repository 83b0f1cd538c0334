"""Which static fonts stand in for a variable one, for a writer that knows no axes?

svg2pdf takes a variable font as it is without variation, so that bold texts would come out regular. Here each variable
file becomes one static file for every weight that a document asks for. The optical size is that of the document's
largest text: a page of several sizes is exact for that one, and for others as far as their own size is no other
instance. The only file of this package that imports uharfbuzz. The main path is `static_fonts`.
"""

import functools
import importlib.metadata
import re
from typing import NamedTuple

import msgspec

from engines.vector_core.lengths import FONT_SIZE_PX, PX_PER_UNIT
from engines.vector_core.pages import DocumentValueError
from engines.vector_core.svg_fonts import FontSet

WEIGHTS_MAX = 16
"""Weights of one document: CSS names nine; each costs 20 ms and a copy of the font."""

_PROPERTY = re.compile(r"font(-weight|-size)?\s*(?::|=\s*[\"'])\s*([^;\"'}<>]{1,200})")
_SIZE = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(px|pt|pc|in|cm|mm)?(?:/.*)?", re.ASCII)
_WEIGHT = re.compile(r"\d{1,4}(?:\.\d+)?", re.ASCII)
_NAMED = {"normal": (400.0,), "bold": (700.0,), "bolder": (700.0, 900.0), "lighter": (100.0,)}
_REGULAR = 400.0
_WEIGHT_LEAST, _WEIGHT_MOST = 1.0, 1000.0


class Wanted(NamedTuple):
    """What texts of a document ask a font for: weights in order (CSS, 1 to 1000), and the largest size in px."""

    weights: tuple[float, ...]
    size_px: float


def static_fonts(fonts: FontSet, svg: str) -> FontSet:
    """Return `fonts` with every variable file replaced by those instances that `svg` needs; others stay as they are.

    Raises DocumentValueError for more than `WEIGHTS_MAX` weights.
    """
    asked = wanted(svg)
    files = (made for data in fonts.files for made in _instances(data, asked))
    return msgspec.structs.replace(fonts, files=tuple(files))


def wanted(svg: str) -> Wanted:
    """Return which weights and size stand anywhere in `svg`, in attributes and styles: rather too many than too few."""
    weights, sizes = {_REGULAR}, {FONT_SIZE_PX}
    for which, value in _PROPERTY.findall(svg):
        for word in value.lower().split():
            if which != "-size":
                weights.update(_NAMED.get(word, ()))
                if _WEIGHT.fullmatch(word) and _WEIGHT_LEAST <= float(word) <= _WEIGHT_MOST:
                    weights.add(float(word))
            if which != "-weight" and (size := _SIZE.fullmatch(word)) and (size[2] or which):
                sizes.add(float(size[1]) * PX_PER_UNIT[size[2] or ""])
    if len(weights) > WEIGHTS_MAX:
        raise DocumentValueError("text", f"{len(weights)} weights", f"{WEIGHTS_MAX} weights of fonts at most")
    return Wanted(tuple(sorted(weights)), max(sizes))


@functools.lru_cache(maxsize=8)
def _instances(data: bytes, asked: Wanted) -> tuple[bytes, ...]:
    """Static copies of a variable font, one for each weight within its axis; the file itself if it has no axes."""
    import uharfbuzz as hb

    face = hb.Face(data)
    axes = {axis.tag: axis for axis in face.axis_infos}
    if not axes:
        return (data,)
    weight_axis = axes.get("wght")
    weights = asked.weights if weight_axis is not None else (_REGULAR,)
    if weight_axis is not None:
        weights = tuple(dict.fromkeys(min(max(w, weight_axis.min_value), weight_axis.max_value) for w in weights))
    made = []
    for weight in weights:
        plan = hb.SubsetInput()
        plan.keep_everything()
        plan.pin_all_axes_to_default(face)
        if weight_axis is not None:
            plan.pin_axis_location(face, "wght", weight)
        if (optical := axes.get("opsz")) is not None:
            size = min(max(asked.size_px, optical.min_value), optical.max_value)
            plan.pin_axis_location(face, "opsz", size)
        made.append(bytes(hb.subset(face, plan).blob.data))
    return tuple(made)


def tool_versions() -> dict[str, str]:
    """Name and version of the code that makes the instances."""
    return {"uharfbuzz": importlib.metadata.version("uharfbuzz")}
