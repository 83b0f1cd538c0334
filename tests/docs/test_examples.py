"""Do the commands that the documents show really run, and do the JSON documents have the keys that are promised?"""

import json
import re
from pathlib import Path

import pytest
import runnable

from docs import program
from engines.cli.app import run

ROOT = Path(__file__).resolve().parents[2]
PHASE = ROOT / "docs/engines/media_program/PHASE_I05_integration_and_presets.md"
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs/guides").glob("*.md")), PHASE]
COMMAND_LINE = ROOT / "docs/guides/command-line.md"
COMPOSITION = ROOT / "docs/guides/composition.md"

_SCOPE = ["--tenant", "acme", "--env", "dev"]


class _Console:
    """Runs the program in this process and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, arguments: list[str]) -> tuple[int, str]:
        self._capsys.readouterr()
        code = run(arguments)
        return code, self._capsys.readouterr().out

    def json(self, *arguments: str) -> object:
        code, output = self(list(arguments))
        assert code == 0, arguments
        return json.loads(output)


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> _Console:
    """The program, in a folder with a photograph, a drawing and the composition of the guide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IMPASTO_STORE", raising=False)
    runnable.write_sources(tmp_path)
    runnable.write_files(COMPOSITION.read_text(encoding="utf-8"), tmp_path)
    return _Console(capsys)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documented_commands_run(
    document: Path, console: _Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An example that does not run is worse than none."""
    text = document.read_text(encoding="utf-8")
    runnable.write_files(text, tmp_path)
    variables: dict[str, str] = {}
    for command in runnable.commands(text):
        runnable.execute(command, console, variables)
        if store := variables.get("IMPASTO_STORE"):
            monkeypatch.setenv("IMPASTO_STORE", store)


def test_guides_have_runnable_commands() -> None:
    """Guards the test above: a changed mark in the fences would let it run nothing and pass."""
    assert len(runnable.commands(COMMAND_LINE.read_text(encoding="utf-8"))) >= 15
    assert len(runnable.commands(PHASE.read_text(encoding="utf-8"))) >= 5


def test_failing_example_is_noticed(console: _Console) -> None:
    """The other half of the guard: a command that is refused must not pass as an example."""
    with pytest.raises(AssertionError, match="exit code 2"):
        runnable.execute("impasto presets --no-such-option", console, {})
    runnable.execute("impasto presets --no-such-option # exits 2", console, {})


def test_every_command_is_documented() -> None:
    """A command that people cannot find might as well not exist."""
    text = COMMAND_LINE.read_text(encoding="utf-8")
    headings = set(re.findall(r"^## impasto (.+)$", text, re.MULTILINE))
    assert headings == {" ".join(one.path) for one in program.commands() if one.runs}


def test_json_documents_have_the_documented_keys(console: _Console) -> None:
    """Programs are written against these keys; a key that goes or comes must show up in the guide."""
    store = ["--store", "store"]
    made = {"init": console.json("init", "store", "--json")}
    made["asset add"] = console.json("asset", "add", "logo.svg", *store, *_SCOPE, "--json")
    made["render"] = console.json("render", "card.json", "--preset", "web_small", *store, *_SCOPE, "--json")
    made["replay"] = console.json("replay", *store, "--json")
    made["audit"] = console.json("audit", *store, "--json")
    made["presets"] = console.json("presets", "--json")
    made["doctor"] = console.json("doctor", "--json")
    made["artifact list"] = listed = console.json("artifact", "list", *store, *_SCOPE, "--json")
    assert isinstance(listed, list)
    artifact_id = listed[-1]["artifact_id"]
    made["artifact show"] = console.json("artifact", "show", artifact_id, *store, *_SCOPE, "--json")
    made["artifact get"] = console.json("artifact", "get", artifact_id, "-o", "x", *store, *_SCOPE, "--json")
    made["prove"] = console.json("prove", artifact_id, "-o", "p", *store, "--json")
    vkey = ["--vkey", "store/keys/ledger.vkey"]
    made["verify-proof"] = console.json("verify-proof", "p", *vkey, "--json")
    made["ledger checkpoint"] = console.json("ledger", "checkpoint", *store, "--json")
    made["ledger vkey"] = console.json("ledger", "vkey", *store, "--json")
    made["ledger export"] = console.json("ledger", "export", "log", *store, "--json")
    made["ledger fsck"] = console.json("ledger", "fsck", *store, "--json")
    made["lineage"] = console.json("lineage", artifact_id, *store, "--format", "json")
    made["artifact list"] = made["artifact show"] = listed[0]
    for command, document in made.items():
        one = document[0] if isinstance(document, list) else document
        assert isinstance(one, dict), command
        assert _documented_keys("artifact show" if command == "artifact list" else command) == one.keys(), command


def test_errors_are_json_when_json_is_asked_for(console: _Console) -> None:
    """The guide promises type, message and the fields of the error on stdout."""
    code, output = console(["render", "card.json", "--preset", "poster", "--store", "s", *_SCOPE, "--json"])
    assert code == 1
    assert json.loads(output)["error"]["type"] == "store-not-found"


def _documented_keys(command: str) -> set[str]:
    """The keys in the first `| key | meaning |` table below the heading of `command`."""
    section = COMMAND_LINE.read_text(encoding="utf-8").partition(f"\n## impasto {command}\n")[2].partition("\n## ")[0]
    table = section.partition("| key | meaning |")[2].strip()
    rows = table.splitlines()[1:]
    cells = [row.split("|")[1] for row in rows if row.startswith("|")]
    return {key for cell in cells for key in re.findall(r"`([a-z0-9_]+)`", cell)}
