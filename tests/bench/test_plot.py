"""The picture of a bench shows every ratio, and a bench without peers is no error."""

from pathlib import Path

import pytest
from PIL import Image

from bench import plot
from bench.peers import PEERS
from bench.plot import write_plot

ROW = {
    "case": "opaque",
    "mode": "normal",
    "ours_ms": 10.0,
    "peers": {"skia": 30.0, "cairo": 8.0},
    "ratio": {"skia": 3.0, "cairo": 0.8},
}


def _columns(picture: Image.Image, colour: tuple[int, int, int], below: int) -> list[int]:
    """Where, from left to right, a colour is found under the row `below`."""
    width, height = picture.size
    return [x for x in range(width) if any(picture.getpixel((x, y)) == colour for y in range(below, height))]


def test_dots_are_drawn_for_every_peer(tmp_path: Path) -> None:
    """Red for Skia lies to the right of the line, orange for cairo to its left."""
    write_plot({"rows": [ROW], "environment": {"threads": 2}}, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as drawn:
        picture = drawn.convert("RGB")
    line = _columns(picture, (0x20, 0x24, 0x2C), picture.size[1] - 30)
    skia, cairo = (_columns(picture, colour, 130) for colour in ((0xE8, 0x56, 0x6D), (0xF2, 0xA5, 0x41)))
    assert max(cairo) < min(line) <= max(line) < min(skia)


def test_every_peer_has_a_colour_of_its_own() -> None:
    assert len({plot._COLOURS[name] for name in PEERS}) == len(PEERS)


@pytest.mark.parametrize("ratio", [0.001, 0.02, 1.0, 700.0, 1e6])
def test_the_axis_holds_every_ratio(ratio: float) -> None:
    """A peer that is ten times faster must not vanish from the picture."""
    axis = plot._axis_for([ratio])
    assert axis.at(axis.lowest) <= axis.at(ratio) <= axis.at(axis.highest)
    assert axis.lowest <= 0.5
    assert axis.highest >= 10
    assert axis.at(1) < axis.at(2) < axis.at(5)


def test_a_bench_without_peers_is_still_a_picture(tmp_path: Path) -> None:
    write_plot({"rows": [ROW | {"peers": {}, "ratio": {}}], "environment": {"threads": 1}}, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as drawn:
        assert drawn.size[0] == 1200
