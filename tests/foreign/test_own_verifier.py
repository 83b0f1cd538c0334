"""Our own verifier refuses the same tampering in a living ledger, also by somebody who computes every checksum anew."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from exported_log import OLDER, SIZE, Exported, Noted, entries_of, export_log, forked, forked_after, rolled_back

from ledger import InvalidProofError, Ledger, Verification, parse_checkpoint, parse_vkey, prove_consistency, verify


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_log(tmp_path_factory.mktemp("log"), entries_of(SIZE), OLDER)


def _checked(folder: Path, vkey: str) -> Verification:
    return verify(folder, events=Noted, vkey=vkey)


def test_the_good_ledger_has_no_findings(log: Exported) -> None:
    assert _checked(log.folder.parent / "ledger", log.vkey).findings == ()


@pytest.mark.parametrize(
    "name",
    [
        "segments/00000000000000000000.seg",
        "mark",
        "checkpoint",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
    ],
)
@pytest.mark.parametrize("at", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_changed_byte_of_any_file_is_found_and_named(log: Exported, name: str, at: float, tmp_path: Path) -> None:
    shutil.copytree(log.folder.parent / "ledger", tmp_path / "ledger")
    file = tmp_path / "ledger" / name
    data = bytearray(file.read_bytes())
    data[int(at * (len(data) - 1))] ^= 1
    file.write_bytes(data)
    assert name in {finding.subject for finding in _checked(tmp_path / "ledger", log.vkey).findings}


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/001", "mark", "segments/00000000000000000000.seg"])
def test_a_missing_file_is_found_and_named(log: Exported, name: str, tmp_path: Path) -> None:
    shutil.copytree(log.folder.parent / "ledger", tmp_path / "ledger")
    (tmp_path / "ledger" / name).unlink()
    assert name in {finding.subject for finding in _checked(tmp_path / "ledger", log.vkey).findings}


REWRITINGS: dict[str, Callable[[list[Noted]], list[Noted]]] = {
    "event changed": lambda events: [*events[:99], Noted("another"), *events[100:]],
    "first event changed": lambda events: [Noted("another"), *events[1:]],
    "last event changed": lambda events: [*events[:-1], Noted("another")],
    "events reordered": lambda events: [*events[:99], events[100], events[99], *events[101:]],
    "event duplicated": lambda events: [*events[:100], *events[99:]],
    "event removed": lambda events: [*events[:99], *events[100:]],
    "truncated": lambda events: events[:-1],
    "emptied": lambda events: events[:0],
}


@pytest.mark.parametrize("name", REWRITINGS)
def test_a_rewritten_ledger_does_not_fit_its_checkpoint(log: Exported, name: str, tmp_path: Path) -> None:
    """Whoever has the files but not the key can make a whole ledger, and cannot sign it."""
    events = REWRITINGS[name](entries_of(SIZE))
    with Ledger.open(tmp_path / "ledger", events=Noted, create=True) as forged:
        if events:
            forged.append(events)
    assert verify(tmp_path / "ledger", events=Noted).ok, "the forgery is whole in itself"
    shutil.copy(log.folder / "checkpoint", tmp_path / "ledger/checkpoint")
    assert {finding.check for finding in _checked(tmp_path / "ledger", log.vkey).findings} == {"checkpoint"}


@pytest.mark.parametrize("tamper", [forked, forked_after, rolled_back])
def test_a_second_history_does_not_extend_a_checkpoint_that_was_kept(
    log: Exported, tamper: Callable[[Exported, Path], Exported], tmp_path: Path
) -> None:
    """The owner signed it, so that it is whole; only what somebody kept elsewhere tells that it was another before."""
    folder = tamper(log, tmp_path).folder.parent / "ledger"
    assert _checked(folder, log.vkey).ok
    kept = parse_checkpoint(log.older.read_bytes(), parse_vkey(log.vkey))
    with Ledger.open(folder, events=Noted, read_only=True) as ledger:
        now = ledger.last_checkpoint()
        assert now is not None
        with pytest.raises(InvalidProofError):
            prove_consistency(ledger, kept, now)


def test_the_true_history_extends_it(log: Exported) -> None:
    """Guards the test above."""
    kept = parse_checkpoint(log.older.read_bytes(), parse_vkey(log.vkey))
    with Ledger.open(log.folder.parent / "ledger", events=Noted, read_only=True) as ledger:
        now = ledger.last_checkpoint()
        assert now is not None
        assert prove_consistency(ledger, kept, now)
