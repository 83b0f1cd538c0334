"""How does the cost of compositing grow? With the pixels that change, not with canvas times layers.

Two hundred layers of 1 % each against one layer over all of a 4096 x 4096 canvas; and, in a `Renderer`, one of ten layers of 1 % moved over
a full one against drawing everything. In one process, taking turns. Run as `python -m bench.growth`; prints JSON.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import compositor

SIDE_PX = 4096
LAYERS = 200
SHARE = 0.01
"""Of the canvas, for each small layer."""
TARGET_RATIO = 4.0
"""Small layers together cover twice the canvas, so a ratio of 2 would be free of overhead."""
MOVE_TARGET_RATIO = 0.15
ROUNDS = 7
HUGE_SIDE_PX = 20_000
MEMORY_TARGET_MIB = 600

_HUGE = """
import resource, sys
import numpy as np
import compositor

side = int(sys.argv[1])

class Waves:
    width = height = side

    def __init__(self, factor):
        self.factor = factor

    def read(self, x, y, width, height):
        across, down = np.arange(x, x + width, dtype=np.uint32), np.arange(y, y + height, dtype=np.uint32)[:, None]
        pixels = np.empty((height, width, 4), np.uint8)
        for channel in range(4):
            pixels[..., channel] = (across * np.uint32(self.factor + channel) + down * np.uint32(channel + 1)) >> np.uint32(5)
        return pixels

photo = np.random.default_rng(1).integers(0, 256, (1500, 2000, 4), dtype=np.uint8)
layers = [
    compositor.Layer(Waves(1)),
    compositor.Layer(Waves(3), x=40, y=-60, blend="overlay", opacity=0.8),
    compositor.Layer(photo, matrix=((6.2, -3.1, side / 3), (3.1, 6.2, side / 8)), filter="bicubic", blend="soft-light"),
    compositor.Gradient("linear", ((0, (1, 0.5, 0, 0.8)), (1, (0, 0.2, 1, 0.1))), angle=30, blend="multiply"),
    compositor.Pattern(photo[:300, :400], blend="screen", opacity=0.3, phase_x=0.5),
]
rows = 0
for y, strip in compositor.render_strips(layers, size=(side, side), background=(1, 1, 1), threads=2):
    assert y == rows and strip[..., 3].min() == 255
    rows += len(strip)
assert rows == side
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def run(rounds: int = ROUNDS, threads: int = 1) -> dict[str, Any]:
    """Return milliseconds of each job, best of `rounds`, and their ratios beside the targets. A sample of pixels is checked first."""
    chance = np.random.default_rng(1)
    side = int(SIDE_PX * SHARE**0.5)
    full = [compositor.Layer(chance.integers(0, 256, (SIDE_PX, SIDE_PX, 4), dtype=np.uint8))]
    corners = chance.integers(0, SIDE_PX - side, (LAYERS, 2))
    small = [
        compositor.Layer(chance.integers(0, 256, (side, side, 4), dtype=np.uint8), float(x), float(y))
        for x, y in corners
    ]
    _check(small, chance)
    best = {name: float("inf") for name in ("full_ms", "small_ms", "all_ms", "moved_ms")}
    for turn in range(rounds):
        for name, job in _jobs(full, small, threads, turn):
            started = time.perf_counter()
            job()
            best[name] = min(best[name], (time.perf_counter() - started) * 1000)
    ratios = {"ratio": best["small_ms"] / best["full_ms"], "move_ratio": best["moved_ms"] / best["all_ms"]}
    return best | ratios | {"target": TARGET_RATIO, "move_target": MOVE_TARGET_RATIO, "threads": threads}


def measure_memory(side: int = HUGE_SIDE_PX) -> dict[str, Any]:
    """Return the peak of resident memory, in MiB, and the seconds that five layers on `side` x `side` pixels take through
    `render_strips`, on two threads of a process of their own: two region sources of that size, a photograph placed by a map,
    a gradient and a pattern.
    """
    started = time.perf_counter()
    command = [sys.executable, "-c", _HUGE, str(side)]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True)
    peak = {"peak_mib": float(done.stdout), "peak_target_mib": MEMORY_TARGET_MIB}
    return peak | {"side_px": side, "seconds": time.perf_counter() - started}


def _jobs(
    full: list[compositor.Layer], small: list[compositor.Layer], threads: int, turn: int
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What is timed in one turn, in order: a renderer draws everything, then the same with one layer moved."""
    renderer = compositor.Renderer((SIDE_PX, SIDE_PX), background=(1.0, 1.0, 1.0), threads=threads)
    first = [*full, *small[:10]]
    elsewhere = compositor.Layer(small[0].pixels, small[0].x // 2 + turn, small[0].y // 2)
    moved = [*full, elsewhere, *small[1:10]]
    yield "full_ms", lambda: _composite(full, threads)
    yield "small_ms", lambda: _composite(small, threads)
    yield "all_ms", lambda: renderer.render(first)
    yield "moved_ms", lambda: renderer.render(moved)


def _composite(layers: list[compositor.Layer], threads: int) -> Any:
    return compositor.composite(layers, size=(SIDE_PX, SIDE_PX), background=(1.0, 1.0, 1.0), threads=threads)


def _check(layers: list[compositor.Layer], chance: np.random.Generator) -> None:
    """No time for a wrong picture: a hundred pixels, composited one by one in float64."""
    picture = _composite(layers, 1)
    for x, y in chance.integers(0, SIDE_PX, (100, 2)):
        colour = np.ones(3)
        for layer in layers:
            row, column = y - int(layer.y), x - int(layer.x)
            if 0 <= row < layer.pixels.shape[0] and 0 <= column < layer.pixels.shape[1]:
                *source, alpha = layer.pixels[row, column] / 255
                colour = colour * (1 - alpha) + np.array(source) * alpha
        assert np.abs(picture[y, x, :3] - colour * 255).max() <= 1, f"wrong pixel at {x}, {y}"


def main() -> None:
    """Print the result of `run`, or of `measure_memory`, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--memory", action="store_true", help="only the peak memory of 20,000 x 20,000 pixels, a minute"
    )
    options = parser.parse_args()
    found = measure_memory() if options.memory else run(options.rounds, options.threads)
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
