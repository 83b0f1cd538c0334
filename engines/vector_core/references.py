"""Which things does a piece of an SVG refer to: by href, by url() in an attribute, by a stylesheet?

Knows how references are spelled, also in CSS escapes; what is allowed, and what following one would cost, is for
`guard` and `expansion`. Pure: text in, values out.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["none", "local", "data", "external"]

_URL = re.compile(r"url\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^)]*))", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|(.))", re.DOTALL)
_IMPORT = re.compile(r"@import", re.IGNORECASE)
_NAMESPACE = re.compile(r"@namespace[^;{}]{0,500};", re.IGNORECASE)
_COMBINATOR = re.compile(r"[\s>+~]+")
_SIMPLE = (re.compile(r"#[\w-]+"), re.compile(r"\.[\w-]+"), re.compile(r"^[A-Za-z][\w-]*"))


class UrlUse(NamedTuple):
    """One url(): its target, and the property that uses it ("" where that cannot be told)."""

    target: str
    prop: str


class StyleRule(NamedTuple):
    """A url() in a stylesheet, and a token that every element it may apply to has: "#id", ".class", a tag or "*"."""

    token: str
    use: UrlUse


def kind(target: str) -> Kind:
    """Return what `target` points at: nothing, a fragment of this document, an inline image, or something else."""
    target = target.strip()
    if not target:
        return "none"
    if target.startswith("#"):
        return "local"
    return "data" if target[:11].lower() == "data:image/" else "external"


def url_uses(value: str, prop: str) -> Iterator[UrlUse]:
    """Yield every url() in `value` of property `prop`; with `prop` "style", the declarations inside name theirs.

    An inline image inside a declaration is reported without its content, which ends at the semicolon; nothing draws it.
    """
    for declaration in unescape(value).split(";") if prop == "style" else (unescape(value),):
        name = declaration.partition(":")[0].strip().lower() if prop == "style" else prop
        for match in _URL.finditer(declaration):
            yield UrlUse((match[1] or match[2] or match[3] or "").strip(" \t\r\n\f\"'"), name)


def imports_stylesheet(css: str) -> bool:
    """Tell whether a stylesheet asks for another one."""
    return bool(_IMPORT.search(unescape(css)))


def style_rules(css: str) -> Iterator[StyleRule]:
    """Yield every url() of a stylesheet with a token of the elements it may apply to; too many rather than too few.

    A url() outside any block (after an at-rule, say) is reported for every element ("*").
    """
    for block in _NAMESPACE.sub("", unescape(css)).split("}"):
        before, _, body = block.rpartition("{")
        tokens = {_token(selector) for selector in before.rpartition("{")[2].split(",")} if "(" in body else ()
        yield from (StyleRule(token, use) for use in url_uses(body, "style") for token in tokens)
        yield from (StyleRule("*", use) for use in url_uses(before, "") if "(" in before)


def unescape(css: str) -> str:
    """Return CSS text with its escapes resolved (CSS Syntax 3 §4.3.7), so that `u\\72l(` reads as `url(`."""
    return _ESCAPE.sub(_resolve_escape, css) if "\\" in css else css


def _resolve_escape(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2]
    code = int(match[1], 16)
    return chr(code) if 0 < code <= 0x10FFFF else "\ufffd"


def _token(selector: str) -> str:
    if "[" in selector or ":" in selector:
        return "*"
    compound = _COMBINATOR.split(selector.strip())[-1]
    found = (pattern.search(compound) for pattern in _SIMPLE)
    return next((match[0] for match in found if match), "*")
