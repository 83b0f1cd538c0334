"""Are the generated parts of the documents what the program says today?"""

import json

import msgspec
import pytest

from docs import generate, program, reference, sheet, specimen, tables
from engines.image_core.composition import Composition


def test_pages_are_fresh() -> None:
    """Tables of keys, presets, kinds and help texts must never tell an older story than the code."""
    assert [page.path.name for page in generate.pages() if page.stale] == [], "run `make docs`"


def test_the_type_specimen_is_fresh() -> None:
    """It shows every feature of typography: what breaks one of them, changes the picture."""
    for package in specimen.PACKAGES:
        pytest.importorskip(package)
    assert not specimen.is_stale(), "run `make docs`"


def test_the_sheet_of_blend_modes_is_fresh() -> None:
    """The picture shows every mode as it is computed today."""
    assert not sheet.is_stale(), "run `make docs`"


def test_every_generated_part_is_used() -> None:
    """A part that no document shows is dead code."""
    text = "".join(page.now for page in generate.pages())
    shown = {name: text.count(f"<!-- generated: {name} -->") for name in reference.BLOCKS}
    assert [name for name, count in shown.items() if count == 0] == []


def test_unknown_part_is_refused() -> None:
    """A typo in a mark must not silently leave a part as it was."""
    with pytest.raises(generate.UnknownBlockError, match="no such thing"):
        generate.refreshed("<!-- generated: no such thing -->\n<!-- end -->", "page.md")


def test_unclosed_part_is_refused() -> None:
    """A part without an end would swallow the prose after it."""
    with pytest.raises(generate.UnknownBlockError):
        generate.refreshed("<!-- generated: presets -->\nprose", "page.md")


def test_refreshing_twice_changes_nothing() -> None:
    """Otherwise `make docs` would make a difference each time."""
    once = generate.refreshed("a\n<!-- generated: presets -->\nold\n<!-- end -->\nb", "page.md")
    assert generate.refreshed(once, "page.md") == once
    assert "old" not in once


def test_check_tells_stale_pages_and_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """CI relies on the exit code."""
    first = next(iter(generate.pages()))
    before = first.path.read_bytes()
    monkeypatch.setattr(generate, "pages", lambda: iter([first._replace(fresh=first.now + "x")]))
    assert generate.main(["--check"]) == 1
    assert first.path.read_bytes() == before
    monkeypatch.setattr(generate, "pages", lambda: iter([first._replace(fresh=first.now)]))
    assert generate.main(["--check"]) == 0


def test_schema_describes_the_model() -> None:
    """Editors read the stored file, the program reads the model: both must know the same layers."""
    schema = json.loads(generate.SCHEMA_PATH.read_text(encoding="utf-8"))
    described = json.loads(json.dumps(msgspec.json.schema(Composition)))  # JSON has no tuples
    assert schema["$defs"] == described["$defs"]


def test_every_error_type_has_one_row() -> None:
    """The table of exit codes walks all classes, so that a new error cannot be forgotten."""
    table = reference.exit_codes()
    assert len(table.splitlines()) == 2 + len(program.leaf_errors())


def test_cells_with_bars_stay_one_cell() -> None:
    """Patterns contain bars, which would otherwise split a Markdown row."""
    assert tables.markdown(["a"], [["x|y"]]).splitlines()[-1] == "| x\\|y |"
