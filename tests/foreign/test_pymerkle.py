"""Another library for Merkle trees computes the same roots from the same entries."""

from pathlib import Path

import pytest
from exported_log import Noted, entries_of

from ledger import Ledger

pymerkle = pytest.importorskip("pymerkle", reason="pymerkle is not installed: the extra dev brings it")


def test_roots_are_equal_at_every_size(tmp_path: Path) -> None:
    """Ours come from the edge that each commit leaves; theirs from all leaves."""
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    with Ledger.open(tmp_path / "ledger", events=Noted, create=True) as ledger:
        assert ledger.head().root == tree.get_root()
        for index, event in enumerate(entries_of(300)):
            ledger.append([event])
            ((_, entry),) = ledger.entries(index, index + 1)
            tree.append_entry(entry)
            assert ledger.head().root == tree.get_root(), f"after {index + 1} events"
