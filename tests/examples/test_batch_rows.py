"""A template and a table: every row checked before the first is drawn, files stored once, faults told by row, second run all hits."""

import json
from pathlib import Path

import pytest

from engines.batch.errors import BatchRowError
from engines.batch.plan import plan_batch
from engines.batch.run import Outcome, run_batch
from engines.batch.threads import Threads
from engines.cli.batch import render_rows
from engines.image_core import decode
from engines.image_core.rows import RowsError
from engines.image_core.template import MissingColumnError, TemplateError
from engines.media_v2.registry import Registered, Registry
from engines.media_v2.scope import Scope
from engines.workspace import Workspace
from tests.fixtures import SVG, png

TEMPLATE = {
    "version": 1,
    "width": 96,
    "height": 64,
    "layers": [
        {"type": "raster", "src": "{{photo}}", "width": 96, "height": 64, "fit": "cover"},
        {"type": "group", "layers": [{"type": "vector", "src": "logo.svg", "x": "{{left}}", "y": 8, "width": 20}]},
        {"type": "text", "text": "{{title}}", "font": "Inter", "size": 14, "color": "{{ink}}", "x": 4, "y": 40},
    ],
}
ROWS = """name,photo,left,title,ink
eins,a.png,4,Été,#fff
zwei,b.png,30.5,"Zoë ""Z"" {{left}}",#ffcc00
drei,a.png,60,Łódź,#0cf
"""


def _tell(what: str, done: int, total: int) -> None:
    assert 0 <= done <= total, what


@pytest.fixture
def work(registry: Registry, scope: Scope) -> Workspace:
    return Workspace(registry, scope, threads=1)


