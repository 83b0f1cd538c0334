"""A race of the ledger with few events: stores are compared before they are timed, and programs can read the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench import ledger
from bench.ledger_cases import Arena
from bench.ledger_events import FIELDS, Event, make_events
from bench.ledger_stores import LedgerStore, SqliteStore, says_the_same, stores
from bench.ledger_targets import TARGETS, judge
from ledger import OutOfRangeError


def test_events_are_those_of_the_targets() -> None:
    """13 fields, about 280 bytes: a smaller event would make every figure look better."""
    events = make_events(3000)
    assert events == make_events(3000)
    assert len(FIELDS) == 13
    assert len({event.artifact_id for event in events}) == 3000
    assert {type(event) for event in events} == set(Event.__args__)
    sizes = [len(msgspec.msgpack.encode(event)) for event in events]
    assert 230 <= sum(sizes) / len(sizes) <= 300


def test_the_report_has_what_programs_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates of ours and of every peer beside each other, and nothing left on the disk."""
    monkeypatch.setattr(ledger, "SINGLES_QUICK", 4)
    monkeypatch.setattr(ledger, "CROWD_QUICK", 64)
    monkeypatch.setattr(ledger, "TURNS_QUICK", 1)
    told: list[tuple[str, int, int]] = []
    report = ledger.run(quick=True, events=1000, tell=lambda *what: told.append(what), folder=tmp_path)
    rows = {row["case"]: row for row in report["rows"]}
    assert tuple(rows) == ledger.CASES
    for name in ("append_1000", "append_1", "append_1_threads_64", "replay"):
        row = rows[name]
        assert row["events"]["ours"] == row["events"]["sqlite3"]
        assert row["ratio"]["sqlite3"] == pytest.approx(row["ours_per_s"] / row["peers"]["sqlite3"], rel=0.01)
    assert 200 < report["bytes_per_event"] < 400
    assert report["figures"]["import_cpu_ms"] > 0
    assert report["environment"]["events"] == 1000
    assert all(target["met"] is None for target in report["targets"]), "targets are for 200,000 events"
    assert told[-1][1] == told[-1][2] == len(rows)
    assert not any(tmp_path.iterdir())


def test_a_store_that_forgets_has_no_number(tmp_path: Path) -> None:
    """The fastest store of all is one that keeps nothing."""

    class Forgetful(LedgerStore):
        def append(self, handle: Any, things: Sequence[Event]) -> None:
            super().append(handle, things[:-1])

    with pytest.raises(AssertionError, match="does not replay to what was appended"):
        Arena(tmp_path, [Forgetful()], make_events(1000)).fill()


@pytest.mark.parametrize("store", stores()[0], ids=lambda store: store.name)
def test_every_store_gives_back_what_was_appended(store: Any, tmp_path: Path) -> None:
    """Also the peers: a rival that is used wrongly is no rival. Those that are not installed are not here."""
    events = make_events(30)
    handle = store.create(tmp_path / "s")
    things = store.handed(events)
    store.append(handle, things[:20])
    for one in things[20:]:
        store.append(handle, [one])
    store.close(handle)
    handle = store.open(tmp_path / "s")
    assert says_the_same(store.state(handle), events)
    store.close(handle)


def test_states_that_differ_are_told_apart() -> None:
    """Guards the comparison itself."""
    events = make_events(5)
    state: Mapping[bytes, Event] = {event.artifact_id: event for event in events}
    assert says_the_same(state, events)
    assert not says_the_same(state, events[:4])
    changed = msgspec.structs.replace(events[4], width=events[4].width + 1)
    assert not says_the_same(dict(state) | {changed.artifact_id: changed}, events)


def test_sqlite_is_as_durable_as_we_are(tmp_path: Path) -> None:
    """WAL with synchronous=NORMAL would win the race and lose events in a power cut."""
    handle = SqliteStore().create(tmp_path / "s")
    assert handle.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert handle.execute("PRAGMA synchronous").fetchone() == (2,)
    handle.close()


def test_a_failing_thread_fails_the_turn(tmp_path: Path) -> None:
    """An append that raised in one of 64 threads must not count as fast."""

    class Refusing(LedgerStore):
        def append(self, handle: Any, things: Sequence[Event]) -> None:
            raise PermissionError(f"refused {len(things)} for {handle.path}")

    contender = Arena(tmp_path, [Refusing()], make_events(1000)).append_threads(64).contenders[0]
    handed = contender.prepare()
    with pytest.raises(PermissionError):
        contender.job(handed)
    contender.finish(handed)
    assert not any(tmp_path.iterdir())


def test_what_cannot_be_measured_is_refused_before_any_work() -> None:
    with pytest.raises(OutOfRangeError, match="events is 999"):
        ledger.run(events=999, tell=lambda *_: pytest.fail("work was done"))
    with pytest.raises(OutOfRangeError, match="append_1000, append_1,"):
        ledger.run(cases=["replay", "reply"], tell=lambda *_: pytest.fail("work was done"))


def test_only_the_chosen_cases_are_measured(tmp_path: Path) -> None:
    report = ledger.run(quick=True, events=1000, folder=tmp_path, cases=["lineage"])
    assert [row["case"] for row in report["rows"]] == ["lineage"]


def test_targets_are_judged_in_their_sense() -> None:
    """More is better for rates, less for sizes, and what was not measured is neither."""
    row = {"case": "append_1000", "ours_per_s": 300_000, "ratio": {"sqlite3": 0.79}}
    report = {"rows": [row], "bytes_per_event": 321.0, "figures": {}, "environment": {"events": 200_000}}
    met = {one["figure"]: one["met"] for one in judge(report)}
    assert met["append_1000"] is True
    assert met["append_1000/sqlite3"] is False
    assert met["append_1000/eventsourcing"] is None
    assert met["bytes_per_event"] is False
    assert met["import_cpu_ms"] is None
    assert len(met) == len(TARGETS)
