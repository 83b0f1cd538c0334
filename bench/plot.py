"""Draws the result of a compositing bench as a picture: how many times our time each peer takes, mode by mode.

Bars on a logarithmic axis; the line at 1x is us, bars to its right are slower. Set and composited by our own engines.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import compositor
from engines.image_core.encode import encode
from engines.image_core.presets import plan_plain
from engines.typography_core import typeset

_WIDTH = 1200
_LEFT, _RIGHT, _TOP = 250, 70, 112
_BAR, _SPACE = 15, 13
"""Height of a bar, and the space between two modes, in px."""
_INK, _PALE, _GROUND = "#20242c", "#8b93a1", (1.0, 1.0, 1.0)
_COLOURS = {"skia": "#e8566d", "cairo": "#f2a541", "pyvips": "#3fa7a0", "pillow": "#6a59d8"}
_DECADES = (0.5, 1, 2, 5, 10, 20, 50, 100)


def write_plot(report: dict[str, Any], target: Path) -> None:
    """Draw `report` (see `bench.compositing.run`) as PNG. A report without peers gives a picture without bars."""
    pixels = _draw(report)
    target.write_bytes(encode(plan_plain(pixels.shape[1], pixels.shape[0]), pixels, {}).content)


def _draw(report: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    rows = [row for row in report["rows"] if row["ratio"]]
    highest = max((ratio for row in rows for ratio in row["ratio"].values()), default=1.0)
    scale = (_WIDTH - _LEFT - _RIGHT) / math.log(max(highest, 2.0) * 2)
    height = _TOP + sum(len(row["ratio"]) * _BAR + _SPACE for row in rows) + 40
    threads = report["environment"]["threads"]
    title = f"Times as long as Impasto takes: 8 layers over 1920 x 1080, {threads} thread{'s' if threads > 1 else ''}"
    nodes = [_text(title, 24, 14, 22, _INK, 700), *_axis(scale, highest, height), *_legend(rows), *_bars(rows, scale)]
    return compositor.composite(nodes, size=(_WIDTH, height), background=_GROUND)


def _across(ratio: float, scale: float) -> float:
    """Where a ratio lies on the axis, which starts at 0.5."""
    return _LEFT + math.log(max(ratio, 0.5) / 0.5) * scale


def _axis(scale: float, highest: float, height: int) -> Iterator[compositor.Node]:
    for mark in _DECADES:
        if mark <= highest:
            x = _across(mark, scale)
            strong = mark == 1
            yield _box("#20242c" if strong else "#dfe3ea", x, _TOP - 8, 2 if strong else 1, height - _TOP - 20)
            yield _text(f"{mark:g}x", x - 8, _TOP - 30, 14, _INK if strong else _PALE, 600)


def _legend(rows: list[dict[str, Any]]) -> Iterator[compositor.Node]:
    names = dict.fromkeys(name for row in rows for name in row["ratio"])
    for number, name in enumerate(names):
        yield _box(_COLOURS.get(name, _PALE), 26 + number * 110, 54, 14, 14)
        yield _text(name, 46 + number * 110, 50, 16, _INK, 500)


def _bars(rows: list[dict[str, Any]], scale: float) -> Iterator[compositor.Node]:
    y = float(_TOP)
    one = _across(1, scale)
    for row in rows:
        yield _text(f"{row['mode']}, {row['case']}", 24, y + len(row["ratio"]) * _BAR / 2 - 11, 15, _INK, 500)
        for name, ratio in row["ratio"].items():
            end = _across(ratio, scale)
            yield _box(_COLOURS.get(name, _PALE), min(one, end), y, max(1.0, abs(end - one)), _BAR - 2)
            yield _text(f"{ratio:.1f}x", max(one, end) + 6, y - 4, 13, _PALE, 500)
            y += _BAR
        y += _SPACE


def _box(color: str, x: float, y: float, width: float, height: float) -> compositor.Node:
    return compositor.Solid(_rgb(color), x, y, width, height)


def _text(text: str, x: float, y: float, size: float, color: str, weight: float) -> compositor.Node:
    drawn = typeset.draw(typeset.TextRequest(text=text, font="Inter", size=float(size), weight=float(weight)))
    pixels = np.empty((*drawn.coverage.shape, 4), np.uint8)
    pixels[..., :3] = [int(part * 255 + 0.5) for part in _rgb(color)]
    pixels[..., 3] = drawn.coverage
    return compositor.Layer(pixels, round(x) + drawn.x, round(y) + drawn.y)


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue
