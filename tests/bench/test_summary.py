"""Conclusions follow from the rows: means, worst modes, and which targets are met."""

import os

import pytest

from bench.summary import TARGETS, floor, judge, summarise


def _row(case: str, mode: str, **ratio: float) -> dict[str, object]:
    return {"case": case, "mode": mode, "ours_ms": 10.0, "ours_two_threads_ms": 5.0, "ratio": ratio}


ROWS = [
    _row("opaque", "multiply", skia=8.0, cairo=20.0),
    _row("opaque", "normal", skia=2.0, cairo=1.5),
    _row("translucent", "normal", skia=3.0),
]


def test_means_and_worst_modes_are_those_of_one_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    summary = summarise(ROWS, ["skia", "cairo", "psd-tools"])
    assert (summary["geomean_vs_skia"], summary["min_vs_skia"]) == (4.0, 2.0)
    assert (summary["geomean_vs_skia_translucent"], summary["min_vs_skia_translucent"]) == (3.0, 3.0)
    assert (summary["normal_vs_pixman"], summary["normal_vs_pixman_translucent"]) == (1.5, None)
    assert (summary["threads2_speedup"], summary["threads2_speedup_translucent"]) == (2.0, 2.0)
    assert summary["min_vs_psd_tools"] is None


def test_the_promised_figures_are_there_without_peers() -> None:
    """Programs look them up by name."""
    assert set(summarise([], [])) >= {"geomean_vs_skia", "min_vs_skia", "normal_vs_pixman", "threads2_speedup"}


def test_one_cpu_says_nothing_about_two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert summarise(ROWS, [])["threads2_speedup"] is None


def test_targets_are_met_missed_or_not_measured() -> None:
    by_figure = {one["figure"]: one["met"] for one in judge({"geomean_vs_skia": 5.0, "min_vs_skia": 2.999}, 1)}
    assert (by_figure["geomean_vs_skia"], by_figure["min_vs_skia"]) == (True, False)
    assert by_figure["normal_vs_pixman"] is None
    assert len(by_figure) == len(TARGETS)


def test_targets_are_for_one_thread() -> None:
    """Four threads against one of Skia's would meet them all."""
    assert {one["met"] for one in judge({figure: 99.0 for figure, *_ in TARGETS}, 4)} == {None}


def test_every_target_is_a_figure_of_the_summary() -> None:
    """A misspelt figure would never be measured, silently."""
    names = ["skia", "cairo", "pyvips", "pillow", "simd-blend-modes"]
    assert {figure for figure, *_ in TARGETS} <= set(summarise([], names))


def test_a_row_has_the_floor_of_its_target() -> None:
    assert floor("skia", "opaque", "hue") == 3.0
    assert floor("skia", "translucent", "hue") == 2.0
    assert (floor("cairo", "opaque", "normal"), floor("cairo", "opaque", "hue")) == (1.2, 1.0)
    assert floor("opencv", "opaque", "normal") == 1.0
