"""Runs Python in another process, with a kernel cache of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def printed(script: str, place: Path, **extra: str) -> Mapping[str, Any]:
    """Run `script` in a new process whose kernel cache is at `place`; return the JSON that it prints."""
    environment = {**os.environ, "IMPASTO_KERNEL_CACHE": str(place), **extra}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found
