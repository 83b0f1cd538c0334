"""Any sequence of appends, failures, crashes and readers, against a list: does the ledger ever differ from it?"""

import random
from collections.abc import Sequence

import pytest
from crash_check import FULL
from fake_storage import FaultyStorage, MemoryStorage
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sample_events import Event, Painted

from ledger import ConflictError, Ledger, StorageError
from ledger.segments import create_log

pytestmark = pytest.mark.slow
WRITERS = st.integers(0, 1)
SIZES = st.lists(st.sampled_from((3, 30, 200, 1_200)), min_size=1, max_size=3)


class LedgerModel(RuleBasedStateMachine):
    """Two writers, as two processes would be, a reader and a follower over one disk; `events` is what must be there.

    `doubtful` is the append that was answered by a StorageError: all of it is there or nothing, and which of the two
    is known when a writer has next caught up.
    """

    @initialize()
    def make(self) -> None:
        self.disk = MemoryStorage()
        create_log(self.disk, bytes(16))
        self.events: list[Painted] = []
        self.doubtful: list[Painted] = []
        self.serial = 0
        self.start()

    def start(self) -> None:
        """Open everything, as after the machine has started."""
        self.faults = [FaultyStorage(self.disk), FaultyStorage(self.disk)]
        self.writers = [self.opened(at) for at in range(2)]
        self.reader = Ledger(self.disk, events=Event, read_only=True)
        self.followed: list[Painted] = []
        self.idle = False
        self.following = self.reader.follow(stop=lambda: self.idle, pause=self.rest)

    def opened(self, at: int) -> Ledger:
        """Open a writer; it catches up, so that nothing is in doubt afterwards."""
        self.faults[at].fail_at = -1
        ledger = Ledger(self.faults[at], events=Event, segment_bytes_max=2_000)
        self.settle(ledger.head().size)
        return ledger

    def settle(self, size: int) -> None:
        """A writer has caught up and found `size` events."""
        self.learn(size)
        self.doubtful = []
        assert size == len(self.events)

    def learn(self, size: int) -> None:
        """Somebody sees `size` events: the doubtful ones are in, or may still come in."""
        if self.doubtful and size == len(self.events) + len(self.doubtful):
            self.events += self.doubtful
            self.doubtful = []

    def new(self, sizes: Sequence[int]) -> list[Painted]:
        """Make events that were never appended before."""
        self.serial += len(sizes)
        return [Painted(f"{self.serial - at}".ljust(size, "."), at) for at, size in enumerate(sizes)]

    def rest(self, _: float) -> None:
        self.idle = True

    @rule(at=WRITERS, sizes=SIZES)
    def append(self, at: int, sizes: list[int]) -> None:
        batch = self.new(sizes)
        first = self.writers[at].append(batch)
        self.settle(first)
        self.events += batch

    @rule(at=WRITERS, batches=st.lists(SIZES, min_size=1, max_size=4))
    def append_many(self, at: int, batches: list[list[int]]) -> None:
        made = [self.new(sizes) for sizes in batches]
        firsts = self.writers[at].append_many(made)
        self.settle(firsts[0])
        for first, batch in zip(firsts, made, strict=True):
            assert first == len(self.events)
            self.events += batch

    @rule(at=WRITERS, sizes=SIZES, off=st.integers(-2, 2))
    def append_conditionally(self, at: int, sizes: list[int], off: int) -> None:
        batch, expected = self.new(sizes), len(self.events) + off
        try:
            first = self.writers[at].append(batch, expected_index=expected)
        except ConflictError as error:
            self.settle(error.actual_index)
            assert expected != len(self.events)
        else:
            self.settle(first)
            assert first == expected
            self.events += batch

    @rule(
        at=WRITERS,
        batches=st.lists(SIZES, min_size=1, max_size=3),
        call=st.integers(0, 14),
        done=st.booleans(),
        dropped=st.booleans(),
    )
    @precondition(lambda self: not self.doubtful)
    def fail(self, at: int, batches: list[list[int]], call: int, done: bool, dropped: bool) -> None:
        """One call of an append fails, carried out or not; with a sync what was dirty may be dropped and called clean."""
        faulty, made = self.faults[at], [self.new(sizes) for sizes in batches]
        faulty.mode, faulty.fail_at = ("reported" if done else "refused"), len(faulty.calls) + call
        try:
            self.writers[at].append_many(made)
        except StorageError:
            self.doubtful = [event for batch in made for event in batch]
            if dropped and faulty.calls[-1] == "sync":
                self.disk.unsynced.clear()
            self.writers[at].close()
        else:
            self.events += [event for batch in made for event in batch]
        self.writers[at] = self.opened(at)

    @rule(
        at=WRITERS,
        sizes=SIZES,
        call=st.integers(0, 14),
        done=st.booleans(),
        seed=st.integers(0, 2**32),
        cut=st.booleans(),
    )
    def crash(self, at: int, sizes: list[int], call: int, done: bool, seed: int, cut: bool) -> None:
        """The machine, or only all programs on it, dies in the middle of an append."""
        batch, faulty = self.new(sizes), self.faults[at]
        faulty.mode, faulty.fail_at = ("reported" if done else "refused"), len(faulty.calls) + call
        try:
            self.settle(self.writers[at].append(batch))
        except StorageError:
            self.doubtful = self.doubtful or batch
        else:
            self.events += batch
        if cut:
            self.disk = self.disk.after_power_cut(random.Random(seed))
        self.start()

    @rule(at=WRITERS)
    def reopen(self, at: int) -> None:
        self.writers[at].close()
        self.writers[at] = self.opened(at)

    @rule(start=st.integers(0, 40), stop=st.integers(0, 40))
    def read(self, start: int, stop: int) -> None:
        size = self.reader.head().size
        start, stop = min(start, size), min(stop, size)
        self.learn(size)
        assert list(self.reader.read(start, stop)) == list(enumerate(self.events))[start:stop]

    @rule()
    def follow(self) -> None:
        self.idle = False
        self.following = self.reader.follow(len(self.followed), stop=lambda: self.idle, pause=self.rest)
        for index, event in self.following:
            assert index == len(self.followed)
            self.followed.append(event)
        self.learn(len(self.followed))
        assert self.followed == self.events

    @invariant()
    def everybody_sees_all_that_was_acknowledged(self) -> None:
        if not hasattr(self, "reader"):
            return
        for ledger in (self.reader, *self.writers):
            events = [event for _, event in ledger.read()]
            self.learn(len(events))
            assert events == self.events


TestLedgerModel = LedgerModel.TestCase
TestLedgerModel.settings = settings(max_examples=1_200 if FULL else 150, stateful_step_count=40 if FULL else 25)
