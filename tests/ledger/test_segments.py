"""What holds when the world fails: refused calls, torn writes, power cuts, and damage that looks like them."""

import random

import pytest
from fake_storage import FaultyStorage, MemoryStorage
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_events import Event, EventWithRepair, Painted, painted

from ledger import CorruptLedgerError, Ledger, LedgerNotFoundError, StorageError, TailRepaired
from ledger.frame import (
    FOOTER_FRAME_BYTES,
    Footer,
    decode_header,
    encode_footer,
    encode_header,
    frame_salt,
)
from ledger.layout import SEGMENT_HEADER_BYTES, segment_name
from ledger.mark import SLOT_BYTES, decode_mark, encode_slot
from ledger.segments import create_log
from ledger.storage import Storage

FIRST = f"segments/{0:020d}.seg"
LEDGER_ID = bytes(range(16))


def new_storage() -> MemoryStorage:
    """Return a storage with an empty log."""
    storage = MemoryStorage()
    create_log(storage, LEDGER_ID)
    return storage


def opened(storage: Storage, events: object = Event) -> Ledger:
    """Open with small segments, so that rolling is part of every story."""
    return Ledger(storage, events=events, segment_bytes_max=300)


def contents(storage: Storage) -> list[Painted]:
    """Open as after a restart and read everything."""
    with opened(storage) as ledger:
        return [event for _, event in ledger.read()]


def test_every_storage_call_may_fail_in_either_way() -> None:
    """The fault table: whatever fails, and whether or not it was done, acknowledged events survive, the object refuses
    further work, and a fresh open works and holds whole commits only."""

    def story(storage: Storage, acknowledged: list[Painted]) -> None:
        ledger = opened(storage)
        for at in range(0, 12, 2):
            commit = painted(2, at)
            try:
                ledger.append(commit)
            except StorageError:
                for use in (ledger.head, ledger.read, lambda: ledger.append(painted(1))):
                    with pytest.raises(StorageError, match="open the ledger again"):
                        use()
                raise
            acknowledged += commit

    probe = FaultyStorage(new_storage())
    story(probe, [])
    assert {"write", "sync", "create", "read", "size"} <= set(probe.calls)
    for fail_at in range(len(probe.calls)):
        for mode in ("refused", "reported"):
            inner, acknowledged = new_storage(), []
            with pytest.raises(StorageError):
                story(FaultyStorage(inner, fail_at, mode), acknowledged)
            kept = contents(MemoryStorage({name: bytes(data) for name, data in inner.live.items()}))
            assert kept in (acknowledged, painted(len(acknowledged) + 2)), (fail_at, mode, probe.calls[fail_at])


def test_a_failed_sync_is_never_tried_again() -> None:
    """The kernel would report success for pages that it has dropped; closing does not try either."""
    storage = FaultyStorage(new_storage())
    ledger = opened(storage)
    ledger.append(painted(1))
    storage.fail_verb = "sync"
    with pytest.raises(StorageError):
        ledger.append(painted(1))
    with pytest.raises(StorageError):
        ledger.append(painted(1))
    ledger.close()
    assert storage.calls.count("sync") == 2
    assert storage.calls[-1] == "sync"


@pytest.mark.parametrize("verb", ["write", "sync", "truncate"])
def test_a_repair_that_fails_leaves_the_next_open_to_finish_it(verb: str) -> None:
    """Recovery is run by machines that have just had trouble."""
    storage = new_storage()
    opened(storage).append(painted(2))
    opened(storage).append(painted(2, 2))
    mark_before = storage.live["mark"][:]
    opened(storage).append(painted(1, 4))
    # The newest two appends never reached the mark, and the last one is torn.
    del storage.live[FIRST][-3:]
    storage.live["mark"][:] = mark_before
    faulty = FaultyStorage(storage, fail_verb=verb)
    with pytest.raises(StorageError):
        opened(faulty)
    assert faulty.calls[-1] == verb
    assert contents(storage) == painted(4)


