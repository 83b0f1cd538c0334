"""The command that measures texts: how fast headlines become pixels beside Pillow and skia-python."""

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


def bench_text(
    *,
    quick: Annotated[bool, Parameter(negative="")] = False,
    peers: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    json: AsJson = False,
) -> int:
    """Lay out and rasterize 1,000 headlines, beside Pillow with raqm and skia-python's paragraph, and a page in eight scripts alone.

    All draw with the same font file into the same kind of picture; a peer whose letters look different has no number. They take turns;
    times are the best and the median of the turns, for one headline. Skia is measured when skia-python is installed.

    Example:
        impasto bench text --quick --json
        impasto bench text --peers pillow

    Parameters
    ----------
    quick: bool
        Few turns.
    peers: list[str]
        Only these of pillow and skia.
    """
    if importlib.util.find_spec("bench") is None:
        raise BenchMissingError
    from bench import text

    with output.progress() as tell:
        report = text.run(quick=quick, peers=peers, tell=tell)
    if json:
        output.print_json(report)
    else:
        _show(report)
    return FINE


def _show(report: dict[str, Any]) -> None:
    for row in report["rows"]:
        output.show(_row_table(row, report["difference"]))
    output.show(_page_table(report["page"]), targets_table(report))
    for name, reason in report["skipped"].items():
        output.show(f"{name} was left out: {reason}")


def _row_table(row: dict[str, Any], difference: dict[str, float]) -> "Table":
    columns = ("best us", "median us", "times impasto", "CPU us", "off ours by")
    made = output.table(f"{row['case']}: {row['says']}", "who", *columns, right=columns)
    for name, cpu_us in row["cpu_us"].items():
        mine = name == "ours"
        best = row["ours_us"] if mine else row["others_us"][name]
        median = row["ours_median_us"] if mine else row["others_median_us"][name]
        made.add_row(
            "impasto" if mine else name,
            f"{best:.1f}",
            f"{median:.1f}",
            "" if mine else f"{row['ratio'][name]:.2f}x",
            f"{cpu_us:.1f}",
            "" if mine else f"{difference[name]:.2f}",
        )
    return made


def _page_table(page: dict[str, float]) -> "Table":
    columns = ("set anew ms", "set ms", "cover ms")
    made = output.table(
        f"A page of {page['lines']:g} lines, {page['characters']:,.0f} characters", *columns, right=columns
    )
    made.add_row(*(f"{page[name]:.1f}" for name in ("set_first_ms", "set_ms", "cover_ms")))
    return made
