"""Where do the hashes of a ledger's tree come from, and where do they go? Tiles in a Storage.

Tiles are computed from the entries and never believed without a root: whoever reads one checks what follows from it
against the mark or a checkpoint. So a tile that a crash has lost or torn does no harm; here it is computed anew. A writer
restores the edge of the tree when it opens the log (`restore_edge`); a proof reads single hashes (`TileReader`).
"""

from collections.abc import Iterator, Sequence

from ledger.edge import EMPTY_EDGE, Edge, FullTile, edge_root, grow, read_edge
from ledger.errors import CorruptLedgerError, StorageError
from ledger.layout import MARK_NAME, NO_ROOM
from ledger.mark import Mark
from ledger.merkle import HASH_BYTES, leaf_hashes
from ledger.reading import entries_of, file_path, read_commits
from ledger.storage import Storage
from ledger.tile_hashes import TileHashes
from ledger.tiles import TILE_BYTES, TILE_WIDTH, Tile, format_path, full_tiles, parse_path


def read_leaves(
    storage: Storage, mark: Mark, start: int, stop: int, known: Mark | None = None
) -> Iterator[list[bytes]]:
    """Yield the leaf hashes of [start, stop), commit by commit. Raises CorruptLedgerError. See `read_commits`."""
    for commit in read_commits(storage, mark, start, stop, known):
        yield leaf_hashes(entries_of(storage, commit, start, stop)[1])


def put_tiles(storage: Storage, full: Sequence[FullTile]) -> None:
    """Write full tiles; they are not durable before `settle_tiles`.

    On a full disk they are left out: the events are durable by then, and tiles can be computed from them at any time.
    """
    for tile, data in full:
        try:
            storage.put(format_path(tile), data)
        except StorageError as error:
            if error.errno not in NO_ROOM:
                raise


def settle_tiles(storage: Storage, tiled: int, size: int) -> bool:
    """Make durable the full tiles that a tree of `size` has and one of `tiled` lacks; tells whether there are any."""
    names = list(map(format_path, full_tiles(tiled, size)))
    if not names or any(storage.size(name) != TILE_BYTES for name in names):
        return False
    storage.settle(names)
    return True


def extend_edge(storage: Storage, mark: Mark, edge: Edge, known: Mark | None) -> Edge:
    """Return `edge` grown to the size of `mark`, and write the tiles that it fills.

    They are written also where they are already: only what is dirty anew is certain to be part of the next sync.
    """
    for leaves in read_leaves(storage, mark, edge.size, mark.size, known):
        edge, full = grow(edge, leaves)
        put_tiles(storage, full)
    return edge


def restore_edge(storage: Storage, mark: Mark) -> Edge:
    """Return the edge at `mark`, having put right what a crash left of the tiles.

    Reads the tiles that are durable, and the entries from there on; if that gives another root than the mark has, all
    entries. Raises CorruptLedgerError when they do not give it either.
    """
    begin = min(mark.tiled, mark.size) // TILE_WIDTH * TILE_WIDTH
    known = mark._replace(
        segment_first_index=mark.leaves_segment, size=mark.leaves_index, end_offset=mark.leaves_offset
    )
    try:
        edge = extend_edge(storage, mark, read_edge(begin, TileReader(storage, mark, full_only=True).tile), known)
        if edge_root(edge) == mark.root:
            return edge
    except _MissingTileError:
        pass  # All tiles are computed in one go below; one by one would read the log again for each.
    edge = extend_edge(storage, mark, EMPTY_EDGE, None)
    if edge_root(edge) != mark.root:
        reason = f"the {mark.size} entries of the log do not give the root that the mark says"
        raise CorruptLedgerError(file_path(storage, MARK_NAME), 0, reason)
    return edge


class _MissingTileError(Exception):
    """A full tile is not there; never leaves this module."""


class TileReader:
    """Gives hashes of the tree below `mark`, from full and partial tiles, and from the entries where those lack.

    Tiles are kept in memory once read, so a reader is meant for one question.
    """

    def __init__(self, storage: Storage, mark: Mark, *, full_only: bool = False) -> None:
        """With `full_only`, partial tiles are computed from full ones, and a missing one ends the reading."""
        self._full_only = full_only
        self._storage = storage
        hashes = TileHashes(
            lambda tiles: [self._read(tile) for tile in tiles],
            lambda start, stop: read_leaves(storage, mark, start, stop),
        )
        self.nodes, self.tile = hashes.nodes, hashes.tile

    def _read(self, tile: Tile) -> bytes:
        """Return what there is of a tile: the full one, or the widest partial one. What is missing is no error."""
        whole = format_path(tile._replace(width=TILE_WIDTH))
        names = [] if self._full_only else self._storage.names(f"{whole}.p")
        widths = sorted((found.width for found in map(parse_path, names) if found), reverse=True)
        for width in (TILE_WIDTH, *widths):
            name = format_path(tile._replace(width=width))
            if width >= tile.width and self._storage.size(name) == width * HASH_BYTES:
                try:
                    return self._storage.read(name, 0, TILE_BYTES)
                except StorageError:
                    if self._storage.size(name) is not None:  # else a writer has replaced it by a wider one just now
                        raise
        # Partial tiles are kept for the checkpoint only, so that they are missing means nothing.
        if self._full_only and (tile.width == TILE_WIDTH or not tile.level):
            raise _MissingTileError
        return b""
