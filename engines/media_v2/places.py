"""Where does a store keep its ledger, its blobs and its keys? Told from what the store is called: a folder, an address, or a file.

- A folder holds all of them: `ledger/`, `blobs/`, `keys/`.
- `postgresql://host/database#name` is a ledger in a database, which also knows where its blobs are.
- `s3://bucket/prefix` is a ledger in a bucket, with its blobs beside it.
- A file that ends in `.toml` names each: see `StoreFile`. Paths in it start from its own folder.

Nothing is opened here, and no credential is looked at: those come from the environment, when a place is opened.
"""

import re
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from engines.media_v2.errors import ObjectSettingsError, StoreFileError, StoreNotFoundError
from engines.media_v2.object_settings import ObjectSettings, check_object_settings
from ledger.addresses import scheme_of

LEDGER_FOLDER = "ledger"
BLOBS_FOLDER = "blobs"
KEYS_FOLDER = "keys"

STORE_FILE_SUFFIX = ".toml"
STORE_FILE_BYTES_MAX = 65_536
"""A store file has a dozen lines; a larger one is some other file."""

MEGABYTE = 1_000_000
CACHE_MB = 4096
"""Megabytes that copies of remote blobs may take where nothing is said: some thousand exports."""

_CREDENTIALS = re.compile(r"//[^/@]*@|[?&](password|sslpassword)=[^&#]*")


class StoreFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a store file says. Addresses without `://` are folders."""

    ledger: Annotated[str, Meta(min_length=1)]
    """Folder or address of the ledger."""
    blobs: Annotated[str, Meta(min_length=1)]
    """Folder of the blobs, or `s3://bucket/prefix`."""
    keys: str = KEYS_FOLDER
    """Folder of the signing key; a program that finds none there signs nothing."""
    objects: dict[str, object] = {}
    """How the bucket is reached: the fields of `ObjectSettings` but `url`, such as `endpoint` and `region`."""
    cache: str | None = None
    """Folder for copies of remote blobs; without it every read goes to the service."""
    cache_mb: Annotated[int, Meta(ge=1, le=1 << 30)] = CACHE_MB
    """Megabytes that those copies may take."""


class BlobPlace(NamedTuple):
    """A folder, or a bucket with what it takes to reach it, and where copies of its blobs are kept."""

    address: Path | ObjectSettings
    cache: Path | None = None
    cache_mb: int = CACHE_MB


class Places(NamedTuple):
    """Where everything of one store is."""

    name: str
    """What people are told: never a credential."""
    ledger: Path | str
    blobs: BlobPlace | None
    """None for a ledger that knows it itself."""
    keys: Path | None
    """Folder of the signing key; None where this program never signs."""

    @property
    def is_remote(self) -> bool:
        """Whether the ledger is no folder."""
        return isinstance(self.ledger, str)

    @property
    def is_made(self) -> bool:
        """Whether a store is there, as far as folders tell; whether a remote ledger is there only opening it tells."""
        blobs = self.blobs.address if self.blobs is not None else None
        return all(place.is_dir() for place in (self.ledger, blobs) if isinstance(place, Path))


def places_of(store: Path | str) -> Places:
    """Return the places of `store`. Raises `StoreFileError`, `StoreNotFoundError` for a file that is not there, `OutOfRangeError` for a
    scheme that no ledger has."""
    text = str(store)
    scheme = scheme_of(store) if isinstance(store, str) else None
    if scheme is not None:
        beside = BlobPlace(check_object_settings({"url": text})) if scheme == "s3" else None
        return Places(public_name(text), text, beside, None)
    path = Path(store)
    if path.suffix == STORE_FILE_SUFFIX and not path.is_dir():
        return _from_file(path)
    return Places(text, path / LEDGER_FOLDER, BlobPlace(path / BLOBS_FOLDER), path / KEYS_FOLDER)


def public_name(address: str) -> str:
    """Return `address` without user, password and query keys that hold one."""
    return _CREDENTIALS.sub(lambda found: "//" if found[0].startswith("//") else "", address)


def _from_file(file: Path) -> Places:
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise StoreNotFoundError(str(file)) from None
    except OSError as error:
        raise StoreFileError(str(file), error.strerror or str(error)) from error
    if len(content) > STORE_FILE_BYTES_MAX:
        raise StoreFileError(str(file), f"more than {STORE_FILE_BYTES_MAX:,} bytes")
    try:
        said = msgspec.toml.decode(content, type=StoreFile)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreFileError(str(file), str(error)) from error
    home = file.parent
    cache = None if said.cache is None else home / said.cache
    try:
        blobs = BlobPlace(_blobs(home, said), cache, said.cache_mb)
    except ObjectSettingsError as error:
        raise StoreFileError(str(file), str(error)) from error
    ledger = said.ledger if scheme_of(said.ledger) is not None else home / said.ledger
    return Places(str(file), ledger, blobs, home / said.keys)


def blob_place(home: Path, said: str) -> BlobPlace:
    """Return the place of blobs that is told in one word: a folder, which starts from `home`, or `s3://bucket/prefix`.

    Raises `ObjectSettingsError`.
    """
    return BlobPlace(check_object_settings({"url": said}) if "://" in said else home / said)


def _blobs(home: Path, said: StoreFile) -> Path | ObjectSettings:
    if "://" in said.blobs:
        return check_object_settings({**said.objects, "url": said.blobs})
    if said.objects:
        raise ObjectSettingsError("objects", "a folder of blobs has no settings")
    return home / said.blobs
