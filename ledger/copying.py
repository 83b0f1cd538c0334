"""How does a ledger move to another place? Commit by commit, byte for byte, with its id, its boundaries and its checkpoint.

A copy may be cut short and is carried on by the next one, which also brings over what the original has gained meanwhile.
Two ledgers with one id must never both grow, since both could be signed: therefore nobody can append to a copy. To make it
the ledger itself, `promote_copy` seals the original, brings over the rest and lifts the restriction, in this order: at no
moment do both places take events, and a crash between two steps leaves a state from which the same call goes on.

The main path is `copy_ledger` -> `_open_copy` -> `_bring`.
"""

import os
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

import msgspec

from ledger.addresses import open_copy, open_log, scheme_of
from ledger.backend import Log, MovableLog, Position, Restriction, Span
from ledger.checkpoint import Checkpoint
from ledger.errors import CopyTargetError, CorruptLedgerError, LostRaceError, MovedLedgerError, OutOfRangeError
from ledger.folders import open_folder, open_folder_copy
from ledger.frame import encode_run
from ledger.merkle import leaf_hashes, root_at

COMMITS_A_TURN: Final = 64
"""Commits that are written while the target is held once: enough that holding it costs little, and few enough that what
a copy that is cut short has to do again is a moment's work."""

Place = str | os.PathLike[str]
"""A folder, or an address that `addresses` knows."""

Tell = Callable[[int, int], object]
"""Told (events that the copy holds, of how many)."""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """A copy as it is now: `size` events, `added` of them by this call, with `root`, the same at both places."""

    source: str
    target: str
    ledger_id: bytes
    size: int
    root: bytes
    added: int
    checkpoint: Checkpoint | None
    """The checkpoint that was brought along, if the source has one."""


def copy_ledger(source: Place, target: Place, *, wait_s: float = 10.0, tell: Tell | None = None) -> Copied:
    """Copy the ledger at `source`, as it is now, to `target`, or bring a copy there up to date. Memory is constant.

    The source is only read, and may be at work. The target takes no other events until it is promoted. Raises
    LedgerNotFoundError, OutOfRangeError for an address, CopyTargetError when something else is at `target` or somebody
    else is writing to it, CorruptLedgerError when the entries do not give the source's root, BusyError, StorageError.
    """
    original = _open(source)
    try:
        checkpoint = original.last_checkpoint()  # before the head, which then covers it
        at = original.head()
        copy = _open_copy(target, at.ledger_id, original.path, wait_s)
        try:
            begun = _check_prefix(original, at, copy)
            if begun < at.size:
                _bring(original, at, copy, begun, wait_s, tell)
            end = copy.head()
            if end.size != at.size:
                raise CopyTargetError(copy.path, "somebody else is writing to it")
            if end.root != at.root:
                reason = f"its {at.size} entries do not give the root that it says; throw the copy at {copy.path} away"
                raise CorruptLedgerError(original.path, 0, reason)
            if checkpoint is not None:
                copy.keep_checkpoint(checkpoint)
            return Copied(
                source=original.path,
                target=copy.path,
                ledger_id=at.ledger_id,
                size=end.size,
                root=end.root,
                added=end.size - begun,
                checkpoint=checkpoint,
            )
        finally:
            copy.close()
    finally:
        original.close()


def promote_copy(target: Place, *, source: Place, wait_s: float = 10.0, tell: Tell | None = None) -> Copied:
    """Let the copy at `target` take the place of the ledger at `source`, which takes no events from then on.

    Brings over all that the copy lacks, before and after the source is sealed. Carries on where an earlier call was cut
    short. Raises as `copy_ledger`, and MovedLedgerError when the source has moved elsewhere, CopiedLedgerError when it is
    itself a copy.
    """
    place = _described(target)
    if place.restriction is None:
        return _already_promoted(target, source, place)
    copied = copy_ledger(source, target, wait_s=wait_s, tell=tell)
    if _described(source).restriction != ("moved", copied.target):
        original = _open(source, read_only=False, wait_s=wait_s)
        try:
            _movable(original).seal(copied.target)
        finally:
            original.close()
    rest = copy_ledger(source, target, wait_s=wait_s, tell=tell)
    _promote(target, rest.ledger_id, copied.source, wait_s)
    return msgspec.structs.replace(rest, added=copied.added + rest.added)


