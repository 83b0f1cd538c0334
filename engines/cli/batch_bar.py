"""How does a batch look while it runs? A bar on stderr with its rate and its faults; each fault is told above the bar as it comes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engines.batch.run import Outcome
from engines.cli.output import say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

RENDERING = "rendering"


class Bar:
    """What a batch tells of itself: `tell` of checking and preparing, `hear` of outcomes."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._failed = 0
        self._telling = threading.Lock()  # threads that render tell of their kernels

    def tell(self, what: str, done: int, total: int) -> None:
        """`what` is `done` of `total`."""
        self._update(what, done, total, "")

    def hear(self, outcome: Outcome, done: int, total: int) -> None:
        """An outcome came; there are `done` of `total`."""
        if outcome.fault is not None:
            self._failed += 1
            if self._progress.disable:
                say(f"impasto: {outcome.fault}")
            else:
                self._progress.console.print(f"impasto: {outcome.fault}", markup=False, highlight=False, soft_wrap=True)
        self._update(RENDERING, done, total, f"{self._failed} failed" if self._failed else "")

    def _update(self, what: str, done: int, total: int, failed: str) -> None:
        with self._telling:
            if what not in self._tasks:
                self._tasks[what] = self._progress.add_task(what, total=total, failed="")
        self._progress.update(self._tasks[what], completed=done, total=total, failed=failed)


@contextmanager
def bar() -> Iterator[Bar]:
    """Show a bar on stderr, and nothing on a pipe but faults; the bar goes when it is done."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        """How many a second of late, once that is known."""

        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]}", style="red"),
        Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bar(progress)
