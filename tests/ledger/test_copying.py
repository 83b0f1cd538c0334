"""A ledger moves to another place: the same bytes, the same root, and never two places that take events."""

import threading
import uuid
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="obstore is not installed: copies were not tested")

from hypothesis import given
from hypothesis import strategies as st
from sample_events import Event, Painted, painted

from ledger import (
    CopiedLedgerError,
    CopyTargetError,
    CorruptLedgerError,
    Ledger,
    LedgerNotFoundError,
    MovedLedgerError,
    OutOfRangeError,
    Signer,
    StorageError,
    addresses,
    check_proof,
    copying,
    prove,
    verify,
)
from ledger.backend import MovableLog
from ledger.copying import copy_ledger, promote_copy, promote_orphan
from ledger.file_log import FileLog
from ledger.folders import open_folder
from ledger.objects.address import objects_at
from ledger.objects.commit import decode_commit, encode_commit, log_name
from ledger.objects.log import ObjectLog

Make = Callable[[str], str]
KINDS = ("files", "objects")
SIGNER = Signer.generate("ledger.example/copied")


@pytest.fixture
def place(tmp_path: Path) -> Make:
    """Give a free place of a kind: a folder, or an address in memory."""

    def make(kind: str) -> str:
        name = uuid.uuid4().hex
        return str(tmp_path / name) if kind == "files" else f"memory://copies-{name}/ledger"

    return make


def fill(at: str, counts: list[int], *, signer: Signer | None = SIGNER) -> None:
    """Append commits of so many events each, and sign."""
    with Ledger.open(at, events=Event, create=True, signer=signer) as ledger:
        for count in counts:
            ledger.append(painted(count, ledger.head().size))


def contents(at: str) -> tuple[object, ...]:
    """Return all that must be the same at two places: id, root, commits with their entries, checkpoint."""
    with Ledger.open(at, events=Event, read_only=True) as ledger:
        head = ledger.head()
        last = ledger.last_checkpoint()
        return head.ledger_id, head.size, head.root, list(ledger.entry_batches()), last and last.text


@pytest.mark.parametrize(("source", "target"), list(product(KINDS, KINDS)))
def test_a_copy_has_the_same_entries_commits_root_and_checkpoint(place: Make, source: str, target: str) -> None:
    """Proofs and checkpoints that somebody keeps must hold at the new place, too."""
    here, there = place(source), place(target)
    fill(here, [3, 300, 1, 255, 1, 40])
    copied = copy_ledger(here, there)
    assert contents(there) == contents(here)
    assert (copied.size, copied.added, copied.checkpoint is not None) == (600, 600, True)
    assert copied.root == contents(here)[2]
    with Ledger.open(there, events=Event, read_only=True) as ledger:
        assert check_proof(prove(ledger, 301), SIGNER.vkey).index == 301


def test_files_that_were_on_object_storage_are_the_same_files(place: Make) -> None:
    """The strictest comparison there is: every byte of every segment and tile."""
    here, away, back = place("files"), place("objects"), place("files")
    fill(here, [3, 300, 1, 255, 1, 40])
    copy_ledger(here, away)
    copy_ledger(away, back)

    def files(at: str) -> dict[str, bytes]:
        found = {path.relative_to(at).as_posix(): path.read_bytes() for path in Path(at).rglob("*") if path.is_file()}
        return {name: data for name, data in found.items() if name not in ("mark", "restriction")}

    assert files(back) == files(here)
    assert set(Path(back).iterdir()) - {Path(back, name.name) for name in Path(here).iterdir()} == {
        Path(back, "restriction")
    }
    for at in (here, back):
        assert verify(at, events=Event, vkey=SIGNER.vkey).findings == ()


