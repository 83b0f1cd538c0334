"""`impasto render T.json --data rows.csv`: what the command does around a batch, and how it tells what came out.

The batch itself is `engines.batch`.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from engines.batch import results
from engines.batch.plan import OnError, plan_batch
from engines.batch.run import Outcome, run_batch
from engines.batch.schedulers import check, cores, scheduler_for
from engines.batch.tasks import Place, address
from engines.batch.threads import threads_of_each
from engines.cli import output
from engines.cli.batch_bar import bar
from engines.cli.batch_options import NO_FANNING, Fanning
from engines.cli.failures import FINE, REFUSED
from engines.image_core.rows import read_rows
from engines.media_v2.presets import NO_OVERRIDES, Overrides
from engines.media_v2.scope import Scope
from engines.workspace import Workspace


def render_rows(
    store: Path | str,
    scope: Scope,
    template: Path,
    data: Path,
    presets: Sequence[str],
    *,
    overrides: Overrides = NO_OVERRIDES,
    root: Path | None = None,
    out_dir: Path | None = None,
    on_error: OnError = "stop",
    fanning: Fanning = NO_FANNING,
    as_json: bool = False,
) -> int:
    """Render every row of `data` with every preset, print what came out, and return the exit code: 1 where a row failed.

    `store` is an address as `Workspace.open` takes it; workers open the store by themselves. Raises `SchedulerAddressError`,
    `SchedulerMissingError` and `ResultsFileError` before anything is read, and what `plan_batch` and `run_batch` raise.
    """
    check(fanning.scheduler, fanning.workers)
    if fanning.results is not None:
        results.check(fanning.results)
    place = Place(address(store), scope.tenant, scope.env)
    with contextlib.ExitStack() as holding:
        threads = threads_of_each(cores())
        opened = Workspace.open(store, tenant=scope.tenant, env=scope.env, threads=threads)
        work, shown = holding.enter_context(opened), holding.enter_context(bar())
        tasks = len(read_rows(data).rows) * len(presets)
        scheduler = scheduler_for(work, tasks, fanning.scheduler, fanning.workers, shown.tell)
        holding.enter_context(scheduler).start(place)  # before rows are checked: workers take a moment to get ready
        plan = plan_batch(work, template, data, presets, shown.tell, overrides=overrides, root=root, on_error=on_error)
        batch = run_batch(
            work, plan, presets, scheduler,
            overrides=overrides, out_dir=out_dir, on_error=on_error, results_file=fanning.results, hear=shown.hear,
        )  # fmt: skip
    for column in batch.unused:
        output.say(f"{data.name}: column {column!r} is not used by {template.name}")
    if as_json:
        output.print_json([_as_json(one) for one in batch.outcomes])
    else:
        _show(batch.outcomes)
    return REFUSED if any(one.fault for one in batch.outcomes) else FINE


def _as_json(one: Outcome) -> dict[str, object]:
    done, fault = one.rendered, one.fault
    return {
        "row": one.row,
        "name": one.name,
        "preset_id": one.preset_id,
        "artifact_id": done.artifact_id if done else None,
        "uri": done.uri if done else None,
        "sha256": done.sha256 if done else None,
        "cache": done.cache if done else None,
        "attempts": one.attempts,
        "elapsed_ms": done.elapsed_us / 1000 if done else None,
        "error": {"type": fault.fields["cause"], "message": str(fault)} if fault else None,
    }


def _show(outcomes: Sequence[Outcome]) -> None:
    table = output.table(
        "Rows", "row", "name", "preset", "artifact", "bytes", "ms", "cache", right=("row", "bytes", "ms")
    )
    for one in outcomes:
        done = one.rendered
        if done is None:
            table.add_row(str(one.row), one.name, one.preset_id, str(one.fault), "", "", "failed")
        else:
            cells = (done.artifact_id, f"{done.bytes:,}", f"{done.elapsed_us / 1000:.0f}", done.cache)
            table.add_row(str(one.row), one.name, one.preset_id, *cells)
    output.show(table)
