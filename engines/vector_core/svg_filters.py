"""Which filter does an element of an SVG have, so that it means the same anywhere in a scene (Filter Effects 1)?

Filters are kept, not understood: what they inherit is written into them, lengths become user units, colours stay colours.
Filters that show other parts of the document are refused by name. Main path: `read_effect`.
"""

import re

from engines.vector_core import filter_markup, svg_values
from engines.vector_core.paths import format_number
from engines.vector_core.scene import Filter
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.scene_paints import parse_ink
from engines.vector_core.svg_document import Context, Document, url_target
from engines.vector_core.svg_tree import Element
from engines.vector_core.svg_values import Viewport

_REGION = ("x", "y", "width", "height")
_COLOURS = {"flood-color": "#000000", "lighting-color": "#ffffff"}
_STEP = re.compile(r"\s*(url\([^()]*\)|[a-z-]+\((?:[^()]|\([^()]*\))*\))\s*", re.IGNORECASE)
_SHADOW = "drop-shadow("
_LENGTH = re.compile(r"[+-]?[\d.]+[a-z]{0,2}", re.ASCII)
_RELATIVE = re.compile(r"[\d.](?:em|ex|rem|ch|vw|vh)\b|currentcolor|inherit|var\(", re.IGNORECASE)


def read_effect(document: Document, element: Element, text: str, context: Context) -> Filter | None:
    """Return what the value `text` of an element's `filter` does; `context` is that of the element."""
    if text in ("none", ""):
        return None
    steps = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        step = _step(document, found[1], context) if found else None
        if found is None or step is None:
            document.unsupported(element, f"the filter {text}")
            return None
        steps.append(step)
        at = found.end()
    return Filter(tuple(steps))


def _step(document: Document, text: str, context: Context) -> str | None:
    name = url_target(text)
    if not name:
        current = parse_ink(context.inherited.get("color", "#000000"), "#000000").colour
        plain = " ".join(text.lower().split()).replace("currentcolor", current)
        if plain.startswith(_SHADOW) and all(map(_LENGTH.fullmatch, plain[len(_SHADOW) : -1].split())):
            plain = f"{plain.removesuffix(')').rstrip()} {current})"
        return None if _RELATIVE.search(plain) or not filter_markup.is_function(plain) else plain
    target = document.elements.get(name)
    if target is None or target.tag != "filter" or "href" in target.attributes:
        return None
    said: dict[str, str] = {
        key: target.attributes[key] for key in ("filterUnits", "primitiveUnits") if key in target.attributes
    }
    own_units = said.get("filterUnits") != "userSpaceOnUse"
    said |= _region(target, own_units, context.viewport)
    children = []
    for child in target.children:
        if child.tag in filter_markup.PRIMITIVES:
            children.append(_primitive(document, child, said.get("primitiveUnits") == "objectBoundingBox", context))
        elif child.tag.startswith("fe"):
            return None
    markup = filter_markup.element("filter", said, children)
    try:
        filter_markup.check(markup)
    except SceneValueError:
        return None
    return markup


def _region(element: Element, fractions: bool, viewport: Viewport) -> dict[str, str]:
    """Return the region that an element says, in user units unless it is in fractions of a box."""
    found = {}
    for name in _REGION:
        text = element.attributes.get(name)
        if text is None:
            continue
        if fractions:
            found[name] = text
            continue
        whole = viewport.width if name in ("x", "width") else viewport.height
        value = svg_values.length(text, whole, viewport.font_size)
        if value is not None:
            found[name] = format_number(value)
    return found


def _primitive(document: Document, element: Element, fractions: bool, context: Context) -> str:
    """Spell a primitive with all that it inherits from around its filter."""
    own, look = document.specified(element), document.inside(element, document.around(element)).inherited
    plain = {
        name: value for name, value in element.attributes.items() if filter_markup.is_plain(name) and name not in own
    }
    said = {name: value for name, value in plain.items() if name not in _REGION}
    said |= _region(element, fractions, context.viewport)
    if look.get("color-interpolation-filters", "auto") in ("sRGB", "linearRGB"):
        said["color-interpolation-filters"] = look["color-interpolation-filters"]
    for name, default in _COLOURS.items():
        if name in own:
            ink = parse_ink(own[name], look.get("color", default))
            said[name] = ink.colour
            if ink.opacity < 1 and name == "flood-color":
                opacity = svg_values.fraction(own.get("flood-opacity"), 1.0) * ink.opacity
                said["flood-opacity"] = format_number(opacity)
    if "flood-opacity" in own and "flood-opacity" not in said:
        said["flood-opacity"] = own["flood-opacity"]
    parts = [
        filter_markup.element(
            part.tag, {name: value for name, value in part.attributes.items() if filter_markup.is_plain(name)}, []
        )
        for part in element.children
        if part.tag in filter_markup.PARTS
    ]
    return filter_markup.element(element.tag, said, parts)
