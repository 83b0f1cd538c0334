"""Builds the verifier that is written in Go, offline, from what Debian packages; and runs it under a time limit."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parent / "logverify"
LIBRARIES = Path("/usr/share/gocode")
NEEDED = LIBRARIES / "src/golang.org/x/mod/sumdb/tlog"
REQUIRED = "IMPASTO_REQUIRE_GO"
"""Set where the verifier must run: then its absence fails instead of being skipped."""
BUILD_S, RUN_S = 300, 60


class Verdict(NamedTuple):
    """What the program said. `accepted` is its exit code; its last line gives the reason of a refusal."""

    accepted: bool
    said: str


def build(folder: Path) -> Path:
    """Return the built program in `folder`. Skips the test where Go or its libraries are missing."""
    if shutil.which("go") is None or not NEEDED.is_dir():
        reason = "NOT VERIFIED BY FOREIGN CODE: Go is missing (apt-get install golang-go golang-golang-x-mod-dev)"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)
    offline = {
        "GO111MODULE": "off",
        "GOPATH": str(LIBRARIES),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "GOPROXY": "off",
    }
    program = folder / "logverify"
    command = ["go", "build", "-o", str(program), *map(str, sorted(SOURCE.glob("*.go")))]
    built = subprocess.run(
        command, check=False, env=os.environ | offline, cwd=folder, capture_output=True, text=True, timeout=BUILD_S
    )
    assert built.returncode == 0, built.stderr
    return program


def run(program: Path, *arguments: object) -> Verdict:
    """Run the program. A verifier that hangs has accepted nothing: it fails the test by its timeout."""
    done = subprocess.run([program, *map(str, arguments)], check=False, capture_output=True, text=True, timeout=RUN_S)
    assert done.returncode in (0, 1), f"the verifier itself failed: {done.stdout}{done.stderr}"
    assert (done.stdout.splitlines()[-1] == "ACCEPTED") == (done.returncode == 0), done.stdout
    return Verdict(done.returncode == 0, done.stdout)
