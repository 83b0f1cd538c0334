"""Real small inputs that many tests share: a picture, a drawing, a composition, a store. Loaded as a pytest plugin."""

import io
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from engines.image_core.backend import ImageExporter
from engines.image_core.service import ImageService
from engines.media_v2.registry import Registry
from engines.media_v2.scope import Scope, scope_of
from engines.media_v2.stores import init_store
from engines.typography_core.service import TextService
from engines.vector_core.service import VectorService
from tests.postgres_server import postgres, postgres_address  # noqa: F401 - fixtures for all tests

settings.register_profile(
    "impasto",
    deadline=None,  # a busy machine is no failure
    derandomize=True,  # the same examples in every run; `--hypothesis-profile=explore` looks for new ones
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("explore", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("impasto")

SVG = b"""<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30">
<defs><linearGradient id="g"><stop stop-color="#f60"/><stop offset="1" stop-color="#06f" stop-opacity="0.4"/></linearGradient></defs>
<path d="M2 28 C 10 2 30 2 38 28 Z" fill="url(#g)"/><circle cx="20" cy="12" r="6" fill="#fff" fill-opacity="0.7"/></svg>"""

LAYERS: list[dict[str, object]] = [
    {"type": "raster", "src": "photo.png", "width": 96, "height": 64, "fit": "cover"},
    {
        "type": "gradient",
        "kind": "linear",
        "stops": [[0, "#203060"], [1, "rgba(255, 180, 90, 0.5)"]],
        "blend": "multiply",
    },
    {"type": "vector", "src": "logo.svg", "x": 10.5, "y": 8.25, "width": 40, "blend": "screen"},
    {
        "type": "group",
        "opacity": 0.8,
        "blend": "overlay",
        "layers": [{"type": "solid", "color": "#8cf8", "x": 4, "y": 40, "width": 60, "height": 12}],
    },
    {"type": "text", "text": "Été AVA", "font": "Inter", "size": 14, "weight": 700, "color": "#fff", "x": 6, "y": 38},
]
COMPOSITION: dict[str, object] = {
    "version": 1,
    "name": "card",
    "width": 96,
    "height": 64,
    "background": "#102030",
    "layers": LAYERS,
}


def png(width: int = 48, height: int = 36, *, seed: int = 1, alpha: bool = False) -> bytes:
    """A small picture with structure in it; the same bytes for the same arguments."""
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack(
        [(columns * 5 + seed * 40) % 256, (rows * 7) % 256, (rows * columns + seed) % 256], axis=-1
    ).astype(np.uint8)
    if alpha:
        pixels = np.dstack([pixels, ((rows + columns) * 3 % 256).astype(np.uint8)])
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def decoded(content: bytes) -> Image.Image:
    """An encoded picture, loaded."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


@pytest.fixture
def scope() -> Scope:
    return scope_of("acme", "test")


@pytest.fixture
def other_scope() -> Scope:
    return scope_of("globex", "test")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    init_store(path)
    return path


@pytest.fixture
def clock() -> Callable[[], int]:
    """Microseconds that count up by one, so that nothing depends on the real time."""
    ticks = itertools.count(1_700_000_000_000_000)
    return lambda: next(ticks)


@pytest.fixture
def registry(store: Path, clock: Callable[[], int]) -> Iterator[Registry]:
    with Registry.open(store, clock_us=clock) as opened:
        yield opened


@pytest.fixture
def images(registry: Registry) -> ImageService:
    return ImageService(registry, threads=1)


@pytest.fixture
def vectors(registry: Registry) -> VectorService:
    return VectorService(registry, ImageExporter(registry))


@pytest.fixture
def texts(registry: Registry) -> TextService:
    return TextService(registry, ImageExporter(registry))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that `COMPOSITION` names, and the composition as card.json."""
    import msgspec

    path = tmp_path / "design"
    path.mkdir()
    (path / "photo.png").write_bytes(png())
    (path / "logo.svg").write_bytes(SVG)
    (path / "card.json").write_bytes(msgspec.json.encode(COMPOSITION))
    return path
