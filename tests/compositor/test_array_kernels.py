"""Operations on arrays give the same bytes compiled, interpreted, and compiled for any CPU; and compile once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import compositor
from tests.compositor.processes import ROOT, printed

WORK = """
import hashlib, json, sys, warnings
warnings.simplefilter("error")
import numpy as np
from compositor import array_kernels, box_blur, formats, gaussian_blur, resize, transform
sys.path.insert(0, {root!r})
from tests.compositor.pictures import noise
results = []
with np.errstate(over="ignore"):
    for dtype in {dtypes!r}:
        one = 1 if dtype.startswith("float") else np.iinfo(dtype).max // 255
        pixels = (noise(1, 9, 7) / (255 if one == 1 else 1)).astype(dtype) * np.array(one, dtype)
        for linear in (False, True):
            results += [resize(pixels, 5, 11, linear=linear), resize(pixels, 3, 2, linear=linear, premultiplied=True)]
        results += [formats.store(formats.load(pixels), dtype)]
    results += [resize(pixels[..., :3], 11, 5, filter="bicubic"), resize(pixels, 4, 4, filter="bilinear")]
    results += [resize(np.tile(pixels, (9, 1, 1)), 4, 1, filter="lanczos3")]
    results += [transform(pixels, ((0.6, 0.3, 1), (-0.4, 0.9, 3)), 7, 8, filter=name) for name in ("lanczos3", "box")]
    results += [transform(pixels[..., :3], ((0.6, 0, 1), (0, 0.9, 1.3)), 7, 8)]
    results += [box_blur(pixels, 1.3), box_blur(pixels, 9, edge="clamp")]
    results += [gaussian_blur(pixels, 0.8), gaussian_blur(pixels, 11.0, edge="clamp")]
stats = [kernel.stats for kernel in array_kernels.loaded().values() if hasattr(kernel, "stats")]
print(json.dumps({{
    "pixels": hashlib.sha256(b"".join(np.ascontiguousarray(r).tobytes() for r in results)).hexdigest(),
    "hits": sum(sum(s.cache_hits.values()) for s in stats),
    "misses": sum(sum(s.cache_misses.values()) for s in stats),
    "kernels": len(array_kernels.loaded()),
}}))
"""


def work(place: Path, dtypes: tuple[str, ...], **extra: str) -> Mapping[str, Any]:
    """Run every operation in a new process whose kernel cache is at `place`; return what it prints."""
    return printed(WORK.format(root=str(ROOT), dtypes=dtypes), place, **extra)


def test_interpreter_gives_the_same_bytes_as_the_compiler(tmp_path: Path) -> None:
    """All formats and operations: no fused multiply-add, no vector code that adds in another order."""
    place = Path(os.environ.get("IMPASTO_KERNEL_CACHE", compositor.kernel_cache_dir().parent))
    compiled = work(place, ("uint8", "uint16", "float16", "float32"))
    interpreted = work(tmp_path, ("uint8", "uint16", "float16", "float32"), NUMBA_DISABLE_JIT="1")
    assert compiled["pixels"] == interpreted["pixels"]
    assert not list(tmp_path.rglob("*.nbi"))
    again = work(place, ("uint8", "uint16", "float16", "float32"))
    assert (again["hits"], again["misses"]) == (again["kernels"], 0)
    assert again["pixels"] == compiled["pixels"]


def test_cpu_does_not_show(tmp_path: Path) -> None:
    """Compiled for the plainest CPU of this kind the bytes are those of the machine's own."""
    place = Path(os.environ.get("IMPASTO_KERNEL_CACHE", compositor.kernel_cache_dir().parent))
    plain = work(tmp_path, ("uint8",), NUMBA_CPU_NAME="generic")
    assert plain["pixels"] == work(place, ("uint8",))["pixels"]
    assert plain["misses"] == plain["kernels"]
