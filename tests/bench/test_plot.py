"""The picture of a bench shows every ratio, and a bench without peers is no error."""

from pathlib import Path

from PIL import Image

from bench.plot import write_plot

ROW = {
    "case": "opaque",
    "mode": "normal",
    "ours_ms": 10.0,
    "peers": {"skia": 30.0, "cairo": 8.0},
    "ratio": {"skia": 3.0, "cairo": 0.8},
}


def test_bars_are_drawn_for_every_peer(tmp_path: Path) -> None:
    """Red for Skia reaches to the right of the line, orange for cairo to its left."""
    write_plot({"rows": [ROW], "environment": {"threads": 2}}, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as plot:
        picture = plot.convert("RGB")
    colours = {colour for _, colour in picture.getcolors(1 << 20) or []}
    assert {(0xE8, 0x56, 0x6D), (0xF2, 0xA5, 0x41)} <= colours


def test_a_bench_without_peers_is_still_a_picture(tmp_path: Path) -> None:
    write_plot({"rows": [ROW | {"peers": {}, "ratio": {}}], "environment": {"threads": 1}}, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as plot:
        assert plot.size[0] == 1200
