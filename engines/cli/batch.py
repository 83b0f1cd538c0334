"""`impasto render T.json --data rows.csv`: one template and a table of rows become one artifact for each row and preset.

Main path: `render_rows` (the command's work) -> `plan_batch` -> `run_batch`. A plan checks every row: the template filled, its files read,
its fonts known, its exports planned. With `--on-error stop` the first fault refuses all rows before one is drawn; with `continue` a row
with a fault is passed over and told. Files are checked and stored once, however many rows name them.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from compositor.errors import CompositorError
from engines.cli import output
from engines.cli.failures import FINE, REFUSED
from engines.cli.journey import write_export
from engines.cli.output import Tell
from engines.errors import RequestError
from engines.image_core import backend, decode, layer_sources
from engines.image_core.composition import Composition
from engines.image_core.presets import plan_export
from engines.image_core.rows import Row, read_rows
from engines.image_core.sources import ARTIFACT_SCHEME, RASTER_KINDS, VECTOR_KINDS, FolderReader
from engines.image_core.template import NAME_COLUMN, Template, check_columns, fill, named, parse_template
from engines.media_v2.catalog import usable
from engines.media_v2.models import Kind
from engines.media_v2.presets import NO_OVERRIDES, Overrides, Preset
from engines.typography_core.typeset import Typesetter
from engines.vector_core import guard
from engines.workspace import Workspace

if TYPE_CHECKING:
    from engines.media_v2.renders import Rendered

OnError = Literal["stop", "continue"]
ROWS_AT_A_TIME_MAX = 4
"""Rows that are drawn at the same time, each with a canvas of its own in memory; the compositor uses all cores as well."""
_FAULTS = (RequestError, CompositorError)
"""What may be wrong with one row. Everything else, a full disk say, stops the batch."""


class BatchRowError(RequestError):
    """A row of a batch cannot be rendered; `reason` is the fault itself, whose type is `cause`."""

    type = "batch-row"

    def __init__(self, row: int, fault: Exception) -> None:
        cause = str(getattr(fault, "type", type(fault).__name__))
        text = str(fault) if _names_its_row(fault) else f"row {row}: {fault}"
        super().__init__(text, row=row, cause=cause, reason=str(fault), details=dict(getattr(fault, "fields", {})))


class Outcome(NamedTuple):
    """What became of one row with one preset: a render, or the reason why there is none."""

    row: int
    name: str
    preset_id: str
    rendered: "Rendered | None"
    fault: BatchRowError | None


class Batch(NamedTuple):
    """The outcomes in the order of the rows, and the columns that the template does not use."""

    outcomes: tuple[Outcome, ...]
    unused: tuple[str, ...]


class Planned(NamedTuple):
    """A row that was checked: its composition, or its fault."""

    row: int
    name: str
    document: Composition | None
    fault: BatchRowError | None


class Plan(NamedTuple):
    """A batch that was checked, and where its files come from."""

    rows: tuple[Planned, ...]
    files: FolderReader
    unused: tuple[str, ...]


def render_rows(
    work: Workspace,
    template: Path,
    data: Path,
    presets: Sequence[str],
    *,
    overrides: Overrides = NO_OVERRIDES,
    root: Path | None = None,
    out_dir: Path | None = None,
    on_error: OnError = "stop",
    as_json: bool = False,
) -> int:
    """Render every row of `data` with every preset, print what came out, and return the exit code: 1 where a row failed."""
    with output.progress() as tell:
        plan = plan_batch(work, template, data, presets, tell, overrides=overrides, root=root, on_error=on_error)
        batch = run_batch(work, plan, presets, tell, overrides=overrides, out_dir=out_dir, on_error=on_error)
    for column in batch.unused:
        output.say(f"{data.name}: column {column!r} is not used by {template.name}")
    if as_json:
        output.print_json([_as_json(one) for one in batch.outcomes])
    else:
        _show(batch.outcomes)
    return REFUSED if any(one.fault for one in batch.outcomes) else FINE


def plan_batch(
    work: Workspace,
    template: Path,
    data: Path,
    presets: Sequence[str],
    tell: Tell,
    *,
    overrides: Overrides = NO_OVERRIDES,
    root: Path | None = None,
    on_error: OnError = "stop",
) -> Plan:
    """Check the template, its table and every row. Nothing is stored.

    Raises `TemplateError`, `RowsError`, `MissingColumnError`, `UnknownPresetError`; `BatchRowError` for the first row with a fault, unless
    rows with faults are to be passed over.
    """
    wanted = [work.preset(preset_id) for preset_id in presets]
    parsed, table = parse_template(decode.read_file(template)), read_rows(data)
    unused = check_columns(parsed, table.columns)
    files = FolderReader(template.parent, root)
    checker = _Checker(work, parsed, template.stem, files, wanted, overrides)
    rows = []
    for row in table.rows:
        rows.append(_planned(checker, row, on_error))
        tell("checking rows", row.number, len(table.rows))
    return Plan(tuple(rows), files, unused)


def run_batch(
    work: Workspace,
    plan: Plan,
    presets: Sequence[str],
    tell: Tell,
    *,
    overrides: Overrides = NO_OVERRIDES,
    out_dir: Path | None = None,
    on_error: OnError = "stop",
) -> Batch:
    """Store the files and compositions of `plan` in the order of the rows, then render them, several at a time.

    A row rendered before is answered from the store. Also writes the pictures to `out_dir` when there is one. Raises `BatchRowError` for
    the first row that fails after all, unless such rows are to be passed over.
    """
    shelf = _Shelf(work, plan.files)
    stored = [_stored(work, shelf, planned, on_error) for planned in plan.rows]
    jobs = [(one, preset_id) for one in stored for preset_id in presets]
    telling = threading.Lock()

    def tell_safely(what: str, done: int, total: int) -> None:
        with telling:
            tell(what, done, total)

    def render(job: tuple[_Stored, str]) -> Outcome:
        return _rendered(work, *job, overrides, out_dir, on_error, tell_safely)

    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(min(ROWS_AT_A_TIME_MAX, os.cpu_count() or 1)) as pool:
        try:
            for outcome in pool.map(render, jobs):
                outcomes.append(outcome)
                tell_safely("rendering", len(outcomes), len(jobs))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Batch(tuple(outcomes), plan.unused)


class _Stored(NamedTuple):
    """A row whose composition is in the store, or its fault."""

    row: int
    name: str
    composition_id: str
    fault: BatchRowError | None


class _Source(NamedTuple):
    ref: str
    drawing: bool
    """For a vector layer; else a picture."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of artifact that would do."""
        return VECTOR_KINDS if self.drawing else RASTER_KINDS


