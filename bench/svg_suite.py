"""How much of resvg's test suite do our two engines draw as its reference pictures show?

Each SVG of the suite is converted as `impasto convert --fonts --resources --external ignore` would, at the width of its
reference, and passes when at most 0.5 % of the pixels have a premultiplied channel off by more than 16. CairoSVG refuses texts
here, for it would draw them in fonts of the host. Prints a table in Markdown: `python -m bench.svg_suite FOLDER`, with the
suite's folder, which holds `tests`, `fonts` and `resources`.
"""

import io
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engines.errors import EngineError
from engines.image_core.convert import Conversion, convert
from engines.image_core.sources import FolderReader
from engines.isolation.pool import Pool
from engines.vector_core import font_folders
from engines.vector_core.errors import SvgRefusedError
from engines.vector_core.rasterize import Engine
from engines.vector_core.resources import FolderResources
from engines.vector_core.svg_fonts import FontSet
from engines.vector_core.tasks import TASKS

Verdict = Literal["pass", "differs", "refused", "error"]
CHANNEL_OFF_MAX = 16
"""Steps of 8 bit by which a premultiplied channel may be off."""
PIXELS_OFF_MAX = 0.005
"""Share of pixels that may be off by more."""


class Score(NamedTuple):
    """What became of one file of the suite; `reason` is the error's."""

    name: str
    verdict: Verdict
    reason: str = ""

    @property
    def category(self) -> str:
        """The part of SVG that the file is about."""
        return self.name.partition("/")[0]


def score(suite: Path, engines: Iterable[Engine] = get_args(Engine)) -> dict[Engine, list[Score]]:
    """Return the scores of each engine, in the order of the files."""
    files = sorted((suite / "tests").rglob("*.svg"))
    fonts = font_folders.load([suite / "fonts"])
    with ThreadPoolExecutor(2) as threads, Pool(TASKS, workers=2) as isolation:
        return {
            engine: list(
                threads.map(lambda file, engine=engine: _score_one(suite, file, fonts, engine, isolation), files)
            )
            for engine in engines
        }


def _score_one(suite: Path, file: Path, fonts: FontSet, engine: Engine, isolation: Pool) -> Score:
    name = file.relative_to(suite / "tests").as_posix()
    expected = _premultiplied(file.with_suffix(".png").read_bytes())
    request = Conversion(
        name,
        "png",
        expected.shape[1],
        engine=engine,
        fonts=fonts,
        resources=FolderResources(suite, file.parent),
        external="ignore",
        isolation=isolation,
    )
    try:
        found = _premultiplied(convert(file.read_bytes(), request, FolderReader(file.parent)))
    except SvgRefusedError as error:
        return Score(name, "refused", str(error))
    except EngineError as error:
        return Score(name, "error", str(error))
    if found.shape != expected.shape:
        return Score(name, "differs", f"{found.shape}, not {expected.shape}")
    off = float((np.abs(found - expected).max(axis=2) > CHANNEL_OFF_MAX).mean())
    return Score(name, "pass" if off <= PIXELS_OFF_MAX else "differs", f"{off:.2%} of pixels")


def _premultiplied(picture: bytes) -> NDArray[np.float64]:
    with Image.open(io.BytesIO(picture)) as opened:
        pixels = np.asarray(opened.convert("RGBA")).astype(np.float64)
    pixels[..., :3] *= pixels[..., 3:] / 255
    return pixels


def table(scores: dict[Engine, list[Score]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown: files that pass, by category, engines beside each other."""
    yield f"| category | files | {' | '.join(scores)} |"
    yield "| --- | ---: |" + " ---: |" * len(scores)
    first = next(iter(scores.values()))
    categories: list[str | None] = [*sorted({one.category for one in first}), None]
    for category in categories:
        counts = [
            Counter(one.verdict for one in found if category in (None, one.category)) for found in scores.values()
        ]
        shares = (f"{count['pass']} ({count['pass'] / count.total():.1%})" for count in counts)
        yield f"| {category or 'all'} | {counts[0].total()} | {' | '.join(shares)} |"


def main(arguments: list[str]) -> None:
    """Print the table, and below it what each engine's other files came to."""
    scores = score(Path(arguments[0]))
    lines = list(table(scores))
    for engine, found in scores.items():
        verdicts = Counter(one.verdict for one in found)
        lines += ["", f"{engine}: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))]
    print("\n".join(lines))  # noqa: T201 - a report


if __name__ == "__main__":
    main(sys.argv[1:])
