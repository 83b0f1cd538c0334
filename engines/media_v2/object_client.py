"""How is S3-compatible object storage spoken to? The only file that knows obstore, its options and its errors.

Five verbs on keys: create, read, head, listing, sign. Each one either did what it says or raises `BlobStoreError`; requests are made
again a bounded number of times when the fault may pass. The library's own retries are off: it does not repeat a put whose
connection broke, and nobody could say how long a call takes. Its error texts quote the server's answer, which may quote the request
with its credentials, so only a status and a short code are taken from them.
"""

import importlib.util
import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from engines.media_v2.errors import BlobStoreError, ObjectStorageMissingError
from engines.media_v2.object_credentials import Provider, provider
from engines.media_v2.object_settings import Address, ObjectSettings, address
from ledger.objects.faults import NO_SUCH_BYTES, NOT_FOUND, Fault, fault_of

if TYPE_CHECKING:
    from obstore.store import S3Config, S3Store

PIECE_BYTES = 1 << 20
"""Of what is read: pieces arrive at least this large, but for the last one."""
PAUSE_S_FIRST, PAUSE_S_MAX = 0.1, 2.0
"""Between attempts, doubling, and shortened at random so that workers which failed together do not come back together."""
LISTING_PAGE = 1000
"""Objects a request, the most that S3 gives."""

T = TypeVar("T")


class ObjectFacts(NamedTuple):
    """What the server says of one object. `tag` is its entity tag, empty where it gives none."""

    size: int
    tag: str


_users: list[int] = []
"""First the process that used the library first. One that is forked off inherits this, and is another one."""


class ObjectClient:
    """One bucket and prefix. Several threads may use one.

    The library's threads do not survive a fork: a process that is forked off one that has used it, through whatever client, is
    refused, for it would wait for ever.
    """

    def __init__(self, settings: ObjectSettings) -> None:
        """Raises `ObjectSettingsError`, `ObjectStorageMissingError`. Nothing is asked yet."""
        if importlib.util.find_spec("obstore") is None:
            raise ObjectStorageMissingError("obstore")
        self.settings = settings
        self._address = address(settings, os.environ)
        self._store: S3Store | None = None
        self._signing: S3Store | None = None

    def __repr__(self) -> str:
        return f"ObjectClient({self.name!r})"

    @property
    def name(self) -> str:
        """Bucket and prefix, for messages."""
        return self._address.name

    def create(self, key: str, content: bytes) -> bool:
        """Create an object; False when there is one already, which stays as it is: it may be ours, stored by an attempt whose answer
        was lost."""
        import obstore

        def attempt(store: "S3Store") -> bool:
            try:
                obstore.put(store, key, content, mode="create", use_multipart=False)
            except obstore.exceptions.AlreadyExistsError:
                return False
            return True

        return self._tried(f"put of {key}", attempt)

    def head(self, key: str) -> ObjectFacts | None:
        """Return what the server says of an object, None when there is none."""
        import obstore

        def attempt(store: "S3Store") -> ObjectFacts | None:
            try:
                meta = obstore.head(store, key)
            except FileNotFoundError:
                return None
            return ObjectFacts(meta["size"], meta["e_tag"] or "")

        return self._tried(f"look-up of {key}", attempt)

    def read(self, key: str, span: tuple[int, int] | None = None) -> tuple[ObjectFacts, Iterator[bytes]] | None:
        """Begin to read an object, or its bytes from `span[0]` to before `span[1]`; None when there is none, or
        none with such bytes.

        The facts are of the whole object. The pieces come from one and the same version of it; a connection that breaks is taken up
        where it broke.
        """
        operation = f"get of {key}"
        begun = self._tried(operation, lambda store: _begin(store, key, span))
        if begun is None:
            return None
        facts, first = begun
        start, end = span or (0, facts.size)
        return facts, self._pieces(operation, key, facts, first, start, end)

    def _pieces(
        self, operation: str, key: str, facts: ObjectFacts, first: Iterator[bytes], start: int, end: int
    ) -> Iterator[bytes]:
        """Yield the bytes from `start` to before `end`, going on with another request after a break."""
        at, pieces = start, first
        for number in range(1, self.settings.attempts + 1):
            fault = None
            try:
                if number > 1:
                    pieces = self._resumed(operation, key, facts, (at, end))
                for piece in pieces:
                    at += len(piece)
                    yield piece
            except Exception as error:  # noqa: BLE001 - told apart in fault_of
                fault = fault_of(error)
            if fault is None and at >= end:
                return
            self._pause(operation, fault or _CUT, number)

    def _resumed(self, operation: str, key: str, facts: ObjectFacts, span: tuple[int, int]) -> Iterator[bytes]:
        begun = _begin(self._opened(operation), key, span)
        if begun is None or begun[0] != facts:
            raise BlobStoreError(self.name, operation, "the object changed while it was read")
        return begun[1]

    def listing(self) -> Iterator[tuple[str, int]]:
        """Yield (key, size) of every object under the prefix, in the server's order: S3 sorts by key."""
        import obstore

        seen: str | None = None
        more = True
        while more:

            def page(store: "S3Store", seen: str | None = seen) -> list[tuple[str, int]]:
                found = next(iter(obstore.list(store, offset=seen, chunk_size=LISTING_PAGE)), [])
                return [(str(one["path"]), int(one["size"])) for one in found]

            found = self._tried("listing", page)
            yield from found
            more = bool(found)
            seen = found[-1][0] if found else None

    def sign(self, key: str, lifetime_s: int) -> str:
        """Return a URL that reads `key` for `lifetime_s` seconds, at the endpoint that clients reach."""
        import obstore

        def attempt(_: "S3Store") -> str:
            if self._signing is None:
                self._signing = self._made(self._address.public_endpoint)
            return obstore.sign(self._signing, "GET", key, timedelta(seconds=lifetime_s))

        return self._tried(f"signing of {key}", attempt)

    def close(self) -> None:
        """Let go of connections."""
        self._store = self._signing = None

    def _tried(self, operation: str, attempt: Callable[["S3Store"], T]) -> T:
        """Make an attempt, and more of them while its fault may pass. Errors are raised outside the handler, so that nothing of
        theirs hangs on to ours."""
        for number in range(1, self.settings.attempts + 1):
            try:
                return attempt(self._opened(operation))
            except Exception as error:  # noqa: BLE001 - told apart in fault_of
                fault = fault_of(error)
            self._pause(operation, fault, number)
        raise AssertionError("the last pause raises")

    def _pause(self, operation: str, fault: Fault, number: int) -> None:
        """Wait before the next attempt. Raises `BlobStoreError` when there is to be none."""
        if not fault.passing or number == self.settings.attempts:
            raise BlobStoreError(self.name, operation, fault.reason, number)
        time.sleep(min(PAUSE_S_MAX, PAUSE_S_FIRST * 2 ** (number - 1)) * random.uniform(0.5, 1.0))

    def _opened(self, operation: str) -> "S3Store":
        if not _users:
            _users.append(os.getpid())
        if _users[0] != os.getpid():
            raise BlobStoreError(self.name, operation, _FORKED)
        if self._store is None:
            self._store = self._made(self._address.endpoint)
        return self._store

    def _made(self, endpoint: str | None) -> "S3Store":
        return _store(self.settings, self._address, endpoint, provider(os.environ, Path.home()))


