"""Which tree do the first events of a ledger make? (size, root) as RFC 6962 §2.1 defines it, for what hangs on a log.

Snapshots and the memory of a verification are bound to this pair: they hold for exactly the log that has it.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Self

from ledger.log import Ledger
from ledger.merkle import HASH_BYTES, carry, leaf_hashes, root_at, root_over

ROOT_BYTES: Final = HASH_BYTES


class Bound(NamedTuple):
    """The first `size` events and the `root` of their tree, 32 bytes."""

    size: int
    root: bytes


class Frontier:
    """The right edge of a growing tree: one hash for each complete subtree, which is all that growing it needs."""

    def __init__(self, peaks: Sequence[bytes] = (), size: int = 0) -> None:
        """Continue from `peaks`, the roots of the complete subtrees of `size` leaves, smallest first."""
        assert len(peaks) == size.bit_count(), "one peak for each bit of the size"
        self.size = size
        left = iter(peaks)
        self._peaks = [next(left) if size >> level & 1 else b"" for level in range(size.bit_length())]

    @classmethod
    def over(cls, entries: Iterable[bytes]) -> Self:
        """Return the frontier of a tree over `entries`."""
        frontier = cls()
        frontier.extend(list(entries))
        return frontier

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, smallest first."""
        return tuple(filter(None, self._peaks))

    @property
    def bound(self) -> Bound:
        """Size and root of the tree as it is."""
        return Bound(self.size, root_over(self._peaks))

    def extend(self, entries: Sequence[bytes]) -> None:
        """Add the leaves of `entries`."""
        deque(carry(self._peaks, leaf_hashes(entries)), maxlen=0)
        self.size += len(entries)


def bound_to(ledger: Ledger, size: int) -> Bound:
    """Return what the log says that its first `size` events are bound to, by a few reads of its tiles.

    Raises BeyondHeadError, CorruptLedgerError.
    """
    head = ledger.head()
    return Bound(size, head.root if size == head.size else root_at(size, ledger.tree_hashes(size)))


def extend_from(frontier: Frontier, ledger: Ledger, size: int) -> None:
    """Grow `frontier` with the entries of `ledger` up to `size`. Raises as `Ledger.entries`."""
    chunk: list[bytes] = []
    for _, entry in ledger.entries(frontier.size, size):
        chunk.append(entry)
        if len(chunk) == _CHUNK_ENTRIES:
            frontier.extend(chunk)
            chunk = []
    frontier.extend(chunk)


_CHUNK_ENTRIES: Final = 4_096
"""Entries hashed together: the level-by-level lists stay small beside a window of reading."""
