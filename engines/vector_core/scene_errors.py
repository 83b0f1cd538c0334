"""What is refused about scenes, paths and operations on them, and why.

VectorError
  SceneValueError        a value of a scene or an argument lies outside what is allowed        (RequestError)
  PathDataError          text is no SVG path data                                             (RequestError)
  SceneUnsupportedError  an SVG holds something that a scene cannot hold                       (RequestError)
  PathOperationError     a boolean or a stroke of paths has no result that can be trusted      (RequestError)
  PaletteError           a palette swap that cannot be done as asked                           (RequestError)
"""

from engines.errors import RequestError
from engines.vector_core.errors import VALUE_SHOWN_CHARS, VectorError


class SceneValueError(VectorError, RequestError):
    """`value` at `place` (as in "children[2].stroke.width") breaks `rule`; `limit` is what the rule allows."""

    type = "scene-value"

    def __init__(self, rule: str, place: str, value: object, limit: object) -> None:
        shown = _shown(value)
        message = f"scene refused by rule {rule} at {place or 'scene'}: {shown!r}; allowed: {limit}"
        super().__init__(message, rule=rule, place=place, value=shown, limit=limit)


class PathDataError(VectorError, RequestError):
    """Path data is wrong at character `offset`; `found` is what stands there."""

    type = "path-data"

    def __init__(self, offset: int, found: str, wanted: str) -> None:
        message = f"path data: {found!r} at character {offset} is not {wanted}"
        super().__init__(message, offset=offset, found=found, wanted=wanted)


class SceneUnsupportedError(VectorError, RequestError):
    """The element `element` at `place` ("line:column") of an SVG uses `feature`, which scenes do not have."""

    type = "scene-unsupported"

    def __init__(self, element: str, place: str, feature: str) -> None:
        shown = _shown(feature)
        message = f"<{element}> at {place}: scenes cannot hold {shown}; lenient=True leaves it out"
        super().__init__(message, element=element, place=place, feature=shown)


class PathOperationError(VectorError, RequestError):
    """`operation` found no result that passes its own checks; `reason` tells which."""

    type = "path-operation"

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"{operation}: {reason}", operation=operation, reason=reason)


class PaletteError(VectorError, RequestError):
    """`colour` of a palette swap: `reason`; `known` are the colours that the scene has, as many as fit in a message."""

    type = "palette"

    def __init__(self, colour: str, reason: str, known: tuple[str, ...] = ()) -> None:
        shown = known[:COLOURS_SHOWN]
        listed = f"; the scene has {', '.join(shown)}" + (" …" if len(known) > len(shown) else "") if known else ""
        super().__init__(f"palette colour {_shown(colour)!r}: {reason}{listed}", colour=_shown(colour), reason=reason)


COLOURS_SHOWN = 12
"""Colours that an error lists: a theme has fewer."""


def _shown(value: object) -> object:
    if isinstance(value, str) and len(value) > VALUE_SHOWN_CHARS:
        return value[:VALUE_SHOWN_CHARS] + "…"
    return value
