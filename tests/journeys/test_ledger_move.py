"""A store's ledger is copied to an archive and back from the command line, and moves for good: same root, one writer."""

import uuid
from pathlib import Path

import pytest

pytest.importorskip("obstore", reason="obstore is not installed: copies were not tested")

from tests.journeys.conftest import Cli


def test_a_ledger_is_copied_to_an_archive_and_restored_from_it(cli: Cli, store: Path, tmp_path: Path) -> None:
    """The drill of a backup: the restored ledger verifies, and has the checkpoint that was signed."""
    picture = tmp_path / "logo.svg"
    picture.write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"><path d="M0 0h4v3z"/></svg>')
    scope = ("--store", store, "--tenant", "acme", "--env", "test")
    assert cli("asset", "add", picture, *scope).code == 0
    archive = f"memory://journey-{uuid.uuid4().hex}/ledger"
    copied = cli("ledger", "copy", store, archive, "--json").json
    head = cli("replay", "--store", store, "--json").json["head"]
    assert (copied["size"], copied["root"], copied["ledger_id"]) == (head["size"], head["root"], head["ledger_id"])
    assert (copied["added"], copied["target"]) == (head["size"], archive)
    restored = cli("ledger", "copy", archive, tmp_path / "restored")
    assert restored.code == 0
    assert restored.out.count(head["root"]) == 2
    assert "promote" in restored.err
    assert cli("ledger", "promote", tmp_path / "restored", "--source-lost", "--json").json["root"] == head["root"]
    again = cli("ledger", "promote", tmp_path / "restored", "--source-lost")
    assert (again.code, again.err.startswith("impasto: copy-target: ")) == (1, True)


def test_a_store_whose_ledger_has_moved_says_where(cli: Cli, store: Path, tmp_path: Path) -> None:
    """Whoever goes on rendering into the old store is told, and nothing of it is recorded."""
    target = tmp_path / "moved"
    assert cli("ledger", "copy", store, target).code == 0
    unclear = cli("ledger", "promote", target)
    assert (unclear.code, "--source-lost" in unclear.err) == (2, True)
    moved = cli("ledger", "promote", target, "--source", store)
    assert moved.code == 0, moved.err
    picture = tmp_path / "logo.svg"
    picture.write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>')
    refused = cli("asset", "add", picture, "--store", store, "--tenant", "acme", "--env", "test", "--json")
    assert refused.code == 1
    assert refused.json["error"]["type"] == "moved-ledger"
    assert refused.json["error"]["successor"] == str(target)
    assert cli("ledger", "fsck", "--store", store).code == 0
    assert cli("replay", "--store", store, "--json").json["events"] == 0


def test_a_copy_to_a_place_that_is_taken_is_refused(cli: Cli, store: Path, tmp_path: Path) -> None:
    """With the reason, and without touching it."""
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "holiday.jpg").write_bytes(b"\xff\xd8")
    refused = cli("ledger", "copy", store, tmp_path / "album", "--json")
    assert (refused.code, refused.json["error"]["type"]) == (1, "copy-target")
    assert [path.name for path in (tmp_path / "album").iterdir()] == ["holiday.jpg"]
    assert cli("ledger", "copy", tmp_path / "nowhere", tmp_path / "target").code == 1
    assert not (tmp_path / "target").exists()
