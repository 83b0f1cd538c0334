"""Where do the hashes of the tree come from on object storage? Full tiles are objects, all others are computed.

Tiles are derived: any writer puts those that its edge has filled, nobody believes one before what follows from it has led
to a known root, and one that is missing is computed from the entries. See `ledger.tree` for the same over files.
"""

from collections.abc import Callable, Iterator, Sequence

from ledger.edge import EMPTY_EDGE, Edge, edge_root, grow, read_edge, split_hashes
from ledger.merkle import HASH_BYTES, Node, leaf_hashes, root_of
from ledger.objects.store import Listed, Objects
from ledger.tiles import TILE_BYTES, TILE_WIDTH, Tile, format_path, tile_of

EntryReader = Callable[[int, int], Iterator[list[bytes]]]
"""Gives the entries of [start, stop), commit by commit."""


class ObjectTiles:
    """Gives hashes of the tree over the first `size` entries. Tiles are kept once read; meant for one question."""

    def __init__(self, objects: Objects, read: EntryReader, edge: Edge | None = None, *, trusting: bool = True) -> None:
        """`edge` saves asking for unfinished tiles, if it is that of the tree; without `trusting`, all is computed."""
        self._objects = objects
        self._read = read
        self._trusting = trusting
        self._tiles: dict[tuple[int, int], bytes] = {}
        if edge is not None:
            for level, data in enumerate(edge.tiles):
                self._tiles[level, edge.size >> 8 * (level + 1)] = data

    def nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hash of each node: the `merkle.HashReader` of this log. Raises CorruptLedgerError, StorageError."""
        places = [tile_of(node) for node in nodes]
        self._fetch([tile for tile, _ in places])
        return [root_of(split_hashes(self.tile(tile)[at * HASH_BYTES :])) for tile, at in places]

    def tile(self, tile: Tile) -> bytes:
        """Return the first hashes of a tile, as many as `tile` is wide, joined."""
        size = tile.width * HASH_BYTES
        if len(self._tiles.get(tile[:2], b"")) < size:
            self._fetch([tile])
        if len(self._tiles.get(tile[:2], b"")) < size:
            self._tiles[tile[:2]] = self._compute(tile)
        return self._tiles[tile[:2]][:size]

    def _fetch(self, tiles: Sequence[Tile]) -> None:
        """Read those full tiles that are not known yet, several at a time. Also for parts of a tile that is full now."""
        lacking = {tile[:2] for tile in tiles if len(self._tiles.get(tile[:2], b"")) < tile.width * HASH_BYTES}
        if not self._trusting or not lacking:
            return
        places = [(place, format_path(Tile(*place))) for place in sorted(lacking)]
        found = self._objects.read_ahead(Listed(name, TILE_BYTES) for _, name in places)
        for (place, _), (_, data) in zip(places, found, strict=True):
            if data is not None and len(data) == TILE_BYTES:
                self._tiles[place] = data

    def _compute(self, tile: Tile) -> bytes:
        first = tile.index * TILE_WIDTH
        if tile.level:
            below = [Tile(tile.level - 1, first + at) for at in range(tile.width)]
            self._fetch(below)
            return b"".join(root_of(split_hashes(self.tile(each))) for each in below)
        return b"".join(leaf for batch in self._read(first, first + tile.width) for leaf in leaf_hashes(batch))


def restore_edge(objects: Objects, read: EntryReader, size: int, root: bytes) -> Edge | None:
    """Return the edge of the tree of `size`: from tiles, and if they do not give `root`, from all entries.

    None when the entries do not give it either.
    """
    edge = read_edge(size, ObjectTiles(objects, read).tile)
    if edge_root(edge) == root:
        return edge
    edge = EMPTY_EDGE
    for batch in read(0, size):
        edge, _ = grow(edge, leaf_hashes(batch))
    return edge if edge_root(edge) == root else None
