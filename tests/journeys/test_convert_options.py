"""`impasto convert` of drawings that need fonts and files: what is given is used, what is not is refused or told."""

import json
import shutil
from pathlib import Path

import pytest

from engines.vector_core import rasterize, svg_fonts
from engines.vector_core.errors import CairoMissingError
from engines.vector_core.tests.watched import CANARY_COLOUR, picture
from tests.fixtures import decoded
from tests.journeys.conftest import Cli


def has_cairo() -> bool:
    """Whether libcairo is on this machine."""
    try:
        rasterize.engine_version("cairosvg")
    except CairoMissingError:
        return False
    return True


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">{}</svg>'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two drawings that need a picture, and one that needs nothing."""
    (tmp_path / "drawings").mkdir()
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(picture(20))
    image = '<image width="20" height="20" href="{}"/><rect width="1" height="1"/>'
    (tmp_path / "drawings" / "near.svg").write_text(SVG.format(image.format("../pictures/a.png")))
    (tmp_path / "drawings" / "far.svg").write_text(SVG.format(image.format("http://h.invalid/a.png")))
    (tmp_path / "drawings" / "text.svg").write_text(SVG.format('<text y="16" font-family="cursive">He</text>'))
    return tmp_path


def test_pictures_come_from_the_folder_that_is_named(cli: Cli, folder: Path) -> None:
    """Without it the drawing is refused, with the rule and the place; JSON tells what was used, by which engine."""
    target = folder / "near.png"
    source = folder / "drawings" / "near.svg"
    answer = cli("convert", source, target)
    assert (answer.code, target.exists()) == (1, False)
    assert "external-reference" in answer.err
    answer = cli("convert", source, target, "--resources", folder / "pictures", "--json")
    assert answer.code == 0, answer.err
    assert decoded(target.read_bytes()).convert("RGBA").getpixel((10, 10)) == CANARY_COLOUR
    (told,) = answer.json
    assert list(told["used"]) == ["../pictures/a.png"]
    assert (told["width"], told["ignored"], told["engine"].split()[0]) == (20, [], "resvg")


def test_references_elsewhere_are_left_out_when_asked_and_told(cli: Cli, folder: Path) -> None:
    """One line for people, a list for programs; the rest of the drawing is there, and many files go on."""
    sources = [folder / "drawings" / name for name in ("near.svg", "far.svg")]
    answer = cli("convert", *sources, "--out-dir", folder / "out", "--external", "ignore", "--json")
    assert answer.code == 0, answer.err
    assert [told["ignored"] for told in answer.json] == [["../pictures/a.png"], ["http://h.invalid/a.png"]]
    assert len(answer.err.strip().splitlines()) == 2
    assert decoded((folder / "out" / "far.png").read_bytes()).convert("RGBA").getpixel((0, 0)) == (0, 0, 0, 255)


def test_texts_are_drawn_in_the_fonts_of_the_folder(cli: Cli, folder: Path) -> None:
    """A generic family by the files' own account or by what is said; a folder without fonts is refused."""
    source = folder / "drawings" / "text.svg"
    assert cli("convert", source, folder / "a.png", "--fonts", folder / "pictures").code == 1
    italic = svg_fonts.rename(svg_fonts.packaged().files[1], "House Sans")
    (folder / "fonts").mkdir()
    (folder / "fonts" / "house.ttf").write_bytes(italic)
    fonts = ("--fonts", folder / "fonts")
    assert cli("convert", source, folder / "b.png", *fonts).code == 0
    assert cli("convert", source, folder / "c.png", *fonts, "--generic", "cursive=House Sans").code == 0
    assert cli("convert", source, folder / "d.png").code == 0
    drawn = [decoded((folder / f"{name}.png").read_bytes()).convert("RGBA").tobytes() for name in "bcd"]
    assert drawn[0] == drawn[1] != drawn[2]
    assert cli("convert", source, folder / "e.png", *fonts, "--generic", "cursive=Nobody").code == 1
    assert cli("convert", source, folder / "e.png", "--generic", "cursive=House Sans").code == 2


def test_the_folder_of_the_drawings_may_be_named(cli: Cli, folder: Path) -> None:
    """The drawings' own folder may be the one named; nothing outside it is read then."""
    shutil.copy(folder / "pictures" / "a.png", folder / "drawings" / "a.png")
    source = folder / "drawings" / "own.svg"
    source.write_text(SVG.format('<image width="20" height="20" href="a.png"/>'))
    assert cli("convert", source, folder / "own.png", "--resources", folder / "drawings").code == 0
    assert (
        cli("convert", folder / "drawings" / "near.svg", folder / "x.png", "--resources", folder / "drawings").code == 1
    )


@pytest.mark.skipif(not has_cairo(), reason="needs libcairo")
def test_a_layer_and_a_render_name_their_engine(cli: Cli, folder: Path) -> None:
    """The engines smooth a circle's edge differently; a render's producers say which one drew, in which version."""
    drawing = folder / "disc.svg"
    drawing.write_text(SVG.format('<circle cx="10" cy="10" r="9.3" fill="#f00"/>'))
    for engine in ("resvg", "cairosvg"):
        layer = {"type": "vector", "src": "disc.svg", "engine": engine}
        (folder / f"{engine}.json").write_text(json.dumps({"version": 1, "width": 20, "height": 20, "layers": [layer]}))
        assert cli("convert", folder / f"{engine}.json", folder / f"{engine}.png").code == 0
        assert cli("convert", drawing, folder / f"{engine}-alone.png", "--engine", engine).code == 0
    first, second = (
        decoded((folder / f"{engine}.png").read_bytes()).convert("RGBA") for engine in ("resvg", "cairosvg")
    )
    assert first.tobytes() != second.tobytes()
    alone = decoded((folder / "cairosvg-alone.png").read_bytes()).convert("RGBA")
    assert second.tobytes() == alone.tobytes()
    where = ("--store", folder / "store", "--tenant", "acme", "--env", "test")
    assert cli("init", folder / "store").code == 0
    answer = cli("vector", "render", drawing, "--engine", "cairosvg", "--json", *where)
    assert answer.code == 0, answer.err
    meta = answer.json[0]["meta"]
    assert meta["engine"] == "cairosvg"
    assert "cairo 1." in meta["producers"]["cairosvg"]
    answer = cli("render", folder / "cairosvg.json", "--preset", "web_small", "--json", *where)
    assert {"cairosvg", "impasto-svg"} <= answer.json[0]["meta"]["producers"].keys()


def test_an_unknown_engine_is_told_with_those_there_are(cli: Cli, folder: Path) -> None:
    """At the layer that names it."""
    layer = {"type": "vector", "svg": SVG.format(""), "engine": "inkscape"}
    (folder / "bad.json").write_text(json.dumps({"version": 1, "width": 20, "height": 20, "layers": [layer]}))
    answer = cli("convert", folder / "bad.json", folder / "bad.png")
    assert answer.code == 1
    assert "$.layers[0].engine" in answer.err
    assert "cairosvg" in answer.err
