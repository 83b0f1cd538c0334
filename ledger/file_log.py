"""How does a ledger read, sign and move a log that lies in files? `segments` appends; this adds what the protocol asks beside."""

import threading
import time
from collections.abc import Iterator

from ledger.backend import Head, Position, Restriction, Span
from ledger.checkpoint import Checkpoint
from ledger.frame import FRAME_HEADER_BYTES, split_run
from ledger.issuing import issue_checkpoint, keep_checkpoint, read_checkpoint
from ledger.mark import Mark
from ledger.merkle import HashReader
from ledger.reading import Commit, entries_of, file_path
from ledger.restriction import lift_restriction, read_restriction, write_restriction
from ledger.segments import SegmentLog
from ledger.signer import Signer
from ledger.tree import TileReader


class FileLog(SegmentLog):
    """The `backend.Log` of segment files. Positions are marks."""

    def describe(self, at: Position) -> Head:
        """Return what callers are told of the mark `at`."""
        mark = _mark(at)
        return Head(
            ledger_id=mark.ledger_id,
            size=mark.size,
            segments=mark.segment + 1,
            end_offset=mark.end_offset,
            root=mark.root,
        )

    def spans(self, start: int, stop: int, at: Position, known: Position | None = None) -> Iterator[Span]:
        """Yield, commit by commit, the entries of [start, stop). Raises CorruptLedgerError."""
        for commit in self.commits(start, stop, _mark(at), None if known is None else _mark(known)):
            first, entries = entries_of(self._storage, commit, start, stop)
            yield Span(first, entries, commit)

    def place(self, span: Span, position: int) -> tuple[str, int]:
        """Say in which segment, and at which byte of it, the entry lies."""
        commit = span.commit
        assert isinstance(commit, Commit), "a span is given back to the log that it is from"
        whole = split_run(commit.frame.body, commit.frame.event_count)
        before = sum(2 + len(entry) for entry in whole[: span.first + position - commit.frame.first_index])
        return file_path(self._storage, commit.name), commit.offset + FRAME_HEADER_BYTES + before

    def tree(self, at: Position) -> HashReader:
        """Return a reader of the hashes of the tree at the mark `at`."""
        return TileReader(self._storage, _mark(at)).nodes

    def last_checkpoint(self, signer: Signer | None = None) -> Checkpoint | None:
        """Return the checkpoint that the folder holds; see `issuing.read_checkpoint`."""
        self.check_usable()
        return read_checkpoint(self._storage, signer)

    def sign(self, signer: Signer) -> Checkpoint:
        """Settle the log and sign its end; see `issuing.issue_checkpoint`."""
        with self.settled() as (mark, edge):
            return issue_checkpoint(self._storage, mark, edge, signer)

    def restriction(self) -> Restriction | None:
        """Return why nobody may append here, as it is now."""
        self.check_usable()
        return read_restriction(self._storage)

    def seal(self, successor: str) -> Mark:
        """Refuse all appends from now on; see `backend.MovableLog`. What a crash left above the mark is settled first."""
        if self.restriction() == ("moved", successor):
            return self.head()
        with self.settled() as (mark, _):
            write_restriction(self._storage, Restriction("moved", successor))
            return mark

    def promote(self) -> None:
        """Make a copy a ledger of its own."""
        self.check_writable()
        with self._storage.lock(self._wait_s):
            there = read_restriction(self._storage)
            if there is not None and there.kind == "copy":
                lift_restriction(self._storage)

    def keep_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint that was signed elsewhere; see `backend.MovableLog`."""
        with self.settled() as (mark, _):
            keep_checkpoint(self._storage, mark, checkpoint)

    def wait(self, seconds: float, ended: threading.Event | None = None) -> None:
        """Files call nobody: sleep, or until `ended` is set."""
        (ended.wait if ended is not None else time.sleep)(seconds)


def _mark(at: Position) -> Mark:
    assert isinstance(at, Mark), "a position is given back to the log that it is from"
    return at
