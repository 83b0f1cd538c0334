"""Which of the ledger's targets does a report meet? They are stated for 200,000 events; of fewer nothing is said to be met."""

from typing import Any, Final

from bench.ledger_events import EVENTS
from bench.targets import Target, judged

TARGETS: Final = (
    Target("append_1000", "at least", 300_000, "events a second, durable appends of 1,000"),
    Target("append_1000/sqlite3", "at least", 0.8, "times sqlite3, durable appends of 1,000"),
    Target("append_1000/eventsourcing", "at least", 12.0, "times eventsourcing, durable appends of 1,000"),
    Target("append_1/sqlite3", "at least", 0.9, "times sqlite3, durable appends of one"),
    Target("append_1_threads_64/sqlite3", "at least", 4.0, "times sqlite3, durable appends of one from 64 threads"),
    Target("replay", "at least", 800_000, "events a second, replay to typed state"),
    Target("replay/sqlite3", "at least", 1.8, "times sqlite3, replay to typed state"),
    Target("replay/eventsourcing", "at least", 10.0, "times eventsourcing, replay to typed state"),
    Target("replay_verified", "at least", 320_000, "events a second, replay verified to the signed root"),
    Target("lineage", "at least", 450_000, "events a second, graph of parents"),
    Target("bytes_per_event", "at most", 320, "bytes an event, hash tiles included"),
    Target("import_cpu_ms", "at most", 80, "ms of CPU to import the ledger"),
    Target("streaming_read_growth_mib", "at most", 8, "MiB that the peak grows over a streaming read"),
    Target("open_million_snapshot_s", "at most", 0.3, "s to open 1,000,000 events with a snapshot"),
)


def judge(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return `{figure, says, sense, target, value, met}` per target; `met` is None where the report has no such figure."""
    full = report["environment"]["events"] >= EVENTS
    return [judged(target, _value(report, target.figure), counts=full) for target in TARGETS]


def _value(report: dict[str, Any], figure: str) -> float | None:
    """`CASE` is our best rate there, `CASE/PEER` the ratio of the best; anything else a figure of the report."""
    case, _, peer = figure.partition("/")
    for row in report["rows"]:
        if row["case"] == case:
            return row["ratio"].get(peer) if peer else row["ours_per_s"]
    if figure == "bytes_per_event":
        return report["bytes_per_event"]
    return report["figures"].get(figure)
