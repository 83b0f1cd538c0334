"""Which version of the tables does a database have, and how does it get the one that this package knows?

Migrations are the files of `migrations`, in the order of their numbers, and each is applied once, in a transaction. Only a
program that was told to create does so; every other refuses a database that has other tables than it knows.
"""

from importlib import resources
from typing import TYPE_CHECKING, Final

from ledger.errors import LedgerNotFoundError, SchemaVersionError

if TYPE_CHECKING:
    from ledger.postgres.connections import Connection

MIGRATIONS: Final = ("0001_ledger.sql",)
SCHEMA_VERSION: Final = len(MIGRATIONS)
LOCK_KEY: Final = int.from_bytes(b"impasto\0")
"""Advisory lock under which tables are made: two programs that create at once wait for each other."""


def schema_version(connection: "Connection") -> int:
    """Return the version of the tables in this database, 0 when there are none."""
    there = connection.execute("SELECT to_regclass('impasto_ledger.version') IS NOT NULL").fetchone()
    if there is None or not there[0]:
        return 0
    row = connection.execute("SELECT coalesce(max(number), 0) FROM impasto_ledger.version").fetchone()
    return 0 if row is None else int(row[0])


def check_schema(connection: "Connection", path: str) -> None:
    """Raise LedgerNotFoundError when there are no tables, SchemaVersionError for others than this package knows."""
    found = schema_version(connection)
    if not found:
        raise LedgerNotFoundError(path)
    if found != SCHEMA_VERSION:
        raise SchemaVersionError(path, found, SCHEMA_VERSION)


def apply_migrations(connection: "Connection", path: str) -> None:
    """Bring the tables to the version that this package knows. Raises SchemaVersionError when they are newer."""
    if schema_version(connection) == SCHEMA_VERSION:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK_KEY,))
        found = schema_version(connection)
        if found > SCHEMA_VERSION:
            raise SchemaVersionError(path, found, SCHEMA_VERSION)
        for number, name in enumerate(MIGRATIONS[found:], found + 1):
            connection.execute(read_migration(name))
            connection.execute("INSERT INTO impasto_ledger.version (number) VALUES (%s)", (number,))


def read_migration(name: str) -> str:
    """Return the text of a file of `migrations`, which is part of this package."""
    return resources.files("ledger.postgres").joinpath("migrations", name).read_text(encoding="utf-8")
