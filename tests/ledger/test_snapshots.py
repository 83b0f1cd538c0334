"""A snapshot may save time and nothing else: whatever is wrong with it, the state is that of the log."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_events import Coats, Event, EventWithRepair, painted

from ledger import Ledger, OutOfRangeError, ProjectionError, Snapshots, StorageError, replay, snapshots
from ledger.log import Head


class KeptCoats(Coats):
    """Coats with a type to keep its state in; counts what it was fed."""

    name = "coats.kept"
    state_type = dict[str, int]

    def __init__(self) -> None:
        self.fed: list[int] = []

    def apply(self, state: dict[str, int], index: int, event: Any, /) -> dict[str, int]:
        self.fed.append(index)
        return super().apply(state, index, event)


@pytest.fixture
def ledger(tmp_path: Path):
    """Yield a ledger of 30 events."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True, segment_bytes_max=400) as opened:
        for at in range(0, 30, 3):
            opened.append(painted(3, at))
        yield opened


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.snapshot"))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=8), st.integers(1, 12), st.data())
def test_the_state_is_the_same_with_and_without(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool]], between: int, data: st.DataObject
) -> None:
    """The law of every cache, at the head and at every past index, whenever snapshots were taken."""
    folder = tmp_path_factory.mktemp("snapshots")
    kept = Snapshots(folder / "kept", events_between=between, kept=data.draw(st.integers(1, 3)))
    with Ledger.open(folder / "ledger", events=Event, create=True, segment_bytes_max=300) as ledger:
        for size, asked in steps:
            ledger.append(painted(size, ledger.head().size))
            if asked:
                assert replay(ledger, KeptCoats(), snapshots=kept) == replay(ledger, Coats())
        for at in range(ledger.head().size + 1):
            assert replay(ledger, KeptCoats(), at, snapshots=kept) == replay(ledger, Coats(), at)


def test_a_replay_goes_on_from_the_newest_snapshot_that_is_early_enough(ledger: Ledger, tmp_path: Path) -> None:
    """That is the whole use of them."""
    kept = Snapshots(tmp_path / "kept", events_between=10)
    replay(ledger, KeptCoats(), snapshots=kept)
    ledger.append(painted(10, 30))
    replay(ledger, KeptCoats(), snapshots=kept)
    ledger.append(painted(5, 40))
    for at, fed in ((None, range(40, 45)), (41, [40]), (40, []), (39, range(30, 39)), (29, range(29))):
        projection = KeptCoats()
        replay(ledger, projection, at, snapshots=kept)
        assert projection.fed == list(fed)
    assert [path.name[-29:] for path in _files(tmp_path / "kept")] == [
        f"{30:020}.snapshot", f"{40:020}.snapshot"
    ]  # fmt: skip


def test_old_snapshots_make_room(ledger: Ledger, tmp_path: Path) -> None:
    """A cache that only grows fills a disk; the newest stay."""
    kept = Snapshots(tmp_path / "kept", events_between=1, kept=2)
    for at in range(30, 40):
        replay(ledger, KeptCoats(), snapshots=kept)
        ledger.append(painted(1, at))
    assert [int(path.name[-29:-9]) for path in _files(tmp_path / "kept")] == [38, 39]
    kept.discard(ledger, KeptCoats())
    assert _files(tmp_path / "kept") == []


def test_any_changed_byte_throws_a_snapshot_away(ledger: Ledger, tmp_path: Path) -> None:
    """Flipped, cut short, emptied, exchanged for something else: the state comes from the log, the file goes."""
    kept = Snapshots(tmp_path / "kept", events_between=1)
    state = replay(ledger, KeptCoats(), snapshots=kept)
    (path,) = _files(tmp_path / "kept")
    whole = path.read_bytes()
    flipped = [whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :] for at in range(len(whole))]
    cut = [whole[:size] for size in range(0, len(whole), 7)]
    for bad in [*flipped, *cut, whole + b"\0"]:
        path.write_bytes(bad)
        assert Snapshots(tmp_path / "kept").load(ledger, KeptCoats(), 30) is None
        assert not path.exists()
    assert replay(ledger, KeptCoats(), snapshots=kept) == state
    assert path.read_bytes() == whole


def test_a_snapshot_of_another_history_is_thrown_away(tmp_path: Path) -> None:
    """The same ledger id, the same number of events, other events: only the root of the tree tells."""
    kept = Snapshots(tmp_path / "kept", events_between=1)
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(2))
    shutil.copytree(tmp_path / "ledger", tmp_path / "fork")
    for name, start in (("ledger", 2), ("fork", 7)):
        with Ledger.open(tmp_path / name, events=Event) as ledger:
            ledger.append(painted(3, start))
            assert replay(ledger, KeptCoats(), snapshots=kept) == replay(ledger, Coats())
    assert len(_files(tmp_path / "kept")) == 1


