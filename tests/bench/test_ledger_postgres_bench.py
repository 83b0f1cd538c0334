"""Does the benchmark of the ledger on PostgreSQL measure what it says, and clean up after itself?"""

import psycopg
import pytest

from bench import ledger_postgres
from ledger import OutOfRangeError
from tests.postgres_server import PostgresServer


def test_a_report_has_every_row_and_leaves_no_database(postgres: PostgresServer) -> None:
    """Its own check, that every store replays to what was appended, is part of every run."""
    cases = ["append_100_writers_4", "append_1000_writers_1", "replay"]
    report = ledger_postgres.run(postgres.url, quick=True, events=1_000, peers=["inserts"], cases=cases)
    assert [row["case"] for row in report["rows"]] == cases
    assert all(row["ours_per_s"] > 0 and row["peers"]["inserts"] > 0 for row in report["rows"])
    assert report["rows"][0]["events"] == {"ours": 800, "inserts": 800}
    assert {target["figure"]: target["value"] is None for target in report["targets"]} == {
        "append_1000_writers_1": False,
        "append_1000_writers_1/eventsourcing": True,
        "replay": False,
    }
    with psycopg.connect(postgres.url) as connection:
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'impasto_bench%'").fetchall()
    assert left == []


def test_a_case_that_does_not_exist_is_refused_before_anything_is_connected() -> None:
    """The error lists what there is."""
    with pytest.raises(OutOfRangeError, match="append_1_writers_1"):
        ledger_postgres.run("postgresql://127.0.0.1:9/nowhere", cases=["append"])
    with pytest.raises(OutOfRangeError, match="1,000 or more"):
        ledger_postgres.run("postgresql://127.0.0.1:9/nowhere", events=999)
