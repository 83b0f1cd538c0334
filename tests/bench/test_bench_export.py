"""A race of exports with few turns: peers must make the same picture before they are timed, and programs can read the report."""

import importlib.util
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bench import export, export_ours, export_scene
from bench.export_scene import PRESET_IDS, Files
from engines.image_core import icc
from engines.image_core.png import PngFacts, write_png
from ledger import OutOfRangeError

pytest.importorskip("skimage", reason="the photograph of the race comes with scikit-image")
_HERE, _ = export._importable(None)
if "pillow-cairosvg" not in _HERE:
    pytest.skip("libcairo is not installed", allow_module_level=True)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    return write_png(pixels, PngFacts(icc.profile("sRGB"), icc.gray_profile("sRGB")))


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    """One short race, of all that can run here."""
    told: list[tuple[str, int, int]] = []
    before = export.TURNS_QUICK
    export.TURNS_QUICK = 1
    try:
        made = export.run(quick=True, tell=lambda *what: told.append(what))
    finally:
        export.TURNS_QUICK = before
    assert told[-1][1] == told[-1][2] == len(made["rows"])
    return made


@pytest.mark.slow
def test_the_report_has_what_programs_read(report: dict[str, Any]) -> None:
    """Times and sizes of ours and of all others beside each other, for the whole job and for PNG alone."""
    rows = {row["case"]: row for row in report["rows"]}
    assert tuple(rows) == (export.WHOLE_JOB, *export.PNG_CASES)
    whole = rows[export.WHOLE_JOB]
    assert {"ours_one_thread", "ours_with_store", "pillow-cairosvg"} <= whole["others_ms"].keys()
    for row in rows.values():
        for name, ratio in row["ratio"].items():
            assert ratio == pytest.approx(row["others_ms"][name] / row["ours_ms"], rel=0.01)
        assert row["bytes"].keys() == row["cpu_ms"].keys() == row["turns"].keys() == {"ours", *row["others_ms"]}
    assert report["summary"]["vs_pillow_cairosvg"] == whole["ratio"]["pillow-cairosvg"]
    assert {target["figure"] for target in report["targets"]} <= report["summary"].keys()
    assert report["environment"]["versions"]["pillow"]


@pytest.mark.slow
def test_peers_make_nearly_our_picture_and_our_ways_the_very_same(report: dict[str, Any]) -> None:
    """A store, or one thread, changes no pixel; the scripts differ by resampling and the edges of letters."""
    difference = report["rows"][0]["difference"]
    for name, by_preset in difference.items():
        assert tuple(by_preset) == PRESET_IDS
        assert max(by_preset.values()) <= (0 if name.startswith("ours") else export.DIFFERENCE_MAX)


@pytest.mark.slow
def test_skia_is_skipped_with_a_reason_or_measured(report: dict[str, Any]) -> None:
    """A missing peer is told, and its target is neither met nor missed."""
    here = importlib.util.find_spec("skia") is not None
    assert ("skia" in report["skipped"]) != here
    (target,) = (one for one in report["targets"] if one["figure"] == "vs_skia")
    assert (target["met"] is None) == (not here)


def test_another_picture_has_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fastest script of all is one that leaves the photograph out."""

    def without(_scene: object, _plans: object) -> Files:
        return dict.fromkeys(PRESET_IDS, _png(np.zeros((40, 60, 4), np.uint8)))

    monkeypatch.setattr(export_ours, "export", lambda *_args, **_named: without(None, None))
    white = _png(np.full((40, 60, 4), 255, np.uint8))
    monkeypatch.setitem(export._JOBS, "pillow-cairosvg", lambda *_: dict.fromkeys(PRESET_IDS, white))
    monkeypatch.setattr(export_ours.StoreJob, "job_in", lambda *_: without(None, None))
    found = export_scene.scene()
    assert found is not None
    with pytest.raises(AssertionError, match="pillow-cairosvg makes another picture"):
        export._whole_job(found, ["pillow-cairosvg"], 1)


def test_an_unknown_peer_is_refused_before_any_work() -> None:
    with pytest.raises(OutOfRangeError, match="pillow-cairosvg, skia"):
        export.run(peers=["skia", "photoshop"], tell=lambda *_: pytest.fail("work was done"))


def test_targets_are_judged_in_their_sense() -> None:
    """Less is better for bytes, and what was not measured is neither met nor missed."""
    summary: dict[str, float | None] = {"vs_pillow_cairosvg": 4.0, "vs_skia": None, "png_vs_pillow_1": 1.0}
    summary |= {"png_vs_pillow_6": 9.0, "png_bytes_vs_pillow_6": 1.2}
    met = {one["figure"]: one["met"] for one in export._judged(summary)}
    assert met["vs_skia"] is None
    assert met["png_bytes_vs_pillow_6"] is False
    assert len(met) == len(export.TARGETS)
