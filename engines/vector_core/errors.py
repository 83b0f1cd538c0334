"""What vector_core refuses, and why.

EngineError
  VectorError              base of this package
    SvgRefusedError        the guard found a rule broken; nothing was drawn               (RequestError)
    RasterValueError       a size, fit, offset or engine outside what is allowed          (RequestError)
    SvgEngineError         the engine could not draw a document that passed the guard     (RequestError)
    FontFolderError        a folder that fonts should come from has none, or too many       (RequestError)
    CairoMissingError      CairoSVG was asked for and libcairo is not on this machine     (EnvironmentFault)
"""

from typing import Literal

from engines.errors import EngineError, EnvironmentFault, RequestError

Rule = Literal[
    "bytes",
    "gzip",
    "encoding",
    "well-formed",
    "root",
    "depth",
    "elements",
    "attributes",
    "attribute-length",
    "entity",
    "external-reference",
    "script",
    "event-handler",
    "foreign-object",
    "embedded-image",
    "expansion",
    "expansion-depth",
    "filter",
    "pattern",
    "region",
    "coordinate",
    "text",
    "stylesheet",
    "canvas",
]


class VectorError(EngineError):
    """Base of every error that vector_core raises on purpose."""

    type = "vector"


class SvgRefusedError(VectorError, RequestError):
    """The document breaks `rule` at `place` ("line:column", 1-based line, 0-based column) with `value`; `limit` is what
    the rule allows. Long values are cut."""

    type = "svg-refused"

    def __init__(self, rule: Rule, place: str, value: object, limit: object) -> None:
        shown = (
            value if not isinstance(value, str) or len(value) <= VALUE_SHOWN_CHARS else value[:VALUE_SHOWN_CHARS] + "…"
        )
        message = f"SVG refused by rule {rule} at {place}: {shown!r}; allowed: {limit}"
        super().__init__(message, rule=rule, place=place, value=shown, limit=limit)


class RasterValueError(VectorError, RequestError):
    """`field` holds `value`, which is not `allowed`."""

    type = "raster-value"

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field}: {value!r} is not {allowed}", field=field, value=value, allowed=allowed)


class SvgEngineError(VectorError, RequestError):
    """`engine` gave up on a document that passed the guard; `reason` is what it said."""

    type = "svg-engine"

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(f"{engine} cannot draw this SVG: {reason}", engine=engine, reason=reason)


class FontFolderError(VectorError, RequestError):
    """No fonts can be taken from `folder`; `reason` says why."""

    type = "font-folder"

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(f"fonts of {folder!r}: {reason}", folder=folder, reason=reason)


class CairoMissingError(VectorError, EnvironmentFault):
    """CairoSVG needs libcairo from the system. The default engine, resvg, needs nothing."""

    type = "cairo-missing"

    def __init__(self, reason: str) -> None:
        message = (
            f"engine cairosvg needs libcairo ({reason}); install it with `apt-get install libcairo2` (Debian, Ubuntu) "
            "or `brew install cairo` (macOS), or use engine resvg"
        )
        super().__init__(message, engine="cairosvg", reason=reason)


VALUE_SHOWN_CHARS = 120
"""Characters of an offending value that an error repeats: enough to find it, too few to flood a log."""
