"""Commands about this machine: what is installed, how fast it composites."""

import importlib.metadata
import importlib.util
import platform
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson
from engines.errors import EnvironmentFault

_PIXEL_PACKAGES = (
    "numpy",
    "numba",
    "llvmlite",
    "Pillow",
    "uharfbuzz",
    "resvg",
    "CairoSVG",
    "cairocffi",
    "fonttools",
    "fontpkg-inter",
    "msgspec",
)
_OPTIONAL_PACKAGES = {
    "scikit-image": "demo photographs (extra demo)",
    "litestar": "HTTP service (extra server)",
    "granian": "HTTP service (extra server)",
    "av": "video overlays (extra video)",
    "opentimelineio": "timelines (extra video)",
    "psd-tools": "PSD files (extra psd)",
    "psycopg": "ledger on PostgreSQL (extra scale)",
    "obstore": "blobs on object storage (extra scale)",
    "distributed": "batches on Dask (extra scale)",
    "skia-python": "a peer in benchmarks (extra bench)",
    "pyvips": "a peer in benchmarks (extra bench)",
}


class BenchMissingError(EnvironmentFault):
    """Benchmarks live in a source checkout, not in the installed distribution."""

    type = "bench-missing"

    def __init__(self) -> None:
        super().__init__("benchmarks live in a source checkout: run `make bench` there")


def doctor(*, json: AsJson = False) -> int:
    """Tell the versions of everything that can change pixels, where kernels are kept, and which optional parts are missing.

    Example:
        impasto doctor --json
    """
    from PIL import features

    import compositor
    from engines.image_core.backend import PIXEL_VERSION
    from engines.typography_core import fonts

    codecs = {name: features.version(name) for name in ("libjpeg_turbo", "webp", "zlib", "zlib_ng", "littlecms2")}
    cairo, hint = _cairo()
    document = {
        "impasto": importlib.metadata.version("impasto"),
        "pixel_version": PIXEL_VERSION,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "producers": {name: importlib.metadata.version(name) for name in _PIXEL_PACKAGES},
        "codecs": {name: version for name, version in codecs.items() if version},
        "fonts": {
            f"{font.family}{' italic' if font.italic else ''} {font.version}": font.sha256 for font in fonts.manifest()
        },
        "kernel_cache": str(compositor.kernel_cache_dir()),
        "optional": {name: _version(name) for name in _OPTIONAL_PACKAGES} | {"libcairo": cairo},
    }
    if json:
        output.print_json(document)
        return FINE
    table = output.table("This machine", "part", "version or place")
    for name, value in document.items():
        if isinstance(value, dict):
            for inner, detail in value.items():
                missing = f"missing: {_OPTIONAL_PACKAGES.get(inner, hint)}"
                table.add_row(f"{name} / {inner}", missing if detail is None else str(detail))
        else:
            table.add_row(name, str(value))
    output.show(table)
    return FINE


def _cairo() -> tuple[str | None, str]:
    """CairoSVG with its cairo, or None and how to get it."""
    from engines.vector_core import rasterize
    from engines.vector_core.errors import CairoMissingError

    try:
        return rasterize.engine_version("cairosvg"), ""
    except CairoMissingError as error:
        return None, str(error)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def bench_compositing(
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    modes: Annotated[list[str] | None, Parameter(negative="")] = None,
    threads: int = 1,
    plot: Path | None = None,
    json: AsJson = False,
) -> int:
    """Blend 8 soft layers over a 1920x1080 backdrop, beside every peer that is installed, in one process on the same data.

    Each picture is checked against a float64 oracle before it is timed.

    Example:
        impasto bench compositing --quick --json

    Parameters
    ----------
    quick: bool
        Four modes and few rounds.
    modes: list[str]
        Only these blend modes.
    threads: int
        Threads for ours; peers use one.
    plot: Path
        Also draw the ratios as a PNG.
    """
    if importlib.util.find_spec("bench") is None:
        raise BenchMissingError
    from bench.compositing import run
    from bench.plot import write_plot

    with output.progress() as tell:
        report = run(quick=quick, modes=modes, threads=threads, tell=tell)
    if plot is not None:
        write_plot(report, plot)
    if json:
        output.print_json(report)
        return FINE
    peers = sorted({name for row in report["rows"] for name in row["peers"]})
    table = output.table(
        "ms for 8 layers (ratio to ours)", "case", "mode", "impasto", *peers, right=("impasto", *peers)
    )
    for row in report["rows"]:
        cells = [f"{row['peers'][p]:.1f} ({row['ratio'][p]:.1f}x)" if p in row["peers"] else "-" for p in peers]
        table.add_row(row["case"], row["mode"], f"{row['ours_ms']:.1f}", *cells)
    output.show(table)
    for name, value in report["summary"].items():
        output.show(f"{name}: {'-' if value is None else format(value, '.2f')}")
    return FINE
