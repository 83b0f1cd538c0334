"""A small template with a table and its files, and what a store must look like after a batch of it."""

import collections
import json
from pathlib import Path

from engines.batch.plan import Plan, plan_batch
from engines.media_v2.audit import audit
from engines.media_v2.events import RenderCompleted
from engines.media_v2.registry import Registry
from engines.workspace import Workspace
from tests.fixtures import SVG, png

PRESET = "web_small"
TEMPLATE = {
    "version": 1,
    "width": 96,
    "height": 64,
    "layers": [
        {"type": "raster", "src": "{{photo}}", "width": 96, "height": 64, "fit": "cover"},
        {"type": "vector", "src": "logo.svg", "x": "{{left}}", "y": 8, "width": 20},
        {"type": "text", "text": "{{title}}", "font": "Inter", "size": 14, "color": "#fff", "x": 4, "y": 40},
    ],
}


def design(folder: Path, rows: int) -> Path:
    """Write a template, a table of so many rows and its files to `folder`; no two rows are the same picture."""
    folder.mkdir(exist_ok=True)
    (folder / "card.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")
    lines = [f"card {number:03d},{'ab'[number % 2]}.png,{number % 60},Nº {number}" for number in range(1, rows + 1)]
    (folder / "rows.csv").write_text("\n".join(["name,photo,left,title", *lines]) + "\n", encoding="utf-8")
    (folder / "a.png").write_bytes(png(seed=1))
    (folder / "b.png").write_bytes(png(seed=2))
    (folder / "logo.svg").write_bytes(SVG)
    return folder


def planned(work: Workspace, folder: Path, *presets: str) -> Plan:
    """The plan of the batch in `folder`, whose rows are all fit."""
    return plan_batch(work, folder / "card.json", folder / "rows.csv", presets or [PRESET], lambda *_: None)


def completed(store: Path) -> list[int]:
    """How often each render_key of `store` was completed; the store is audited first."""
    assert audit(store).ok
    with Registry.open(store, read_only=True) as registry:
        events = [event for _, batch in registry.ledger.batches(0) for event in batch]
    keys = [bytes(event.render_key) for event in events if isinstance(event, RenderCompleted)]
    return list(collections.Counter(keys).values())
