"""The command line as programs use it: exit codes, JSON on stdout, messages on stderr, and nothing done after a refusal."""

from pathlib import Path

import pytest

from engines.typography_core.tests import forged_fonts
from tests.fixtures import SVG, decoded, png
from tests.journeys.conftest import Cli


def _scope(store: Path) -> tuple[object, ...]:
    return ("--store", store, "--tenant", "acme", "--env", "test")


def test_the_whole_journey(cli: Cli, folder: Path, tmp_path: Path) -> None:
    """Init, render twice, list, show, get, lineage, replay, audit, remake: every answer fits the others."""
    store, out = tmp_path / "new" / "store", tmp_path / "out"
    assert cli("init", store).code == 0
    asked = (
        "render",
        folder / "card.json",
        "--preset",
        "web_small",
        "--preset",
        "print_300dpi",
        *_scope(store),
        "--json",
    )
    first = cli(*asked, "--out-dir", out)
    assert first.code == 0, first.err
    for one in first.json:
        assert set(one) >= {"artifact_id", "uri", "kind", "cache", "render_key", "meta"}
        assert set(one["meta"]) >= {
            "preset_id", "width", "height", "format", "color_profile", "quality", "dpi", "bytes", "sha256", "pixel_sha256", "producers",
        }  # fmt: skip
        assert one["cache"] == "miss"
        assert (out / Path(one["uri"]).name).stat().st_size == one["meta"]["bytes"]
    again = cli(*asked).json
    assert [one["cache"] for one in again] == ["hit", "hit"]
    assert [one["artifact_id"] for one in again] == [one["artifact_id"] for one in first.json]

    listed = cli("artifact", "list", *_scope(store), "--json").json
    assert {one["kind"] for one in listed} == {"source_asset", "vector_scene", "image_composition", "image_render"}
    render_id = first.json[0]["artifact_id"]
    shown = cli("artifact", "show", render_id, *_scope(store), "--json").json
    assert shown in listed
    target = tmp_path / "got.webp"
    assert cli("artifact", "get", render_id, "-o", target, *_scope(store)).code == 0
    assert target.read_bytes() == (out / Path(first.json[0]["uri"]).name).read_bytes()

    line = cli("lineage", render_id, "--store", store, "--format", "json").json
    kinds = {one["kind"] for one in line["nodes"]}
    assert kinds == {"source_asset", "vector_scene", "image_composition", "image_render"}
    assert "flowchart" in cli("lineage", render_id, "--store", store, "--format", "mermaid").out
    assert "photo.png" in cli("lineage", render_id, "--store", store).out

    replayed = cli("replay", "--store", store, "--json").json
    assert set(replayed) >= {"events", "artifacts", "by_kind", "by_tenant", "head"}
    assert (replayed["artifacts"], replayed["by_tenant"]) == (len(listed), {"acme": len(listed)})
    assert cli("replay", "--store", store, "--at", 2, "--json").json["events"] == 2
    audited = cli("audit", "--store", store, "--remake", "--json")
    assert audited.code == 0
    report = audited.json
    assert report["checkpoint"].pop("origin").startswith("impasto.local/")
    assert report["bytes_checked"] > sum(one["bytes"] for one in listed)
    for varies in ("bytes_checked", "notes"):
        report.pop(varies)
    assert report == {
        "ok": True,
        "events": replayed["events"],
        "artifacts": len(listed),
        "blobs_checked": len(listed),
        "remade": 2,
        "checkpoint": {"size": replayed["events"], "root": replayed["head"]["root"], "key": "store"},
        "findings": [],
    }


def test_an_audit_with_findings_exits_1_and_names_the_place(cli: Cli, folder: Path, store: Path) -> None:
    cli("render", folder / "card.json", "--preset", "web_small", *_scope(store))
    blob = next(path for path in (store / "blobs").rglob("*") if path.is_file())
    content = blob.read_bytes()
    blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    answer = cli("audit", "--store", store, "--json")
    assert answer.code == 1
    assert answer.json["ok"] is False
    assert blob.name in answer.json["findings"][0]["subject"]
    people = cli("audit", "--store", store)
    assert people.code == 1
    assert blob.name in people.out


def test_assets_are_added_once(cli: Cli, store: Path, folder: Path) -> None:
    asked = ("asset", "add", folder / "photo.png", folder / "logo.svg", *_scope(store), "--json")
    first, second = cli(*asked).json, cli(*asked).json
    assert [one["kind"] for one in first] == ["source_asset", "vector_scene"]
    assert [one["created"] for one in first] == [True, True]
    assert [one["created"] for one in second] == [False, False]
    assert [one["artifact_id"] for one in first] == [one["artifact_id"] for one in second]


