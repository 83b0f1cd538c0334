"""The command about this machine: what is installed, and what is missing."""

import importlib.metadata
import platform

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson

_PIXEL_PACKAGES = (
    "numpy",
    "numba",
    "llvmlite",
    "Pillow",
    "uharfbuzz",
    "icu4py",
    "skia-pathops",
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
    "structlog": "HTTP service (extra server)",
    "prometheus-client": "HTTP service (extra server)",
    "av": "video overlays (extra video)",
    "opentimelineio": "timelines (extra video)",
    "psd-tools": "PSD files (extra psd)",
    "psycopg": "ledger on PostgreSQL (extra scale)",
    "obstore": "blobs on object storage (extra scale)",
    "distributed": "batches on Dask (extra scale)",
    "brotli": "WOFF2 fonts (extra fonts)",
    **dict.fromkeys(
        ("skia-python", "pyvips", "opencv-python-headless", "simd-blend-modes", "blend-modes"),
        "a peer in benchmarks (extra bench)",
    ),
}


def doctor(*, json: AsJson = False) -> int:
    """Tell the versions of everything that can change pixels, where kernels are kept, and which optional parts are missing.

    Example:
        impasto doctor --json
    """
    from PIL import features

    import compositor
    from engines.image_core.backend import PIXEL_VERSION
    from engines.typography_core import font_packages, fonts

    codecs = {
        name: features.version(name)
        for name in ("libjpeg_turbo", "webp", "avif", "libtiff", "zlib", "zlib_ng", "littlecms2")
    }
    families = {
        package.replace("_", "-"): f"the family {family} (extra fonts)"
        for package, family in font_packages.PACKAGES.items()
        if package not in font_packages.ALWAYS
    }
    optional = _OPTIONAL_PACKAGES | families
    cairo, hint = _cairo()
    document = {
        "impasto": importlib.metadata.version("impasto"),
        "pixel_version": PIXEL_VERSION,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "producers": {name: importlib.metadata.version(name) for name in _PIXEL_PACKAGES},
        "codecs": {name: version for name, version in codecs.items() if version},
        "fonts": {f"{font.label} {font.version}": font.sha256 for font in fonts.manifest()},
        "kernel_cache": str(compositor.kernel_cache_dir()),
        "optional": {name: _version(name) for name in optional} | {"libcairo": cairo},
    }
    if json:
        output.print_json(document)
        return FINE
    table = output.table("This machine", "part", "version or place")
    for name, value in document.items():
        if isinstance(value, dict):
            for inner, detail in value.items():
                missing = f"missing: {optional.get(inner, hint)}"
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
