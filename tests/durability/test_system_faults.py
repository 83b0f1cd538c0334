"""What the operating system may answer instead of doing what it was asked, and what a ledger then says and keeps."""

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_events import Event, painted

from ledger import BusyError, Ledger, StorageError, verify
from ledger.storage_file import FileStorage


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A ledger of four events in a folder of its own."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as made:
        made.append(painted(4))
    return tmp_path / "ledger"


def opened(root: Path, **options: Any) -> Ledger:
    return Ledger.open(root, events=Event, **options)


def contents(root: Path) -> list[Any]:
    """Open as after a restart, read everything, and check every byte."""
    with opened(root) as again:
        events = [event for _, event in again.read()]
    assert verify(root, events=Event).ok
    return events


def refusing(
    number: int, original: Callable[..., Any], refusals: int = 1, *, after: bool = False
) -> Callable[..., Any]:
    """Return a call that is refused with error `number` so many times, before or after it was carried out."""
    left = [refusals]

    def call(*arguments: Any, **named: Any) -> Any:
        if not left[0]:
            return original(*arguments, **named)
        left[0] -= 1
        if after:
            original(*arguments, **named)
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize("after", [False, True], ids=["not done", "done"])
@pytest.mark.parametrize(
    ("verb", "number"),
    [
        ("fdatasync", errno.EIO),
        ("pwrite", errno.ENOSPC),
        ("pwrite", errno.EIO),
        ("pwrite", errno.EDQUOT),
        ("pread", errno.EIO),
        ("open", errno.EMFILE),
    ],
)
def test_one_refusal_ends_the_object_and_not_the_ledger(root: Path, verb: str, number: int, after: bool) -> None:
    """Trying again would be told that all is well; a fresh open sees what there is, and goes on."""
    writer = opened(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, verb, refusing(number, getattr(os, verb), after=after))
        with pytest.raises(StorageError) as caught:
            writer.append(painted(2, 4))
        assert caught.value.errno == number
        assert str(root) in caught.value.path
        with pytest.raises(StorageError, match="open the ledger again"):
            writer.append(painted(2, 4))
    writer.close()
    assert contents(root) in (painted(4), painted(6))
    size = len(contents(root))
    with opened(root) as again:
        assert again.append(painted(1, size)) == size
    assert contents(root) == painted(size + 1)


def test_a_short_write_is_carried_on(root: Path) -> None:
    """The system may take less than it is given; that is no failure, and no hole either."""
    pwrite = os.pwrite
    with pytest.MonkeyPatch.context() as patch, opened(root) as writer:
        patch.setattr(os, "pwrite", lambda file, data, offset: pwrite(file, bytes(data[:7]), offset))
        writer.append(painted(3, 4))
    assert contents(root) == painted(7)


def test_a_refused_read_does_not_end_a_reader(root: Path) -> None:
    """Reading changes nothing, so nothing is in doubt; the same call may succeed on the next try."""
    with opened(root, read_only=True) as reader, pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pread", refusing(errno.EIO, os.pread))
        with pytest.raises(StorageError) as caught:
            list(reader.read())
        assert (caught.value.errno, caught.value.operation) == (errno.EIO, "read")
        assert [event for _, event in reader.read()] == painted(4)


def test_without_permission_to_write_a_ledger_can_still_be_read(root: Path) -> None:
    """Simulated, because the tests may run as root, whom nothing is forbidden."""
    system_open = os.open

    def forbidding(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return system_open(path, flags, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", forbidding)
        with pytest.raises(StorageError) as caught:
            opened(root)
        assert caught.value.errno == errno.EACCES
        with opened(root, read_only=True) as reader:
            assert [event for _, event in reader.read()] == painted(4)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_told_as_such(tmp_path: Path) -> None:
    """The most common mistake of a new installation."""
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(StorageError) as caught:
            opened(tmp_path / "ledger", create=True)
        assert caught.value.errno == errno.EACCES
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize("exchange", [False, True], ids=["deleted", "exchanged"])
def test_a_lock_file_that_went_away_still_admits_one_writer(root: Path, exchange: bool) -> None:
    """A tidy-up script that deletes `lock` must not let two writers in."""
    one, two = FileStorage(root), FileStorage(root)
    with one.lock(1.0):
        pass
    (root / "lock").unlink()
    if exchange:
        (root / "lock").touch()
    with two.lock(1.0), pytest.raises(BusyError), one.lock(0.01):
        pytest.fail("two writers at once")
    with one.lock(1.0), pytest.raises(BusyError), two.lock(0.01):
        pytest.fail("two writers at once")
    one.close()
    two.close()


@pytest.mark.parametrize("exchange", [False, True], ids=["deleted", "exchanged"])
def test_a_lock_that_is_lost_during_an_append_is_told_before_it_is_acknowledged(root: Path, exchange: bool) -> None:
    """Somebody else may have written meanwhile; the mark must not vouch for that."""
    mark = (root / "mark").read_bytes()
    writer = opened(root)
    sync = os.fdatasync

    def losing(file: int) -> None:
        sync(file)
        (root / "lock").unlink(missing_ok=True)
        if exchange:
            (root / "lock").touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fdatasync", losing)
        with pytest.raises(StorageError) as caught:
            writer.append(painted(2, 4))
        assert (caught.value.path, caught.value.operation) == (str(root / "lock"), "lock")
        assert caught.value.errno == errno.ESTALE
        with pytest.raises(match="open the ledger again"):
            writer.append(painted(2, 4))
        assert (root / "mark").read_bytes() == mark
    writer.close()
    assert contents(root) in (painted(4), painted(6))


def test_nothing_depends_on_the_clock(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clocks are set back, and jump; order comes from the index alone, and waiting from the monotonic clock."""
    now = [2_000_000_000.0]

    def backwards() -> float:
        now[0] -= 86_400.0
        return now[0]

    monkeypatch.setattr(time, "time", backwards)
    monkeypatch.setattr(time, "time_ns", lambda: int(backwards() * 1e9))
    with opened(root, segment_bytes_max=300) as writer:
        for at in range(4, 12):
            writer.append(painted(1, at))
    for at, path in enumerate(sorted(root.rglob("*"))):
        os.utime(path, (10**9 * (at % 3), 10**9 * (at % 2)))
    assert contents(root) == painted(12)


def test_a_copy_made_between_appends_is_a_ledger(root: Path, tmp_path: Path) -> None:
    """Restoring a backup is how most ledgers come back from the dead."""
    shutil.copytree(root, tmp_path / "copy")
    with opened(root) as writer:
        writer.append(painted(1, 4))
    assert contents(tmp_path / "copy") == painted(4)


def test_closing_waits_for_an_append_under_way(root: Path) -> None:
    """A descriptor that is closed under a write may belong to another file when the write comes."""
    storage = FileStorage(root)
    closer = threading.Thread(target=storage.close)
    with storage.lock(1.0):
        storage.write("mark", 8_191, b"\0")
        closer.start()
        storage.sync("mark")
        assert closer.is_alive()
    closer.join(60)
    assert not closer.is_alive()
