"""Where do the hashes of the tree come from on object storage? Full tiles are objects, all others are computed.

Tiles are derived: any writer puts those that its edge has filled, nobody believes one before what follows from it has led
to a known root, and one that is missing is computed from the entries. See `ledger.tree` for the same over files.
"""

from collections.abc import Callable, Iterator, Sequence

from ledger.edge import EMPTY_EDGE, Edge, edge_root, grow, read_edge
from ledger.merkle import leaf_hashes
from ledger.objects.store import Listed, Objects
from ledger.tile_hashes import TileHashes
from ledger.tiles import TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile, format_path

EntryReader = Callable[[int, int], Iterator[list[bytes]]]
"""Gives the entries of [start, stop), commit by commit."""


def object_tiles(objects: Objects, read: EntryReader, edge: Edge | None = None, *, trusting: bool = True) -> TileHashes:
    """Return what gives hashes of the tree, for one question. Its calls raise CorruptLedgerError, StorageError.

    `edge` saves asking for unfinished tiles, if it is that of the tree; without `trusting`, all is computed.
    """

    def read_tiles(tiles: Sequence[Tile]) -> list[bytes]:
        """Full tiles, several at a time; also for parts of a tile that is full now."""
        if not trusting:
            return [b""] * len(tiles)
        listed = (Listed(format_path(tile._replace(width=TILE_WIDTH)), TILE_BYTES) for tile in tiles)
        return [data if data is not None and len(data) == TILE_BYTES else b"" for _, data in objects.read_ahead(listed)]

    def read_leaves(start: int, stop: int) -> Iterator[list[bytes]]:
        return map(leaf_hashes, read(start, stop))

    known = {}
    if edge is not None:
        known = {(level, edge.size >> TILE_HEIGHT * (level + 1)): data for level, data in enumerate(edge.tiles)}
    return TileHashes(read_tiles, read_leaves, known)


def restore_edge(objects: Objects, read: EntryReader, size: int, root: bytes) -> Edge | None:
    """Return the edge of the tree of `size`: from tiles, and if they do not give `root`, from all entries.

    None when the entries do not give it either.
    """
    edge = read_edge(size, object_tiles(objects, read).tile)
    if edge_root(edge) == root:
        return edge
    edge = EMPTY_EDGE
    for batch in read(0, size):
        edge, _ = grow(edge, leaf_hashes(batch))
    return edge if edge_root(edge) == root else None
