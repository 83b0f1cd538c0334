"""How does a ledger get its next checkpoint? Checked against the last one, put in place when all below is durable.

The order is what makes a checkpoint safe to publish: full tiles and the mark are durable already (see
`SegmentLog.settled`), then the partial tiles, then the checkpoint replaces the last one, then the partial tiles of the
last one go. A log must never sign two histories, so that the last checkpoint is part of this one is computed, never
assumed.
"""

from collections.abc import Mapping

from ledger.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from ledger.edge import EMPTY_EDGE, Edge
from ledger.errors import CorruptLedgerError, InvalidNoteError, InvalidProofError, SignerMismatchError
from ledger.layout import CHECKPOINT_NAME
from ledger.mark import Mark
from ledger.merkle import check_consistency, consistency_path
from ledger.note import NOTE_BYTES_MAX, key_id, parse_note
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
    try:
        if signer is not None:
            _check_signer(storage, data, signer)
        return parse_checkpoint(data, None if signer is None else signer.verifier())
    except InvalidNoteError as error:
        raise CorruptLedgerError(file_path(storage, CHECKPOINT_NAME), 0, error.reason) from error


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


def _check_signer(storage: Storage, data: bytes, signer: Signer) -> None:
    keys = [(each.name, each.key_id) for each in parse_note(data).signatures]
    if (signer.name, key_id(signer.verifier())) not in keys:
        found = ", ".join(f"{name}+{each.hex()}" for name, each in keys)
        raise SignerMismatchError(storage.path, signer.vkey, found)


def _check_growth(storage: Storage, mark: Mark, last: Checkpoint) -> None:
    """Raise CorruptLedgerError unless the log at `mark` begins with what the checkpoint `last` says."""
    path = file_path(storage, CHECKPOINT_NAME)
    if last.size > mark.size:
        raise CorruptLedgerError(path, 0, f"it says {last.size} events, the log holds {mark.size}: the log was cut")
    try:
        _prove_growth(storage, mark, last)
    except InvalidProofError:
        # A damaged tile would look the same as another history; tiles that are computed anew tell which it is.
        extend_edge(storage, mark, EMPTY_EDGE, None)
        try:
            _prove_growth(storage, mark, last)
        except InvalidProofError as error:
            raise CorruptLedgerError(path, 0, f"the log does not begin with what it says: {error.reason}") from error


def _prove_growth(storage: Storage, mark: Mark, last: Checkpoint) -> None:
    path = consistency_path(last.size, mark.size, TileReader(storage, mark).nodes)
    check_consistency(last.size, last.root, mark.size, mark.root, path)
