"""How does the application meet the network? Granian, in one process or several; the only file that knows it.

SIGTERM and SIGINT end it: no new connections, what runs finishes, the ledger is signed and closed, exit 0.
"""

import os
import socket
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from granian import Granian
from granian.constants import Interfaces, Loops

from engines.errors import EnvironmentFault
from engines.http.logs import server_log_config
from engines.http.settings import SHARED_FOLDER_VARIABLE, Settings, SettingsError

STOP_S_MAX = 10
"""How long beyond the time limit a worker may take to finish before it is killed, in seconds. The ledger survives that, too."""

if TYPE_CHECKING:
    from engines.http.app import HttpApp

PORT_MAX = 65_535
WORKERS_MAX = 64
"""More processes than this on one machine serve nobody faster."""


class AddressError(EnvironmentFault):
    """The address cannot be listened on."""

    type = "address-unusable"

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"cannot listen on {host}:{port}: {reason}", host=host, port=port, reason=reason)


def check_address(host: str, port: int, workers: int) -> None:
    """Check where and with how many processes to serve. Raises `SettingsError`; `AddressError` when somebody else listens there."""
    if not 1 <= port <= PORT_MAX:
        raise SettingsError("port", f"{port} is not 1 to {PORT_MAX}")
    if not 1 <= workers <= WORKERS_MAX:
        raise SettingsError("workers", f"{workers} is not 1 to {WORKERS_MAX}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise AddressError(host, port, error.strerror or str(error)) from error


def serve(store: Path | str, settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve the store at `store` until a signal ends it. Each worker is a process with limits and threads of its own."""
    with ExitStack() as stack:
        if workers > 1 and SHARED_FOLDER_VARIABLE not in os.environ:
            os.environ[SHARED_FOLDER_VARIABLE] = stack.enter_context(
                tempfile.TemporaryDirectory(prefix="impasto-metrics-")
            )
            stack.callback(os.environ.pop, SHARED_FOLDER_VARIABLE)
        server = Granian(
            "engines.http.app:create_app",
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            workers=workers,
            loop=Loops.asyncio,
            websockets=False,
            log_dictconfig=server_log_config(),
            workers_kill_timeout=int(settings.time_limit_s) + STOP_S_MAX,
        )
        server.serve(target_loader=partial(_load, store, settings), wrap_loader=False)


def _load(store: Path | str, settings: Settings) -> "HttpApp":
    """Make the application; called in each worker, where its libraries see that they share a folder."""
    from engines.http.app import create_app

    return create_app(store, settings)
