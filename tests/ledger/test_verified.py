"""Verifying once is enough, and remembering it must never hide that a log was exchanged."""

import hashlib
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_events import Event, painted

from ledger import CorruptLedgerError, Ledger, Snapshots, verified
from ledger._bound import Bound, Frontier, bound_to
from ledger.envelope import KIND_VERIFIED, decode_envelope, encode_envelope

MODULE = sys.modules[verified.__module__]
"""The package's name `verified` is the function."""


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, as it is written there."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def test_the_root_of_the_reference_leaves() -> None:
    """The vectors of the reference implementation of RFC 6962."""
    leaves = [bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    }
    for size, root in roots.items():
        assert Frontier.over(leaves[:size]).bound == (size, bytes.fromhex(root))


@given(st.lists(st.integers(0, 9), max_size=8))
def test_a_frontier_grows_to_the_same_root_in_any_steps(steps: list[int]) -> None:
    """What is remembered is a frontier; going on from it must be as good as beginning anew."""
    leaves = [bytes([at]) for at in range(sum(steps))]
    frontier = Frontier()
    for size in steps:
        begin = frontier.size
        frontier = Frontier(frontier.peaks, frontier.size)
        frontier.extend(leaves[begin : begin + size])
        assert frontier.bound == (frontier.size, root_of(leaves[: frontier.size]))


@pytest.fixture
def hashed(monkeypatch: Any):
    """Count the entries that `verified` hashes; the log's own claim is not counted."""
    counted: list[int] = []
    real = MODULE.extend_from

    def counting(frontier: Frontier, ledger: Ledger, size: int) -> None:
        counted.append(size - frontier.size)
        real(frontier, ledger, size)

    monkeypatch.setattr(MODULE, "extend_from", counting)
    return counted


def test_only_what_is_new_is_hashed_again(tmp_path: Path, hashed: list[int]) -> None:
    """The first look costs the whole tree, the later ones what was appended since."""
    memory = Snapshots(tmp_path / "memory")
    with Ledger.open(tmp_path / "ledger", events=Event, create=True, segment_bytes_max=400) as ledger:
        for count in (11, 11, 11, 0):
            if count:
                ledger.append(painted(count, ledger.head().size))
            assert verified(ledger, memory) == bound_to(ledger, ledger.head().size)
    assert hashed == [11, 11, 11, 0]


def test_a_memory_of_another_history_is_forgotten(tmp_path: Path, hashed: list[int]) -> None:
    """The whole log was exchanged for another whole one that was longer: found by the root, hashed from the start."""
    memory = Snapshots(tmp_path / "memory")
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(2))
    shutil.copytree(tmp_path / "ledger", tmp_path / "fork")
    for name, start in (("ledger", 2), ("fork", 7)):
        with Ledger.open(tmp_path / name, events=Event) as ledger:
            ledger.append(painted(3 + start, start))
            assert verified(ledger, memory) == bound_to(ledger, ledger.head().size)
    assert hashed == [7, 5, 12]


def test_a_damaged_memory_is_forgotten(tmp_path: Path, hashed: list[int]) -> None:
    """Every flipped bit: the answer is right, and comes from the log."""
    memory = Snapshots(tmp_path / "memory")
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(5))
        bound = verified(ledger, memory)
        (path,) = (tmp_path / "memory").glob("*.verified")
        whole = path.read_bytes()
        for at in range(len(whole)):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
            assert verified(ledger, memory) == bound
            assert path.read_bytes() == whole
    assert set(hashed) == {5}


def test_entries_that_do_not_make_the_claimed_tree_are_damage(tmp_path: Path, monkeypatch: Any) -> None:
    """Whatever was remembered."""
    memory = Snapshots(tmp_path / "memory")
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(5))
        bound = verified(ledger, memory)
        monkeypatch.setattr(MODULE, "bound_to", lambda _, size: Bound(size, bytes(32)))
        with pytest.raises(CorruptLedgerError, match=f"{bound.root.hex()}.*claims {bytes(32).hex()}"):
            verified(ledger, memory)


def test_a_read_only_memory_is_not_written(tmp_path: Path) -> None:
    """An auditor who may not write still gets an answer."""
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        assert verified(ledger, Snapshots(tmp_path / "memory", read_only=True)).size == 0
    assert not (tmp_path / "memory").exists()


def test_a_memory_that_contradicts_itself_is_forgotten(tmp_path: Path, hashed: list[int]) -> None:
    """Its peaks must make its root: whoever wrote it otherwise cannot be believed in the rest."""
    memory = Snapshots(tmp_path / "memory")
    with Ledger.open(tmp_path / "ledger", events=Event, create=True) as ledger:
        ledger.append(painted(5))
        bound = verified(ledger, memory)
        (path,) = (tmp_path / "memory").glob("*.verified")
        head = msgspec.msgpack.decode(decode_envelope(KIND_VERIFIED, path.read_bytes()).head, type=MODULE.VerifiedHead)
        for wrong in ({"root": bytes(32)}, {"peaks": head.peaks[:1]}, {"size": 6}, {"ledger_id": bytes(16)}):
            changed = msgspec.msgpack.encode(msgspec.structs.replace(head, **wrong))
            path.write_bytes(encode_envelope(KIND_VERIFIED, changed, b""))
            assert verified(ledger, memory) == bound
    assert hashed == [5] * 5
