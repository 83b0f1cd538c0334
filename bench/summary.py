"""What do the rows of a race come to, and which of our targets are met?

Ratios are a peer's best time over ours. The targets are those of one thread at 1920 x 1080 over all sixteen modes; where
a figure was not measured, or was measured with more threads, nothing is said to be met.
"""

import math
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

from bench.cases import CASES

Row = dict[str, Any]


class Target(NamedTuple):
    """`figure` is a key of the summary that must be at least `value`."""

    figure: str
    value: float
    says: str


TARGETS = (
    Target("geomean_vs_skia", 5.0, "opaque: times Skia's speed, geometric mean of the modes"),
    Target("min_vs_skia", 3.0, "opaque: times Skia's speed, worst mode"),
    Target("normal_vs_pixman", 1.2, "opaque: times pixman's speed, normal"),
    Target("min_vs_simd_blend_modes", 4.0, "opaque: times simd-blend-modes' speed, worst mode"),
    Target("min_vs_pyvips", 10.0, "opaque: times libvips' speed, worst mode"),
    Target("min_vs_pillow", 10.0, "opaque: times Pillow's speed, normal"),
    Target("geomean_vs_skia_translucent", 3.5, "translucent: times Skia's speed, geometric mean of the modes"),
    Target("min_vs_skia_translucent", 2.0, "translucent: times Skia's speed, worst mode"),
    Target("min_vs_simd_blend_modes_translucent", 4.0, "translucent: times simd-blend-modes' speed, worst mode"),
    Target("min_vs_pyvips_translucent", 10.0, "translucent: times libvips' speed, worst mode"),
    Target("min_vs_pillow_translucent", 10.0, "translucent: times Pillow's speed, normal"),
    Target("threads2_speedup", 1.7, "opaque: two threads against one, geometric mean of the modes"),
)

_VALUES = {target.figure: target.value for target in TARGETS}
_SUFFIXES = dict(zip(CASES, ("", "_translucent"), strict=True))
"""What a figure's name ends with, by the case that it is of."""


def floor(peer: str, case: str, mode: str) -> float:
    """Return the ratio that a single row must reach against `peer`; 1 where no target says more."""
    figure = "normal_vs_pixman" if (peer, mode) == ("cairo", "normal") else _least(peer)
    return _VALUES.get(figure + _SUFFIXES[case], 1.0)


def summarise(rows: Sequence[Row], peers: Sequence[str]) -> dict[str, float | None]:
    """Return the figures of `rows`; None where a peer or a second CPU is missing.

    For every peer `geomean_vs_NAME` and `min_vs_NAME` over the modes that it got right on the opaque case, and the same
    with `_translucent`; `normal_vs_pixman`, which is cairo's; `threads2_speedup`, likewise for both cases.
    """
    summary: dict[str, float | None] = {}
    several = (os.cpu_count() or 1) > 1
    for case, suffix in _SUFFIXES.items():
        mine = [row for row in rows if row["case"] == case]
        for peer in dict.fromkeys(("skia", *peers)):
            ratios = [row["ratio"][peer] for row in mine if peer in row["ratio"]]
            summary[f"geomean_vs_{_named(peer)}{suffix}"] = geomean(ratios)
            summary[_least(peer) + suffix] = min(ratios, default=None)
        normal = [row["ratio"]["cairo"] for row in mine if row["mode"] == "normal" and "cairo" in row["ratio"]]
        summary[f"normal_vs_pixman{suffix}"] = normal[0] if normal else None
        speedups = [row["ours_ms"] / row["ours_two_threads_ms"] for row in mine]
        summary[f"threads2_speedup{suffix}"] = geomean(speedups) if several else None
    return summary


def judge(summary: dict[str, float | None], threads: int) -> list[dict[str, Any]]:
    """Return a dictionary `{figure, says, target, value, met}` for each of `TARGETS`; `met` is None where the figure is
    missing or `threads` is not one.
    """
    judged = []
    for figure, target, says in TARGETS:
        value = summary.get(figure)
        met = None if value is None or threads != 1 else value >= target
        judged.append({"figure": figure, "says": says, "target": target, "value": value, "met": met})
    return judged


def geomean(values: Sequence[float]) -> float | None:
    """Return the geometric mean, or None of nothing."""
    return four_digits(math.exp(sum(map(math.log, values)) / len(values))) if values else None


def four_digits(value: float) -> float:
    """Return `value` with four digits that count: a ratio's noise is in the third."""
    return float(f"{value:.4g}")


def _least(peer: str) -> str:
    return f"min_vs_{_named(peer)}"


def _named(peer: str) -> str:
    return peer.replace("-", "_")
