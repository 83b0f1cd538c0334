"""A short race of SVG engines: peers must draw the same picture before they are timed, and programs can read the report."""

import numpy as np
import pytest

from bench import vector_cases, vectors
from engines.vector_core import guard
from ledger import OutOfRangeError

SMALL = vector_cases.cases()[0]._replace(count=1)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """One turn, and small drawings in place of large ones, under the same names."""
    monkeypatch.setattr(vectors, "TURNS_QUICK", 1)
    monkeypatch.setattr(vectors, "LAYERS", 2)
    named = [SMALL._replace(name=name) for name in ("icon", "logo", "drawing")]
    monkeypatch.setattr(vectors, "cases", lambda: named)


@pytest.mark.usefixtures("short")
def test_the_report_has_what_programs_read() -> None:
    """Ours and all others beside each other, and a verdict for every target."""
    told: list[tuple[str, int, int]] = []
    report = vectors.run(quick=True, peers=["resvg"], tell=lambda *what: told.append(what))
    rows = {row["case"]: row for row in report["rows"]}
    assert tuple(rows) == ("icon", "logo", "drawing", "layers", "threads", "guard")
    assert rows["icon"]["best_ms"].keys() == {"ours", "ours_here", "resvg"}
    assert all(row["best_ms"].keys() == row["median_ms"].keys() == row["turns"].keys() for row in rows.values())
    assert {target["figure"] for target in report["targets"]} <= report["summary"].keys()
    assert all(target["met"] is not None for target in report["targets"])
    assert told[-1][1] == told[-1][2]
    assert report["environment"]["versions"].keys() == {"resvg", "pillow"}


@pytest.mark.usefixtures("short")
def test_without_resvg_nothing_is_said_of_what_safety_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "_importable", lambda _: ({}, {"resvg": "not here"}))
    report = vectors.run(quick=True)
    assert [target["met"] for target in report["targets"]][:3] == [None, None, None]
    assert report["skipped"] == {"resvg": "not here"}


@pytest.mark.usefixtures("short")
def test_a_peer_that_draws_another_picture_has_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fast and wrong is not fast."""

    def blank(_svg: bytes, width: int, height: int) -> vectors.Rgba:
        return np.zeros((height, width, 4), np.uint8)

    monkeypatch.setattr(vectors, "_importable", lambda _: ({"resvg": blank}, {}))
    report = vectors.run(quick=True)
    assert "resvg" not in report["rows"][0]["best_ms"]
    assert "another picture" in report["skipped"]["resvg icon"]


def test_an_unknown_peer_is_refused() -> None:
    with pytest.raises(OutOfRangeError):
        vectors.run(peers=["inkscape"])


def test_the_drawings_pass_the_guard_and_are_what_they_say() -> None:
    """Figures are stated for so many paths and bytes."""
    icon, logo, drawing = vector_cases.cases()
    facts = guard.check(drawing.svg)
    assert (facts.elements, facts.width_px, facts.height_px) == (501, 1920, 1080)
    assert guard.check(icon.svg).width_px == 24
    assert guard.check(logo.svg).width_px == 512
    assert all(len(svg) >= vector_cases.GUARDED_BYTES for svg in vector_cases.guarded().values())
    assert vector_cases.cases() == vector_cases.cases()
