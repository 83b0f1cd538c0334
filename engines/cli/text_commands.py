"""Commands that set texts without drawing them."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from engines.cli import output
from engines.cli.failures import FINE
from engines.cli.options import AsJson, Env, Store, Tenant, need_scope, need_store

if TYPE_CHECKING:
    from engines.typography_core.layout import TextLayout
    from engines.typography_core.measure import TextBoxes

_FONT, _SIZE = "Inter", 64.0
_SHOWN_CHARS = 60
"""Of a line in the table; JSON has all."""


@Parameter(name="*")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Wishes:
    """What options say of a text; None where they say nothing."""

    font: Annotated[str | None, Parameter(help="Family name, Inter unless said; `impasto doctor` lists them.")] = None
    size: Annotated[float | None, Parameter(help="px per em, 64 unless said.")] = None
    weight: Annotated[float | None, Parameter(help="CSS weight, 1 to 1000.")] = None
    italic: Annotated[bool | None, Parameter(negative="", help="Ask for the italic face.")] = None
    width: Annotated[float | None, Parameter(help="px at which lines break; without one only newlines do.")] = None
    height: Annotated[float | None, Parameter(help="px of the box, for --fit.")] = None
    align: Annotated[
        Literal["left", "center", "right", "justify", "start", "end"] | None, Parameter(help="Within the box.")
    ] = None
    line_height: Annotated[float | None, Parameter(help="Times the size.")] = None
    tracking: Annotated[float | None, Parameter(help="Thousandths of an em between letters.")] = None
    fit: Annotated[
        Literal["none", "shrink", "grow", "shrink-to-lines"] | None,
        Parameter(help="Change the size until the text fits its box."),
    ] = None
    max_lines: Annotated[int | None, Parameter(help="Leave out what follows, and end with an ellipsis.")] = None
    direction: Annotated[
        Literal["auto", "ltr", "rtl"] | None, Parameter(help="Of a paragraph; by its first strong letter unless said.")
    ] = None
    language: Annotated[str | None, Parameter(help="BCP 47 tag, such as de or zh-Hant.")] = None


_NO_WISHES = Wishes()


def text_measure(
    text: str | None = None,
    /,
    *,
    request: Path | None = None,
    wishes: Wishes = _NO_WISHES,
    clusters: Annotated[bool, Parameter(negative="")] = False,
    store: Store = None,
    tenant: Tenant = None,
    env: Env = None,
    json: AsJson = False,
) -> int:
    """Set a text and tell its box, lines and baselines in px; nothing is drawn or recorded.

    The packaged fonts are used, and before them those of the tenant and env where they are named. Options change what a request
    says. All places count from the top left corner of the text's box, downwards.

    Example:
        impasto text measure "Été à la plage" --size 96 --weight 700 --json
        impasto text measure "A long headline" --width 400 --height 120 --fit shrink --json
        impasto text measure --request caption.json --clusters --store ./store --tenant acme --env prod --json

    Parameters
    ----------
    text: str
        What to set; a newline begins a new line.
    request: Path
        JSON with the keys of a text layer that say what is set and how, such as text, font, size, width and features.
    clusters: bool
        Also tell the box of each cluster, such as a letter with its accents.
    """
    said = {name: value for name, value in dataclasses.asdict(wishes).items() if value is not None}
    made = _set(asked(request, said if text is None else said | {"text": text}), store, tenant, env)
    from engines.typography_core.measure import measured

    boxes = measured(made, clusters=clusters)
    if json:
        output.print_json(boxes)
    else:
        _show(boxes, clusters)
    return FINE


def asked(file: Path | None, options: dict[str, Any]) -> dict[str, Any]:
    """Return the request's fields: those of the file, then the options. Raises `MissingOptionError`, `TextValueError`."""
    import msgspec

    from engines.image_core.decode import read_file
    from engines.media_v2.errors import MissingOptionError
    from engines.typography_core.errors import TextValueError

    if file is None:
        if "text" not in options:
            raise MissingOptionError("text", "name a text, or a request with --request FILE")
        return {"font": _FONT, "size": _SIZE} | options
    try:
        said = msgspec.json.decode(read_file(file), type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TextValueError("request", str(file), f"a text request in JSON: {error}") from error
    return {"font": _FONT, "size": _SIZE} | said | options


def _set(fields: dict[str, Any], store: str | None, tenant: str | None, env: str | None) -> "TextLayout":
    from engines.typography_core import typeset

    if tenant is None and env is None:
        return typeset.set_text(typeset.checked(fields))
    from engines.media_v2.registry import Registry
    from engines.workspace import Workspace

    path, scope = need_store(store), need_scope(tenant, env)
    with Registry.open(path, read_only=True) as registry:
        return Workspace(registry, scope).measure_text(fields)


def _show(boxes: "TextBoxes", clusters: bool) -> None:
    title = f"{boxes.width:,.2f} x {boxes.height:,.2f} px at {boxes.size:g} px"
    columns = ("line", "baseline", "x", "width")
    table = output.table(title, *columns, "text", "fonts", right=columns)
    for number, line in enumerate(boxes.lines, 1):
        places = (f"{place:,.2f}" for place in (line.baseline, line.x, line.width))
        shown = line.text if len(line.text) <= _SHOWN_CHARS else line.text[: _SHOWN_CHARS - 1] + "\u2026"
        table.add_row(str(number), *places, shown, output.plain(list(dict.fromkeys(run.font for run in line.runs))))
    output.show(table)
    if clusters:
        output.show(_clusters_table(boxes))
    if boxes.truncated:
        output.show("Lines were left out.")
    if boxes.missing:
        output.show(f"No font has: {' '.join(boxes.missing)}")


def _clusters_table(boxes: "TextBoxes") -> Any:
    right = ("line", "from", "to", "x", "width")
    table = output.table("Clusters, from left to right", *right, "text", "font", right=right)
    for number, line in enumerate(boxes.lines, 1):
        for run in line.runs:
            for one in run.clusters or ():
                places = (f"{one.x:,.2f}", f"{one.width:,.2f}")
                table.add_row(str(number), str(one.start), str(one.end), *places, one.text, run.font)
    return table
