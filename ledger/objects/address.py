"""Which objects does an address mean? `s3://bucket/prefix` and `memory://name/prefix`, and where credentials come from.

Endpoint, region and credentials are never part of an address, since addresses are written into events, messages and
marks: they come from the environment and the machine as obstore looks for them (AWS_ENDPOINT_URL, AWS_REGION,
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY with AWS_SESSION_TOKEN, web identity, the container's or the instance's
role). Plain HTTP is taken on loopback only.
"""

import ipaddress
import os
import re
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import MemoryStore, S3Store

from ledger.errors import OutOfRangeError, StorageError
from ledger.objects.store import Objects

if TYPE_CHECKING:
    from obstore.store import S3Config

REQUEST_S_MAX: Final = 30
"""Longest that one request may take, in seconds: a commit of 64 MiB at a few MB a second."""

REGION_DEFAULT: Final = "us-east-1"
"""What servers that are not Amazon's expect where nobody names a region."""

ADDRESS_RULE: Final = "s3://BUCKET/PREFIX or memory://NAME/PREFIX, without credentials, query or fragment"

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_PREFIX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*(?:/[A-Za-z0-9][A-Za-z0-9._=-]*)*")
_UNSORTED: Final = "--x-s3"
"""How the names of directory buckets end, which list their objects in no order."""

_memories: Final[dict[str, MemoryStore]] = {}
_memories_lock: Final = threading.Lock()


class Place(NamedTuple):
    """The parts of an address. `prefix` has no slash at either end, and may be empty."""

    scheme: str
    bucket: str
    prefix: str


def parse_address(address: str) -> Place:
    """Return the parts of `address`. Raises OutOfRangeError, which never repeats a credential.

    >>> parse_address("s3://media/ledgers/cards")
    Place(scheme='s3', bucket='media', prefix='ledgers/cards')
    """
    scheme, _, rest = address.partition("://")
    bucket, _, prefix = rest.partition("/")
    prefix = prefix.removesuffix("/")
    if "@" in bucket or "?" in rest or "#" in rest:
        raise OutOfRangeError("address", f"{scheme}://...", ADDRESS_RULE)
    is_named = _BUCKET.fullmatch(bucket) and (not prefix or _PREFIX.fullmatch(prefix))
    if scheme not in ("s3", "memory") or not is_named:
        raise OutOfRangeError("address", address, ADDRESS_RULE)
    if scheme == "s3" and bucket.endswith(_UNSORTED):
        raise OutOfRangeError(
            "bucket", bucket, "a bucket that lists its objects in order, which directory buckets do not"
        )
    return Place(scheme, bucket, prefix)


def objects_at(address: str) -> Objects:
    """Return the objects below `address`; nothing is asked of the store yet. Raises OutOfRangeError, StorageError.

    Memory stores live as long as the process and are its own.
    """
    place = parse_address(address)
    path = f"{place.scheme}://{place.bucket}" + (f"/{place.prefix}" if place.prefix else "")
    if place.scheme == "memory":
        with _memories_lock:
            return Objects(_memories.setdefault(place.bucket, MemoryStore()), place.prefix, path)
    return Objects(_s3_store(place.bucket, path), place.prefix, path)


def _s3_store(bucket: str, path: str) -> S3Store:
    """Return a client for `bucket`. It tries nothing again by itself: `Objects` does, and knows what that may mean."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION_DEFAULT
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config: S3Config = {"region": region, "conditional_put": "etag"}
    if endpoint:
        config["endpoint"] = endpoint
    try:
        return S3Store(
            bucket,
            config=config,
            client_options={"allow_http": _is_loopback(endpoint), "timeout": timedelta(seconds=REQUEST_S_MAX)},
            retry_config={"max_retries": 0},
        )
    except (BaseError, ValueError) as error:
        raise StorageError(path, "open", str(error).split("\n")[0]) from error


def _is_loopback(endpoint: str | None) -> bool:
    host = urlsplit(endpoint).hostname if endpoint else None
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
