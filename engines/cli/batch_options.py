"""Options of a batch: who renders its rows, and where their outcomes are kept."""

import dataclasses
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


@Parameter(name="*")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Fanning:
    """Who renders, and where the outcomes are kept; `engines.batch.schedulers` says what the first two may be."""

    scheduler: Annotated[
        str | None,
        Parameter(
            help="With --data: tcp://HOST:PORT of a running Dask scheduler, or local[:N] for N Dask workers here; without it, "
            "processes here."
        ),
    ] = None
    workers: Annotated[
        int | None,
        Parameter(
            help="With --data, without --scheduler: so many local processes, by default one for each core where that pays. "
            "1 renders in this process."
        ),
    ] = None
    results: Annotated[
        Path | None,
        Parameter(
            help="With --data: write what became of each row to this file, .csv or .jsonl; while the batch runs, to FILE.part."
        ),
    ] = None


NO_FANNING = Fanning()
