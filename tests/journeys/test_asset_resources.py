"""`impasto asset add` of drawings that refer to pictures: from a folder, from artifacts, left out, or refused."""

from pathlib import Path

import pytest

from engines.media_v2.stores import init_store
from engines.vector_core.tests.watched import picture
from tests.journeys.conftest import Cli

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><image width="20" height="20" href="{}"/><rect/></svg>'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A store, a drawing, and the picture that it shows."""
    init_store(tmp_path / "store")
    (tmp_path / "a.svg").write_text(SVG.format("a.png"))
    (tmp_path / "a.png").write_bytes(picture(20))
    return tmp_path


def scoped(place: Path) -> tuple[object, ...]:
    return ("--store", place / "store", "--tenant", "acme", "--env", "prod", "--json")


def test_a_drawing_takes_pictures_of_a_folder(cli: Cli, place: Path) -> None:
    """Its meta tells them by hash; without the folder it is refused, by rule and place, and nothing is stored."""
    answer = cli("asset", "add", place / "a.svg", *scoped(place))
    assert answer.code == 1
    assert "external-reference" in answer.err
    answer = cli("asset", "add", place / "a.svg", "--resources", place, *scoped(place))
    assert answer.code == 0, answer.err
    (stored,) = answer.json
    assert (stored["kind"], list(stored["meta"]["resources"]), stored["parents"]) == ("vector_scene", ["a.png"], [])


def test_a_drawing_takes_pictures_of_its_scope(cli: Cli, place: Path) -> None:
    """Which are its parents then."""
    (photo,) = cli("asset", "add", place / "a.png", *scoped(place)).json
    pair = f"a.png={photo['artifact_id']}"
    (stored,) = cli("asset", "add", place / "a.svg", "--resource", pair, *scoped(place)).json
    assert stored["parents"] == [photo["artifact_id"]]
    tree = cli("lineage", stored["artifact_id"], "--store", place / "store", "--format", "json").json
    assert photo["artifact_id"] in str(tree["ancestors"])


def test_references_are_left_out_when_asked(cli: Cli, place: Path) -> None:
    (stored,) = cli("asset", "add", place / "a.svg", "--external", "ignore", *scoped(place)).json
    assert (stored["meta"]["ignored"], stored["meta"]["resources"]) == (["a.png"], {})


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--resource", "a.png"), "NAME=ARTIFACT"),
        (("--resource", "a.png=" + "0" * 32), "0" * 32),
        (("--resource", "/a.png=" + "0" * 32), "relative path"),
        (("--resources", ".", "--resource", "a.png=" + "0" * 32), "do not go together"),
    ],
)
def test_a_map_that_will_not_do_is_refused(cli: Cli, place: Path, options: tuple[str, ...], word: str) -> None:
    """Naming what is wrong with it."""
    answer = cli("asset", "add", place / "a.svg", *options, *scoped(place))
    assert answer.code in (1, 2)
    assert word in answer.err


@pytest.mark.parametrize("command", [("vector", "render"), ("vector", "export", "--format", "svg")])
def test_drawings_that_are_drawn_at_once_take_pictures_too(cli: Cli, place: Path, command: tuple[str, ...]) -> None:
    """The commands that store a file first know the same options."""
    assert cli(*command[:2], place / "a.svg", *command[2:], *scoped(place)).code == 1
    answer = cli(*command[:2], place / "a.svg", *command[2:], "--resources", place, *scoped(place))
    assert answer.code == 0, answer.err
    assert cli(*command[:2], place / "a.svg", *command[2:], "--external", "ignore", *scoped(place)).code == 0
