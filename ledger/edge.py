"""How does the tree grow at its right edge? The part of it that a writer keeps in memory. Pure; RFC 6962 and tlog-tiles.

All that later leaves can touch are the peaks (the roots of the perfect subtrees that make up the tree, one for each bit
of its size) and the unfinished tile of each level. An edge is a value: growing returns another one, so a commit that
fails half-way leaves the edge that was true before.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from ledger.merkle import HASH_BYTES, carry, root_of, root_over
from ledger.tiles import TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile

FullTile = tuple[Tile, bytes]


class Edge(NamedTuple):
    """The right edge of a tree of `size` leaves.

    `peaks` has the root of the subtree of ``2**level`` leaves at each level where the size has a bit, and b"" elsewhere;
    `tiles` has the hashes of the unfinished tile of each tile level, joined.
    """

    size: int
    peaks: tuple[bytes, ...]
    tiles: tuple[bytes, ...]


EMPTY_EDGE: Final = Edge(0, (), ())


def edge_root(edge: Edge) -> bytes:
    """Return the root over all leaves."""
    return root_over(edge.peaks)


def grow(edge: Edge, leaves: Sequence[bytes]) -> tuple[Edge, list[FullTile]]:
    """Return the edge after `leaves`, and the tiles that they have filled. Costs one hash per leaf on average."""
    peaks, tiles = list(edge.peaks), list(edge.tiles)
    full: list[FullTile] = []
    for level, hashes in carry(peaks, leaves):
        if level % TILE_HEIGHT == 0:
            _fill(tiles, level // TILE_HEIGHT, edge.size >> level, hashes, full)
    return Edge(edge.size + len(leaves), tuple(peaks), tuple(tiles)), full


def read_edge(size: int, read_tile: Callable[[Tile], bytes]) -> Edge:
    """Return the edge of a tree of `size` from its partial tiles, which `read_tile` gives as joined hashes."""
    peaks: list[bytes] = []
    tiles: list[bytes] = []
    while size >> TILE_HEIGHT * len(tiles):
        index, width = divmod(size >> TILE_HEIGHT * len(tiles), TILE_WIDTH)
        tile = read_tile(Tile(len(tiles), index, width)) if width else b""
        hashes = split_hashes(tile)
        for bit in range(TILE_HEIGHT):
            # The peaks of a level lie in its tile from the left, the largest first.
            start = width >> bit + 1 << bit + 1
            peaks.append(root_of(hashes[start : start + (1 << bit)]) if width >> bit & 1 else b"")
        tiles.append(tile)
    return Edge(size, tuple(peaks[: size.bit_length()]), tuple(tiles))


def split_hashes(data: bytes) -> list[bytes]:
    """Return the hashes that are joined in `data`."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def _fill(tiles: list[bytes], level: int, position: int, hashes: list[bytes], full: list[FullTile]) -> None:
    """Add `hashes`, the first of which has `position` at tile level `level`, and move filled tiles into `full`."""
    if level == len(tiles):
        tiles.append(b"")
    data = b"".join((tiles[level], *hashes))
    index = position // TILE_WIDTH
    whole = len(data) // TILE_BYTES
    full += [(Tile(level, index + at), data[at * TILE_BYTES : (at + 1) * TILE_BYTES]) for at in range(whole)]
    tiles[level] = data[whole * TILE_BYTES :]
