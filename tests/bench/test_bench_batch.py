"""A short race of batches: everybody makes the same artifacts, and programs can read the report."""

import csv
from pathlib import Path
from typing import Any

import pytest

from bench import batch


@pytest.mark.slow
def test_the_report_has_what_programs_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures for one worker and two beside each other; a scheduler that was left out has no verdict."""
    monkeypatch.setattr(batch, "CARDS_QUICK", 4)
    told: list[tuple[str, int, int]] = []
    report = batch.run(quick=True, schedulers=["threads", "processes"], tell=lambda *what: told.append(what))
    assert told[-1] == ("measuring", 4, 4)
    assert [(row["scheduler"], row["workers"]) for row in report["rows"]] == [
        ("threads", 1),
        ("threads", 2),
        ("processes", 1),
        ("processes", 2),
    ]
    one, two = report["rows"][2:]
    assert report["summary"]["processes_whole"] == round(one["whole_median_s"] / two["whole_median_s"], 3)
    assert [target["met"] for target in report["targets"]][2:] == [None, None]
    assert report["environment"]["cards"] == 4


def test_the_ratio_is_of_medians_and_judged_by_its_bound() -> None:
    """Two workers in half the time are twice as fast; 1.69 is not 1.7."""
    rows: list[dict[str, Any]] = [
        {"scheduler": "dask", "workers": 1, "whole_median_s": 16.9, "steady_median_per_s": 10.0},
        {"scheduler": "dask", "workers": 2, "whole_median_s": 10.0, "steady_median_per_s": 17.0},
    ]
    summary = batch._summary(rows)
    assert summary == {"dask_whole": 1.69, "dask_steady": 1.7}
    assert [target["met"] for target in batch._judged(summary)] == [None, None, False, True]


def test_every_row_is_another_picture(tmp_path: Path) -> None:
    """Rows that were the same would be answered from the store, and would flatter."""
    path = batch.write_rows(tmp_path / "rows.csv", 45)
    with path.open(encoding="utf-8", newline="") as file:
        rows = [tuple(value for key, value in row.items() if key != "name") for row in csv.DictReader(file)]
    assert len(rows) == len(set(rows)) == 45
