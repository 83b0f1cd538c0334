"""Which files, artifacts and inline drawings does a composition name, and how are they named otherwise?

A layer names its own source and that of its mask. Pure: nothing is read here.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from engines.image_core.composition import Composition, GroupLayer, Layer, LayerMask, RasterLayer, VectorLayer, walk


class Named(NamedTuple):
    """A reference, or a drawing written out as `inline`; `drawing` says whether it must be an SVG or must be a picture."""

    path: str
    """Where in the document it stands (`$.layers[2].mask`)."""
    ref: str | None
    inline: str | None
    drawing: bool


Rename = Callable[[str, bool], str]
"""Told a reference and whether it is of a drawing, returns another one."""


def named(document: Composition) -> Iterator[Named]:
    """Yield every source that `document` names, masks' after their layers'; the same one as often as it stands there."""
    for path, _, layer in walk(document.layers):
        match layer:
            case VectorLayer(src=ref, svg=inline):
                yield Named(path, ref, inline, drawing=True)
            case RasterLayer(src=ref):
                yield Named(path, ref, None, drawing=False)
            case _:
                pass
        if (mask := layer.mask) is not None:
            drawing = mask.picture is None
            yield Named(f"{path}.mask", mask.src if drawing else mask.picture, mask.svg, drawing)


def renamed(layers: tuple[Layer, ...], rename: Rename) -> tuple[Layer, ...]:
    """Return the same layers with every reference replaced by what `rename` says."""

    def one(layer: Layer) -> Layer:
        if layer.mask is not None:
            layer = msgspec.structs.replace(layer, mask=_renamed_mask(layer.mask, rename))
        match layer:
            case RasterLayer(src=str(ref)) | VectorLayer(src=str(ref)):
                return msgspec.structs.replace(layer, src=rename(ref, isinstance(layer, VectorLayer)))
            case GroupLayer(layers=inner):
                return msgspec.structs.replace(layer, layers=renamed(inner, rename))
            case _:
                return layer

    return tuple(one(layer) for layer in layers)


def _renamed_mask(mask: LayerMask, rename: Rename) -> LayerMask:
    if mask.src is not None:
        return msgspec.structs.replace(mask, src=rename(mask.src, True))
    if mask.picture is not None:
        return msgspec.structs.replace(mask, picture=rename(mask.picture, False))
    return mask
