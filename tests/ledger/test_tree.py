"""Tiles beside the log: they are always those of the entries, whatever a crash, a stranger or another writer did."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_storage import FaultyStorage, MemoryStorage
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_events import Event, Painted, painted

from ledger import (
    Checkpoint,
    CorruptLedgerError,
    Ledger,
    NoSignerError,
    ReadOnlyLedgerError,
    Signer,
    SignerMismatchError,
    StorageError,
)
from ledger.mark import SLOT_BYTES, decode_mark, encode_slot
from ledger.merkle import leaf_hashes, root_of
from ledger.segments import create_log
from ledger.storage import Storage
from ledger.tiles import format_path, full_tiles, partial_tiles

SIGNER = Signer("ledger.example/test", bytes(range(32)))
COMMITS = [200, 100, 300, 1, 1, 700, 54]


def new_storage() -> MemoryStorage:
    """Return a storage with an empty log."""
    storage = MemoryStorage()
    create_log(storage, bytes(range(16)))
    return storage


def opened(storage: Storage, signer: Signer | None = None) -> Ledger:
    """Open with segments of a few hundred events."""
    return Ledger(storage, events=Event, segment_bytes_max=9_000, signer=signer)


def filled(signer: Signer | None = None, commits: list[int] = COMMITS) -> tuple[MemoryStorage, Ledger]:
    """Return a storage with these commits, and the ledger that made them."""
    storage = new_storage()
    ledger = opened(storage, signer)
    for count in commits:
        ledger.append(painted(count, ledger.head().size))
    return storage, ledger


def tiles_in(storage: MemoryStorage) -> dict[str, bytes]:
    """Return all tiles that there are."""
    return {name: bytes(data) for name, data in storage.live.items() if name.startswith("tile/")}


def check_tree(storage: MemoryStorage) -> None:
    """Check head and full tiles against the entries, by the definitions."""
    with Ledger(storage, events=Event, read_only=True) as ledger:
        leaves = leaf_hashes([entry for _, entry in ledger.entries()])
        head = ledger.head()
    assert head.root == root_of(leaves)
    full = {format_path(tile): tile for tile in full_tiles(0, head.size)}
    assert full.keys() <= tiles_in(storage).keys()
    for name, tile in full.items():
        span = 256**tile.level
        starts = range(tile.index * 256 * span, (tile.index + 1) * 256 * span, span)
        assert storage.live[name] == b"".join(root_of(leaves[start : start + span]) for start in starts)


def copy_of(storage: MemoryStorage) -> MemoryStorage:
    """Return another storage with the files as they are."""
    return MemoryStorage({name: bytes(data) for name, data in storage.live.items()})


def test_every_append_leaves_root_and_full_tiles_of_its_events() -> None:
    """(size, root) is the durable state after every append, across segments and reopening."""
    storage = new_storage()
    leaves: list[bytes] = []
    for count in COMMITS:
        ledger = opened(storage)
        first = ledger.append(painted(count, ledger.head().size))
        leaves += leaf_hashes([entry for _, entry in ledger.entries(first)])
        assert ledger.head().root == root_of(leaves)
        assert tiles_in(storage).keys() == set(map(format_path, full_tiles(0, len(leaves))))
        ledger.close()
    assert ledger.signs is False
    check_tree(storage)


def test_a_tree_of_three_levels_is_carried_on_by_the_next_writer() -> None:
    """The first tile of level 1 covers 65,536 events; the writer after it begins in the middle of three tiles."""
    storage = new_storage()
    for counts in ([60_000, 5_600], [4_000], [1]):
        with Ledger(storage, events=Event) as ledger:
            for count in counts:
                ledger.append([Painted("red", at) for at in range(count)])
    assert "tile/1/000" in storage.live
    check_tree(storage)


def test_missing_torn_and_changed_tiles_are_computed_anew_by_the_next_writer() -> None:
    """Tiles that were not durable yet are not believed, and those below are checked as far as the edge needs them."""
    storage, ledger = filled()
    good = tiles_in(storage)
    assert len(good) == 5
    for name in good:
        for content in (None, b"", good[name][:100], bytes(8192), bytes(9000)):
            crashed = copy_of(storage)
            del crashed.live[name]
            if content is not None:
                crashed.live[name] = bytearray(content)
            opened(crashed).close()
            assert tiles_in(crashed) == good
    ledger.close()
    for name in good:
        settled = copy_of(storage)
        del settled.live[name]
        opened(settled).close()
        assert tiles_in(settled) == good


def test_power_cuts_leave_a_tree_that_the_next_writer_completes() -> None:
    """Unsynced tiles, marks and commits arrive in any order or not at all."""
    for seed in range(60):
        chance = random.Random(seed)
        faulty = FaultyStorage(new_storage(), chance.randrange(20, 90), chance.choice(("refused", "reported")))
        try:
            ledger = opened(faulty, SIGNER)
            for count in COMMITS:
                ledger.append(painted(count, ledger.head().size))
                if chance.random() < 0.3:
                    ledger.checkpoint()
            ledger.close()
        except StorageError:
            pass
        assert isinstance(faulty.inner, MemoryStorage)
        disk = faulty.inner.after_power_cut(chance)
        with opened(disk, SIGNER) as again:
            again.append(painted(300))
        check_tree(disk)
        checkpoint = Ledger(disk, events=Event, read_only=True).last_checkpoint()
        assert checkpoint is not None


def test_every_storage_call_of_a_signing_may_fail_in_either_way() -> None:
    """Whatever fails, there is the old checkpoint or the new one, whole, and the next signing works."""

    def story(storage: Storage) -> Checkpoint:
        ledger = opened(storage, SIGNER)
        ledger.append(painted(300, 600))
        return ledger.checkpoint()

    before, ledger = filled(SIGNER, [600])
    old = ledger.checkpoint()
    ledger.close()
    probe = FaultyStorage(copy_of(before))
    new = story(probe)
    assert {"put", "settle", "replace", "remove"} <= set(probe.calls)
    for fail_at in range(len(probe.calls)):
        for mode in ("refused", "reported"):
            inner = copy_of(before)
            with pytest.raises(StorageError):
                story(FaultyStorage(inner, fail_at, mode))
            again = opened(inner, SIGNER)
            assert again.last_checkpoint() in (old, new)
            again.append(painted(1))
            assert again.checkpoint().size in (601, 901)
            again.close()
            check_tree(inner)


def test_an_interrupt_at_any_moment_leaves_an_object_that_can_go_on() -> None:
    """Ctrl-C between commit, tiles, mark and memory: the same object appends on, and the tree is that of all events."""

    class Interrupting(FaultyStorage):
        def _pass(self, verb: str, action: Callable[[], Any]) -> Any:
            self.calls.append(verb)
            result = action() if self.mode == "reported" or len(self.calls) != self.fail_at else None
            if len(self.calls) == self.fail_at:
                raise KeyboardInterrupt
            return result

    def story(faulty: FaultyStorage) -> MemoryStorage:
        assert isinstance(faulty.inner, MemoryStorage)
        ledger = None
        for at in range(4):
            try:
                ledger = ledger or opened(faulty)
                if at == 1:
                    opened(faulty.inner).append(painted(20))
                ledger.append(painted(300, 750 + at))
            except KeyboardInterrupt:
                continue
        return faulty.inner

    begun = filled(commits=[250, 500])[0]
    probe = Interrupting(copy_of(begun))
    story(probe)
    assert {"put", "write", "sync", "read"} <= set(probe.calls)
    for fail_at in range(1, len(probe.calls)):
        check_tree(story(Interrupting(copy_of(begun), fail_at, ("refused", "reported")[fail_at % 2])))


def test_two_writers_in_turn_keep_one_tree() -> None:
    """Each learns what the other appended, at a cost that follows what is new."""
    storage, one = filled()
    two = opened(storage)
    for at in range(12):
        writer = (one, two)[at % 2]
        writer.append(painted(100 + at))
    check_tree(storage)
    calls = FaultyStorage(storage)
    three = opened(calls)
    one.append(painted(10))
    calls.calls.clear()
    three.append(painted(1))
    assert calls.calls.count("read") <= 5
    check_tree(storage)


def test_a_writer_under_whom_the_files_were_exchanged_believes_the_files() -> None:
    """What it kept in memory is of another history; a root that mixes both would never be mended."""
    storage, ledger = filled(commits=[300])
    other = new_storage()
    for at in (0, 300):
        opened(other).append([Painted(event.colour.upper(), event.width) for event in painted(300, at)])
    storage.live, storage.durable = other.live, other.durable
    assert ledger.append(painted(300)) == 600
    check_tree(storage)


def test_opening_reads_only_the_end_of_a_settled_log() -> None:
    """Each command line call opens the ledger; the mark says where the last few events begin."""
    storage, ledger = filled(commits=[250, 250, 250, 250, 20, 3])
    ledger.close()

    class Counting(FaultyStorage):
        bytes_read = 0

        def read(self, name: str, offset: int, size: int) -> bytes:
            data = super().read(name, offset, size)
            self.bytes_read += len(data) if name.startswith("segments/") else 0
            return data

    calls = Counting(copy_of(storage))
    opened(calls)
    assert calls.bytes_read < 10_000 < sum(len(data) for name, data in storage.live.items() if "segments" in name)


def test_a_lost_tile_folder_costs_one_reading_of_the_log() -> None:
    """It may be deleted at any time; computing each tile from the log by itself would take hours for a large one."""
    storage, ledger = filled(commits=[300] * 10)
    ledger.close()
    good = tiles_in(storage)
    for name in good:
        del storage.live[name]
    calls = FaultyStorage(storage)
    opened(calls)
    assert tiles_in(storage) == good
    assert calls.calls.count("read") < 60 < 10 * len(good)


def test_a_log_whose_entries_do_not_give_the_marks_root_is_refused() -> None:
    """Somebody who can compute checksums has exchanged events, or tiles have lost their entries."""
    storage, ledger = filled()
    ledger.close()
    mark = decode_mark(bytes(storage.live["mark"])).newest
    assert mark is not None
    wrong = mark._replace(root=bytes(32))
    storage.live["mark"][:] = encode_slot(wrong._replace(sequence=0)) + encode_slot(wrong._replace(sequence=1))
    assert len(storage.live["mark"]) == 2 * SLOT_BYTES
    with pytest.raises(CorruptLedgerError, match="do not give the root"):
        opened(storage)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_checkpoints_replace_each_other_and_leave_their_own_partial_tiles(counts: list[int]) -> None:
    """The live folder does not fill with the partial tiles of every signing."""
    storage = new_storage()
    with opened(storage, SIGNER) as ledger:
        for count in counts:
            ledger.append(painted(count))
            checkpoint = ledger.checkpoint()
            head = ledger.head()
            assert (checkpoint.size, checkpoint.root, checkpoint.origin) == (head.size, head.root, SIGNER.name)
            assert storage.durable == {name: bytes(data) for name, data in storage.live.items()}
            assert ledger.checkpoint() == ledger.last_checkpoint() == checkpoint
            expected = [*full_tiles(0, head.size), *partial_tiles(head.size)]
            assert tiles_in(storage).keys() == set(map(format_path, expected))


def test_closing_signs_what_was_appended_and_nothing_else() -> None:
    """A ledger with a signer is always signed up to its last orderly end."""
    storage, ledger = filled(SIGNER, [5])
    assert ledger.last_checkpoint() is None
    ledger.close()
    ledger.close()
    with opened(storage, SIGNER) as again:
        checkpoint = again.last_checkpoint()
        assert checkpoint is not None
        assert checkpoint.size == 5
    before = {name: bytes(data) for name, data in storage.live.items()}
    opened(storage, SIGNER).close()
    assert {name: bytes(data) for name, data in storage.live.items()} == before


def test_signing_needs_the_signer_and_the_right_one() -> None:
    """A second key or origin would make two logs of one."""
    storage, ledger = filled(commits=[3])
    with pytest.raises(NoSignerError):
        ledger.checkpoint()
    assert ledger.last_checkpoint() is None
    ledger.close()
    opened(storage, SIGNER).checkpoint()
    for stranger in (Signer(SIGNER.name, bytes(32)), Signer("ledger.example/other", SIGNER.seed)):
        with pytest.raises(SignerMismatchError) as caught:
            opened(storage, stranger)
        assert stranger.vkey in str(caught.value)
    with Ledger(storage, events=Event, read_only=True, signer=SIGNER) as reader, pytest.raises(ReadOnlyLedgerError):
        reader.checkpoint()


def test_a_log_that_was_cut_or_forked_is_never_signed() -> None:
    """All files put back to an earlier state, and then written on, is what a checkpoint is there to show."""
    storage, ledger = filled(SIGNER, [300])
    earlier = copy_of(storage)
    ledger.append([Painted("true history")] * 400)
    ledger.checkpoint()
    ledger.close()
    for more in ([], [Painted("false history")] * 400, [Painted("false history")] * 900):
        forked = copy_of(earlier)
        forked.live["checkpoint"] = bytearray(storage.live["checkpoint"])
        fork = opened(forked, SIGNER)
        if more:
            fork.append(more)
        with pytest.raises(CorruptLedgerError, match="checkpoint"):
            fork.checkpoint()
        with pytest.raises(CorruptLedgerError, match="checkpoint"):
            fork.close() if more else fork.checkpoint()


def test_a_damaged_tile_is_mended_when_signing_needs_it(tmp_path: Path) -> None:
    """It must not look like a fork: the entries are asked before anybody is accused."""
    path = tmp_path / "ledger"
    with Ledger.open(path, events=Event, create=True, signer=SIGNER) as ledger:
        ledger.append(painted(700))
    tile = path / "tile" / "0" / "000"
    good = tile.read_bytes()
    with Ledger.open(path, events=Event, signer=SIGNER) as ledger:
        ledger.append(painted(700))
        tile.write_bytes(bytes(8192))
        (path / "tile" / "0" / "002").write_bytes(bytes(8192))
        assert ledger.checkpoint().size == 1_400
    assert tile.read_bytes() == good


@pytest.mark.parametrize("text", [b"", b"checkpoint", b"a\n1\nb\n\n\xe2\x80\x94 a AAAA\n"])
def test_a_damaged_checkpoint_is_named(text: bytes) -> None:
    """It is evidence; nobody may sign over it."""
    storage, ledger = filled(commits=[3])
    storage.live["checkpoint"] = bytearray(text)
    with pytest.raises(CorruptLedgerError, match="checkpoint"):
        ledger.last_checkpoint()
    with pytest.raises(CorruptLedgerError, match="checkpoint"):
        opened(storage, SIGNER)
