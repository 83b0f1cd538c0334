"""Several processes on one store: nothing is lost, nothing is made twice."""

import json
import subprocess
import sys
from pathlib import Path

from engines.media_v2.audit import audit
from engines.media_v2.registry import Registry

RENDER = "import sys; from engines.cli.app import run; sys.exit(run(sys.argv[1:]))"


def test_the_same_render_in_four_processes_is_one_artifact(store: Path, folder: Path) -> None:
    """Whoever is first registers it; the others find it, whether they drew it or not."""
    asked = ["render", str(folder / "card.json"), "--preset", "web_small", "--preset", "web_medium"]
    asked += ["--store", str(store), "--tenant", "acme", "--env", "test", "--json"]
    running = [
        subprocess.Popen([sys.executable, "-c", RENDER, *asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    answers = []
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err.decode()
        answers.append(json.loads(out))
    assert len({tuple(one["artifact_id"] for one in answer) for answer in answers}) == 1
    with Registry.open(store, read_only=True) as registry:
        catalog = registry.catalog()
    assert sum(1 for a in catalog.artifacts.values() if a.kind == "image_render") == 2
    assert [one["cache"] for answer in answers for one in answer].count("miss") == 2
    assert catalog.completed == 2
    assert audit(store).ok
