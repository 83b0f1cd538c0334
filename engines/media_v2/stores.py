"""How is a store made, and how are its parts opened? From its places, with a key where this program has one."""

from pathlib import Path
from typing import NamedTuple

from engines.media_v2.blob_cache import CachedBlobs
from engines.media_v2.blobs import BlobStore, FolderBlobs
from engines.media_v2.errors import NotAStoreError, StoreNotFoundError
from engines.media_v2.events import MediaEvent
from engines.media_v2.places import MEGABYTE, Places, places_of
from engines.media_v2.signing import default_origin, load_signer, make_key
from engines.media_v2.single_flight import FolderTurns, Turns
from ledger import Ledger, LedgerNotFoundError, Signer


class Parts(NamedTuple):
    """What a store consists of, open. Whoever opened it closes ledger, blobs and turns."""

    ledger: Ledger
    blobs: BlobStore
    turns: Turns


def init_store(store: Path | str, *, with_key: bool = False, origin: str | None = None) -> bool:
    """Make an empty store; False when one is there already, which is left as it is.

    `with_key` gives it a key to sign its ledger with, under the name `origin` (by default one that follows from the ledger's
    id). Raises `NotAStoreError` for a place with other things in it, `InvalidKeyError` for an origin that no key may have.
    """
    places = places_of(store)
    if _is_made(places):
        return False
    home = Path(store)
    is_folder = places.ledger.parent == home if isinstance(places.ledger, Path) else False
    if is_folder and home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise NotAStoreError(str(home))
    if origin is not None:
        Signer.generate(origin)  # refused before anything is made
    if isinstance(places.ledger, Path):
        places.ledger.parent.mkdir(parents=True, exist_ok=True)
    with Ledger.open(places.ledger, events=MediaEvent, create=True) as ledger:
        name = origin or default_origin(ledger.head().ledger_id)
    if with_key and places.keys is not None:
        with Ledger.open(places.ledger, events=MediaEvent, signer=make_key(places.keys, name)) as ledger:
            ledger.checkpoint()  # also of nothing: from now on a missing checkpoint means that somebody removed it
    _make_blobs(places)  # last: a store whose making was cut short, maybe before it had its key, is no store
    return True


def open_parts(store: Path | str, *, read_only: bool = False, blobs: BlobStore | None = None) -> Parts:
    """Open the ledger and the blobs of `store`, or with `blobs` only its ledger. `read_only` never writes, not even a repair.

    Raises `StoreNotFoundError`, `StoreFileError`, and what ledger and blobs raise.
    """
    places = places_of(store)
    if not places.is_made:
        raise StoreNotFoundError(places.name)
    signer = None if read_only else load_signer(places.keys)
    try:
        ledger = Ledger.open(places.ledger, events=MediaEvent, read_only=read_only, signer=signer)
    except LedgerNotFoundError as error:
        if places.is_remote:
            raise StoreNotFoundError(places.name) from error
        raise
    try:
        return Parts(ledger, blobs or open_blobs(places), _open_turns(places))
    except BaseException:
        ledger.close()
        raise


def open_blobs(places: Places) -> BlobStore:
    """Open the blobs of a store; nothing is asked of a server yet. Raises `ObjectSettingsError`, `ObjectStorageMissingError`."""
    blobs = places.blobs
    assert blobs is not None
    if isinstance(blobs.address, Path):
        return FolderBlobs(blobs.address)
    from engines.media_v2.blob_objects import ObjectBlobs

    remote = ObjectBlobs(blobs.address)
    return remote if blobs.cache is None else CachedBlobs(remote, blobs.cache, blobs.cache_mb * MEGABYTE)


def _is_made(places: Places) -> bool:
    if not places.is_remote:
        return places.is_made
    try:
        Ledger.open(places.ledger, events=MediaEvent, read_only=True).close()
    except LedgerNotFoundError:
        return False
    return places.is_made


def _make_blobs(places: Places) -> None:
    if places.blobs is not None and isinstance(places.blobs.address, Path):
        places.blobs.address.mkdir(parents=True, exist_ok=True)


def _open_turns(places: Places) -> Turns:
    assert isinstance(places.ledger, Path)
    return FolderTurns(places.ledger.parent)
