"""What does a program do with a ledger? Open it, append events, read them: start here.

    with Ledger.open("store/ledger", events=Registered | Retired, create=True) as ledger:
        first = ledger.append([Registered(name="sky")])
        for index, event in ledger.read():
            ...

Events go in and come out typed; what they become on the way is told by `events` (an event and its bytes), `segments`
(durability and order) and docs/specs/ledger-format.md. State is not kept here: `replay` folds it from the events.
"""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from ledger.addresses import open_log, scheme_of
from ledger.backend import Head, Log, Position, Span
from ledger.checkpoint import Checkpoint
from ledger.errors import (
    BeyondHeadError,
    MovedLedgerError,
    NoSignerError,
    OutOfRangeError,
    UndecodableEntryError,
    UndecodableEventError,
)
from ledger.events import EventCodec, EventReader, TailRepaired
from ledger.file_log import FileLog
from ledger.follow import FOLLOW_POLL_S, Pause, Stop, check_poll, follow
from ledger.group_commit import GroupCommit, batch_of
from ledger.issuing import read_checkpoint
from ledger.layout import MARK_NAME, SEGMENT_BYTES_MAX
from ledger.merkle import HashReader
from ledger.prefixes import Prefixes
from ledger.repair import Recovery
from ledger.segments import check_free, create_log
from ledger.signer import Signer
from ledger.storage import Storage
from ledger.storage_file import FileStorage, random_ledger_id
from ledger.upcasters import Upcasters

WAIT_S_MAX: Final = 86_400.0
"""Longest wait for the writer lock, in seconds: a day, beyond which somebody has forgotten it."""


