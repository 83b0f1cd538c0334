"""Which rows of values does a file hold? CSV or JSON lines, read strictly.

Main path: `read_rows(path)`. Every row has a value for every column, and every value is text: the place that a template
gives it decides whether it must be a number.

CSV: UTF-8 (with or without a byte order mark), quotes as in RFC 4180, names of the columns in the first line. What separates columns is
the first comma, semicolon or tab of that line. JSON lines: one object a line, its values text, numbers, true or false.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engines.errors import RequestError

ROWS_BYTES_MAX = 64 * 1024 * 1024
"""A hundred thousand rows with a long text each; a larger file is not one batch."""
ROWS_MAX = 100_000
"""Of one file: about as many as a machine renders in a day."""
COLUMNS_MAX = 1_000
"""Of one file: as many as a composition has layers."""
JSON_LINES_ENDINGS = (".jsonl", ".ndjson")


class RowsError(RequestError):
    """The file is no table of rows; `row` counts from 1, the line with names aside, and is None where the whole file is at fault."""

    type = "invalid-rows"

    def __init__(self, name: str, reason: str, row: int | None = None) -> None:
        where = name if row is None else f"{name}, row {row}"
        super().__init__(f"{where}: {reason}", name=name, row=row, reason=reason)


class Row(NamedTuple):
    """One row: its number from 1 on, and its value for each column."""

    number: int
    values: dict[str, str]


class Rows(NamedTuple):
    """All rows of a file and the names of their columns."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_rows(path: Path) -> Rows:
    """Read the rows of a file: JSON lines where its name ends with .jsonl or .ndjson, else CSV. Raises `RowsError`."""
    name = path.name
    try:
        if path.stat().st_size > ROWS_BYTES_MAX:
            raise RowsError(name, f"larger than {ROWS_BYTES_MAX} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise RowsError(name, error.strerror or "cannot be read") from error
    parse = parse_json_lines if path.suffix.lower() in JSON_LINES_ENDINGS else parse_csv
    return parse(content, name)


def parse_csv(content: bytes, name: str = "rows.csv") -> Rows:
    """Read CSV. Empty lines are skipped; a row with more or fewer values than there are columns is refused. Raises `RowsError`."""
    text = _decoded(content, name)
    first = re.search(r"[,;\t\r\n]", text)
    separator = first[0] if first and first[0] in ",;\t" else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        table = [line for line in lines if line]
    except csv.Error as error:
        raise RowsError(name, f"line {lines.line_num}: {error}") from error
    if not table:
        raise RowsError(name, "has no line with the names of its columns")
    columns = _columns(table[0], name)
    for number, values in enumerate(table[1:], start=1):
        if len(values) != len(columns):
            raise RowsError(name, f"{len(values)} values for {len(columns)} columns", number)
    return _checked(columns, (dict(zip(columns, values, strict=True)) for values in table[1:]), name)


def parse_json_lines(content: bytes, name: str = "rows.jsonl") -> Rows:
    """Read JSON lines; all objects must have the keys of the first. Empty lines are skipped. Raises `RowsError`."""
    rows: list[dict[str, str]] = []
    for line in _decoded(content, name).split("\n"):  # not splitlines: a text may hold U+2028 as it is
        if line.strip():
            rows.append(_object(line, name, len(rows) + 1))
    if not rows:
        raise RowsError(name, "has no rows, so nothing names its columns")
    columns = _columns(list(rows[0]), name)
    for number, row in enumerate(rows, start=1):
        if row.keys() != rows[0].keys():
            raise RowsError(
                name, f"other keys than the first row: {', '.join(sorted(row.keys() ^ rows[0].keys()))}", number
            )
    return _checked(columns, (dict(zip(columns, (row[key] for key in rows[0]), strict=True)) for row in rows), name)


def _object(line: str, name: str, number: int) -> dict[str, str]:
    try:
        # Raw keeps a number as it is spelt: 12.50 must not become 12.5 in a text.
        found = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        return {key: _spelt(value, key, name, number) for key, value in found.items()}
    except (msgspec.DecodeError, RecursionError) as error:
        raise RowsError(name, f"not an object of JSON: {error}", number) from error


def _spelt(value: msgspec.Raw, key: str, name: str, number: int) -> str:
    raw = bytes(value).strip()
    if raw.startswith(b'"'):
        return msgspec.json.decode(raw, type=str)
    if raw[:1] in (b"{", b"[") or raw == b"null":
        raise RowsError(name, f"{key!r} must be a text, a number, true or false", number)
    return raw.decode()


def _decoded(content: bytes, name: str) -> str:
    if len(content) > ROWS_BYTES_MAX:
        raise RowsError(name, f"larger than {ROWS_BYTES_MAX} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RowsError(name, f"byte {error.start} is not UTF-8; save the table as UTF-8") from error


def _columns(names: list[str], name: str) -> tuple[str, ...]:
    columns = tuple(unicodedata.normalize("NFC", column.strip()) for column in names)
    if len(columns) > COLUMNS_MAX:
        raise RowsError(name, f"{len(columns)} columns; at most {COLUMNS_MAX}")
    if "" in columns:
        raise RowsError(name, f"column {columns.index('') + 1} has no name")
    twice = [column for column in dict.fromkeys(columns) if columns.count(column) > 1]
    if twice:
        raise RowsError(name, f"column {twice[0]!r} is there twice")
    return columns


def _checked(columns: tuple[str, ...], values: Iterator[dict[str, str]], name: str) -> Rows:
    rows = tuple(Row(number, row) for number, row in enumerate(values, start=1))
    if len(rows) > ROWS_MAX:
        raise RowsError(name, f"{len(rows)} rows; at most {ROWS_MAX}")
    return Rows(columns, rows)
