"""Would the crash tests notice? Plants the mistakes that commit paths are known for, and asks that each be found."""

import os
import random
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from crash_check import Told, append_story, hidden_damage, judge, moments, rotten, violation
from fake_storage import MemoryStorage

import ledger.frame
import ledger.reading
import ledger.repair
import ledger.segments
import ledger.storage_file
from ledger import DamagedBytesError
from ledger.frame import decode_frame, frame_salt
from ledger.layout import MARK_NAME, checksum, segment_name
from ledger.mark import MARK_BYTES, decode_mark, encode_slot
from ledger.segments import SegmentLog
from ledger.storage_file import FileStorage

STATES_MAX = 1_500
Patch = pytest.MonkeyPatch


def commits_are_not_synced(patch: Patch) -> None:
    """The write is acknowledged while it is in the page cache."""
    sync = FileStorage.sync
    patch.setattr(FileStorage, "sync", lambda self, name: sync(self, name) if name == MARK_NAME else None)


def the_mark_is_written_before_the_commit(patch: Patch) -> None:
    """A mark that arrives alone promises events that are not there."""
    write, sync, held = FileStorage.write, FileStorage.sync, []

    def mark_first(self: FileStorage, name: str, offset: int, data: bytes) -> None:
        if name != MARK_NAME:
            held.append((name, offset, data))
            return
        write(self, name, offset, data)
        while held:
            write(self, *held[0])
            sync(self, held.pop(0)[0])

    patch.setattr(FileStorage, "write", mark_first)
    patch.setattr(FileStorage, "sync", lambda self, name: None if held else sync(self, name))


def checksums_are_not_checked(patch: Patch) -> None:
    """Any bytes with a likely length pass for a commit."""

    def believing(data: bytes, offset: int, salt: int) -> Any:
        length, rest = data[offset : offset + 4], data[offset + 8 : offset + 20]
        body = data[offset + 20 : offset + 20 + int.from_bytes(length, "little")]
        right = checksum(body, checksum(rest, checksum(length, salt))).to_bytes(4, "little")
        return decode_frame(data[: offset + 4] + right + data[offset + 8 :], offset, salt)

    for module in (ledger.frame, ledger.reading, ledger.repair):
        patch.setattr(module, "decode_frame", believing)


def the_mark_keeps_to_one_slot(patch: Patch) -> None:
    """Tearing the only slot in use leaves the one from the creation."""
    advance = SegmentLog._advance

    def same_slot(self: SegmentLog, mark: Any) -> None:
        self._mark = self._mark._replace(sequence=self._mark.sequence + 1)
        advance(self, mark)

    patch.setattr(SegmentLog, "_advance", same_slot)


def a_repair_does_not_write_what_it_keeps(patch: Patch) -> None:
    """After a failed sync the disk lacks what the page cache shows."""
    write = MemoryStorage.write

    def lazy(self: MemoryStorage, name: str, offset: int, data: bytes) -> None:
        if self.live[name][offset : offset + len(data)] != data:
            write(self, name, offset, data)

    patch.setattr(MemoryStorage, "write", lazy)


def a_repair_leaves_the_torn_tail(patch: Patch) -> None:
    """The next commit is written over a part of it."""
    patch.setattr(MemoryStorage, "truncate", lambda *_: None)


def a_repair_cuts_at_the_first_bad_commit(patch: Patch) -> None:
    """The classic: trusting checksums more than the mark destroys what was acknowledged."""
    begin = SegmentLog.__init__

    def cutting(self: SegmentLog, storage: Any, **options: Any) -> None:
        mark = decode_mark(storage.read(MARK_NAME, 0, MARK_BYTES)).newest
        assert mark is not None, "only intact marks are damaged below"
        name, offset, index = segment_name(mark.segment_first_index), 96, mark.segment_first_index
        data, salt = storage.read(name, 0, storage.size(name)), frame_salt(mark.ledger_id, mark.segment)
        try:
            while offset < mark.end_offset:
                frame = decode_frame(data, offset, salt)
                offset, index = offset + frame.size, index + frame.event_count
        except DamagedBytesError:
            storage.truncate(name, offset)
            slots = [mark._replace(sequence=mark.sequence + at, size=index, end_offset=offset) for at in (1, 2)]
            for slot in sorted(slots, key=lambda slot: slot.sequence % 2):
                storage.write(MARK_NAME, slot.sequence % 2 * 4096, encode_slot(slot))
        begin(self, storage, **options)

    patch.setattr(SegmentLog, "__init__", cutting)


