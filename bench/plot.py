"""Draws the result of a compositing bench as a picture: how many times our time each peer takes, mode by mode.

One line for each mode, one dot for each peer, on a logarithmic axis; the strong line at 1x is us, dots to its right are
slower. The worst ratio of a line is written beside its dot. Set and composited by our own engines.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import compositor
from engines.image_core.encode import encode
from engines.image_core.presets import plan_plain
from engines.typography_core import typeset

_WIDTH = 1200
_LEFT, _RIGHT, _TOP = 210, 40, 130
_LINE, _HEADING = 26, 44
"""Height of a mode's line and of a case's heading, in px."""
_RADIUS = 6.5
_INK, _PALE, _GUIDE, _SLOWER = "#20242c", "#8b93a1", "#e6e9ef", "#fdf0ee"
_COLOURS = {
    "skia": "#e8566d",
    "cairo": "#f2a541",
    "pyvips": "#3fa7a0",
    "pillow": "#6a59d8",
    "opencv": "#7cb342",
    "simd-blend-modes": "#1e78c8",
    "blend-modes": "#b0609f",
    "psd-tools": "#7a5c42",
}
_MARKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


class _Axis(NamedTuple):
    """The ratios at its ends; between them it is logarithmic."""

    lowest: float
    highest: float

    def at(self, ratio: float) -> float:
        """Where a ratio lies, in px; one outside lies on the end."""
        share = math.log(min(max(ratio, self.lowest), self.highest) / self.lowest)
        return _LEFT + share / math.log(self.highest / self.lowest) * (_WIDTH - _LEFT - _RIGHT)


def write_plot(report: dict[str, Any], target: Path) -> None:
    """Draw `report` (see `bench.compositing.run`) as PNG. A report without peers gives a picture without dots."""
    pixels = _draw(report)
    target.write_bytes(encode(plan_plain(pixels.shape[1], pixels.shape[0]), pixels, {}).content)


def _draw(report: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    rows = [row for row in report["rows"] if row["ratio"]]
    cases = list(dict.fromkeys(row["case"] for row in rows))
    height = _TOP + len(rows) * _LINE + len(cases) * _HEADING + 20
    axis = _axis_for([ratio for row in rows for ratio in row["ratio"].values()])
    threads = report["environment"]["threads"]
    title = f"Times as long as Impasto takes: 8 layers over 1920 x 1080, {threads} thread{'s' if threads > 1 else ''}"
    nodes = [_text(title, 24, 14, 22, _INK, 700), *_legend(rows), *_grid(axis, height)]
    y = float(_TOP)
    for case in cases:
        nodes.append(_text(f"{case} backdrop", 24, y + 10, 17, _INK, 700))
        y += _HEADING
        for row in rows:
            if row["case"] == case:
                nodes += _line(row, axis, y)
                y += _LINE
    return compositor.composite(nodes, size=(_WIDTH, height), background=(1.0, 1.0, 1.0))


def _axis_for(ratios: Sequence[float]) -> _Axis:
    """From a mark at or below the lowest ratio, at most 0.5, to one at or above the highest, at least 10."""
    low, high = min([0.5, *ratios]), max([10.0, *ratios])
    below = [mark for mark in _MARKS if mark <= low]
    above = [mark for mark in _MARKS if mark >= high]
    return _Axis(below[-1] if below else _MARKS[0], above[0] if above else _MARKS[-1])


def _grid(axis: _Axis, height: int) -> Iterator[compositor.Node]:
    start, one = axis.at(axis.lowest), axis.at(1)
    yield _box(_SLOWER, start, _TOP, one - start, height - _TOP - 16)
    for mark in _MARKS:
        if axis.lowest <= mark <= axis.highest:
            strong = mark == 1
            yield _box(_INK if strong else _GUIDE, axis.at(mark), _TOP - 8, 2 if strong else 1, height - _TOP - 8)
            yield _text(f"{mark:g}x", axis.at(mark) - 8, _TOP - 30, 14, _INK if strong else _PALE, 600)


def _legend(rows: list[dict[str, Any]]) -> Iterator[compositor.Node]:
    x = 32.0
    for name in dict.fromkeys(name for row in rows for name in row["ratio"]):
        label = _text(name, x + 14, 52, 16, _INK, 500)
        yield _dot(_COLOURS.get(name, _PALE), x, 62)
        yield label
        x += label.pixels.shape[1] + 46


def _line(row: dict[str, Any], axis: _Axis, y: float) -> Iterator[compositor.Node]:
    middle = y + _LINE / 2
    yield _text(row["mode"], 24, middle - 11, 15, _INK, 500)
    yield _box(_GUIDE, _LEFT, middle, _WIDTH - _LEFT - _RIGHT, 1)
    for name, ratio in sorted(row["ratio"].items(), key=lambda item: item[1], reverse=True):
        yield _dot(_COLOURS.get(name, _PALE), axis.at(ratio), middle)
    worst = min(row["ratio"].values())
    yield _text(f"{worst:.1f}x", axis.at(worst) - 46, middle - 9, 13, _INK, 500)


def _dot(color: str, x: float, y: float) -> compositor.Layer:
    """A disc around (x, y), its edge one pixel wide."""
    reach = math.ceil(_RADIUS) + 1
    across = np.arange(-reach, reach + 1)
    coverage = np.clip(_RADIUS + 0.5 - np.hypot(across[:, None], across[None, :]), 0, 1)
    return _inked((coverage * 255 + 0.5).astype(np.uint8), color, round(x) - reach, round(y) - reach)


def _box(color: str, x: float, y: float, width: float, height: float) -> compositor.Node:
    return compositor.Solid(_rgb(color), x, y, width, height)


def _text(text: str, x: float, y: float, size: float, color: str, weight: float) -> compositor.Layer:
    drawn = typeset.draw(typeset.TextRequest(text=text, font="Inter", size=float(size), weight=float(weight)))
    return _inked(drawn.pixels[..., 3], color, round(x) + drawn.x, round(y) + drawn.y)


def _inked(coverage: np.ndarray[Any, np.dtype[np.uint8]], color: str, x: int, y: int) -> compositor.Layer:
    pixels = np.empty((*coverage.shape, 4), np.uint8)
    pixels[..., :3] = [int(part * 255 + 0.5) for part in _rgb(color)]
    pixels[..., 3] = coverage
    return compositor.Layer(pixels, x, y)


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue
