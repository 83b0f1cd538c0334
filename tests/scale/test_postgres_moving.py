"""Is there only one writer of a history, when a ledger was copied or has moved? What `copying` needs of a log."""

from pathlib import Path

import psycopg
import pytest
from sample_events import Event, painted

from ledger import (
    CopiedLedgerError,
    CopyTargetError,
    CorruptLedgerError,
    Ledger,
    LedgerExistsError,
    MovedLedgerError,
    Signer,
)
from ledger.backend import MovableLog, Restriction
from ledger.group_commit import batch_of
from ledger.postgres.log import PostgresLog, open_copy, open_log

SIGNER = Signer("example.com/moving", bytes(range(32)))
ID = bytes(range(16))


def copied(source: Ledger, address: str) -> PostgresLog:
    """Copy commits and checkpoint to `address`."""
    target = open_copy(address, ledger_id=source.head().ledger_id, original=source.path)
    size = target.head().size
    for _, entries in source.entry_batches(size):
        body, leaves = batch_of(entries)
        with target.writing(10):
            target.commit(body, leaves)
    checkpoint = source.last_checkpoint()
    if checkpoint is not None:
        target.keep_checkpoint(checkpoint)
    return target


def test_a_copy_has_the_same_root_and_takes_no_events_until_it_is_promoted(
    postgres_address: str, tmp_path: Path
) -> None:
    """Two ledgers with one id that both grow would be two histories."""
    with Ledger.open(str(tmp_path), events=Event, create=True, signer=SIGNER) as source:
        source.append(painted(300))
        source.checkpoint()
        target = copied(source, postgres_address)
        assert isinstance(target, MovableLog)
        assert target.restriction() == Restriction("copy", source.path)
        target.close()
        with pytest.raises(CopiedLedgerError):
            open_log(postgres_address)
        source.append(painted(5, 300))
        again = copied(source, postgres_address)
        assert (again.head().size, again.head().root) == (305, source.head().root)
        assert again.last_checkpoint() == source.last_checkpoint()
        again.promote()
        again.promote()
        again.close()
    with Ledger.open(postgres_address, events=Event, signer=SIGNER) as promoted:
        ledger_id = promoted.head().ledger_id
        assert promoted.append(painted(1)) == 305
        assert promoted.checkpoint().size == 306
    with pytest.raises(CopyTargetError, match="no copy"):
        open_copy(postgres_address, ledger_id=ledger_id, original="x")


def test_a_ledger_that_has_moved_refuses_every_writer_also_one_at_work(
    postgres_address: str,
) -> None:
    """The program refuses, and the database does, too."""
    with Ledger.open(postgres_address, events=Event, create=True) as writer:
        writer.append(painted(2))
        log = open_log(postgres_address)
        end = log.seal("s3://archive/cards")
        assert end == log.seal("s3://archive/cards") == log.head()
        for act in (lambda: log.seal("elsewhere"), log.promote, lambda: writer.append(painted(1))):
            with pytest.raises(MovedLedgerError) as caught:
                act()
            assert caught.value.successor == "s3://archive/cards"
        log.close()
        with pytest.raises(MovedLedgerError):
            open_log(postgres_address)
        assert [event for _, event in writer.read()] == painted(2)
    url, _, name = postgres_address.partition("#")
    with psycopg.connect(url, autocommit=True) as owner:
        for change in ("restriction = NULL, other = NULL", "other = 'x'", "size = size + 1, bytes = bytes + 1"):
            with pytest.raises(psycopg.errors.IntegrityError):
                owner.execute(f"UPDATE impasto_ledger.heads SET {change} WHERE name = %s", (name,))  # type: ignore[call-overload]  # noqa: S608


def test_a_copy_is_made_only_where_there_is_nothing_else(postgres_address: str) -> None:
    """Neither over another ledger, nor beside the original in one database."""
    with Ledger.open(postgres_address, events=Event, create=True) as ledger:
        with pytest.raises(CopyTargetError, match="another ledger"):
            open_copy(postgres_address, ledger_id=ID, original="x")
        with pytest.raises(LedgerExistsError, match="under another name"):
            open_copy(postgres_address + "-copy", ledger_id=ledger.head().ledger_id, original=ledger.path)


def test_a_checkpoint_of_another_history_is_not_kept(postgres_address: str, tmp_path: Path) -> None:
    """It would be a signature that the log does not keep."""
    with (
        Ledger.open(str(tmp_path), events=Event, create=True, signer=SIGNER) as other,
        Ledger.open(postgres_address, events=Event, create=True) as ledger,
    ):
        other.append(painted(3, 50))
        ledger.append(painted(4))
        log = ledger._log
        assert isinstance(log, PostgresLog)
        with pytest.raises(CorruptLedgerError, match="does not begin with"):
            log.keep_checkpoint(other.checkpoint())
        assert ledger.last_checkpoint() is None
