"""How does a ledger put and get whole objects, and what does it do when an answer stays away? Over obstore, any store.

The verbs are those that object storage keeps its promises for: create an object unless its name is taken, replace one
if it is still what was read, read, list. Every request is tried again a few times here and nowhere below, so that one
place knows what may have happened. Whoever creates must be able to tell his own object from another's, because a try
whose answer was lost may have been done: the next one then finds the name taken.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, GenericError, PreconditionError
from obstore.store import LocalStore, ObjectStore

from ledger.errors import StorageError
from ledger.objects.faults import fault_of

TRIES_MAX: Final = 7
"""Tries of one request. With the pauses between them a server may be away for about six seconds, which is a restart."""

PAUSE_FIRST_S: Final = 0.1
"""Pause after the first try that failed; each next one is twice as long."""

AHEAD_OBJECTS_MAX: Final = 16
"""Objects that are fetched ahead of a reader, at the same time: object storage answers slowly, but many at once."""

AHEAD_BYTES_MAX: Final = 32 << 20
"""Bytes that are fetched ahead of a reader; one object may be larger."""

PAGE_NAMES: Final = 1000
"""Names that are asked for at once: what one answer of S3 holds."""

_REPLACING: Final = threading.Lock()

T = TypeVar("T")


class Listed(NamedTuple):
    """An object of a listing: its name below the prefix, and its size in bytes."""

    name: str
    size: int


class Page(NamedTuple):
    """A part of a listing, and whether there is nothing behind it."""

    names: list[Listed]
    is_last: bool


class Found(NamedTuple):
    """What an object holds, and the tag by which a later `replace` knows it again."""

    data: bytes
    tag: str | None


class Objects:
    """Objects below a prefix of one store. Safe for many threads; a child of fork must open its own, in a new process."""

    def __init__(self, store: ObjectStore, prefix: str, path: str) -> None:
        """Use `store`, any of obstore's; `path` says in messages where that is, and holds no credential.

        A `LocalStore` cannot replace conditionally and syncs nothing: it is for tests.
        """
        self.path = path
        self._store = store
        self._prefix = f"{prefix}/" if prefix else ""
        self._is_local = isinstance(store, LocalStore)
        self._pid = os.getpid()

    def create(self, name: str, data: bytes) -> bool:
        """Make the object `name` hold `data` unless the name is taken; tells whether it was free at the last try.

        False is also the answer to a try whose predecessor was done without an answer: look whose object it is.
        """

        def put() -> bool:
            try:
                obstore.put(self._store, self._prefix + name, data, mode="create", use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return False
            return True

        return self._trying("create", name, put)

    def create_all(self, objects: Mapping[str, bytes]) -> None:
        """Create each of `objects` whose name is free, several at the same time."""
        if len(objects) == 1:
            for name, data in objects.items():
                self.create(name, data)
        elif objects:
            with ThreadPoolExecutor(AHEAD_OBJECTS_MAX, "ledger-objects") as pool:
                list(pool.map(self.create, objects.keys(), objects.values()))

    def replace(self, name: str, data: bytes, tag: str | None) -> bool:
        """Make `name` hold `data` if it still has `tag`, or is not there when that is None; tells whether it does."""
        if tag is None:
            return self.create(name, data)

        def put() -> bool:
            try:
                obstore.put(self._store, self._prefix + name, data, mode={"e_tag": tag}, use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                return False
            return True

        return self._trying("replace", name, self._replacing_local(name, data, tag) if self._is_local else put)

    def overwrite(self, name: str, data: bytes) -> None:
        """Make `name` hold `data`, whatever it held."""
        self._trying("put", name, lambda: obstore.put(self._store, self._prefix + name, data, use_multipart=False))

    def read(self, name: str) -> bytes | None:
        """Return the bytes of an object, None when there is none."""
        found = self.find(name)
        return None if found is None else found.data

    def find(self, name: str) -> Found | None:
        """Return an object with its tag, None when there is none."""

        def get() -> Found | None:
            try:
                answer = obstore.get(self._store, self._prefix + name)
            except FileNotFoundError:
                return None
            return Found(bytes(answer.bytes()), answer.meta["e_tag"])

        return self._trying("read", name, get)

    def read_ahead(self, listed: Iterable[Listed]) -> Iterator[tuple[str, bytes | None]]:
        """Yield (name, bytes) of each object in order, several of them being fetched at the same time."""
        waiting: deque[tuple[Listed, Future[bytes | None]]] = deque()
        due = 0
        with ThreadPoolExecutor(AHEAD_OBJECTS_MAX, "ledger-objects") as pool:
            try:
                for one in listed:
                    waiting.append((one, pool.submit(self.read, one.name)))
                    due += one.size
                    while len(waiting) >= AHEAD_OBJECTS_MAX or (due > AHEAD_BYTES_MAX and waiting):
                        first, answer = waiting.popleft()
                        due -= first.size
                        yield first.name, answer.result()
                for first, answer in waiting:
                    yield first.name, answer.result()
            finally:
                for _, answer in waiting:
                    answer.cancel()

    def listing(self, folder: str = "", after: str = "") -> Iterator[Listed]:
        """Yield what lies below `folder` behind the name `after`, in the order of the names.

        A page of names is one request, and is asked for when the one before it is used up.
        """
        while True:
            page = self.page(folder, after)
            yield from page.names
            if page.is_last:
                return
            after = page.names[-1].name

    def page(self, folder: str = "", after: str = "") -> Page:
        """Return the first names below `folder` behind `after`, in order, in one request."""
        prefix = (self._prefix + folder).rstrip("/") or None
        offset = self._prefix + after if after else None

        def ask() -> Page:
            pages = obstore.list(self._store, prefix, offset=offset, chunk_size=PAGE_NAMES)
            found = pages.collect() if self._is_local else next(iter(pages), [])
            skipped = len(self._prefix)
            names = sorted(Listed(one["path"][skipped:], one["size"]) for one in found)
            return Page(names, is_last=self._is_local or len(names) < PAGE_NAMES)

        return self._trying("list", folder, ask)

    def _replacing_local(self, name: str, data: bytes, tag: str) -> Callable[[], bool]:
        """Stand in for a conditional put where the store has none; holds among the threads of this process only."""

        def put() -> bool:
            with _REPLACING:
                if obstore.head(self._store, self._prefix + name)["e_tag"] != tag:
                    return False
                obstore.put(self._store, self._prefix + name, data, use_multipart=False)
                return True

        return put

    def _trying(self, operation: str, name: str, request: Callable[[], T]) -> T:
        """Return what `request` gives, after as many tries as it takes. Raises StorageError.

        What the store refuses for good is not tried again: a right that is missing is still missing a second later.
        """
        if self._pid != os.getpid():
            reason = "object storage cannot be used in a child of fork; start workers by spawn"
            raise StorageError(f"{self.path}/{name}", operation, reason)
        pause_s = PAUSE_FIRST_S
        for _ in range(TRIES_MAX - 1):
            try:
                return request()
            except GenericError:
                time.sleep(pause_s)
                pause_s *= 2
            except (BaseError, OSError, ValueError, NotImplementedError) as error:
                raise self._failed(operation, name, error) from None
        try:
            return request()
        except (BaseError, OSError, ValueError, NotImplementedError) as error:
            raise self._failed(operation, name, error) from None

    def _failed(self, operation: str, name: str, error: Exception) -> StorageError:
        """Say what went wrong, in words of ours; see `faults`."""
        told = fault_of(error).reason if isinstance(error, BaseError | OSError) else type(error).__name__
        return StorageError(f"{self.path}/{name}", operation, told)
