"""Whatever draws an SVG has a worker do it: after a whole program, no engine was ever loaded into its own process."""

import json
import subprocess
import sys
from pathlib import Path

from engines.vector_core import rasterize
from engines.vector_core.errors import CairoMissingError
from tests.fixtures import SVG

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path

from engines.cli.app import main
from engines.image_core.service import remake
from engines.workspace import Workspace

folder, cairo = Path(sys.argv[1]), sys.argv[2] == "cairo"
svg = (folder / "logo.svg").read_bytes()
layer = {"type": "vector", "svg": svg.decode(), "width": 30}
shape = {"type": "solid", "color": "#f00", "mask": {"svg": svg.decode(), "width": 20, "height": 20}}
layers = [shape, layer, *([layer | {"engine": "cairosvg", "x": 9}] if cairo else [])]
with Workspace.open(folder / "store", tenant="acme", env="test", create=True, threads=1) as work:
    card = work.compose({"version": 1, "width": 64, "height": 48, "layers": layers}).artifact.artifact_id
    scene = work.add_vector(svg, "logo.svg").artifact.artifact_id
    made = [one.artifact for one in work.render_all(card, ["web_small", "web_medium"], {"format": "png"})]
    made += [work.render_vector(scene, engine=name).artifact for name in ("resvg", "cairosvg")[: 1 + cairo]]
    made += [work.export_document(scene, {"format": kind}).artifact for kind in (("svg", "eps") if cairo else ("svg",))]
    differences = [remake(work.registry, one, work.isolation) for one in made]
files = [folder / name for name in ("logo.svg", "card.json")]
files[1].write_text(__import__("json").dumps({"version": 1, "width": 64, "height": 48, "layers": layers}))
codes = []
for arguments in (
    ["convert", *map(str, files), "--out-dir", str(folder / "out")],
    ["convert", str(files[0]), str(folder / "one.png")],
    ["audit", "--store", str(folder / "store"), "--remake"],
):
    try:
        codes.append(main(arguments))
    except SystemExit as left:
        codes.append(left.code)
loaded = [name for name in ("resvg", "cairosvg", "svg2pdf_py") if name in sys.modules]
print(__import__("json").dumps({"differences": differences, "codes": codes, "loaded": loaded}))
"""


def _cairo() -> str:
    try:
        rasterize.engine_version("cairosvg")
    except CairoMissingError:
        return "none"
    return "cairo"


def test_no_engine_is_ever_loaded_into_the_program(tmp_path: Path) -> None:
    """Layers, masks, scenes, documents, conversions and audits: one that was forgotten could still take the program with it."""
    (tmp_path / "logo.svg").write_bytes(SVG)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), _cairo()]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout.splitlines()[-1])
    assert told["loaded"] == []
    assert set(told["codes"]) <= {0, None}, answer.stderr
    assert set(told["differences"]) == {None}
