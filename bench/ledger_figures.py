"""What does a ledger cost that is no rate? Memory of a streaming read, time of importing and of opening, in fresh processes."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.ledger_events import Event
from bench.ledger_projections import Counts
from ledger import Ledger, Snapshots, replay

_TRIES: Final = 5
_MILLION: Final = 1_000_000
_BATCH: Final = 10_000
_IMPORT: Final = """
import time
start = time.process_time()
import ledger
print((time.process_time() - start) * 1e3)
"""
_READ: Final = """
import sys
from bench.ledger_events import Event
from ledger import Ledger

def peak_kib():
    # Not resource.getrusage: that begins with the peak of the process that started this one.
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])

with Ledger.open(sys.argv[1], events=Event, read_only=True) as ledger:
    total = ledger.head().size
    seen = sum(1 for _ in ledger.read(0, total // 4))
    quarter = peak_kib()
    seen += sum(1 for _ in ledger.read(total // 4, total))
    assert seen == total
    print((peak_kib() - quarter) / 1024, peak_kib() / 1024)
"""


def import_cpu_ms() -> float:
    """Return the CPU milliseconds of `import ledger` in a fresh interpreter, best of five."""
    return min(_run(_IMPORT)[0] for _ in range(_TRIES))


def streaming_read_mib(folder: Path) -> tuple[float, float]:
    """Return by how many MiB the peak memory grew over the last three quarters of a streaming read, and that peak."""
    grown, peak = _run(_READ, str(folder))
    return grown, peak


def open_million_s(events: Sequence[Event], folder: Path) -> float:
    """Return the seconds to open a ledger of a million events below `folder` and to have a small state at its head, from a
    snapshot; best of five. `events` are appended until there are so many."""
    million = itertools.islice(itertools.cycle(events), _MILLION)
    with Ledger.open(folder / "ledger", events=Event, create=True) as ledger:
        while batch := list(itertools.islice(million, _BATCH)):
            ledger.append(batch)
        state = _counts(ledger, folder)
    taken = []
    for _ in range(_TRIES):
        start = time.perf_counter()
        with Ledger.open(folder / "ledger", events=Event) as ledger:
            assert _counts(ledger, folder) == state
        taken.append(time.perf_counter() - start)
    return min(taken)


def _counts(ledger: Ledger, folder: Path) -> dict[str, int]:
    snapshots = Snapshots(folder / "snapshots")
    counts: dict[str, int] = replay(ledger, Counts(), snapshots=snapshots)
    assert sum(counts.values()) == ledger.head().size
    return counts


def _run(script: str, *arguments: str) -> list[float]:
    """Run `script` in a fresh interpreter that finds the same packages; return the numbers that it printed."""
    found = [path for path in sys.path if path]
    code = f"import sys; sys.path[:] = {found!r}\n{script}"
    # Programs find compiled bytecode where they are installed; a setting against writing it would be measured instead.
    told = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True, env=told
    )
    return [float(word) for word in done.stdout.split()]
