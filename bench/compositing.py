"""How fast are the blend modes, and against whom?

The job: eight soft-alpha RGBA8 layers, straight alpha in for us, over an opaque and over a translucent 1920x1080
backdrop, all in one mode. Peers that can be imported do the same work in the same process, interleaved round by
round, each from the form that suits it (skia and cairo from premultiplied pixels made beforehand). Every result is
first compared with a float64 oracle on some rows: there is no number for a wrong picture. The best of the rounds
counts; `python -m bench.compositing --quick` prints JSON.
"""

import argparse
import functools
import importlib
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import compositor
from compositor import W3C_BLEND_MODES, Layer

Pixels = npt.NDArray[np.uint8]
Exact = npt.NDArray[np.float64]
Job = Callable[[], Pixels]

WIDTH, HEIGHT, LAYERS = 1920, 1080, 8
QUICK_MODES = ("normal", "multiply", "overlay", "soft-light")
ROUNDS, ROUNDS_QUICK = 15, 7
SLOW_MS = 60.0
SLOW_ROUNDS = 3
"""A contender slower than `SLOW_MS` runs in this many rounds only: its noise is small beside its time."""

CHECKED_ROWS = slice(5, None, 45)
OURS = ("ours", "ours, two threads")
OURS_STEPS_MAX = 1.0
PEER_STEPS_MAX = 24.0
"""Peers round to 8 bit after each of the layers; a result further off than this is another formula."""

PEER_PERCENTILE = 95.0
"""Of pixels, for peers: dodge and burn are so steep at their ends that 8 bit between layers moves some pixels far."""


class Contender(NamedTuple):
    """`job` returns (HEIGHT, WIDTH, 4) uint8, premultiplied or not, in the order of `channels`."""

    name: str
    job: Job
    premultiplied: bool
    channels: tuple[int, int, int, int] = (0, 1, 2, 3)


class Case(NamedTuple):
    """One backdrop with the layers over it, straight."""

    name: str
    backdrop: Pixels
    layers: list[Pixels]


