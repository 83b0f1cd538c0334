"""Where does the time of a composite go? Its parts, each measured by itself on the same pictures, beside the whole.

What the memory asks for: reading all inputs once in a line, and in the order a compositor must (a run of each picture in
turn), by copying into a buffer that stays in the cache; writing a result into known and into fresh pages. What we ask
for around the pixels: checking layers, planning, threads, a picture of one pixel. What the kernels ask for: the same
work on tiles whose pixels are all in the cache. The rest of a call is waiting for memory
beyond that. Run as `python -m bench.compositing --profile`.
"""

import itertools
import mmap
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import compositor
from bench.cases import HEIGHT_PX, QUICK_MODES, WIDTH_PX, Case, Contender, Pixels, cases, choose
from bench.environment import environment
from bench.race import Times, race
from compositor import Layer, execute, kernels, plan

ROUNDS, ROUNDS_QUICK = 25, 9
RUN_BYTES = (16 * 1024, 256 * 1024)
"""A row of 4,096 pixels, and one plane of our tile in RGBA8: short and long runs in one picture before the next."""

Words = npt.NDArray[np.uint32]

SHORT_CALLS, SHORT_CALL_VALUES = 288, 65_536
"""As many as nine stages for each of 32 tiles, on one plane of a tile each."""


class Part(NamedTuple):
    """One thing to measure: a short name, what it does, and the bytes that it moves (0 where that says nothing)."""

    name: str
    says: str
    job: Callable[[], object]
    moved_bytes: int = 0


def run(
    quick: bool = False,
    modes: Sequence[str] | None = None,
    threads: int = 1,
    *,
    size: tuple[int, int] = (WIDTH_PX, HEIGHT_PX),
) -> dict[str, Any]:
    """Measure the parts of the job over the opaque and the translucent backdrop, for `modes` (four when None).

    Returns `parts` `[{part, says, best_ms, median_ms, gb_per_s}]`, `calls` `[{case, mode, best_ms, median_ms, around_ms,
    from_cache_ms, rest_ms, two_at_once_ms}]` and the environment. The three after the median add up to `best_ms`: what a
    call takes around its tiles (scene, plan, memory of the result), what the tiles take with all pixels in the cache, and
    what they take beyond that, waiting for memory. `two_at_once_ms` is two such jobs in the cache on two threads that
    share nothing: what this machine grants to a second thread at most. Raises `CompositorError`.
    """
    chosen = choose(modes or QUICK_MODES, quick)
    execute.Settings.of(size, threads, execute.TILE_SIDE_PX)  # raises before any work
    rounds = ROUNDS_QUICK if quick else ROUNDS
    made = cases(*size)
    parts = [*_memory(made[0]), *_overhead(made[0], threads)]
    times = _raced(parts, rounds)
    calls = [_call(case, mode, threads, rounds) for case in made for mode in chosen]
    packages = {"numpy": "numpy", "numba": "numba"}
    return {
        "parts": [_told(part, times[part.name]) for part in parts],
        "calls": calls,
        "environment": environment(packages, width=size[0], height=size[1], threads=threads, rounds=rounds),
    }


def _raced(parts: Sequence[Part], rounds: int) -> dict[str, Times]:
    for part in parts:
        part.job()
    contenders = [Contender(part.name, part.job, False) for part in parts]
    return race(contenders, rounds, {})


def _told(part: Part, times: Times) -> dict[str, Any]:
    return {
        "part": part.name,
        "says": part.says,
        "best_ms": round(times.best_ms, 3),
        "median_ms": round(times.median_ms, 3),
        "gb_per_s": round(part.moved_bytes / times.best_ms / 1e6, 2) if part.moved_bytes else None,
    }


# Memory: copies of runs into a buffer small enough to stay in the cache read at full speed and write nothing outward.


