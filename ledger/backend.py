"""What does a ledger ask of the log beneath it, wherever that keeps its entries? The protocol alone.

`file_log` keeps it with segment files; others keep it with engines that replicate and lock by themselves. A log knows
entries as bytes, commits of them, a durable end and a tree over them; what they mean is `Ledger`'s matter, and which
threads share a commit `group_commit`'s. Whoever implements this must keep six promises, since the ledger's own rest on
them:

- a commit is whole or absent, and when `writing` has been left, if not when `commit` returns, it is durable and seen by
  every handle: whoever acknowledges an append waits until then;
- indexes have no gaps and are never given twice, however many processes append at once: while `writing` is held, the index
  that it gave is the next one, or `commit` or the leaving of `writing` raises LostRaceError and has written nothing;
- what lies below a head never changes, and `spans` checks that as far as bytes can tell;
- after a refusal whose outcome is unknown the object refuses all further work, or finds out what became of the commit;
  nothing is ever appended twice;
- `sign` publishes a checkpoint only when all that it covers is durable, and never one that does not contain the last;
- any refusal raises an error of `ledger.errors`.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple, Protocol, runtime_checkable

import msgspec

from ledger.checkpoint import Checkpoint
from ledger.merkle import HashReader
from ledger.repair import Recovery
from ledger.signer import Signer


class Position(Protocol):
    """A durable end: what every log can say of it. Logs give their own values, and take only those back."""

    @property
    def ledger_id(self) -> bytes:
        """16 bytes that tell this ledger from every other."""
        ...

    @property
    def size(self) -> int:
        """How many events lie below."""
        ...

    @property
    def root(self) -> bytes:
        """32 bytes: the root of the RFC 6962 tree over them."""
        ...


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The durable end of a ledger: `size` events in `segments` files, the newest one counting to `end_offset` bytes.

    `root` is the 32 bytes of the RFC 6962 tree over the events: with `size` it names this state and no other. A log that
    keeps no files has no segments, and its `end_offset` is how many bytes of entry runs it holds.
    """

    ledger_id: bytes
    size: int
    segments: int
    end_offset: int
    root: bytes


class Span(NamedTuple):
    """Those entries of one commit that lie in the range that was asked for; `first` is the index of the first of them."""

    first: int
    entries: list[bytes]
    commit: object
    """What the log needs to tell where an entry lies; see `Log.place`."""


class Restriction(NamedTuple):
    """Why nobody may append to a log: it is a `copy` of `other`, or it has `moved` there."""

    kind: Literal["copy", "moved"]
    other: str
    """Where the other one is: a folder or an address, never with a credential."""


class Log(Protocol):
    """An append-only log of entries with a tree over them. Safe for many threads; many processes may open one each."""

    @property
    def path(self) -> str:
        """Say where this is, for messages; never a credential."""
        ...

    @property
    def recovery(self) -> Recovery | None:
        """What this object last had to repair after a crash, None when there was nothing."""
        ...

    @property
    def has_appended(self) -> bool:
        """Whether this object may still be used, and has appended since it last signed."""
        ...

    def check_usable(self) -> None:
        """Raise LedgerClosedError, or the StorageError that ended all use of this object."""
        ...

    def check_writable(self) -> None:
        """Raise as `check_usable`, or ReadOnlyLedgerError."""
        ...

    def head(self) -> Position:
        """Return the durable end as it is now, other processes' appends included."""
        ...

    def describe(self, at: Position) -> Head:
        """Return what callers are told of `at`."""
        ...

    def spans(self, start: int, stop: int, at: Position, known: Position | None = None) -> Iterator[Span]:
        """Yield, commit by commit, the entries of [start, stop), where stop is at most `at.size`. Memory is constant.

        `known` is an older end at or before `start`, from which a follower goes on at no cost for what lies before.
        Raises CorruptLedgerError for any gap, disorder or changed byte.
        """
        ...

    def place(self, span: Span, position: int) -> tuple[str, int]:
        """Say where the entry at 0-based `position` of `span` lies: a path and an offset in bytes, for messages."""
        ...

    def tree(self, at: Position) -> HashReader:
        """Return a reader of the hashes of the tree at `at`, meant for one question."""
        ...

    def writing(self, wait_s: float) -> AbstractContextManager[int]:
        """Hold the right to append, caught up with all other writers, and give the index that comes next.

        What was committed is durable when the block has been left. Raises BusyError after `wait_s` seconds, StorageError,
        CorruptLedgerError; on leaving also LostRaceError, with nothing of the block written, see `commit`.
        """
        ...

    def commit(self, body: bytes, leaves: Sequence[bytes]) -> int:
        """Append the entry run `body`, with these leaf hashes, as one commit. Only while `writing`, and durable
        when that has been left.

        The caller has checked that a frame can hold them. Returns the index of the first. Raises StorageError, after
        which it is unknown whether the commit will be there when the log is opened again; and, where nothing can be
        locked, LostRaceError when somebody else has taken that index: then nothing was written, and the caller leaves
        `writing` and enters it again to learn what is there now.
        """
        ...

    def last_checkpoint(self, signer: Signer | None = None) -> Checkpoint | None:
        """Return the checkpoint that the log holds, None when there is none; checked to be the signer's if one is given.

        Raises SignerMismatchError, CorruptLedgerError when it is damaged.
        """
        ...

    def sign(self, signer: Signer) -> Checkpoint:
        """Sign the durable end, keep the checkpoint and return it; the last one if nothing grew.

        Raises ReadOnlyLedgerError, SignerMismatchError, BusyError, StorageError, and CorruptLedgerError when the log does
        not begin with what it signed before.
        """
        ...

    def wait(self, seconds: float, ended: threading.Event | None = None) -> None:
        """Wait until there may be something new, for at most about so many seconds, or until `ended` is set."""
        ...

    def close(self) -> None:
        """Let go of everything; closing twice is harmless. Raises StorageError."""
        ...


@runtime_checkable
class MovableLog(Log, Protocol):
    """A log that can be copied to and moved away from; see `copying`.

    Its module also has `open_copy(address, *, ledger_id, original, wait_s)`, which returns the copy at an address, made
    where there is nothing: a log with that id, marked as a copy of `original`, to which `writing`, `commit` and
    `keep_checkpoint` write although `open_log` refuses to append to it. It raises CopyTargetError for anything else.
    """

    def restriction(self) -> Restriction | None:
        """Return why nobody may append here, as it is now; None when everybody may."""
        ...

    def seal(self, successor: str) -> Position:
        """Refuse all appends from now on with MovedLedgerError, those of writers that are at work included.

        Returns the end, beyond which nothing comes. Sealing again for the same successor changes nothing. Raises
        MovedLedgerError when another one was named, CopiedLedgerError, ReadOnlyLedgerError, BusyError, StorageError.
        """
        ...

    def promote(self) -> None:
        """Make a copy a ledger of its own. Harmless when it is one already. Raises ReadOnlyLedgerError, StorageError."""
        ...

    def keep_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint that was signed elsewhere over the same events, instead of the one that is kept.

        Raises CorruptLedgerError unless the log begins with what it says, ReadOnlyLedgerError, BusyError, StorageError.
        """
        ...
