"""The command that measures the ledger: how fast it appends and replays beside its peers."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from engines.cli import output
from engines.cli.bench_commands import BenchMissingError
from engines.cli.bench_targets import targets_table
from engines.cli.failures import FINE
from engines.cli.options import AsJson

if TYPE_CHECKING:
    from rich.table import Table


def bench_ledger(
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    events: int | None = None,
    cases: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    dir: Path | None = None,  # noqa: A002 - the option's name
    postgres: str | None = None,
    json: AsJson = False,
) -> int:
    """Append and replay 200,000 events, beside raw SQLite and every peer that is installed, in one process on one disk.

    Every store is replayed and compared with what was appended before anything is timed. Stores take turns. Rates are the
    best of the turns; what "durable" costs is up to the disk, so compare within one report, not between two.

    Example:
        impasto bench ledger --quick --json
        impasto bench ledger --cases replay lineage --dir /mnt/disk
        impasto bench ledger --quick --postgres postgresql://localhost/postgres

    Parameters
    ----------
    quick: bool
        20,000 events and few turns.
    events: int
        So many events; 1,000 or more.
    cases: list[str]
        Only these cases.
    dir: Path
        Measure on the disk of this folder; by default on that of temporary files.
    postgres: str
        Measure on this PostgreSQL server instead, in a database of its own that is dropped in the end: appends of one, 100
        and 1,000 events by one and four writers, and replay, of 100,000 events.
    """
    if importlib.util.find_spec("bench") is None:
        raise BenchMissingError
    from bench import ledger, ledger_postgres

    with output.progress() as tell:
        if postgres is not None:
            report = ledger_postgres.run(postgres, quick=quick, events=events, tell=tell, cases=cases)
        else:
            report = ledger.run(quick=quick, events=events, tell=tell, folder=dir, cases=cases)
    if json:
        output.print_json(report)
    else:
        _show(report)
    return FINE


def _show(report: dict[str, Any]) -> None:
    sizes = [_sizes_line(report)] if "bytes_per_event" in report else []
    output.show(_rates_table(report), *sizes, targets_table(report, "{:,g}".format, "{:,g}".format))
    for name, reason in report["skipped"].items():
        output.show(f"{name} was left out: {reason}")


def _rates_table(report: dict[str, Any]) -> "Table":
    peers = list(report["rows"][0]["peers"])
    columns = ("impasto", *peers)
    made = output.table(
        "Events a second, best of the turns; in brackets how many times as fast impasto is",
        "case",
        "what it does",
        *columns,
        right=columns,
    )
    for row in report["rows"]:
        cells = (f"{row['peers'][one]:,} ({row['ratio'][one]:.2f}x)" if one in row["peers"] else "-" for one in peers)
        made.add_row(row["case"], row["says"], f"{row['ours_per_s']:,}", *cells)
    return made


def _sizes_line(report: dict[str, Any]) -> str:
    peers = "".join(f", {name} {size:g}" for name, size in report["peers_bytes_per_event"].items())
    return f"Bytes an event: impasto {report['bytes_per_event']:g}{peers}"
