"""Does the code keep the house rules that a machine can check? CONTRIBUTING.md lists them; a rule that is only hoped for is not one."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import compositor
import engines
import ledger
from compositor.errors import CompositorError
from engines.cli import failures
from engines.errors import EngineError
from ledger.errors import LedgerError

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ledger", "compositor", "engines", "docs")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULE_LINES_MAX = 700
FUNCTION_LINES_MAX = 70
VAGUE_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "misc"})

HEAVY = {
    "ledger": ("numpy", "numba", "PIL", "rich", "cyclopts", "psycopg", "obstore", "engines", "compositor"),
    "engines.cli": (
        "numpy",
        "numba",
        "PIL",
        "rich.progress",
        "resvg",
        "cairosvg",
        "uharfbuzz",
        "compositor",
        "obstore",
    ),
    "compositor": ("numba", "llvmlite", "PIL", "engines", "ledger"),
    "engines.media_v2.registry": ("numpy", "numba", "PIL", "obstore"),
}
"""What importing a package must not import: start-up time is a promise, and a ledger needs no pixels."""

ADAPTERS = {
    "numba": {"compositor/_jit.py"},
    "resvg": {"engines/vector_core/engine_resvg.py"},
    "cairosvg": {"engines/vector_core/engine_cairosvg.py"},
    "cairocffi": {"engines/vector_core/cairo_library.py", "engines/vector_core/engine_cairosvg.py"},
    "svg2pdf_py": {"engines/vector_core/pdf_worker.py"},
    "pikepdf": {"engines/vector_core/pdf_files.py"},
    "uharfbuzz": {
        f"engines/typography_core/{name}.py"
        for name in (
            "faces",
            "shaping",
            "sweeps",
            "colour_glyphs",
            "paint_boxes",
            "outline_cost",
            "outlines",
            "line_metrics",
            "superscripts",
        )
    }
    | {"engines/vector_core/font_instances.py"},
    "icu4py": {"engines/typography_core/breaks.py"},
    "pathops": {"engines/typography_core/merged.py", "engines/vector_core/path_kernel.py"},
    "pyphen": {"engines/typography_core/breaks.py"},
    "crc32c": {"ledger/layout.py"},
    "psycopg": {
        f"ledger/postgres/{name}.py"
        for name in ("address", "connections", "heads", "listening", "reading", "turns", "writing")
    },
    "litestar": {"engines/http/app.py"},
    "granian": {"engines/http/server.py"},
    "structlog": {"engines/http/logs.py"},
    "prometheus_client": {"engines/http/metrics.py"},
    "distributed": {"engines/batch/dask_cluster.py"},
    "dask": {"engines/batch/dask_cluster.py"},
    "av": {"engines/video/av_files.py", "docs/examples/video_overlay/video_overlay.py"},
    "opentimelineio": {"engines/video/timeline.py"},
    "obstore": {
        "engines/media_v2/object_client.py",
        "engines/media_v2/object_credentials.py",
        "ledger/objects/address.py",
        "ledger/objects/faults.py",
        "ledger/objects/store.py",
    },
    "fcntl": {
        "ledger/storage_file.py",
        "engines/media_v2/single_flight.py",
        "engines/media_v2/blob_cache.py",
        "engines/isolation/worker.py",
    },
}
"""The only files that may import a library, so that its quirks and its options are known in one place."""


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_are_modules_to_check() -> None:
    """Guards all tests below: a moved folder must not let them check nothing."""
    assert len(MODULES) > 80


def test_every_module_states_its_question() -> None:
    """A newcomer reads the first sentence of each module before any code."""
    assert [_named(path) for path in MODULES if not ast.get_docstring(_parsed(path))] == []


def test_no_module_is_too_long() -> None:
    """A module that answers one question fits in a reader's head."""
    lengths = {_named(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES_MAX} == {}


def test_no_function_is_too_long() -> None:
    """A function that needs scrolling hides its branches."""
    found = {
        f"{_named(path)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in ast.walk(_parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None
    }
    assert {name: lines for name, lines in found.items() if lines > FUNCTION_LINES_MAX} == {}


def test_no_module_has_a_vague_name() -> None:
    """A file called utils answers every question and therefore none."""
    assert [_named(path) for path in MODULES if path.stem.strip("_") in VAGUE_NAMES] == []


def test_only_adapters_import_their_library() -> None:
    """One dependency, one adapter: replacing or upgrading a library touches one file."""
    strays = [
        f"{_named(path)} imports {name}"
        for path in MODULES
        if "tests" not in path.parts
        for name in _imported(_parsed(path)) & ADAPTERS.keys()
        if _named(path) not in ADAPTERS[name]
    ]
    assert strays == []


def _imported(module: ast.Module) -> set[str]:
    """The top-level packages that a module imports anywhere, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("package", HEAVY)
def test_importing_a_package_imports_nothing_heavy(package: str) -> None:
    """`impasto --help` and a ledger reader must not wait for numba."""
    code = f"import sys, {package}; print([name for name in {HEAVY[package]!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_imports_point_one_way() -> None:
    """The contracts of pyproject.toml: engines are layered, ledger and compositor know neither each other nor engines."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "0 broken" in answer.stdout


def test_every_error_has_an_exit_code() -> None:
    """An error that people meet must not be told as a fault of ours; only what we did not foresee exits 70."""
    for package in (compositor, engines, ledger):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".tests" not in module.name and not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
    kinds = [kind for base in (EngineError, LedgerError, CompositorError) for kind in (base, *_below(base))]
    assert len(kinds) > 40
    codes = {kind.__qualname__: failures.exit_code(kind.__new__(kind)) for kind in kinds}
    assert [name for name, code in codes.items() if code not in (1, 2, 3)] == []


def test_every_error_of_the_engines_names_its_type() -> None:
    """Programs tell errors apart by `type`; one that is inherited says nothing."""
    kinds = {kind for kind in _below(EngineError) if not kind.__subclasses__() and ".tests" not in kind.__module__}
    inherited = [kind.__qualname__ for kind in kinds if "type" not in vars(kind)]
    assert inherited == []


def _below(base: type[Exception]) -> Iterator[type[Exception]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _below(kind)