@settings(max_examples=150)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(0, 2**32), st.integers(0, 60))
def test_power_cuts_at_any_moment_lose_nothing_acknowledged(commits: list[int], seed: int, fail_at: int) -> None:
    """Unsynced sectors arrive in any order or not at all; what was acknowledged is there, and nothing else but possibly
    the one commit that was under way."""
    chance = random.Random(seed)
    disk = new_storage()
    acknowledged: list[Painted] = []
    for _ in range(3):
        faulty = FaultyStorage(disk, fail_at, chance.choice(("refused", "reported")))
        under_way: list[Painted] = []
        try:
            ledger = Ledger(faulty, events=Event, segment_bytes_max=2_000)
            for size in commits:
                under_way = painted(size, ledger.head().size)
                ledger.append(under_way)
                acknowledged += under_way
                under_way = []
        except StorageError:
            pass
        disk = disk.after_power_cut(chance)
        kept = contents(disk)
        assert kept in (acknowledged, acknowledged + under_way)
        acknowledged = kept


def test_a_tail_torn_at_every_byte_is_cut_and_recorded() -> None:
    """The cut is part of the history: an auditor can see that it happened, where, and the hash of what was cut."""
    storage = new_storage()
    opened(storage, EventWithRepair).append(painted(2))
    before = MemoryStorage({name: bytes(data) for name, data in storage.live.items()})
    end = len(before.live[FIRST])
    opened(storage, EventWithRepair).append(painted(2, 2))
    tail = bytes(storage.live[FIRST][end:])
    for size in range(1, len(tail)):
        torn = MemoryStorage({**before.durable, FIRST: before.durable[FIRST] + tail[:size]})
        ledger = opened(torn, EventWithRepair)
        assert ledger.recovery is not None
        assert (ledger.recovery.offset, ledger.recovery.cut_bytes, ledger.recovery.kept_events) == (end, size, 0)
        event = TailRepaired(end, 0, size, ledger.recovery.sha256)
        assert [each for _, each in ledger.read()] == [*painted(2), event]
        assert opened(torn, EventWithRepair).recovery is None
        plain = MemoryStorage({**before.durable, FIRST: before.durable[FIRST] + tail[:size]})
        assert contents(plain) == painted(2)


def test_whole_commits_above_the_mark_are_kept_and_made_durable_again() -> None:
    """They may have been acknowledged before the power went. They are written anew before they are synced, because
    after a failed sync the kernel calls pages clean that the disk never got."""
    storage = new_storage()
    mark = bytes(storage.live["mark"])
    ledger = opened(storage)
    ledger.append(painted(1))
    ledger.append(painted(1, 1))
    data = bytes(storage.live[FIRST])
    lost_sync = MemoryStorage({FIRST: data[:SEGMENT_HEADER_BYTES], "mark": mark})
    lost_sync.live[FIRST][:] = data
    again = opened(lost_sync)
    assert again.recovery is not None
    assert again.recovery.kept_events == 2
    assert again.head().size == 2
    assert lost_sync.durable[FIRST] == data


def test_a_commit_that_a_failed_sync_has_dropped_is_not_believed() -> None:
    """The kernel still shows the bytes and calls them clean, so that a later sync says nothing of them: a ledger that
    keeps such a commit without writing it again loses it, and all after it, in the next power cut."""

    class Dropping(MemoryStorage):
        armed = False

        def sync(self, name: str) -> None:
            if self.armed:
                self.armed = False
                self.drop_dirty(name)
                raise StorageError(name, "sync", "Input/output error", 5)
            super().sync(name)

    storage = Dropping()
    create_log(storage, LEDGER_ID)
    ledger = opened(storage)
    storage.armed = True
    with pytest.raises(StorageError):
        ledger.append(painted(1))
    again = opened(storage)
    assert again.append(painted(1, 1)) == 1
    assert contents(MemoryStorage(storage.durable)) == painted(2)


def test_whole_commits_in_the_wrong_order_are_refused() -> None:
    """Each passes its own checksum; only the index shows that one was moved, doubled or left out."""
    storage = new_storage()
    with opened(storage) as ledger:
        ledger.append(painted(1))
        ledger.append(painted(1))
        end = ledger.head().end_offset
    data = bytes(storage.live[FIRST])
    middle = (SEGMENT_HEADER_BYTES + end) // 2
    one, two = data[SEGMENT_HEADER_BYTES:middle], data[middle:]
    for frames in (two + one, one + one, two + two):
        storage.live[FIRST][SEGMENT_HEADER_BYTES:] = frames
        with pytest.raises(CorruptLedgerError, match="is due"):
            contents(storage)


