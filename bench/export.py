"""How fast does one composition become its four exports, and one picture a PNG, and against whom?

The job: decode a photograph, draw an SVG and a headline, blend, resize and encode all four built-in presets (`export_scene`), beside a
straight script with Pillow and CairoSVG and one with skia-python that do the same (`export_peers`). What a peer made is compared with ours
before anything is timed, and there is no number for another picture. A PNG alone is raced against Pillow's levels 1 and 6, with sizes.

`python -m bench.export --quick` prints JSON.
"""

import argparse
import importlib
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench import export_ours, export_peers
from bench.environment import environment
from bench.export_scene import PRESET_IDS, Files, Scene, plans, scene
from bench.rates import Contender, Rates, race
from bench.targets import Target, judged
from engines.errors import EnvironmentFault
from engines.image_core import icc
from engines.image_core.png import PngFacts, write_png
from engines.isolation.pool import Pool
from engines.vector_core.rasterize import rasterize
from engines.vector_core.tasks import TASKS
from ledger import OutOfRangeError

TURNS, TURNS_QUICK = 9, 3
WHOLE_JOB: Final = "four_presets"
PNG_CASES: Final = ("png_photograph", "png_translucent", "png_drawing")
DIFFERENCE_MAX: Final = 6.0
"""Mean of a channel, of 255, that a peer's picture may be off ours: Skia sets the headline without kerning, and nobody resamples alike."""
_OURS: Final = "ours"
_PEERS: Final = {"pillow-cairosvg": ("cairosvg", "cairosvg"), "skia": ("skia", "skia-python")}
"""Module and distribution of each."""
_JOBS: Final = {"pillow-cairosvg": export_peers.pillow_cairosvg, "skia": export_peers.skia}

Tell = Callable[[str, int, int], None]
Rgba = npt.NDArray[np.uint8]


class PhotographMissingError(EnvironmentFault):
    """The race needs a real photograph, which the `demo` extra brings."""

    type = "bench-photograph-missing"

    def __init__(self) -> None:
        super().__init__("the photograph of the race comes with scikit-image: pip install 'impasto[demo]'")


TARGETS: Final = (
    Target("vs_pillow_cairosvg", "at least", 4.0, "times the Pillow and CairoSVG script, four presets"),
    Target("vs_skia", "at least", 2.0, "times the skia-python script, four presets"),
    Target("png_vs_pillow_1", "at least", 2.0, "times Pillow's level 1, PNG of 1920 x 1080 RGBA"),
    Target("png_vs_pillow_6", "at least", 8.0, "times Pillow's level 6, PNG of 1920 x 1080 RGBA"),
    Target("png_bytes_vs_pillow_6", "at most", 1.05, "bytes of that PNG by those of Pillow's level 6"),
)


def run(quick: bool = False, peers: Sequence[str] | None = None, tell: Tell | None = None) -> dict[str, Any]:
    """Measure the whole job beside `peers` (all that can be imported), and PNG alone.

    Returns `rows` `{case, says, ours_ms, ours_median_ms, others_ms, others_median_ms: {name: ms}, ratio, ratio_median: {name: other /
    ours}, cpu_ms: {name: least CPU time}, bytes: {name: all files}, difference: {name: {preset_id: mean of 255}}, turns}`, `summary`,
    `targets`, `skipped` {name: reason}, `environment`. Times are the best and the median of interleaved turns. Raises
    `OutOfRangeError` for an unknown peer, `PhotographMissingError`, and AssertionError for a peer whose picture is another one.
    """
    for name in peers or ():
        if name not in _PEERS:
            raise OutOfRangeError("peer", name, ", ".join(_PEERS))
    found = scene()
    if found is None:
        raise PhotographMissingError
    say = tell or (lambda *_: None)
    usable, skipped = _importable(peers)
    turns = TURNS_QUICK if quick else TURNS
    say("measuring", 0, 1 + len(PNG_CASES))
    with Pool(TASKS) as isolation:
        rows = [_whole_job(found, usable, turns, isolation)]
    for done, (case, pixels) in enumerate(_pictures(found).items(), 1):
        say("measuring", done, 1 + len(PNG_CASES))
        rows.append(_png(case, pixels, turns))
    say("measuring", 1 + len(PNG_CASES), 1 + len(PNG_CASES))
    packages = {name: package for name, (_, package) in _PEERS.items() if name in usable} | {"pillow": "pillow"}
    summary = _summary(rows)
    return {
        "rows": rows,
        "summary": summary,
        "targets": _judged(summary),
        "skipped": skipped,
        "environment": environment(packages, turns=turns),
    }


