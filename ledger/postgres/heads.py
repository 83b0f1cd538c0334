"""How does a ledger begin in a database, and who may append to it? The rows that are written beside commits."""

from typing import Final, Literal, NamedTuple, cast
from uuid import UUID

from psycopg.errors import UniqueViolation

from ledger.backend import Restriction
from ledger.checkpoint import Checkpoint
from ledger.errors import CopyTargetError, LedgerExistsError
from ledger.merkle import EMPTY_ROOT
from ledger.postgres.address import Address
from ledger.postgres.connections import Connection
from ledger.postgres.reading import HeadRow

_INSERT_HEAD: Final = """
INSERT INTO impasto_ledger.heads (name, ledger, size, root, bytes, restriction, other)
VALUES (%s, %s, 0, %b, 0, %s, %s) ON CONFLICT (name) DO NOTHING
"""

_INSERT_CHECKPOINT: Final = """
INSERT INTO impasto_ledger.checkpoints (ledger, size, note) VALUES (%s, %s, %b) ON CONFLICT DO NOTHING
"""


class NewHead(NamedTuple):
    """What a ledger begins with: its id of 16 bytes, and the restriction of a copy."""

    ledger_id: bytes
    restriction: Restriction | None = None


def insert_head(connection: Connection, place: Address, new: NewHead) -> None:
    """Make an empty ledger unless there is one of that name. Raises LedgerExistsError if another name has that id."""
    kind, other = new.restriction or (None, None)
    try:
        connection.execute(_INSERT_HEAD, (place.name, UUID(bytes=new.ledger_id), EMPTY_ROOT, kind, other))
    except UniqueViolation as error:
        reason = f"the database holds ledger {new.ledger_id.hex()} under another name"
        raise LedgerExistsError(place.shown, reason) from error


def restriction_of(row: HeadRow) -> Restriction | None:
    """Return why nobody may append, None when everybody may."""
    if row.restriction is None or row.other is None:
        return None
    return Restriction(cast("Literal['copy', 'moved']", row.restriction), row.other)


def check_copy(path: str, row: HeadRow, ledger_id: bytes) -> None:
    """Raise CopyTargetError unless `row` is that of a copy of the ledger with this id."""
    if row.ledger_id != ledger_id:
        raise CopyTargetError(path, f"it holds another ledger, {row.ledger_id.hex()}")
    if row.restriction != "copy":
        raise CopyTargetError(path, "it is no copy: it takes events of its own, or has moved")


def set_restriction(connection: Connection, row: HeadRow, restriction: Restriction | None) -> None:
    """Write or lift the restriction of the ledger whose head `row` is held."""
    kind, other = restriction or (None, None)
    query = "UPDATE impasto_ledger.heads SET restriction = %s, other = %s WHERE ledger = %s"
    connection.execute(query, (kind, other, UUID(bytes=row.ledger_id)))


def insert_checkpoint(connection: Connection, row: HeadRow, checkpoint: Checkpoint) -> bool:
    """Add a checkpoint of the ledger whose head `row` is held; tells whether it, and no other, is kept for its size."""
    key = (UUID(bytes=row.ledger_id), checkpoint.size)
    connection.execute(_INSERT_CHECKPOINT, (*key, checkpoint.text))
    query = "SELECT note FROM impasto_ledger.checkpoints WHERE ledger = %s AND size = %s"
    return connection.execute(query, key, binary=True).fetchone() == (checkpoint.text,)
