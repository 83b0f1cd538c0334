"""Which tiles give the hashes that a proof asks for, and what if one is not kept? Over callables, wherever tiles lie.

A log keeps its full tiles; partial ones follow from those below them and, at the lowest level, from the entries. So does a
full one that is missing. What is read here is never believed without a root.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from ledger.edge import split_hashes
from ledger.merkle import HASH_BYTES, Node, root_of
from ledger.tiles import TILE_WIDTH, Tile, tile_of

ReadTiles = Callable[[Sequence[Tile]], Sequence[bytes]]
"""Gives for each tile the first hashes of it that are kept, joined: as many as it is wide or more, else b""."""

ReadLeaves = Callable[[int, int], Iterable[list[bytes]]]
"""Gives the leaf hashes of a range of entries, in pieces."""


class TileHashes:
    """Gives hashes of a tree. Tiles are kept in memory once read, so an object is meant for one question."""

    def __init__(
        self, read_tiles: ReadTiles, read_leaves: ReadLeaves, known: Mapping[tuple[int, int], bytes] | None = None
    ) -> None:
        """Nothing is read before it is asked for; all tiles that one question needs at a level are read in one call.

        `known` are tiles, or their first hashes, by level and index.
        """
        self._read_tiles = read_tiles
        self._read_leaves = read_leaves
        self._tiles: dict[tuple[int, int], bytes] = dict(known or {})

    def nodes(self, nodes: Sequence[Node]) -> list[bytes]:
        """Return the hash of each node: a `merkle.HashReader`. Raises what the callables raise."""
        places = [tile_of(node) for node in nodes]
        self._fetch([tile for tile, _ in places])
        return [root_of(split_hashes(self.tile(tile)[at * HASH_BYTES :])) for tile, at in places]

    def tile(self, tile: Tile) -> bytes:
        """Return the first hashes of a tile, as many as `tile` is wide, joined."""
        self._fetch([tile])
        size = tile.width * HASH_BYTES
        data = self._tiles[tile[:2]]
        if len(data) < size:
            data = self._tiles[tile[:2]] = self._compute(tile)
        return data[:size]

    def _fetch(self, tiles: Sequence[Tile]) -> None:
        """Read those of `tiles` that were not looked for before, each as wide as it is asked for."""
        widest: dict[tuple[int, int], Tile] = {}
        for tile in tiles:
            if tile[:2] not in self._tiles and tile.width >= widest.get(tile[:2], tile).width:
                widest[tile[:2]] = tile
        if widest:
            self._tiles.update(zip(widest, self._read_tiles(list(widest.values())), strict=True))

    def _compute(self, tile: Tile) -> bytes:
        first = tile.index * TILE_WIDTH
        if tile.level:
            below = [Tile(tile.level - 1, first + at) for at in range(tile.width)]
            self._fetch(below)
            return b"".join(root_of(split_hashes(self.tile(each))) for each in below)
        return b"".join(leaf for batch in self._read_leaves(first, first + tile.width) for leaf in batch)
