"""Is there a cairo on this machine, and which? CairoSVG draws with it; it comes from the system and not with a package."""

from typing import Any

from engines.vector_core.errors import CairoMissingError


def load() -> Any:
    """Return `cairocffi`, the binding, which has no types. Raises CairoMissingError."""
    try:
        import cairocffi
    except OSError as error:
        raise CairoMissingError(str(error).splitlines()[0]) from error
    return cairocffi


def version() -> str:
    """Return the version of the library itself. Raises CairoMissingError."""
    return str(load().cairo_version_string())
