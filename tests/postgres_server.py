"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on loopback, that may be killed and restarted.

The session fixture `postgres` starts one in each process that runs tests, the first time that it is asked for, and takes it
away at the end; it never touches a cluster of the system. PostgreSQL refuses to run as root, so that root runs it as the
user `postgres` or `nobody`. Where PostgreSQL is not installed the tests that need it are skipped, loudly. With
IMPASTO_POSTGRES=postgresql://... the tests use that server's database instead, but for those that kill theirs.
"""

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

USER = "impasto_test"
PASSWORD = "canary-7f3e"  # noqa: S105 - of a server that lives as long as the tests
START_S_MAX = 60.0
_BINARIES = "/usr/lib/postgresql/*/bin/postgres"
_NAMES = itertools.count()


class PostgresServer:
    """One cluster. `url` is that of its database, with user and password."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self.binaries = binaries
        self.port = _free_port()
        self.url = f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"
        self._process: subprocess.Popen[bytes] | None = None
        self._as_user = _user_prefix(folder)
        password = folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        initdb = [
            str(binaries / "initdb"),
            "-D",
            str(folder / "data"),
            "-U",
            USER,
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        self._run([*initdb, "--auth=scram-sha-256", f"--pwfile={password}"])

    def _run(self, command: list[str]) -> None:
        done = subprocess.run([*self._as_user, *command], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        settings = {"listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": self.folder}
        settings |= {"max_connections": 60, "shared_buffers": "32MB", "jit": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            command = [*self._as_user, str(self.binaries / "postgres"), "-D", str(self.folder / "data"), *options]
            self._process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)
        ready = [str(self.binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port), "-t", "5"]
        deadline_s = time.monotonic() + START_S_MAX
        while subprocess.run(ready, check=False).returncode:
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline_s, "the server does not answer"
            time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT disconnects everybody and shuts down, SIGQUIT is a crash, after which it recovers."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_S_MAX)
            self._process = None

    def crash(self) -> None:
        """End it in the middle of whatever it does, and start it again."""
        self.stop(signal.SIGQUIT)
        self.start()

    def remove(self) -> None:
        """Stop it and delete its files."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


def find_binaries() -> Path | None:
    """Return the folder of the newest installed PostgreSQL, None when there is none."""
    found = sorted(Path("/").glob(_BINARIES.lstrip("/")), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


def new_server() -> PostgresServer:
    """Return a new, running server, which is the caller's to remove."""
    binaries = find_binaries()
    assert binaries is not None, "the caller has looked"
    server = PostgresServer(Path(tempfile.mkdtemp(prefix="impasto-pg-")), binaries)
    server.start()
    return server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server of this process."""
    if find_binaries() is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    server = new_server()
    yield server
    server.remove()


@pytest.fixture
def postgres_address(request: pytest.FixtureRequest) -> str:
    """The address of a ledger that does not exist yet, in a database that other tests use, too."""
    url = os.environ.get("IMPASTO_POSTGRES") or request.getfixturevalue("postgres").url
    return f"{url}#test-{os.getpid()}-{next(_NAMES)}"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _user_prefix(folder: Path) -> list[str]:
    """Return what to put before a command so that it does not run as root, and give that user the folder."""
    if os.geteuid():
        return []
    known = {each.pw_name for each in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in known else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    # The server goes with the process that started it, also when that is killed.
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=QUIT"]
