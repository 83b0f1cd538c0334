"""How does a ledger get its next checkpoint? Checked against the last one, put in place when all below is durable.

The order is what makes a checkpoint safe to publish: full tiles and the mark are durable already (see
`SegmentLog.settled`), then the partial tiles, then the checkpoint replaces the last one, then the partial tiles of the
last one go. That the last checkpoint is part of this one is `growth`'s matter.
"""

from collections.abc import Mapping

from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.edge import EMPTY_EDGE, Edge
from ledger.errors import CorruptLedgerError, InvalidProofError
from ledger.growth import check_not_cut, parse_kept, prove_growth
from ledger.layout import CHECKPOINT_NAME
from ledger.mark import Mark
from ledger.note import NOTE_BYTES_MAX
from ledger.reading import file_path
from ledger.signer import Signer
from ledger.storage import Storage
from ledger.tiles import format_path, partial_tiles
from ledger.tree import TileReader, extend_edge


def read_checkpoint(storage: Storage, signer: Signer | None = None) -> Checkpoint | None:
    """Return the ledger's checkpoint, checked to be the signer's when one is given; None when there is none.

    Raises SignerMismatchError when others have signed it, CorruptLedgerError when it is damaged.
    """
    if storage.size(CHECKPOINT_NAME) is None:
        return None
    data = storage.read(CHECKPOINT_NAME, 0, NOTE_BYTES_MAX + 1)
    return parse_kept(data, storage.path, file_path(storage, CHECKPOINT_NAME), signer)


def issue_checkpoint(storage: Storage, mark: Mark, edge: Edge, signer: Signer) -> Checkpoint:
    """Sign (size, root) of `mark` and put the checkpoint in place; the caller holds the lock and has settled the log.

    Returns the last one when the log has not grown. Raises SignerMismatchError, StorageError, and CorruptLedgerError
    when the log does not begin with what the last checkpoint says.
    """
    last = read_checkpoint(storage, signer)
    if last is not None:
        _check_growth(storage, mark, last)
        if last.size == mark.size:
            return last
    tiles = {format_path(tile): edge.tiles[tile.level] for tile in partial_tiles(mark.size)}
    checkpoint = sign_checkpoint(signer, mark.size, mark.root)
    _put_in_place(storage, checkpoint, tiles, last)
    return checkpoint


def keep_checkpoint(storage: Storage, mark: Mark, checkpoint: Checkpoint) -> None:
    """Put a checkpoint in place that was signed elsewhere over the same events; the caller has settled the log.

    One that says no more than the one that is there changes nothing. Raises CorruptLedgerError when the log does not
    begin with what it says, StorageError.
    """
    _check_growth(storage, mark, checkpoint)
    last = read_checkpoint(storage)
    if last is not None and last.size >= checkpoint.size:
        return
    reader = TileReader(storage, mark)
    tiles = {format_path(tile): reader.tile(tile) for tile in partial_tiles(checkpoint.size)}
    _put_in_place(storage, checkpoint, tiles, last)


def _put_in_place(
    storage: Storage, checkpoint: Checkpoint, tiles: Mapping[str, bytes], last: Checkpoint | None
) -> None:
    """Put the partial tiles of `checkpoint`, then itself, then take away the partial tiles of the last one."""
    for name, data in tiles.items():
        storage.put(name, data)
    if tiles:
        storage.settle(list(tiles))
    storage.replace(CHECKPOINT_NAME, checkpoint.text)
    for name in map(format_path, partial_tiles(last.size if last else 0)):
        if name not in tiles:
            storage.remove(name)


def _check_growth(storage: Storage, mark: Mark, last: Checkpoint) -> None:
    """Raise CorruptLedgerError unless the log at `mark` begins with what the checkpoint `last` says."""
    path = file_path(storage, CHECKPOINT_NAME)
    check_not_cut(last, mark.size, path)
    try:
        prove_growth(last, mark.size, mark.root, TileReader(storage, mark).nodes)
    except InvalidProofError:
        # A damaged tile would look the same as another history; tiles that are computed anew tell which it is.
        extend_edge(storage, mark, EMPTY_EDGE, None)
        try:
            prove_growth(last, mark.size, mark.root, TileReader(storage, mark).nodes)
        except InvalidProofError as error:
            raise CorruptLedgerError(path, 0, f"the log does not begin with what it says: {error.reason}") from error