def test_what_a_state_means_is_part_of_its_name(ledger: Ledger, tmp_path: Path) -> None:
    """Another version, another projection, another union: none may take over a state."""

    class Next(KeptCoats):
        version = 2

    class Others(KeptCoats):
        name = "others"

    kept = Snapshots(tmp_path / "kept", events_between=1)
    replay(ledger, KeptCoats(), snapshots=kept)
    for projection in (Next(), Others()):
        assert kept.load(ledger, projection, 30) is None
    with Ledger.open(ledger.path, events=EventWithRepair) as grown:
        assert kept.load(grown, KeptCoats(), 30) is None


def test_a_renamed_snapshot_does_not_pass(ledger: Ledger, tmp_path: Path) -> None:
    """What a file is called proves nothing; its head says what it is of."""
    kept = Snapshots(tmp_path / "kept", events_between=1)
    replay(ledger, KeptCoats(), snapshots=kept)
    (path,) = _files(tmp_path / "kept")
    path.rename(path.with_name(path.name.replace(f"{30:020}", f"{20:020}")))
    assert replay(ledger, KeptCoats(), 20, snapshots=kept) == replay(ledger, Coats(), 20)
    assert _files(tmp_path / "kept") == []


def test_read_only_snapshots_are_used_and_never_touched(ledger: Ledger, tmp_path: Path) -> None:
    """An auditor reads another's folder."""
    replay(ledger, KeptCoats(), 30, snapshots=Snapshots(tmp_path / "kept", events_between=1))
    (path,) = _files(tmp_path / "kept")
    looking = Snapshots(tmp_path / "kept", events_between=1, read_only=True)
    ledger.append(painted(9, 30))
    projection = KeptCoats()
    assert replay(ledger, projection, snapshots=looking) == replay(ledger, Coats())
    assert projection.fed == list(range(30, 39))
    path.write_bytes(b"damaged")
    assert replay(ledger, KeptCoats(), snapshots=looking) == replay(ledger, Coats())
    assert [one.read_bytes() for one in _files(tmp_path / "kept")] == [b"damaged"]


def test_projections_that_cannot_be_kept_are_refused(ledger: Ledger, tmp_path: Path) -> None:
    """Before the replay, not after minutes of it."""

    class Slashed(KeptCoats):
        name = "../coats"

    class Unkeepable(KeptCoats):
        def initial(self) -> Any:
            return {"a": object()}

    kept = Snapshots(tmp_path / "kept", events_between=1)
    for projection, told in ((Coats(), "state_type"), (Slashed(), "name of a file"), (Unkeepable(), "encoded")):
        with pytest.raises(ProjectionError, match=told):
            replay(ledger, projection, snapshots=kept)
    for arguments in ({"events_between": 0}, {"kept": 0}):
        with pytest.raises(OutOfRangeError):
            Snapshots(tmp_path, **arguments)


def test_a_folder_that_cannot_be_written_is_told(ledger: Ledger, tmp_path: Path) -> None:
    """Snapshots that silently never come make every start slow."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        replay(ledger, KeptCoats(), snapshots=Snapshots(tmp_path / "file" / "kept", events_between=1))


def test_the_shape_on_disk_is_the_documented_one(ledger: Ledger, tmp_path: Path, monkeypatch: Any) -> None:
    """docs/specs/ledger-side-files.md: the preamble, the head as an array, the state, the checksum."""
    kept = Snapshots(tmp_path / "kept")
    real = ledger.head()
    head = Head(**{name: getattr(real, name) for name in Head.__struct_fields__} | {"ledger_id": bytes(range(16))})
    monkeypatch.setattr(type(ledger), "head", lambda _: head)
    kept.write(ledger, KeptCoats(), 0, {"red": 3})
    (path,) = _files(tmp_path / "kept")
    assert path.name == "000102030405060708090a0b0c0d0e0f.coats.kept.1.00000000000000000000.snapshot"
    data = path.read_bytes()
    assert data[:24].hex() == "4c4544475349440a" + "0100" + "0100" + "64000000" + "0600000000000000"
    assert msgspec.msgpack.decode(data[24 : 24 + 100]) == [
        bytes(range(16)), 0, snapshots.bound_to(ledger, 0).root, "coats.kept", 1, ledger.codec.fingerprint()
    ]  # fmt: skip
    assert msgspec.msgpack.decode(data[124:-4]) == {"red": 3}
    shape = hashlib.sha256(b"1 Painted colour width\n2 Scraped index note").digest()
    assert ledger.codec.fingerprint() == shape
