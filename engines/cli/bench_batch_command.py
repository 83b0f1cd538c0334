"""The command that measures batches: what a second worker brings, by threads, processes and Dask."""

import importlib.util
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from engines.cli import output
from engines.cli.bench_commands import BenchMissingError
from engines.cli.failures import FINE
from engines.cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table

_MET = {True: ("met", "green"), False: ("missed", "red"), None: ("not measured", "yellow")}


def bench_batch(
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    schedulers: Annotated[
        list[Literal["threads", "processes", "dask"]] | None, Parameter(negative="", consume_multiple=True)
    ] = None,
    json: AsJson = False,
) -> int:
    """Render 200 social cards with one worker and with two: threads of this process, a pool of processes, and Dask with local processes.

    Each turn begins with an empty store, and all must make the same artifacts. They take turns; ratios are of medians.

    Example:
        impasto bench batch --quick --json
        impasto bench batch --schedulers processes

    Parameters
    ----------
    quick: bool
        40 cards, one turn.
    schedulers: list[str]
        Only these.
    """
    if importlib.util.find_spec("bench") is None:
        raise BenchMissingError
    from bench import batch

    with output.progress() as tell:
        report = batch.run(quick=quick, schedulers=schedulers, tell=tell)
    if json:
        output.print_json(report)
    else:
        output.show(_rows_table(report), _targets_table(report))
    return FINE


def _rows_table(report: dict[str, Any]) -> "Table":
    columns = ("workers", "best s", "median s", "best cards/s", "median cards/s", "CPU s")
    told = report["environment"]
    made = output.table(
        f"{told['cards']} cards, {told['turns']} turns, load {told['load']}", "by", *columns, right=columns
    )
    for row in report["rows"]:
        figures = (
            f"{row[key]:.2f}" for key in ("whole_s", "whole_median_s", "steady_per_s", "steady_median_per_s", "cpu_s")
        )
        made.add_row(row["scheduler"], str(row["workers"]), *figures)
    return made


def _targets_table(report: dict[str, Any]) -> "Table":
    from rich.text import Text

    made = output.table("Targets", "figure", "at least", "is", "", right=("at least", "is"))
    for target in report["targets"]:
        words, style = _MET[target["met"]]
        value = "-" if target["value"] is None else f"{target['value']:.2f}"
        made.add_row(target["says"], f"{target['target']:g}", value, Text(words, style))
    return made
