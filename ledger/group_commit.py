"""How do appends of many threads share one sync? They queue, and whoever is first in line writes for all in line.

No thread is made and nothing is timed: an append that finds nobody at work leads at once, so one thread alone pays for
a queue of one. Appends that arrive while the leader waits for the disk are the next group; the first of them leads it.
A group becomes one commit where it fits, because a repair takes damage that is followed by a whole commit for more than
a torn tail: several commits must never lie unsynced at the same time.

Sharing changes nothing that a caller can see but the time: order is arrival, every append is whole or absent, has its
own range of indexes and its own refusal. A log without a lock may lose the index that it gave to another process; then
nothing of the commit is there, and what is left of the group is planned anew behind what came first, so that a
conditional append gets the refusal that it should. The main path is `GroupCommit.append` -> `_lead` -> `plan_group`.
"""

import threading
import time
from collections import deque
from collections.abc import Sequence
from errno import EAGAIN, EINTR
from typing import NamedTuple

from ledger.backend import Log
from ledger.errors import BusyError, ConflictError, LostRaceError, OutOfRangeError, StorageError
from ledger.frame import encode_run
from ledger.layout import COMMIT_BYTES_MAX, COMMIT_EVENTS_MAX
from ledger.merkle import leaf_hashes


class Batch(NamedTuple):
    """Events that stay together in one commit: their entry run `body`, and the hash of each as a leaf of the tree.

    Both are made by the thread that appends, while others wait for the disk.
    """

    body: bytes
    leaves: list[bytes]

    @property
    def event_count(self) -> int:
        """How many events."""
        return len(self.leaves)


class GroupPlan(NamedTuple):
    """The batches of each commit to write, and for each request the first index of its batches, or its refusal."""

    commits: list[list[Batch]]
    outcomes: list[list[int] | ConflictError]


class Request:
    """One call that waits in line: its batches, the index that it expects, and what became of it."""

    __slots__ = ("batches", "deadline_s", "expected_index", "failure", "firsts", "has_left", "kept", "turn")

    def __init__(self, batches: Sequence[Batch], expected_index: int | None, deadline_s: float) -> None:
        self.batches = batches
        self.expected_index = expected_index
        self.deadline_s = deadline_s
        self.turn: threading.Lock | None = None
        self.firsts: list[int] | None = None
        self.failure: ConflictError | StorageError | None = None
        self.kept: list[int] = []
        self.has_left = False

    @property
    def is_decided(self) -> bool:
        """Tell whether a leader has dealt with this request."""
        return self.firsts is not None or self.failure is not None

    def decide(self, outcome: list[int] | ConflictError | StorageError) -> None:
        """Note what became of this request; what was decided before stays."""
        if self.is_decided:
            return
        if isinstance(outcome, list):
            self.firsts = self.kept + outcome
        else:
            self.failure = outcome

    def keep(self, firsts: list[int]) -> None:
        """Note that so many of the batches are written, with these first indexes; the rest stays to be planned."""
        self.kept += firsts
        self.batches = self.batches[len(firsts) :]
        self.expected_index = None if self.kept else self.expected_index


def batch_of(entries: Sequence[bytes]) -> Batch:
    """Return `entries` as a batch. Raises OutOfRangeError unless a commit can hold them."""
    if not 0 < len(entries) <= COMMIT_EVENTS_MAX:
        raise OutOfRangeError("number of events", len(entries), f"1 to {COMMIT_EVENTS_MAX:,} in one append")
    body = encode_run(entries)
    if len(body) > COMMIT_BYTES_MAX:
        raise OutOfRangeError("size of the events", len(body), f"at most {COMMIT_BYTES_MAX:,} bytes in one append")
    return Batch(body, leaf_hashes(entries))


def plan_group(requests: Sequence[Request], next_index: int) -> GroupPlan:
    """Plan the commits for `requests` in their order, where `next_index` is free. Pure.

    A request that expects another index than it would get is refused and takes no index, so that those behind it are
    answered as if it had come alone. Commits are as few as the limits of a frame allow, and no batch is split.
    """
    commits: list[list[Batch]] = []
    outcomes: list[list[int] | ConflictError] = []
    events = size = 0
    for request in requests:
        if request.expected_index not in (None, next_index):
            assert request.expected_index is not None, "None is always allowed"
            outcomes.append(ConflictError(request.expected_index, next_index))
            continue
        firsts = []
        for batch in request.batches:
            events, size = events + batch.event_count, size + len(batch.body)
            if not commits or events > COMMIT_EVENTS_MAX or size > COMMIT_BYTES_MAX:
                commits.append([])
                events, size = batch.event_count, len(batch.body)
            commits[-1].append(batch)
            firsts.append(next_index)
            next_index += batch.event_count
        outcomes.append(firsts)
    return GroupPlan(commits, outcomes)


