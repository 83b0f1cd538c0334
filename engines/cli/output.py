"""How results look: JSON for programs on stdout; tables, trees and progress for people."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.tree import Tree

    from engines.media_v2.lineage_view import LineageView
    from engines.media_v2.models import Artifact
    from engines.media_v2.renders import Rendered
    from ledger import Checkpoint, LineageNode

Tell = Callable[[str, int, int], None]
"""Told (what, done, of how many)."""


def print_json(value: object) -> None:
    """Write one JSON document, indented, to stdout."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value)) + b"\n")
    sys.stdout.flush()


def say(message: str) -> None:
    """Write a message for people to stderr."""
    print(message, file=sys.stderr)  # noqa: T201 - this is the command line


def show(*things: "Table | Tree | str", style: str | None = None) -> None:
    """Print tables, trees and lines to stdout; lines are never broken, and tables are wide enough for ids even on a pipe."""
    console = _console()
    for thing in things:
        console.print(thing, soft_wrap=isinstance(thing, str), style=style)


def _console() -> "Console":
    from rich.console import Console

    # No markup: names come from users, and a file called [red] must not colour a table.
    return Console(width=None if sys.stdout.isatty() else 160, highlight=False, markup=False, emoji=False)


def table(title: str, *columns: str, right: tuple[str, ...] = ()) -> "Table":
    """An empty table; columns named in `right` are aligned right."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


@contextmanager
def progress() -> Iterator[Tell]:
    """Show a bar on stderr for every kind of work that `tell` hears of; nothing on a pipe, and nothing left behind."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many a second, once that is known."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield tell


def artifact_json(artifact: "Artifact") -> dict[str, object]:
    """An artifact as programs see it."""
    described = msgspec.to_builtins(artifact)
    assert isinstance(described, dict)
    return described


def checkpoint_json(checkpoint: "Checkpoint") -> dict[str, object]:
    """What a checkpoint says, as programs see it."""
    return {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}


def lineage_tree(view: "LineageView") -> "Tree":
    """The tree of what an artifact was made from, inputs below outputs."""
    from rich.text import Text
    from rich.tree import Tree

    def label(node: "LineageNode") -> Text:
        again = " (shown above)" if node.standing == "repeated" else ""
        shown = "" if ":" in node.id else node.id  # fonts and presets are told by their names
        return Text.assemble((view.label(node.id), "bold"), " ", (shown + again, "dim"))

    def grow(tree: "Tree", node: "LineageNode") -> None:
        for parent in node.parents:
            grow(tree.add(label(parent)), parent)

    root = view.tree()
    tree = Tree(label(root))
    grow(tree, root)
    return tree


def print_text(text: str) -> None:
    """Write text to stdout as it is, with one newline at its end."""
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def name_and_size(artifact: "Artifact") -> tuple[str, str]:
    """An artifact's name (or preset) and its width x height; a font's is told by how many characters it has."""
    from engines.media_v2.models import FontAssetMeta

    meta = artifact.meta
    if isinstance(meta, FontAssetMeta):
        return f"{meta.family} {meta.subfamily}", f"{meta.coverage:,} characters"
    name = getattr(meta, "name", None) or getattr(meta, "preset_id", None) or "-"
    return name, f"{meta.width:g}x{meta.height:g}"


def render_json(rendered: "Rendered") -> dict[str, object]:
    """A render's answer, as programs see it."""
    artifact = rendered.artifact
    return {
        "artifact_id": artifact.artifact_id,
        "uri": artifact.uri,
        "kind": artifact.kind,
        "cache": rendered.cache,
        "render_key": artifact.render_key,
        "parents": artifact.parents,
        "meta": artifact.meta,
    }


def show_renders(renders: "Sequence[Rendered]", *, as_json: bool) -> None:
    """Print renders as JSON or as a table."""
    if as_json:
        print_json([render_json(one) for one in renders])
    else:
        show(renders_table(renders))


def renders_table(renders: "Sequence[Rendered]") -> "Table":
    """Renders, one a row, with the time that each took in this run."""
    made = table(
        "Renders", "artifact", "preset", "format", "size", "bytes", "ms", "cache", "sha256", right=("bytes", "ms")
    )
    for one in renders:
        artifact = one.artifact
        preset, size = name_and_size(artifact)
        row = (
            artifact.meta.format,
            size,
            f"{artifact.bytes:,}",
            f"{one.elapsed_us / 1000:.0f}",
            one.cache,
            artifact.sha256[:12],
        )
        made.add_row(artifact.artifact_id, preset, *row)
    return made


def plain(value: object) -> str:
    """A value in a table cell: `-` for nothing, parts joined by commas."""
    if value is None or value in ((), [], {}):
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(inner) for inner in value)
    return str(value)