@given(st.lists(st.integers(1, 40), max_size=12), st.lists(st.integers(1, 40), max_size=12))
def test_a_copy_and_a_later_copy_are_the_ledger(before: list[int], after: list[int]) -> None:
    """The law: copying what there is and then the rest is the same as copying all."""
    here, there, whole = (f"memory://copies-{uuid.uuid4().hex}/x" for _ in range(3))
    fill(here, before)
    first = copy_ledger(here, there)
    fill(here, after)
    second = copy_ledger(here, there)
    copy_ledger(here, whole)
    assert (first.added, second.added) == (sum(before), sum(after))
    assert contents(there) == contents(whole) == contents(here)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_takes_no_events_and_no_signature_of_its_own(place: Make, kind: str) -> None:
    """Two ledgers with one id that both grow could both be signed: the lie that a checkpoint is to make impossible."""
    here, there = place("files"), place(kind)
    fill(here, [5])
    copy_ledger(here, there)
    for create, signer in ((False, None), (True, None), (False, SIGNER)):
        with pytest.raises(CopiedLedgerError) as caught:
            Ledger.open(there, events=Event, create=create, signer=signer)
        assert caught.value.original == here
    with Ledger.open(there, events=Event, read_only=True) as ledger:
        assert len(list(ledger.read())) == 5
    fill(here, [1])
    assert copy_ledger(here, there).size == 6


