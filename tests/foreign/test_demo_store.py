"""What `impasto demo` leaves behind verifies with the Go program: a stranger's whole path, on real pictures."""

import json
import subprocess
import sys
from pathlib import Path

import go_program
import pytest


def _impasto(*arguments: object) -> str:
    command = [sys.executable, "-m", "engines.cli", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.slow
def test_the_demo_store_is_accepted_and_so_are_its_proofs(tmp_path: Path) -> None:
    program = go_program.build(tmp_path)
    made = json.loads(_impasto("demo", "--dir", tmp_path / "demo", "--json"))
    store = ("--store", made["store"])
    (tmp_path / "kept").write_text(_impasto("ledger", "checkpoint", *store))
    again = json.loads(_impasto("demo", "--dir", tmp_path / "demo", "--json"))
    assert again["audit"]["events"] > made["audit"]["events"], "the second run adds events, so that the log has grown"
    _impasto("ledger", "export", tmp_path / "log", *store)
    verdict = go_program.run(program, "-older", tmp_path / "kept", made["vkey"], tmp_path / "log")
    assert verdict.accepted, verdict.said
    for render in made["renders"]:
        _impasto("prove", render["artifact_id"], "-o", tmp_path / "p", *store)
        verdict = go_program.run(program, "-proof", made["vkey"], tmp_path / "p")
        assert verdict.accepted, verdict.said
