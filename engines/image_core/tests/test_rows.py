"""Tables of rows: what is accepted, that every value arrives as it was written, and that faults name the row."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.image_core import rows
from engines.image_core.rows import Row, Rows, RowsError, parse_csv, parse_json_lines, read_rows

_CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


@given(st.lists(st.tuples(_CELLS, _CELLS), max_size=5), st.sampled_from(",;\t"), st.booleans())
def test_csv_arrives_as_it_was_written(table: list[tuple[str, str]], separator: str, marked: bool) -> None:
    """Quotes, line breaks and accents of any spreadsheet must survive."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=separator)
    writer.writerows([("first", "second"), *table])
    content = written.getvalue().encode("utf-8-sig" if marked else "utf-8")
    expected = tuple(Row(n, {"first": a, "second": b}) for n, (a, b) in enumerate(table, start=1))
    assert parse_csv(content) == Rows(("first", "second"), expected)


@given(st.lists(st.fixed_dictionaries({"a": _CELLS, "b": _CELLS}), min_size=1, max_size=5))
def test_json_lines_arrive_as_they_were_written(table: list[dict[str, str]]) -> None:
    """The same law for programs that write rows."""
    content = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in table).encode()
    assert [row.values for row in parse_json_lines(content).rows] == table


def test_numbers_of_json_lines_keep_their_spelling() -> None:
    """A price of 12.50 must not be printed as 12.5."""
    assert parse_json_lines(b'{"price": 12.50, "shown": true, "n": -1e3}').rows[0].values == {
        "price": "12.50",
        "shown": "true",
        "n": "-1e3",
    }


@pytest.mark.parametrize(
    ("content", "row", "reason"),
    [
        (b"", None, "no line with the names"),
        (b"a,b\n1\n", 1, "1 values for 2 columns"),
        (b"a,b\n1,2\n1,2,3\n", 2, "3 values for 2 columns"),
        (b"a,\n1,2\n", None, "column 2 has no name"),
        (b"a, a \n1,2\n", None, "'a' is there twice"),
        (b'a,b\n"1,2\n', None, "line 2"),
        (b'a,b\n"1"x,2\n', None, "line 2"),
        ("a,b\né,2\n".encode("latin-1"), None, "byte 4 is not UTF-8"),
        (b"a,b\n1," + b"x" * 140_000, None, "line 2"),
    ],
)
def test_a_broken_table_is_refused_with_its_place(content: bytes, row: int | None, reason: str) -> None:
    """A shifted cell would print one customer's name on another's card."""
    with pytest.raises(RowsError, match=reason) as caught:
        parse_csv(content, "t.csv")
    assert caught.value.fields["row"] == row
    assert str(caught.value).startswith("t.csv")


@pytest.mark.parametrize(
    ("content", "row", "reason"),
    [
        (b"\n\n", None, "no rows"),
        (b'{"a": 1}\n[1]', 2, "not an object"),
        (b'{"a": 1}\n{"a": 1', 2, "not an object"),
        (b'{"a": null}', 1, "must be a text"),
        (b'{"a": {"b": 1}}', 1, "must be a text"),
        (b'{"a": 1}\n{"b": 1}', 2, "other keys than the first row: a, b"),
    ],
)
def test_broken_json_lines_are_refused_with_their_row(content: bytes, row: int | None, reason: str) -> None:
    """Values must not become structure by way of JSON either."""
    with pytest.raises(RowsError, match=reason) as caught:
        parse_json_lines(content)
    assert caught.value.fields["row"] == row


def test_the_ending_of_a_file_decides_how_it_is_read(tmp_path: Path) -> None:
    """No guessing from content: a CSV may begin with a brace."""
    (tmp_path / "r.jsonl").write_bytes(b'{"a": "1"}')
    (tmp_path / "r.csv").write_bytes(b'a\n"{""a"": 1}"\n')
    assert read_rows(tmp_path / "r.jsonl").rows == (Row(1, {"a": "1"}),)
    assert read_rows(tmp_path / "r.csv").rows == (Row(1, {"a": '{"a": 1}'}),)
    with pytest.raises(RowsError, match="No such file"):
        read_rows(tmp_path / "absent.csv")


def test_a_table_has_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond them is a mistake, told before its first row is drawn."""
    monkeypatch.setattr(rows, "ROWS_MAX", 2)
    monkeypatch.setattr(rows, "COLUMNS_MAX", 2)
    with pytest.raises(RowsError, match="3 rows; at most 2"):
        parse_csv(b"a\n1\n2\n3\n")
    with pytest.raises(RowsError, match="3 columns; at most 2"):
        parse_csv(b"a,b,c\n")
    monkeypatch.setattr(rows, "ROWS_BYTES_MAX", 2)
    (tmp_path / "r.csv").write_bytes(b"a\n1")
    with pytest.raises(RowsError, match="larger than 2 bytes"):
        read_rows(tmp_path / "r.csv")
