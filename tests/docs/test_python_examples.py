"""Do the Python examples of the guides run? Fences marked `python runnable`, in order, in one namespace and folder."""

from pathlib import Path

import pytest
import runnable

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted((ROOT / "docs/guides").glob("*.md"))
LEDGER_GUIDE = ROOT / "docs/guides/ledger.md"


def _examples(document: Path) -> list[str]:
    found = runnable.fences(document.read_text(encoding="utf-8"))
    return [fence.body for fence in found if fence.info == ("python", "runnable")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_examples_run(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An example that does not run is worse than none; its assertions say what a reader is promised."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "example"}
    for number, example in enumerate(_examples(document)):
        exec(compile(example, f"{document.name}, example {number}", "exec"), namespace)  # noqa: S102 - our own text


def test_the_program_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker's whole program in twelve lines: both exports, their sizes, and the photograph that they were made from."""
    readme = ROOT / "README.md"
    (program,) = _examples(readme)
    assert len(program.strip().splitlines()) <= 12
    runnable.write_sources(tmp_path)
    runnable.write_files(readme.read_text(encoding="utf-8"), tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "README.md", "exec"), {"__name__": "example"})  # noqa: S102 - our own text
    printed = capsys.readouterr().out
    assert "--web_small--640x360--" in printed
    assert " 3000x3000 " in printed
    assert printed.count("from source_asset") == 2


def test_the_ledger_guide_has_examples() -> None:
    """Guards the test above: a changed mark in the fences would let it run nothing and pass."""
    assert len(_examples(LEDGER_GUIDE)) >= 8
