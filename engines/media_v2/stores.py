"""How is a store made, and how are its parts opened? From its places, with a key where this program has one."""

from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from engines.media_v2.blob_cache import CachedBlobs
from engines.media_v2.blobs import BlobStore, FolderBlobs
from engines.media_v2.errors import MissingOptionError, NotAStoreError, StoreNotFoundError
from engines.media_v2.events import MediaEvent
from engines.media_v2.places import LEDGER_FOLDER, MEGABYTE, BlobPlace, Places, blob_place, places_of
from engines.media_v2.signing import default_origin, load_signer, make_key
from engines.media_v2.single_flight import FolderTurns, ThreadTurns, Turns
from ledger import Ledger, LedgerNotFoundError, Signer, Verification, verify
from ledger.addresses import open_log, scheme_of
from ledger.log_check import check_log


class Parts(NamedTuple):
    """What a store consists of, open. Whoever opened it closes ledger, blobs and turns."""

    name: str
    """What people are told: never a credential."""
    ledger: Ledger
    blobs: BlobStore
    turns: Turns


def init_store(
    store: Path | str, *, with_key: bool = False, origin: str | None = None, blobs: str | None = None
) -> bool:
    """Make an empty store; False when one is there already, which is left as it is.

    `with_key` gives it a key to sign its ledger with, under the name `origin` (by default one that follows from the ledger's
    id), where it has a place for keys. `blobs` is a folder or `s3://bucket/prefix`, and needed for a ledger in a database that no store
    file names. Raises `NotAStoreError` for a place with other things in it, `InvalidKeyError` for an origin that no key may have,
    `MissingOptionError`, and the errors of ledger and blobs.
    """
    places = places_of(store)
    if _is_made(places):
        return False
    if (blobs is None) != (places.blobs is not None):
        reason = (
            "say where they are to be: a folder, or s3://bucket/prefix"
            if blobs is None
            else "the store says where they are"
        )
        raise MissingOptionError("blobs", f"blobs: {reason}")
    place = places.blobs or blob_place(Path.cwd(), blobs or "")
    home = Path(store)
    if places.ledger == home / LEDGER_FOLDER and home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise NotAStoreError(str(home))
    if origin is not None:
        Signer.generate(origin)  # refused before anything is made
    _make_ledger(places, with_key, origin)
    if blobs is not None:
        _name_blobs(places, str(place.address) if isinstance(place.address, Path) else blobs)
    if isinstance(place.address, Path):
        place.address.mkdir(
            parents=True
        )  # last: a store whose making was cut short, maybe before it had its key, is no store
    return True


def _make_ledger(places: Places, with_key: bool, origin: str | None) -> None:
    if isinstance(places.ledger, Path):
        places.ledger.parent.mkdir(parents=True, exist_ok=True)
    with Ledger.open(places.ledger, events=MediaEvent, create=True) as ledger:
        name = origin or default_origin(ledger.head().ledger_id)
    if with_key and places.keys is not None:
        with Ledger.open(places.ledger, events=MediaEvent, signer=make_key(places.keys, name)) as ledger:
            ledger.checkpoint()  # also of nothing: from now on a missing checkpoint means that somebody removed it


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
        return Parts(places.name, ledger, blobs or open_blobs(places), _open_turns(places))
    except BaseException:
        ledger.close()
        raise


def check_ledger(places: Places, vkey: str | None) -> Verification:
    """Check every byte of a store's ledger, wherever it lies, and with the verifier key its signature; nothing is written.

    Raises the ledger's errors for a place that cannot be read; damage is reported.
    """
    if isinstance(places.ledger, Path):
        return verify(places.ledger, events=MediaEvent, vkey=vkey)
    with closing(open_log(places.ledger, read_only=True)) as log:
        return check_log(log, vkey=vkey)


def open_blobs(places: Places) -> BlobStore:
    """Open the blobs of a store; a bucket is not asked for anything yet. Raises `StoreNotFoundError` where nobody knows where they are,
    `ObjectSettingsError`, `ObjectStorageMissingError`."""
    place = places.blobs or _named_blobs(places)
    if isinstance(place.address, Path):
        return FolderBlobs(place.address)
    from engines.media_v2.blob_objects import ObjectBlobs

    remote = ObjectBlobs(place.address)
    return remote if place.cache is None else CachedBlobs(remote, place.cache, place.cache_mb * MEGABYTE)


def _named_blobs(places: Places) -> BlobPlace:
    """What the ledger's database says of its blobs."""
    from ledger.postgres.blobs import read_blobs

    assert isinstance(places.ledger, str)
    said = read_blobs(places.ledger)
    if said is None:
        raise StoreNotFoundError(f"{places.name} (its database does not say where its blobs are)")
    return blob_place(Path("/"), said)


def _name_blobs(places: Places, address: str) -> None:
    from ledger.postgres.blobs import name_blobs

    assert isinstance(places.ledger, str)
    name_blobs(places.ledger, address)


def _is_made(places: Places) -> bool:
    if not places.is_remote:
        return places.is_made
    try:
        Ledger.open(places.ledger, events=MediaEvent, read_only=True).close()
    except LedgerNotFoundError:
        return False
    return places.is_made


def _open_turns(places: Places) -> Turns:
    if isinstance(places.ledger, Path):
        return FolderTurns(places.ledger.parent)
    if scheme_of(places.ledger) == "postgresql":
        from ledger.postgres.turns import DatabaseTurns

        return DatabaseTurns(places.ledger)
    return ThreadTurns()