@pytest.mark.parametrize(("source", "target"), list(product(KINDS, KINDS)))
def test_a_copy_that_was_cut_short_is_carried_on(
    place: Make, source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large ledger takes a while, and the network does not last."""
    here, there = place(source), place(target)
    fill(here, [7] * 20)
    kind = FileLog if target == "files" else ObjectLog
    commit, left = kind.commit, [11]

    def failing(log: FileLog | ObjectLog, *arguments: object) -> int:
        left[0] -= 1
        if left[0] < 0:
            raise StorageError(there, "write", "the network is gone")
        return commit(log, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(kind, "commit", failing)
        with pytest.raises(StorageError):
            copy_ledger(here, there)
    with pytest.raises(CopiedLedgerError):
        Ledger.open(there, events=Event, create=True)
    assert copy_ledger(here, there).added == 9 * 7
    assert contents(there) == contents(here)


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_that_holds_something_else_is_refused(place: Make, kind: str, tmp_path: Path) -> None:
    """Before a byte of it changes."""
    here, other, there = place("files"), place(kind), place(kind)
    fill(here, [5])
    fill(other, [5])
    before = contents(other)
    for target, why in ((other, "ledger"), (here, "a ledger of its own")):
        with pytest.raises(CopyTargetError, match=why):
            copy_ledger(here, target)
    copy_ledger(other, there)
    with pytest.raises(CopyTargetError, match="another ledger"):
        copy_ledger(here, there)
    assert contents(other) == before
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "holiday.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(CopyTargetError, match=r"holiday\.jpg"):
        copy_ledger(here, tmp_path / "album")
    objects_at("memory://copies-album/x").create("holiday.jpg", b"\xff\xd8")
    with pytest.raises(CopyTargetError, match=r"holiday\.jpg"):
        copy_ledger(here, "memory://copies-album/x")


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_with_another_history_is_refused(place: Make, kind: str) -> None:
    """A source that was put back from an old backup must not be mixed with what it once was."""
    here, there, fork, twin = place(kind), place(kind), place(kind), place(kind)
    fill(here, [5])
    copy_ledger(here, there)
    copy_ledger(here, fork)
    promote_orphan(fork)
    fill(fork, [9], signer=SIGNER)
    copy_ledger(fork, twin)
    fill(here, [2, 2])
    with Ledger.open(here, events=Event) as ledger:
        ledger.append([Painted("another", n) for n in range(20)])
    with pytest.raises(CopyTargetError, match="its 14 events are another history"):
        copy_ledger(here, twin)
    assert copy_ledger(here, there).size == 29
    with pytest.raises(CopyTargetError, match="it holds 29 events"):
        copy_ledger(fork, there)
    with pytest.raises(CopyTargetError, match=r"not a copy|no copy any more"):
        copy_ledger(here, fork)


def test_a_source_that_is_not_there_makes_no_target(place: Make, tmp_path: Path) -> None:
    """A misspelt name must not leave an empty ledger behind."""
    with pytest.raises(LedgerNotFoundError):
        copy_ledger(tmp_path / "nowhere", tmp_path / "target")
    with pytest.raises(LedgerNotFoundError):
        copy_ledger(place("objects"), tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_source_is_told_and_the_copy_stops_before_the_damage(place: Make) -> None:
    """What is copied has been checked."""
    here, there = place("files"), place("objects")
    fill(here, [5] * 200)
    segment = next(Path(here).glob("segments/*.seg"))
    data = bytearray(segment.read_bytes())
    data[-300] ^= 1
    segment.write_bytes(data)
    with pytest.raises(CorruptLedgerError):
        copy_ledger(here, there)
    with Ledger.open(there, events=Event, read_only=True) as ledger:
        assert 0 < ledger.head().size < 1000


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_whose_entries_do_not_give_its_root_is_told(place: Make, kind: str) -> None:
    """Checksums that were computed anew hide a change from a reader, but not from the tree of the copy."""
    here, there = place("objects"), place(kind)
    fill(here, [5, 5], signer=None)
    objects = objects_at(here)
    with Ledger.open(here, events=Event, read_only=True) as ledger:
        last = decode_commit(objects.read(log_name(5)) or b"", ledger.head().ledger_id, 5)
    objects.overwrite(log_name(5), encode_commit(last._replace(body=last.body.replace(b"colour", b"colors"))))
    with pytest.raises(CorruptLedgerError, match="do not give the root"):
        copy_ledger(here, there)
    with pytest.raises(CopyTargetError, match="another history"):
        copy_ledger(here, there)
    with pytest.raises(CopyTargetError, match="another history"):
        promote_copy(there, source=here)


@pytest.mark.parametrize(("source", "target"), list(product(KINDS, KINDS)))
def test_promotion_moves_the_right_to_append(place: Make, source: str, target: str) -> None:
    """The old place names the new one, also to a writer that had it open all the time."""
    here, there = place(source), place(target)
    fill(here, [5, 6])
    copy_ledger(here, there)
    early = Ledger.open(here, events=Event, signer=SIGNER)
    early.append(painted(3))
    moved = promote_copy(there, source=here)
    assert (moved.size, moved.added) == (14, 3)
    with pytest.raises(MovedLedgerError) as caught:
        early.append(painted(1))
    assert caught.value.successor == there
    early.close()
    with pytest.raises(MovedLedgerError, match="it has moved to"):
        Ledger.open(here, events=Event, signer=SIGNER)
    assert contents(here)[:4] == contents(there)[:4]
    fill(there, [1])
    assert contents(there)[1] == 15
    again = promote_copy(there, source=here)
    assert (again.size, again.added) == (15, 0)


@pytest.mark.parametrize(("source", "target"), list(product(KINDS, KINDS)))
@pytest.mark.parametrize("step", ["seal", "promote"])
@pytest.mark.parametrize("is_done", [False, True])
def test_a_promotion_that_was_cut_short_is_carried_on(
    place: Make, source: str, target: str, step: str, is_done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step it dies before or after: never two places that take events, and the same call finishes it."""
    here, there = place(source), place(target)
    fill(here, [5, 6])
    kind = FileLog if (source if step == "seal" else target) == "files" else ObjectLog
    action = getattr(kind, step)

    def dying(log: MovableLog, *arguments: object) -> None:
        if is_done:
            action(log, *arguments)
        raise StorageError(log.path, step, "the power is gone")

    copy_ledger(here, there)
    with monkeypatch.context() as patch:
        patch.setattr(kind, step, dying)
        with pytest.raises(StorageError):
            promote_copy(there, source=here)
    writable = []
    for at in (here, there):
        try:
            Ledger.open(at, events=Event).close()
            writable.append(at)
        except (CopiedLedgerError, MovedLedgerError):
            pass
    assert writable == {("seal", False): [here], ("promote", True): [there]}.get((step, is_done), [])
    assert promote_copy(there, source=here).size == 11
    fill(there, [1])
    with pytest.raises(MovedLedgerError):
        Ledger.open(here, events=Event)


@pytest.mark.parametrize(("source", "target"), list(product(KINDS, KINDS)))
def test_every_event_that_was_acknowledged_while_a_ledger_moves_is_at_the_new_place(
    place: Make, source: str, target: str
) -> None:
    """The moment of sealing is one moment: an append is before it and moves along, or after it and is refused."""
    here, there = place(source), place(target)
    fill(here, [5])
    acknowledged: list[int] = []
    under_way = threading.Event()

    def work() -> None:
        with Ledger.open(here, events=Event, wait_s=60) as ledger:
            while True:
                try:
                    acknowledged.append(ledger.append([Painted("late", len(acknowledged))]))
                except MovedLedgerError:
                    return
                under_way.set()

    copy_ledger(here, there)
    thread = threading.Thread(target=work)
    thread.start()
    assert under_way.wait(60)
    moved = promote_copy(there, source=here, wait_s=60)
    thread.join(60)
    assert not thread.is_alive()
    assert acknowledged == list(range(5, moved.size))
    assert contents(here)[:4] == contents(there)[:4]


def test_what_a_crash_left_above_the_mark_is_settled_before_a_folder_is_sealed(place: Make) -> None:
    """A whole commit there may have been acknowledged; after the seal nobody could repair it any more."""
    here = place("files")
    fill(here, [5])
    log = open_folder(here)
    mark = Path(here, "mark").read_bytes()
    fill(here, [2], signer=None)
    Path(here, "mark").write_bytes(mark)
    assert log.head().size == 5
    assert log.seal("elsewhere").size == 7
    log.close()
    with Ledger.open(here, events=Event, read_only=True) as ledger:
        assert ledger.head().size == 7


@pytest.mark.parametrize("kind", KINDS)
def test_a_ledger_moves_to_one_place_only(place: Make, kind: str) -> None:
    """Whoever comes second learns where it is."""
    here, there, elsewhere = place(kind), place(kind), place(kind)
    fill(here, [5])
    copy_ledger(here, there)
    copy_ledger(here, elsewhere)
    promote_copy(there, source=here)
    with pytest.raises(MovedLedgerError) as caught:
        promote_copy(elsewhere, source=here)
    assert caught.value.successor == there
    with pytest.raises(CopiedLedgerError):
        Ledger.open(elsewhere, events=Event)
    copy_of_copy = place(kind)
    copy_ledger(elsewhere, copy_of_copy)
    with pytest.raises(CopiedLedgerError):
        promote_copy(copy_of_copy, source=elsewhere)
    with pytest.raises(CopyTargetError, match="no copy, or was promoted before"):
        promote_copy(there, source=elsewhere)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_whose_original_is_lost_can_be_made_the_ledger(place: Make, kind: str) -> None:
    """That is what an archive is for; a second time there is nothing to promote."""
    here, there = place("files"), place(kind)
    fill(here, [5])
    copy_ledger(here, there)
    assert promote_orphan(there).size == 5
    fill(there, [2])
    with pytest.raises(CopyTargetError, match="promoted before"):
        promote_orphan(there)
    with pytest.raises(LedgerNotFoundError):
        promote_orphan(place(kind))


def test_a_kind_of_ledger_that_cannot_be_copied_says_so(place: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backend that lacks the verbs of moving is refused by name, not by a traceback."""
    here = place("files")
    fill(here, [1])
    monkeypatch.delattr("ledger.objects.log.open_copy")
    with pytest.raises(OutOfRangeError, match="one that can be copied to"):
        copy_ledger(here, place("objects"))
    with pytest.raises(OutOfRangeError, match="a folder, or one of"):
        copy_ledger(here, "mysql://host/ledger")
    assert copying.open_copy is addresses.open_copy


def test_what_a_copy_tells_of_its_progress_ends_with_all(place: Make) -> None:
    """A bar that stops at 98 % makes people wait."""
    here, told = place("files"), list[tuple[int, int]]()
    fill(here, [3] * 150)
    copy_ledger(here, place("objects"), tell=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == [192, 384, 450]
    assert {total for _, total in told} == {450}