class GroupCommit:
    """The way into a log for any number of threads."""

    def __init__(self, log: Log, wait_s: float) -> None:
        """Append to `log`; nobody waits for the writer lock for more than `wait_s` seconds, the line included."""
        self._log = log
        self._wait_s = wait_s
        self._gate = threading.Lock()
        self._line: deque[Request] = deque()
        self._leader: Request | None = None

    def append(self, batches: Sequence[Batch], expected_index: int | None = None) -> list[int]:
        """Append `batches` one after the other and return the first index of each; all are durable on return.

        Each batch is whole or absent. Raises ConflictError or BusyError with nothing written, CorruptLedgerError, or
        StorageError, after which it is unknown which batches are there, but those are the first ones.
        """
        self._log.check_writable()
        request = Request(batches, expected_index, time.monotonic() + self._wait_s)
        try:
            if not self._leads(request):
                assert request.turn is not None, "whoever does not lead has been given a turn to wait for"
                request.turn.acquire()
            if not request.is_decided:
                self._lead(request)
        finally:
            # Also when a signal ends the wait: a line whose head has gone away would never move again.
            if self._leader is request or not request.is_decided:
                self._leave(request)
        if request.failure is not None:
            raise request.failure
        assert request.firsts is not None, "a request is decided one way or the other"
        return request.firsts

    def _leads(self, request: Request) -> bool:
        """Put `request` at the end of the line; tell whether it is to lead now."""
        with self._gate:
            self._line.append(request)
            if self._leader is None:
                self._leader = request
                return True
            request.turn = threading.Lock()
            request.turn.acquire()
            return False

    def _lead(self, own: Request) -> None:
        """Write for everybody who is in line when the lock has come free, `own` first."""
        group: list[Request] = []
        try:
            outcomes = None
            while outcomes is None:
                try:
                    with self._log.writing(max(0.0, own.deadline_s - time.monotonic())) as next_index:
                        group = self._next_group()
                        assert group[0] is own, "only the head of the line leads"
                        outcomes = self._write(group, next_index)
                except LostRaceError:  # of the whole block, where commits become durable together when it is left
                    outcomes = None
                if outcomes is None:
                    self._line_up_again(group)
                    group = []
                    if time.monotonic() >= own.deadline_s:
                        raise BusyError(self._log.path, self._wait_s)
            for request, outcome in zip(group, outcomes, strict=True):
                request.decide(outcome)
        except BusyError:
            if own.kept:
                raise _cut_short(self._log.path, own) from None
            raise BusyError(self._log.path, self._wait_s) from None  # It waited in line before it waited for the lock.
        except BaseException as error:
            for request in group:
                request.decide(_told(error, self._log.path))
            raise
        finally:
            for request in group:
                if request.turn is not None and request is not own:
                    request.turn.release()

    def _write(self, group: Sequence[Request], next_index: int) -> list[list[int] | ConflictError] | None:
        """Write what `group` asks for and return what becomes of each; None when another writer was first at some index."""
        plan = plan_group(group, next_index)
        written = 0
        for batches in plan.commits:
            leaves = [leaf for batch in batches for leaf in batch.leaves]
            try:
                self._log.commit(b"".join(batch.body for batch in batches), leaves)
            except LostRaceError:
                if written:
                    (firsts,) = plan.outcomes
                    assert isinstance(firsts, list), (
                        "only a request that is alone needs several commits, and it is under way"
                    )
                    group[0].keep(firsts[:written])
                return None
            written += len(batches)
        return plan.outcomes

    def _next_group(self) -> list[Request]:
        """Take from the line what goes into one commit; a first request that is larger is taken alone."""
        with self._gate:
            group = [self._line.popleft()]
            events, size = _extent(group[0])
            while self._line:
                more_events, more_size = _extent(self._line[0])
                events, size = events + more_events, size + more_size
                if events > COMMIT_EVENTS_MAX or size > COMMIT_BYTES_MAX:
                    break
                group.append(self._line.popleft())
        return group

    def _line_up_again(self, group: Sequence[Request]) -> None:
        """Put `group` back at the head of the line, but for those whose threads have gone away meanwhile."""
        with self._gate:
            self._line.extendleft(request for request in reversed(group) if not request.has_left)

    def _leave(self, request: Request) -> None:
        """Take `request` out of line and lead, and let the next in line lead."""
        with self._gate:
            request.has_left = True
            if not request.is_decided and request in self._line:
                self._line.remove(request)
            if self._leader is request:
                self._leader = self._line[0] if self._line else None
                if self._leader is not None and self._leader.turn is not None:
                    self._leader.turn.release()


def _extent(request: Request) -> tuple[int, int]:
    return sum(batch.event_count for batch in request.batches), sum(len(batch.body) for batch in request.batches)


def _cut_short(path: str, request: Request) -> StorageError:
    """Return what to tell somebody who waited in vain when some of the batches were written already."""
    reason = (
        f"the first {len(request.kept)} batches are written, but other writers came first with every one after them"
    )
    return StorageError(path, "append", reason, EAGAIN)


def _told(error: BaseException, path: str) -> StorageError:
    """Return what to tell somebody whose events were under way when `error` stopped another thread."""
    if isinstance(error, StorageError):
        told = StorageError(error.path, error.operation, error.reason, error.errno)
        told.__cause__ = error
        return told
    reason = f"the thread that wrote for this one was stopped by {type(error).__name__}"
    return StorageError(path, "append", reason, EINTR)
