"""How much may one service process take on at a time? Its limits, as one checked value.

Limits of what is drawn (sizes, formats, documents) are where it is drawn; these bound memory, waiting and time of a process that
serves many.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from engines.errors import RequestError

MEBIBYTE = 1 << 20
SHARED_FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus_client keeps what several processes count. It looks when it is imported, so nothing here imports it."""


class SettingsError(RequestError):
    """A limit of the service is none: `field` says which."""

    type = "invalid-settings"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"setting {field}: {reason}", field=field, reason=reason)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of one process. With several workers each has its own."""

    megapixels: Annotated[float, Meta(gt=0, le=100_000)] = 256.0
    """Creations that run together, by the pixels of files and of the pictures that they are drawn from. What is beyond waits."""
    render_megapixels: Annotated[float, Meta(gt=0, le=100_000)] = 200.0
    """One render, by the pixels of its file; the built-in presets reach 144 MP when they are overridden."""
    running: Annotated[int, Meta(ge=1, le=256)] = 16
    """Creations that run together, however small: each holds a thread."""
    queue: Annotated[int, Meta(ge=0, le=1024)] = 64
    """Creations that wait for their turn; one tenant may have half of them."""
    requests: Annotated[int, Meta(ge=1, le=100_000)] = 1024
    """Requests that are read, worked on or answered at a time, of every kind but health and metrics."""
    queue_wait_s: Annotated[float, Meta(ge=0, le=600)] = 30.0
    """Longest wait for a turn, in seconds."""
    time_limit_s: Annotated[float, Meta(gt=0, le=3600)] = 120.0
    """Longest time until a request is answered, in seconds, its wait included."""
    upload_bytes: Annotated[int, Meta(ge=1, le=1 << 32)] = 64 * MEBIBYTE
    """One uploaded file with its envelope."""
    bodies_bytes: Annotated[int, Meta(ge=1, le=1 << 36)] = 512 * MEBIBYTE
    """Bodies of all requests together that are in memory at a time."""
    retry_after_s: Annotated[int, Meta(ge=1, le=3600)] = 2
    """What a refused caller is asked to wait, in seconds."""
    publish_entries: bool = False
    """Whether the ledger's entries are served as well as its hashes: they tell of all tenants."""


def check_settings(values: object) -> Settings:
    """Return settings from a mapping or the Struct itself. Raises `SettingsError`."""
    try:
        return msgspec.convert(msgspec.to_builtins(values), Settings)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$.")
        raise SettingsError(place.rstrip("`") or "settings", reason) from error
