"""A disk that is full, or may not be written to: said by type, and the ledger goes on where there is room again."""

import errno
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_events import Event, EventWithRepair, Painted

from ledger import Ledger, StorageError, TailRepaired, verify

DISK_KIB = 64


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a memory file system of 64 KiB; skips where that is not allowed."""
    point = tmp_path / "disk"
    point.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k", "tmpfs", str(point)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us mount a small disk")
    yield point
    subprocess.run(["umount", str(point)], check=True)


def fill(ledger: Ledger, size: int) -> list[Painted]:
    """Append events of `size` bytes until there is no room, then make sure that the object knows; return what was told."""
    told: list[Painted] = []

    def fill_up() -> None:
        while True:
            event = Painted("x" * size, len(told))
            ledger.append([event])
            told.append(event)

    with pytest.raises(StorageError) as caught:
        fill_up()
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(StorageError, match="open the ledger again"):
        ledger.append([Painted("more")])
    return told


def painted_in(ledger: Ledger) -> list[Painted]:
    """All events but the ledger's own."""
    return [event for _, event in ledger.read() if not isinstance(event, TailRepaired)]


@pytest.mark.parametrize("size", [150, 700, 4_055, 9_000])
@pytest.mark.parametrize("events", [Event, EventWithRepair], ids=["plain", "recording"])
def test_a_full_disk_loses_nothing_and_the_ledger_opens_while_it_is_full(disk: Path, size: int, events) -> None:
    """Whoever runs out of space needs the log most: to read it, to open it, and to go on after making room."""
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(8_000))
    ledger = Ledger.open(disk / "ledger", events=events, create=True)
    told = fill(ledger, size)
    ledger.close()
    for _ in range(3):
        with Ledger.open(disk / "ledger", events=events, read_only=True) as reader:
            assert painted_in(reader) == told
        with Ledger.open(disk / "ledger", events=events) as again:
            assert painted_in(again) == told
        # Tiles wait for room: they can be computed from the events at any time.
        assert {finding.check for finding in verify(disk / "ledger", events=events).findings} <= {"tile"}
    ballast.unlink()
    with Ledger.open(disk / "ledger", events=events) as roomy:
        roomy.append([Painted("room")])
        assert painted_in(roomy) == [*told, Painted("room")]
    assert verify(disk / "ledger", events=events).ok


def test_a_segment_for_which_there_is_no_room_is_made_later(disk: Path) -> None:
    """Rolling makes a file, which needs room in other ways than growing does."""
    ledger = Ledger.open(disk / "ledger", events=Event, create=True, segment_bytes_max=3_000)
    told = fill(ledger, 500)
    ledger.close()
    with Ledger.open(disk / "ledger", events=Event, segment_bytes_max=3_000) as again:
        assert painted_in(again) == told
    subprocess.run(["mount", "-o", f"remount,size={2 * DISK_KIB}k", str(disk)], check=True)
    with Ledger.open(disk / "ledger", events=Event, segment_bytes_max=3_000) as roomy:
        roomy.append([Painted("room")])
        assert painted_in(roomy) == [*told, Painted("room")]


def test_no_room_for_a_ledger_is_said_and_leaves_no_half_of_one(disk: Path) -> None:
    """Creation is the first thing that can fail."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        for _ in range(DISK_KIB // 4 - 1):
            file.write(bytes(4_096))
    with pytest.raises(StorageError) as caught:
        Ledger.open(disk / "ledger", events=Event, create=True)
    assert caught.value.errno == errno.ENOSPC
    ballast.unlink()
    with Ledger.open(disk / "ledger", events=Event, create=True) as ledger:
        assert ledger.append([Painted("red")]) == 0


def test_a_read_only_disk_can_be_read_and_not_appended_to(disk: Path) -> None:
    """Evidence is mounted read-only; that is no reason not to look at it."""
    with Ledger.open(disk / "ledger", events=Event, create=True) as ledger:
        ledger.append([Painted("red")])
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(StorageError) as caught:
        Ledger.open(disk / "new", events=Event, create=True)
    assert caught.value.errno == errno.EROFS
    with pytest.raises(StorageError) as caught, Ledger.open(disk / "ledger", events=Event) as ledger:
        ledger.append([Painted("blue")])
    assert caught.value.errno == errno.EROFS
    with Ledger.open(disk / "ledger", events=Event, read_only=True) as reader:
        assert painted_in(reader) == [Painted("red")]
    assert verify(disk / "ledger", events=Event).ok
