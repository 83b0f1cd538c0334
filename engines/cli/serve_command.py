"""The command that serves a store over HTTP."""

import importlib.util
from typing import Annotated

from cyclopts import Parameter

from engines.cli.failures import FINE
from engines.cli.options import Store, need_store
from engines.errors import EnvironmentFault

_NEEDED = ("litestar", "granian", "structlog", "prometheus_client")


class ServerMissingError(EnvironmentFault):
    """The libraries of the HTTP service are not installed."""

    type = "server-missing"

    def __init__(self, missing: tuple[str, ...]) -> None:
        message = f"impasto serve needs {', '.join(missing)}; install them with: pip install 'impasto[server]'"
        super().__init__(message, missing=missing)


def serve(
    *,
    store: Store = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    megapixels: float | None = None,
    queue: int | None = None,
    time_limit: float | None = None,
    upload_mb: int | None = None,
    publish_entries: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Serve a store over HTTP until SIGTERM or Ctrl-C; the ledger is signed and closed then.

    There is no authentication: whoever reaches the port may do everything. Log lines are JSON, on stderr.

    Example:
        impasto serve --store ./store --port 8000

    Parameters
    ----------
    host: str
        Address to listen on; 0.0.0.0 is every address of this machine.
    port: int
        Port to listen on.
    workers: int
        Processes; each has the limits below for itself.
    megapixels: float
        Renders that run together, in megapixels of their files; others wait.
    queue: int
        Requests that may wait; one tenant may have half of them.
    time_limit: float
        Seconds until a request is answered, with 504 if need be.
    upload_mb: int
        Largest upload, in MiB.
    publish_entries: bool
        Serve the ledger's entries too, which tell of all tenants.
    """
    path = need_store(store)
    missing = tuple(name for name in _NEEDED if importlib.util.find_spec(name) is None)
    if missing:
        raise ServerMissingError(missing)
    from engines.http.server import check_address
    from engines.http.server import serve as run
    from engines.http.settings import MEBIBYTE, check_settings
    from engines.media_v2.registry import Registry

    given = {
        "megapixels": megapixels,
        "queue": queue,
        "time_limit_s": time_limit,
        "upload_bytes": None if upload_mb is None else upload_mb * MEBIBYTE,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = check_settings({**chosen, "publish_entries": publish_entries})
    check_address(host, port, workers)
    with Registry.open(path, read_only=True) as registry:
        registry.catalog()  # a store that cannot be read is told now, not by every request
    run(path, settings, host=host, port=port, workers=workers)
    return FINE