def _importable(peers: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    usable, skipped = [], {}
    for name, (module, package) in _PEERS.items():
        if peers is not None and name not in peers:
            continue
        try:
            importlib.import_module(module)
            usable.append(name)
        except (ImportError, OSError) as error:
            skipped[name] = f"{package} cannot be imported: {error}"
    return usable, skipped


def _whole_job(found: Scene, peers: Sequence[str], turns: int, isolation: Pool | None = None) -> dict[str, Any]:
    planned = plans()
    jobs: dict[str, Callable[[], Files]] = {
        _OURS: lambda: export_ours.export(found, planned, isolation=isolation),
        "ours_one_thread": lambda: export_ours.export(found, planned, threads=1, isolation=isolation),
    } | {name: partial(_JOBS[name], found, planned) for name in peers}
    store = export_ours.StoreJob(found, PRESET_IDS)
    with store.prepare() as folder:
        made = {name: job() for name, job in jobs.items()} | {"ours_with_store": store.job_in(folder)}
    difference = {name: _differences(made[_OURS], files) for name, files in made.items() if name != _OURS}
    for name, by_preset in difference.items():
        assert max(by_preset.values()) <= DIFFERENCE_MAX, f"{name} makes another picture: {by_preset}"
    contenders = [
        Contender("ours_with_store", 1, store.prepare, lambda folder: store.job_in(folder.name), store.finish),
        *(_contender(name, job) for name, job in jobs.items()),
    ]
    sizes = {name: sum(map(len, files.values())) for name, files in made.items()}
    says = "decode, draw, blend, resize and encode all four presets"
    return _row(WHOLE_JOB, says, race(contenders, turns), sizes, difference)


def _differences(ours: Files, theirs: Files) -> dict[str, float]:
    """Mean difference of a channel, of 255, by preset. Raises AssertionError for another size."""
    found = {}
    for preset_id, content in theirs.items():
        one, other = (_decoded(content) for content in (ours[preset_id], content))
        assert one.shape == other.shape, f"{preset_id} has another size"
        found[preset_id] = round(float(np.abs(one.astype(np.int16) - other).mean()), 3)
    return found


def _decoded(content: bytes) -> Rgba:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def _pictures(found: Scene) -> dict[str, Rgba]:
    """1920 x 1080 RGBA: the photograph, the photograph with soft alpha, and the drawing on nothing."""
    image = Image.open(io.BytesIO(found.photograph)).convert("RGBA").resize((1920, 1080), Image.Resampling.LANCZOS)
    photograph = np.array(image)
    translucent = photograph.copy()
    y, x = np.mgrid[0:1080, 0:1920]
    translucent[..., 3] = (np.hypot(x - 960, y - 540) / 4.4).clip(0, 254)
    drawing = rasterize(found.drawing, 1920, 1080)
    return dict(zip(PNG_CASES, (photograph, translucent, drawing), strict=True))


def _png(case: str, pixels: Rgba, turns: int) -> dict[str, Any]:
    """Pillow gets an opaque picture as RGB, as a careful caller would hand it over."""
    opaque = bool((pixels[..., 3] == 255).all())
    image = Image.fromarray(np.ascontiguousarray(pixels[..., :3]) if opaque else pixels)
    facts = PngFacts(icc.profile("sRGB"), icc.gray_profile("sRGB"))
    jobs: dict[str, Callable[[], bytes]] = {
        _OURS: lambda: write_png(pixels, facts),
        "ours_one_thread": lambda: write_png(pixels, facts, threads=1),
        "pillow-1": partial(_saved_by_pillow, image, 1),
        "pillow-6": partial(_saved_by_pillow, image, 6),
    }
    made = {name: job() for name, job in jobs.items()}
    for name, content in made.items():
        back = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))
        assert np.array_equal(back, pixels), f"{name} loses pixels of {case}"
    contenders = [_contender(name, job) for name, job in jobs.items()]
    says = f"PNG of 1920 x 1080, {'opaque' if opaque else 'RGBA'}"
    return _row(case, says, race(contenders, turns), {name: len(content) for name, content in made.items()}, {})