def run(
    quick: bool = False,
    modes: Sequence[str] | None = None,
    threads: int = 1,
    peers: Sequence[str] | None = None,
    tell: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure `modes` (all sixteen; four when `quick`) on `threads`, against `peers` (all of `PEERS` that can be
    imported).

    Returns rows `{case, mode, ours_ms, steps_off, peers: {name: ms}, ratio: {name: peer / ours}}`, a summary over the
    opaque case (None where skia or cairo is missing) and the environment. Raises `BlendModeError` for an unknown
    mode.
    """
    chosen = tuple(modes) if modes else (QUICK_MODES if quick else W3C_BLEND_MODES)
    for mode in chosen:
        if mode not in W3C_BLEND_MODES:
            raise compositor.BlendModeError(mode, W3C_BLEND_MODES)
    found = _importable(tuple(PEERS) if peers is None else tuple(peers))
    rounds = ROUNDS_QUICK if quick else ROUNDS
    races = [(case, mode) for case in _cases() for mode in chosen]
    rows = []
    for done, (case, mode) in enumerate(races, start=1):
        rows.append(_row(case, mode, threads, found, rounds))
        if tell is not None:
            tell("measuring", done, len(races))
    return {"rows": rows, "summary": _summary(rows), "environment": _environment(threads, rounds, found)}


def _row(case: Case, mode: str, threads: int, peers: Sequence[str], rounds: int) -> dict[str, Any]:
    contenders = [_ours(case, mode, threads), _ours(case, mode, 2, OURS[1])]
    contenders += [made for name in peers if (made := PEERS[name](case, mode)) is not None]
    exact = _oracle(case, mode)
    steps = {contender.name: _steps_off(contender, exact) for contender in contenders}
    assert max(steps[name] for name in OURS) <= OURS_STEPS_MAX, f"wrong picture: {mode} is {steps} steps off"
    right = [contender for contender in contenders if steps[contender.name] <= PEER_STEPS_MAX]
    best = _race(right, rounds)
    ours = best.pop(OURS[0])
    two = best.pop(OURS[1])
    return {
        "case": case.name,
        "mode": mode,
        "ours_ms": round(ours, 3),
        "ours_two_threads_ms": round(two, 3),
        "steps_off": {name: round(value, 2) for name, value in steps.items() if name != OURS[1]},
        "peers": {name: round(ms, 3) for name, ms in best.items()},
        "ratio": {name: round(ms / ours, 3) for name, ms in best.items()},
    }


def _race(contenders: Sequence[Contender], rounds: int) -> dict[str, float]:
    """Best milliseconds of each, taking turns, so that a busy moment of the machine hits all alike."""
    best = {contender.name: math.inf for contender in contenders}
    for turn in range(rounds):
        for name, job, *_ in contenders:
            if turn >= SLOW_ROUNDS and best[name] > SLOW_MS:
                continue
            start = time.perf_counter()
            job()
            best[name] = min(best[name], (time.perf_counter() - start) * 1e3)
    return best


def _summary(rows: Sequence[dict[str, Any]]) -> dict[str, float | None]:
    opaque = [row for row in rows if row["case"] == "opaque"]
    over_skia = {
        case: [row["ratio"]["skia"] for row in rows if row["case"] == case and "skia" in row["ratio"]] for case in CASES
    }
    normal = [row["ratio"]["cairo"] for row in opaque if row["mode"] == "normal" and "cairo" in row["ratio"]]
    several = (os.cpu_count() or 1) > 1
    return {
        "geomean_vs_skia": _geomean(over_skia["opaque"]),
        "min_vs_skia": min(over_skia["opaque"], default=None),
        "geomean_vs_skia_translucent": _geomean(over_skia["translucent"]),
        "min_vs_skia_translucent": min(over_skia["translucent"], default=None),
        "normal_vs_pixman": normal[0] if normal else None,
        "threads2_speedup": _geomean([row["ours_ms"] / row["ours_two_threads_ms"] for row in opaque])
        if several
        else None,
    }


def _geomean(values: Sequence[float]) -> float | None:
    return round(math.exp(sum(map(math.log, values)) / len(values)), 3) if values else None


def _environment(threads: int, rounds: int, peers: Sequence[str]) -> dict[str, Any]:
    names = {"numpy": "numpy", "numba": "numba", **{name: MODULES[name] for name in peers}}
    versions = {
        name: str(getattr(importlib.import_module(module), "__version__", "?")) for name, module in names.items()
    }
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "cpus": os.cpu_count(),
        "threads": threads,
        "rounds": rounds,
        "versions": versions,
    }


# Inputs: smooth waves in colour and alpha, as pictures have, not noise; every layer has its own period.

CASES = ("opaque", "translucent")


@functools.cache
def _wave(number: int) -> Pixels:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    alpha = 0.5 + 0.5 * np.sin(x / 97 * (number + 1) + y / 53)
    colors = [0.5 + 0.5 * np.sin(x / (40 + number * 7) + y / (61 + number * 5) + phase) for phase in range(3)]
    stacked = np.clip(np.stack([*colors, alpha], axis=-1), 0, 1) * 255 + 0.5
    return np.ascontiguousarray(stacked.astype(np.uint8))


def _cases() -> list[Case]:
    layers = [_wave(number) for number in range(LAYERS)]
    translucent = _wave(99)
    opaque = translucent.copy()
    opaque[..., 3] = 255
    return [Case("opaque", opaque, layers), Case("translucent", translucent, layers)]


def _premultiplied(pixels: Pixels) -> Pixels:
    out = pixels.copy()
    out[..., :3] = (pixels[..., :3].astype(np.uint32) * pixels[..., 3:] + 127) // 255
    return out


# Contenders.


def _ours(case: Case, mode: str, threads: int, name: str = OURS[0]) -> Contender:
    layers = [Layer(case.backdrop), *(Layer(pixels, blend=mode) for pixels in case.layers)]
    return Contender(name, lambda: compositor.composite(layers, size=(WIDTH, HEIGHT), threads=threads), False)


SKIA = {"normal": "kSrcOver"}
CAIRO = {
    "normal": "OVER",
    **{mode: f"HSL_{mode.upper()}" for mode in ("hue", "saturation", "color", "luminosity")},
}
PYVIPS = {"normal": "over", "color-dodge": "colour-dodge", "color-burn": "colour-burn"}
NOT_IN_PYVIPS = {"hue", "saturation", "color", "luminosity"}


def _skia(case: Case, mode: str) -> Contender:
    skia = importlib.import_module("skia")
    name = SKIA.get(mode) or "k" + "".join(part.capitalize() for part in mode.split("-"))
    info = skia.ImageInfo.Make(WIDTH, HEIGHT, skia.kRGBA_8888_ColorType, skia.kPremul_AlphaType)
    # Not MakeRasterData: in skia-python 144 the image does not keep its data alive, and draws freed memory.
    images = [
        skia.Image.fromarray(_premultiplied(pixels), info.colorType(), info.alphaType()) for pixels in case.layers
    ]
    backdrop, target = _premultiplied(case.backdrop), np.empty((HEIGHT, WIDTH, 4), np.uint8)
    surface = skia.Surface.MakeRasterDirect(info, target)
    canvas, paint = surface.getCanvas(), skia.Paint(BlendMode=getattr(skia.BlendMode, name))

    def job(_surface: object = surface) -> Pixels:
        target[...] = backdrop
        for image in images:
            canvas.drawImage(image, 0, 0, skia.SamplingOptions(), paint)
        return target

    return Contender("skia", job, True)


def _cairo(case: Case, mode: str) -> Contender:
    cairo = importlib.import_module("cairocffi")
    operator = getattr(cairo, "OPERATOR_" + (CAIRO.get(mode) or mode.upper().replace("-", "_")))
    order = (2, 1, 0, 3)

    def surface(pixels: Pixels) -> Any:
        held = bytearray(np.ascontiguousarray(_premultiplied(pixels)[..., order]).tobytes())
        return cairo.ImageSurface(cairo.FORMAT_ARGB32, WIDTH, HEIGHT, held)

    sources, backdrop = [surface(pixels) for pixels in case.layers], surface(case.backdrop)
    memory = bytearray(WIDTH * HEIGHT * 4)
    target = cairo.ImageSurface(cairo.FORMAT_ARGB32, WIDTH, HEIGHT, memory)
    context = cairo.Context(target)
    view = np.frombuffer(memory, np.uint8).reshape(HEIGHT, WIDTH, 4)

    def job() -> Pixels:
        for source, how in [(backdrop, cairo.OPERATOR_SOURCE), *((source, operator) for source in sources)]:
            context.set_operator(how)
            context.set_source_surface(source, 0, 0)
            context.paint()
        target.flush()
        return view

    return Contender("cairo", job, True, order)


def _pyvips(case: Case, mode: str) -> Contender | None:
    if mode in NOT_IN_PYVIPS:
        return None
    pyvips = importlib.import_module("pyvips")

    def image(pixels: Pixels) -> Any:
        return pyvips.Image.new_from_memory(pixels.data, WIDTH, HEIGHT, 4, "uchar").copy(interpretation="srgb")

    backdrop, layers = image(case.backdrop), [image(pixels) for pixels in case.layers]
    names = [PYVIPS.get(mode, mode)] * LAYERS

    def job() -> Pixels:
        memory = backdrop.composite(layers, names).cast("uchar").write_to_memory()
        return np.frombuffer(memory, np.uint8).reshape(HEIGHT, WIDTH, 4)

    return Contender("pyvips", job, False)


def _pillow(case: Case, mode: str) -> Contender | None:
    if mode != "normal":
        return None
    image = importlib.import_module("PIL.Image")
    backdrop, layers = image.fromarray(case.backdrop), [image.fromarray(pixels) for pixels in case.layers]
    return Contender("pillow", lambda: np.asarray(functools.reduce(image.alpha_composite, layers, backdrop)), False)


PEERS: dict[str, Callable[[Case, str], Contender | None]] = {
    "skia": _skia,
    "cairo": _cairo,
    "pyvips": _pyvips,
    "pillow": _pillow,
}
MODULES = {"skia": "skia", "cairo": "cairocffi", "pyvips": "pyvips", "pillow": "PIL"}


def _importable(names: Sequence[str]) -> tuple[str, ...]:
    found = []
    for name in names:
        try:
            importlib.import_module(MODULES[name])
        except (ImportError, OSError):  # cairocffi raises OSError when the system has no libcairo
            continue
        found.append(name)
    return tuple(found)


# The oracle: float64, W3C Compositing and Blending Level 1, sections 5, 9 and 10, on arrays of (pixels, 3).


BLACK_MAX = 1e-6
"""Dodge jumps at black and burn at white: a component this near is one that rounding, in earlier layers, took off it.
"""


def _oracle(case: Case, mode: str) -> Exact:
    """The checked rows in premultiplied steps, not rounded."""
    color, alpha = _straight(case.backdrop)
    for pixels in case.layers:
        cs, sa = _straight(pixels)
        mixed = (1 - alpha) * cs + alpha * MIX[mode](color, cs)
        total = alpha + sa * (1 - alpha)  # exactly 1 where alpha is, which sa + alpha - sa * alpha is not
        color = (sa * mixed + (1 - sa) * alpha * color) / np.where(total > 0, total, 1)
        alpha = total
    return np.concatenate([color * alpha, alpha], axis=-1) * 255


def _straight(pixels: Pixels) -> tuple[Exact, Exact]:
    rows = pixels[CHECKED_ROWS] / 255.0
    return rows[..., :3], rows[..., 3:]


def _steps_off(contender: Contender, exact: Exact) -> float:
    result = contender.job()[CHECKED_ROWS][..., contender.channels].astype(np.float64)
    if not contender.premultiplied:
        result[..., :3] *= exact[..., 3:] / 255
    apart = np.abs(result - exact).max(axis=-1)
    return float(apart.max() if contender.name in OURS else np.percentile(apart, PEER_PERCENTILE))


def _divided(top: Exact, bottom: Exact) -> Exact:
    return np.divide(top, bottom, out=np.full_like(top, np.inf), where=bottom > 0)


def _soft_light(cb: Exact, cs: Exact) -> Exact:
    d = np.where(cb <= 0.25, ((16 * cb - 12) * cb + 4) * cb, np.sqrt(cb))
    return np.where(cs <= 0.5, cb - (1 - 2 * cs) * cb * (1 - cb), cb + (2 * cs - 1) * (d - cb))


def _hard_light(cb: Exact, cs: Exact) -> Exact:
    return np.where(cs <= 0.5, 2 * cb * cs, 1 - 2 * (1 - cb) * (1 - cs))


def _lum(c: Exact) -> Exact:
    light: Exact = c @ np.array([0.3, 0.59, 0.11])
    return light[..., None]


def _sat(c: Exact) -> Exact:
    reach: Exact = c.max(axis=-1, keepdims=True) - c.min(axis=-1, keepdims=True)
    return reach


def _set_lum(c: Exact, light: Exact) -> Exact:
    c = c + light - _lum(c)
    low, high = c.min(axis=-1, keepdims=True), c.max(axis=-1, keepdims=True)
    c = np.where(low < 0, light + (c - light) * light / np.where(low < 0, light - low, 1), c)
    return np.where(high > 1, light + (c - light) * (1 - light) / np.where(high > 1, high - light, 1), c)


def _set_sat(c: Exact, s: Exact) -> Exact:
    reach = _sat(c)
    return np.where(reach > 0, (c - c.min(axis=-1, keepdims=True)) * s / np.where(reach > 0, reach, 1), 0)


MIX: dict[str, Callable[[Exact, Exact], Exact]] = {
    "normal": lambda _cb, cs: cs,
    "multiply": lambda cb, cs: cb * cs,
    "screen": lambda cb, cs: cb + cs - cb * cs,
    "overlay": lambda cb, cs: _hard_light(cs, cb),
    "darken": np.minimum,
    "lighten": np.maximum,
    "color-dodge": lambda cb, cs: np.where(cb < BLACK_MAX, 0, np.minimum(1, _divided(cb, 1 - cs))),
    "color-burn": lambda cb, cs: np.where(1 - cb < BLACK_MAX, 1, 1 - np.minimum(1, _divided(1 - cb, cs))),
    "hard-light": _hard_light,
    "soft-light": _soft_light,
    "difference": lambda cb, cs: np.abs(cb - cs),
    "exclusion": lambda cb, cs: cb + cs - 2 * cb * cs,
    "hue": lambda cb, cs: _set_lum(_set_sat(cs, _sat(cb)), _lum(cb)),
    "saturation": lambda cb, cs: _set_lum(_set_sat(cb, _sat(cs)), _lum(cb)),
    "color": lambda cb, cs: _set_lum(cs, _lum(cb)),
    "luminosity": lambda cb, cs: _set_lum(cb, _lum(cs)),
}


def main() -> None:
    """Print the result of `run` as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--modes", nargs="+", choices=W3C_BLEND_MODES)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peers", nargs="*", choices=tuple(PEERS))
    options = parser.parse_args()
    sys.stdout.write(json.dumps(run(**vars(options)), indent=1) + "\n")


if __name__ == "__main__":
    main()