@pytest.fixture
def design(tmp_path: Path) -> Path:
    """A folder with a template, its table and its files."""
    folder = tmp_path / "design"
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")
    (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
    (folder / "a.png").write_bytes(png(seed=1))
    (folder / "b.png").write_bytes(png(seed=2))
    (folder / "logo.svg").write_bytes(SVG)
    return folder


def _batch(work: Workspace, design: Path, *presets: str, out_dir: Path | None = None) -> tuple[Outcome, ...]:
    plan = plan_batch(work, design / "card.json", design / "rows.csv", presets, _tell)
    return run_batch(work, plan, presets, Threads(work, 2), out_dir=out_dir).outcomes


def _table(design: Path, *lines: str) -> None:
    (design / "rows.csv").write_text("\n".join(["name,photo,left,title,ink", *lines]), encoding="utf-8")


def test_every_row_becomes_an_artifact_and_the_second_run_draws_nothing(
    work: Workspace, design: Path, tmp_path: Path
) -> None:
    """The promise of the command; files on disk are named by their rows."""
    first = _batch(work, design, "web_small", "web_medium", out_dir=tmp_path / "out")
    assert [(one.row, one.name, one.preset_id) for one in first[:3]] == [
        (1, "eins", "web_small"),
        (1, "eins", "web_medium"),
        (2, "zwei", "web_small"),
    ]
    assert [one.rendered.cache for one in first if one.rendered] == ["miss"] * 6
    assert len({one.rendered.artifact_id for one in first if one.rendered}) == 6
    names = sorted(path.name.partition("--")[0] for path in (tmp_path / "out").iterdir())
    assert names == ["drei", "drei", "eins", "eins", "zwei", "zwei"]
    again = _batch(work, design, "web_small", "web_medium")
    assert [one.rendered.cache for one in again if one.rendered] == ["hit"] * 6


def test_files_are_stored_once_however_many_rows_name_them(
    work: Workspace, design: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three rows, two photographs, one drawing: three sources, each handed over once, each a parent where it is used."""
    handed_over = []
    real = work.add_asset

    def counted(content: bytes | Path, name: str | None = None) -> Registered:
        handed_over.append(name)
        return real(content, name)

    monkeypatch.setattr(work, "add_asset", counted)
    outcomes = _batch(work, design, "web_small")
    assert handed_over == ["a.png", "b.png"]
    assert len(work.artifacts(kind="source_asset")) == 2
    assert len(work.artifacts(kind="vector_scene")) == 1
    assert len(work.artifacts(kind="image_composition")) == 3
    assert outcomes[0].rendered is not None
    (composition,) = work.artifact(outcomes[0].rendered.artifact_id).parents
    assert len(work.artifact(composition).parents) == 2


def test_a_row_is_the_same_picture_as_the_composition_it_makes(work: Workspace, design: Path) -> None:
    """A card of a batch, made again alone from a plain document, is found in the store."""
    outcomes = _batch(work, design, "web_small")
    plain = json.dumps(TEMPLATE).replace('"{{left}}"', "60").replace("{{photo}}", "a.png")
    (design / "plain.json").write_text(plain.replace("{{title}}", "Łódź").replace("{{ink}}", "#0cf"), encoding="utf-8")
    rendered = work.render(work.compose(design / "plain.json").artifact.artifact_id, "web_small")
    assert outcomes[2].rendered is not None
    assert (rendered.cache, rendered.artifact.artifact_id) == ("hit", outcomes[2].rendered.artifact_id)


@pytest.mark.parametrize(
    ("line", "cause", "reason"),
    [
        ("vier,a.png,links,x,#fff", "unusable-value", "row 2, column 'left', $.layers[1].layers[0].x: 'links' is not"),
        ("vier,a.png,1,x,navy", "unusable-value", "row 2, column 'ink', $.layers[2].color"),
        ("vier,c.png,1,x,#fff", "unusable-source", "row 2: source 'c.png'"),
        ("vier,../a.png,1,x,#fff", "unusable-source", "row 2: source '../a.png'"),
        ("vier,logo.svg,1,x,#fff", "unsupported-media", "row 2: logo.svg"),
        (f"vier,artifact:{'0' * 32},1,x,#fff", "unknown-artifact", "row 2: no artifact"),
    ],
)
def test_a_fault_in_any_row_refuses_all_before_anything_is_stored(
    work: Workspace, design: Path, line: str, cause: str, reason: str
) -> None:
    """Nineteen cards and an error leave people wondering which is missing; the message leads to the cell."""
    _table(design, "eins,a.png,4,x,#fff", line, "drei,b.png,4,y,#fff")
    with pytest.raises(BatchRowError) as caught:
        _batch(work, design, "web_small")
    assert (caught.value.fields["row"], caught.value.fields["cause"]) == (2, cause)
    assert str(caught.value).startswith(reason)
    assert work.artifacts() == []


def test_a_broken_picture_is_found_before_the_first_row_is_drawn(work: Workspace, design: Path) -> None:
    """A file that is there but damaged must not be found half way through the night."""
    (design / "b.png").write_bytes(png(seed=2)[:200])
    with pytest.raises(BatchRowError, match=r"row 2: b\.png: damaged picture"):
        _batch(work, design, "web_small")
    assert work.artifacts() == []


def test_rows_with_faults_are_passed_over_when_asked(work: Workspace, design: Path) -> None:
    """Overnight runs want the other nineteen; each fault stays with its row, for every preset."""
    _table(design, "eins,a.png,4,x,#fff", "zwei,c.png,4,x,#fff", "drei,b.png,4,y,#fff")
    presets = ("web_small", "web_medium")
    plan = plan_batch(work, design / "card.json", design / "rows.csv", presets, _tell, on_error="continue")
    outcomes = run_batch(work, plan, presets, Threads(work, 2), on_error="continue").outcomes
    assert [(one.row, one.rendered is None, one.fault is None) for one in outcomes] == [
        (1, False, True),
        (1, False, True),
        (2, True, False),
        (2, True, False),
        (3, False, True),
        (3, False, True),
    ]


def test_faults_of_all_rows_are_told_whatever_was_asked(work: Workspace, design: Path) -> None:
    """A missing column, a broken table, a template with a typo, an unknown preset: nobody wants those passed over."""
    template, rows = design / "card.json", design / "rows.csv"
    with pytest.raises(Exception, match="unknown preset 'poster'"):
        plan_batch(work, template, rows, ["poster"], _tell, on_error="continue")
    rows.write_text("name,photo,left,title\neins,a.png,1,x", encoding="utf-8")
    with pytest.raises(MissingColumnError, match="no column 'ink'"):
        plan_batch(work, template, rows, ["web_small"], _tell, on_error="continue")
    rows.write_text("name,photo\neins", encoding="utf-8")
    with pytest.raises(RowsError, match="row 1"):
        plan_batch(work, template, rows, ["web_small"], _tell, on_error="continue")
    template.write_text("{", encoding="utf-8")
    with pytest.raises(TemplateError):
        plan_batch(work, template, rows, ["web_small"], _tell, on_error="continue")


def test_each_file_is_checked_once(work: Workspace, design: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand rows with one background must not decode it a thousand times before they begin."""
    decoded = []
    real = decode.decode_picture

    def counted(content: bytes, name: str) -> object:
        decoded.append(name)
        return real(content, name)

    monkeypatch.setattr(decode, "decode_picture", counted)
    plan_batch(work, design / "card.json", design / "rows.csv", ["web_small"], _tell)
    assert sorted(decoded) == ["a.png", "b.png"]


def test_programs_get_one_answer_for_each_row_and_people_a_warning(
    work: Workspace, store: Path, design: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stable keys, failed rows included; an unused column is worth a line on stderr."""
    (design / "rows.csv").write_text(
        "photo,left,title,ink,note\na.png,1,x,#fff,n\nc.png,1,x,#fff,n\n", encoding="utf-8"
    )
    template, rows = design / "card.json", design / "rows.csv"
    assert render_rows(store, work.scope, template, rows, ["web_small"], on_error="continue", as_json=True) == 1
    said = capsys.readouterr()
    good, bad = json.loads(said.out)
    keys = {"row", "name", "preset_id", "artifact_id", "uri", "sha256", "cache", "attempts", "elapsed_ms", "error"}
    assert good.keys() == bad.keys() == keys
    assert (good["row"], good["name"], good["cache"], good["error"]) == (1, "card 0001", "miss", None)
    assert (good["attempts"], bad["attempts"]) == (1, 0)
    assert work.artifact(good["artifact_id"]).uri == good["uri"]
    assert (bad["row"], bad["artifact_id"], bad["error"]["type"]) == (2, None, "unusable-source")
    assert "column 'note' is not used" in said.err
    assert said.err.count("row 2: source 'c.png'") == 1


def test_people_get_a_table(work: Workspace, store: Path, design: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the names of the rows, so that a row can be found again."""
    assert render_rows(store, work.scope, design / "card.json", design / "rows.csv", ["web_small"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("eins", "zwei", "drei", "miss"))
