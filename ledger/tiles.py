"""Where does a hash of the tree lie? Tiles, their coordinates and their paths. Pure; C2SP tlog-tiles.

A tile holds 256 neighbouring hashes of one level, the levels being 8 tree levels apart: each hash of tile level 1 is the
root over one full tile of level 0. Full tiles never change; the last one of a level is partial and has its width in its
path. Level `ENTRIES_LEVEL` names bundles of entries, which only an export has.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ledger.layout import TILE_FOLDER
from ledger.merkle import HASH_BYTES, Node

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES
LEVEL_MAX: Final = 63
ENTRIES_LEVEL: Final = -1
"""Spelled `entries` in a path."""

_PATH: Final = rf"{TILE_FOLDER}/(entries|[0-9]{{1,2}})/((?:x[0-9]{{3}}/)*[0-9]{{3}})(?:\.p/([0-9]{{1,3}}))?"


class Tile(NamedTuple):
    """`width` hashes at tree level ``8 * level``, from ``index * 256`` of that level on; full when `width` is 256."""

    level: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs of a tile
    width: int = TILE_WIDTH


def format_path(tile: Tile) -> str:
    """Spell `tile` as a relative path: three digits per folder, so that no folder holds more than 3,000 names.

    >>> format_path(Tile(0, 1234067, 8))
    'tile/0/x001/x234/067.p/8'
    """
    head, last = divmod(tile.index, 1000)
    groups = [f"{last:03d}"]
    while head:
        head, group = divmod(head, 1000)
        groups.insert(0, f"x{group:03d}")
    level = "entries" if tile.level == ENTRIES_LEVEL else str(tile.level)
    partial = "" if tile.width == TILE_WIDTH else f".p/{tile.width}"
    return f"{TILE_FOLDER}/{level}/{'/'.join(groups)}{partial}"


def parse_path(path: str) -> Tile | None:
    """Return the tile that `path` spells, or None for any other spelling than that of `format_path`."""
    found = re.fullmatch(_PATH, path)
    if not found:
        return None
    level, groups, width = found.groups()
    index = int(groups.replace("/", "").replace("x", ""))
    tile = Tile(ENTRIES_LEVEL if level == "entries" else int(level), index, int(width or TILE_WIDTH))
    if tile.level > LEVEL_MAX or not 0 < tile.width <= TILE_WIDTH:
        return None
    return tile if format_path(tile) == path else None


def tile_of(node: Node) -> tuple[Tile, int]:
    """Return the narrowest tile that `node` can be computed from, and at which of its hashes the node begins.

    The node is the root over the hashes from there to the end of that tile.
    """
    level, above = divmod(node.level, TILE_HEIGHT)
    first = node.position << above
    index, at = divmod(first, TILE_WIDTH)
    return Tile(level, index, at + (1 << above)), at


def full_tiles(start: int, size: int) -> Iterator[Tile]:
    """Yield, level by level, the full tiles of a tree of `size` that a tree of `start` did not have."""
    level = 0
    while size >> TILE_HEIGHT:
        start, size = start >> TILE_HEIGHT, size >> TILE_HEIGHT
        yield from (Tile(level, index) for index in range(start, size))
        level += 1


def partial_tiles(size: int) -> Iterator[Tile]:
    """Yield the partial tiles of a tree of `size`, one per level at most."""
    level = 0
    while size:
        index, width = divmod(size, TILE_WIDTH)
        if width:
            yield Tile(level, index, width)
        size, level = index, level + 1
