"""Where are the blobs that the events of a ledger name? An address beside its head, for programs that know only the ledger's.

What it means is the business of whoever wrote it. It holds no credential: those come from where the program runs.
"""

from contextlib import closing
from functools import partial

from ledger.errors import LedgerNotFoundError
from ledger.postgres.address import Address, parse_address
from ledger.postgres.connections import Connection, Connections
from ledger.postgres.schema import check_schema


def read_blobs(address: str, wait_s: float = 10.0) -> str | None:
    """Return what was written for the ledger at `address`, None where nothing was. Raises LedgerNotFoundError, SchemaVersionError,
    StorageError, OutOfRangeError."""
    place = parse_address(address)
    with closing(Connections(place, wait_s)) as connections:
        return connections.ask_once(partial(_read, place), "look for the blobs")


def name_blobs(address: str, blobs: str, wait_s: float = 10.0) -> None:
    """Write where the blobs of the ledger at `address` are, instead of what was written before. Raises as `read_blobs`."""
    place = parse_address(address)
    with closing(Connections(place, wait_s)) as connections:
        connections.ask_once(partial(_write, place, blobs), "name the blobs")


def _read(place: Address, connection: Connection) -> str | None:
    check_schema(connection, place.shown)
    found = connection.execute("SELECT blobs FROM impasto_ledger.heads WHERE name = %s", (place.name,)).fetchone()
    if found is None:
        raise LedgerNotFoundError(place.shown)
    return None if found[0] is None else str(found[0])


def _write(place: Address, blobs: str, connection: Connection) -> None:
    check_schema(connection, place.shown)
    done = connection.execute("UPDATE impasto_ledger.heads SET blobs = %s WHERE name = %s", (blobs, place.name))
    if not done.rowcount:
        raise LedgerNotFoundError(place.shown)
