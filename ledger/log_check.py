"""Is every entry of a log what was written, wherever the log lies? `verify` for logs that are no files; changes nothing.

Reads all entries below the head through the protocol, grows the tree from nothing, and compares what the log says of itself
on the way: the order of commits, full tiles, the root of the head, the checkpoint. A log refuses to read on where bytes are
damaged, so that the first such place is reported and the entries after it are not looked at.
"""

from collections.abc import Sequence

from ledger.backend import Log, Position, Span
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.edge import EMPTY_EDGE, FullTile, edge_root, grow, split_hashes
from ledger.errors import CorruptLedgerError, InvalidNoteError
from ledger.layout import CHECKPOINT_NAME, MARK_NAME
from ledger.merkle import Node, leaf_hashes
from ledger.note import VerifierKey, parse_vkey
from ledger.tiles import TILE_HEIGHT, Tile, format_path
from ledger.tree_check import CheckName
from ledger.verify import Finding, Verification


def check_log(log: Log, *, vkey: str | None = None) -> Verification:
    """Check all that lies below the head of `log` as it is now.

    Given the verifier key `vkey` of its signer, there must be a checkpoint with its signature; without one only the form of
    the checkpoint is checked, and whether the log begins with what it says. The subject of a finding is the path of what is
    damaged, a tile's name, `checkpoint`, or `mark` for the head. Memory is constant; every full tile is asked for once.
    Raises InvalidKeyError, StorageError, LedgerClosedError; damage is reported, never raised.
    """
    check = _Check(log, None if vkey is None else parse_vkey(vkey))
    try:
        at = log.head()
    except CorruptLedgerError as error:
        check.find("mark", error.path, error.offset, error.reason)
        return check.result(0)
    check.look_at_checkpoint(at)
    check.read(at)
    check.finish(at)
    return check.result(log.describe(at).end_offset)


class _Check:
    """One run over one log; gathers findings."""

    def __init__(self, log: Log, key: VerifierKey | None) -> None:
        self._log = log
        self._key = key
        self._findings: list[Finding] = []
        self._edge = EMPTY_EDGE
        self._is_whole = True
        self._checkpoint: Checkpoint | None = None
        self._root_there: bytes | None = None

    def find(self, check: CheckName, subject: str, offset: int, detail: str) -> None:
        """Note one fault."""
        self._findings.append(Finding(check=check, subject=subject, offset=offset, detail=detail))

    def result(self, size_bytes: int) -> Verification:
        """Return what was seen."""
        findings = tuple(sorted(self._findings, key=lambda one: (one.subject, one.offset)))
        return Verification(events=self._edge.size, segments=0, bytes=size_bytes, findings=findings)

    def look_at_checkpoint(self, at: Position) -> None:
        """Read the checkpoint and check its signature."""
        try:
            last = self._log.last_checkpoint()
            if last is None:
                if self._key is not None:
                    detail = "the ledger was never signed, or its checkpoint is missing"
                    self.find("checkpoint", CHECKPOINT_NAME, 0, detail)
                return
            self._checkpoint = parse_checkpoint(last.text, self._key)
        except CorruptLedgerError as error:
            self.find("checkpoint", error.path, error.offset, error.reason)
        except InvalidNoteError as error:
            self.find("checkpoint", CHECKPOINT_NAME, 0, error.reason)
        if self._checkpoint is not None and self._checkpoint.size > at.size:
            detail = f"it says {self._checkpoint.size} events, the log holds {at.size}: the log was cut"
            self.find("checkpoint", CHECKPOINT_NAME, 0, detail)
            self._checkpoint = None

    def read(self, at: Position) -> None:
        """Read every commit up to `at`, until one cannot be read."""
        try:
            for span in self._log.spans(0, at.size, at):
                if span.first != self._edge.size:
                    path, offset = self._log.place(span, 0)
                    self.find("order", path, offset, f"a commit of event {span.first} where {self._edge.size} is due")
                    self._is_whole = False
                    return
                self._add(span, at)
        except CorruptLedgerError as error:
            self.find("frame", error.path, error.offset, error.reason)
            self._is_whole = False

    def _add(self, span: Span, at: Position) -> None:
        leaves = leaf_hashes(span.entries)
        signed = self._checkpoint.size if self._checkpoint else 0
        if self._edge.size <= signed <= self._edge.size + len(leaves):
            count = signed - self._edge.size
            self._root_there = edge_root(grow(self._edge, leaves[:count])[0])
        self._edge, full = grow(self._edge, leaves)
        self._compare(full, at)

    def _compare(self, full: Sequence[FullTile], at: Position) -> None:
        """Compare full tiles, as they should be, with what the log has; one question for all."""
        if not full:
            return
        nodes = [node for tile, _ in full for node in _nodes_of(tile)]
        try:
            found = iter(self._log.tree(at)(nodes))
        except CorruptLedgerError as error:
            self.find("tile", error.path, error.offset, error.reason)
            return
        for tile, data in full:
            expected = split_hashes(data)
            wrong = [number for number, each in enumerate(expected) if next(found) != each]
            if wrong:
                offset = wrong[0] * len(expected[0])
                self.find("tile", format_path(tile), offset, "the tile does not hold the hashes of the entries")

    def finish(self, at: Position) -> None:
        """Compare roots when all entries have been seen."""
        if not self._is_whole:
            return
        if self._edge.size != at.size:
            self.find("length", MARK_NAME, 0, f"the commits end at event {self._edge.size}, the head says {at.size}")
        elif edge_root(self._edge) != at.root:
            self.find("mark", MARK_NAME, 0, f"the entries give another root than the head says for {at.size}")
        last = self._checkpoint
        there = edge_root(EMPTY_EDGE) if last is not None and not last.size else self._root_there
        if last is not None and there != last.root:
            detail = f"the log does not begin with the {last.size} events that were signed"
            self.find("checkpoint", CHECKPOINT_NAME, 0, detail)


def _nodes_of(tile: Tile) -> list[Node]:
    first = tile.index * tile.width
    return [Node(TILE_HEIGHT * tile.level, first + number) for number in range(tile.width)]
