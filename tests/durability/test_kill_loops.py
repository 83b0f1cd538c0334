"""Writers that are killed, tails that are torn, bits that are flipped: each of them, everywhere."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from crash_check import FULL, painted_in
from fake_storage import MemoryStorage
from sample_events import Event, EventWithRepair, Painted, painted
from traced_disk import files_of

from ledger import CorruptLedgerError, Ledger, verify
from ledger.segments import create_log

HERE = Path(__file__).parent
KILLS = 1_000 if FULL else 25
MARK_STEP = 1 if FULL else 16
"""Most of the mark is padding, which one byte in sixteen stands for in the short run."""


@pytest.mark.slow
def test_writers_that_are_killed_lose_nothing_that_they_acknowledged(
    quick_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`kill -9` at any moment, of one thread or several; the ledger opens by itself each time."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE.parents[1]), str(HERE.parent / "ledger")))}
    command = [sys.executable, str(HERE / "kill_loop.py"), str(quick_path), str(KILLS), "5"]
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert answer.returncode == 0, answer.stderr
    with capsys.disabled():
        print(f"\n{answer.stdout.strip()}")  # noqa: T201 - the figure of this run
    assert answer.stdout.startswith(f"{KILLS} writers killed")


@pytest.mark.slow
def test_a_group_torn_at_every_byte_is_there_whole_or_not_at_all() -> None:
    """The batches of a group share a frame, and so share its fate; what follows the tear may be nothing, zeros, or what
    lay there before."""
    storage = MemoryStorage()
    create_log(storage, bytes(16))
    ledger = Ledger(storage, events=EventWithRepair)
    ledger.append(painted(3))
    before = {name: bytes(data) for name, data in storage.live.items()}
    name = next(name for name in before if name.startswith("segments/"))
    ledger.append_many([painted(5, at) for at in range(3, 28, 5)])
    frame = bytes(storage.live[name][len(before[name]) :])
    chance = random.Random(1)
    for size in range(len(frame)):
        for rest in (b"", bytes(len(frame) - size), chance.randbytes(len(frame) - size)):
            torn = MemoryStorage({**before, name: before[name] + frame[:size] + rest})
            assert painted_in(Ledger(torn, events=EventWithRepair)) == painted(3)
    whole = MemoryStorage({**before, name: before[name] + frame})
    assert painted_in(Ledger(whole, events=EventWithRepair)) == painted(28)


@pytest.mark.slow
def test_a_bit_flipped_in_any_byte_is_found_and_never_shown_as_an_event(quick_path: Path) -> None:
    """An auditor is told; a program gets the right events or an error, and the damage is not written over."""
    root = quick_path / "ledger"
    with Ledger.open(root, events=Event, create=True, segment_bytes_max=400) as ledger:
        for at in range(0, 24, 3):
            ledger.append(painted(3, at))
    good = files_of(root)
    chance = random.Random(2)
    flips = 0
    for name, data in good.items():
        for at in range(0, len(data), MARK_STEP if name == "mark" else 1):
            flipped = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
            (root / name).write_bytes(flipped)
            found = verify(root, events=Event)
            assert name in {finding.subject for finding in found.findings}, (name, at)
            assert shown({**good, name: flipped}) in ("the same", "an error"), (name, at)
            flips += 1
        (root / name).write_bytes(data)
    assert flips > 1_000
    assert verify(root, events=Event).ok


def shown(files: dict[str, bytes]) -> str:
    """What a program sees that opens these files for writing and reads them."""
    storage = MemoryStorage(files)
    try:
        events = [event for _, event in Ledger(storage, events=Event).read()]
    except CorruptLedgerError:
        kept = all(storage.live[name] == data for name, data in files.items() if name.startswith("segments/"))
        return "an error" if kept else "an error, after evidence was changed"
    return "the same" if events == painted(24) else f"{len(events)} events"


def test_damage_that_a_program_does_not_pass_does_not_stop_it(quick_path: Path) -> None:
    """Old segments are read when they are asked for; an append must neither wait for that nor hide it."""
    root = quick_path / "ledger"
    with Ledger.open(root, events=Event, create=True, segment_bytes_max=4_000) as ledger:
        for at in range(0, 800, 40):
            ledger.append(painted(40, at))
    first = min((root / "segments").iterdir())
    data = first.read_bytes()
    first.write_bytes(data[:120] + bytes([data[120] ^ 1]) + data[121:])
    with Ledger.open(root, events=Event) as ledger:
        assert ledger.append([Painted("after")]) == 800
        assert list(ledger.read(760)) == [*enumerate(painted(40, 760), 760), (800, Painted("after"))]
        with pytest.raises(CorruptLedgerError):
            list(ledger.read())
    assert not verify(root).ok
