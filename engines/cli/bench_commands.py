"""The command that measures: how fast the compositor is beside its peers, and where its time goes."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson
from engines.errors import EnvironmentFault

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_GOOD, _BAD, _ODD = "green", "red", "yellow"
_MET = {True: ("met", _GOOD), False: ("missed", _BAD), None: ("not measured", _ODD)}


class BenchMissingError(EnvironmentFault):
    """Benchmarks live in a source checkout, not in the installed distribution."""

    type = "bench-missing"

    def __init__(self) -> None:
        super().__init__("benchmarks live in a source checkout: run `make bench` there")


def bench_compositing(
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    modes: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    threads: int = 1,
    profile: Annotated[bool, Parameter(negative="")] = False,
    plot: Path | None = None,
    json: AsJson = False,
) -> int:
    """Blend 8 soft layers over a 1920x1080 backdrop, beside every peer that is installed, in one process on the same data.

    Each picture is checked against a float64 oracle before it is timed; there is no number for a wrong one. Peers take
    turns with us, on one thread each. Times are the best and the median of the rounds, ratios are of the best.

    Example:
        impasto bench compositing --quick --json
        impasto bench compositing --modes normal soft-light --plot ratios.png
        impasto bench compositing --profile

    Parameters
    ----------
    quick: bool
        Four modes and few rounds.
    modes: list[str]
        Only these blend modes.
    threads: int
        Threads for ours; peers use one.
    profile: bool
        Instead of racing, measure where our time goes: memory, planning, kernels.
    plot: Path
        Also draw the ratios as a PNG.
    """
    if importlib.util.find_spec("bench") is None:
        raise BenchMissingError
    from bench import compositing, floor
    from bench.plot import write_plot

    if profile:
        report = floor.run(quick=quick, modes=modes, threads=threads)
    else:
        with output.progress() as tell:
            report = compositing.run(quick=quick, modes=modes, threads=threads, tell=tell)
        if plot is not None:
            write_plot(report, plot)
    if json:
        output.print_json(report)
    elif profile:
        output.show(_parts_table(report), _calls_table(report))
    else:
        _show_race(report)
    return FINE


def _show_race(report: dict[str, Any]) -> None:
    peers = tuple(name for name in report["environment"]["versions"] if name not in ("numpy", "numba"))
    for case in dict.fromkeys(row["case"] for row in report["rows"]):
        output.show(_race_table(report, case, peers))
    output.show(_peers_table(report, peers), _targets_table(report))
    for name, reason in report["skipped"].items():
        output.show(f"{name} was left out: {reason}")


def _race_table(report: dict[str, Any], case: str, peers: Sequence[str]) -> "Table":
    from bench.summary import floor

    columns = ("impasto", "2 threads", *peers)
    title = f"Backdrop {case}: ms, best/median, and below that how many times as long as impasto"
    table = output.table(title, "mode", *columns, right=columns)
    for row in report["rows"]:
        if row["case"] == case:
            ours = (f"{_ms(row[f'{who}_ms'])}/{_ms(row[f'{who}_median_ms'])}" for who in ("ours", "ours_two_threads"))
            cells = (_race_cell(row, peer, floor(peer, case, row["mode"])) for peer in peers)
            table.add_row(row["mode"], *ours, *cells)
    return table


def _race_cell(row: dict[str, Any], peer: str, least: float) -> "Text":
    from rich.text import Text

    if peer in row["wrong"]:
        return Text(f"wrong by {row['wrong'][peer]:.0f}", _ODD)
    if peer not in row["ratio"]:
        return Text("-")
    ratio = row["ratio"][peer]
    times = f"{_ms(row['peers'][peer])}/{_ms(row['peers_median_ms'][peer])}"
    return Text.assemble(times, (f"\n{ratio:.1f}x", _GOOD if ratio >= least else _BAD))


def _ms(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _peers_table(report: dict[str, Any], peers: Sequence[str]) -> "Table":
    columns = ("opaque", "worst", "translucent", "worst ", "steps off", "modes right", "wrong")
    table = output.table(
        "Times as long as impasto, geometric mean and worst mode; steps of 1/255 off the oracle",
        "peer",
        "version",
        *columns,
        right=columns,
    )
    for peer in peers:
        name = peer.replace("-", "_")
        keys = [f"{kind}_vs_{name}{suffix}" for suffix in ("", "_translucent") for kind in ("geomean", "min")]
        ratios = (_figure(report["summary"].get(key)) for key in keys)
        right = [row["steps_off"][peer] for row in report["rows"] if peer in row["peers"]]
        wrong = sum(peer in row["wrong"] for row in report["rows"])
        counts = (_figure(max(right, default=None)), str(len(right)), str(wrong))
        table.add_row(peer, report["environment"]["versions"][peer], *ratios, *counts)
    return table


def _targets_table(report: dict[str, Any]) -> "Table":
    from rich.text import Text

    table = output.table("Targets", "figure", "at least", "is", "", right=("at least", "is"))
    for target in report["targets"]:
        words, style = _MET[target["met"]]
        table.add_row(target["says"], f"{target['target']:g}", _figure(target["value"]), Text(words, style))
    return table


def _parts_table(report: dict[str, Any]) -> "Table":
    columns = ("best ms", "median ms", "GB/s")
    table = output.table("Parts of a call, each by itself", "part", "what it does", *columns, right=columns)
    for part in report["parts"]:
        row = (f"{part['best_ms']:.2f}", f"{part['median_ms']:.2f}", _figure(part["gb_per_s"]))
        table.add_row(part["part"], part["says"], *row)
    return table


def _calls_table(report: dict[str, Any]) -> "Table":
    columns = ("best ms", "median ms", "around tiles", "tiles, from cache", "rest: memory", "two at once")
    table = output.table("Calls, and what they are made of", "case", "mode", *columns, right=columns)
    for call in report["calls"]:
        keys = ("best_ms", "median_ms", "around_ms", "from_cache_ms", "rest_ms", "two_at_once_ms")
        table.add_row(call["case"], call["mode"], *(f"{call[key]:.2f}" for key in keys))
    return table


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
