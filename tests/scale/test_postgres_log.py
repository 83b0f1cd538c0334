"""Is a ledger in a database the ledger that it would be in files? Same hashes, proofs and exports; damage is found."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_events import Coats, Event, Painted, Scraped, painted

from ledger import (
    CorruptLedgerError,
    Ledger,
    LedgerClosedError,
    ReadOnlyLedgerError,
    Signer,
    SignerMismatchError,
    Snapshots,
    TailRepaired,
    UndecodableEventError,
    check_consistency,
    check_proof,
    export,
    prove,
    prove_consistency,
    replay,
    verified,
)
from ledger.frame import encode_run
from ledger.log_check import check_log
from ledger.merkle import leaf_hashes, root_at, root_of
from ledger.postgres import reading, tree
from ledger.postgres.log import PostgresLog, open_log
from tests.postgres_server import PostgresServer

SIGNER = Signer("example.com/cards", bytes(range(32)))
EXAMPLE_ID = UUID("000102030405060708090a0b0c0d0e0f")
ROOT = Path(__file__).resolve().parents[2]
SIZES = (1, 2, 253, 1, 300, 7, 1_000)


class KeptCoats(Coats):
    """The same, and its states can be kept."""

    state_type = dict[str, int]


def fill(ledger: Ledger) -> Ledger:
    """Append commits that end before, at and after the ends of tiles."""
    size = 0
    for count in SIZES:
        assert ledger.append(painted(count, size)) == size
        size += count
    return ledger


@pytest.fixture
def ledger(postgres_address: str) -> Iterator[Ledger]:
    with Ledger.open(postgres_address, events=Event, create=True, signer=SIGNER) as opened:
        yield fill(opened)


@pytest.fixture
def owner(postgres: PostgresServer) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Somebody who may switch triggers off, as whoever damages a database must."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_export_is_the_same_as_from_files(ledger: Ledger, tmp_path: Path) -> None:
    """Whoever verifies it, with whatever tool, need not know where the ledger lies."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True, signer=SIGNER) as twin:
        assert export(fill(twin), tmp_path / "files") == export(ledger, tmp_path / "database")
    assert files_of(tmp_path / "database") == files_of(tmp_path / "files")
    assert sum(name.startswith("tile/0/") for name in files_of(tmp_path / "database")) == sum(SIZES) // 256 + 1


def test_proofs_hold_for_every_kind_of_place_in_the_tree(ledger: Ledger) -> None:
    """From full tiles, from partial ones that are computed, and across both."""
    old = ledger.checkpoint()
    ledger.append(painted(700, sum(SIZES)))
    new = ledger.checkpoint()
    for index in (0, 1, 255, 256, 511, 700, sum(SIZES), new.size - 1):
        ((_, entry),) = ledger.entries(index, index + 1)
        assert check_proof(prove(ledger, index), SIGNER.vkey).entry == entry
    check_consistency(old.size, old.root, new.size, new.root, prove_consistency(ledger, old, new))
    for size in (1, 255, 256, 257, 512, 1_000, 1_023, 1_024):
        assert root_at(size, ledger.tree_hashes(size)) == root_of_first(ledger, size)


def root_of_first(ledger: Ledger, size: int) -> bytes:
    """Compute a root from the entries, without tiles."""
    return root_of(leaf_hashes([entry for _, entry in ledger.entries(0, size)]))


def test_snapshots_and_verified_memories_work_over_a_database(ledger: Ledger, tmp_path: Path) -> None:
    """They hang on size and root, which are the same anywhere."""
    snapshots = Snapshots(tmp_path, events_between=100)
    expected = replay(ledger, KeptCoats())
    assert replay(ledger, KeptCoats(), snapshots=snapshots) == expected
    assert len(list(tmp_path.glob("*.snapshot"))) == 1
    assert replay(ledger, KeptCoats(), snapshots=snapshots) == expected
    assert verified(ledger, snapshots).size == sum(SIZES)


def test_a_writer_that_opens_the_ledger_grows_the_same_tree(ledger: Ledger, postgres_address: str) -> None:
    """Its edge comes from tiles and entries; a wrong one would give a wrong root for ever after."""
    with Ledger.open(postgres_address, events=Event, signer=SIGNER) as other:
        other.append(painted(5, 5_000))
        ledger.append(painted(400, 6_000))
        other.append(painted(2, 7_000))
        assert other.head().root == root_of_first(other, sum(SIZES) + 407)
        assert other.checkpoint().size == sum(SIZES) + 407
        assert ledger.last_checkpoint() == other.checkpoint()