def _contender(name: str, job: Callable[[], object]) -> Contender:
    """One that needs nothing prepared."""
    return Contender(name, 1, lambda: None, lambda _: job())


def _saved_by_pillow(image: Image.Image, level: int) -> bytes:
    buffer = io.BytesIO()
    image.copy().save(buffer, "PNG", compress_level=level, icc_profile=icc.profile("sRGB"))
    return buffer.getvalue()


def _row(
    case: str, says: str, rates: dict[str, Rates], sizes: dict[str, int], difference: dict[str, dict[str, float]]
) -> dict[str, Any]:
    best = {name: 1e3 / one.best_per_s for name, one in rates.items()}
    median = {name: 1e3 / one.median_per_s for name, one in rates.items()}
    others = [name for name in rates if name != _OURS]
    return {
        "case": case,
        "says": says,
        "ours_ms": round(best[_OURS], 2),
        "ours_median_ms": round(median[_OURS], 2),
        "others_ms": {name: round(best[name], 2) for name in others},
        "others_median_ms": {name: round(median[name], 2) for name in others},
        "ratio": {name: round(best[name] / best[_OURS], 3) for name in others},
        "ratio_median": {name: round(median[name] / median[_OURS], 3) for name in others},
        "cpu_ms": {name: round(one.cpu_us / 1e3, 2) for name, one in rates.items()},
        "bytes": sizes,
        "difference": difference,
        "turns": {name: one.turns for name, one in rates.items()},
    }


def _summary(rows: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    """The figures that targets are about; None where a peer is missing. `png_...` are of the picture with soft alpha."""
    by_case = {row["case"]: row for row in rows}
    whole, png = by_case[WHOLE_JOB]["ratio"], by_case["png_translucent"]
    return {
        "vs_pillow_cairosvg": whole.get("pillow-cairosvg"),
        "vs_skia": whole.get("skia"),
        "threads_speedup": whole["ours_one_thread"],
        "with_store": whole["ours_with_store"],
        "png_vs_pillow_1": png["ratio"]["pillow-1"],
        "png_vs_pillow_6": png["ratio"]["pillow-6"],
        "png_bytes_vs_pillow_1": round(png["bytes"][_OURS] / png["bytes"]["pillow-1"], 3),
        "png_bytes_vs_pillow_6": round(png["bytes"][_OURS] / png["bytes"]["pillow-6"], 3),
    }


def _judged(summary: dict[str, float | None]) -> list[dict[str, Any]]:
    """See `targets.judged`."""
    return [judged(one, summary[one.figure], counts=_counts(one)) for one in TARGETS]


def _counts(target: Target) -> bool:
    """Whether a figure means what its target means here: times of two threads need two CPUs."""
    return (os.cpu_count() or 1) > 1 or "bytes" in target.figure


def main() -> None:
    """Print the result of `run` as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--peers", nargs="*", choices=tuple(_PEERS))
    options = parser.parse_args()
    sys.stdout.write(json.dumps(run(options.quick, options.peers), indent=1) + "\n")


if __name__ == "__main__":
    main()
