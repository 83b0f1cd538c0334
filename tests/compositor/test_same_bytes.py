"""The same tree gives the same bytes: for any threads and tiles, interpreted, in another process, for another CPU.

The trees are those of `every_stage`, which a test holds to using every stage, mode and kind of gradient.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import compositor
from compositor import stages
from compositor.modes import MIXING_MODES
from compositor.plan import kernels_of, plan
from compositor.scene import build
from compositor.tree import GRADIENT_KINDS
from tests.compositor import every_stage
from tests.compositor.every_stage import BACKGROUND, SIZE, covered, stored, translucent

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def reference() -> list[np.ndarray]:
    return every_stage.pictures(threads=1)


def test_the_trees_use_everything() -> None:
    """A stage, mode or kind that is new must come into `every_stage`, or nobody checks that its bytes are the same."""
    tiles = [tile for tree in (translucent(), covered()) for tile in plan(build(tree, *SIZE, BACKGROUND), 64)]
    tiles += plan(build(stored(), *SIZE, BACKGROUND, linear=True), 64, dtype="float32")
    kernels = {kernel for tile in tiles for kernel in kernels_of(tile)}
    assert {type(stage) for tile in tiles for stage in tile.stages} == set(get_args(stages.Stage))
    assert {kernel.mode for kernel in kernels} >= set(MIXING_MODES)
    known = {"blend-words", "blend-planes", "blend-filled", "unpack", "mix-back", "extract", "unite-words",
             "unite-planes", "load", "shift", "store", *GRADIENT_KINDS}  # fmt: skip
    assert {kernel.stage for kernel in kernels} >= known
    assert {kernel.opaque for kernel in kernels if kernel.stage in {"store", "blend-words"}} == {True, False}


@pytest.mark.parametrize("tile", [32, 37, 64, 256])
@pytest.mark.parametrize("threads", [1, 2, 7])
def test_neither_threads_nor_tiles_change_a_byte(reference: list[np.ndarray], threads: int, tile: int) -> None:
    """How the work is cut and shared never shows."""
    for found, expected in zip(every_stage.pictures(threads, tile), reference, strict=True):
        assert (found == expected).all()


def test_renderer_gives_the_bytes_of_composite(reference: list[np.ndarray]) -> None:
    """Square tiles, and only those that changed: one tree after the other and back again."""
    renderer = compositor.Renderer(SIZE, background=BACKGROUND, threads=2, tile=32)
    for tree, expected in ((translucent(), reference[0]), (covered(), reference[1]), (translucent(), reference[0])):
        assert (renderer.render(tree) == expected).all()


@pytest.mark.parametrize(
    "environment",
    [{}, {"NUMBA_DISABLE_JIT": "1"}, {"NUMBA_CPU_NAME": "generic"}],
    ids=["another process", "interpreted", "generic CPU"],
)
def test_other_processes_draw_the_same_bytes(reference: list[np.ndarray], environment: dict[str, str]) -> None:
    """Other hash seeds and addresses; no compiler; a CPU without vector units beyond the first.

    Code for the generic CPU is kept beside the usual cache, so that it is compiled once for each state of the sources.
    """
    place = compositor.kernel_cache_dir().parent
    place = place / "generic" if "NUMBA_CPU_NAME" in environment else place
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.compositor.every_stage"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "IMPASTO_KERNEL_CACHE": str(place), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == every_stage.digest(reference)
