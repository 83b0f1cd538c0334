"""A verifier in another language, over libraries that are not ours, accepts what we export and refuses what was changed.

Our own verifier could share a misunderstanding with our own writer; this one cannot.
"""

from pathlib import Path

import go_program
import pytest
from exported_log import (
    OLDER,
    ONLY_WITH_THE_OLDER,
    REASONS,
    SIZE,
    TAMPERINGS,
    Exported,
    Noted,
    copy_of,
    entries_of,
    export_log,
)

from ledger import Ledger, Signer, export, prove


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return go_program.build(tmp_path_factory.mktemp("go"))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export_log(tmp_path_factory.mktemp("log"), entries_of(SIZE), OLDER)


def test_the_good_log_is_accepted(program: Path, log: Exported) -> None:
    """Signature, root, every tile, inclusion and consistency, by golang.org/x/mod/sumdb."""
    verdict = go_program.run(program, "-older", log.older, log.vkey, log.folder)
    assert verdict.accepted, verdict.said
    for line in (f"over {SIZE} entries", "4 hash tiles", "extends the checkpoint over 300 entries"):
        assert line in verdict.said


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512])
def test_logs_of_every_shape_are_accepted(program: Path, size: int, tmp_path: Path) -> None:
    """Empty, full and just over full: where off-by-one errors live."""
    log = export_log(tmp_path, entries_of(size), size // 2)
    verdict = go_program.run(program, "-older", log.older, log.vkey, log.folder)
    assert verdict.accepted, verdict.said


def test_a_log_with_a_third_level_is_accepted(program: Path, tmp_path: Path) -> None:
    """65,536 events fill a tile of level 1, and folders get a second part."""
    log = export_log(tmp_path, [Noted(str(number)) for number in range(65_535)], 1)
    signer = Signer("ledger.example/foreign", bytes(range(32)))
    with Ledger.open(tmp_path / "ledger", events=Noted, signer=signer) as ledger:
        ledger.append(entries_of(600))
        export(ledger, log.folder)
    verdict = go_program.run(program, "-older", log.older, log.vkey, log.folder)
    assert verdict.accepted, verdict.said


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_refused(program: Path, log: Exported, name: str, tmp_path: Path) -> None:
    """Whatever the change, by whomever: the verdict is a refusal with a reason, not a crash and not a hang."""
    handed = TAMPERINGS[name](copy_of(log, tmp_path), tmp_path)
    verdict = go_program.run(program, "-older", handed.older, handed.vkey, handed.folder)
    assert not verdict.accepted
    last = verdict.said.splitlines()[-1]
    assert last.startswith("REFUSED ")
    assert REASONS.get(name, "") in last


@pytest.mark.parametrize("name", ONLY_WITH_THE_OLDER)
def test_a_second_history_passes_where_no_checkpoint_was_kept(
    program: Path, log: Exported, name: str, tmp_path: Path
) -> None:
    """The honest limit of a log that only its owner signs, which docs/guides/verify.md tells."""
    handed = TAMPERINGS[name](copy_of(log, tmp_path), tmp_path)
    assert go_program.run(program, handed.vkey, handed.folder).accepted


def test_proofs_of_single_events_are_accepted(program: Path, log: Exported, tmp_path: Path) -> None:
    """The receipt of one artifact, for somebody who has no log and no Python."""
    with Ledger.open(log.folder.parent / "ledger", events=Noted, read_only=True) as ledger:
        for index in (0, 1, 255, 256, OLDER, SIZE - 1):
            (tmp_path / "p").write_bytes(prove(ledger, index))
            ((_, entry),) = ledger.entries(index, index + 1)
            (tmp_path / "e").write_bytes(entry)
            verdict = go_program.run(program, "-proof", "-entry", tmp_path / "e", log.vkey, tmp_path / "p")
            assert verdict.accepted, verdict.said
            assert f"stands at index {index}" in verdict.said
            assert go_program.run(program, "-proof", log.vkey, tmp_path / "p").accepted
            (tmp_path / "e").write_bytes(entry + b"\0")
            assert not go_program.run(program, "-proof", "-entry", tmp_path / "e", log.vkey, tmp_path / "p").accepted


def test_every_changed_character_of_a_proof_is_refused(program: Path, log: Exported, tmp_path: Path) -> None:
    """A receipt that can be edited is none."""
    with Ledger.open(log.folder.parent / "ledger", events=Noted, read_only=True) as ledger:
        proof = prove(ledger, 77)
    for at in range(0, len(proof), 13):
        changed = bytearray(proof)
        changed[at] ^= 1
        (tmp_path / "p").write_bytes(changed)
        assert not go_program.run(program, "-proof", log.vkey, tmp_path / "p").accepted, at
