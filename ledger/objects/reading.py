"""Which commits hold a range of events? Reads objects, and checks every byte and that each continues the one before.

What was read or written last is kept in memory for a while, because whoever learns of a commit mostly reads it next. A
long range is fetched ahead, several objects at a time, by the names of a listing.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Final

from ledger.errors import CorruptLedgerError, DamagedBytesError
from ledger.layout import COMMIT_EVENTS_MAX
from ledger.merkle import EMPTY_ROOT, root_over
from ledger.objects.commit import KIND_SEAL, LOG_FOLDER, CommitObject, decode_commit, log_name, parse_log_name
from ledger.objects.head import End
from ledger.objects.store import Listed, Objects

KEPT_BYTES_MAX: Final = 4 << 20
"""Bytes of commits that are kept after they were read or written."""

SINGLE_NEWS: Final = 16
"""New objects that are asked for one by one before a listing is: whoever keeps up with a log finds a few each time."""

ROUNDS_MAX: Final = 8
"""How often a reader begins anew with what was added while he read what was new."""

SINGLE_READS: Final = 4
"""Objects that are fetched one by one before a listing is asked for: most ranges are the last few commits."""


class CommitReader:
    """Gives the commits of one log. Safe for many threads."""

    def __init__(self, objects: Objects, ledger_id: bytes) -> None:
        self._objects = objects
        self._ledger_id = ledger_id
        self._kept: OrderedDict[int, CommitObject] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def path_of(self, first_index: int) -> str:
        """Spell the full path of an object, for messages."""
        return f"{self._objects.path}/{log_name(first_index)}"

    def find(self, first_index: int) -> CommitObject | None:
        """Return the object of event `first_index`, None when there is none. Raises CorruptLedgerError, StorageError."""
        with self._lock:
            kept = self._kept.get(first_index)
        if kept is not None:
            return kept
        data = self._objects.read(log_name(first_index))
        if data is None:
            return None
        commit = self._decode(first_index, data)
        self.remember(commit)
        return commit

    def remember(self, commit: CommitObject) -> None:
        """Keep `commit` in memory, in place of the oldest that are kept."""
        with self._lock:
            if commit.first_index in self._kept:
                return
            self._kept[commit.first_index] = commit
            self._kept_bytes += len(commit.body)
            while self._kept_bytes > KEPT_BYTES_MAX:
                _, oldest = self._kept.popitem(last=False)
                self._kept_bytes -= len(oldest.body)

    def check_chain(self, commit: CommitObject, root: bytes) -> None:
        """Raise CorruptLedgerError unless `commit` continues the tree with `root`."""
        if commit.before != root:
            reason = "it continues another history than the one before it"
            raise CorruptLedgerError(self.path_of(commit.first_index), 0, reason)

    def commits(self, start: int, stop: int, end: End, known: End | None) -> Iterator[CommitObject]:
        """Yield, in order, every commit that holds an event of [start, stop), where stop is at most `end.size`.

        `known` is an older end. Raises CorruptLedgerError for any gap, disorder or changed byte, StorageError.
        """
        if start >= stop:
            return
        index = self._first_of(start, end, known)
        root = EMPTY_ROOT if not index else known.root if known and known.size == index else None
        for commit in self._from(index, stop):
            if commit.first_index != index or commit.kind == KIND_SEAL:
                raise CorruptLedgerError(self.path_of(index), 0, f"the commit of event {index} is missing")
            if root is not None:
                self.check_chain(commit, root)
            index, root = commit.end, root_over(commit.peaks)
            if index > end.size or (index == end.size and root != end.root):
                reason = "the log does not end here as it did when it was opened"
                raise CorruptLedgerError(self.path_of(commit.first_index), 0, reason)
            yield commit
            if index >= stop:
                return
        raise CorruptLedgerError(self.path_of(index), 0, f"the commit of event {index} is missing")

    def news(self, index: int) -> Iterator[CommitObject]:
        """Yield the objects from `index` on, and of those that are being added meanwhile maybe some.

        Whoever runs after writers that are faster than he is stops after some rounds, each of which ends behind all that
        was there when it began. Raises CorruptLedgerError, StorageError.
        """
        for _ in range(ROUNDS_MAX):
            for _ in range(SINGLE_NEWS):
                commit = self.find(index)
                if commit is None:
                    return
                yield commit
                index = commit.end
                if commit.kind == KIND_SEAL:
                    return
            listed = list(self._objects.listing(LOG_FOLDER, log_name(index - 1)))
            if len(listed) <= SINGLE_NEWS:
                continue
            for commit in self._fetch(listed):
                if commit.first_index != index:
                    raise CorruptLedgerError(self.path_of(index), 0, f"the commit of event {index} is missing")
                self.remember(commit)
                yield commit
                index = commit.end

    def last_before(self, index: int) -> CommitObject | None:
        """Return the newest commit that begins before `index`. Raises CorruptLedgerError when there is none."""
        first = self._newest_up_to(index - 1)
        return self.find(first)

    def _from(self, index: int, stop: int) -> Iterator[CommitObject]:
        """Yield the objects from `index` on: those in memory, then some one by one, then by their names."""
        left = SINGLE_READS
        while left > 0 or index in self._kept:
            left -= index not in self._kept
            commit = self.find(index)
            if commit is None:
                return
            yield commit
            index = commit.end
            if index >= stop:
                return
        listed = self._objects.listing(LOG_FOLDER, log_name(index - 1))
        yield from self._fetch(takewhile(lambda one: (parse_log_name(one.name) or 0) < stop, listed))

    def _fetch(self, listed: Iterable[Listed]) -> Iterator[CommitObject]:
        """Yield the objects that are listed, several being fetched at the same time."""
        for name, data in self._objects.read_ahead(listed):
            first = parse_log_name(name)
            if first is None or data is None:
                raise CorruptLedgerError(
                    f"{self._objects.path}/{name}", 0, "no commit has this name, or it was deleted"
                )
            yield self._decode(first, data)

    def _first_of(self, start: int, end: End, known: End | None) -> int:
        """Return the first index of the commit that holds event `start`."""
        if not start or (known and known.size == start):
            return start
        if start >= end.last:
            return end.last
        with self._lock:
            for commit in self._kept.values():
                if commit.first_index <= start < commit.end:
                    return commit.first_index
        return self._newest_up_to(start)

    def _newest_up_to(self, index: int) -> int:
        """Return the highest first index that is at most `index`: by listings that begin ever farther before it."""
        for back in (1 << 8, 1 << 12, COMMIT_EVENTS_MAX):
            after = log_name(index - back - 1) if index > back else ""
            firsts = (parse_log_name(one.name) for one in self._objects.listing(LOG_FOLDER, after))
            found = [first for first in takewhile(lambda at: at is None or at <= index, firsts) if first is not None]
            if found:
                return found[-1]
        raise CorruptLedgerError(self.path_of(index), 0, f"the commit of event {index} is missing")

    def _decode(self, first_index: int, data: bytes) -> CommitObject:
        try:
            return decode_commit(data, self._ledger_id, first_index)
        except DamagedBytesError as error:
            raise CorruptLedgerError(self.path_of(first_index), error.offset, error.reason) from error