def _memory(case: Case) -> list[Part]:
    sources = [pixels.reshape(-1).view(np.uint32) for pixels in (case.backdrop, *case.layers)]
    known = np.empty_like(case.backdrop)
    moved = sum(source.nbytes for source in sources)

    def write_fresh() -> None:
        np.empty_like(case.backdrop).fill(1)

    def write_untouched() -> None:
        with mmap.mmap(-1, known.nbytes) as pages:
            np.frombuffer(pages, np.uint32).fill(1)  # the array is gone before the pages are

    parts = [Part("read in a line", "every picture once, from end to end", _reader(sources, RUN_BYTES[1]), moved)]
    for size in RUN_BYTES:
        says = f"every picture once, in turns of {size // 1024} KiB"
        parts.append(Part(f"read in turns of {size // 1024} KiB", says, _reader(sources, size, hopping=True), moved))
        hot = [sources[0][: size // 4]] * len(sources)
        again = _reader(hot, size, repeats=-(-sources[0].nbytes // size))
        parts.append(
            Part(f"read the cache, {size // 1024} KiB", "as many copies of one run in the cache", again, moved)
        )
    twice = "two threads, each the same at once: what they share shows in GB/s"
    return [
        *parts,
        Part("sum in a line", "every picture once, in one call each", lambda: _sum(sources), moved),
        Part("sum, two threads", twice, lambda: _at_once(*[lambda: _sum(sources)] * 2), 2 * moved),
        Part("write known pages", "a result into memory that was written before", lambda: known.fill(1), known.nbytes),
        Part("write fresh memory", "the same as a call does it: allocated, written, freed", write_fresh, known.nbytes),
        Part(
            "write untouched pages",
            "the same into pages that the system has yet to give",
            write_untouched,
            known.nbytes,
        ),
    ]


def _reader(sources: Sequence[Words], size: int, *, hopping: bool = False, repeats: int = 1) -> Callable[[], None]:
    """What copies runs of `size` bytes from `sources`: one source after the other, or a run of each in turn."""
    buffer = np.empty(size // 4, np.uint32)
    cut = [[source[at : at + size // 4] for at in range(0, source.size, size // 4)] for source in sources]
    runs = [run for turn in zip(*cut, strict=True) for run in turn] if hopping else [run for one in cut for run in one]
    pairs = [(buffer[: run.size], run) for run in runs] * repeats

    def job() -> None:
        for target, source in pairs:
            np.copyto(target, source)

    return job


def _sum(sources: Sequence[Words]) -> None:
    for source in sources:
        np.bitwise_xor.reduce(source)


def _at_once(one: Callable[[], None], another: Callable[[], None]) -> None:
    """Run two jobs on two threads, the caller's among them."""
    thread = threading.Thread(target=another)
    thread.start()
    one()
    thread.join()


# What a call does beside its pixels.


def _overhead(case: Case, threads: int) -> list[Part]:
    layers = _layers(case.backdrop, case.layers, "normal")
    scene = execute.build_scene(layers, *case.size, None)
    work = list(plan.plan(scene, execute.TILE_SIDE_PX))

    def find_kernels() -> None:
        for kernel_id in {kernel_id for tile in work for kernel_id in plan.kernels_of(tile)}:
            kernels.find(kernel_id)

    return [
        Part("make layers", "checking nine layers", lambda: _layers(case.backdrop, case.layers, "normal")),
        Part("make the scene", "what of the tree can show", lambda: execute.build_scene(layers, *case.size, None)),
        Part("plan", "the stages of all tiles", lambda: list(plan.plan(scene, execute.TILE_SIDE_PX))),
        Part("look up kernels", "the ones of that plan", find_kernels),
        Part(
            "composite one pixel",
            "the same call on a canvas of one pixel",
            lambda: compositor.composite(layers, size=(1, 1), threads=threads),
        ),
        Part("start two threads", "a pool, two tasks of nothing", lambda: _shared(2, 0)),
        Part("short calls, one thread", f"{SHORT_CALLS} calls of some 20 µs without the GIL", lambda: _shared(1)),
        Part("short calls, two threads", "the same shared by a pool of two", lambda: _shared(2)),
    ]


def _shared(threads: int, calls: int = SHORT_CALLS) -> None:
    """Let a new pool share `calls` calls of NumPy, which wait for the GIL before each one as kernels do."""
    numbers = itertools.count()

    def drain() -> None:
        values = np.full(SHORT_CALL_VALUES, 2, np.float32)
        while next(numbers) < calls:
            np.sqrt(values, out=values)

    if threads == 1:
        drain()
        return
    with ThreadPoolExecutor(threads) as pool:
        for task in [pool.submit(drain) for _ in range(threads)]:
            task.result()


def _call(case: Case, mode: str, threads: int, rounds: int) -> dict[str, Any]:
    """One mode as called, its tiles alone, and as many tiles that all read the same few pixels, which stay in the cache."""
    layers = _layers(case.backdrop, case.layers, mode)
    hot_tiles, others = (_tiles(_hot(case, mode), case, threads) for _ in range(2))
    jobs = [
        Part("call", "", lambda: compositor.composite(layers, size=case.size, threads=threads)),
        Part("tiles", "", _tiles(layers, case, threads)),
        Part("hot", "", hot_tiles),
        Part("two at once", "", lambda: _at_once(hot_tiles, others)),
    ]
    times = _raced(jobs, rounds)
    call, tiles, hot = (round(times[name].best_ms, 3) for name in ("call", "tiles", "hot"))
    return {
        "case": case.name,
        "mode": mode,
        "best_ms": call,
        "median_ms": round(times["call"].median_ms, 3),
        "around_ms": round(call - tiles, 3),
        "from_cache_ms": hot,
        "rest_ms": round(tiles - hot, 3),
        "two_at_once_ms": round(times["two at once"].best_ms, 3),
    }


def _tiles(layers: Sequence[Layer], case: Case, threads: int) -> Callable[[], None]:
    """What runs the tiles of a picture that is planned, into memory that was written before."""
    scene = execute.build_scene(layers, *case.size, None)
    work = list(plan.plan(scene, execute.TILE_SIDE_PX))
    pixels = np.zeros_like(case.backdrop)
    return lambda: execute.run_tiles(work, scene, pixels, threads)


def _hot(case: Case, mode: str) -> list[Layer]:
    """Layers for the whole canvas, all of them made of the first tile's pixels of the backdrop and of one layer."""
    scene = execute.build_scene([Layer(case.backdrop)], *case.size, None)
    first, *others = [tile.region for tile in plan.plan(scene, execute.TILE_SIDE_PX)]
    base, above = (pixels[: first.height, : first.width] for pixels in (case.backdrop, case.layers[0]))
    base, above = np.ascontiguousarray(base), np.ascontiguousarray(above)
    return [
        layer
        for place in (first, *others)
        for layer in (
            Layer(base, place.x0, place.y0),
            *(Layer(above, place.x0, place.y0, blend=mode) for _ in case.layers),
        )
    ]


def _layers(backdrop: Pixels, above: Sequence[Pixels], mode: str) -> list[Layer]:
    return [Layer(backdrop), *(Layer(pixels, blend=mode) for pixels in above)]
