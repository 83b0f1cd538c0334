"""The errors of all engines share one base, which carries a stable type and the fields that tell what went wrong.

    EngineError
      RequestError        the caller's mistake, refused before any work
      EnvironmentFault    something that this machine lacks (a library, a writable place)
        FontFileMissingError

Leaves live beside the code that raises them; the command line turns the tree into exit codes in one table (engines/cli/failures.py).
"""


class EngineError(Exception):
    """Base of every error that an engine raises on purpose; `type` is a stable kebab-case slug, `fields` name what was wrong."""

    type: str = "engine-error"

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.fields: dict[str, object] = fields


class RequestError(EngineError):
    """The caller asked for something that cannot be; nothing was done. The message names field, value and limit."""

    type = "invalid-request"


class EnvironmentFault(EngineError):  # noqa: N818 - EnvironmentError is a builtin
    """The machine lacks a part that this request needs; the message says how to get it."""

    type = "environment"


class FontFileMissingError(EnvironmentFault):
    """A font package is not installed, or its file is gone."""

    type = "font-file-missing"

    def __init__(self, package: str, path: str) -> None:
        distribution = package.replace("_", "-")
        message = f"font file {path!r} of package {package!r} is missing; install it with: pip install {distribution}"
        super().__init__(message, package=package, path=path)