class _Checker:
    """Checks rows one after the other, and each file once."""

    def __init__(
        self,
        work: Workspace,
        template: Template,
        stem: str,
        reader: FolderReader,
        presets: Sequence[Preset],
        overrides: Overrides,
    ) -> None:
        self._work = work
        self._template = template
        self._stem = stem
        self._reader = reader
        self._presets = presets
        self._overrides = overrides
        self._known: set[_Source] = set()

    def document(self, row: Row) -> Composition:
        """The composition of `row`. Raises a `RequestError` for whatever would keep it from being rendered."""
        document = fill(self._template, row.values, row.number)
        document = named(self._template, document, row.values, row.number, self._stem)
        backend.fonts_of(document, Typesetter(self._work.fonts()))
        for preset in self._presets:
            plan_export(preset, document.width, document.height, self._overrides)
        for source, inline in _sources(document):
            if inline is not None:
                guard.check(inline.encode())
            elif source not in self._known:
                self._check(source)
                self._known.add(source)
        return document

    def _check(self, source: _Source) -> None:
        if source.ref.startswith(ARTIFACT_SCHEME):
            artifact_id = source.ref.removeprefix(ARTIFACT_SCHEME)
            usable(self._work.registry.artifact(self._work.scope, artifact_id, *source.kinds))
            return
        content = self._reader.read(source.ref, source.kinds)
        if source.drawing:
            guard.check(guard.decode(content))
        else:
            decode.decode_picture(content, source.ref)


