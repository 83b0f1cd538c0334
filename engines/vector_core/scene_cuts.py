"""Which clips and masks of a scene do `clip-path` and `mask` of an SVG stand for (CSS Masking 1).

Serves `scene_read`, which hands in the document and a way to read what a mask holds.
"""

from collections.abc import Callable
from typing import cast, get_args

import msgspec

from engines.vector_core import affine, svg_geometry, svg_values
from engines.vector_core.affine import Matrix
from engines.vector_core.scene import Clip, Mask, MaskKind, Node, Shape, Units
from engines.vector_core.scene_check import SCENE_DEPTH_MAX
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.scene_paints import measure
from engines.vector_core.svg_document import GEOMETRY_TAGS, Context, Document, title_of, url_target
from engines.vector_core.svg_tree import Element


class Cuts:
    """The clips and masks of one document, each read once."""

    def __init__(self, document: Document, read_children: Callable[[Element, Context], tuple[Node, ...]]) -> None:
        self._document = document
        self._read_children = read_children
        self._clips: dict[str, Clip | None] = {}
        self._masks: dict[str, Mask | None] = {}
        self._open: set[str] = set()

    def clip(self, element: Element, text: str, context: Context) -> Clip | None:
        """Return what the value `text` of an element's `clip-path` means; a missing clip cuts nothing."""
        name = url_target(text)
        target = self._document.elements.get(name)
        if target is None or target.tag != "clipPath":
            if text not in ("none", "") and not name:
                self._document.unsupported(element, f"clip-path {text}")
            return None
        if name not in self._clips:
            if name in self._open:
                self._document.unsupported(element, f"clips in a circle at #{name}")
                return None
            self._check_depth(target)
            self._open.add(name)
            self._clips[name] = self._make_clip(target, context)
            self._open.discard(name)
        return self._clips[name]

    def mask(self, element: Element, text: str, context: Context) -> Mask | None:
        """Return what the value `text` of an element's `mask` means; a missing mask covers nothing."""
        name = url_target(text)
        target = self._document.elements.get(name)
        if target is None or target.tag != "mask":
            return None
        if name not in self._masks:
            if name in self._open:
                self._document.unsupported(element, f"masks in a circle at #{name}")
                return None
            self._check_depth(target)
            self._open.add(name)
            self._masks[name] = self._make_mask(target, context)
            self._open.discard(name)
        return self._masks[name]

    def _check_depth(self, element: Element) -> None:
        if len(self._open) >= SCENE_DEPTH_MAX:
            place = f"<{element.tag}> at {element.place}"
            raise SceneValueError("depth", place, len(self._open) + 1, SCENE_DEPTH_MAX)

    def _make_clip(self, element: Element, context: Context) -> Clip:
        own = self._document.specified(element)
        inner = self._document.inside(element, self._document.around(element))
        found = [self._clip_shape(child, inner) for child in element.children]
        units = element.attributes.get("clipPathUnits")
        return Clip(
            shapes=tuple(shape for shape in found if shape is not None),
            units=cast("Units", units) if units in get_args(Units) else "userSpaceOnUse",
            transform=self._document.transform(element),
            clip=self.clip(element, own.get("clip-path", "none"), context),
        )

    def _clip_shape(self, element: Element, context: Context) -> Shape | None:
        if element.tag == "use":
            return self._used_shape(element, context)
        if element.tag == "text":
            self._document.unsupported(element, "text in a clip")
        if element.tag not in GEOMETRY_TAGS or not self._document.drawn(element):
            return None
        inner = self._document.inside(element, context)
        geometry = svg_geometry.geometry(element, inner.viewport)
        if geometry is None or inner.hidden:
            return None
        own = self._document.specified(element)
        return Shape(
            geometry=geometry,
            fill_rule="evenodd" if inner.inherited.get("clip-rule") == "evenodd" else "nonzero",
            id=self._document.claim(element.attributes.get("id", "")),
            title=title_of(element),
            transform=self._document.transform(element),
            clip=self.clip(element, own.get("clip-path", "none"), context),
        )

    def _used_shape(self, element: Element, context: Context) -> Shape | None:
        target = self._document.referred(element)
        if target is None or target.tag not in GEOMETRY_TAGS or not self._document.drawn(element):
            return None
        shape = self._clip_shape(target, self._document.inside(element, context))
        own = self._document.specified(element)
        if shape and (shape.clip or own.get("clip-path", "none") != "none"):
            self._document.unsupported(element, "a clip on an instance inside a clip")
        outer = affine.chain(self._document.transform(element), use_offset(element, context))
        return shape and msgspec.structs.replace(shape, transform=affine.chain(outer, shape.transform))

    def _make_mask(self, element: Element, context: Context) -> Mask:
        own, said = self._document.specified(element), element.attributes
        inner = self._document.inside(element, self._document.around(element))
        if inner.inherited.get("color-interpolation") == "linearRGB":
            self._document.unsupported(element, "a mask in linearRGB")
        units, content = said.get("maskUnits"), said.get("maskContentUnits")
        region_units = cast("Units", units) if units in get_args(Units) else "objectBoundingBox"
        defaults = {"x": -0.1, "y": -0.1, "width": 1.2, "height": 1.2}
        sized = {name: measure(said.get(name), name, region_units, context.viewport, d) for name, d in defaults.items()}
        if sized["width"] <= 0 or sized["height"] <= 0:
            return Mask(children=())  # SVG 1.1 §14.4: what it is on is not drawn
        kind = own.get("mask-type")
        return Mask(
            children=self._read_children(element, inner),
            units=region_units,
            content_units=cast("Units", content) if content in get_args(Units) else "userSpaceOnUse",
            kind=cast("MaskKind", kind) if kind in get_args(MaskKind) else "luminance",
            mask=self.mask(element, own.get("mask", "none"), context),
            **sized,
        )


def use_offset(element: Element, context: Context) -> Matrix:
    """Return the move that `x` and `y` of a `<use>` or nested `<svg>` ask for."""
    viewport = context.viewport
    x = svg_values.length(element.attributes.get("x"), viewport.width, viewport.font_size)
    y = svg_values.length(element.attributes.get("y"), viewport.height, viewport.font_size)
    return affine.translate(x or 0.0, y or 0.0)