def test_fonts_are_added_once_and_told(cli: Cli, store: Path, tmp_path: Path) -> None:
    """A tenant's fonts are artifacts like any other; what is no font is refused with the reason."""
    file = tmp_path / "brand.ttf"
    file.write_bytes(forged_fonts.plain_file("Brand"))
    first = cli("font", "add", file, *_scope(store), "--json").json
    assert [(one["kind"], one["created"], one["meta"]["family"]) for one in first] == [("font_asset", True, "Brand")]
    assert not cli("font", "add", file, *_scope(store), "--json").json[0]["created"]
    assert "Brand" in cli("font", "add", file, *_scope(store)).out
    font_id = first[0]["artifact_id"]
    assert "Brand Regular" in cli("artifact", "list", *_scope(store)).out
    assert cli("artifact", "show", font_id, *_scope(store), "--json").json["meta"]["faces"][0]["family"] == "Brand"
    assert "font_asset brand.ttf Regular ttf" in cli("lineage", font_id, "--store", store).out
    assert cli("audit", "--store", store).code == 0
    file.write_bytes(b"no font")
    refused = cli("font", "add", file, *_scope(store), "--json")
    assert (refused.code, refused.json["error"]["type"]) == (1, "font-refused")
    assert cli("font", "add", *_scope(store)).code == 2


def test_the_store_may_come_from_the_environment(cli: Cli, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_STORE", str(store))
    assert cli("replay", "--json").json["events"] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("render {card} --preset web_small --tenant acme --env test", 2, "--store"),
        ("render {card} --preset web_small --store {store} --env test", 2, "^[a-z0-9][a-z0-9_-]{0,62}$"),
        ("render {card} --preset web_small --store {store} --tenant acme", 2, "^[a-z0-9][a-z0-9_-]{0,62}$"),
        ("render {card} --preset web_small --store {store} --tenant ../x --env test", 1, "^[a-z0-9][a-z0-9_-]{0,62}$"),
        ("render {card} --preset web_small --store {store} --tenant Acme --env test", 1, "^[a-z0-9][a-z0-9_-]{0,62}$"),
        (
            "render {card} --preset poster --store {store} --tenant acme --env test",
            1,
            "web_small, web_medium, social_1080p, print_300dpi",
        ),
        ("render {card} --store {store} --tenant acme --env test", 2, "--preset"),
        ("render {card} --preset web_small --store {nowhere} --tenant acme --env test", 1, "impasto init"),
        ("render {nowhere} --preset web_small --store {store} --tenant acme --env test", 1, "No such file"),
        ("render {photo} --preset web_small --store {store} --tenant acme --env test", 1, "$"),
        ("render {card} --preset social_1080p --format jpeg --store {store} --tenant acme --env test", 1, "png"),
        ("artifact show 0123 --store {store} --tenant acme --env test", 1, "0123"),
        ("artifact list --kind movie --store {store} --tenant acme --env test", 1, "source_asset"),
        ("lineage 0123 --store {store}", 1, "0123"),
        ("replay --store {store} --at 9", 1, "9"),
        ("replay", 2, "--store"),
        ("audit --store {nowhere}", 1, "no store"),
        ("init {folder}", 1, "neither a store nor an empty folder"),
        ("frobnicate", 2, "frobnicate"),
        ("render", 2, ""),
        ("replay --at soon --store {store}", 2, "soon"),
        ("convert {photo}", 2, "one input and one output"),
        ("convert {photo} {folder}/x.gif", 1, ".png"),
        ("convert {folder}/none.svg {folder}/x.png", 1, "none.svg"),
    ],
)
def test_refusals(cli: Cli, store: Path, folder: Path, tmp_path: Path, arguments: str, code: int, words: str) -> None:
    """The exit code says who must act, the message says what is allowed, and the store is as it was."""
    places = {
        "card": folder / "card.json",
        "store": store,
        "nowhere": tmp_path / "nowhere",
        "photo": folder / "photo.png",
        "folder": folder,
    }
    asked = [part.format(**places) for part in arguments.split(" ")]
    before = sorted(path for path in tmp_path.rglob("*"))
    answer = cli(*asked)
    assert answer.code == code, answer.err
    assert words in answer.err
    assert answer.out == ""
    assert cli("replay", "--store", store, "--json").json["events"] == 0
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_errors_are_json_for_programs(cli: Cli, store: Path, folder: Path) -> None:
    answer = cli("render", folder / "card.json", "--preset", "poster", *_scope(store), "--json")
    assert answer.code == 1
    assert answer.json["error"]["type"] == "unknown-preset"
    assert answer.json["error"]["known"] == ["web_small", "web_medium", "social_1080p", "print_300dpi"]


