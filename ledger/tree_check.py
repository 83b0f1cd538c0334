"""Do the hashes that a ledger keeps belong to its entries? The part of `verify` that knows of the tree.

It is fed every entry in order, grows the tree from nothing, and compares on the way what the files say: roots in headers,
footers, mark and checkpoint, and every tile. Where the entries cannot be read it stops, since all after would differ.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.edge import EMPTY_EDGE, Edge, FullTile, edge_root, grow
from ledger.errors import InvalidNoteError
from ledger.layout import CHECKPOINT_NAME, TEMPORARY_SUFFIX, TILE_FOLDER
from ledger.mark import Mark
from ledger.merkle import HASH_BYTES, leaf_hashes
from ledger.note import NOTE_BYTES_MAX, VerifierKey
from ledger.storage import Storage
from ledger.tiles import TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile, format_path, parse_path

_FOLDER: Final = r"[0-9]{1,2}|entries|x[0-9]{3}|[0-9]{3}\.p"

CheckName = Literal[
    "layout", "mark", "header", "frame", "order", "entry", "event", "length", "footer", "tile", "checkpoint"
]

Find = Callable[[CheckName, str, int, str], None]
"""Notes a finding: which check, on which file, at which byte, and what is wrong."""


class TreeCheck:
    """One run over the tree of one ledger."""

    def __init__(self, storage: Storage, find: Find, key: VerifierKey | None) -> None:
        self._storage = storage
        self._find = find
        self._key = key
        self._edge: Edge | None = EMPTY_EDGE
        self._checkpoint: Checkpoint | None = None
        self._mark: Mark | None = None
        self._full: set[Tile] = set()
        self._partial: dict[Tile, bytes] = {}
        self._wanted: dict[int, bytes] = {}

    @property
    def root(self) -> bytes | None:
        """The root over the entries so far, None when some of them could not be read."""
        return None if self._edge is None else edge_root(self._edge)

    def look(self, mark: Mark | None) -> None:
        """Note which tiles and which checkpoint there are; those that a writer replaces are read now."""
        self._mark = mark
        self._look_at_tiles(TILE_FOLDER)
        if self._storage.size(CHECKPOINT_NAME) is not None:
            self._look_at_checkpoint()
        elif self._key is not None:
            self._find("checkpoint", CHECKPOINT_NAME, 0, "the ledger was never signed, or its checkpoint is missing")
        sizes = {self._checkpoint.size if self._checkpoint else 0, mark.size if mark else 0}
        self._wanted = dict.fromkeys(sizes, b"")
        self._wanted[0] = edge_root(EMPTY_EDGE)

    def add(self, entries: Sequence[bytes]) -> None:
        """Take the next entries."""
        leaves = leaf_hashes(entries)
        if self._edge is None:
            return
        end = self._edge.size + len(leaves)
        for stop in sorted({size for size in self._wanted if self._edge.size < size < end} | {end}):
            count = stop - self._edge.size
            self._edge, full = grow(self._edge, leaves[:count])
            leaves = leaves[count:]
            if stop in self._wanted:
                self._wanted[stop] = edge_root(self._edge)
            for tile, data in full:
                self._check_full(tile, data)

    def lose(self) -> None:
        """Go no further: entries are missing or damaged."""
        self._edge = None

    def finish(self) -> None:
        """Check what is left when all entries have been seen."""
        if self._edge is None:
            return
        for tile in sorted(self._full):
            self._find("tile", format_path(tile), 0, "there are not as many events as this tile covers")
        self._check_partial([(Tile(level, self._index(level)), data) for level, data in enumerate(self._edge.tiles)])
        for tile in sorted(self._partial):
            self._find("tile", format_path(tile), 0, "there are not as many events as this tile covers")
        if self._mark is not None and self._wanted[self._mark.size] not in (b"", self._mark.root):
            self._find("mark", "mark", 0, f"the entries give another root than the mark says for {self._mark.size}")
        if self._checkpoint is not None and self._wanted[self._checkpoint.size] != self._checkpoint.root:
            detail = f"the log does not begin with the {self._checkpoint.size} events that were signed"
            self._find("checkpoint", CHECKPOINT_NAME, 0, detail)

    def _index(self, level: int) -> int:
        assert self._edge is not None, "the caller has looked"
        return self._edge.size >> TILE_HEIGHT * (level + 1)

    def _look_at_checkpoint(self) -> None:
        data = self._storage.read(CHECKPOINT_NAME, 0, NOTE_BYTES_MAX + 1)
        try:
            self._checkpoint = parse_checkpoint(data, self._key)
        except InvalidNoteError as error:
            self._find("checkpoint", CHECKPOINT_NAME, 0, error.reason)

    def _look_at_tiles(self, folder: str) -> None:
        """Note all tiles below `folder`. Nothing else belongs there; entries are in segments, and only exports differ."""
        for name in self._storage.names(folder):
            tile = parse_path(name)
            size = self._storage.size(name)
            if size is None and re.fullmatch(_FOLDER, name.rpartition("/")[2]):
                self._look_at_tiles(name)
            elif tile is None or tile.level < 0 or size is None:
                if not name.endswith(TEMPORARY_SUFFIX):
                    self._find("layout", name, 0, "this file is no part of a ledger")
            elif tile.width == TILE_WIDTH:
                self._full.add(tile)
            else:
                self._partial[tile] = self._storage.read(name, 0, TILE_BYTES)

    def _check_full(self, tile: Tile, data: bytes) -> None:
        name = format_path(tile)
        if tile in self._full:
            self._full.remove(tile)
            self._compare(name, self._storage.read(name, 0, TILE_BYTES + 1), data)
        elif self._mark is not None and (tile.index + 1) << TILE_HEIGHT * (tile.level + 1) <= self._mark.size:
            self._find("tile", name, 0, "the tile is missing; the next writer computes it if it was lost in a crash")
        self._check_partial([(tile, data)])

    def _check_partial(self, tiles: Sequence[FullTile]) -> None:
        """Compare the partial tiles that there are of the given ones, which may be wider."""
        known = {tile[:2]: data for tile, data in tiles}
        for tile in [tile for tile in self._partial if tile[:2] in known]:
            expected = known[tile[:2]][: tile.width * HASH_BYTES]
            if len(expected) == tile.width * HASH_BYTES:
                self._compare(format_path(tile), self._partial.pop(tile), expected)

    def _compare(self, name: str, found: bytes, expected: bytes) -> None:
        if found != expected:
            pairs = zip(found, expected, strict=False)
            offset = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(found), len(expected)))
            self._find("tile", name, offset, "the tile does not hold the hashes of the entries")
