"""Tiles: one spelling each, and the edge that a writer keeps is the tree, however the leaves arrive."""

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import tiles
from ledger.edge import EMPTY_EDGE, Edge, edge_root, grow, read_edge
from ledger.merkle import Node, leaf_hashes, root_of
from ledger.tiles import TILE_WIDTH, Tile, format_path, full_tiles, parse_path, partial_tiles, tile_of

LEAVES = leaf_hashes([f"entry {at}".encode() for at in range(70_000)])


def grown(counts: list[int]) -> tuple[Edge, dict[Tile, bytes]]:
    """Return the edge and the full tiles after LEAVES have arrived in portions of these sizes."""
    edge, tiles = EMPTY_EDGE, {}
    for count in counts:
        edge, full = grow(edge, LEAVES[edge.size : edge.size + count])
        assert not tiles.keys() & dict(full).keys(), "a full tile never changes"
        tiles |= dict(full)
    return edge, tiles


@given(st.integers(-1, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_paths_round_trip(level: int, index: int, width: int) -> None:
    """Other tools look for these names."""
    tile = Tile(level, index, width)
    assert parse_path(format_path(tile)) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1",
        "tile/0/0001",
        "tile/00/001",
        "tile/64/001",
        "tile/0/x000/001",
        "tile/0/001.p/256",
        "tile/0/001.p/0",
        "tile/0/001.p/07",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/-1/001",
        "tile/0/٠٠١",
        "tile/0/001.p",
        "tile/0/001\n",
        "tiles/0/001",
    ],
)
def test_other_spellings_are_no_paths(path: str) -> None:
    """Two spellings of one tile would be two files."""
    assert parse_path(path) is None


def test_the_example_of_the_specification() -> None:
    """C2SP tlog-tiles says which tiles a tree of 70,000 has."""
    full = list(full_tiles(0, 70_000))
    assert [sum(tile.level == level for tile in full) for level in range(3)] == [273, 1, 0]
    assert list(partial_tiles(70_000)) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(partial_tiles(256)) == [Tile(1, 0, 1)]
    assert doctest.testmod(tiles) == (0, 1)


@given(st.lists(st.sampled_from([1, 2, 3, 255, 256, 257, 511, 1000]), max_size=12))
def test_an_edge_does_not_depend_on_how_the_leaves_arrive(counts: list[int]) -> None:
    """Root, tiles and edge are those of the leaves; a writer that was restarted goes on as if it had not been."""
    edge, full = grown(counts)
    size = sum(counts)
    assert edge.size == size
    assert edge_root(edge) == root_of(LEAVES[:size])
    assert edge == grown([size])[0]
    assert set(full) == set(full_tiles(0, size))
    assert edge == read_edge(size, lambda tile: edge.tiles[tile.level])


def test_tiles_of_every_level_hold_the_hashes_of_their_subtrees() -> None:
    """A tree of three tile levels; each hash of a tile is the root over the leaves that the specification names."""
    edge, full = grown([65_000, 600, 4_400])
    assert set(full) == set(full_tiles(0, 70_000))
    partial = {tile: edge.tiles[tile.level] for tile in partial_tiles(70_000)}
    for tile, data in {**full, **partial}.items():
        span = TILE_WIDTH**tile.level
        assert len(data) == 32 * tile.width
        for at in {0, tile.width // 2, tile.width - 1}:
            start = (tile.index * TILE_WIDTH + at) * span
            assert data[32 * at : 32 * at + 32] == root_of(LEAVES[start : start + span])
    assert edge == read_edge(70_000, lambda tile: partial[tile])


@settings(max_examples=200)
@given(st.integers(0, 15), st.data())
def test_a_node_is_the_root_over_the_end_of_its_tile(level: int, data: st.DataObject) -> None:
    """Levels between those of tiles are computed from the hashes below."""
    node = Node(level, data.draw(st.integers(0, (65_536 >> level) - 1)))
    tile, at = tile_of(node)
    span = TILE_WIDTH**tile.level
    hashes = [root_of(LEAVES[(tile.index * TILE_WIDTH + each) * span :][:span]) for each in range(at, tile.width)]
    assert root_of(hashes) == root_of(LEAVES[node.position << level : node.position + 1 << level])
