"""Is every row of a batch fit to be rendered? The template filled, its files read, its fonts known, its exports planned.

With `--on-error stop` the first fault refuses all rows before one is drawn; with `continue` a row with a fault is passed over and told.
Files are checked once, however many rows name them. Nothing is stored. The main path is `plan_batch`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from engines.batch.doing import ROW_FAULTS
from engines.batch.errors import BatchRowError
from engines.batch.tasks import Tell
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

OnError = Literal["stop", "continue"]


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
    """Columns of the table that the template does not use."""


class Source(NamedTuple):
    """A file or artifact that a layer names."""

    ref: str
    drawing: bool
    """For a vector layer; else a picture."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of artifact that would do."""
        return VECTOR_KINDS if self.drawing else RASTER_KINDS


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


def row_fault(row: int, error: Exception) -> BatchRowError:
    """`error` told of its row."""
    cause = str(getattr(error, "type", type(error).__name__))
    return BatchRowError(row, cause, str(error), getattr(error, "fields", {}))


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
        self._known: set[Source] = set()

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

    def _check(self, source: Source) -> None:
        if source.ref.startswith(ARTIFACT_SCHEME):
            artifact_id = source.ref.removeprefix(ARTIFACT_SCHEME)
            usable(self._work.registry.artifact(self._work.scope, artifact_id, *source.kinds))
            return
        content = self._reader.read(source.ref, source.kinds)
        if source.drawing:
            guard.check(guard.decode(content))
        else:
            decode.decode_picture(content, source.ref)


def _planned(checker: _Checker, row: Row, on_error: OnError) -> Planned:
    try:
        document = checker.document(row)
    except ROW_FAULTS as error:
        fault = row_fault(row.number, error)
        if on_error == "stop":
            raise fault from error
        return Planned(row.number, row.values.get(NAME_COLUMN, ""), None, fault)
    return Planned(row.number, document.name or "", document, None)


def _sources(document: Composition) -> Iterator[tuple[Source, str | None]]:
    """Every source that a layer names, or holds inline."""
    for _, ref, inline, drawing in layer_sources.named(document):
        yield Source(ref or "", drawing), inline
