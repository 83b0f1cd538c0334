"""The public part of resvg's suite passes as far as stated, with either engine; and the table tells it."""

import os
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from bench import svg_suite
from bench.svg_suite import Score
from engines.vector_core import rasterize
from engines.vector_core.errors import CairoMissingError
from engines.vector_core.rasterize import Engine

SUITE = Path(os.environ.get("IMPASTO_CORPORA", Path(__file__).parents[2].parent / "shared" / "corpora")) / "svg"

FLOORS: dict[Engine, float] = {"resvg": 0.99, "cairosvg": 0.34}
"""Share of files that must pass. CairoSVG draws no text here, which is a quarter of the suite."""


@cache
def scores(engine: Engine) -> list[Score]:
    """The whole suite by one engine, once."""
    return svg_suite.score(SUITE, (engine,))[engine]


@pytest.mark.slow
@pytest.mark.skipif(not (SUITE / "tests").is_dir(), reason=f"no suite at {SUITE}; set IMPASTO_CORPORA")
@pytest.mark.parametrize("engine", FLOORS)
def test_enough_of_the_suite_passes(engine: Engine) -> None:
    """A new engine, a stricter guard or another choice of fonts must not lose what works today."""
    try:
        rasterize.engine_version(engine)
    except CairoMissingError:
        pytest.skip("needs libcairo")
    found = Counter(one.verdict for one in scores(engine))
    worst = [one for one in scores(engine) if one.verdict != "pass"][:20]
    assert found["pass"] / found.total() >= FLOORS[engine], worst
    assert found["refused"] <= 0.005 * found.total(), [one for one in worst if one.verdict == "refused"]


def test_the_table_counts_by_category() -> None:
    """What the documents show is made by this."""
    found = [Score("a/x.svg", "pass"), Score("a/y.svg", "differs"), Score("b/z.svg", "refused")]
    assert list(svg_suite.table({"resvg": found, "cairosvg": found[::-1]}))[2:] == [
        "| a | 2 | 1 (50.0%) | 1 (50.0%) |",
        "| b | 1 | 0 (0.0%) | 0 (0.0%) |",
        "| all | 3 | 1 (33.3%) | 1 (33.3%) |",
    ]
