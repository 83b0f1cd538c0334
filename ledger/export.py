"""How does a ledger become a folder that other tools verify? C2SP tlog-tiles: checkpoint, hash tiles, entry bundles.

The folder is a copy for others, complete in itself; the ledger does not read it. An export that was cut short is carried
on by the next, and a later one adds what is new. The checkpoint is written last, when all that it covers is durable.
"""

import os
from pathlib import Path

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.edge import EMPTY_EDGE, edge_root, grow
from ledger.errors import CorruptLedgerError, ExportTargetError, InvalidNoteError, NoCheckpointError
from ledger.frame import encode_run
from ledger.layout import CHECKPOINT_NAME, TEMPORARY_SUFFIX, TILE_FOLDER
from ledger.log import Ledger
from ledger.merkle import leaf_hashes, root_at
from ledger.note import NOTE_BYTES_MAX
from ledger.storage_file import FileStorage
from ledger.tiles import ENTRIES_LEVEL, TILE_WIDTH, Tile, format_path, partial_tiles


def export(ledger: Ledger, path: str | os.PathLike[str]) -> Checkpoint:
    """Write the ledger to the folder `path` as tlog-tiles, and return the checkpoint that the folder then has.

    A ledger with a signer signs its present state first; one without is exported up to its last checkpoint. Each file
    appears whole. Memory is constant. Raises NoCheckpointError, ExportTargetError when the folder holds another log or
    other files, CorruptLedgerError when the entries do not give the checkpoint's root, StorageError.
    """
    checkpoint = ledger.checkpoint() if ledger.signs else ledger.last_checkpoint()
    if checkpoint is None:
        raise NoCheckpointError(ledger.path, 0)
    target = FileStorage(Path(path))
    try:
        old_size = _check_target(target, ledger, checkpoint)
        _Writer(target).write(ledger, checkpoint)
        target.replace(CHECKPOINT_NAME, checkpoint.text)
        for name in set(_partial_names(old_size)) - set(_partial_names(checkpoint.size)):
            target.remove(name)
    finally:
        target.close()
    return checkpoint


def _check_target(target: FileStorage, ledger: Ledger, checkpoint: Checkpoint) -> int:
    """Return up to which size the folder holds this log already. Raises ExportTargetError."""
    ours = (CHECKPOINT_NAME, CHECKPOINT_NAME + TEMPORARY_SUFFIX, TILE_FOLDER)
    strangers = [name for name in target.names() if name not in ours]
    if strangers:
        raise ExportTargetError(target.path, f"it holds {strangers[0]!r}, which is no part of an export")
    if target.size(CHECKPOINT_NAME) is None:
        return 0
    try:
        old = parse_checkpoint(target.read(CHECKPOINT_NAME, 0, NOTE_BYTES_MAX + 1))
    except InvalidNoteError as error:
        raise ExportTargetError(target.path, f"its checkpoint cannot be read: {error.reason}") from error
    if old.origin != checkpoint.origin or old.size > checkpoint.size:
        raise ExportTargetError(target.path, f"it holds {old.size} events of {old.origin}")
    if root_at(old.size, ledger.tree_hashes(old.size)) != old.root:
        raise ExportTargetError(target.path, f"its {old.size} events are another history of {old.origin}")
    return old.size


def _partial_names(size: int) -> list[str]:
    """Return the paths of the partial tiles and of the partial entry bundle of a tree of `size`."""
    names = list(map(format_path, partial_tiles(size)))
    index, width = divmod(size, TILE_WIDTH)
    return [*names, format_path(Tile(ENTRIES_LEVEL, index, width))] if width else names


class _Writer:
    """Writes tiles and bundles, leaving alone what is there already."""

    def __init__(self, target: FileStorage) -> None:
        self._target = target
        self._names: list[str] = []

    def write(self, ledger: Ledger, checkpoint: Checkpoint) -> None:
        """Write all files but the checkpoint, and make them durable."""
        edge, pending, index = EMPTY_EDGE, list[bytes](), 0
        for _, entries in ledger.entry_batches(0, checkpoint.size):
            edge, full = grow(edge, leaf_hashes(entries))
            pending += entries
            while len(pending) >= TILE_WIDTH:
                self._put(Tile(ENTRIES_LEVEL, index), encode_run(pending[:TILE_WIDTH]))
                pending, index = pending[TILE_WIDTH:], index + 1
            for tile, data in full:
                self._put(tile, data)
        if edge_root(edge) != checkpoint.root:
            reason = f"the {checkpoint.size} entries of the log do not give its root"
            raise CorruptLedgerError(f"{ledger.path}/{CHECKPOINT_NAME}", 0, reason)
        for tile in partial_tiles(checkpoint.size):
            self._put(tile, edge.tiles[tile.level])
        if pending:
            self._put(Tile(ENTRIES_LEVEL, index, len(pending)), encode_run(pending))
        self._target.prepare_folder()
        if self._names:
            self._target.settle(self._names)

    def _put(self, tile: Tile, data: bytes) -> None:
        """Write one file unless it is there. One that a power cut has cut short is written anew."""
        name = format_path(tile)
        size = self._target.size(name)
        there = b"" if size is None else self._target.read(name, 0, max(size, 1))
        if size == len(data) and there == data:
            return
        if there.strip(b"\0") and not data.startswith(there):
            raise ExportTargetError(self._target.path, f"{name} is there with other content: it is part of another log")
        self._target.put(name, data)
        self._names.append(name)