def test_a_faulty_composition_is_told_with_its_place(cli: Cli, store: Path, folder: Path) -> None:
    (folder / "bad.json").write_text(
        '{"version": 1, "width": 9, "height": 9, "layers": [{"type": "solid", "color": "#fff", "blend": "glow"}]}'
    )
    answer = cli("render", folder / "bad.json", "--preset", "web_small", *_scope(store))
    assert answer.code == 1
    assert "$.layers[0].blend" in answer.err
    assert "soft-light" in answer.err


def test_convert_one(cli: Cli, folder: Path) -> None:
    target = folder / "logo.png"
    assert cli("convert", folder / "logo.svg", target, "--width", 300).code == 0
    assert decoded(target.read_bytes()).size == (300, 225)
    assert cli("convert", folder / "card.json", folder / "card.jpg", "--height", 128, "--background", "#fff").code == 0
    assert decoded((folder / "card.jpg").read_bytes()).size == (192, 128)


def test_convert_many_goes_on_past_failures(cli: Cli, folder: Path, tmp_path: Path) -> None:
    """One line on stderr for each bad file, the good ones are there, exit code 1."""
    (folder / "broken.png").write_bytes(png()[:50])
    (folder / "hostile.svg").write_bytes(b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')
    out = tmp_path / "out"
    files = [folder / name for name in ("broken.png", "photo.png", "hostile.svg", "logo.svg", "missing.png")]
    answer = cli("convert", *files, "--out-dir", out, "--format", "webp")
    assert answer.code == 1
    assert sorted(path.name for path in out.iterdir()) == ["logo.webp", "photo.webp"]
    lines = answer.err.strip().splitlines()
    assert len(lines) == 3
    for name, kind in (
        ("broken.png", "unsupported-media"),
        ("hostile.svg", "svg"),
        ("missing.png", "unsupported-media"),
    ):
        (line,) = [line for line in lines if name in line]
        assert kind in line
    assert cli("convert", folder / "logo.svg", "--out-dir", out).code == 0
    assert decoded((out / "logo.png").read_bytes()).format == "PNG"


def test_the_second_engine_draws_or_says_what_it_needs(cli: Cli, folder: Path) -> None:
    """It is imported only here, and its absence is the machine's fault, not the request's."""
    answer = cli("convert", folder / "logo.svg", folder / "logo.png", "--width", 80, "--engine", "cairosvg")
    if answer.code == 3:
        assert "apt-get install libcairo2" in answer.err
    else:
        assert answer.code == 0, answer.err
        assert decoded((folder / "logo.png").read_bytes()).size == (80, 60)


def test_what_an_engine_prints_does_not_reach_stderr(
    cli: Cli, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Native code writes to the descriptor itself, and may end its process; each failure still is one line."""
    from engines.vector_core import tasks

    monkeypatch.setitem(tasks.TASKS, "paint_resvg", "engines.vector_core.tests.noisy:panic")
    answer = cli("convert", folder / "logo.svg", folder / "photo.png", "--out-dir", tmp_path / "out")
    assert answer.code == 1
    (line,) = answer.err.strip().splitlines()
    assert "svg-engine" in line
    assert (tmp_path / "out" / "photo.png").exists()


def test_convert_never_overwrites_one_input_with_another(cli: Cli, folder: Path, tmp_path: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "logo.svg").write_bytes(SVG.replace(b"#fff", b"#000"))
    answer = cli("convert", folder / "logo.svg", folder / "sub" / "logo.svg", "--out-dir", tmp_path / "out")
    assert answer.code == 1
    assert "already made from" in answer.err


def test_presets_and_doctor_speak_json(cli: Cli) -> None:
    presets = {one["preset_id"]: one for one in cli("presets", "--json").json}
    assert presets["print_300dpi"]["dpi"] == 300
    assert "web_medium" in cli("presets").out
    doctor = cli("doctor", "--json").json
    assert {"numba", "Pillow", "uharfbuzz", "resvg"} <= set(doctor["producers"])
    assert Path(doctor["kernel_cache"]).is_absolute()
    assert "kernel_cache" in cli("doctor").out


@pytest.mark.parametrize(
    "command",
    [
        "",
        "demo",
        "init",
        "render",
        "convert",
        "replay",
        "lineage",
        "audit",
        "presets",
        "doctor",
        "asset add",
        "artifact get",
        "bench compositing",
    ],
)
def test_every_command_explains_itself(cli: Cli, command: str) -> None:
    """With an example, for every command that does something."""
    answer = cli(*command.split(), "--help")
    assert answer.code == 0
    assert "Usage: impasto" in answer.out
    assert not command or "impasto " + command in answer.out
