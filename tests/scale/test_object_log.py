"""A ledger on object storage when things go wrong: lost answers, late writers, lost hints, damaged objects. In memory."""

import itertools
import os
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("obstore", reason="obstore is not installed: nothing was tested on object storage")

import msgspec
import obstore
from hypothesis import given, settings
from hypothesis import strategies as st
from obstore.exceptions import AlreadyExistsError, GenericError, PermissionDeniedError
from sample_events import Event, Painted, painted

from ledger import (
    BusyError,
    ConflictError,
    CorruptLedgerError,
    Ledger,
    LedgerExistsError,
    LedgerNotFoundError,
    MovedLedgerError,
    OutOfRangeError,
    Signer,
    SignerMismatchError,
    StorageError,
    check_proof,
    group_commit,
    prove,
    prove_consistency,
)
from ledger.checkpoint import sign_checkpoint
from ledger.edge import EMPTY_EDGE, edge_root, grow
from ledger.merkle import leaf_hashes, root_at
from ledger.objects import head, reading
from ledger.objects import log as object_log
from ledger.objects.address import objects_at, parse_address
from ledger.objects.commit import KIND_COMMIT, CommitObject, decode_commit, encode_commit, log_name, parse_log_name
from ledger.objects.identity import announce_move
from ledger.objects.store import Objects

SIGNER = Signer.generate("ledger.example/objects")
CANARY = "AKIA-canary-51c0"
"""What a server may quote of a request, and nobody may repeat."""


class Flaky:
    """Stands for the module obstore and fails calls: those of `failing`, refused, or done and reported as failed."""

    def __init__(self, failing: Callable[[int], bool], mode: str = "refused") -> None:
        self.failing = failing
        self.mode = mode
        self.calls: list[tuple[str, str]] = []
        self.error: Exception = GenericError(f"error sending request with {CANARY}\n\nDebug source: ...")

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        action = getattr(obstore, verb)

        def call(store: object, name: str, *arguments: Any, **options: Any) -> Any:
            number = len(self.calls)
            self.calls.append((verb, name))
            if not self.failing(number):
                return action(store, name, *arguments, **options)
            if self.mode == "reported":
                action(store, name, *arguments, **options)
            raise self.error

        return call


@pytest.fixture
def address() -> str:
    return f"memory://faults-{uuid.uuid4().hex}/ledger"


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[[Flaky], Flaky]:
    """Put a `Flaky` in the place of obstore, and leave out the pauses between tries."""
    monkeypatch.setattr("ledger.objects.store.PAUSE_FIRST_S", 0.0)

    def put(flaky: Flaky) -> Flaky:
        monkeypatch.setattr("ledger.objects.store.obstore", flaky)
        return flaky

    return put


def opened(address: str, **options: Any) -> Ledger:
    return Ledger.open(address, events=Event, create=True, **options)


def journey(address: str) -> list[Event]:
    """Open, append, sign and close; returns the events that were acknowledged."""
    done: list[Event] = []
    with opened(address, signer=SIGNER) as ledger:
        for count in (3, 254, 1, 40):
            batch = painted(count, ledger.head().size)
            assert ledger.append(batch) == len(done)
            done += batch
        ledger.append([Painted("last")], expected_index=len(done))
        done.append(Painted("last"))
        ledger.checkpoint()
    return done


def fresh(address: str) -> list[Event]:
    """Read everything anew."""
    with Ledger.open(address, events=Event, read_only=True) as ledger:
        return [event for _, event in ledger.read()]


