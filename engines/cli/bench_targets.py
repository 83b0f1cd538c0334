"""How are a bench's targets shown?"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engines.cli import output

if TYPE_CHECKING:
    from rich.table import Table

_MET = {True: ("met", "green"), False: ("missed", "red"), None: ("not measured", "yellow")}

Spell = Callable[[float], str]


def targets_table(
    report: dict[str, Any], spell: Spell = "{:.2f}".format, spell_target: Spell = "{:g}".format
) -> "Table":
    """The `targets` of a report, see `bench.targets`; figures and their bounds are spelled by the two functions."""
    from rich.text import Text

    made = output.table("Targets", "figure", "", "target", "is", " ", right=("target", "is"))
    for target in report["targets"]:
        words, style = _MET[target["met"]]
        value = "-" if target["value"] is None else spell(target["value"])
        made.add_row(target["says"], target["sense"], spell_target(target["target"]), value, Text(words, style))
    return made