def promote_orphan(target: Place, *, wait_s: float = 10.0) -> Position:
    """Make the copy at `target` a ledger of its own because the original is lost. Returns its end.

    Nothing can seal what is lost: if the original turns up again, it is the same ledger with another history, and has to
    be kept from being written to by whoever finds it. Raises MovedLedgerError when the copy itself has moved on,
    CopyTargetError when there is no copy, BusyError, StorageError.
    """
    place = _described(target)
    if place.restriction is None:
        raise CopyTargetError(place.path, "it is no copy, or was promoted before")
    if place.restriction.kind == "moved":
        raise MovedLedgerError(place.path, place.restriction.other)
    return _promote(target, place.end.ledger_id, place.restriction.other, wait_s)


class _Described(msgspec.Struct, frozen=True):
    path: str
    end: Position
    restriction: Restriction | None


def _described(place: Place) -> _Described:
    """Return what lies at `place`, only reading."""
    log = _open(place)
    try:
        return _Described(log.path, log.head(), log.restriction())
    finally:
        log.close()


def _already_promoted(target: Place, source: Place, place: _Described) -> Copied:
    """Answer the second call about one move; refuse any other ledger that is no copy. Raises CopyTargetError."""
    original = _described(source)
    if original.end.ledger_id != place.end.ledger_id or original.restriction != ("moved", place.path):
        raise CopyTargetError(place.path, "it is no copy, or was promoted before")
    log = _open(target)
    try:
        return Copied(
            source=original.path,
            target=place.path,
            ledger_id=place.end.ledger_id,
            size=place.end.size,
            root=place.end.root,
            added=0,
            checkpoint=log.last_checkpoint(),
        )
    finally:
        log.close()


def _promote(target: Place, ledger_id: bytes, original: str, wait_s: float) -> Position:
    copy = _open_copy(target, ledger_id, original, wait_s)
    try:
        copy.promote()
        return copy.head()
    finally:
        copy.close()


def _check_prefix(original: Log, at: Position, copy: MovableLog) -> int:
    """Return how many events the copy holds, having checked that the original begins with them. Raises CopyTargetError."""
    restriction = copy.restriction()
    if restriction is None or restriction.kind != "copy":
        raise CopyTargetError(copy.path, "it is no copy any more")
    end = copy.head()
    if end.size > at.size:
        raise CopyTargetError(copy.path, f"it holds {end.size} events, {original.path} only {at.size}")
    if root_at(end.size, original.tree(at)) != end.root:
        raise CopyTargetError(copy.path, f"its {end.size} events are another history than that of {original.path}")
    return end.size


def _bring(original: Log, at: Position, copy: MovableLog, begun: int, wait_s: float, tell: Tell | None) -> None:
    """Append the commits of [begun, at.size) to the copy. Raises CopyTargetError when somebody else writes there."""
    spans = original.spans(begun, at.size, at)
    size = begun
    while size < at.size:
        try:
            with copy.writing(wait_s) as next_index:
                if next_index != size:
                    raise CopyTargetError(copy.path, "somebody else is writing to it")
                size = _commit(copy, islice(spans, COMMITS_A_TURN), size)
        except LostRaceError as error:
            raise CopyTargetError(copy.path, "somebody else is writing to it") from error
        if tell is not None:
            tell(size, at.size)


def _commit(copy: MovableLog, spans: Iterator[Span], size: int) -> int:
    """Append each span as one commit; returns the size after them."""
    begun = size
    for span in spans:
        assert span.first == size, "spans follow each other without gaps"
        copy.commit(encode_run(span.entries), leaf_hashes(span.entries))
        size += len(span.entries)
    assert size > begun, "a log gives all the entries below its head, or raises"
    return size


def _open(place: Place, *, read_only: bool = True, wait_s: float = 10.0) -> MovableLog:
    if scheme_of(place) is None:
        return open_folder(place, read_only=read_only, wait_s=wait_s)
    return _movable(open_log(os.fspath(place), read_only=read_only, wait_s=wait_s))


def _open_copy(place: Place, ledger_id: bytes, original: str, wait_s: float) -> MovableLog:
    if scheme_of(place) is None:
        return open_folder_copy(place, ledger_id=ledger_id, original=original, wait_s=wait_s)
    return open_copy(os.fspath(place), ledger_id=ledger_id, original=original, wait_s=wait_s)


def _movable(log: Log) -> MovableLog:
    """Return `log` if it can be moved. Raises OutOfRangeError."""
    if not isinstance(log, MovableLog):
        log.close()
        raise OutOfRangeError("address", log.path, "a kind of ledger that can be copied")
    return log