def test_a_changed_byte_above_an_old_mark_is_not_taken_for_a_torn_tail() -> None:
    """After a power cut the mark may be old; a bad commit with a whole one behind it was acknowledged and is not cut."""
    storage = new_storage()
    mark = bytes(storage.live["mark"])
    ledger = opened(storage)
    ledger.append(painted(1))
    ledger.append(painted(1, 1))
    data = bytearray(storage.live[FIRST])
    data[SEGMENT_HEADER_BYTES + 25] ^= 1
    damaged = MemoryStorage({FIRST: bytes(data), "mark": mark})
    with pytest.raises(CorruptLedgerError) as caught:
        opened(damaged)
    assert caught.value.offset == SEGMENT_HEADER_BYTES
    assert damaged.live[FIRST] == data


def test_a_crash_between_new_segment_and_mark_is_carried_on() -> None:
    """The new segment is adopted, also by a writer that would have had room left in the old one."""
    storage = new_storage()
    ledger = opened(storage)
    while ledger.head().segments == 1:
        before = {name: bytes(data) for name, data in storage.live.items()}
        ledger.append(painted(1, ledger.head().size))
    size = ledger.head().size
    newest = f"segments/{size - 1:020d}.seg"
    sealed = {FIRST: bytes(storage.live[FIRST])}
    crashed = MemoryStorage({**before, **sealed, newest: bytes(storage.live[newest][:SEGMENT_HEADER_BYTES])})
    roomy = Ledger(crashed, events=Event)
    assert roomy.head().segments == 2
    assert roomy.append(painted(1, size - 1)) == size - 1
    assert contents(crashed) == painted(size)


def test_bytes_behind_a_sealed_segment_are_damage_and_not_a_tail() -> None:
    """Nobody writes to a segment once the next one is there."""
    storage = new_storage()
    with opened(storage) as ledger:
        while ledger.head().segments == 1:
            mark = storage.live["mark"][:]
            ledger.append(painted(1, ledger.head().size))
    storage.live["mark"][:] = mark
    storage.live[FIRST] += b"x"
    with pytest.raises(CorruptLedgerError, match="sealed"):
        opened(storage)


def test_one_bad_slot_is_mended_by_the_next_writer() -> None:
    """A torn slot is an ordinary crash; leaving it would make the next one fatal."""
    for slot in (0, 1):
        storage = new_storage()
        opened(storage).append(painted(3))
        storage.live["mark"][slot * SLOT_BYTES + 20] ^= 1
        damaged = bytes(storage.live["mark"])
        assert contents(storage) == painted(3)
        assert storage.live["mark"] != damaged
        storage.live["mark"][(1 - slot) * SLOT_BYTES + 20] ^= 1
        assert contents(storage) == painted(3)


def test_a_log_that_contradicts_its_mark_is_refused() -> None:
    """Each of these hides acknowledged events, so none may pass as an empty or shorter log."""
    storage = new_storage()
    with opened(storage) as ledger:
        while ledger.head().segments < 3:
            ledger.append(painted(2, ledger.head().size))
    files = {name: bytes(data) for name, data in storage.live.items()}
    newest = max(files)
    both_slots_bad = bytes(len(files["mark"]))
    without_mark = {name: data for name, data in files.items() if name != "mark"}
    without_newest = {name: data for name, data in files.items() if name != newest}
    for bad in (
        {**files, newest: files[newest][:-1]},
        {**files, "mark": both_slots_bad},
        {**files, newest: files[FIRST]},
        {**files, newest: files[newest][:50]},
        without_newest,
        without_mark,
    ):
        for read_only in (False, True):
            with pytest.raises(CorruptLedgerError):
                Ledger(MemoryStorage(bad), events=Event, read_only=read_only)
    with pytest.raises(CorruptLedgerError):
        create_log(MemoryStorage(without_mark), LEDGER_ID)


