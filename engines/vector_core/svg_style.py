"""Which properties does each element of an SVG have: attributes, stylesheets and style attributes, in CSS's order.

Knows simple selectors (tag, .class, #id and their compounds, in lists), which is what drawing programs write. Values stay
text; what they mean is for `svg_values` and `scene_read`. Pure.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from engines.vector_core.references import unescape
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.svg_tree import Element

RULES_MAX = 2_000
"""Rules of a document's stylesheets: drawing programs write one for each look, some dozens."""

INHERITED = frozenset(
    [
        "clip-rule",
        "color",
        "color-interpolation",
        "fill",
        "fill-opacity",
        "fill-rule",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "marker-end",
        "marker-mid",
        "marker-start",
        "paint-order",
        "stroke",
        "stroke-dasharray",
        "stroke-dashoffset",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "stroke-opacity",
        "stroke-width",
        "text-anchor",
        "visibility",
    ]
)
"""Properties that a child has from its parent unless it says otherwise: SVG 2 appendix on properties."""

OWN = frozenset(
    [
        "clip-path",
        "display",
        "filter",
        "mask",
        "mask-type",
        "opacity",
        "overflow",
        "stop-color",
        "stop-opacity",
        "transform",
        "transform-origin",
        "vector-effect",
    ]
)
"""Properties of the element alone that may be attributes, too."""

STYLE_ONLY = frozenset(("background-color", "isolation", "mix-blend-mode"))
"""Properties that only a style may say: Compositing and Blending 1 §3."""

_KNOWN = INHERITED | OWN | STYLE_ONLY | {"marker"}
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_COMPOUND = re.compile(r"(?:\*|[A-Za-z][\w-]*)?(?:[.#][\w-]+)*")
_PIECE = re.compile(r"[.#]?[\w-]+")


class Rule(NamedTuple):
    """What a compound selector asks for, how much it weighs (ids, classes, tag, place), and its declarations."""

    pieces: tuple[str, ...]
    weight: tuple[int, int, int, int]
    declarations: dict[str, str]

    @property
    def key(self) -> str:
        """Return the piece that the fewest elements have: an id, else a class, else the tag, else "*"."""
        return max(self.pieces, key=lambda piece: (piece[0] == "#") * 2 + (piece[0] == "."), default="*")


class Stylesheet(NamedTuple):
    """The rules that are understood, by the rarest thing that they ask for; the selectors and at-rules that are not."""

    rules: dict[str, list[Rule]]
    unknown: tuple[str, ...]


def parse_stylesheet(css: str) -> Stylesheet:
    """Return the rules of the text of a `<style>`. Cost is linear."""
    rules: list[Rule] = []
    unknown: list[str] = []
    for block in _COMMENT.sub("", unescape(css)).split("}"):
        before, brace, body = block.rpartition("{")
        selectors = before.strip()
        if not brace:
            unknown += [block.strip()] if block.strip() else []
        elif selectors.startswith("@font-face"):
            continue
        elif selectors.startswith("@") or "{" in selectors:
            unknown.append(selectors)
        else:
            declarations = parse_declarations(body)
            for selector in selectors.split(","):
                rule = _rule(selector.strip(), len(rules), declarations)
                if rule:
                    rules.append(rule)
                else:
                    unknown.append(selector.strip())
    if len(rules) > RULES_MAX:
        raise SceneValueError("style-rules", "", len(rules), RULES_MAX)
    by_key: dict[str, list[Rule]] = {}
    for rule in rules:
        by_key.setdefault(rule.key, []).append(rule)
    return Stylesheet(by_key, tuple(unknown))


def parse_declarations(text: str) -> dict[str, str]:
    """Return the known properties of a style attribute or block, the last of each name."""
    found: dict[str, str] = {}
    for declaration in text.split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip().lower()
        if colon and name in _KNOWN:
            found[name] = value.replace("!important", "").strip()
    return found


def specified(element: Element, sheet: Stylesheet) -> dict[str, str]:
    """Return the properties that an element says itself: attributes, then rules by weight, then its style."""
    found = {name: value.strip() for name, value in element.attributes.items() if name in INHERITED or name in OWN}
    if sheet.rules:
        names = {element.tag, *("." + name for name in element.attributes.get("class", "").split())}
        names.add("#" + element.attributes.get("id", ""))
        found_rules = [
            rule for name in (*names, "*") for rule in sheet.rules.get(name, ()) if names.issuperset(rule.pieces)
        ]
        for rule in sorted(found_rules, key=lambda rule: rule.weight):
            found |= rule.declarations
    if style := element.attributes.get("style"):
        found |= parse_declarations(unescape(style))
    marker = found.pop("marker", None)
    return found if marker is None else found | dict.fromkeys(("marker-start", "marker-mid", "marker-end"), marker)


def inherit(parent: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return the inherited properties of a child that specifies `own`."""
    said = {name: value for name, value in own.items() if name in INHERITED and value != "inherit"}
    return {**parent, **said}


def _rule(selector: str, place: int, declarations: dict[str, str]) -> Rule | None:
    if not selector or not _COMPOUND.fullmatch(selector):
        return None
    pieces = tuple(_PIECE.findall(selector))
    ids = sum(piece.startswith("#") for piece in pieces)
    classes = sum(piece.startswith(".") for piece in pieces)
    return Rule(pieces, (ids, classes, len(pieces) - ids - classes, place), declarations)
