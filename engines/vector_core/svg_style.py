"""Which properties does each element of an SVG have: attributes, stylesheets and style attributes, in CSS's order.

Which selectors are known says `svg_selectors`. Values stay text; what they mean is for `svg_values` and `scene_read`. Pure.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from engines.vector_core import svg_selectors, svg_values
from engines.vector_core.references import unescape
from engines.vector_core.scene_errors import SceneValueError
from engines.vector_core.svg_selectors import Relatives, Selector
from engines.vector_core.svg_tree import Element

RULES_MAX = 2_000
"""Rules of a document's stylesheets: drawing programs write one for each look, some dozens."""

INHERITED = frozenset(
    [
        "clip-rule",
        "color",
        "color-interpolation",
        "color-interpolation-filters",
        "direction",
        "dominant-baseline",
        "fill",
        "fill-opacity",
        "fill-rule",
        "font-family",
        "font-kerning",
        "font-size",
        "font-stretch",
        "font-style",
        "font-variant",
        "font-weight",
        "image-rendering",
        "letter-spacing",
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
        "word-spacing",
        "writing-mode",
    ]
)
"""Properties that a child has from its parent unless it says otherwise: SVG 2 appendix on properties."""

OWN = frozenset(
    [
        "alignment-baseline",
        "baseline-shift",
        "clip-path",
        "display",
        "filter",
        "flood-color",
        "flood-opacity",
        "font-feature-settings",
        "font-variation-settings",
        "lighting-color",
        "mask",
        "mask-type",
        "opacity",
        "overflow",
        "stop-color",
        "stop-opacity",
        "text-decoration",
        "transform",
        "transform-origin",
        "unicode-bidi",
        "vector-effect",
    ]
)
"""Properties of the element alone that may be attributes, too."""

STYLE_ONLY = frozenset(("background-color", "isolation", "mix-blend-mode"))
"""Properties that only a style may say: Compositing and Blending 1 §3."""

_KNOWN = INHERITED | OWN | STYLE_ONLY | {"font", "marker"}
_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_FONT_SIZE = re.compile(
    r"([\d.]+(?:px|pt|pc|mm|cm|in|em|ex|rem|%)|(?:xx?-)?(?:small|large)|medium)(?:/[\w.%]+)?", re.ASCII
)
FONT_CHARS_MAX = 1_000
"""Characters of the shorthand `font`: a list of families of ten names has 200."""


class Rule(NamedTuple):
    """Which elements a rule means, how much it weighs (ids, classes, tags, place), and its declarations."""

    selector: Selector
    weight: tuple[int, int, int, int]
    declarations: dict[str, str]

    @property
    def key(self) -> str:
        """Return the piece that the fewest elements have: an id, else a class, else the tag, else "*"."""
        pieces = self.selector.subject.pieces
        return max(pieces, key=lambda piece: (piece[0] == "#") * 2 + (piece[0] == "."), default="*")


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
    return _expanded(found) if "font" in found else found


def specified(element: Element, sheet: Stylesheet, relatives: Relatives) -> dict[str, str]:
    """Return the properties that an element says itself: attributes, then rules by weight, then its style."""
    found = {name: value.strip() for name, value in element.attributes.items() if name in INHERITED or name in OWN}
    if sheet.rules:
        found_rules = [
            rule
            for name in (*svg_selectors.names_of(element), "*")
            for rule in sheet.rules.get(name, ())
            if svg_selectors.matches(rule.selector, element, relatives)
        ]
        for rule in sorted(found_rules, key=lambda rule: rule.weight):
            found |= rule.declarations
    if style := element.attributes.get("style"):
        found |= parse_declarations(unescape(style))
    marker = found.pop("marker", None)
    return found if marker is None else found | dict.fromkeys(("marker-start", "marker-mid", "marker-end"), marker)


def _expanded(declarations: dict[str, str]) -> dict[str, str]:
    """Return declarations with the shorthand `font` in its parts (CSS Fonts 4 §2.7); a malformed one says nothing."""
    words = declarations.pop("font")[:FONT_CHARS_MAX].replace(" /", "/").replace("/ ", "/").split()
    at = next((index for index, word in enumerate(words) if _FONT_SIZE.fullmatch(word)), len(words))
    if at + 1 >= len(words):
        return declarations
    parts = {"font-size": words[at].partition("/")[0], "font-family": " ".join(words[at + 1 :])}
    parts |= dict.fromkeys(("font-style", "font-weight", "font-variant", "font-stretch"), "normal")
    for word in words[:at]:
        if word in ("italic", "oblique"):
            parts["font-style"] = word
        elif word == "small-caps":
            parts["font-variant"] = word
        elif word in ("bold", "bolder", "lighter") or word.isdecimal():
            parts["font-weight"] = word
        elif word != "normal":
            parts["font-stretch"] = word
    return parts | declarations


def inherit(parent: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return the inherited properties of a child that specifies `own`."""
    said = {name: value for name, value in own.items() if name in INHERITED and value != "inherit"}
    if said.get("font-weight") in ("bolder", "lighter"):
        around = svg_values.font_weight(parent.get("font-weight", "normal"), 400.0)
        said["font-weight"] = f"{svg_values.font_weight(said['font-weight'], around):g}"
    return {**parent, **said}


def _rule(selector: str, place: int, declarations: dict[str, str]) -> Rule | None:
    parsed = svg_selectors.parse_selector(selector)
    return Rule(parsed, (*parsed.weight, place), declarations) if parsed else None
