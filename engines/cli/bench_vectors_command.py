"""The command that measures drawing of SVGs: what the guard and all else around the engines cost beside the engines alone."""

import importlib.util
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from engines.cli import output
from engines.cli.bench_commands import BenchMissingError
from engines.cli.bench_targets import targets_table
from engines.cli.failures import FINE
from engines.cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

_NAMES = {
    "ours": "impasto",
    "ours_cairosvg": "impasto, cairosvg",
    "ours_each": "drawn each time",
    "ours_here": "impasto, no worker",
}


def bench_vectors(
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    peers: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    json: AsJson = False,
) -> int:
    """Draw an icon, a logo and a drawing of 500 paths through the guard, beside resvg, CairoSVG and librsvg by themselves.

    Whoever draws another picture has no number. They take turns; times are the best and the median of the turns. CairoSVG is measured
    where libcairo is, librsvg where pyvips is installed.

    Example:
        impasto bench vectors --quick --json
        impasto bench vectors --peers resvg

    Parameters
    ----------
    quick: bool
        Few turns.
    peers: list[str]
        Only these of resvg, cairosvg and pyvips.
    """
    if importlib.util.find_spec("bench") is None:
        raise BenchMissingError
    from bench import vectors

    with output.progress() as tell:
        report = vectors.run(quick=quick, peers=peers, tell=tell)
    if json:
        output.print_json(report)
    else:
        for row in report["rows"]:
            output.show(_row_table(row))
        output.show(targets_table(report))
        for name, reason in report["skipped"].items():
            output.show(f"{name} was left out: {reason}")
    return FINE


def _row_table(row: dict[str, Any]) -> "Table":
    columns = ("best ms", "median ms", "pixels off ours")
    made = output.table(f"{row['case']}: {row['says']}", "who", *columns, right=columns)
    for name, best in row["best_ms"].items():
        share = row.get("difference", {}).get(name)
        made.add_row(
            _NAMES.get(name, name),
            f"{best:.3f}",
            f"{row['median_ms'][name]:.3f}",
            "-" if share is None else f"{share:.2%}",
        )
    return made
