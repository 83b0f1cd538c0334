"""What typography_core refuses, and why.

EngineError
  TypographyError          base of this package
    UnknownFontError       no such family in the manifest; lists the known ones        (RequestError)
    TextValueError         a number or a word outside what is allowed                  (RequestError)
    TextEncodingError      the text is not Unicode: an unpaired surrogate              (RequestError)
    TextLimitError         text, size or picture larger than we take                   (RequestError)
    MarkupError            markup that is not well-formed, or not of the subset        (RequestError)
"""

from collections.abc import Sequence

from engines.errors import EngineError, EnvironmentFault, RequestError


class TypographyError(EngineError):
    """Base of every error that typography_core raises on purpose."""

    type = "typography"


class UnknownFontError(TypographyError, RequestError):
    """The manifest has no such family; `fields["known"]` lists those it has. Fonts of the host are never looked at."""

    type = "unknown-font"

    def __init__(self, family: str, known: Sequence[str]) -> None:
        message = f"font: unknown family {family!r}; known families: {', '.join(known)}"
        super().__init__(message, family=family, known=tuple(known))


class TextValueError(TypographyError, RequestError):
    """`field` holds `value`, which is not `allowed`."""

    type = "text-value"

    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(f"{field}: {value!r} is not {allowed}", field=field, value=value, allowed=allowed)


class TextEncodingError(TypographyError, RequestError):
    """The text holds half of a surrogate pair at `index` (0-based), which is no character and has no glyph."""

    type = "text-encoding"

    def __init__(self, index: int, code_point: int) -> None:
        message = f"text: unpaired surrogate U+{code_point:04X} at index {index}"
        super().__init__(message, index=index, code_point=code_point)


class TextLimitError(TypographyError, RequestError):
    """`field` is `value`, past `limit`, both in `unit`."""

    type = "text-limit"

    def __init__(self, field: str, value: float, limit: float, unit: str) -> None:
        message = f"{field}: {value:,.10g} {unit} is more than the limit of {limit:,.10g} {unit}"
        super().__init__(message, field=field, value=value, limit=limit, unit=unit)


class MarkupError(TypographyError, RequestError):
    """Marked-up text cannot be read: at the character `index` (0-based), in or at the tag `tag` (empty outside of all)."""

    type = "markup"

    def __init__(self, tag: str, index: int, reason: str) -> None:
        where = f"<{tag[:100]}> at" if tag else "at"
        super().__init__(f"markup: {where} character {index}: {reason}", tag=tag, index=index, reason=reason)


class FontRefusedError(TypographyError, RequestError):
    """A font file cannot be used: `part` names the table or the part of the file, `reason` what is wrong with it."""

    type = "font-refused"

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(f"font file: {part}: {reason}", part=part, reason=reason)


class BrotliMissingError(TypographyError, EnvironmentFault):
    """A WOFF2 file cannot be unpacked on this machine."""

    type = "brotli-missing"

    def __init__(self) -> None:
        super().__init__("unpacking WOFF2 fonts needs brotli; install it with: pip install brotli", package="brotli")