@pytest.fixture(scope="module")
def journey_calls() -> list[tuple[str, str]]:
    """The calls of one journey in which nothing fails."""
    flaky = Flaky(lambda _: False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.objects.store.obstore", flaky)
        journey(f"memory://faults-{uuid.uuid4().hex}/ledger")
    return flaky.calls


@pytest.mark.parametrize("mode", ["refused", "reported"])
def test_any_single_call_may_fail_and_nothing_is_lost_or_written_twice(
    address: str, install: Callable[[Flaky], Flaky], journey_calls: list[tuple[str, str]], mode: str
) -> None:
    """The fault table: each call of a journey, refused or with its answer lost. Nobody above notices."""
    for at in range(len(journey_calls)):
        place = f"{address}-{at}"
        install(Flaky(lambda number, at=at: number == at, mode))
        assert fresh_after(journey(place), place, install)


def fresh_after(done: list[Event], place: str, install: Callable[[Flaky], Flaky]) -> bool:
    install(Flaky(lambda _: False))
    with opened(place) as ledger:
        assert ledger.append([Painted("after")]) == len(done)
    return fresh(place) == [*done, Painted("after")]


@pytest.mark.parametrize("mode", ["refused", "reported"])
def test_an_outage_from_any_call_on_takes_nothing_that_was_acknowledged(
    address: str, install: Callable[[Flaky], Flaky], journey_calls: list[tuple[str, str]], mode: str
) -> None:
    """After the outage the log holds what was acknowledged, and at most the commit that was under way, once."""
    for at in range(len(journey_calls)):
        place = f"{address}-{at}"
        install(Flaky(lambda number, at=at: number >= at, mode))
        done: list[Event] = []
        try:
            with opened(place) as ledger:
                for count in (3, 254, 1, 40, 7):
                    batch = painted(count, len(done))
                    ledger.append(batch)
                    done += batch
        except StorageError:
            pass
        install(Flaky(lambda _: False))
        with opened(place) as ledger:
            there = [event for _, event in ledger.read()]
            assert there in ([*done], [*done, *painted(len(there) - len(done), len(done))])
            assert len(there) - len(done) in (0, 3, 254, 1, 40, 7)
            assert ledger.append([Painted("after")]) == len(there)


def test_an_append_of_unknown_outcome_ends_the_use_of_the_object(
    address: str, install: Callable[[Flaky], Flaky]
) -> None:
    """It may yet come to be: only a fresh look can tell."""
    ledger = opened(address)
    ledger.append(painted(2))
    flaky = install(Flaky(lambda _: False))
    flaky.failing = lambda _: flaky.calls[-1][0] == "put"
    with pytest.raises(StorageError, match=r"connection lost$") as caught:
        ledger.append(painted(1))
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    flaky.failing = lambda _: False
    with pytest.raises(StorageError, match="close it and open the ledger again"):
        ledger.append(painted(1))
    ledger.close()
    assert fresh(address) == painted(2)


def test_a_name_that_is_called_taken_while_a_put_is_being_decided_is_asked_for_again(
    address: str, install: Callable[[Flaky], Flaky], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 answers 409 to two puts at once, and then neither may be there; a name that never shows is an error."""
    monkeypatch.setattr(object_log, "CLAIM_PAUSES_S", (0.0,) * 4)
    with opened(address) as ledger:
        ledger.append(painted(2))
        left = [2]
        flaky = install(Flaky(lambda _: False))
        flaky.error = AlreadyExistsError("ConditionalRequestConflict")

        def conflict(_: int) -> bool:
            verb, name = flaky.calls[-1]
            left[0] -= verb == "put" and "/log/" in name
            return left[0] >= 0 and verb == "put" and "/log/" in name

        flaky.failing = conflict
        assert ledger.append(painted(1, 2), expected_index=2) == 2
        left[0] = 100
        with pytest.raises(StorageError, match="there is no such object"):
            ledger.append(painted(1, 3))
    assert fresh(address) == painted(3)


def test_what_the_store_forbids_is_not_tried_again(address: str, install: Callable[[Flaky], Flaky]) -> None:
    """A missing right is told at once."""
    flaky = install(Flaky(lambda _: True))
    flaky.error = PermissionDeniedError(f"{CANARY} has no s3:PutObject")
    with pytest.raises(StorageError, match=r"permission denied$"):
        opened(address)
    assert len(flaky.calls) == 1


class Paused:
    """Holds the next create of a commit of one ledger between its plan and its request."""

    def __init__(self, ledger: Ledger, patch: pytest.MonkeyPatch) -> None:
        log = ledger._log
        assert isinstance(log, object_log.ObjectLog)
        self.reached, self.may_go = threading.Event(), threading.Event()
        create = log._objects.create
        self.left = 1

        def held(name: str, data: bytes) -> bool:
            if name.startswith("log/") and self.left:
                self.left -= 1
                self.reached.set()
                assert self.may_go.wait(60)
            return create(name, data)

        patch.setattr(log._objects, "create", held)

    def run(self, action: Callable[[], object], meanwhile: Callable[[], object]) -> object:
        """Start `action` in a thread, do `meanwhile` when it is held, and return what became of it."""
        outcome: list[object] = []

        def work() -> None:
            try:
                outcome.append(action())
            except Exception as error:  # noqa: BLE001 - the test looks at whatever it is
                outcome.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        assert self.reached.wait(60)
        meanwhile()
        self.may_go.set()
        thread.join(60)
        assert not thread.is_alive()
        return outcome[0]


def test_a_writer_that_wakes_up_late_appends_behind_what_came_first(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name is taken; its commit is planned anew, and is there once."""
    late, other = opened(address), opened(address)
    late.append(painted(2))
    paused = Paused(late, monkeypatch)
    got = paused.run(lambda: late.append(painted(3, 50)), lambda: [other.append(painted(1, at)) for at in (2, 3)])
    assert got == 4
    assert fresh(address) == [*painted(4), *painted(3, 50)]


def test_a_late_writer_with_a_condition_is_told_the_conflict(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It decided on a state that is gone."""
    late, other = opened(address), opened(address)
    late.append(painted(2))
    paused = Paused(late, monkeypatch)
    got = paused.run(lambda: late.append(painted(3, 50), expected_index=2), lambda: other.append(painted(1, 2)))
    assert isinstance(got, ConflictError)
    assert (got.expected_index, got.actual_index) == (2, 3)
    assert fresh(address) == painted(3)


def test_a_late_writer_is_told_that_the_others_kept_it_out_for_too_long(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait is bounded here as by a lock, and nothing was written."""
    late, other = opened(address, wait_s=0.0), opened(address)
    paused = Paused(late, monkeypatch)
    got = paused.run(lambda: late.append(painted(3, 50)), lambda: other.append(painted(1)))
    assert isinstance(got, BusyError)
    assert late.append(painted(1, 1)) == 1
    assert fresh(address) == painted(2)


def test_batches_that_need_several_commits_are_carried_on_after_a_lost_race(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first are written, the rest follow behind the other's, and each is told its own index."""
    monkeypatch.setattr(group_commit, "COMMIT_EVENTS_MAX", 4)
    late, other = opened(address), opened(address)
    commit = object_log.ObjectLog.commit
    log = late._log

    def interfering(self: object_log.ObjectLog, body: bytes, leaves: list[bytes]) -> int:
        if self is log and self.head().size == 4:
            other.append([Painted("between")])
        return commit(self, body, leaves)

    monkeypatch.setattr(object_log.ObjectLog, "commit", interfering)
    firsts = late.append_many([painted(2, at) for at in range(0, 12, 2)])
    assert firsts == [0, 2, 5, 7, 9, 11]
    assert fresh(address) == [*painted(4), Painted("between"), *painted(8, 4)]


def test_a_group_of_threads_is_planned_anew_after_a_lost_race(address: str) -> None:
    """Each of many threads of two handles gets its own range, whoever wins."""
    handles = [opened(address, wait_s=60) for _ in range(2)]
    got: dict[int, Event] = {}

    def work(number: int) -> None:
        for at in range(10):
            event = Painted(f"{number}", at)
            got[handles[number % 2].append([event])] = event

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert fresh(address) == [got[index] for index in range(80)]


def test_an_append_takes_two_requests_and_opening_does_not_list(
    address: str, install: Callable[[Flaky], Flaky]
) -> None:
    """Requests are what object storage bills, and what it is slow at."""
    with opened(address) as ledger:
        for at in range(200):
            ledger.append(painted(1, at))
        flaky = install(Flaky(lambda _: False))
        ledger.append(painted(1, 200))
        assert [verb for verb, _ in flaky.calls] == ["get", "put"]
        assert list(ledger.read(200)) == [(200, *painted(1, 200))]
        assert [verb for verb, _ in flaky.calls[2:]] == ["get"]
        del flaky.calls[:]
        with opened(address) as other:
            other.append(painted(1, 201))
    verbs = [verb for verb, name in flaky.calls if not name.startswith("tile")]
    assert "list" not in verbs
    assert len(verbs) <= 6 + head.HINT_COMMITS + 2


@pytest.mark.parametrize(
    "spoilt",
    [
        None,
        b"",
        b"{}",
        b'{"first_index":-1,"tiles":[]}',
        b'{"first_index":597,"tiles":[]}',
        b'{"first_index":597,"tiles":["AA==","","",""]}',
        b'{"first_index":7,"tiles":["AA=="]}',
    ],
)
def test_a_lost_or_wrong_hint_costs_time_only(address: str, spoilt: bytes | None) -> None:
    """Nobody believes it."""
    with opened(address) as ledger:
        for at in range(0, 600, 3):
            ledger.append(painted(3, at))
    objects = objects_at(address)
    if spoilt is None:
        obstore.delete(objects._store, "ledger/head")
    else:
        objects.overwrite("head", spoilt)
    with Ledger.open(address, events=Event, read_only=True) as ledger:
        assert root_at(600, ledger.tree_hashes(600)) == root_of(painted(600))
    with opened(address) as ledger:
        assert ledger.append(painted(1, 600)) == 600
        assert ledger.head().root == root_of(painted(601))
    assert fresh(address) == painted(601)


def root_of(events: list[Any]) -> bytes:
    edge, _ = grow(EMPTY_EDGE, leaf_hashes([msgspec.msgpack.encode(event) for event in events]))
    return edge_root(edge)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 3_000), max_size=60), st.integers(3, 9))
def test_the_newest_object_is_found_from_a_few_pages(counts: list[int], page: int) -> None:
    """The law: leaps over names find the last one, however they are spread."""
    objects = objects_at(f"memory://faults-{uuid.uuid4().hex}/x")
    firsts = [0, *itertools.accumulate(counts)]
    for first in firsts:
        objects.create(log_name(first), b"x")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ledger.objects.store.PAGE_NAMES", page)
        patch.setattr(head, "PAGE_NAMES", page)
        assert head.newest_name(objects) == firsts[-1]
    assert head.newest_name(objects_at(f"memory://faults-{uuid.uuid4().hex}/x")) is None


@pytest.fixture(scope="module")
def large() -> str:
    """A signed ledger of 66,000 events, which has a full tile of the second level."""
    address = f"memory://faults-{uuid.uuid4().hex}/ledger"
    with opened(address, signer=SIGNER) as ledger:
        ledger.append(painted(100))
        ledger.checkpoint()
        for at in range(100, 66_000, 5_000):
            ledger.append(painted(min(5_000, 66_000 - at), at))
    return address


@pytest.mark.parametrize("harm", ["none", "gone", "damaged", "short"])
def test_proofs_signatures_and_writers_survive_lost_and_damaged_tiles(large: str, harm: str) -> None:
    """Tiles are computed from the entries where they do not lead to the root."""
    objects = objects_at(large)
    tiles = [listed.name for listed in objects.listing("tile")]
    assert len(tiles) == 258
    saved = {name: objects.read(name) for name in tiles}
    for name in (tiles[0], tiles[7], tiles[200], tiles[256], tiles[257]):
        match harm:
            case "gone":
                obstore.delete(objects._store, f"ledger/{name}")
            case "damaged":
                objects.overwrite(name, bytes(8192))
            case "short":
                objects.overwrite(name, b"x" * 100)
    objects.overwrite("head", b"")
    with Ledger.open(large, events=Event, signer=SIGNER) as ledger:
        first = ledger.head().size
        old = ledger.last_checkpoint()
        assert ledger.append([Painted("more")]) == first
        checkpoint = ledger.checkpoint()
        assert old is not None
        if harm != "damaged":
            assert prove_consistency(ledger, old, checkpoint)
            assert check_proof(prove(ledger, 1_800), SIGNER.vkey).index == 1_800
        else:
            with pytest.raises(CorruptLedgerError, match="do not lead to the root"):
                prove(ledger, 10)
    with Ledger.open(large, events=Event, read_only=True) as ledger:
        assert ledger.head().root == root_of([event for _, event in ledger.read()])
        if harm != "damaged":
            assert root_at(66_000, ledger.tree_hashes(66_000)) == root_of(painted(66_000))
    for name, data in saved.items():
        objects.overwrite(name, data or b"")


def test_a_signer_who_was_overtaken_looks_again(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the replacement somebody signs more: the checkpoint must not go back."""
    mine, other = opened(address, signer=SIGNER), opened(address, signer=SIGNER)
    mine.append(painted(3))
    mine.checkpoint()
    mine.append(painted(1, 3))
    log = mine._log
    assert isinstance(log, object_log.ObjectLog)
    replace = log._objects.replace

    def overtaken(name: str, data: bytes, tag: str | None) -> bool:
        monkeypatch.undo()
        other.append(painted(1, 4))
        assert other.checkpoint().size == 5
        return replace(name, data, tag)

    monkeypatch.setattr(log._objects, "replace", overtaken)
    assert mine.checkpoint().size == 5
    last = mine.last_checkpoint()
    assert last is not None
    assert last.size == 5
    with pytest.raises(SignerMismatchError):
        opened(address, signer=Signer.generate("ledger.example/objects"))


@pytest.mark.parametrize(("size", "why"), [(3, "does not begin with what it says"), (9, "the log was cut")])
def test_a_log_that_was_signed_otherwise_is_not_signed(address: str, size: int, why: str) -> None:
    """A signer must never vouch for two histories."""
    with opened(address, signer=SIGNER) as ledger:
        ledger.append(painted(5))
        objects_at(address).overwrite("checkpoint", sign_checkpoint(SIGNER, size, bytes(32)).text)
        with pytest.raises(CorruptLedgerError, match=why):
            ledger.checkpoint()
        objects_at(address).overwrite("checkpoint", b"nothing that was signed")
        with pytest.raises(CorruptLedgerError, match="checkpoint is damaged"):
            ledger.last_checkpoint()
        objects_at(address).overwrite("checkpoint", sign_checkpoint(SIGNER, 5, ledger.head().root).text)


def test_writers_stop_when_a_move_is_announced_and_another_move_is_refused(address: str) -> None:
    """One that never pauses could else be first at every name that the seal is to take."""
    ledger = opened(address)
    ledger.append(painted(1))
    assert announce_move(objects_at(address), "s3://elsewhere/x") == "s3://elsewhere/x"
    with opened(address) as other, pytest.raises(MovedLedgerError, match="s3://elsewhere/x"):
        other.append(painted(1))
    with pytest.raises(MovedLedgerError):
        all(ledger.append(painted(1, at)) for at in range(1, object_log.LOOK_COMMITS + 1))
    log = object_log.open_log(address)
    with pytest.raises(MovedLedgerError, match="s3://elsewhere/x"):
        log.seal("s3://third/x")
    assert log.restriction() is None
    assert log.seal("s3://elsewhere/x").size == ledger.head().size
    assert log.seal("s3://elsewhere/x").size == ledger.head().size
    assert log.restriction() == ("moved", "s3://elsewhere/x")


def objects_with(address: str, counts: list[int]) -> Objects:
    with opened(address) as ledger:
        for count in counts:
            ledger.append(painted(count, ledger.head().size))
    return objects_at(address)


def test_every_changed_byte_of_a_commit_is_noticed(address: str) -> None:
    """In the middle of the log and at its end, whatever the hint says."""
    objects = objects_with(address, [2, 2, 2])
    for first in (2, 4):
        whole = objects.read(log_name(first))
        assert whole is not None
        for at in range(len(whole)):
            objects.overwrite(log_name(first), whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
            with pytest.raises(CorruptLedgerError):
                fresh(address)
        for cut in (b"", whole[:-1], whole + b"x", whole[:100]):
            objects.overwrite(log_name(first), cut)
            with pytest.raises(CorruptLedgerError):
                fresh(address)
        objects.overwrite(log_name(first), whole)
    assert fresh(address) == painted(6)


def test_whole_objects_in_the_wrong_place_are_noticed(address: str) -> None:
    """Another index, another ledger, another history, a gap: every object is whole, the log is not."""
    objects = objects_with(address, [2, 2, 2])
    names = [log_name(first) for first in (0, 2, 4)]
    good = [objects.read(name) or b"" for name in names]
    ledger_id = bytes.fromhex(msgspec.json.decode(objects.read("ledger.json") or b"")["ledger_id"])
    stranger = objects_with(f"{address}-other", [2, 2, 2])
    middle = decode_commit(good[1], ledger_id, 2)
    for data in (good[0], stranger.read(names[1]), encode_commit(middle._replace(before=bytes(32)))):
        objects.overwrite(names[1], data or b"")
        with pytest.raises(CorruptLedgerError):
            fresh(address)
    objects.overwrite(names[1], good[1])
    for name in (names[1], names[0]):
        obstore.delete(objects._store, f"ledger/{name}")
        with pytest.raises(CorruptLedgerError, match="missing"):
            fresh(address)
        objects.overwrite(name, good[names.index(name)])
    assert fresh(address) == painted(6)
    obstore.delete(objects._store, "ledger/ledger.json")
    for options in ({"read_only": True}, {"create": True}):
        with pytest.raises(CorruptLedgerError, match="missing from a log with events"):
            Ledger.open(address, events=Event, **options)  # type: ignore[arg-type]


def test_entries_that_do_not_give_the_root_are_noticed_by_a_writer(address: str) -> None:
    """Whoever changes an entry and computes the checksum anew, but not the tree, is found out before more is built on it."""
    objects = objects_with(address, [2, 2, 2])
    ledger_id = bytes.fromhex(msgspec.json.decode(objects.read("ledger.json") or b"")["ledger_id"])
    last = decode_commit(objects.read(log_name(4)) or b"", ledger_id, 4)
    objects.overwrite(log_name(4), encode_commit(last._replace(body=last.body.replace(b"colour", b"colors"))))
    objects.overwrite("head", b"")
    with opened(address) as ledger, pytest.raises(CorruptLedgerError, match="do not give the root"):
        ledger.append(painted(1))
    early = opened(f"{address}-followed")
    early.append(painted(1))
    ledger_id = early.head().ledger_id
    objects = objects_with(f"{address}-followed", [2])
    last = decode_commit(objects.read(log_name(1)) or b"", ledger_id, 1)
    objects.overwrite(log_name(1), encode_commit(last._replace(body=last.body.replace(b"colour", b"colors"))))
    with pytest.raises(CorruptLedgerError, match="do not give the root"):
        early.append(painted(1))


def test_a_long_log_is_fetched_ahead_in_order(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges that begin and end inside commits, over many pages and objects, with little kept in memory."""
    objects_with(address, [1 + at % 5 for at in range(300)])
    monkeypatch.setattr("ledger.objects.store.PAGE_NAMES", 50)
    monkeypatch.setattr("ledger.objects.store.AHEAD_BYTES_MAX", 2_000)
    monkeypatch.setattr(reading, "KEPT_BYTES_MAX", 200)
    with Ledger.open(address, events=Event, read_only=True) as ledger:
        assert [event for _, event in ledger.read()] == painted(900)
        for start, stop in ((0, 1), (3, 5), (449, 452), (899, 900), (10, 890)):
            assert list(ledger.read(start, stop)) == list(enumerate(painted(stop - start, start), start))


COMMITS = st.builds(
    CommitObject,
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 1 << 40),
    st.integers(1, 65_535),
    st.integers(0, 1 << 60),
    st.binary(min_size=32, max_size=32),
    st.just(()),
    st.binary(min_size=1, max_size=200),
    st.just(KIND_COMMIT),
)


@given(COMMITS)
def test_a_commit_object_decodes_to_what_was_encoded(made: CommitObject) -> None:
    """The law of the format."""
    size = made.end
    commit = made._replace(peaks=tuple(bytes(32) if size >> level & 1 else b"" for level in range(size.bit_length())))
    assert decode_commit(encode_commit(commit), commit.ledger_id, commit.first_index) == commit
    assert parse_log_name(log_name(commit.first_index)) == commit.first_index


def test_a_child_of_fork_is_refused_instead_of_hanging(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads of the client do not live on in a child; a request there would wait for ever."""
    ledger = opened(address)
    pid = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: pid + 1)
    with pytest.raises(StorageError, match="start workers by spawn"):
        ledger.head()


@pytest.mark.parametrize(
    "address",
    [
        "s3://",
        "s3:///prefix",
        "s3://AKIA:secret@bucket/x",
        "s3://bucket/x?endpoint=http://elsewhere",
        "s3://bucket/x#y",
        "s3://bucket/a//b",
        "s3://bucket/../b",
        "s3://Bucket/x",
        "s3://media--use1-az4--x-s3/x",
        "memory://a b",
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_a_secret(address: str) -> None:
    """Before anything is asked of any server."""
    with pytest.raises(OutOfRangeError) as caught:
        Ledger.open(address, events=Event, create=True)
    assert "secret" not in str(caught.value)


def test_addresses_say_bucket_and_prefix() -> None:
    """A slash at the end means nothing."""
    assert parse_address("s3://media/ledgers/cards/") == ("s3", "media", "ledgers/cards")
    assert parse_address("memory://x") == ("memory", "x", "")


def test_a_prefix_with_other_things_in_it_is_left_alone(address: str) -> None:
    """A bucket that somebody else uses must not become a ledger by a typing mistake."""
    with pytest.raises(LedgerNotFoundError):
        Ledger.open(address, events=Event)
    objects_at(address).create("holiday.jpg", b"\xff\xd8")
    with pytest.raises(LedgerExistsError, match=r"holiday\.jpg"):
        opened(address)
    assert [listed.name for listed in objects_at(address).listing()] == ["holiday.jpg"]


@pytest.fixture(autouse=True)
def _no_threads_are_left() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ledger-objects")]