def a_repair_ignores_what_lies_behind_damage(patch: Patch) -> None:
    """Damage above an old mark is taken for a torn tail, and whole commits behind it are cut with it."""
    plan = ledger.segments.plan_repair
    patch.setattr(ledger.segments, "plan_repair", lambda *given: plan(*given)._replace(intact_at=None))


def a_new_segment_does_not_wait_for_the_mark(patch: Patch) -> None:
    """The mark may then be several segments behind, and the newest ones are not looked for."""
    sync = FileStorage.sync
    patch.setattr(FileStorage, "sync", lambda self, name: None if name == MARK_NAME else sync(self, name))


def the_mark_is_synced_without_being_written(patch: Patch) -> None:
    """After a sync of the mark that failed, the next one succeeds and says nothing."""
    advance = SegmentLog._advance
    patch.setattr(SegmentLog, "_advance", lambda self, mark: None if mark == self._mark else advance(self, mark))


def files_are_made_in_place(patch: Patch) -> None:
    """A power cut leaves half a header under the final name."""

    def direct(self: FileStorage, name: str, data: bytes) -> None:
        file = os.open(self._root / name, os.O_WRONLY | os.O_CREAT)
        os.pwrite(file, data, 0)
        os.fsync(file)
        os.close(file)

    patch.setattr(FileStorage, "create", direct)


def folders_are_not_synced(patch: Patch) -> None:
    """A segment whose name is lost is lost with all its events."""
    patch.setattr(ledger.storage_file, "_sync_folder", lambda _: None)


CRASHES = [
    commits_are_not_synced,
    the_mark_is_written_before_the_commit,
    checksums_are_not_checked,
    the_mark_keeps_to_one_slot,
    a_repair_does_not_write_what_it_keeps,
    a_repair_leaves_the_torn_tail,
    a_new_segment_does_not_wait_for_the_mark,
    the_mark_is_synced_without_being_written,
    files_are_made_in_place,
    folders_are_not_synced,
]
DAMAGE = [a_repair_cuts_at_the_first_bad_commit, a_repair_ignores_what_lies_behind_damage]


def found_by_crashes(path: Path) -> list[str]:
    """Judge the crashes of a few short stories."""
    stories = (append_story(path / str(seed), seed, 14) for seed in range(3))
    cuts = (moments(tracer, Told([], 0), random.Random(1), 12) for tracer in stories)
    return judge(chain.from_iterable(cuts), STATES_MAX, set(), violation)


def found_by_damage(path: Path) -> list[str]:
    """Judge damaged states of a few short stories."""
    chance = random.Random(2)
    stories = (append_story(path / str(seed), seed, 14) for seed in range(3))
    cuts = chain.from_iterable(moments(tracer, Told([], 0), chance, 12) for tracer in stories)
    damaged = (rotten(moment, chance) for moment in cuts)
    return judge((moment for moment in damaged if moment), STATES_MAX, set(), hidden_damage)


@pytest.mark.parametrize("mutant", CRASHES, ids=lambda mutant: mutant.__name__)
def test_crashes_find(mutant: Callable[[Patch], None], quick_path: Path, monkeypatch: Patch) -> None:
    """A suite that would pass without the line it guards guards nothing."""
    mutant(monkeypatch)
    assert found_by_crashes(quick_path) != []


@pytest.mark.parametrize("mutant", DAMAGE, ids=lambda mutant: mutant.__name__)
def test_damage_finds(mutant: Callable[[Patch], None], quick_path: Path, monkeypatch: Patch) -> None:
    """The same for the repairs that go too far."""
    mutant(monkeypatch)
    assert found_by_damage(quick_path) != []


def test_nothing_is_found_without_a_mutant(quick_path: Path) -> None:
    """The control: what is found above is the mutant."""
    assert found_by_crashes(quick_path / "crashes") == []
    assert found_by_damage(quick_path / "damage") == []
