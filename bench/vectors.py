"""What does safety cost? SVGs through the guarded rasterizer beside the engines by themselves, and the guard alone.

Ours reads every document with the guard, then has it drawn by resvg (or CairoSVG) in a worker process that is warm; `ours_here` does the
same without workers, so that the difference is what they cost: the call, and the way of the pixels over a socket. Peers draw only. What a
peer drew is compared with ours before anything is timed, and there is no number for another picture.

`python -m bench.vectors --quick` prints JSON.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench.environment import environment
from bench.rates import Contender, race
from bench.targets import Target, judged
from bench.vector_cases import GUARDED_BYTES, Case, cases, guarded
from bench.vector_peers import PEERS, Draw
from engines.image_core.picture_cache import PictureCache
from engines.isolation.pool import Pool
from engines.vector_core import guard, guard_glance
from engines.vector_core.rasterize import rasterize
from engines.vector_core.tasks import TASKS
from ledger import OutOfRangeError

TURNS, TURNS_QUICK = 9, 3
LAYERS: Final = 20
"""So many layers with one logo: drawn each, or once and kept."""
SIDE_BY_SIDE: Final = 8
"""So many logos drawn by two threads."""
STEP: Final = 64
"""Of 255, premultiplied: edges that are smoothed in another way differ by less."""
SHARE_MAX: Final = 0.02
"""Part of a peer's pixels that may be off ours by more than `STEP`."""
_OURS: Final = "ours"
_HERE: Final = "ours_here"

Tell = Callable[[str, int, int], None]
Rgba = npt.NDArray[np.uint8]


TARGETS: Final = (
    Target("icon_over_resvg_ms", "at most", 3.0, "ms more than resvg by itself, an icon of 24 px"),
    Target("logo_over_resvg_ms", "at most", 3.0, "ms more than resvg by itself, a logo of 512 px"),
    Target("drawing_vs_resvg", "at most", 1.15, "times as long as resvg by itself, 500 paths at 1080p"),
    Target("guard_outlines_ms", "at most", 0.5, "ms of guard per 100 kB, long outlines"),
    Target("guard_elements_ms", "at most", 0.5, "ms of guard per 100 kB, many small elements"),
)


def run(quick: bool = False, peers: Sequence[str] | None = None, tell: Tell | None = None) -> dict[str, Any]:
    """Measure all cases beside `peers` (all that can be imported).

    Returns `rows` `{case, says, best_ms, median_ms, cpu_ms: {name: ms of one drawing}, difference: {name: part of the pixels}, turns}`,
    `cpu_ms` being least time of a processor, workers' included, which others on the machine weigh on least; `summary`,
    `targets`, `skipped` {name: reason}, `environment`. Raises `OutOfRangeError` for an unknown peer.
    """
    for name in peers or ():
        if name not in PEERS:
            raise OutOfRangeError("peer", name, ", ".join(PEERS))
    say = tell or (lambda *_: None)
    usable, skipped = _importable(peers)
    turns = TURNS_QUICK if quick else TURNS
    drawn = cases()
    rows = []
    with Pool(TASKS) as isolation:
        for done, case in enumerate(drawn):
            say("measuring", done, len(drawn) + 3)
            rows.append(_drawn(case, usable, turns, skipped, isolation))
        say("measuring", len(drawn), len(drawn) + 3)
        rows.append(_many_layers(drawn[1], turns, isolation))
        say("measuring", len(drawn) + 1, len(drawn) + 3)
        rows.append(_side_by_side(drawn[1], turns, isolation))
    rows.append(_guard_alone(turns))
    say("measuring", len(drawn) + 3, len(drawn) + 3)
    summary = _summary(rows)
    return {
        "rows": rows,
        "summary": summary,
        "targets": [judged(one, summary[one.figure]) for one in TARGETS],
        "skipped": skipped,
        "environment": environment({name: PEERS[name][1] for name in usable} | {"pillow": "pillow"}, turns=turns),
    }


def _importable(peers: Sequence[str] | None) -> tuple[dict[str, Draw], dict[str, str]]:
    usable, skipped = {}, {}
    for name, (make, package) in PEERS.items():
        if peers is not None and name not in peers:
            continue
        try:
            usable[name] = make()
        except (ImportError, OSError) as error:
            skipped[name] = f"{package} cannot be imported: {error}"
    return usable, skipped


def _drawn(case: Case, peers: dict[str, Draw], turns: int, skipped: dict[str, str], isolation: Pool) -> dict[str, Any]:
    jobs: dict[str, Draw] = {_OURS: partial(rasterize, isolation=isolation), _HERE: rasterize} | peers
    if "cairosvg" in peers:
        jobs["ours_cairosvg"] = partial(rasterize, engine="cairosvg", isolation=isolation)
    made = {name: draw(case.svg, case.width, case.height) for name, draw in jobs.items()}
    difference = {name: _difference(made[_OURS], pixels) for name, pixels in made.items() if name != _OURS}
    for name, share in difference.items():
        if share > SHARE_MAX:
            skipped[f"{name} {case.name}"] = f"draws another picture: {share:.1%} of the pixels differ"
            del jobs[name]
    call = {
        name: partial(_several, partial(draw, case.svg, case.width, case.height), case.count)
        for name, draw in jobs.items()
    }
    contenders = [Contender(name, case.count, lambda: None, job) for name, job in call.items()]
    rates = race(contenders, turns, cpu_clock=partial(_cpu_s, isolation))
    return _timed(case.name, case.says, rates) | {"difference": difference}