def test_a_checkpoint_of_another_key_is_refused(ledger: Ledger, postgres_address: str) -> None:
    """A ledger has one signer."""
    ledger.checkpoint()
    with pytest.raises(SignerMismatchError):
        Ledger.open(postgres_address, events=Event, signer=Signer("example.com/other", bytes(32)))


def test_a_read_only_object_never_writes(ledger: Ledger, postgres_address: str) -> None:
    """Not even a checkpoint."""
    with Ledger.open(postgres_address, events=Event, read_only=True, signer=SIGNER) as reader:
        for act in (lambda: reader.append(painted(1)), reader.checkpoint):
            with pytest.raises(ReadOnlyLedgerError):
                act()
        assert reader.head() == ledger.head()


def test_a_closed_object_refuses_everything(postgres_address: str) -> None:
    """Closing twice is harmless."""
    ledger = Ledger.open(postgres_address, events=Event, create=True)
    ledger.close()
    ledger.close()
    for act in (ledger.head, lambda: ledger.append(painted(1)), lambda: list(ledger.read())):
        with pytest.raises(LedgerClosedError):
            act()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 5), st.integers(1, 2_000), st.integers(0, 1_564), st.integers(0, 1_564))
def test_pages_of_any_size_give_the_same_entries(
    ledger: Ledger, page_commits: int, page_bytes: int, start: int, stop: int
) -> None:
    """Where a page ends is nobody's business."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "PAGE_COMMITS", page_commits)
        patch.setattr(reading, "PAGE_BYTES", page_bytes)
        assert [event for _, event in ledger.read(start, max(start, stop))] == painted(sum(SIZES))[
            start : max(start, stop)
        ]


def test_an_entry_that_does_not_decode_is_named_by_its_row(postgres_address: str) -> None:
    """Somebody has to find it in the database: the row of its commit, and the byte of the frame."""
    with Ledger.open(postgres_address, events=Event, create=True) as ledger:
        ledger.append(painted(2))
        ledger.append([*painted(1), Scraped(1)])
        (_, before), (_, entry) = ledger.entries(2)
        with psycopg.connect(postgres_address.partition("#")[0]) as connection:
            query = "SELECT frame FROM impasto_ledger.commits WHERE ledger = %s AND first_index = 2"
            (frame,) = connection.execute(query, (UUID(bytes=ledger.head().ledger_id),)).fetchone() or (b"",)
    with (
        Ledger.open(postgres_address, events=Painted | TailRepaired, read_only=True) as ledger,
        pytest.raises(UndecodableEventError) as caught,
    ):
        list(ledger.read())
    assert caught.value.path == ledger.path + "/commits/2"
    assert caught.value.index == 3
    assert frame[caught.value.offset :] == len(entry).to_bytes(2) + entry
    assert frame[: caught.value.offset].endswith(before)


def damaged(owner: psycopg.Connection[tuple[object, ...]], ledger: Ledger, query: str) -> None:
    """Run `query` against this ledger's rows."""
    done = owner.execute(query, {"ledger": UUID(bytes=ledger.head().ledger_id)})  # type: ignore[call-overload]
    assert done.rowcount == 1


