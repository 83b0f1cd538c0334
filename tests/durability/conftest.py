"""Where do stories of crashes happen? In memory where there is room: it is the calls that count, and no sync is waited for."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made below it


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A temporary folder in memory, or an ordinary one where the system has no such place."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="ledger-", dir=MEMORY))
    yield folder
    shutil.rmtree(folder)