def _cpu_s(isolation: Pool) -> float:
    """Seconds of a processor that this process and its workers have used; clock_getcpuclockid(3) tells how Linux names their clocks."""
    return time.process_time() + sum(time.clock_gettime(~pid << 3 | 2) for pid in isolation.pids())


def _several(job: Callable[[], object], count: int, _prepared: object) -> None:
    for _ in range(count):
        job()


def _difference(ours: Rgba, theirs: Rgba) -> float:
    """The part of the pixels that differ by more than `STEP`, premultiplied; 1 for a picture of another size."""
    if ours.shape != theirs.shape:
        return 1.0
    one, other = (pixels[..., :3].astype(np.int32) * pixels[..., 3:] // 255 for pixels in (ours, theirs))
    return round(float((np.abs(one - other).max(axis=-1) > STEP).mean()), 5)


def _many_layers(logo: Case, turns: int, isolation: Pool) -> dict[str, Any]:
    """One logo in many layers: drawn for each, and through the cache that compositions draw by."""

    def each(_: object) -> None:
        for _ in range(LAYERS):
            rasterize(logo.svg, logo.width, logo.height, isolation=isolation)

    drawing = guard.admit(logo.svg)

    def kept(cache: PictureCache) -> None:
        for _ in range(LAYERS):
            cache.drawn(drawing, logo.width, logo.height, 0.0, 0.0)

    cache = partial(PictureCache, isolation=isolation)
    contenders = [Contender("ours_each", 1, lambda: None, each), Contender(_OURS, 1, cache, kept)]
    return _timed("layers", f"the logo in {LAYERS} layers, kept", race(contenders, turns))


def _side_by_side(logo: Case, turns: int, isolation: Pool) -> dict[str, Any]:
    """Logos drawn by two threads: in workers, or in this process, where an engine holds the interpreter's lock."""

    def several(workers: Pool | None, _: object) -> None:
        with ThreadPoolExecutor(2) as threads:
            draw = partial(rasterize, logo.svg, logo.width, logo.height, isolation=workers)
            for one in [threads.submit(draw) for _ in range(SIDE_BY_SIDE)]:
                one.result()

    several(isolation, None)  # so that both workers are warm
    says = f"{SIDE_BY_SIDE} logos by two threads"
    jobs = {_OURS: partial(several, isolation), _HERE: partial(several, None)}
    return _row("threads", says, jobs, dict.fromkeys(jobs, 1), turns)


def _guard_alone(turns: int) -> dict[str, Any]:
    documents = guarded()
    guard_glance.fetch()  # as in a process that has worked for a while
    jobs = {name: lambda _, svg=svg: guard.check(svg) for name, svg in documents.items()}
    row = _row("guard", f"the guard alone, per {GUARDED_BYTES // 1000} kB", jobs, dict.fromkeys(jobs, 1), turns)
    for figures in (row["best_ms"], row["median_ms"]):
        figures.update({name: round(ms * GUARDED_BYTES / len(documents[name]), 3) for name, ms in figures.items()})
    return row


def _row(
    case: str, says: str, jobs: dict[str, Callable[[Any], object]], counts: dict[str, int], turns: int
) -> dict[str, Any]:
    contenders = [Contender(name, counts[name], lambda: None, job) for name, job in jobs.items()]
    return _timed(case, says, race(contenders, turns))


def _timed(case: str, says: str, rates: dict[str, Any]) -> dict[str, Any]:
    return {
        "case": case,
        "says": says,
        "best_ms": {name: round(1e3 / one.best_per_s, 3) for name, one in rates.items()},
        "median_ms": {name: round(1e3 / one.median_per_s, 3) for name, one in rates.items()},
        "cpu_ms": {name: round(one.cpu_us / 1e3, 3) for name, one in rates.items()},
        "turns": {name: one.turns for name, one in rates.items()},
    }


def _summary(rows: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """The figures that targets are about; None where resvg was not measured."""
    best, cpu_of = ({row["case"]: row[kind] for row in rows} for kind in ("best_ms", "cpu_ms"))
    summary: dict[str, float | None] = {}
    for case in ("icon", "logo", "drawing"):
        ours, alone = best[case][_OURS], best[case].get("resvg")
        summary[f"{case}_over_resvg_ms"] = None if alone is None else round(ours - alone, 3)
        summary[f"{case}_vs_resvg"] = None if alone is None else round(ours / alone, 3)
        cpu = cpu_of[case]
        summary[f"{case}_cpu_vs_resvg"] = None if alone is None else round(cpu[_OURS] / cpu["resvg"], 3)
        summary[f"{case}_worker_ms"] = round(ours - best[case][_HERE], 3)
    summary |= {f"guard_{name}_ms": ms for name, ms in best["guard"].items()}
    summary["threads_speedup"] = round(best["threads"][_HERE] / best["threads"][_OURS], 2)
    summary["layers_kept_speedup"] = round(best["layers"]["ours_each"] / best["layers"][_OURS], 2)
    return summary


def main() -> None:
    """Print the result of `run` as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", nargs="*", choices=tuple(PEERS))
    options = parser.parse_args()
    sys.stdout.write(json.dumps(run(options.quick, options.peers), indent=1) + "\n")


if __name__ == "__main__":
    main()
