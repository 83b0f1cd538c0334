"""How does a scene keep a filter that it does not understand: as one spelling of SVG's markup, checked before it is written?

A filter effect is a `<filter>` without an id, its attributes sorted, nothing in it but filter primitives and what they hold.
Main path: `spell` from elements that were read, `check` for what programs hand over.
"""

import functools
import re
from collections.abc import Mapping

from engines.vector_core import svg_tree, svg_values
from engines.vector_core.curves import Box
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.paths import format_number
from engines.vector_core.scene import Filter
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.svg_tree import Element

MARKUP_CHARS_MAX = 100_000
"""Characters of one filter: drop shadows have 500, tables of colours some thousands."""

CHECKED_KEPT = 256
"""Filters that were found right, kept so that a drawing with one on each of its shapes is checked once: 26 MB at most."""

PRIMITIVES = frozenset(
    f"fe{name}"
    for name in (
        "Blend", "ColorMatrix", "ComponentTransfer", "Composite", "ConvolveMatrix", "DiffuseLighting", "DisplacementMap",
        "DropShadow", "Flood", "GaussianBlur", "Merge", "Morphology", "Offset", "SpecularLighting", "Tile", "Turbulence",
    )
)  # fmt: skip
"""Primitives of Filter Effects 1 §9 that stand alone; `feImage` shows other parts of a document, and is none of them."""

PARTS = frozenset(
    f"fe{name}" for name in ("DistantLight", "FuncA", "FuncB", "FuncG", "FuncR", "MergeNode", "PointLight", "SpotLight")
)

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_FUNCTION = re.compile(
    r"(?:blur|brightness|contrast|drop-shadow|grayscale|hue-rotate|invert|opacity|saturate|sepia)\((?:[^()<>&\"';]|\([^()<>&\"';]*\))*\)"
)
_DEFAULT_REGION = {"x": "-10%", "y": "-10%", "width": "120%", "height": "120%"}
_FORBIDDEN = frozenset(("id", "class", "style", "href"))
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
)


def element(tag: str, attributes: Mapping[str, str], children: list[str]) -> str:
    """Spell one element: attributes sorted, no white space between elements."""
    said = "".join(f' {name}="{value.translate(_ESCAPES)}"' for name, value in sorted(attributes.items()))
    return f"<{tag}{said}>{''.join(children)}</{tag}>" if children else f"<{tag}{said}/>"


def spell(node: Element) -> str:
    """Return the one spelling of a filter, a primitive or a part of one, with the attributes that it has."""
    return element(node.tag, node.attributes, [spell(child) for child in node.children])


def parse(markup: str) -> Element:
    """Return the `<filter>` that `spell` spelled so. Raises SceneValueError for anything else."""
    document = f'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1">{markup}</svg>'
    if len(markup) > MARKUP_CHARS_MAX:
        raise SceneValueError("filter", "effect", f"{len(markup)} characters", MARKUP_CHARS_MAX)
    try:
        root, _ = svg_tree.parse(document.encode())
    except (SvgRefusedError, UnicodeEncodeError) as error:
        raise SceneValueError("filter", "effect", str(error), "a filter") from error
    known = len(root.children) == 1 and root.children[0].tag == "filter" and _is_known(root.children[0])
    if not known or spell(root.children[0]) != markup:
        raise SceneValueError(
            "filter", "effect", markup[:80], "a filter of primitives alone, as filter_markup spells it"
        )
    return root.children[0]


def is_plain(name: str) -> bool:
    """Tell whether a filter may have an attribute of this name: none that points elsewhere or is styled from outside."""
    return _NAME.fullmatch(name) is not None and name not in _FORBIDDEN


def is_function(text: str) -> bool:
    """Tell whether `text` is a filter function of CSS (Filter Effects 1 §6)."""
    return len(text) <= MARKUP_CHARS_MAX and _FUNCTION.fullmatch(text) is not None


@functools.lru_cache(maxsize=CHECKED_KEPT)
def check(step: str) -> None:
    """Return for a function or the spelling of a filter. Raises SceneValueError for all else."""
    if not is_function(step):
        parse(step)


def in_user_space(effect: Filter | None, box: Box | None) -> Filter | None:
    """Return a filter that does to any node what `effect` does to one with the geometric box `box`.

    Raises SceneValueError for primitives measured by the box.
    """
    if effect is None or box is None:
        return effect
    return Filter(tuple(_moved(step, box) for step in effect.steps))


def _moved(step: str, box: Box) -> str:
    if is_function(step):
        return step
    filtered = parse(step)
    said = filtered.attributes
    if said.get("primitiveUnits") == "objectBoundingBox":
        raise SceneValueError("filter", "effect", "primitiveUnits", "userSpaceOnUse where a shape becomes several")
    if said.get("filterUnits") == "userSpaceOnUse":
        return step
    spans = {
        "x": (box.left, box.width),
        "y": (box.top, box.height),
        "width": (0.0, box.width),
        "height": (0.0, box.height),
    }
    for name, (corner, size) in spans.items():
        share = svg_values.length(said.get(name, _DEFAULT_REGION[name]), 1.0, 1.0)
        said[name] = format_number(corner + size * (0.0 if share is None else share))
    said["filterUnits"] = "userSpaceOnUse"
    return spell(filtered)


def _is_known(node: Element) -> bool:
    if not all(is_plain(name) for name in node.attributes) or node.text.strip():
        return False
    allowed = PRIMITIVES if node.tag == "filter" else PARTS if node.tag in PRIMITIVES else frozenset()
    return all(child.tag in allowed and _is_known(child) for child in node.children)