_CUT = Fault("connection lost", passing=True)
_FORKED = "this process was forked off one that uses it, which the library does not survive; spawn it instead"


def _store(settings: ObjectSettings, place: Address, endpoint: str | None, found: Provider | None) -> "S3Store":
    """Return the library's store. What is said here wins over the environment, which the library reads for all that is not."""
    from obstore.store import S3Store

    config: S3Config = {
        "region": place.region,
        "virtual_hosted_style_request": not settings.path_style,
        "conditional_put": "etag",
        "skip_signature": False,
        "s3_express": False,
        "unsigned_payload": False,
    }
    if endpoint is not None:
        config |= {"endpoint": endpoint, "aws_endpoint_url_s3": endpoint}
    if settings.checksum:
        config["checksum_algorithm"] = "sha256"
    plain = endpoint is not None and endpoint.startswith("http:")
    return S3Store(
        place.bucket,
        prefix=place.prefix or None,
        config=config,
        client_options={
            "allow_http": plain,
            "allow_invalid_certificates": False,
            "connect_timeout": timedelta(seconds=settings.connect_timeout_s),
            "timeout": timedelta(seconds=settings.timeout_s),
        },
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=settings.timeout_s)},
        credential_provider=found,
    )


def _begin(store: "S3Store", key: str, span: tuple[int, int] | None) -> tuple[ObjectFacts, Iterator[bytes]] | None:
    import obstore

    try:
        answer = obstore.get(store, key, options=None if span is None else {"range": span})
    except Exception as error:
        if fault_of(error).reason in (NOT_FOUND, NO_SUCH_BYTES):
            return None
        raise
    meta = answer.meta
    return ObjectFacts(meta["size"], meta["e_tag"] or ""), map(bytes, answer.stream(min_chunk_size=PIECE_BYTES))
