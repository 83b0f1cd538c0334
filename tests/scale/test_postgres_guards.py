"""What does the database itself refuse, and what does nobody learn from a message? Tables, roles, versions, secrets."""

import re
import time
import traceback
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.sql import SQL, Identifier
from sample_events import Event, painted

from ledger import (
    Ledger,
    LedgerError,
    LedgerNotFoundError,
    OutOfRangeError,
    SchemaVersionError,
    Signer,
    StorageError,
)
from ledger.postgres.address import parse_address
from ledger.postgres.connections import Connections
from ledger.postgres.log import open_log
from ledger.postgres.schema import read_migration
from ledger.postgres.writing import HeldHead
from tests.postgres_server import PASSWORD, PostgresServer

TABLES = ("heads", "commits", "tiles", "checkpoints")
SIGNER = Signer("example.com/guards", bytes(range(32)))


@pytest.fixture
def database(postgres: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database of its own, for tests that do to tables what others must not see."""
    name = "guards_" + re.sub(r"\W", "_", request.node.name.lower())[:40]
    with psycopg.connect(postgres.url, autocommit=True) as admin:
        admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        yield postgres.url.removesuffix("/postgres") + "/" + name
        admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def filled(database: str) -> str:
    """The same, with a signed ledger of 600 events."""
    with Ledger.open(database + "#cards", events=Event, create=True, signer=SIGNER) as ledger:
        ledger.append(painted(300))
        ledger.append(painted(300, 300))
    return database


def refused(connection: psycopg.Connection[Any], query: str) -> bool:
    """Tell whether the database refuses `query`; a query that changes nothing for want of rows is a failed test."""
    try:
        with connection.transaction():
            connection.execute(query)  # type: ignore[call-overload]  # the queries are written below
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.IntegrityError):
        return True
    return False


CHANGES = [
    *(f"DELETE FROM impasto_ledger.{table}" for table in TABLES),  # noqa: S608 - names of this file
    *(f"TRUNCATE impasto_ledger.{table} CASCADE" for table in TABLES),
    "UPDATE impasto_ledger.commits SET frame = frame",
    "UPDATE impasto_ledger.tiles SET data = data",
    "UPDATE impasto_ledger.checkpoints SET note = note",
    "UPDATE impasto_ledger.heads SET size = size - 1",
    "UPDATE impasto_ledger.heads SET size = size + 1, bytes = bytes + 1",
    "UPDATE impasto_ledger.heads SET root = sha256('x')",
    "UPDATE impasto_ledger.heads SET bytes = bytes + 1",
    "UPDATE impasto_ledger.heads SET ledger = gen_random_uuid()",
    "UPDATE impasto_ledger.heads SET name = 'other'",
    "UPDATE impasto_ledger.heads SET epoch = epoch - 1",
    *(
        f"INSERT INTO impasto_ledger.commits SELECT ledger, {first}, 1, gen_random_uuid(), 'x' FROM impasto_ledger.heads"  # noqa: S608
        for first in ("size", "size - 1", "size + 1", "0")
    ),
    "INSERT INTO impasto_ledger.commits VALUES (gen_random_uuid(), 0, 1, gen_random_uuid(), 'x')",
    "INSERT INTO impasto_ledger.tiles SELECT ledger, 0, 2, data FROM impasto_ledger.tiles LIMIT 1",
    "INSERT INTO impasto_ledger.tiles SELECT ledger, 1, 0, data FROM impasto_ledger.tiles LIMIT 1",
    "INSERT INTO impasto_ledger.checkpoints SELECT ledger, 601, note FROM impasto_ledger.checkpoints",
    "INSERT INTO impasto_ledger.heads VALUES ('new', gen_random_uuid(), 1, sha256('x'), 1)",
]


def test_not_even_the_owner_changes_what_is_there_without_switching_off_triggers(filled: str) -> None:
    """Append-only is what the database enforces, not what a program promises."""
    with psycopg.connect(filled, autocommit=True) as owner:
        assert [query for query in CHANGES if not refused(owner, query)] == []
    log = open_log(filled + "#cards")
    assert log.head().size == 600
    log.close()


def test_a_writer_appends_and_signs_and_may_do_nothing_else(filled: str) -> None:
    """The program that writes cannot make the tables forget, nor switch off what guards them."""
    url = with_login(filled, "writer")
    with Ledger.open(url + "#cards", events=Event, create=True, signer=SIGNER) as ledger:
        assert ledger.append(painted(3)) == 600
        assert ledger.checkpoint().size == 603
    Ledger.open(url + "#new", events=Event, create=True).close()
    forbidden = [
        *CHANGES,
        *(f"ALTER TABLE impasto_ledger.{table} DISABLE TRIGGER ALL" for table in TABLES),
        *(f"DROP TABLE impasto_ledger.{table}" for table in TABLES),
        "DROP TRIGGER append_only ON impasto_ledger.commits",
        "UPDATE impasto_ledger.version SET number = 9",
        "SET session_replication_role = replica",
    ]
    with psycopg.connect(url, autocommit=True) as writer:
        assert [query for query in forbidden if not refused(writer, query)] == []


def test_a_reader_reads_and_is_refused_by_the_database_when_it_appends(filled: str) -> None:
    """Also when the program has forgotten that it was to read only."""
    url = with_login(filled, "reader")
    with Ledger.open(url + "#cards", events=Event) as ledger:
        assert [event for _, event in ledger.read()] == painted(600)
        with pytest.raises(StorageError, match="permission denied"):
            ledger.append(painted(1))
        assert ledger.head().size == 600


def with_login(url: str, kind: str) -> str:
    """Give the roles to a database, and return its URL with a login that has one of them."""
    login = f"login_{kind}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(read_migration("roles.sql"))
        admin.execute(
            SQL("CREATE ROLE {} LOGIN PASSWORD 'x' IN ROLE {}").format(
                Identifier(login), Identifier(f"impasto_ledger_{kind}")
            )
        )
    return url.replace("impasto_test:" + PASSWORD, login + ":x")


def test_tables_of_another_version_are_refused(database: str) -> None:
    """Older programs must not write into tables that they do not know; there is no older version to be refused yet."""
    Ledger.open(database + "#cards", events=Event, create=True).close()
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("INSERT INTO impasto_ledger.version (number) VALUES (2)")
    for create in (False, True):
        with pytest.raises(SchemaVersionError) as caught:
            Ledger.open(database + "#cards", events=Event, create=create)
        assert (caught.value.found, caught.value.known) == (2, 1)


def test_what_is_not_there_is_not_made_unless_asked(database: str) -> None:
    """A typing error in a name must not begin a new history."""
    with pytest.raises(LedgerNotFoundError):
        Ledger.open(database + "#cards", events=Event)
    Ledger.open(database + "#cards", events=Event, create=True).close()
    with pytest.raises(LedgerNotFoundError):
        Ledger.open(database + "#card", events=Event)


def test_a_commit_waits_for_the_disk_whatever_the_login_is_set_to(filled: str) -> None:
    """synchronous_commit=off would acknowledge what a crash takes."""
    place = parse_address(filled + "?options=-csynchronous_commit%3Doff#cards")
    connections = Connections(place, 5)
    query = "SELECT current_setting('synchronous_commit')"
    assert connections.ask(lambda connection: connection.execute(query).fetchone()) == ("off",)
    held = HeldHead(connections, place.shown, place.name)
    assert held.take(time.monotonic() + 5, lambda connection, _: connection.execute(query).fetchone()) == ("on",)
    held.release()
    connections.close()


def test_a_server_that_does_not_sync_is_refused_by_writers(postgres: PostgresServer, postgres_address: str) -> None:
    """No setting of a transaction helps against that one; reading what is there does no harm."""
    Ledger.open(postgres_address, events=Event, create=True).close()
    with psycopg.connect(postgres.url, autocommit=True) as admin:
        set_fsync(admin, "off")
        try:
            with pytest.raises(StorageError, match="fsync=off"):
                open_log(postgres_address)
            open_log(postgres_address, read_only=True).close()
        finally:
            set_fsync(admin, "on")
    open_log(postgres_address).close()


def set_fsync(admin: psycopg.Connection[Any], value: str) -> None:
    """Change the server's setting, and wait until every new session has it."""
    admin.execute(SQL("ALTER SYSTEM SET fsync = {}").format(value))
    admin.execute("SELECT pg_reload_conf()")
    while admin.execute("SELECT current_setting('fsync')").fetchone() != (value,):
        admin.execute("SELECT pg_sleep(0.01)")


def test_no_message_tells_a_password(postgres: PostgresServer) -> None:
    """Messages go to logs and to other people's screens."""
    host = f"127.0.0.1:{postgres.port}"
    wrong = [
        f"postgresql://impasto_test:canary-other@{host}/postgres#x",
        f"postgresql://nobody:canary-other@{host}/postgres#x",
        f"postgresql://impasto_test:{PASSWORD}@{host}/nowhere#x",
        f"postgresql://impasto_test:{PASSWORD}@127.0.0.1:9/postgres#x",
        f"postgresql://impasto_test:{PASSWORD}@{host}/postgres?sslmode=require#x",
        f"postgresql://impasto_test:{PASSWORD}@{host}/postgres?canary=1#X y",
        f"postgresql://impasto_test@{host}/postgres?password={PASSWORD}&port=1#x",
        f"postgresql://impasto_test:{PASSWORD}@{host}/postgres?passwort=1#x",
        f"postgresql://impasto_test:12/{PASSWORD}@{host}/postgres#x",
        f"postgresql://impasto_test:{PASSWORD}/more@{host}/postgres#x",
        f"postgresql://impasto_test:{PASSWORD}/postgres#x",
        f"postgresql://impasto_test:no#{PASSWORD}@{host}/postgres#x",
        f"postgresql://impasto_test:{PASSWORD}@{host}/postgres#nothing-here",
    ]
    for address in wrong:
        with pytest.raises(LedgerError) as caught:
            Ledger.open(address, events=Event)
        told = "".join(traceback.format_exception(caught.value)) + repr(caught.value.args)
        assert "canary" not in told.replace(repr(address), ""), address


def test_an_address_is_shown_without_its_secrets(postgres_address: str) -> None:
    """The path of a ledger stands in every message about it."""
    with Ledger.open(postgres_address, events=Event, create=True) as ledger:
        assert re.fullmatch(r"postgresql://127\.0\.0\.1:\d+/postgres#test-\d+-\d+", ledger.path)
        assert PASSWORD not in repr(ledger._log.__dict__["_place"])


@pytest.mark.parametrize("name", ["", "Cards", "a b", "x" * 64, "é", "a/b"])
def test_a_name_that_no_ledger_has_is_refused_before_anything_is_connected(name: str) -> None:
    """The port is one that nothing listens on."""
    with pytest.raises(OutOfRangeError, match="name of the ledger"):
        open_log(f"postgresql://127.0.0.1:9/db#{name}")


def test_an_option_that_libpq_does_not_know_is_named() -> None:
    """A misspelled sslmode must not be taken for a connection without it."""
    with pytest.raises(OutOfRangeError, match="'sslmod'"):
        open_log("postgresql://127.0.0.1:9/db?sslmod=verify-full#x")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=20))
def test_whatever_stands_for_a_password_is_not_shown(secret: str) -> None:
    """Whether it is percent-encoded as it should be or not."""
    secret = "Q" + secret + "Q"
    try:
        shown = repr(parse_address(f"postgresql://me:{secret}@db.internal:5433/media#cards"))
    except OutOfRangeError as error:
        shown = str(error)
    parts = [part for part in re.split(r"[#@/?:&=%,]", secret) if len(part) > 3]
    assert not [part for part in parts if part in shown]
