"""Measuring a text from the command line: where its lines and letters are, in whose fonts, and nothing recorded."""

import json
from pathlib import Path

import pytest

from engines.typography_core.tests import forged_fonts
from tests.journeys.conftest import Cli


def test_a_text_is_measured_without_a_store(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A designer asks where things will be before anything exists; a store in the environment is not needed, and not looked at."""
    monkeypatch.setenv("IMPASTO_STORE", str(tmp_path / "none"))
    answer = cli("text", "measure", "Headline\nשלום", "--size", 50, "--width", 400, "--align", "right", "--json")
    assert answer.code == 0, answer.err
    told = answer.json
    assert (told["width"], told["height"], told["size"], told["truncated"], told["missing"]) == (
        400,
        120,
        50,
        False,
        [],
    )
    assert [line["text"] for line in told["lines"]] == ["Headline", "שלום"]
    assert told["lines"][1]["baseline"] - told["lines"][0]["baseline"] == pytest.approx(60)
    for line in told["lines"]:
        assert line["x"] + line["width"] == pytest.approx(400)
        assert "clusters" not in line["runs"][0]
    assert set(told["fonts"]) == {run["font"] for line in told["lines"] for run in line["runs"]} == {"Inter", "Heebo"}


def test_a_request_says_all_and_options_go_before_it(cli: Cli, tmp_path: Path) -> None:
    """The file is what a text layer would say; an option tries something else."""
    file = tmp_path / "caption.json"
    file.write_text(
        json.dumps(
            {"text": "a caption that is long", "size": 30, "width": 120, "max_lines": 2, "features": {"liga": 0}}
        )
    )
    told = cli("text", "measure", "--request", file, "--json").json
    assert (told["size"], told["truncated"], len(told["lines"])) == (30, True, 2)
    wide = cli("text", "measure", "--request", file, "--width", 900, "--clusters", "--json").json
    assert [line["text"] for line in wide["lines"]] == ["a caption that is long"]
    assert "".join(one["text"] for one in wide["lines"][0]["runs"][0]["clusters"]) == "a caption that is long"
    assert cli("text", "measure", "short", "--request", file, "--json").json["lines"][0]["text"] == "short"


def test_people_see_a_table(cli: Cli) -> None:
    """Baselines beside the lines, and what is wrong below."""
    answer = cli("text", "measure", "two words \U00012000", "--width", 100, "--max-lines", 1, "--clusters")
    assert answer.code == 0
    assert all(word in answer.out for word in ("baseline", "Inter", "Clusters", "Lines were left out"))
    assert "No font has: \U00012000" in cli("text", "measure", "\U00012000").out


def test_a_scope_s_own_fonts_are_used_and_nothing_is_recorded(cli: Cli, store: Path, tmp_path: Path) -> None:
    """The same fonts as its renders; the ledger is as long as before."""
    brand = tmp_path / "brand.ttf"
    brand.write_bytes(forged_fonts.plain_file("Brand"))
    scope = ("--store", store, "--tenant", "acme", "--env", "test")
    assert cli("font", "add", brand, *scope).code == 0
    before = cli("replay", "--store", store, "--json").json["events"]
    told = cli("text", "measure", "AA", "--font", "Brand", "--size", 100, *scope, "--json").json
    assert list(told["fonts"]) == ["Brand"]
    assert cli("replay", "--store", store, "--json").json["events"] == before
    other = cli(
        "text", "measure", "AA", "--font", "Brand", "--store", store, "--tenant", "other", "--env", "test", "--json"
    )
    assert (other.code, other.json["error"]["type"]) == (1, "unknown-font")


@pytest.mark.parametrize(
    ("asked", "code", "kind"),
    [
        ((), 2, "missing-option"),
        (("x", "--tenant", "acme"), 2, "missing-option"),
        (("x", "--size", "-1"), 1, "text-value"),
        (("x", "--size", "1e9"), 1, "text-limit"),
        (("x", "--fit", "shrink"), 1, "text-value"),
        (("x", "--font", "Nope"), 1, "unknown-font"),
        (("x", "--align", "middle"), 2, "usage"),
        (("--request", "/nowhere/at/all.json"), 1, "unsupported-media"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_its_type(cli: Cli, asked: tuple[str, ...], code: int, kind: str) -> None:
    """Programs branch on the type, shells on the code."""
    answer = cli("text", "measure", *asked, "--json")
    assert (answer.code, answer.json["error"]["type"]) == (code, kind)


@pytest.mark.parametrize(
    "said", ["{", "[]", '{"text": "x", "colour": "#fff"}', '{"text": 1}', '{"size": 3}', '"x"', "\udc80"]
)
def test_requests_that_are_none_are_refused(cli: Cli, tmp_path: Path, said: str) -> None:
    """A key that nobody reads is a mistake; the message names it."""
    file = tmp_path / "bad.json"
    file.write_bytes(said.encode("utf-8", "surrogateescape"))
    answer = cli("text", "measure", "--request", file, "--json")
    assert (answer.code, answer.json["error"]["type"]) == (1, "text-value")
    assert answer.err.count("\n") == 1
