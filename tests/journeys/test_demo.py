"""`impasto demo`, as a newcomer runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engines.cli.app import run
from engines.image_core import composition
from tests.fixtures import decoded

ASSETS = Path(__file__).parents[2] / "engines" / "cli" / "demo_assets"


@pytest.mark.slow
def test_the_demo_makes_four_pictures_that_prove_themselves(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Twice: the second run is answered from the ledger, with the same artifacts and the same files."""
    made = []
    for _ in range(2):
        capfd.readouterr()
        assert run(["demo", "--dir", str(tmp_path / "demo"), "--json"]) == 0
        made.append(json.loads(capfd.readouterr().out))
    first, second = made
    assert first["ok"]
    assert first["remade"]["same_bits"]
    assert [one["cache"] for one in first["renders"]] == ["miss"] * 4
    assert [one["cache"] for one in second["renders"]] == ["hit"] * 4
    assert first["pictures"] == second["pictures"]
    for one, path in zip(first["renders"], first["pictures"], strict=True):
        picture = decoded(Path(path).read_bytes())
        assert picture.size == (one["meta"]["width"], one["meta"]["height"])
        assert len(picture.convert("RGB").resize((64, 64)).getcolors(4096) or []) > 500, "a picture, not a blank page"
    assert run(["audit", "--store", first["store"], "--remake"]) == 0


@pytest.mark.slow
def test_the_demo_gives_the_same_artifacts_on_every_machine(tmp_path: Path) -> None:
    """Ids follow from content and code: another folder, another process, another store, the same ids and bytes."""
    ids = []
    for name in ("a", "b"):
        done = subprocess.run(
            [sys.executable, "-m", "engines.cli", "demo", "--dir", str(tmp_path / name), "--json"],
            check=True,
            capture_output=True,
        )
        ids.append([(one["artifact_id"], one["meta"]["sha256"]) for one in json.loads(done.stdout)["renders"]])
    assert ids[0] == ids[1]


def test_the_demo_shows_what_it_promises() -> None:
    """At least 8 layers, 4 blend modes, one group; a photograph, a drawing and a headline with accents."""
    document = composition.parse((ASSETS / "poster.json").read_bytes())
    layers = [layer for _, _, layer in composition.walk(document.layers)]
    assert len(layers) >= 8
    assert len({layer.blend for layer in layers}) >= 4
    kinds = {type(layer).__name__ for layer in layers}
    assert kinds >= {"RasterLayer", "VectorLayer", "TextLayer", "GroupLayer", "GradientLayer"}
    assert any(
        "é" in layer.text and "AVA" in layer.text for layer in layers if isinstance(layer, composition.TextLayer)
    )