class Ledger:
    """An append-only log of typed events in a folder. Use one object from many threads, or many from many processes."""

    def __init__(
        self,
        storage: Storage,
        *,
        events: Any,
        upcasters: Upcasters | None = None,
        read_only: bool = False,
        wait_s: float = 10.0,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        signer: Signer | None = None,
    ) -> None:
        """Open the ledger in the files of `storage`; most callers want `Ledger.open`."""
        _check_limits(wait_s, segment_bytes_max)
        if signer is not None:
            read_checkpoint(storage, signer)
        codec = EventCodec(events, upcasters)
        log = FileLog(
            storage,
            read_only=read_only,
            wait_s=wait_s,
            segment_bytes_max=segment_bytes_max,
            repair_entry=partial(_repair_entry, codec),
        )
        self._begin(log, codec, signer, wait_s)

    @classmethod
    def over(
        cls,
        log: Log,
        *,
        events: Any,
        upcasters: Upcasters | None = None,
        wait_s: float = 10.0,
        signer: Signer | None = None,
    ) -> Self:
        """Open the ledger that `log` keeps, wherever that is; the log is closed with it, also when it cannot be opened.

        Raises EventUnionError, UpcasterError, OutOfRangeError, SignerMismatchError, and what the log raises.
        """
        try:
            _check_limits(wait_s, SEGMENT_BYTES_MAX)
            codec = EventCodec(events, upcasters)
            if signer is not None:
                log.last_checkpoint(signer)
        except BaseException:
            log.close()
            raise
        ledger = cls.__new__(cls)
        ledger._begin(log, codec, signer, wait_s)
        return ledger

    def _begin(self, log: Log, codec: EventCodec, signer: Signer | None, wait_s: float) -> None:
        self._signer = signer
        self._codec = codec
        self._log = log
        self._group = GroupCommit(log, wait_s)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        events: Any,
        upcasters: Upcasters | None = None,
        create: bool = False,
        read_only: bool = False,
        wait_s: float = 10.0,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        signer: Signer | None = None,
    ) -> Self:
        """Open the ledger in the folder `path`, repairing what a crash left; `create` makes it where there is none.

        `path` may also be an address that `addresses` knows, such as ``postgresql://host/database#name``.

        `events` is a union of frozen tagged Structs; `upcasters` lift entries of their older versions. `wait_s` bounds
        every wait for the writer lock, which is held only during an append. A read-only ledger never writes, repairs or
        locks. With a `signer` the ledger signs its state when asked (`checkpoint`) and when it is closed; it has to be
        the one that signed it before. Raises EventUnionError, UpcasterError, OutOfRangeError, LedgerNotFoundError,
        LedgerExistsError, SignerMismatchError, CorruptLedgerError, BusyError, StorageError, and CopiedLedgerError or
        MovedLedgerError unless `read_only` (see `copying`).
        """
        EventCodec(events, upcasters)
        _check_limits(wait_s, segment_bytes_max)
        if create and read_only:
            raise OutOfRangeError("create", create, "False when read_only is True")
        if scheme_of(path) is not None:
            log = open_log(os.fspath(path), create=create, read_only=read_only, wait_s=wait_s)
            return cls.over(log, events=events, upcasters=upcasters, wait_s=wait_s, signer=signer)
        storage = FileStorage(Path(path), read_only=read_only)
        try:
            if create and storage.size(MARK_NAME) is None:
                check_free(storage)
                storage.prepare()
                with storage.lock(wait_s):
                    create_log(storage, random_ledger_id())
            return cls(
                storage,
                events=events,
                upcasters=upcasters,
                read_only=read_only,
                wait_s=wait_s,
                segment_bytes_max=segment_bytes_max,
                signer=signer,
            )
        except BaseException:
            storage.close()
            raise

    @property
    def path(self) -> str:
        """The folder of the ledger."""
        return self._log.path

    @property
    def codec(self) -> EventCodec:
        """What encodes and decodes the events of this ledger's union."""
        return self._codec

    @property
    def recovery(self) -> Recovery | None:
        """What this object last had to repair after a crash, None when there was nothing."""
        return self._log.recovery

    def append(self, events: Sequence[msgspec.Struct], expected_index: int | None = None) -> int:
        """Append `events` as one commit, all or none, and return the index of the first; durable on return.

        `expected_index` makes the append conditional: it must be the index that the first event gets. Raises
        InvalidEventError, EntryTooLargeError, OutOfRangeError (1 to 65,535 events) before anything is touched, then
        ConflictError, BusyError or MovedLedgerError with nothing written, or StorageError, after which the ledger must be
        opened again. Appends of several threads at once share a sync, see `group_commit`.
        """
        return self._group.append((batch_of(self._codec.encode(events)),), expected_index)[0]

    def append_many(self, batches: Iterable[Sequence[msgspec.Struct]]) -> list[int]:
        """Append `batches` one after the other and return the first index of each; all are durable on return.

        Each batch is whole or absent, as by `append`, but as many as fit share a sync. Raises as `append`: before
        anything is touched when any batch is refused (positions count within the batch), and after a StorageError it
        is unknown how many of the batches are there, but never a later one without those before it.
        """
        encoded = [batch_of(self._codec.encode(events)) for events in batches]
        return self._group.append(encoded) if encoded else []

    def head(self) -> Head:
        """Return the durable end as it is now, other processes' appends included."""
        return self._log.describe(self._log.head())

    @property
    def signs(self) -> bool:
        """Whether this object can sign checkpoints."""
        return self._signer is not None

    def checkpoint(self) -> Checkpoint:
        """Sign the durable end as it is now, and keep the checkpoint in the ledger; returns the last one if nothing grew.

        Everything below it is made durable first, and the last checkpoint is proven to be a part of it. Raises
        NoSignerError, ReadOnlyLedgerError, SignerMismatchError, BusyError, StorageError, and CorruptLedgerError when the
        ledger does not begin with what it signed before.
        """
        if self._signer is None:
            raise NoSignerError(self.path)
        return self._log.sign(self._signer)

    def last_checkpoint(self) -> Checkpoint | None:
        """Return the checkpoint that the ledger holds, None when there is none. Its signature is not checked here.

        Raises CorruptLedgerError when it cannot be read.
        """
        return self._log.last_checkpoint()

    def tree_hashes(self, size: int) -> HashReader:
        """Return a reader of the hashes of the tree over the first `size` events, for proofs. Raises BeyondHeadError."""
        at = self._log.head()
        if size > at.size:
            raise BeyondHeadError("size", size, at.size)
        return self._log.tree(at)

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Any]]:
        """Yield (index, event) for the events of [start, stop), to the head as of this call by default.

        Memory is constant. Raises BeyondHeadError or OutOfRangeError at once, CorruptLedgerError and
        UndecodableEventError on the way.
        """
        batches = self.batches(start, stop)
        return ((index, event) for first, batch in batches for index, event in enumerate(batch, first))

    def batches(
        self, start: int = 0, stop: int | None = None, prefixes: Prefixes | None = None
    ) -> Iterator[tuple[int, list[Any]]]:
        """Yield (first index, events) commit by commit: `read` without the cost of one step per event.

        With `prefixes` the events come as those shorter Structs. Raises PrefixError at once, and as `read`.
        """
        reader = self._codec.reader(prefixes)
        return ((span.first, self._decode(reader, span)) for span in self._spans(start, stop))

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield (index, entry) for [start, stop): the events as the bytes that the log holds. Raises as `read`."""
        spans = self._spans(start, stop)
        return ((index, entry) for span in spans for index, entry in enumerate(span.entries, span.first))

    def entry_batches(self, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, list[bytes]]]:
        """Yield (first index, entries) commit by commit. Raises as `read`."""
        return ((span.first, span.entries) for span in self._spans(start, stop))

    def follow(
        self, start: int = 0, *, poll_s: float = FOLLOW_POLL_S, stop: Stop | None = None, pause: Pause | None = None
    ) -> Iterator[tuple[int, Any]]:
        """Yield (index, event) from `start` on, and go on with events as any process makes them durable.

        Never ends by itself: `stop` does, a `threading.Event` that is set or a callable that returns true; or leave the
        loop. Looks again `poll_s` seconds after there was nothing new (see `follow` for the cost); `pause` replaces the
        waiting. Raises as `read`, and LedgerClosedError once this object is closed.
        """
        check_poll(poll_s)
        self._end_for(start, None)
        waits = partial(self._log.wait, ended=stop if isinstance(stop, threading.Event) else None)
        return follow(_News(self, start), poll_s, stop, pause or waits)

    def close(self) -> None:
        """Make the mark durable and let go of all files. Closing twice is harmless. Raises StorageError.

        With a signer, and if this object has appended since the last checkpoint, it is signed first: see `checkpoint`.
        """
        try:
            if self._signer is not None and self._log.has_appended:
                with suppress(MovedLedgerError):  # the ledger that took its place holds these events, and signs them
                    self.checkpoint()
        finally:
            self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _spans(self, start: int, stop: int | None) -> Iterator[Span]:
        """Check the range now, then yield the entries that lie in it, commit by commit."""
        at = self._end_for(start, stop)
        return self._log.spans(start, at.size if stop is None else stop, at)

    def _end_for(self, start: int, stop: int | None) -> Position:
        """Return the end that a read of [start, stop) goes by. Raises OutOfRangeError or BeyondHeadError."""
        at = self._log.head()
        for field, index in (("stop", at.size if stop is None else stop), ("start", start)):
            if index < 0:
                raise OutOfRangeError(field, index, "an index from 0 on")
            if index > at.size:
                raise BeyondHeadError(field, index, at.size)
        return at

    def _decode(self, reader: EventReader, span: Span) -> list[Any]:
        try:
            return reader.decode(span.entries)
        except UndecodableEntryError as error:
            path, offset = self._log.place(span, error.position)
            raise UndecodableEventError(path, offset, span.first + error.position, error.reason) from error


class _News:
    """Gives what is new since it was last asked. Keeps its own place, so that followers of one object do not make each
    other read a segment from its beginning."""

    def __init__(self, ledger: Ledger, start: int) -> None:
        self._ledger = ledger
        self._next = start
        self._known: Position | None = None

    def __call__(self) -> Iterator[tuple[int, Any]]:
        ledger = self._ledger
        at = ledger._log.head()
        for span in ledger._log.spans(self._next, at.size, at, self._known):
            yield from enumerate(ledger._decode(ledger.codec.reader(None), span), span.first)
        self._next, self._known = at.size, at


def _repair_entry(codec: EventCodec, recovery: Recovery) -> bytes | None:
    """Give the entry that tells of a cut tail, for unions that include TailRepaired."""
    if TailRepaired not in codec.members:
        return None
    event = TailRepaired(recovery.offset, recovery.segment, recovery.cut_bytes, recovery.sha256)
    return codec.encode([event])[0]


def _check_limits(wait_s: float, segment_bytes_max: int) -> None:
    if not 0 <= wait_s <= WAIT_S_MAX:
        raise OutOfRangeError("wait_s", wait_s, f"0 to {WAIT_S_MAX:,.0f} seconds")
    if segment_bytes_max < 1:
        raise OutOfRangeError("segment_bytes_max", segment_bytes_max, "at least 1 byte")
