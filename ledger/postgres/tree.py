"""Where do the hashes of a ledger's tree come from, when its tiles and entries are rows? Over one connection."""

from collections.abc import Iterator
from functools import partial

from ledger.checkpoint import Checkpoint
from ledger.edge import EMPTY_EDGE, Edge, edge_root, grow, read_edge
from ledger.errors import CorruptLedgerError, InvalidProofError
from ledger.growth import check_not_cut, prove_growth
from ledger.merkle import leaf_hashes
from ledger.postgres.connections import Connection
from ledger.postgres.reading import Commits, HeadRow, read_full_tiles, read_page
from ledger.segments import FOLLOW_EVENTS_MAX
from ledger.tile_hashes import TileHashes


def read_leaves(commits: Commits, start: int, stop: int) -> Iterator[list[bytes]]:
    """Yield the leaf hashes of [start, stop), commit by commit. Raises CorruptLedgerError."""
    for frame in commits.read(start, stop):
        yield leaf_hashes(commits.entries(frame, start, stop)[1])


class RowTree:
    """The tree of one ledger as a writer sees it, who holds its head `row` on `connection`."""

    def __init__(self, connection: Connection, path: str, row: HeadRow) -> None:
        """`path` is for messages."""
        self._row = row
        self._commits = Commits(path, row.ledger_id, partial(read_page, connection, row.ledger_id))
        self._tiles = TileHashes(
            partial(read_full_tiles, connection, row.ledger_id), partial(read_leaves, self._commits)
        )

    def edge(self, known: Edge | None, head_path: str) -> Edge:
        """Return the edge at the head: what others appended is added to a `known` one, unless that is much.

        Else it is read from tiles; if that gives another root than the head has, it is computed from all entries, since a
        damaged tile must not keep anybody from appending. Raises CorruptLedgerError when they do not give it either.
        """
        size, root = self._row.size, self._row.root
        if known is None or not 0 <= size - known.size <= FOLLOW_EVENTS_MAX:
            edge = read_edge(size, self._tiles.tile)
        else:
            edge = self._grown(known, size)
        if edge_root(edge) != root:
            edge = self._grown(EMPTY_EDGE, size)
        if edge_root(edge) != root:
            reason = f"the {size} entries of the log do not give the root that the head says"
            raise CorruptLedgerError(head_path, 0, reason)
        return edge

    def check_growth(self, last: Checkpoint, checkpoint_path: str) -> None:
        """Raise CorruptLedgerError unless the ledger begins with what the checkpoint `last` says."""
        size, root = self._row.size, self._row.root
        check_not_cut(last, size, checkpoint_path)
        try:
            prove_growth(last, size, root, self._tiles.nodes)
        except InvalidProofError as error:
            # A damaged tile would look the same as another history; the entries tell which it is.
            edge = self._grown(EMPTY_EDGE, last.size)
            if edge_root(edge) != last.root or edge_root(self._grown(edge, size)) != root:
                reason = f"the log does not begin with what it says: {error.reason}"
                raise CorruptLedgerError(checkpoint_path, 0, reason) from error

    def _grown(self, edge: Edge, size: int) -> Edge:
        for leaves in read_leaves(self._commits, edge.size, size):
            edge, _ = grow(edge, leaves)
        return edge
