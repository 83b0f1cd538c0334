"""What must change in an element so that the engines draw it as SVG 2 says? Where one misreads it, the guard's edits put it right.

Each rule names the engine's fault that it is there for; when that is mended, the rule can go. Pure: attributes in, decisions out.
"""

import re
from collections.abc import Mapping

_GROUP_KEYS = ("transform", "opacity", "clip-path", "mask", "filter", "style")
_VIEWPORT_STYLE = re.compile(r"overflow|width|height|(?<![-\w])[xy]\s*:", re.IGNORECASE)
_FRAGMENT_ONLY = frozenset({"linearGradient", "radialGradient", "pattern", "filter", "textPath", "tref", "mpath"})
_BARE_NAME = re.compile(r"\s*[A-Za-z_][\w-]*\s*")


def old_hrefs(tag: str, attributes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of all xlink:href beside an href, which has precedence (SVG 2 §16.1); resvg 0.47 reads the wrong one."""
    if "href" not in attributes or tag == "a":
        return ()
    return tuple(key for key in attributes if key.endswith(":href"))


def group_keys(level: int, attributes: Mapping[str, str]) -> tuple[str, ...]:
    """Return the attributes of an inner `<svg>` that belong to a group around it: resvg 0.47 applies them twice.

    A `style` that says anything of the viewport stays where it is, and then so do all.
    """
    if level == 1 or not attributes.keys() & set(_GROUP_KEYS):
        return ()
    if _VIEWPORT_STYLE.search(attributes.get("style", "")):
        return ()
    return tuple(key for key in _GROUP_KEYS if key in attributes)


def names_nothing(tag: str, target: str) -> bool:
    """Tell whether an href names no element where only ids can be meant: an id whose "#" was forgotten, or an empty `<use>`.

    CairoSVG looks for a file, or draws the document within itself until its stack ends.
    """
    if tag == "use":
        return not target.strip()
    return tag in _FRAGMENT_ONLY and _BARE_NAME.fullmatch(target) is not None
