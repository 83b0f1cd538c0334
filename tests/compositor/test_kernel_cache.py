"""Kernels compile when they are first used, are found again by later processes, and a bad cache never fails a
picture.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import compositor
from tests.compositor.processes import ROOT, printed

DRAW = """
import hashlib, json, sys, warnings
warnings.simplefilter("error")
import numba.core.config as config
before = config.CACHE_DIR
import numpy as np
import compositor
from compositor import Gradient, Group, Layer, Solid
from compositor.modes import MIXING_MODES
sys.path.insert(0, {root!r})
from tests.compositor.pictures import noise, opaque
every, small = {scope!r} == "every", {scope!r} == "small"
modes = MIXING_MODES if every else ("multiply",)
stops = ((0, (1, 0, 0, 1)), (0.5, (0, 1, 0, 0.2)), (1, (0, 0, 1, 1)))
layers = [] if small else [Gradient("linear", stops, angle=33, width=9.5)]
for k, mode in enumerate(modes):
    layers += [Layer(noise(k, 7, 9), x=k % 3, blend=mode, opacity=0.9)]
    layers += [] if small else [Group([Layer(noise(50 + k, 7, 9), x=0.25)], blend=mode, opacity=0.7)]
if every:
    layers += [Group([Layer(noise(80, 7, 9), blend="screen")], blend="hue", opacity=0.5, isolated=False)]
    layers += [Group([Layer(noise(81, 7, 9), blend="screen")], opacity=0.5, isolated=False)]
    layers += [Gradient("radial", stops, x=1, y=1, width=7, height=4, blend="overlay")]
    layers += [Solid((1, 0, 0, 0.5), x=0.5, y=1.25, width=3.5, height=3)]
pictures = []
with np.errstate(over="ignore"):
    for background in (None, (0.3, 0.6, 0.9))[: 2 if every else 1]:
        pictures.append(compositor.composite(layers, size=(11, 8), background=background))
from compositor import kernels
stats = [kernel.stats for kernel in kernels.loaded().values() if hasattr(kernel, "stats")]
print(json.dumps({{
    "pixels": hashlib.sha256(b"".join(p.tobytes() for p in pictures)).hexdigest(),
    "hits": sum(sum(s.cache_hits.values()) for s in stats),
    "misses": sum(sum(s.cache_misses.values()) for s in stats),
    "kernels": len(kernels.loaded()),
    "restored": config.CACHE_DIR == before,
}}))
"""


def draw(place: Path, *, scope: str = "some", **extra: str) -> Mapping[str, Any]:
    """Composite in a new process whose kernel cache is at `place`; return what it prints."""
    return printed(DRAW.format(root=str(ROOT), scope=scope), place, **extra)


def test_second_process_loads_every_kernel_and_compiles_none(tmp_path: Path) -> None:
    """By numba's own count; and both draw the same bytes."""
    first, second = draw(tmp_path), draw(tmp_path)
    assert (first["hits"], first["misses"]) == (0, first["kernels"])
    assert (second["hits"], second["misses"]) == (second["kernels"], 0)
    assert second["kernels"] == first["kernels"] > 0
    assert first["pixels"] == second["pixels"]
    assert first["restored"]


def test_interpreter_draws_the_same_bytes_as_the_compiler(tmp_path: Path) -> None:
    """All modes, sources and groups: no fused multiply-add, no float64 slipped in, no vector code that rounds
    differently.
    """
    place = Path(os.environ.get("IMPASTO_KERNEL_CACHE", "")) if "IMPASTO_KERNEL_CACHE" in os.environ else None
    compiled = draw(place or compositor.kernel_cache_dir().parent, scope="every")
    interpreted = draw(tmp_path, scope="every", NUMBA_DISABLE_JIT="1")
    assert compiled["pixels"] == interpreted["pixels"]
    assert interpreted["misses"] == 0
    assert not list(tmp_path.rglob("*.nbi"))


def test_place_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    """A read-only home, as in many containers, costs the compile time and nothing else."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert draw(blocked, scope="small")["hits"] == 0
    assert blocked.read_text() == "not a folder"


def test_damaged_cache_is_compiled_around_once(tmp_path: Path) -> None:
    """Half a file after a crash fails no picture, and the next process but one finds a whole cache again."""
    first = draw(tmp_path, scope="small")
    for file in tmp_path.rglob("*.nbi"):
        file.write_bytes(file.read_bytes()[:20])
    assert draw(tmp_path, scope="small")["pixels"] == first["pixels"]
    assert draw(tmp_path, scope="small")["pixels"] == first["pixels"]
    assert draw(tmp_path, scope="small")["misses"] == 0


def test_importing_the_package_imports_no_numba() -> None:
    """numba takes 0.4 s, which a command that draws nothing must not pay."""
    script = "import sys, compositor; compositor.required_kernels([]); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_cache_place_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The override first, then the user's cache folder; the last part names this version of the sources."""
    monkeypatch.setenv("IMPASTO_KERNEL_CACHE", str(tmp_path / "own"))
    own = compositor.kernel_cache_dir()
    assert own.parent == tmp_path / "own"
    monkeypatch.delenv("IMPASTO_KERNEL_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compositor.kernel_cache_dir() == tmp_path / "impasto" / "kernels" / own.name
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert compositor.kernel_cache_dir() == tmp_path / "home" / ".cache" / "impasto" / "kernels" / own.name


def test_compiling_ahead_reports_each_kernel() -> None:
    """A progress bar counts these."""
    ids = compositor.required_kernels([], (0, 0, 0), size=(3, 3))
    done: list[compositor.KernelId] = []
    compositor.compile_kernels(ids, done.append)
    assert tuple(done) == ids
    compositor.compile_kernels(ids, None)
