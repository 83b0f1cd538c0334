"""The command that measures exports: how fast one composition becomes its four files beside straight scripts of its peers."""

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

_NAMES = {"ours": "impasto", "ours_one_thread": "one thread", "ours_with_store": "with a store"}


def bench_export(
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    peers: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    json: AsJson = False,
) -> int:
    """Export one composition with all four presets, beside a Pillow and CairoSVG script and a skia-python script, and race PNG alone.

    All draw the same photograph, drawing and headline at the size of each export, and encode with the same qualities; a peer whose
    picture is another one has no number. They take turns; times are the best and the median of the turns. Skia is measured when
    skia-python is installed.

    Example:
        impasto bench export --quick --json
        impasto bench export --peers pillow-cairosvg

    Parameters
    ----------
    quick: bool
        Few turns.
    peers: list[str]
        Only these of pillow-cairosvg and skia.
    """
    if importlib.util.find_spec("bench") is None:
        raise BenchMissingError
    from bench import export

    with output.progress() as tell:
        report = export.run(quick=quick, peers=peers, tell=tell)
    if json:
        output.print_json(report)
    else:
        _show(report)
    return FINE


def _show(report: dict[str, Any]) -> None:
    for row in report["rows"]:
        output.show(_row_table(row))
    output.show(targets_table(report))
    for name, reason in report["skipped"].items():
        output.show(f"{name} was left out: {reason}")


def _row_table(row: dict[str, Any]) -> "Table":
    columns = ("best ms", "median ms", "times impasto", "CPU ms", "bytes", "off ours by at most")
    made = output.table(f"{row['case']}: {row['says']}", "who", *columns, right=columns)
    for name in row["cpu_ms"]:
        mine = name == "ours"
        best = row["ours_ms"] if mine else row["others_ms"][name]
        median = row["ours_median_ms"] if mine else row["others_median_ms"][name]
        off = max(row["difference"].get(name, {}).values(), default=0.0)
        made.add_row(
            _NAMES.get(name, name),
            f"{best:.1f}",
            f"{median:.1f}",
            "" if mine else f"{row['ratio'][name]:.2f}x",
            f"{row['cpu_ms'][name]:.0f}",
            f"{row['bytes'][name]:,}",
            f"{off:.2f}" if off else "-",
        )
    return made
