"""One suite for every storage: the promises that the ledger's own promises rest on."""

import os
from pathlib import Path

import pytest
from fake_storage import MemoryStorage

from ledger import BusyError, StorageError
from ledger.storage import Storage
from ledger.storage_file import FileStorage, random_ledger_id


@pytest.fixture(params=["file", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path):
    """Yield an empty storage with its folders made."""
    if request.param == "memory":
        yield MemoryStorage()
        return
    made = FileStorage(tmp_path / "deep" / "ledger")
    made.prepare()
    yield made
    made.close()


def test_files_grow_shrink_and_read_back(storage: Storage) -> None:
    """Reads past the end are short, not wrong."""
    storage.create("segments/a", b"head")
    storage.write("segments/a", 4, b"-tail")
    storage.sync("segments/a")
    assert storage.size("segments/a") == 9
    assert storage.read("segments/a", 2, 100) == b"ad-tail"
    assert storage.read("segments/a", 50, 10) == b""
    storage.truncate("segments/a", 5)
    assert storage.read("segments/a", 0, 9) == b"head-"


def test_names_are_full_sorted_and_of_one_folder(storage: Storage) -> None:
    """The order of segments is the order of this listing."""
    for name in ("segments/b", "segments/a", "mark"):
        storage.create(name, b"x")
    assert storage.names("segments") == ["segments/a", "segments/b"]
    assert "mark" in storage.names()
    assert storage.names("absent") == []
    assert storage.size("absent") is None


def test_what_is_not_there_cannot_be_read(storage: Storage) -> None:
    """Nothing is made up for a missing file."""
    with pytest.raises(StorageError):
        storage.read("absent", 0, 1)


def test_files_beside_the_log_are_put_settled_replaced_and_removed(storage: Storage) -> None:
    """Tiles make their own folders; the checkpoint is put in place of the one before."""
    names = [f"tile/0/x00{at}/00{at}" for at in range(7)]
    for name in names:
        storage.put(name, name.encode())
        storage.put(name, name.encode()[:-1])
    storage.settle(names[:2])
    storage.settle(names)
    storage.settle(names[:1])
    assert [storage.read(name, 0, 99) for name in names] == [name.encode()[:-1] for name in names]
    assert storage.names("tile/0") == [f"tile/0/x00{at}" for at in range(7)]
    assert storage.size("tile/0") is None
    for text in (b"one", b"number two", b"3"):
        storage.replace("checkpoint", text)
        assert storage.read("checkpoint", 0, 99) == text
    storage.remove(names[0])
    storage.remove(names[0])
    assert storage.size(names[0]) is None
    storage.put(names[0], b"again")
    storage.settle(names[:1])
    assert storage.read(names[0], 0, 99) == b"again"


def test_the_lock_admits_one_and_comes_free(storage: Storage) -> None:
    """A second writer waits for its time and is then told."""
    with storage.lock(0.0), pytest.raises(BusyError), storage.lock(0.01):
        pytest.fail("two writers at once")
    with pytest.raises(KeyError), storage.lock(0.0):
        raise KeyError
    with storage.lock(0.0):
        pass


def test_two_storages_of_one_folder_exclude_each_other(tmp_path: Path) -> None:
    """Two ledger objects in one process are two writers."""
    one, two = FileStorage(tmp_path), FileStorage(tmp_path)
    one.prepare()
    with one.lock(1.0), pytest.raises(BusyError), two.lock(0.01):
        pytest.fail("two writers at once")
    one.close()
    two.close()


def test_a_read_only_storage_makes_no_lock_file(tmp_path: Path) -> None:
    """A copy for an auditor stays as it was."""
    storage = FileStorage(tmp_path, read_only=True)
    with storage.lock(1.0):
        assert list(tmp_path.iterdir()) == []
    storage.close()


def test_files_open_for_writing_stay_few(tmp_path: Path) -> None:
    """A ledger of thousands of segments must not run out of descriptors."""
    storage = FileStorage(tmp_path)
    storage.prepare()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counting names, nothing is opened from them
    for at in range(20):
        storage.create(f"segments/{at}", b"x")
        storage.write(f"segments/{at}", 1, b"y")
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208 - as above
    assert all(storage.read(f"segments/{at}", 0, 9) == b"xy" for at in range(20))
    storage.close()


def test_refusals_of_the_system_carry_file_operation_and_number(tmp_path: Path) -> None:
    """Disk full and permission denied ask for different people."""
    storage = FileStorage(tmp_path / "file" / "ledger")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError) as caught:
        storage.prepare()
    assert caught.value.errno in (17, 20)
    assert "file" in caught.value.path


def test_ledger_ids_are_version_4_uuids() -> None:
    """Other tools print them as such."""
    one, two = random_ledger_id(), random_ledger_id()
    assert one != two
    assert (one[6] >> 4, one[8] >> 6, len(one)) == (4, 2, 16)