def test_sealed_segments_end_with_their_footer_and_no_other_has_one() -> None:
    """A sealed segment that was cut between two commits would otherwise pass for a shorter one."""
    storage = new_storage()
    with opened(storage) as ledger:
        while ledger.head().segments < 3:
            ledger.append(painted(2, ledger.head().size))
    good = bytes(storage.live[FIRST])
    cut, bare = good[:-FOOTER_FRAME_BYTES], good[:SEGMENT_HEADER_BYTES]
    for bad in (cut, good[:-1], good + b"x", good + good[-FOOTER_FRAME_BYTES:], bare + good[-FOOTER_FRAME_BYTES:]):
        storage.live[FIRST][:] = bad
        with Ledger(storage, events=Event, read_only=True) as reader, pytest.raises(CorruptLedgerError) as caught:
            list(reader.read())
        assert caught.value.path.endswith((FIRST, f"{2:020d}.seg"))
    storage.live[FIRST][:] = good
    mark = decode_mark(bytes(storage.live["mark"])).newest
    assert mark is not None
    newest = segment_name(mark.segment_first_index)
    salt = frame_salt(mark.ledger_id, mark.segment)
    footer = encode_footer(Footer(0, mark.root, bytes(32)), mark.segment_first_index, salt)
    storage.live[newest][SEGMENT_HEADER_BYTES:SEGMENT_HEADER_BYTES] = footer
    ahead = mark._replace(end_offset=mark.end_offset + len(footer))
    storage.live["mark"][:] = encode_slot(ahead._replace(sequence=8)) + encode_slot(ahead._replace(sequence=9))
    with Ledger(storage, events=Event, read_only=True) as reader, pytest.raises(CorruptLedgerError, match="footer"):
        list(reader.read())


def test_a_new_segment_of_another_history_is_not_adopted() -> None:
    """Index, number and ledger may all be right: the root says before which events it was made."""
    storage = new_storage()
    ledger = opened(storage)
    while ledger.head().segments == 1:
        before = {name: bytes(data) for name, data in storage.live.items()}
        ledger.append(painted(1, ledger.head().size))
    newest = segment_name(ledger.head().size - 1)
    header = decode_header(bytes(storage.live[newest]))
    forged = encode_header(header._replace(root=bytes(32)))
    with pytest.raises(CorruptLedgerError, match="another root"):
        opened(MemoryStorage({**before, FIRST: bytes(storage.live[FIRST]), newest: forged}))


def test_a_missing_segment_in_the_middle_is_named() -> None:
    """The reader must not jump over the gap."""
    storage = new_storage()
    with opened(storage) as ledger:
        while ledger.head().segments < 4:
            ledger.append(painted(2, ledger.head().size))
        second, third = sorted(name for name in storage.live if name != "mark")[1:3]
        del storage.live[second]
        with pytest.raises(CorruptLedgerError) as caught:
            list(ledger.read())
        assert caught.value.path.endswith(third)
        del storage.live[FIRST]
        with pytest.raises(CorruptLedgerError, match="missing"):
            list(ledger.read())


def test_a_mark_put_back_under_a_running_writer_is_noticed() -> None:
    """Restoring a backup over a ledger in use would otherwise cut what came after it."""
    storage = new_storage()
    ledger = opened(storage)
    mark = storage.live["mark"][:]
    ledger.append(painted(1))
    storage.live["mark"][:] = mark
    with pytest.raises(CorruptLedgerError, match="put back"):
        ledger.append(painted(1))
    assert len(storage.live[FIRST]) > SEGMENT_HEADER_BYTES


def test_a_creation_that_was_cut_short_is_no_ledger_and_can_be_finished() -> None:
    """Nothing was ever acknowledged before the mark is there."""
    whole = new_storage()
    for begun in ({}, {FIRST + ".new": b"x"}, {FIRST: bytes(whole.live[FIRST])}):
        storage = MemoryStorage(begun)
        with pytest.raises(LedgerNotFoundError):
            opened(storage)
        create_log(storage, LEDGER_ID)
        assert opened(storage).append(painted(1)) == 0


def test_an_interrupted_append_heals_itself() -> None:
    """Ctrl-C between write and mark leaves the object usable: the next append finds and keeps the commit."""

    class Interrupting(MemoryStorage):
        armed = False

        def sync(self, name: str) -> None:
            super().sync(name)
            if self.armed:
                self.armed = False
                raise KeyboardInterrupt

    storage = Interrupting()
    create_log(storage, LEDGER_ID)
    ledger = opened(storage)
    storage.armed = True
    with pytest.raises(KeyboardInterrupt):
        ledger.append(painted(1))
    assert ledger.append(painted(1, 1)) == 1
    assert [event for _, event in ledger.read()] == painted(2)