DAMAGES: dict[str, tuple[str, str]] = {
    "a byte of an entry": (
        "UPDATE impasto_ledger.commits SET frame = set_byte(frame, 700, get_byte(frame, 700) # 1) "
        "WHERE ledger = %(ledger)s AND first_index = 3",
        "/commits/3",
    ),
    "a byte of a frame's header": (
        "UPDATE impasto_ledger.commits SET frame = set_byte(frame, 9, 2) WHERE ledger = %(ledger)s AND first_index = 257",
        "/commits/257",
    ),
    "a byte after a frame": (
        "UPDATE impasto_ledger.commits SET frame = frame || 'x' WHERE ledger = %(ledger)s AND first_index = 257",
        "/commits/257",
    ),
    "a count": (
        "UPDATE impasto_ledger.commits SET event_count = 299 WHERE ledger = %(ledger)s AND first_index = 257",
        "/commits/257",
    ),
    "a missing commit": (
        "DELETE FROM impasto_ledger.commits WHERE ledger = %(ledger)s AND first_index = 256",
        "/commits/256",
    ),
    "a missing last commit": (
        "DELETE FROM impasto_ledger.commits WHERE ledger = %(ledger)s AND first_index = 564",
        "/commits/564",
    ),
    "a commit of another place": (
        "UPDATE impasto_ledger.commits SET frame = (SELECT frame FROM impasto_ledger.commits "
        "WHERE ledger = %(ledger)s AND first_index = 0) WHERE ledger = %(ledger)s AND first_index = 256",
        "/commits/256",
    ),
    "a commit that was moved": (
        "UPDATE impasto_ledger.commits SET first_index = 4 WHERE ledger = %(ledger)s AND first_index = 3",
        "/commits/4",
    ),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_by_somebody_with_all_rights_is_found_with_its_row(
    kind: str, ledger: Ledger, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Triggers can be switched off; checksums and hashes cannot."""
    query, row = DAMAGES[kind]
    damaged(owner, ledger, query)
    with pytest.raises(CorruptLedgerError) as caught:
        list(ledger.read())
    assert caught.value.path == ledger.path + row
    (finding,) = check_log(ledger._log, vkey=None).findings
    assert (finding.check, finding.subject) == ("frame", ledger.path + row)


def test_a_whole_ledger_is_found_whole_and_counted(ledger: Ledger) -> None:
    """With its signature, and without."""
    ledger.checkpoint()
    for vkey in (SIGNER.vkey, None):
        found = check_log(ledger._log, vkey=vkey)
        assert (found.ok, found.events, found.bytes) == (True, sum(SIZES), ledger.head().end_offset)


def test_a_log_of_files_can_be_checked_the_same_way(tmp_path: Path) -> None:
    """The check knows the protocol only."""
    with Ledger.open(tmp_path, events=Event, create=True, signer=SIGNER) as twin:
        fill(twin).checkpoint()
        assert check_log(twin._log, vkey=SIGNER.vkey).ok


HIDDEN: dict[str, tuple[str, str]] = {
    "tile": (
        "UPDATE impasto_ledger.tiles SET data = set_byte(data, 40, get_byte(data, 40) # 1) "
        "WHERE ledger = %(ledger)s AND level = 0 AND tile_index = 2",
        "tile/0/002",
    ),
    "mark": ("UPDATE impasto_ledger.heads SET root = sha256('x') WHERE ledger = %(ledger)s", "mark"),
    "checkpoint": (
        "UPDATE impasto_ledger.checkpoints SET note = set_byte(note, 25, get_byte(note, 25) # 1) WHERE ledger = %(ledger)s",
        "checkpoint",
    ),
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_what_reading_does_not_see_the_check_does(
    kind: str, ledger: Ledger, postgres_address: str, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Tiles and roots are never believed; whoever asks is told which of them is wrong."""
    ledger.checkpoint()
    query, subject = HIDDEN[kind]
    damaged(owner, ledger, query)
    log = open_log(postgres_address, read_only=True)
    findings = check_log(log, vkey=SIGNER.vkey).findings
    log.close()
    assert [(one.check, one.subject) for one in findings] == [(kind, subject)]


def test_a_damaged_tile_keeps_nobody_from_appending_and_signing(
    ledger: Ledger, postgres_address: str, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    """It follows from the entries, which are there."""
    ledger.checkpoint()
    damaged(owner, ledger, HIDDEN["tile"][0])
    with Ledger.open(postgres_address, events=Event, signer=SIGNER) as other:
        other.append(painted(1))
        assert other.checkpoint().root == root_of_first(other, sum(SIZES) + 1)


def test_a_history_that_was_exchanged_is_not_signed(
    ledger: Ledger, postgres_address: str, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Somebody with all rights writes another history of the same length: the last checkpoint tells."""
    ledger.checkpoint()
    ledger_id = UUID(bytes=ledger.head().ledger_id)
    for table in ("commits", "tiles"):
        owner.execute(f"DELETE FROM impasto_ledger.{table} WHERE ledger = %s", (ledger_id,))  # type: ignore[call-overload]  # noqa: S608
    query = "UPDATE impasto_ledger.heads SET size = 0, bytes = 0, root = sha256('') WHERE ledger = %s"
    owner.execute(query, (ledger_id,))
    with pytest.raises(CorruptLedgerError, match="put back or exchanged"):
        ledger.head()
    with Ledger.open(postgres_address, events=Event) as other:
        other.append(painted(sum(SIZES), 9_000))
        with pytest.raises(CorruptLedgerError, match="does not begin with"):
            other._log.sign(SIGNER)
        findings = check_log(other._log, vkey=SIGNER.vkey).findings
        assert [(one.check, one.subject) for one in findings] == [("checkpoint", "checkpoint")]


def test_a_follower_is_told_at_once_and_not_after_its_pause(postgres_address: str) -> None:
    """The pause is an hour, so that only a notice can end it in time."""
    with Ledger.open(postgres_address, events=Event, create=True) as writer:
        seen: list[int] = []
        ready, stop = threading.Event(), threading.Event()

        def follow() -> None:
            with Ledger.open(postgres_address, events=Event, read_only=True) as reader:
                ready.set()
                for index, _ in reader.follow(poll_s=3_600.0, stop=stop):
                    seen.append(index)
                    arrived.set()

        arrived = threading.Event()
        follower = threading.Thread(target=follow)
        follower.start()
        assert ready.wait(30)
        for at in range(5):
            arrived.clear()
            assert writer.append(painted(1, at)) == at
            assert arrived.wait(30)
        stop.set()
        follower.join(30)
        assert not follower.is_alive(), "a follower ends when it is stopped, however long its pause"
        assert seen == list(range(5))


def test_a_follower_goes_on_when_its_connection_is_ended(
    postgres_address: str, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a connection it waits, and looks; notices are a convenience."""
    monkeypatch.setattr("ledger.postgres.listening.RETRY_S", 0.05)
    with Ledger.open(postgres_address, events=Event, create=True) as ledger:
        news = ledger.follow(poll_s=0.05)
        ledger.append(painted(1))
        assert next(news)[0] == 0
        ledger._log.wait(0.05)
        with psycopg.connect(postgres.url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        ledger._log.wait(0.05)
        ledger.append(painted(1, 1))
        assert next(news)[0] == 1


def test_a_process_that_forks_leaves_the_connections_to_its_parent(ledger: Ledger) -> None:
    """Two processes that talk over one socket would each get half of the other's answers."""
    mine = backend_of(ledger)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, b"%d %d" % (backend_of(ledger), len(list(ledger.read(1_000)))))
        finally:
            os._exit(0)
    os.close(write)
    assert os.waitpid(child, 0)[1] == 0
    theirs, count = map(int, os.read(read, 100).split())
    os.close(read)
    assert count == sum(SIZES) - 1_000
    assert theirs != mine
    assert backend_of(ledger) == mine
    assert ledger.append(painted(1)) == sum(SIZES)


def backend_of(ledger: Ledger) -> int:
    """Return the process of the server that answers the next question."""
    log = ledger._log
    assert isinstance(log, PostgresLog)
    return log._connections.ask(lambda connection: connection.info.backend_pid)


def test_more_readers_than_connections_all_come_to_their_turn(ledger: Ledger) -> None:
    """None holds a connection between two pages, so that readers inside readers cannot block each other."""
    readers = [ledger.read() for _ in range(20)]
    firsts = [next(reader) for reader in readers]
    assert len({index for index, _ in firsts}) == 1
    results: list[int] = []
    work: Callable[[], None] = lambda: results.append(sum(1 for _ in ledger.read()))  # noqa: E731
    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == [sum(SIZES)] * 20


def test_ledgers_of_one_database_do_not_meet(postgres_address: str) -> None:
    """Each has its own head, lock, events and checkpoint."""
    with (
        Ledger.open(postgres_address, events=Event, create=True, signer=SIGNER) as one,
        Ledger.open(postgres_address + "-b", events=Event, create=True) as other,
    ):
        one.append(painted(3))
        one.checkpoint()
        with one._log.writing(5):
            assert other.append(painted(2, 50)) == 0
        assert [event for _, event in other.read()] == painted(2, 50)
        assert other.last_checkpoint() is None
        assert one.head().ledger_id != other.head().ledger_id


def test_a_writer_far_behind_reads_tiles_instead_of_all_it_has_missed(
    ledger: Ledger, postgres_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways to catch up lead to the same tree."""
    with Ledger.open(postgres_address, events=Event) as other:
        other.append(painted(1))
        ledger.append(painted(900))
        monkeypatch.setattr(tree, "FOLLOW_EVENTS_MAX", 10)
        other.append(painted(1))
        assert other.head().root == root_of_first(other, sum(SIZES) + 902)


def test_the_example_of_the_specification_is_what_a_row_holds(
    postgres_address: str, owner: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Whoever reads the tables with another program begins there."""
    entries = [bytes.fromhex("9301a16101"), bytes.fromhex("9301a16202")]
    open_log(postgres_address + "-tables", create=True).close()
    for table in ("commits", "heads"):  # of an earlier run on the same server
        owner.execute(f"DELETE FROM impasto_ledger.{table} WHERE ledger = %s", (EXAMPLE_ID,))  # type: ignore[call-overload]  # noqa: S608
    log = open_log(postgres_address, create=True, ledger_id=EXAMPLE_ID.bytes)
    with log.writing(10):
        log.commit(encode_run(entries), leaf_hashes(entries))
    log.close()
    query = "SELECT first_index, event_count, encode(frame, 'hex') FROM impasto_ledger.commits WHERE ledger = %s"
    row = owner.execute(query, (EXAMPLE_ID,)).fetchone()
    assert row is not None
    spelled = f"{row[0]:12} | {row[1]:11} | {row[2]}"
    assert spelled in (ROOT / "docs/specs/ledger-postgresql.md").read_text(encoding="utf-8")
