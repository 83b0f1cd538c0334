"""Which real servers can be started on this machine, for a demo, a bench or a test? PostgreSQL, and one that speaks S3.

Each runs on loopback, on a free port, with data in a folder of its own that goes with it; nothing of the system's own servers is
touched. `postgres` needs the programs of PostgreSQL (Debian: `apt-get install postgresql`), `object_server` the package `moto[server]`.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

STARTING_S: Final = 30.0
"""Seconds that a server may take until it answers."""

POSTGRES_USER: Final = "impasto"
ACCESS_KEY, SECRET_KEY = "demo-access-key", "demo-secret-key"


class ServerMissingError(Exception):
    """A server's programs are not installed, or it does not start; the message says what to do."""


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's own programs, of the newest version there is; None where there are none."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda home: float(home.parent.name))
    found = [home for home in homes if (home / "initdb").is_file()]
    if found:
        return found[-1]
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


def free_port() -> int:
    """Return a port of loopback that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A database cluster of its own: `url` is one database in it, whose owner needs no password on loopback."""

    def __init__(self, folder: Path, programs: Path) -> None:
        """Make the cluster in `folder`, which must be new, and do not start it yet."""
        self._programs = programs
        self._data = folder / "data"
        self._socket = folder
        self.port = free_port()
        self.url = f"postgresql://{POSTGRES_USER}@127.0.0.1:{self.port}/postgres"
        if os.getuid() == 0:  # which PostgreSQL refuses to run as
            shutil.chown(folder, "postgres", "postgres")
        options = ("--auth=trust", f"--username={POSTGRES_USER}", "--encoding=UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "-D", str(self._data), *options)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        where = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self._socket}"
        log = str(self._socket / "server.log")
        self._run("pg_ctl", "-D", str(self._data), "-w", "-t", str(int(STARTING_S)), "-l", log, "-o", where, "start")

    def stop(self, how: str = "fast") -> None:
        """End it: `fast` in good order, `immediate` as a crash does."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-m", how, "stop")

    def _run(self, program: str, *words: str) -> None:
        other = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        command = [str(self._programs / program), *words]
        done = subprocess.run(command, cwd=self._socket, capture_output=True, text=True, check=False, **other)  # type: ignore[call-overload]
        if done.returncode:
            raise ServerMissingError(f"{program} failed: {(done.stderr or done.stdout).strip()[-500:]}")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server of one's own. Raises `ServerMissingError`."""
    programs = postgres_programs()
    if programs is None or (os.getuid() == 0 and not _has_user("postgres")):
        raise ServerMissingError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="impasto-pg-"))  # a short path: the socket's has 107 bytes
    folder.chmod(0o755)
    server = None
    try:
        server = Postgres(folder, programs)
        server.start()
        yield server
    finally:
        if server is not None and (folder / "data" / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def object_server(*buckets: str) -> Iterator[str]:
    """Run an S3-compatible server with these buckets, all in memory; gives its endpoint. Raises `ServerMissingError`."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _await(endpoint, process)
        for bucket in buckets:
            made = urllib.request.Request(f"{endpoint}/{bucket}", method="PUT")  # noqa: S310 - loopback
            urllib.request.urlopen(made, timeout=STARTING_S).close()  # noqa: S310
        yield endpoint
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STARTING_S)


def _await(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTING_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(endpoint, timeout=1).close()  # noqa: S310
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise ServerMissingError("the S3-compatible server does not start: pip install 'moto[server]'")


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