class _Shelf:
    """The files of a batch as artifacts, each stored when the first row needs it."""

    def __init__(self, work: Workspace, files: FolderReader) -> None:
        self._work = work
        self._files = files
        self._ids: dict[_Source, str] = {}

    def ref(self, source: _Source) -> str:
        """How a stored composition names `source`."""
        if source.ref.startswith(ARTIFACT_SCHEME):
            return source.ref
        if source not in self._ids:
            content, name = self._files.read(source.ref, source.kinds), source.ref.rsplit("/", 1)[-1]
            store = self._work.add_vector if source.drawing else self._work.add_asset
            self._ids[source] = store(content, name).artifact.artifact_id
        return ARTIFACT_SCHEME + self._ids[source]


def _planned(checker: _Checker, row: Row, on_error: OnError) -> Planned:
    try:
        document = checker.document(row)
    except _FAULTS as error:
        return Planned(row.number, row.values.get(NAME_COLUMN, ""), None, _fault(row.number, error, on_error))
    return Planned(row.number, document.name or "", document, None)


def _stored(work: Workspace, shelf: _Shelf, planned: Planned, on_error: OnError) -> _Stored:
    row, name, document, fault = planned
    if document is None:
        return _Stored(row, name, "", fault)
    try:
        layers = layer_sources.renamed(document.layers, lambda ref, drawing: shelf.ref(_Source(ref, drawing)))
        by_artifact = msgspec.structs.replace(document, layers=layers)
        return _Stored(row, name, work.compose(by_artifact).artifact.artifact_id, None)
    except _FAULTS as error:
        return _Stored(row, name, "", _fault(row, error, on_error))


def _rendered(
    work: Workspace,
    stored: _Stored,
    preset_id: str,
    overrides: Overrides,
    out_dir: Path | None,
    on_error: OnError,
    tell: Tell,
) -> Outcome:
    row, name, composition_id, fault = stored
    if fault is not None:
        return Outcome(row, name, preset_id, None, fault)
    try:
        rendered = work.render(
            composition_id,
            preset_id,
            overrides,
            on_kernel=lambda ready, total: tell("preparing kernels (once)", ready, total),
        )
    except _FAULTS as error:
        return Outcome(row, name, preset_id, None, _fault(row, error, on_error))
    if out_dir is not None:
        write_export(work, rendered, out_dir)
    return Outcome(row, name, preset_id, rendered, None)


def _fault(row: int, error: Exception, on_error: OnError) -> BatchRowError:
    """`error` told of its row, for passing over; raised when nothing is to be passed over."""
    fault = BatchRowError(row, error)
    if on_error == "stop":
        raise fault from error
    return fault


def _sources(document: Composition) -> Iterator[tuple[_Source, str | None]]:
    """Every source that a layer names, or holds inline."""
    for _, ref, inline, drawing in layer_sources.named(document):
        yield _Source(ref or "", drawing), inline


def _names_its_row(fault: Exception) -> bool:
    return getattr(fault, "fields", {}).get("row") is not None


def _as_json(one: Outcome) -> dict[str, object]:
    artifact = one.rendered.artifact if one.rendered else None
    fault = one.fault
    return {
        "row": one.row,
        "name": one.name,
        "preset_id": one.preset_id,
        "artifact_id": artifact.artifact_id if artifact else None,
        "uri": artifact.uri if artifact else None,
        "cache": one.rendered.cache if one.rendered else None,
        "error": {"type": fault.fields["cause"], "message": str(fault)} if fault else None,
    }


def _show(outcomes: Sequence[Outcome]) -> None:
    table = output.table(
        "Rows", "row", "name", "preset", "artifact", "bytes", "ms", "cache", right=("row", "bytes", "ms")
    )
    for one in outcomes:
        if one.rendered is None:
            table.add_row(str(one.row), one.name, one.preset_id, str(one.fault), "", "", "failed")
        else:
            artifact, milliseconds = one.rendered.artifact, one.rendered.elapsed_us / 1000
            cells = (artifact.artifact_id, f"{artifact.bytes:,}", f"{milliseconds:.0f}", one.rendered.cache)
            table.add_row(str(one.row), one.name, one.preset_id, *cells)
    output.show(table)
