"""Which things does a piece of an SVG refer to: by href, by url() in an attribute, by a stylesheet?

Knows how references are spelled, also in CSS escapes; what is allowed, and what following one would cost, is for
`guard` and `expansion`. Pure: text in, values out.
"""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["none", "local", "data", "external"]

_URL = re.compile(r"url\(\s*(?:\"([^\"]*)\"|'([^']*)'|([^)]*))", re.IGNORECASE)
_URL_WHOLE = re.compile(_URL.pattern + r"\s*\)?", re.IGNORECASE)
_INLINE_IMAGE = re.compile(r"data:\s*(?:image/|[;,])", re.IGNORECASE)
_IMPORT_RULE = re.compile(
    r"@import\s*(?:url\(\s*(?:\"[^\"]*\"|'[^']*'|[^)]*)\s*\)|\"[^\"]*\"|'[^']*')?[^;{}]*;?", re.IGNORECASE
)
NOWHERE = "external-reference-removed"
"""The id of no element."""
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
    """Return what `target` points at: nothing, a fragment of this document, inline data, or something else.

    Data that says another type than an image is something else: engines that look into it find more than pictures.
    """
    target = target.strip()
    if not target:
        return "none"
    if target.startswith("#"):
        return "local"
    return "data" if _INLINE_IMAGE.match(target) else "external"


def css_kind(target: str) -> Kind:
    """As `kind` for url() in CSS, where inline data of any type is data: fonts, mostly, and no engine here reads them."""
    return "data" if target.strip()[:5].lower() == "data:" else kind(target)


def without_external(css: str) -> str:
    """Return CSS text in which no url() and no @import leaves the document, as far as it is spelled without escapes.

    A url() then names an element that is not there, which is what a file that cannot be read comes to (SVG 2 §16.1).
    """
    return _URL_WHOLE.sub(_localised, _IMPORT_RULE.sub("", css))


def _localised(match: re.Match[str]) -> str:
    target = match[1] or match[2] or match[3] or ""
    return f"url(#{NOWHERE})" if css_kind(target.strip(" \t\r\n\f\"'")) == "external" else match[0]


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
        if "(" not in block:
            continue
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
