"""How is the outcome of every row kept in a file, while a batch runs and after it?

While it runs, each outcome is appended to `FILE.part` as one line in the order of being done, so that what is there is whole whenever the
coordinator dies. At the end all outcomes are written in the order of the rows, synced and renamed to `FILE`; so `FILE` is always that of a
batch that ended. CSV or JSON lines, by the suffix.
"""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from engines.batch.errors import ResultsFileError

COLUMNS: Final = (
    "row",
    "name",
    "preset",
    "artifact_id",
    "uri",
    "sha256",
    "cache",
    "attempts",
    "elapsed_ms",
    "error_type",
    "error_message",
)
PART: Final = ".part"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one row with one preset. Without an artifact there is an error, and the other way round. `attempts` is 0 for what was
    never begun."""

    row: int
    name: str
    preset: str
    artifact_id: str | None = None
    uri: str | None = None
    sha256: str | None = None
    cache: str | None = None
    attempts: int = 0
    elapsed_ms: float | None = None
    error_type: str | None = None
    error_message: str | None = None


def check(path: Path) -> None:
    """Raises `ResultsFileError` for a suffix that is none of ours, or a folder that is not there."""
    if path.suffix.lower() not in (".csv", ".jsonl"):
        raise ResultsFileError(str(path), "the suffix must be .csv or .jsonl")
    if not path.parent.is_dir() or path.is_dir():
        raise ResultsFileError(str(path), "its folder must be there, and it must be a file")


class Results:
    """The file of one batch. A context manager; without `finish`, the lines so far stay in `FILE.part`."""

    def __init__(self, path: Path) -> None:
        """Begin anew: the `.part` of an earlier batch goes. Raises `ResultsFileError`."""
        check(path)
        self._path = path
        self._part = path.with_name(path.name + PART)
        self._is_csv = path.suffix.lower() == ".csv"
        try:
            self._fd = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ResultsFileError(str(path), error.strerror or str(error)) from error
        os.write(self._fd, self._head())

    def add(self, line: Line) -> None:
        """Append what became of one row; one write, so that a line is there whole or not at all."""
        os.write(self._fd, self._encoded(line))

    def finish(self, lines: Sequence[Line]) -> None:
        """Put `lines`, all of them in the order of the rows, in the place of what was there."""
        whole = self._path.with_name(self._path.name + ".new")
        with whole.open("wb") as file:
            file.write(self._head() + b"".join(map(self._encoded, lines)))
            file.flush()
            os.fsync(file.fileno())
        whole.replace(self._path)
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)

    def _head(self) -> bytes:
        return _csv_line(COLUMNS) if self._is_csv else b""

    def _encoded(self, line: Line) -> bytes:
        if not self._is_csv:
            return msgspec.json.encode(line) + b"\n"
        return _csv_line(["" if value is None else value for value in msgspec.structs.astuple(line)])


def _csv_line(cells: Sequence[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
